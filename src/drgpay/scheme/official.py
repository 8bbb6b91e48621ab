"""Importing a scheme from the official configuration workbook: its rules in its own words, its sets, its order.

Rules read ``FIELD in SET``, ``FIELD not in {SET, SET}``, ``length(SET ∩ {FIELDS}) >= n``, comparisons of NL, XSRTL,
XSRTZ and XB, ``and``, ``or``, ``not``; empty means true. They become the grammar of :mod:`.rules`, the sets become
lists, and the order of the DRG of an ADRG becomes splits that do not overlap, so that the one kernel runs them all.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import rules
from drgpay.scheme.codes import load_codes
from drgpay.scheme.integrity import raise_if_any
from drgpay.scheme.package import SCHEMES, BuildReport, install
from drgpay.scheme.rules import And, Compare, Const, Expr, InList, Not, Operation, Or, RuleError, Severity
from drgpay.scheme.source import TABLES, Problem, Row, Source
from drgpay.scheme.workbook import Line, Sheets, amend, read_sheets

OPERATIONS = "OP_ALL"
_CATCH_ALL = re.compile(r"0000?|[A-Z]0000?|[A-Z]00")
_UNRELATED = re.compile(r"[A-Z]QY")
_KINDS = {
    frozenset({"ZYZD"}): "pdx",
    frozenset({"QTZD"}): "odx",
    frozenset({"ZYZD", "QTZD"}): "adx",
    frozenset({"ZYSS"}): "pproc",
    frozenset({"QTSS"}): "oproc",
    frozenset({"ZYSS", "QTSS"}): "proc",
}
_FIELDS = ("ZYZD", "QTZD", "ZYSS", "QTSS")
_SCALARS = {"NL": "age", "XSRTL": "age_days", "XSRTZ": "admission_weight"}
_SEXES = {"1": "male", "2": "female"}
_STANDINGS = {"MCC": frozenset({2, 3}), "CC": frozenset({1, 3})}
_TOKEN = re.compile(r"\s*(?:(?P<word>[\w.\-]+)|(?P<cmp>>=|<=|==|!=|≥|≤|=|<|>)|(?P<mark>[(){},∩]))")


@dataclass(frozen=True)
class ImportReport:
    """What an import wrote, and all there is to say about the workbook (Chinese, English), in order."""

    build: BuildReport
    amendments: int
    said: tuple[tuple[str, str], ...]


def import_workbook(
    file: Path, scheme_id: str, dest: Path, *, title: str = "", amendments: Path | None = None
) -> ImportReport:
    """Read the workbook, amend it, check it as every scheme is checked, and write it to ``<dest>/<scheme_id>/``.

    Catch-all rows (``0000``, ``B00``, ``B000``) stand for ungrouped and become no group. A case whose principal
    procedure is in OP_ALL does not reach an ADRG without a rule on procedures. ``xQY`` rows come after all ADRG of
    their MDC. Raises :class:`DrgpayError` (SCHEME) naming every sheet, row and cell that cannot be read.
    """
    if (SCHEMES / scheme_id).is_dir():
        raise DrgpayError(
            Kind.SCHEME,
            zh=f"{scheme_id} 是自带的方案，导入的方案须用另一编号",
            en=f"{scheme_id} is a shipped scheme: an imported one needs an id of its own",
            fix_zh=f"换一个编号，如 --id {scheme_id}-official",
            fix_en=f"choose another, for example --id {scheme_id}-official",
            field="id",
            value=scheme_id,
        )
    sheets = read_sheets(file)
    amended = amend(sheets, amendments) if amendments else 0
    problems: list[Problem] = []
    tables = _Import(sheets, problems).tables()
    raise_if_any(problems, file)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    identity = {
        "id": scheme_id,
        "title": title or f"{scheme_id} ({file.name})",
        "icd_edition": "ICD-10 NHSA 2.0; ICD-9-CM-3 NHSA 2.0",
        "basis": "official",
        "workbook": file.name,
        "workbook_digest": digest,
        "amendments": [en for _, en in sheets.said if en.startswith("amended ")],
        "counts": {name: len(tables[name]) for name in ("mdc", "adrg", "drg")},
    }
    return ImportReport(install(Source(identity, tables), dest, "", file), amended, tuple(sheets.said))


class _Import:
    """The tables of the scheme, made from the sheets one after the other."""

    def __init__(self, sheets: Sheets, problems: list[Problem]) -> None:
        self.sheets, self.problems = sheets, problems
        self.caught: list[str] = []
        self.sets = self._read_sets()
        self.made: dict[str, list[Row]] = {name: [] for name in TABLES}

    def tables(self) -> dict[str, list[Row]]:
        """All tables. Problems of rows go to the list given; what could be read is still there."""
        self._complications()
        self.made["operation"] = [{"code": code} for code in sorted(self.sets.get(OPERATIONS, ()))]
        if not self.made["operation"]:
            self._wrong(
                "集合", None, OPERATIONS, "没有该集合", "there is no such set", "补上，或用勘误文件加入", "add it"
            )
        adrgs = self._by_scope("ADRG", "ADRG编码", "所属MDC编码")
        drgs = self._by_scope("DRG", "DRG编码", "所属ADRG编码")
        mdcs = self._ordered("MDC", self.sheets.lines["MDC"], "MDC编码")
        known = {_mdc(line.cells["MDC编码"]) for line in mdcs}
        for number, line in enumerate(mdcs, start=1):
            code = _mdc(line.cells["MDC编码"])
            self._mdc(number, code, line)
            for order, adrg in enumerate(adrgs.pop(code, []), start=1):
                self._adrg(order, code, adrg, drgs.pop(adrg.cells["ADRG编码"], []))
        self._orphans("ADRG", "ADRG编码", "所属MDC编码", adrgs, known)
        self._orphans("DRG", "DRG编码", "所属ADRG编码", drgs, {row["adrg"] for row in self.made["adrg"]})
        self._remarks()
        return self.made

    def _wrong(
        self, sheet: str, line: Line | None, key: str, zh: str, en: str, fix_zh: str = "改正，或用勘误文件改正",
        fix_en: str = "correct it, or amend it",
    ) -> None:  # fmt: skip
        place = sheet if line is None else f"{sheet} row {line.row}"
        self.problems.append(Problem(place, key, zh, en, fix_zh, fix_en))

    def _say(self, zh: str, en: str) -> None:
        self.sheets.said.append((zh, en))

    def _read_sets(self) -> dict[str, frozenset[str]]:
        rows = [(line.cells["集合编号"], line.cells["ICD编码"]) for line in self.sheets.lines["集合"]]
        twice = Counter(name for (name, _), n in Counter(rows).items() for _ in range(n - 1))
        for name, n in sorted(twice.items()):
            self._say(f"集合 {name}：{n} 个重复成员只计一次", f"set {name}: {n} repeated members count once")
        sets: dict[str, set[str]] = defaultdict(set)
        for name, code in rows:
            if name and code:
                sets[name].add(code)
        return {name: frozenset(codes) for name, codes in sets.items()}

    def _complications(self) -> None:
        pairs = {(line.cells["集合编号"], line.cells["ICD编码"]) for line in self.sheets.lines["排除表"]}
        self.made["exclusion"] = [{"exclusion": name, "code": code} for name, code in sorted(pairs) if code]
        seen: dict[str, set[tuple[str, str]]] = {"mcc": set(), "cc": set()}
        for line in self.sheets.lines["CC"]:
            cells = line.cells
            level = cells["类型"].lower()
            if level not in seen:
                self._wrong("CC", line, cells["疾病编码"], f"类型 «{cells['类型']}» 应为 MCC 或 CC",
                            f"the type «{cells['类型']}» is neither MCC nor CC")  # fmt: skip
                continue
            table = "" if cells["排除表"] in ("", "无", "-") else cells["排除表"]
            seen[level].add((cells["疾病编码"], table))
        for level, found in seen.items():
            self.made[level] = [{"code": code, "exclusion": table} for code, table in sorted(found)]

    def _ordered(self, sheet: str, lines: Iterable[Line], key: str) -> list[Line]:
        """Lines of one scope by their order number, ties by row; catch-alls left out, empty rules last."""
        rule = f"{sheet}规则"
        kept, ranks = [], {}
        for line in lines:
            code, text, order = line.cells[key], line.cells[rule], line.cells["排序"]
            if _CATCH_ALL.fullmatch(code):
                if text:
                    self._say(
                        f"{sheet} {code}：兜底行有规则，未采用：{text}",
                        f"{sheet} {code}: rule of a catch-all not used: {text}",
                    )
                self.caught.append(code)
                continue
            number = re.fullmatch(r"(\d+)(?:\.0+)?", order)
            if order and number is None:
                self._wrong(
                    sheet, line, code, f"排序 «{order}» 不是整数", f"the order «{order}» is not a whole number"
                )
            last = not text and code != "MDCA"
            ranks[id(line)] = (
                _UNRELATED.fullmatch(code) is not None,
                last,
                int(number[1]) if number else 0,
                line.row,
            )
            kept.append(line)
        for code, n in Counter(line.cells[key] for line in kept).items():
            if n > 1:
                self._wrong(sheet, None, code, f"出现 {n} 次", f"stands {n} times")
        return sorted(kept, key=lambda line: ranks[id(line)])

    def _by_scope(self, sheet: str, key: str, scope: str) -> dict[str, list[Line]]:
        found: dict[str, list[Line]] = defaultdict(list)
        for line in self.sheets.lines[sheet]:
            found[_mdc(line.cells[scope])].append(line)
        return {name: self._ordered(sheet, lines, key) for name, lines in found.items()}

    def _orphans(self, sheet: str, key: str, scope: str, left: Mapping[str, list[Line]], known: set[str]) -> None:
        for owner, lines in sorted(left.items()):
            for line in lines:
                if _CATCH_ALL.fullmatch(owner) or _UNRELATED.fullmatch(owner):
                    self._say(
                        f"{sheet} {line.cells[key]}：随 {owner}，不另成组",
                        f"{sheet} {line.cells[key]}: no group besides {owner}",
                    )
                else:
                    near = "、".join(get_close_matches(owner, known, 3, 0.3))
                    self._wrong(sheet, line, line.cells[key], f"{scope} «{owner}» 不存在；最接近：{near}",
                                f"belongs to «{owner}», which is not there; nearest: {near}")  # fmt: skip

    def _mdc(self, order: int, code: str, line: Line) -> None:
        reader = _Reader(self.sets)
        tree = self._read("MDC", line, code, reader)
        dx_kinds = {kind for kind, _ in reader.lists}
        alone = len({sets for _, sets in reader.lists}) == 1 and dx_kinds <= {"pdx", "adx", "odx"}
        if alone:
            sets = next(iter(reader.lists))[1]
            self.made["mdc_dx"] += [{"mdc": code, "code": c, "site": ""} for c in sorted(reader.codes(sets))]
            tree = rules.change_lists(tree, lambda a: InList(a.kind, a.kind, a.least))
        else:
            numbered = {name: f"{kind}{i}" for i, ((kind, _), name) in enumerate(reader.lists.items(), start=1)}
            tree = rules.change_lists(tree, lambda a: InList(a.kind, numbered[a.name], a.least))
            self.made["mdc_code"] += [
                {"mdc": code, "list": numbered[name], "code": c}
                for (_, sets), name in reader.lists.items()
                for c in sorted(reader.codes(sets))
            ]
        text = "" if tree == InList("pdx", "pdx") else rules.show(tree)
        self.made["mdc"].append({"mdc": code, "name": line.cells["MDC名称"], "order": str(order), "condition": text})

    def _adrg(self, order: int, mdc: str, line: Line, drgs: list[Line]) -> None:
        code = line.cells["ADRG编码"]
        reader = _Reader(self.sets)
        tree = self._read("ADRG", line, code, reader)
        kind = "surgical" if code[1:2] <= "J" else "procedure" if code[1:2] <= "Q" else "medical"
        splits: list[Expr] = []
        if _UNRELATED.fullmatch(code):
            kind = "qy"
            for drg in drgs:
                self._say(
                    f"DRG {drg.cells['DRG编码']}：随 {code}，不另成组",
                    f"DRG {drg.cells['DRG编码']}: no group besides {code}",
                )
            if tree == Const(True):
                self._wrong("ADRG", line, code, "歧义组没有规则", "a group of unrelated operations has no rule")
        else:
            splits = _exclusive([self._read("DRG", drg, drg.cells["DRG编码"], reader) for drg in drgs])
            if not any("proc" in kind for kind, _ in reader.lists) and not reader.operations:
                skipped = Not(Operation(True))
                tree = skipped if tree == Const(True) else And((*_terms(tree), skipped))
        self.made["adrg"].append({"adrg": code, "mdc": mdc, "name": line.cells["ADRG名称"], "order": str(order),
                                  "kind": kind, "rule": rules.show(tree)})  # fmt: skip
        self.made["adrg_code"] += [
            {"adrg": code, "list": name, "code": c}
            for (_, sets), name in reader.lists.items()
            for c in sorted(reader.codes(sets))
        ]
        for drg, split in zip(drgs, splits, strict=False):
            if split == Not(Const(True)):
                self._say(
                    f"DRG {drg.cells['DRG编码']}：前面的组已收尽，永远不入此组",
                    f"DRG {drg.cells['DRG编码']}: groups before it take every case",
                )
            text = rules.show_split(split)
            self.made["drg"].append(
                {"drg": drg.cells["DRG编码"], "adrg": code, "name": drg.cells["DRG名称"], "split": text}
            )

    def _read(self, sheet: str, line: Line, code: str, reader: _Reader) -> Expr:
        text = line.cells[f"{sheet}规则"]
        try:
            return reader.read(text)
        except RuleError as error:
            self._wrong(sheet, line, code, f"规则读不懂：{error}", f"the rule cannot be read: {error}")
            return Const(True)

    def _remarks(self) -> None:
        """What a reviewer should know of the sets: those no rule names, and codes no dictionary has."""
        if self.caught:
            zh, en = "、".join(self.caught), ", ".join(self.caught)
            self._say(f"兜底行（未入组）：{zh}", f"catch-all rows (ungrouped): {en}")
        named = {t for sheet in ("MDC", "ADRG", "DRG") for line in self.sheets.lines[sheet]
                 for t in re.findall(r"[\w.\-]+", line.cells[f"{sheet}规则"])}  # fmt: skip
        idle = sorted(self.sets.keys() - named - {OPERATIONS})
        if idle:
            self._say(f"没有规则用到的集合：{'、'.join(idle)}", f"sets no rule names: {', '.join(idle)}")
        known = load_codes("icd10-nhsa-2.0").known | load_codes("icd9cm3-nhsa-2.0").known
        strange = sorted({code for codes in self.sets.values() for code in codes} - known)
        if strange:
            some = "、".join(strange[:8])
            self._say(
                f"{len(strange)} 个编码不在医保 2.0 版编码库：{some}…",
                f"{len(strange)} codes are not in the NHSA 2.0 dictionaries: {some}…",
            )


def _mdc(code: str) -> str:
    return code.removeprefix("MDC")


def _exclusive(ordered: list[Expr]) -> list[Expr]:
    """The first that holds takes the case: each tree and the contrary of those before it, severities in one word."""
    result: list[Expr] = []
    for at, own in enumerate(ordered):
        terms = [*_terms(own), *(_contrary(before) for before in ordered[:at])]
        by_severity = [t for t in terms if all(isinstance(a, Severity) for a in rules.atoms(t))]
        others = tuple(dict.fromkeys(t for t in terms if t not in by_severity))
        whole = rules.plainest(And(tuple(by_severity))) if by_severity else Const(True)
        if whole == Const(True) and others:
            result.append(others[0] if len(others) == 1 else And(others))
        elif others and whole != Not(Const(True)):
            result.append(And((*others, *_terms(whole))))
        else:
            result.append(whole)
    return result


def _terms(tree: Expr) -> tuple[Expr, ...]:
    return tree.terms if isinstance(tree, And) else (tree,)


def _contrary(tree: Expr) -> Expr:
    return tree.term if isinstance(tree, Not) else Not(tree)


class _Reader:
    """Reads the rules of one MDC or ADRG; gathers the lists they use: (kind, sets) -> name of the list."""

    def __init__(self, sets: Mapping[str, frozenset[str]]) -> None:
        self._sets = sets
        self.lists: dict[tuple[str, frozenset[str]], str] = {}
        self.operations = False
        self._tokens: list[tuple[str, str]] = []
        self._at = 0

    def codes(self, sets: frozenset[str]) -> frozenset[str]:
        """The codes of a union of sets."""
        return frozenset().union(*(self._sets[name] for name in sets))

    def read(self, text: str) -> Expr:
        """The tree of a rule; raises :class:`RuleError` saying where it cannot be read."""
        if not text:
            return Const(True)
        self._tokens, self._at, at = [], 0, 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise RuleError(f"«{text[at:].strip()}»")
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        tree = self._either()
        if self._at < len(self._tokens):
            raise RuleError(f"«{self._next()}» is one too many")
        return tree

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        word = self._peek()
        self._at += 1
        return word

    def _take(self, *words: str) -> bool:
        if self._peek().lower() in words:
            self._at += 1
            return True
        return False

    def _want(self, word: str) -> None:
        if not self._take(word):
            raise RuleError(f"«{word}» is wanted before «{self._peek()}»")

    def _either(self) -> Expr:
        terms = [self._both()]
        while self._take("or"):
            terms.append(self._both())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _both(self) -> Expr:
        terms = [self._single()]
        while self._take("and"):
            terms.append(self._single())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def _single(self) -> Expr:
        if self._take("not"):
            return Not(self._single())
        if self._take("("):
            tree = self._either()
            self._want(")")
            return tree
        if self._take("length"):
            return self._count()
        if self._peek().isdigit():
            return Const(True) if int(self._next()) else Not(Const(True))
        if self._peek() in (*_SCALARS, "XB"):
            return self._compare(self._next())
        fields = self._names()
        for name in fields:
            if name not in _FIELDS:
                raise RuleError(f"«{name}» is not a field{_near(name, (*_FIELDS, *_SCALARS, 'XB'))}")
        negative = self._take("not")
        self._want("in")
        tree = self._among(fields, self._names())
        return Not(tree) if negative else tree

    def _names(self) -> frozenset[str]:
        """A name, or names in braces."""
        if not self._take("{"):
            return frozenset({self._name()})
        names = {self._name()}
        while self._take(","):
            names.add(self._name())
        self._want("}")
        return frozenset(names)

    def _name(self) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != "word":
            raise RuleError(f"a name is wanted before «{self._peek()}»")
        return self._next()

    def _among(self, fields: frozenset[str], sets: frozenset[str], least: int = 1) -> Expr:
        virtual = sets & _STANDINGS.keys()
        if virtual:
            if fields != {"QTZD"} or least > 1:
                raise RuleError("MCC and CC are of other diagnoses: QTZD in MCC")
            levels = frozenset().union(*(_STANDINGS[name] for name in virtual))
            rest = sets - virtual
            tree = rules.severity(levels)
            return Or((tree, self._among(fields, rest))) if rest else tree
        for name in sorted(sets - self._sets.keys()):
            raise RuleError(f"there is no set «{name}»{_near(name, self._sets)}")
        if fields not in _KINDS:
            raise RuleError(f"diagnoses and procedures in one set: {', '.join(sorted(fields))}")
        kind = _KINDS[fields]
        if sets == {OPERATIONS} and kind in ("pproc", "proc") and least == 1:
            self.operations = True
            return Operation(kind == "pproc")
        if (kind, sets) not in self.lists:
            number = sum(k == kind for k, _ in self.lists)
            self.lists[kind, sets] = f"{kind}{number + 1}" if number else kind
        return InList(kind, self.lists[kind, sets], least)

    def _count(self) -> Expr:
        self._want("(")
        first = self._names()
        self._want("∩")
        second = self._names()
        self._want(")")
        fields, sets = (first, second) if first <= set(_FIELDS) else (second, first)
        op, number = self._next(), self._next()
        if not number.isdigit():
            raise RuleError(f"a number is wanted, not «{number}»")
        least = int(number)

        def at_least(n: int) -> Expr:
            if n <= 0:
                return Const(True)
            if n > 1 and _KINDS.get(fields) in ("pdx", "pproc"):
                return Not(Const(True))
            return self._among(fields, sets, n)

        match op:
            case ">=" | "≥":
                return at_least(least)
            case ">":
                return at_least(least + 1)
            case "<":
                return Not(at_least(least))
            case "<=" | "≤":
                return Not(at_least(least + 1))
            case "=" | "==":
                return And((at_least(least), Not(at_least(least + 1))))
        raise RuleError(f"a comparison is wanted, not «{op}»")

    def _compare(self, name: str) -> Expr:
        op, value = self._next(), self._next()
        op = {"=": "==", "≥": ">=", "≤": "<="}.get(op, op)
        if name == "XB":
            if op not in ("==", "!=") or value not in _SEXES:
                raise RuleError(f"«XB {op} {value}»: XB = 1 (male) or XB = 2 (female)")
            tree: Expr = Compare("sex", "==", _SEXES[value])
            return tree if op == "==" else Not(tree)
        if op not in ("==", "<", "<=", ">", ">=") or not value.isdigit():
            raise RuleError(f"«{name} {op} {value}» is not a comparison with a whole number")
        return Compare(_SCALARS[name], op, int(value))


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 3, 0.5)
    return f"; nearest: {', '.join(near)}" if near else ""
