"""How two schemes differ: groups, names, order, conditions, rules and splits, and the codes of every list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import NamedTuple

from drgpay.scheme.model import Scheme

_WHAT = {
    "only_a": ("仅在前者", "only in the first"),
    "only_b": ("仅在后者", "only in the second"),
    "name": ("名称不同", "another name"),
    "order": ("次序不同", "another place in the order"),
    "kind": ("类别不同", "another kind"),
    "rule": ("规则不同", "another rule"),
    "codes": ("编码不同", "other codes"),
}
_PARTS = {
    "mdc": ("MDC", "MDC"),
    "adrg": ("ADRG", "ADRG"),
    "drg": ("DRG", "DRG"),
    "severity": ("并发症", "complications"),
    "exclusion": ("排除表", "exclusion of"),
    "operation": ("手术目录", "operations"),
    "invalid": ("不可用编码", "codes kept out"),
}


class Difference(NamedTuple):
    """One difference. ``part`` is mdc, adrg, drg, severity, exclusion, operation or invalid; ``key`` the code and,
    for codes, the list. ``added``/``removed`` are codes only the second / only the first has."""

    part: str
    key: str
    what: str
    before: str = ""
    after: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def zh(self) -> str:
        """The difference in one line of Chinese."""
        return self._line(0)

    @property
    def en(self) -> str:
        """The difference in one line of English."""
        return self._line(1)

    def _line(self, language: int) -> str:
        counts = f" +{len(self.added):,} −{len(self.removed):,}" if self.added or self.removed else ""
        texts = f" «{self.before}» → «{self.after}»" if self.before or self.after else ""
        subject = f"{_PARTS[self.part][language]} {self.key}".rstrip()
        return f"{subject}: {_WHAT[self.what][language]}{texts}{counts}"


def compare(a: Scheme, b: Scheme) -> list[Difference]:
    """Every difference between two schemes as loaded, switches included; none for equal content."""
    return [*_categories(a, b), *_adrgs(a, b), *_drgs(a, b), *_complications(a, b), *_sets(a, b)]


def _presence(part: str, a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[Difference]:
    """Codes (with their names) that only one of them has, and those with another name."""
    for code in sorted(a.keys() | b.keys()):
        if code not in b:
            yield Difference(part, code, "only_a", before=a[code])
        elif code not in a:
            yield Difference(part, code, "only_b", after=b[code])
        elif a[code] != b[code]:
            yield Difference(part, code, "name", a[code], b[code])


def _moved(part: str, a: Iterable[str], b: Iterable[str], scope: str = "") -> Iterator[Difference]:
    """The codes both have that must move to bring the first order into the second, as few as there are."""
    both = set(a) & set(b)
    old, new = [c for c in a if c in both], [c for c in b if c in both]
    if old == new:
        return
    kept = {
        old[i]
        for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        for i in range(block.a, block.a + block.size)
    }
    for code in sorted(both - kept):
        before, after = (f"{scope}{codes.index(code) + 1}" for codes in (old, new))
        yield Difference(part, code, "order", before, after)


def _lists(
    part: str, key: str, a: Mapping[str, Iterable[str]], b: Mapping[str, Iterable[str]]
) -> Iterator[Difference]:
    for name in sorted(a.keys() | b.keys()):
        yield from _codes(part, f"{key} {name}".strip(), a.get(name, ()), b.get(name, ()))


def _codes(part: str, key: str, a: Iterable[str], b: Iterable[str]) -> Iterator[Difference]:
    old, new = set(a), set(b)
    if old != new:
        yield Difference(part, key, "codes", added=tuple(sorted(new - old)), removed=tuple(sorted(old - new)))


def _categories(a: Scheme, b: Scheme) -> Iterator[Difference]:
    old, new = ({m.code: m for m in scheme.mdcs} for scheme in (a, b))
    yield from _presence("mdc", *({c: m.name for c, m in those.items()} for those in (old, new)))
    yield from _moved("mdc", list(old), list(new))
    for code in sorted(old.keys() & new.keys()):
        was, now = old[code], new[code]
        if was.condition_text != now.condition_text:
            yield Difference("mdc", code, "rule", was.condition_text or "pdx", now.condition_text or "pdx")
        tables = (
            {"": [f"{c} {s}".strip() for c, sites in m.dx.items() for s in (sites or ("",))], **m.lists}
            for m in (was, now)
        )
        yield from _lists("mdc", code, *tables)


def _adrgs(a: Scheme, b: Scheme) -> Iterator[Difference]:
    old, new = ({g.code: g for g in scheme.adrgs} for scheme in (a, b))
    yield from _presence("adrg", *({c: g.name for c, g in those.items()} for those in (old, new)))
    for mdc in sorted(a.adrgs_of.keys() & b.adrgs_of.keys()):
        was_order, new_order = ([g.code for g in scheme.adrgs_of[mdc]] for scheme in (a, b))
        yield from _moved("adrg", was_order, new_order, f"{mdc} ")
    for code in sorted(old.keys() & new.keys()):
        was, now = old[code], new[code]
        if was.kind != now.kind:
            yield Difference("adrg", code, "kind", was.kind, now.kind)
        if (was.mdc, was.rule) != (now.mdc, now.rule):
            yield Difference("adrg", code, "rule", f"{was.mdc}: {was.rule_text}", f"{now.mdc}: {now.rule_text}")
        yield from _lists("adrg", code, was.lists, now.lists)


def _drgs(a: Scheme, b: Scheme) -> Iterator[Difference]:
    old, new = ({d.code: d for d in scheme.drgs} for scheme in (a, b))
    yield from _presence("drg", *({c: d.name for c, d in those.items()} for those in (old, new)))
    for code in sorted(old.keys() & new.keys()):
        was, now = old[code], new[code]
        if (was.adrg, was.split) != (now.adrg, now.split):
            yield Difference("drg", code, "rule", f"{was.adrg}: {was.split_text}", f"{now.adrg}: {now.split_text}")


def _complications(a: Scheme, b: Scheme) -> Iterator[Difference]:
    """MCC and CC by level, whichever exclusion table; then the tables as sets, for their numbers are only names."""
    for level in ("mcc", "cc"):
        yield from _codes("severity", level.upper(), getattr(a, level), getattr(b, level))
    old, new = (_voided(scheme) for scheme in (a, b))
    known = {code for code in old.keys() & new.keys() if old[code] != new[code]}
    changed: dict[tuple[frozenset[str], frozenset[str]], list[str]] = {}
    for code in sorted(known):
        changed.setdefault((old[code], new[code]), []).append(code)
    for (was, now), codes in changed.items():
        key = codes[0] + (f" (+{len(codes) - 1})" if len(codes) > 1 else "")
        yield from _codes("exclusion", key, was, now)


def _voided(scheme: Scheme) -> dict[str, frozenset[str]]:
    """MCC or CC -> the principal diagnoses that void it."""
    tables: dict[str, list[str]] = {}
    for code, table in scheme.exclusion.items():
        tables.setdefault(table, []).append(code)
    frozen = {table: frozenset(codes) for table, codes in tables.items()}
    return {code: frozen.get(table, frozenset()) for code, table in (*scheme.mcc.items(), *scheme.cc.items())}


def _sets(a: Scheme, b: Scheme) -> Iterator[Difference]:
    yield from _codes("operation", "", a.operation, b.operation)
    for name in ("invalid_dx", "invalid_op", "gray_op"):
        yield from _codes("invalid", name, getattr(a, name), getattr(b, name))
