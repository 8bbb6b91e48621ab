"""The path of one stay through a scheme: the steps that were tried, what each looked at, and the result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from drgpay.scheme.rules import And, Atom, Const, Expr, Not, Or, describe
from drgpay.steps.grouping import wording
from drgpay.steps.grouping.wording import Said

_ALWAYS = Const(True)


class Finding(NamedTuple):
    """One atom of a rule, whether it holds, and what of the stay was looked at.

    ``codes`` made it hold; ``seen`` is all that it looked at: codes, a number, a word, nothing when it is missing.
    """

    test: Atom
    holds: bool
    codes: tuple[str, ...] = ()
    seen: tuple[str | int, ...] = ()

    @property
    def atom(self) -> str:
        """The atom as it is written in a rule."""
        return describe(self.test)

    def said(self, part: str) -> Said:
        """What is the case, in words; ``part`` is that of the step."""
        return wording.state(self.test, self.holds, part, missing=not self.seen)


class Step(NamedTuple):
    """One step of the path. ``part`` is mdc, adrg, qy, severity, drg or retry; ``code`` is what was tried.

    ``text`` is the condition, rule or split as the scheme writes it, ``rule`` its tree with the switches applied;
    ``standing`` (severity only) is the diagnosis' standing: mcc, cc, excluded (``table`` says by which exclusion
    table) or not_listed.
    """

    part: str
    code: str
    name: str
    matched: bool
    text: str = ""
    findings: tuple[Finding, ...] = ()
    standing: str = ""
    table: str = ""
    rule: Expr = _ALWAYS

    @property
    def zh(self) -> str:
        """The step in one line of Chinese."""
        return self._sentence().zh

    @property
    def en(self) -> str:
        """The step in one line of English."""
        return self._sentence().en

    @property
    def condition(self) -> Said:
        """The rule in words."""
        return wording.rule(self.rule, self.part)

    def causes(self) -> tuple[Finding, ...]:
        """The findings that suffice for the verdict: of a rule that fails, what made it fail."""
        _, causes = _causes(self.rule, iter(self.findings))
        return tuple(causes)

    def _sentence(self) -> Said:
        subject = wording.PARTS[self.part].join(" ", (self.code, self.name))
        if self.part == "severity":
            return subject.then(wording.standing(self.standing, self.table))
        if self.part in ("qy", "retry"):
            return subject
        told = subject.then(wording.VERDICT[self.matched])
        if len(self.findings) > 1:
            told = wording.conjoin([told, wording.CONDITION.then(self.condition)])
        found = [
            Said(*(text + (f" ({', '.join(f.codes)})" if f.codes else "") for text in f.said(self.part)))
            for f in self.findings
        ]
        return wording.conjoin([told, *(found or [wording.ALWAYS])])


@dataclass(frozen=True)
class Explanation:
    """The result for one stay and the steps that led to it. ``mdc`` and ``adrg`` are None when there is none."""

    mdc: str | None
    adrg: str | None
    drg: str
    severity: str
    status: str
    steps: tuple[Step, ...]


def _causes(expr: Expr, findings: Iterator[Finding]) -> tuple[bool, list[Finding]]:
    """Value of the tree and the findings that suffice for it; the findings are those of its atoms, left to right."""
    if isinstance(expr, Const):
        return expr.value, []
    if isinstance(expr, Not):
        value, causes = _causes(expr.term, findings)
        return not value, causes
    if isinstance(expr, And | Or):
        told = [_causes(term, findings) for term in expr.terms]
        value = (all if isinstance(expr, And) else any)(v for v, _ in told)
        return value, [cause for v, causes in told if v == value for cause in causes]
    finding = next(findings)
    return finding.holds, [finding]
