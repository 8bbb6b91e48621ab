"""What must hold in a scheme's tables. Every problem is named and collected; none is repaired."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import errata, rules
from drgpay.scheme.rules import Compare, Const, Expr, Flag, InList, Operation, RuleError, Severity
from drgpay.scheme.source import NO_NAME, TABLES, Problem, Row, Source, plain_name

KINDS = ("surgical", "procedure", "medical", "qy")


def check(source: Source) -> list[Problem]:
    """Every problem of content, in the order of the tables. An empty list means the scheme can be used."""
    tables = source.tables
    return [
        *_named(source),
        *_keys(tables),
        *_orders(tables),
        *_references(tables),
        *_words(tables),
        *_lists(tables),
        *_splits(tables),
        *_severity(tables),
        *_errata(tables),
        *_beside(tables),
        *_counts(source),
    ]


def _named(source: Source) -> Iterator[Problem]:
    """The id becomes the name of a folder, and of nothing outside it."""
    name = str(source.identity.get("id", ""))
    if not plain_name(name):
        yield Problem("id", name, *NO_NAME)


def raise_if_any(problems: list[Problem], file: object) -> None:
    """Raise one SCHEME failure that lists all problems; nothing happens when there is none."""
    if not problems:
        return
    raise DrgpayError(
        Kind.SCHEME,
        zh="\n".join(
            [f"分组方案有 {len(problems)} 处错误："]
            + [f"  {p.table} «{p.key}»：{p.zh}  → {p.fix_zh}" for p in problems]
        ),
        en="\n".join(
            [f"the scheme has {len(problems)} problem(s):"]
            + [f"  {p.table} «{p.key}»: {p.en}  → {p.fix_en}" for p in problems]
        ),
        file=file,
    )


def _keys(tables: dict[str, list[Row]]) -> Iterator[Problem]:
    for name, spec in TABLES.items():
        counts = Counter(tuple(row[c] for c in spec.key) for row in tables[name])
        for key, count in counts.items():
            if count > 1:
                yield Problem(
                    name,
                    " · ".join(key),
                    f"重复 {count} 次",
                    f"stands {count} times",
                    "只留一行",
                    "keep one row",
                )


def _orders(tables: dict[str, list[Row]]) -> Iterator[Problem]:
    seen: dict[tuple[str, str, str], str] = {}
    for name, key in (("mdc", "mdc"), ("adrg", "adrg")):
        for row in tables[name]:
            if not (row["order"].isascii() and row["order"].isdecimal()):
                yield Problem(
                    name,
                    row[key],
                    f"order «{row['order']}» 不是整数",
                    f"order «{row['order']}» is not a whole number",
                    "写成正整数",
                    "write a whole number",
                )
                continue
            place = (name, row["mdc"] if name == "adrg" else "", row["order"])
            if place in seen:
                yield Problem(
                    name,
                    row[key],
                    f"order {row['order']} 与 {seen[place]} 相同",
                    f"has order {row['order']} like {seen[place]}",
                    "给每行不同的次序",
                    "give each its own order",
                )
            seen.setdefault(place, row[key])


def _references(tables: dict[str, list[Row]]) -> Iterator[Problem]:
    mdcs = {r["mdc"] for r in tables["mdc"]}
    adrgs = {r["adrg"] for r in tables["adrg"]}
    unrelated = {r["adrg"] for r in tables["adrg"] if r["kind"] == "qy"}
    with_drg = {r["adrg"] for r in tables["drg"]}
    for name, field, known, key in (
        ("adrg", "mdc", mdcs, "adrg"),
        ("mdc_dx", "mdc", mdcs, "mdc"),
        ("mdc_code", "mdc", mdcs, "mdc"),
        ("drg", "adrg", adrgs, "drg"),
        ("adrg_code", "adrg", adrgs, "adrg"),
    ):
        unknown = {(row[key], row[field]) for row in tables[name] if row[field] not in known}
        for subject, target in sorted(unknown):
            label = field.upper()
            yield Problem(
                name,
                subject,
                f"所属 {label} «{target}» 不存在",
                f"belongs to the unknown {label} «{target}»",
                f"在 {field}.csv 中加上该 {label}，或改正此处",
                f"add it to {field}.csv, or correct it here",
            )
    for adrg in sorted(adrgs - with_drg - unrelated):
        yield Problem(
            "adrg", adrg, "没有任何 DRG", "has no DRG", "在 drg.csv 中加上它的病组", "add its groups to drg.csv"
        )
    for adrg in sorted(unrelated & with_drg):
        yield Problem(
            "adrg",
            adrg,
            "歧义组本身就是病组，不再分 DRG",
            "is a group of unrelated operations and has no DRG of its own",
            "从 drg.csv 中删去",
            "remove them from drg.csv",
        )
    targets = {"mdc": mdcs, "adrg": adrgs}
    known = {row["exclusion"] for row in tables["exclusion"]}
    for row in tables["alternative"]:
        if row["table"] == "exclusion" and row["rule"] in known:
            continue
        if row["key"] not in targets.get(row["table"], set()):
            yield Problem(
                "alternative",
                f"{row['switch']} · {row['table']} · {row['key']}",
                "所指的行不存在",
                "points to a row that does not exist",
                "table 只能是 mdc 或 adrg，key 必须在该表中；exclusion 的 rule 是已有的排除表",
                "table is mdc or adrg, and key stands in that table; for exclusion, rule is a table there is",
            )


def _parsed(tables: dict[str, list[Row]]) -> Iterator[tuple[str, str, str, Expr | RuleError]]:
    """Every rule text: table, key, the ADRG (or MDC) it belongs to, and its tree or what is wrong with it."""
    places = [("mdc", r["mdc"], r["mdc"], r["condition"], "condition") for r in tables["mdc"]]
    places += [("adrg", r["adrg"], r["adrg"], r["rule"], "rule") for r in tables["adrg"]]
    places += [("drg", r["drg"], r["adrg"], r["split"], "split") for r in tables["drg"]]
    places += [
        (
            "alternative",
            f"{r['switch']} · {r['key']}",
            r["key"],
            r["rule"],
            "condition" if r["table"] == "mdc" else "rule",
        )
        for r in tables["alternative"]
        if r["table"] != "exclusion"
    ]
    for table, key, owner, text, place in places:
        try:
            yield table, key, owner, rules.parse(text, place)
        except RuleError as error:
            yield table, key, owner, error


def _words(tables: dict[str, list[Row]]) -> Iterator[Problem]:
    for table, key, _, tree in _parsed(tables):
        if isinstance(tree, RuleError):
            yield Problem(
                table,
                key,
                f"规则读不懂：{tree}",
                f"the rule cannot be read: {tree}",
                "按规则语法改写",
                "write it in the grammar of rules",
            )
    for table, field, allowed in (("adrg", "kind", KINDS), ("invalid", "kind", ("dx", "op"))):
        for row in tables[table]:
            if row[field] not in allowed:
                yield Problem(
                    table,
                    row[TABLES[table].key[-1]],
                    f"{field} «{row[field]}» 不认识",
                    f"{field} «{row[field]}» is not known",
                    f"用 {'、'.join(allowed)} 之一",
                    f"use one of {', '.join(allowed)}",
                )


def _lists(tables: dict[str, list[Row]]) -> Iterator[Problem]:
    present: dict[str, set[str]] = defaultdict(set)
    for table, key in (("adrg_code", "adrg"), ("mdc_code", "mdc")):
        for row in tables[table]:
            present[row[key]].add(row["list"])
    used: dict[str, set[str]] = defaultdict(set)
    unreadable: set[str] = set()
    for table, _, owner, tree in _parsed(tables):
        if isinstance(tree, RuleError):
            unreadable.add(owner)
        else:
            used[owner] |= rules.lists(rules.reread_lists(tree, present[owner]) if table == "alternative" else tree)
    for key in ("mdc", "adrg"):
        for owner in (row[key] for row in tables[key]):
            needed = used[owner] - {"pdx", "adx", "odx"} if key == "mdc" else used[owner]
            for name in sorted(needed - present[owner]):
                yield Problem(
                    key,
                    owner,
                    f"规则用到目录 {name}，但 {key}_code 中没有",
                    f"a rule uses the list {name}, which {key}_code does not have",
                    "补上该目录的编码，或改正规则",
                    "add the list's codes, or correct the rule",
                )
            for name in sorted(present[owner] - used[owner] if owner not in unreadable else ()):
                yield Problem(
                    f"{key}_code",
                    f"{owner} · {name}",
                    "没有规则用到该目录",
                    "no rule uses this list",
                    "改正规则，或删去该目录",
                    "correct the rule, or remove the list",
                )


def _splits(tables: dict[str, list[Row]]) -> Iterator[Problem]:
    of_adrg: dict[str, list[Row]] = defaultdict(list)
    for row in tables["drg"]:
        of_adrg[row["adrg"]].append(row)
    for adrg, rows in of_adrg.items():
        verdict = _tile(tuple(row["split"] for row in rows))
        if verdict is None:
            continue
        held, case = verdict
        codes = "、".join(rows[i]["drg"] for i in held)
        yield Problem(
            "drg",
            adrg,
            f"{codes} 重叠（{case}）" if held else f"有空缺：没有病组收 {case}",
            f"{codes.replace('、', ', ')} overlap ({case})" if held else f"leaves a gap: no group takes {case}",
            "使各病组的 split 恰好不重不漏",
            "let the splits cover every case exactly once",
        )


@lru_cache(maxsize=1024)
def _tile(texts: tuple[str, ...]) -> tuple[tuple[int, ...], str] | None:
    """None when exactly one split holds in every case, else the splits that hold and the case, in words."""
    try:
        trees = [rules.parse(text, "split") for text in texts]
    except RuleError:
        return None
    names, ranges = _domain(atom for tree in trees for atom in rules.atoms(tree))
    for values in itertools.product(*ranges):
        case = dict(zip(names, values, strict=True))
        held = tuple(i for i, tree in enumerate(trees) if _holds(tree, case))
        if len(held) != 1:
            said = [f"{name}={value}" for name, value in case.items() if name != "severity"]
            if "severity" in case:
                said.append(rules.STANDINGS[int(case["severity"])])
            return held, ", ".join(said) or "always"
    return None


def _domain(found: Iterable[rules.Atom]) -> tuple[list[str], list[list[int | str | bool]]]:
    """The variables of some splits, each with values on every side of every bound (missing values aside)."""
    domain: dict[str, set[int | str | bool]] = defaultdict(set)
    for atom in found:
        if isinstance(atom, Severity):
            domain["severity"] = set(range(len(rules.STANDINGS)))
        elif isinstance(atom, Compare) and isinstance(atom.value, int):
            domain[atom.field] |= {v for v in (atom.value - 1, atom.value, atom.value + 1) if v >= 0}
        elif isinstance(atom, Compare):
            domain[atom.field] = {"male", "female"}
        else:
            domain[rules.describe(atom)] = {False, True}
    names = sorted(domain)
    return names, [sorted(domain[name], key=str) for name in names]


def _holds(tree: Expr, case: dict[str, int | str | bool]) -> bool:
    def leaf(atom: Const | rules.Atom) -> bool:
        match atom:
            case Const(value=value):
                return value
            case Severity(levels=levels):
                return case["severity"] in levels
            case Compare(field=field, op=op, value=value):
                return compare(case[field], op, value)
            case InList() | Operation() | Flag() | rules.Sites():
                return bool(case[rules.describe(atom)])

    return rules.fold(tree, leaf, lambda x: not x, lambda x, y: x and y, lambda x, y: x or y)


def compare(left: int | str, op: str, right: int | str) -> bool:
    """``left op right`` for two present values of one type."""
    if op == "==":
        return left == right
    a, b = int(left), int(right)
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]


def _severity(tables: dict[str, list[Row]]) -> Iterator[Problem]:
    mcc = {r["code"] for r in tables["mcc"]}
    known = {r["exclusion"] for r in tables["exclusion"]}
    for code in sorted(mcc & {r["code"] for r in tables["cc"]}):
        yield Problem(
            "cc", code, "同时是 MCC 和 CC", "is both MCC and CC", "从其中一表删去", "remove it from one table"
        )
    for name in ("mcc", "cc"):
        for row in tables[name]:
            if row["exclusion"] and row["exclusion"] not in known:
                yield Problem(
                    name,
                    row["code"],
                    f"所指排除表 {row['exclusion']} 不存在",
                    f"names the absent exclusion table {row['exclusion']}",
                    "在 exclusion.csv 中补上该表，或改正编号",
                    "add the table to exclusion.csv, or correct the number",
                )


def _errata(tables: dict[str, list[Row]]) -> Iterator[Problem]:
    for erratum, zh, en in errata.wrong(errata.read(tables["errata"]), tables):
        place = f"{erratum.table} · {erratum.key} · {erratum.code}"
        yield Problem("errata", place, zh, en, "改正或删去该行", "correct or remove the row")
    if tables["errata"]:
        mended = errata.correct(tables, errata.read(tables["errata"]))
        mended["errata"] = []
        for problem in (*_keys(mended), *_words(mended), *_lists(mended), *_severity(mended)):
            if problem not in {*_keys(tables), *_words(tables), *_lists(tables), *_severity(tables)}:
                yield problem


def _beside(tables: dict[str, list[Row]]) -> Iterator[Problem]:
    """What is said about ADRG is said about some that there are."""
    known = {row["adrg"] for row in tables["adrg"]}
    for row in tables["list_status"]:
        if row["adrg"] not in known:
            zh, en = "没有这个 ADRG", "there is no such ADRG"
            yield Problem("list_status", row["adrg"], zh, en, "改正或删去该行", "correct or remove the row")


def _counts(source: Source) -> Iterator[Problem]:
    for part in ("counts", "rows"):
        for name, want in source.identity.get(part, {}).items():
            have = len(source.tables.get(name, ()))
            if have != want:
                yield Problem(
                    name,
                    f"{part}.{name}",
                    f"scheme.toml 写 {want} 行，实有 {have} 行",
                    f"scheme.toml says {want} rows, there are {have}",
                    "补齐该表，或改正 scheme.toml",
                    "complete the table, or correct scheme.toml",
                )
