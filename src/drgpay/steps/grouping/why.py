"""Why a stay has no group (未入组原因): one reason per stay, in words, decided in the order of :data:`REASONS`.

The plain reading of one stay; :mod:`.reasons` is the same for batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import cache
from typing import Any, NamedTuple

from drgpay.scheme import Adrg, Mdc, Scheme, load_codes
from drgpay.scheme.rules import Atom, Compare, Const, Expr, InList, fold
from drgpay.steps.grouping import wording
from drgpay.steps.grouping.path import Explanation
from drgpay.steps.grouping.reference import Case, Lists, case_of, holds
from drgpay.steps.grouping.wording import Said

REASONS = {
    "no_principal": Said("没有主要诊断", "there is no principal diagnosis"),
    "invalid_principal": Said(
        "主要诊断 {dx} 在方案中不能作主要诊断", "the scheme does not allow {dx} as principal diagnosis"
    ),
    "gray_principal": Said("主要诊断 {dx} 是灰码，不得上报", "the principal diagnosis {dx} is a gray code"),
    "missing_data": Said("缺少{facts}", "not given: {facts}"),
    "unknown_principal": Said("主要诊断 {dx} 不在编码库中", "the principal diagnosis {dx} is in no dictionary"),
    "condition": Said(
        "大类 {place} 的主要诊断表有 {dx}，但不符合该大类的条件：{rule}",
        "the table of MDC {place} has {dx}, but the category's condition does not hold: {rule}",
    ),
    "no_mdc": Said("没有大类收主要诊断 {dx}", "no MDC takes the principal diagnosis {dx}"),
    "no_split": Said("{place} 的细分条件都不符合", "no split of {place} holds"),
    "no_group": Said("大类 {place} 中没有符合的病组", "no group of MDC {place} holds"),
    "unrelated_operation": Said(
        "手术与主要诊断 {dx} 无关（大类 {place}）",
        "the operation is unrelated to the principal diagnosis {dx} (MDC {place})",
    ),
}
"""code of a reason -> its words"""
FACTS = ("los", "weight", "admission_weight", "age_days", "age", "sex")
"""what may be missing, in the order in which it is tried whether it can be done without"""


class Why(NamedTuple):
    """A reason: its code, the principal diagnosis, the MDC or ADRG it is about, and the facts that are missing."""

    code: str
    dx: str = ""
    place: str = ""
    facts: tuple[str, ...] = ()

    def said(self, scheme: Scheme) -> Said:
        """The reason in words."""
        zh, en = (
            "、".join(wording.fact_name(f).zh for f in self.facts),
            ", ".join(wording.fact_name(f).en for f in self.facts),
        )
        rule = Said("", "")
        if self.code == "condition":
            mdc = next(m for m in scheme.mdcs if m.code == self.place)
            rule = wording.rule(mdc.condition, "mdc")
        words = REASONS[self.code]
        return Said(
            words.zh.format(dx=self.dx, place=self.place, facts=zh, rule=rule.zh),
            words.en.format(dx=self.dx, place=self.place, facts=en, rule=rule.en),
        )


@cache
def gray_diagnoses() -> frozenset[str]:
    """Diagnoses that may not be reported."""
    return load_codes("icd10-nhsa-2.0").gray


@cache
def known_diagnoses() -> frozenset[str]:
    """Diagnoses of all editions."""
    return load_codes("icd10-nhsa-2.0").known | load_codes("icd10-nhsa-1.0").known


def why(scheme: Scheme, stay: Mapping[str, Any], told: Explanation) -> Why | None:
    """The reason a stay is in no group, or in that of unrelated operations; None for a stay in a group.

    ``stay`` as for :func:`explain_stay`, ``told`` what that said of it.
    """
    if told.status == "grouped":
        return None
    dx = next(iter(stay.get("dx") or ()), None)
    if not dx:
        return Why("no_principal")
    if told.status == "qy":
        return Why("unrelated_operation", dx, told.mdc or "")
    if dx in scheme.invalid_dx:
        return Why("invalid_principal", dx)
    if dx in gray_diagnoses():
        return Why("gray_principal", dx)
    facts = _missing(scheme, case_of(scheme, stay))
    if facts:
        return Why("missing_data", dx, "", facts)
    if told.mdc is None:
        if dx not in known_diagnoses() and not _in_scheme(scheme, dx):
            return Why("unknown_principal", dx)
        table = next((m.code for m in scheme.mdcs if _in_table(m.condition, m.by_name, dx)), None)
        return Why("no_mdc", dx) if table is None else Why("condition", dx, table)
    return Why("no_split", dx, told.adrg) if told.adrg else Why("no_group", dx, told.mdc)


def _in_scheme(scheme: Scheme, dx: str) -> bool:
    parts = (scheme.mcc, scheme.cc, scheme.exclusion, *(m.dx for m in scheme.mdcs))
    owners: tuple[Mdc | Adrg, ...] = (*scheme.mdcs, *scheme.adrgs)
    lists = [those for owner in owners for name, those in owner.lists.items() if "dx" in name]
    return any(dx in part for part in (*parts, *lists))


def _in_table(condition: Expr, lists: Mapping[str, Set[str]], dx: str) -> bool:
    """The condition looks at the principal diagnosis and could hold with this one, but for other things."""

    def leaf(atom: Const | Atom) -> tuple[bool, bool]:
        if isinstance(atom, InList) and atom.kind == "pdx":
            found = dx in lists[atom.name]
            return found, found
        return (atom.value, atom.value) if isinstance(atom, Const) else (True, False)

    named = any(isinstance(a, InList) and a.kind == "pdx" and dx in lists[a.name] for a in _atoms(condition))
    return named and _bounds(condition, leaf)[0]


def _atoms(expr: Expr) -> list[Any]:
    found: list[Any] = []
    fold(expr, found.append, lambda x: x, lambda x, y: x, lambda x, y: x)
    return found


def _missing(scheme: Scheme, case: Case) -> tuple[str, ...]:
    """The facts without which the stay has no group and with which it could have one; as few as there are."""
    open_ = {name for name in FACTS if case.facts[name] is None}
    if not open_ or not _could(scheme, case, open_):
        return ()
    for name in FACTS:
        if name in open_ and _could(scheme, case, open_ - {name}):
            open_ -= {name}
    return tuple(name for name in reversed(FACTS) if name in open_)


def _could(scheme: Scheme, case: Case, open_: Set[str]) -> bool:
    """Whether the stay could reach a group if the open facts, which are missing, had some value."""
    for mdc in scheme.mdcs:
        can, must = _open_bounds(scheme, case, mdc.condition, Lists(mdc.by_name, mdc.dx), open_)
        if can and _could_in(scheme, mdc, case, open_):
            return True
        if must and not mdc.pre and "mdc_fallthrough" not in scheme.switches:
            return False
    return False


def _could_in(scheme: Scheme, mdc: Mdc, case: Case, open_: Set[str]) -> bool:
    """The same for the groups of one MDC; what surely holds takes the stay, whether its splits do or not."""
    due = "qy" in scheme.switches and not mdc.pre
    unrelated = any(code in scheme.operation for code in case.procedures)
    for adrg in scheme.adrgs_of[mdc.code]:
        if due and adrg.kind == "medical":
            due = False
            if unrelated:
                return True
        lists = Lists(adrg.lists, {})
        can, must = _open_bounds(scheme, case, adrg.rule, lists, open_)
        if not can:
            continue
        splits = (drg.split for drg in scheme.drgs_of[adrg.code])
        if adrg.kind == "qy" or any(_open_bounds(scheme, case, split, lists, open_)[0] for split in splits):
            return True
        if must:
            return False
    return due and unrelated


def _open_bounds(scheme: Scheme, case: Case, expr: Expr, lists: Lists, open_: Set[str]) -> tuple[bool, bool]:
    def leaf(atom: Const | Atom) -> tuple[bool, bool]:
        if isinstance(atom, Compare) and atom.field in open_:
            return True, False
        found = holds(atom, case, lists, scheme)
        return found, found

    return _bounds(expr, leaf)


def _bounds(expr: Expr, leaf: Any) -> tuple[bool, bool]:
    """(can hold, must hold)"""
    result: tuple[bool, bool] = fold(
        expr,
        leaf,
        lambda x: (not x[1], not x[0]),
        lambda x, y: (x[0] and y[0], x[1] and y[1]),
        lambda x, y: (x[0] or y[0], x[1] or y[1]),
    )
    return result
