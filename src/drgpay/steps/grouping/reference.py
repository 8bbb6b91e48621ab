"""Grouping one stay in plain Python, straight from the written evaluation: judge of the kernel, and the explainer.

Nothing here shares tables with the kernel. Source: scheme tables, "Grammar" and "Evaluation".
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from drgpay.scheme import SEVERITIES, UNGROUPED, Adrg, Mdc, Scheme
from drgpay.scheme.rules import (
    STANDINGS,
    And,
    Atom,
    Compare,
    Const,
    Expr,
    Flag,
    InList,
    Not,
    Operation,
    Or,
    Severity,
    Sites,
)
from drgpay.steps.grouping.path import Explanation, Finding, Step
from drgpay.tables import years_of

_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}


@dataclass(frozen=True)
class Case:
    """A stay as the rules see it: the principal places may be empty (None), ``standing`` has bits for CC and MCC."""

    principal: str | None
    diagnoses: tuple[str, ...]
    others: tuple[str, ...]
    operation: str | None
    procedures: tuple[str, ...]
    later: tuple[str, ...]
    facts: Mapping[str, Any]
    standing: int = 0

    @property
    def severity(self) -> str:
        """Word of the highest level."""
        return SEVERITIES[min(self.standing, 2)]

    def codes(self, kind: str) -> tuple[str, ...]:
        """The reported codes a kind of list atom looks at."""
        if kind == "pdx":
            return () if self.principal is None else (self.principal,)
        if kind == "adx":
            return self.diagnoses
        if kind == "odx":
            return self.others
        if kind == "pproc":
            return () if self.operation is None else (self.operation,)
        return self.later if kind == "oproc" else self.procedures


class Lists(NamedTuple):
    """Where the names of a rule point: the lists by name, and the body sites of an MDC table."""

    by_name: Mapping[str, Any]
    sites: Mapping[str, tuple[str, ...]]


def explain_stay(scheme: Scheme, stay: Mapping[str, Any]) -> Explanation:
    """Group one stay and return the path.

    ``stay`` has ``dx`` and ``proc`` (sequences of codes, the first is the principal one; missing, None or empty
    allowed; without a principal diagnosis a stay has no group) and may have ``sex`` (male, female), ``age`` (years),
    ``age_days``, ``birth_weight`` and ``admission_weight`` (grams), ``los`` (days), ``icu`` and ``bilateral``;
    a missing or None value makes every comparison with it false. The years of infants who have only days are what
    :mod:`drgpay.tables.ages` says.
    """
    case = case_of(scheme, stay)
    reported: Sequence[str | None] = stay.get("proc") or ()
    barred = scheme.invalid_op | scheme.gray_op
    first_dx = _principal(stay)
    standing, told = _severity(scheme, first_dx, case.others)
    case = replace(case, standing=standing)
    if not first_dx:
        return Explanation(None, None, UNGROUPED, case.severity, "ungrouped", told)
    result = _attempt(scheme, case)
    if result.status == "ungrouped" and "retry_procedures" in scheme.switches:
        tried = result.steps
        for code in reported[1:]:
            alone = () if code is None or code in scheme.invalid_op else (code,)
            first = None if code in barred else code
            again = _attempt(scheme, replace(case, operation=first, procedures=alone, later=()))
            tried = (*tried, Step("retry", code or "", "", again.status != "ungrouped"), *again.steps)
            if again.status != "ungrouped":
                result = again
                break
        result = replace(result, steps=tried)
    return replace(result, steps=(*told, *result.steps))


def _principal(stay: Mapping[str, Any]) -> str | None:
    """The diagnosis reported first; no other one moves into an empty place."""
    dx: Sequence[str | None] = stay.get("dx") or ()
    return dx[0] if dx else None


def case_of(scheme: Scheme, stay: Mapping[str, Any]) -> Case:
    """A stay as the rules see it, as for :func:`explain_stay`; its complications are not yet judged."""
    dx: Sequence[str | None] = stay.get("dx") or ()
    reported: Sequence[str | None] = stay.get("proc") or ()
    reported_first = _principal(stay)
    principal = None if reported_first in scheme.invalid_dx else reported_first
    diagnoses = tuple(code for code in dx if code is not None)
    others = tuple(code for code in dx[1:] if code is not None)
    barred = scheme.invalid_op | scheme.gray_op
    places = reported if "skip_invalid_procedure" in scheme.switches else reported[:1]
    first = next((code for code in places if code not in barred), None)
    procedures, later = (
        tuple(code for code in those if code is not None and code not in scheme.invalid_op)
        for those in (reported, reported[1:])
    )
    facts = {
        **{name: stay.get(name) for name in ("sex", "age_days", "admission_weight", "los", "icu", "bilateral")},
        "age": years_of(stay.get("age"), stay.get("age_days")),
        "weight": stay.get("birth_weight"),
    }
    return Case(principal, diagnoses, others, first, procedures, later, facts)


def holds(atom: Const | Atom, case: Case, lists: Lists, scheme: Scheme) -> bool:
    """Whether an atom, or a constant, holds for the case."""
    return _true(atom, case, lists, scheme, [])


def _severity(scheme: Scheme, principal: str | None, others: tuple[str, ...]) -> tuple[int, tuple[Step, ...]]:
    """The bits of the other diagnoses that count (1 = CC, 2 = MCC), and the standing of each."""
    mine = None if principal is None else scheme.exclusion.get(principal)
    bits = 0
    steps = []
    for code in others:
        rank, table = 0, ""
        standing = "not_listed"
        for level, found in ((2, scheme.mcc), (1, scheme.cc)):
            if code in found:
                rank, table = level, found[code]
                standing = SEVERITIES[level]
        if rank and table and table == mine:
            rank, standing = 0, "excluded"
        bits |= rank
        steps.append(
            Step("severity", code, "", rank > 0, standing=standing, table=table if standing == "excluded" else "")
        )
    return bits, tuple(steps)


def _attempt(scheme: Scheme, case: Case) -> Explanation:
    """MDC in order, ADRG of the MDC in order, then the split."""
    steps: list[Step] = []
    first_mdc: str | None = None
    for mdc in scheme.mdcs:
        holds = _judge(steps, "mdc", mdc, mdc.condition_text or "pdx", mdc.condition, case, _of_mdc(mdc), scheme)
        if not holds:
            continue
        found = _search(scheme, mdc, case, steps)
        if isinstance(found, Adrg):
            return _split(scheme, mdc, found, case, steps)
        if found:
            own = found if found in scheme.drgs_of else None
            return Explanation(mdc.code, own, found, case.severity, "qy", tuple(steps))
        if mdc.pre:
            continue
        first_mdc = first_mdc or mdc.code
        if "mdc_fallthrough" not in scheme.switches:
            break
    return Explanation(first_mdc, None, UNGROUPED, case.severity, "ungrouped", tuple(steps))


def _of_mdc(mdc: Mdc) -> Lists:
    return Lists(mdc.by_name, mdc.dx)


def _search(scheme: Scheme, mdc: Mdc, case: Case, steps: list[Step]) -> Adrg | str:
    """The first ADRG of the MDC that holds; the code of the group of an unrelated operation; or "" for neither.

    That group is one of the scheme's own (an ADRG of kind ``qy``, and named as such) or, by the switch ``qy``, comes
    before the medical ADRG.
    """
    asked = "qy" not in scheme.switches or mdc.pre
    unrelated = any(code in scheme.operation for code in case.procedures)
    code = f"{mdc.code}QY"
    for adrg in scheme.adrgs_of[mdc.code]:
        if adrg.kind == "medical" and not asked:
            asked = True
            if unrelated:
                break
        if _judge(steps, "adrg", adrg, adrg.rule_text, adrg.rule, case, Lists(adrg.lists, {}), scheme):
            if adrg.kind != "qy":
                return adrg
            code = adrg.code
            break
    else:
        if asked or not unrelated:
            return ""
    steps.append(Step("qy", code, mdc.name, True))
    return code


def _split(scheme: Scheme, mdc: Mdc, adrg: Adrg, case: Case, steps: list[Step]) -> Explanation:
    """The DRG of the ADRG whose split holds; a value the split needs may be missing, then the stay is ungrouped."""
    for drg in scheme.drgs_of[adrg.code]:
        if _judge(steps, "drg", drg, drg.split_text, drg.split, case, Lists(adrg.lists, {}), scheme):
            return Explanation(mdc.code, adrg.code, drg.code, case.severity, "grouped", tuple(steps))
    return Explanation(mdc.code, adrg.code, UNGROUPED, case.severity, "ungrouped", tuple(steps))


def _judge(
    steps: list[Step],
    part: str,
    subject: Any,
    text: str,
    expr: Expr,
    case: Case,
    lists: Lists,
    scheme: Scheme,
) -> bool:
    findings: list[Finding] = []
    holds = _true(expr, case, lists, scheme, findings)
    steps.append(Step(part, subject.code, subject.name, holds, text, tuple(findings), rule=expr))
    return holds


def _true(expr: Expr, case: Case, lists: Lists, scheme: Scheme, findings: list[Finding]) -> bool:
    """Whether the tree holds; each atom it looks at is added to ``findings``."""
    if isinstance(expr, Const):
        return expr.value
    if isinstance(expr, Not):
        return not _true(expr.term, case, lists, scheme, findings)
    if isinstance(expr, And | Or):
        # every term is looked at before the verdict, so that the explanation is complete
        verdicts = [_true(term, case, lists, scheme, findings) for term in expr.terms]
        return all(verdicts) if isinstance(expr, And) else any(verdicts)
    codes: tuple[str, ...] = ()
    seen: tuple[str | int, ...] = ()
    if isinstance(expr, InList):
        listed = lists.by_name[expr.name]
        seen = reported = case.codes(expr.kind)
        codes = tuple(code for code in reported if code in listed)
        holds = len(set(codes)) >= expr.least
    elif isinstance(expr, Operation):
        seen = reported = case.codes("pproc" if expr.principal else "proc")
        codes = tuple(code for code in reported if code in scheme.operation)
        holds = bool(codes)
    elif isinstance(expr, Compare):
        value = case.facts[expr.field]
        seen = () if value is None else (value,)
        holds = value is not None and bool(_COMPARE[expr.op](value, expr.value))
    elif isinstance(expr, Sites):
        codes = tuple(dict.fromkeys(code for code in case.codes("adx") if lists.sites.get(code)))
        seen = case.codes("adx")
        holds = _assign([lists.sites[code] for code in codes]) >= expr.least
    elif isinstance(expr, Severity):
        seen = (STANDINGS[case.standing],)
        holds = case.standing in expr.levels
    else:
        assert isinstance(expr, Flag)
        holds = bool(case.facts[expr.name])
        seen = (expr.name,) if holds else ()
    findings.append(Finding(expr, holds, codes, seen))
    return holds


def _assign(sites: list[tuple[str, ...]]) -> int:
    """How many different sites different diagnoses can stand for, each diagnosis for one (bipartite matching)."""
    taken: dict[str, int] = {}

    def place(diagnosis: int, seen: set[str]) -> bool:
        for site in sites[diagnosis]:
            if site not in seen:
                seen.add(site)
                if site not in taken or place(taken[site], seen):
                    taken[site] = diagnosis
                    return True
        return False

    return sum(place(diagnosis, set()) for diagnosis in range(len(sites)))
