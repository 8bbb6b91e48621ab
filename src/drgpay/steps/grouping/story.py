"""The explanation of one stay as people read it: three layers, the standing of each diagnosis, the alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from drgpay.scheme import LEVELS, Scheme, basis_words, load_codes
from drgpay.scheme.rules import InList, Operation, Sites
from drgpay.steps.grouping import wording
from drgpay.steps.grouping.path import Explanation, Finding, Step
from drgpay.steps.grouping.reference import explain_stay
from drgpay.steps.grouping.remarks import erratum_of
from drgpay.steps.grouping.why import why
from drgpay.steps.grouping.wording import Said

BY_THE_RECORD = Said(
    "编码以病历为准：主要诊断由病历和医保结算清单填写规范决定，不由病组决定。"
    "下面按病历中的次序列出，只说明分组规则，不是编码建议。",
    "Coding follows the medical record: the record and the rules for the settlement list decide which diagnosis is "
    "the principal one, never the group. In the order of the record; it shows how the rules work and is no advice.",
)
"""stands over every list of alternatives"""
_DICTIONARIES = {"dx": ("icd10-nhsa-2.0", "icd10-nhsa-1.0"), "proc": ("icd9cm3-nhsa-2.0", "icd9cm3-nhsa-1.0")}
_LAYERS = ("mdc", "adrg", "drg")


@dataclass(frozen=True)
class Named:
    """A code and its Chinese name ("" when no dictionary has it)."""

    code: str
    name: str

    def __str__(self) -> str:
        return f"{self.code} {self.name}".rstrip()


@dataclass(frozen=True)
class Check:
    """A condition, the fact of this stay beside it, and whether the condition holds."""

    condition: Said
    fact: Said
    holds: bool


@dataclass(frozen=True)
class Tried:
    """What was tried before and did not take the stay, all for the same reason."""

    why: Said
    those: tuple[Named, ...]


@dataclass(frozen=True)
class Layer:
    """One of the three layers: mdc, adrg, drg. ``code`` is "" when the stay reached nothing on it."""

    part: str
    code: str
    name: str
    rule: Said
    checks: tuple[Check, ...]
    tried: tuple[Tried, ...]


@dataclass(frozen=True)
class Standing:
    """Another diagnosis and what it counts as: mcc, cc, excluded (by ``table``), not_listed."""

    code: str
    name: str
    standing: str
    table: str

    @property
    def said(self) -> Said:
        """What it counts as, in words."""
        return wording.standing(self.standing, self.table)


@dataclass(frozen=True)
class Alternative:
    """The result with another diagnosis moved to the front; ``mdc`` and ``adrg`` None when there is none."""

    principal: str
    principal_name: str
    mdc: str | None
    adrg: str | None
    drg: str
    drg_name: str
    severity: str
    status: str


@dataclass(frozen=True)
class Story:
    """Everything said of one stay. ``retried`` are the later procedures tried alone (switch retry_procedures).

    ``reason``: why it is in no group, or in that of unrelated operations (``reason_code``: the word of
    :data:`.why.REASONS`); ``erratum``: the group a suggested correction of the scheme would give it; ``anomalies``:
    what the scheme's document prints and how it is read; ``basis``: that the scheme is rebuilt;
    ``unmeasured``: the lists this stay met that were not compared with the official text.
    """

    scheme: str
    scheme_title: str
    switches: tuple[str, ...]
    mdc: str | None
    adrg: str | None
    drg: str
    drg_name: str
    severity: str
    status: str
    dx: tuple[Named, ...]
    proc: tuple[Named, ...]
    facts: Mapping[str, Any]
    layers: tuple[Layer, ...]
    diagnoses: tuple[Standing, ...]
    retried: tuple[Named, ...]
    alternatives: tuple[Alternative, ...]
    reason: Said | None = None
    reason_code: str = ""
    erratum: Said | None = None
    anomalies: tuple[Said, ...] = ()
    basis: Said | None = None
    unmeasured: tuple[Said, ...] = ()

    def record(self) -> list[tuple[Said, Said]]:
        """The facts besides the codes, each with its name, in words."""
        return [wording.record(name, value) for name, value in self.facts.items()]

    def plain(self) -> dict[str, Any]:
        """The story as JSON data: the fields of the dataclasses, and texts as ``{"zh": …, "en": …}``."""
        said: dict[str, Any] = _plain(asdict(self))
        return said | {"note": BY_THE_RECORD._asdict()}


@cache
def _names(kind: str) -> dict[str, str]:
    """Names of diagnoses or procedures; a code of two editions has the name of the later one."""
    late, early = (load_codes(name).names for name in _DICTIONARIES[kind])
    return {**early, **late}


def _named(kind: str, code: str) -> Named:
    return Named(code, _names(kind).get(code, ""))


def _plain(value: Any) -> Any:
    if isinstance(value, Said):
        return value._asdict()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def alternatives(scheme: Scheme, stay: Mapping[str, Any]) -> list[Alternative]:
    """For each other diagnosis, in the order of the record: the result if it stood first. ``stay`` as for
    :func:`explain_stay`. Repeats and empty places are left out; the rest keep their order.
    """
    dx = list(stay.get("dx") or ())
    result = []
    for code in dict.fromkeys(c for c in dx[1:] if c and c != dx[0]):
        place = dx.index(code)
        told = explain_stay(scheme, {**stay, "dx": [code, *dx[:place], *dx[place + 1 :]]})
        result.append(
            Alternative(
                code,
                _named("dx", code).name,
                told.mdc,
                told.adrg,
                told.drg,
                scheme.name(told.drg),
                told.severity,
                told.status,
            )
        )
    return result


def tell_stay(scheme: Scheme, stay: Mapping[str, Any]) -> Story:
    """The story of one stay; ``stay`` as for :func:`explain_stay`."""
    told = explain_stay(scheme, stay)
    reason = why(scheme, stay, told)
    standings = [s for s in told.steps if s.part == "severity"]
    attempts = _attempts(told)
    chosen = attempts[0] if told.status == "ungrouped" else attempts[-1]
    return Story(
        scheme=scheme.id,
        scheme_title=scheme.title,
        switches=tuple(sorted(scheme.switches)),
        mdc=told.mdc,
        adrg=told.adrg,
        drg=told.drg,
        drg_name=scheme.name(told.drg),
        severity=told.severity,
        status=told.status,
        dx=tuple(_named("dx", code) for code in stay.get("dx") or () if code),
        proc=tuple(_named("proc", code) for code in stay.get("proc") or () if code),
        facts={name: stay[name] for name in FACTS if stay.get(name) is not None},
        layers=tuple(_layer(scheme, part, told, chosen) for part in _LAYERS),
        diagnoses=tuple(Standing(s.code, _named("dx", s.code).name, s.standing, s.table) for s in standings),
        retried=tuple(_named("proc", s.code) for s in told.steps if s.part == "retry"),
        alternatives=tuple(alternatives(scheme, stay)),
        reason=None if reason is None else reason.said(scheme),
        reason_code="" if reason is None else reason.code,
        erratum=erratum_of(scheme, stay, told.drg),
        anomalies=tuple(Said(*texts) for texts in scheme.anomalies),
        basis=Said(*basis_words(scheme.basis)) if scheme.basis == "rebuilt" else None,
        unmeasured=unmeasured(scheme, told),
    )


FACTS = ("sex", "age", "age_days", "birth_weight", "admission_weight", "los", "icu", "bilateral")
"""what a scheme may ask of a stay besides its codes"""


def unmeasured(scheme: Scheme, told: Explanation) -> tuple[Said, ...]:
    """The lists not compared with the official text that a stay met: those of its own ADRG, and those of one tried
    before in which a code of it stands. ``told``: what :func:`explain_stay` said of the stay."""
    met: dict[str, Said] = {}
    for step in told.steps:
        if step.part == "adrg" and step.code in scheme.uncertain and (step.matched or _codes_of(step)):
            _, zh, en = LEVELS[scheme.list_status[step.code].level]
            mine = step.matched and step.code == told.adrg
            verb = Said("入组所依据的", "rests on") if mine else Said("曾比对", "was tried against")
            met[step.code] = Said(
                f"{verb.zh} {step.code} {step.name} 的编码表{zh}",
                f"the stay {verb.en} the lists of {step.code}: {en}",
            )
    return tuple(met.values())


def _codes_of(step: Step) -> bool:
    return any(finding.codes and isinstance(finding.test, InList) for finding in step.findings)


def _attempts(told: Explanation) -> list[list[Step]]:
    """The steps of the stay as it is, then those of each retry."""
    result: list[list[Step]] = [[]]
    for step in told.steps:
        if step.part == "retry":
            result.append([])
        elif step.part != "severity":
            result[-1].append(step)
    return result


def _layer(scheme: Scheme, part: str, told: Explanation, steps: list[Step]) -> Layer:
    mine = [s for s in steps if s.part == part]
    group = None if told.status == "ungrouped" else told.drg
    code = {"mdc": told.mdc, "adrg": group if told.status == "qy" else told.adrg, "drg": group}[part]
    taken = next((s for s in reversed(mine) if s.matched and s.code == code), None)
    reasons: dict[Said, list[Named]] = {}
    for step in mine:
        if step is not taken:
            reasons.setdefault(_why(step), []).append(Named(step.code, step.name))
    tried = tuple(Tried(why, tuple(those)) for why, those in reasons.items())
    if taken is None and code:
        return Layer(part, code, scheme.name(code), wording.PARTS["qy"], (), tried)
    if taken is None:
        return Layer(part, "", "", _NOWHERE[part, bool(mine)], (), tried)
    checks = tuple(Check(*_sides(finding, part)) for finding in taken.findings)
    return Layer(part, taken.code, taken.name, taken.condition, checks, tried)


_NOWHERE = {
    ("mdc", False): Said("没有主要诊断，不分组", "without a principal diagnosis nothing is tried"),
    ("mdc", True): Said("没有符合条件的大类", "no category's condition holds"),
    ("adrg", True): Said("该大类的病组都不符合", "no group of the category holds"),
    ("adrg", False): Said("未到这一层", "this layer was not reached"),
    ("drg", True): Said("细分条件都不符合，可能缺少所需的数据", "no split holds; a value it needs may be missing"),
    ("drg", False): Said("未到这一层", "this layer was not reached"),
}


def _why(step: Step) -> Said:
    """Why a step did not take the stay. One that matched had groups of its own, and none of them did."""
    if step.matched:
        return Said("条件符合，但其中没有符合的病组", "the condition holds, but no group of it does")
    return wording.conjoin(dict.fromkeys(finding.said(step.part) for finding in step.causes()))


def _sides(finding: Finding, part: str) -> tuple[Said, Said, bool]:
    """The condition and, beside it, the fact of the stay."""
    condition = wording.rule(finding.test, part)
    if not isinstance(finding.test, InList | Operation | Sites):
        return condition, wording.fact(finding.test, finding.seen), finding.holds
    kind = "proc" if isinstance(finding.test, Operation) or "proc" in getattr(finding.test, "kind", "") else "dx"
    if finding.codes:
        shown = "、".join(str(_named(kind, code)) for code in finding.codes)
        return condition, Said(shown, shown), finding.holds
    return condition, finding.said(part), finding.holds
