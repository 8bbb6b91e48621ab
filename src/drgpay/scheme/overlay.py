"""Overlays: a local scheme written as its base and a short list of reviewed changes in one YAML file.

The file names ``id``, ``title``, ``base``, ``document`` and, to be sure of the base, ``base_digest``; ``changes`` is
a list. Each change is one of ``add``/``remove`` (codes), ``group``, ``drop``, ``merge``, ``split``, ``rule``,
``move`` and ``rename``, and may give a ``reason``. A change that changes nothing, or names something the scheme does
not have, is an error: every line of the file says something true about the result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drgpay.scheme import document, errata, rules
from drgpay.scheme.codes import load_codes
from drgpay.scheme.document import Mistake, Part
from drgpay.scheme.integrity import KINDS, raise_if_any
from drgpay.scheme.package import SCHEMES, BuildReport, install, source_of
from drgpay.scheme.rules import InList, Or, RuleError
from drgpay.scheme.source import TABLES, Problem, Row, Source

_HEAD = ("id", "title", "base", "base_digest", "document", "document_date", "changes")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")
_DICTIONARIES = ("icd10-nhsa-2.0", "icd10-nhsa-1.0", "icd9cm3-nhsa-2.0", "icd9cm3-nhsa-1.0")


@dataclass(frozen=True)
class Moved:
    """What changed between two states of a scheme: rows per table, and groups by code (names where they changed)."""

    rows: Mapping[str, tuple[int, int, int]]
    """table -> rows added, removed, changed; tables without change are left out"""
    new: tuple[str, ...]
    gone: tuple[str, ...]
    renamed: tuple[tuple[str, str, str], ...]
    """code, name before, name after"""


@dataclass(frozen=True)
class OverlayReport:
    """A built overlay: what was written, from which base, and what moved."""

    build: BuildReport
    base: str
    changes: int
    moved: Moved


def build_overlay(file: Path, dest: Path, *, folder: Path | None = None) -> OverlayReport:
    """Apply the changes of ``file`` to its base and write the scheme to ``<dest>/<id>/``.

    ``folder`` may hold further schemes that can be a base. The result passes the checks of every scheme. Raises
    :class:`DrgpayError` (SCHEME) naming every problem with its line.
    """
    told = document.read(file)
    problems: list[Problem] = []
    head = _head(told, problems)
    raise_if_any(problems, file)
    base = source_of(head["base"], folder=folder)
    _check_base(told, base, problems)
    draft = _Draft({name: [dict(row) for row in rows] for name, rows in base.tables.items()})
    changes = told.fields["changes"].items
    for change in changes:
        try:
            draft.apply(change)
        except Mistake as mistake:
            problems.append(mistake.problem)
    raise_if_any(problems, file)
    draft.settle_errata(base.tables)
    read_alike: dict[str, Any] = {
        item: base.identity[item] for item in ("weight", "gray_operations") if item in base.identity
    }
    identity: dict[str, Any] = {
        **read_alike,
        "basis": "rebuilt" if base.identity.get("basis") == "rebuilt" else "local",
        **{key: value for key, value in head.items() if key not in ("base_digest", "changes")},
        "icd_edition": base.identity["icd_edition"],
        "base_digest": base.identity["digest"],
        "counts": {name: len(draft.tables[name]) for name in ("mdc", "adrg", "drg")},
    }
    result = Source(identity, draft.tables)
    return OverlayReport(
        install(result, dest, head["base"], file), head["base"], len(changes), moved(base.tables, draft.tables)
    )


def _head(told: Part, problems: list[Problem]) -> dict[str, str]:
    head: dict[str, str] = {}
    try:
        told.only(_HEAD)
        for name in ("id", "title", "base", "document"):
            head[name] = told.need(name).text
        for name in ("base_digest", "document_date"):
            if name in told.fields:
                head[name] = told.fields[name].text
        if not _ID.fullmatch(head["id"]) or (SCHEMES / head["id"]).exists():
            raise Mistake(
                told.fields["id"],
                "编号不可用：须为小写字母、数字、点、横线，且不同于自带的方案",
                "this id cannot be used: small letters, digits, dots and dashes, and not that of a shipped scheme",
                "换一个编号",
                "choose another",
            )
        if not told.need("changes").items:
            raise told.fields["changes"].idle("没有任何变更", "there are no changes")
    except Mistake as mistake:
        problems.append(mistake.problem)
    return head


def _check_base(told: Part, base: Source, problems: list[Problem]) -> None:
    want, have = told.fields.get("base_digest"), str(base.identity["digest"])
    if want is not None and not (len(want.text) >= 8 and have.startswith(want.text)):
        problems.append(
            Mistake(
                want,
                f"基础方案的摘要是 {have}",
                f"the base's digest is {have}",
                "基础方案已变，重新审阅各项变更后改写摘要",
                "the base has changed: review the changes, then write its digest",
            ).problem
        )


def moved(before: Mapping[str, list[Row]], after: Mapping[str, list[Row]]) -> Moved:
    """What changed from the tables ``before`` to ``after``."""
    rows = {}
    for name, spec in TABLES.items():
        if name == "errata":
            continue
        old, new = ({tuple(r[c] for c in spec.key): r for r in tables[name]} for tables in (before, after))
        changed = sum(old[key] != new[key] for key in old.keys() & new.keys())
        counts = (len(new.keys() - old.keys()), len(old.keys() - new.keys()), changed)
        if any(counts):
            rows[name] = counts
    was, now = ({r[t]: r["name"] for t in ("mdc", "adrg", "drg") for r in tables[t]} for tables in (before, after))
    both = sorted(was.keys() & now.keys())
    return Moved(
        rows,
        tuple(sorted(now.keys() - was.keys())),
        tuple(sorted(was.keys() - now.keys())),
        tuple((code, was[code], now[code]) for code in both if was[code] != now[code]),
    )


class _Draft:
    """The tables while the changes are applied, one after the other."""

    def __init__(self, tables: dict[str, list[Row]]) -> None:
        self.tables = tables
        self._verbs: dict[str, tuple[Callable[[Part], None], tuple[str, ...]]] = {
            "add": (self._add, ("to", "unlisted")),
            "remove": (self._remove, ("from",)),
            "group": (self._group, ("mdc", "name", "kind", "rule", "before", "after", "lists", "drgs")),
            "drop": (self._drop, ()),
            "merge": (self._merge, ("into", "name")),
            "split": (self._split, ("into", "lists")),
            "rule": (self._rule, ("becomes", "lists")),
            "move": (self._move, ("before", "after")),
            "rename": (self._rename, ("name",)),
        }

    def apply(self, change: Part) -> None:
        """Make one change; raises :class:`Mistake` when it is wrong or changes nothing."""
        verb = next((name for name in change.fields if name in self._verbs), None)
        if verb is None:
            raise change.unknown("变更", "change", next(iter(change.fields), ""), self._verbs)
        make, also = self._verbs[verb]
        change.only((verb, *also, "reason"))
        make(change)

    def settle_errata(self, base: Mapping[str, list[Row]]) -> None:
        """Leave out the suggested corrections that the changes have settled: those that change nothing any more, and
        those of a group with a corrected rule when that group's rule or lists are no longer the base's."""

        def of_group(tables: Mapping[str, list[Row]], adrg: str) -> object:
            rules_ = [row["rule"] for row in tables["adrg"] if row["adrg"] == adrg]
            return rules_, {(r["list"], r["code"]) for r in tables["adrg_code"] if r["adrg"] == adrg}

        rows = errata.read(self.tables["errata"])
        ruled = {e.key for e in rows if e.table == "adrg"}
        settled = {key for key in ruled if of_group(self.tables, key) != of_group(base, key)}
        idle = set(errata.outdated(rows, self.tables))
        self.tables["errata"] = [
            row
            for row, erratum in zip(self.tables["errata"], rows, strict=True)
            if erratum not in idle and not (erratum.table in ("adrg", "adrg_code") and erratum.key in settled)
        ]

    def _row(self, part: Part, *tables: str) -> tuple[str, Row]:
        """The table and row of an MDC, ADRG or DRG named by its code."""
        code = part.text
        for table in tables:
            for row in self.tables[table]:
                if row[table] == code:
                    return table, row
        raise part.unknown("编码", "code", code, [row[t] for t in tables for row in self.tables[t]])

    # codes of lists

    def _target(self, part: Part) -> tuple[str, Row]:
        """``FM1 pproc``, ``MDC D``, ``MDC Z head``, ``MCC 12``, ``CC``, ``exclusion 12`` or ``operation``: the table
        and what its rows have in common."""
        word, *rest = part.text.split()
        tail = rest[0] if rest else ""
        match word:
            case "MDC":
                self._row(Part(part.line, tail), "mdc")
                lists = {r["list"] for r in self.tables["mdc_code"] if r["mdc"] == tail}
                site = rest[1] if len(rest) > 1 else ""
                if site in lists:
                    return "mdc_code", {"mdc": tail, "list": site}
                sites = {r["site"] for r in self.tables["mdc_dx"] if r["mdc"] == tail}
                if sites and site not in sites:
                    raise part.unknown("部位或目录", "site or list", site, sorted(sites | lists))
                return "mdc_dx", {"mdc": tail, "site": site}
            case "MCC" | "CC":
                known = {r["exclusion"] for r in self.tables["exclusion"]}
                if tail and tail not in known:
                    raise part.unknown("排除表", "exclusion table", tail, sorted(known))
                return word.lower(), {"exclusion": tail}
            case "exclusion":
                if not tail:
                    raise Mistake(part, "缺少排除表编号", "the number of the table is missing", "补上编号", "add it")
                return "exclusion", {"exclusion": tail}
            case "operation":
                return "operation", {}
        self._row(Part(part.line, word), "adrg")
        lists = {r["list"] for r in self.tables["adrg_code"] if r["adrg"] == word}
        if tail not in lists:
            raise part.unknown("目录", "list", tail, sorted(lists))
        return "adrg_code", {"adrg": word, "list": tail}

    def _add(self, change: Part) -> None:
        table, common = self._target(change.need("to"))
        codes = change.fields["add"].items
        have = {row["code"] for row in self._members(table, common)}
        for part in codes:
            if part.text in have:
                raise part.idle("编码已在其中", "the code is there already")
            have.add(part.text)
        if "unlisted" not in change.fields:
            self._check_known(codes)
        self.tables[table] += [{**common, "code": part.text} for part in codes]

    def _check_known(self, codes: Iterable[Part]) -> None:
        """A code that stands neither in a dictionary nor in the scheme is more often a slip than a new code."""
        for part in codes:
            if any(part.text in load_codes(name).names for name in _DICTIONARIES):
                continue
            near = {c for name in _DICTIONARIES for c in load_codes(name).known if c[:3] == part.text[:3]}
            wrong = part.unknown("编码", "code", part.text, sorted(near))
            wrong.problem = Problem(
                wrong.problem.table,
                wrong.problem.key,
                wrong.problem.zh,
                wrong.problem.en,
                f"{wrong.problem.fix_zh}；确为新编码时加 unlisted: yes",
                f"{wrong.problem.fix_en}; if it is a new code, add unlisted: yes",
            )
            raise wrong

    def _remove(self, change: Part) -> None:
        table, common = self._target(change.need("from"))
        have = {row["code"] for row in self._members(table, common)}
        for part in change.fields["remove"].items:
            if part.text not in have:
                raise part.unknown("编码（在该目录中）", "code in that list", part.text, sorted(have))
        gone = set(change.fields["remove"].words())
        drop = {id(row) for row in self._members(table, common) if row["code"] in gone}
        self.tables[table] = [row for row in self.tables[table] if id(row) not in drop]

    def _members(self, table: str, common: Row) -> list[Row]:
        return [row for row in self.tables[table] if all(row[key] == value for key, value in common.items())]

    # groups

    def _group(self, change: Part) -> None:
        part = change.fields["group"]
        code = part.text
        if any(row["adrg"] == code for row in self.tables["adrg"]):
            raise part.idle("该 ADRG 已存在", "that ADRG is there already")
        _, mdc = self._row(change.need("mdc"), "mdc")
        kind = change.need("kind")
        if kind.text not in KINDS:
            raise kind.unknown("类别", "kind", kind.text, KINDS)
        row = {"adrg": code, "mdc": mdc["mdc"], "name": change.need("name").text, "order": "", "kind": kind.text,
               "rule": change.need("rule").text}  # fmt: skip
        lists = self._lists(code, change)
        drgs = self._drgs(code, change.need("drgs")) if kind.text != "qy" else []
        self._place(row, change, "adrg", must=False)
        self.tables["adrg_code"] += lists
        self.tables["drg"] += drgs

    def _lists(self, adrg: str, change: Part) -> list[Row]:
        """Rows of the lists that a change gives: codes, or another list's name to take its codes."""
        rows: list[Row] = []
        for name, part in change.fields["lists"].fields.items() if "lists" in change.fields else ():
            if isinstance(part.value, str) and " " in part.text:
                table, common = self._target(part)
                codes = [row["code"] for row in self._members(table, common)]
            else:
                self._check_known(part.items)
                codes = part.words()
            rows += [{"adrg": adrg, "list": name, "code": code} for code in codes]
        return rows

    def _drgs(self, adrg: str, part: Part) -> list[Row]:
        rows = []
        for code, about in part.fields.items():
            about.only(("name", "split"))
            rows.append(
                {"drg": code, "adrg": adrg, "name": about.need("name").text, "split": about.need("split").text}
            )
        return rows

    def _drop(self, change: Part) -> None:
        _, row = self._row(change.fields["drop"], "adrg")
        self._forget(row["adrg"])

    def _forget(self, adrg: str) -> None:
        for table in ("adrg", "adrg_code", "drg"):
            self.tables[table] = [row for row in self.tables[table] if row["adrg"] != adrg]
        self.tables["alternative"] = [
            row for row in self.tables["alternative"] if (row["table"], row["key"]) != ("adrg", adrg)
        ]

    def _merge(self, change: Part) -> None:
        part = change.fields["merge"]
        if isinstance(part.value, str):
            self._merge_adrg(part, change.need("into"))
            if "name" in change.fields:
                self._row(change.fields["into"], "adrg")[1]["name"] = change.fields["name"].text
        else:
            self._merge_drg(part, change)

    def _merge_adrg(self, part: Part, into: Part) -> None:
        """Cases of either rule now go to ``into``, at its place; its splits stay, those of the other go."""
        (_, gone), (_, kept) = self._row(part, "adrg"), self._row(into, "adrg")
        if gone is kept:
            raise part.idle("并入自身", "merged into itself")
        taken = {r["list"] for r in self.tables["adrg_code"] if r["adrg"] == kept["adrg"]}
        tree = _tree(part, gone["rule"], "rule")
        renamed: dict[str, str] = {}
        for atom in rules.atoms(tree):
            if isinstance(atom, InList) and atom.name not in renamed:
                renamed[atom.name] = _free(atom.kind, taken)
                taken.add(renamed[atom.name])
        other = rules.change_lists(tree, lambda a: InList(a.kind, renamed[a.name], a.least))
        kept["rule"] = rules.show(Or((_tree(into, kept["rule"], "rule"), other)))
        for row in self.tables["adrg_code"]:
            if row["adrg"] == gone["adrg"] and row["list"] in renamed:
                row.update(adrg=kept["adrg"], list=renamed[row["list"]])
        self._forget(gone["adrg"])

    def _merge_drg(self, part: Part, change: Part) -> None:
        rows = [self._row(item, "drg")[1] for item in part.items]
        into = change.need("into")
        if len({row["drg"] for row in rows}) < 2 or len({row["adrg"] for row in rows}) > 1:
            raise Mistake(
                part,
                "须为同一 ADRG 的至少两个 DRG",
                "two or more DRG of one ADRG are wanted",
                "改正编码",
                "correct the codes",
            )
        trees = tuple(_tree(part, row["split"], "split") for row in rows)
        named = [row["name"] for row in rows if row["drg"] == into.text]
        name = change.fields["name"].text if "name" in change.fields else next(iter(named), "")
        if not name:
            raise Mistake(into, "新病组缺少 name", "the new group lacks a name", "补上 name", "add name")
        split = rules.show_split(rules.plainest(Or(trees)))
        place = self.tables["drg"].index(rows[0])
        self.tables["drg"] = [row for row in self.tables["drg"] if row not in rows]
        self.tables["drg"].insert(place, {"drg": into.text, "adrg": rows[0]["adrg"], "name": name, "split": split})

    def _split(self, change: Part) -> None:
        part = change.fields["split"]
        _, adrg = self._row(part, "adrg")
        old = [row for row in self.tables["drg"] if row["adrg"] == adrg["adrg"]]
        new = self._drgs(adrg["adrg"], change.need("into"))
        if sorted(old, key=lambda r: r["drg"]) == sorted(new, key=lambda r: r["drg"]):
            raise part.idle("与原细分相同", "the split is the same as before")
        self.tables["drg"] = [row for row in self.tables["drg"] if row["adrg"] != adrg["adrg"]] + new
        self._give(adrg["adrg"], self._lists(adrg["adrg"], change))
        self._drop_unused(adrg["adrg"])

    def _rule(self, change: Part) -> None:
        part = change.fields["rule"]
        table, row = self._row(part, "adrg", "mdc")
        field, text = ("rule" if table == "adrg" else "condition"), change.need("becomes").text
        if table == "mdc" and "lists" in change.fields:
            raise Mistake(
                change.fields["lists"],
                "MDC 的编码用 add/remove 改",
                "the codes of an MDC are changed by add and remove",
                "另写一项变更",
                "write another change",
            )
        lists = self._lists(row[table], change)
        if row[field] == text and not lists:
            raise part.idle("与原规则相同", "the rule is the same as before")
        row[field] = text
        self._give(row[table], lists)
        if table == "adrg":
            self._drop_unused(row[table])

    def _give(self, adrg: str, lists: list[Row]) -> None:
        """Put lists into an ADRG, in place of those of the same names."""
        given = {r["list"] for r in lists}
        self.tables["adrg_code"] = [
            r for r in self.tables["adrg_code"] if r["adrg"] != adrg or r["list"] not in given
        ] + lists

    def _drop_unused(self, adrg: str) -> None:
        """Lists that no rule, split or switch of the ADRG names any more."""
        texts = [(r["rule"], "rule") for r in self.tables["adrg"] if r["adrg"] == adrg]
        texts += [(r["split"], "split") for r in self.tables["drg"] if r["adrg"] == adrg]
        texts += [(r["rule"], "rule") for r in self.tables["alternative"] if r["key"] == adrg]
        present = {r["list"] for r in self.tables["adrg_code"] if r["adrg"] == adrg}
        used: set[str] = set()
        for text, place in texts:
            try:
                used |= rules.lists(rules.reread_lists(rules.parse(text, place), present))
            except RuleError:
                return  # the check of the whole scheme says what is wrong with the text
        self.tables["adrg_code"] = [r for r in self.tables["adrg_code"] if r["adrg"] != adrg or r["list"] in used]

    # order and names

    def _move(self, change: Part) -> None:
        table, row = self._row(change.fields["move"], "adrg", "mdc")
        before = [r[table] for r in self._siblings(row, table)]
        self.tables[table].remove(row)
        try:
            self._place(row, change, table, must=True)
        except Mistake:
            self.tables[table].append(row)
            raise
        if [r[table] for r in self._siblings(row, table)] == before:
            raise change.fields["move"].idle("次序不变", "the order stays the same")

    def _siblings(self, row: Row, table: str) -> list[Row]:
        those = [r for r in self.tables[table] if table == "mdc" or r["mdc"] == row["mdc"]]
        return sorted(those, key=lambda r: int(r["order"]))

    def _place(self, row: Row, change: Part, table: str, *, must: bool) -> None:
        """Put the row before or after another of its scope (last when neither is said) and number the scope anew."""
        those = self._siblings(row, table)
        said = [change.fields[word] for word in ("before", "after") if word in change.fields]
        if len(said) > 1 or (must and not said):
            raise Mistake(
                change, "before 和 after 要且只要一个", "one of before and after is wanted", "写一个", "write one"
            )
        at = len(those)
        if said:
            codes = [r[table] for r in those]
            if said[0].text not in codes:
                raise said[0].unknown("编码（在同一范围内）", "code in that scope", said[0].text, codes)
            at = codes.index(said[0].text) + ("after" in change.fields)
        those.insert(at, row)
        self.tables[table].append(row)
        for number, each in enumerate(those, start=1):
            each["order"] = str(number)

    def _rename(self, change: Part) -> None:
        part = change.fields["rename"]
        _, row = self._row(part, "drg", "adrg", "mdc")
        name = change.need("name").text
        if row["name"] == name:
            raise part.idle("名称不变", "the name stays the same")
        row["name"] = name


def _tree(part: Part, text: str, place: str) -> rules.Expr:
    try:
        return rules.parse(text, place)
    except RuleError as error:
        raise Mistake(
            part, f"规则读不懂：{error}", f"the rule cannot be read: {error}", "改正规则", "correct the rule"
        ) from error


def _free(kind: str, taken: Iterable[str]) -> str:
    """A name for a list of this kind that is not taken."""
    used = set(taken)
    return next(name for number in range(1, len(used) + 2) if (name := f"{kind}{number}") not in used)
