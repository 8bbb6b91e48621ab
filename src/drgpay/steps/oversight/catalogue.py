"""The catalogue of rules and limits (``data/oversight/rules.yaml``), and the limits a policy sets instead.

Every number a bureau may decide is a limit with its source; ``oversight.limits`` of a practice overrides it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.sources import in_words
from drgpay.tables import VIOLATION_TYPES
from drgpay.units import ONE, parse_scaled

PARAMETER = "oversight.limits"
AMOUNTS = ("refuse", "merge", "regroup", "low", "visits", "charges", "none")


@dataclass(frozen=True)
class Both:
    """A text in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Sign:
    """A sign that adds to a rule's score: its weight (1/10,000) and what it shows."""

    weight: int
    words: Both


@dataclass(frozen=True)
class Violation:
    """A type of violation: its name, clause, and whether its rules are mechanical or a matter of judgement."""

    id: str
    words: Both
    clause: str
    kind: str

    @property
    def term(self) -> Both:
        """Legal term with clause."""
        zh, en = in_words(self.clause, "zh"), in_words(self.clause, "en")
        return Both(f"{self.words.zh}({zh})", f"{self.words.en} ({en})")


@dataclass(frozen=True)
class Rule:
    """A rule on stays, persons or institutions. ``needs``: ``table.column`` without which it is not run; ``amount``:
    one of :data:`AMOUNTS`; ``no_amount``: why there is none, where there is none; ``base``: score of a candidate
    before its signs."""

    id: str
    violation: str
    form: str
    words: Both
    needs: tuple[str, ...]
    amount: str
    base: int
    signals: Mapping[str, Sign]
    exclusions: Both
    false: Both
    no_amount: Both | None = None


@dataclass(frozen=True)
class AlertRule:
    """An alert: whom it is about, the limit that fires it, for how many months, who answers and in how many days."""

    id: str
    name: str
    scope: str
    limit: str
    words: Both
    action: Both
    owner: str
    days: int
    months: str = ""


@dataclass(frozen=True)
class Limit:
    """A number a bureau may set: in 1/10,000 of its unit (days, ratio, count, score; yuan)."""

    value: int
    unit: str
    source: str


@dataclass(frozen=True)
class Limits:
    """The limits in force."""

    values: Mapping[str, Limit] = field(repr=False)

    def ratio(self, name: str) -> int:
        """In 1/10,000."""
        return self.values[name].value

    def whole(self, name: str) -> int:
        """Days or counts."""
        return self.values[name].value // ONE

    def fen(self, name: str) -> int:
        """Money."""
        return self.values[name].value // 100

    def score(self, rule: Rule) -> int:
        """Score from which a candidate of the rule is shown: the rule's own limit, else its violation's."""
        own = self.values.get(f"score.{rule.id}")
        return own.value if own else self.values[f"score.{rule.violation}"].value

    def least(self, rule: Rule) -> int:
        """Score from which a candidate is listed at all: below :meth:`score` as one that the data cannot tell from
        honest care, where the violation has such a limit."""
        unclear = self.values.get(f"unclear.{rule.violation}")
        return min(unclear.value, self.score(rule)) if unclear else self.score(rule)


@cache
def _data() -> dict[str, Any]:
    text = files("drgpay").joinpath("data", "oversight", "rules.yaml").read_text(encoding="utf-8")
    # Every scalar stays text: no float ever exists. The compiled reader is ten times as fast, where it was built.
    found: dict[str, Any] = yaml.load(text, getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    return found


def _both(row: Mapping[str, str], prefix: str = "") -> Both:
    return Both(row[f"{prefix}zh"], row[f"{prefix}en"])


def _rule(row: dict[str, Any]) -> Rule:
    shared = row["signals"].get("<<", {})
    own = {name: s for name, s in row["signals"].items() if name != "<<"}
    signs = {name: Sign(parse_scaled(s["weight"], 4), _both(s)) for name, s in (shared | own).items()}
    if row["violation"] not in VIOLATION_TYPES or row["amount"] not in AMOUNTS:
        raise ValueError(f"rule {row['id']}: a word that is not in its list")
    if (row["amount"] == "none") != ("no_amount" in row):
        raise ValueError(f"rule {row['id']}: an amount, or why there is none")
    return Rule(
        row["id"],
        row["violation"],
        row["form"],
        _both(row),
        tuple(row["needs"]),
        row["amount"],
        parse_scaled(row["base"], 4),
        MappingProxyType(signs),
        _both(row["exclusions"]),
        _both(row["false"]),
        _both(row["no_amount"]) if "no_amount" in row else None,
    )


def _alert(row: dict[str, Any]) -> AlertRule:
    return AlertRule(
        row["id"],
        row["name"],
        row["scope"],
        row["limit"],
        _both(row),
        _both(row, "action_"),
        row["owner"],
        int(row["days"]),
        row.get("months", ""),
    )


RULES: Mapping[str, Rule] = MappingProxyType({r["id"]: _rule(r) for r in _data()["rules"]})
"""every rule by its id"""
ALERT_RULES: Mapping[str, AlertRule] = MappingProxyType({a["name"]: _alert(a) for a in _data()["alerts"]})
"""every alert by its name"""
TYPES: Mapping[str, Violation] = MappingProxyType(
    {k: Violation(k, _both(v), v["clause"], v["kind"]) for k, v in _data()["violations"].items()}
)
"""every type of violation"""
LISTS: Mapping[str, tuple[str, ...]] = MappingProxyType({k: tuple(v) for k, v in _data()["lists"].items()})
"""lists of codes, each with all its subdivisions"""
DEFAULTS = Limits(
    MappingProxyType(
        {k: Limit(parse_scaled(v["value"], 4), v["unit"], v["source"]) for k, v in _data()["limits"].items()}
    )
)


def limits(policy: Policy) -> Limits:
    """The limits with those the policy sets instead. POLICY when it names one that does not exist."""
    own = policy.table_or_none(PARAMETER)
    if own is None:
        return DEFAULTS
    source = policy.source(PARAMETER).source
    merged = dict(DEFAULTS.values)
    for name, value in own.items():
        rule = name.removeprefix("score.")
        if name not in merged and not (name.startswith("score.") and rule in RULES):
            near = get_close_matches(name, merged, n=1, cutoff=0)
            raise DrgpayError(
                Kind.POLICY,
                zh="没有这样的监管阈值",
                en="no such limit of oversight",
                field=PARAMETER,
                value=name,
                fix_zh=f"改为 {near[0]};全部阈值见 drgpay oversee limits",
                fix_en=f"did you mean {near[0]}? drgpay oversee limits lists them all",
            )
        unit = merged[name].unit if name in merged else "score"
        merged[name] = Limit(value, unit, source)
    return Limits(MappingProxyType(merged))


def limits_of(values: Mapping[str, int]) -> Limits:
    """The limits a look was made with, as its manifest keeps them; those it did not know yet are the catalogue's."""
    own = {k: Limit(v, DEFAULTS.values[k].unit if k in DEFAULTS.values else "score", "") for k, v in values.items()}
    return Limits(MappingProxyType(dict(DEFAULTS.values) | own))


def missing(rule: Rule, brought: Collection[str]) -> tuple[str, ...]:
    """Columns the rule needs that were not brought."""
    return tuple(need for need in rule.needs if need not in brought)
