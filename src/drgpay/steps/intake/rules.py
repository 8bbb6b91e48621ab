"""The catalogue of checks: what each means, how grave it is for each need, and what to do about it.

Three needs: ``grouping`` (a file only to be grouped), ``settlement`` (stays that will be paid) and ``estimate``
(stays to be grouped and priced, discharged or not; a check is as grave as it is for grouping). ``error`` keeps the
row out, ``warn`` lets it go on, ``info`` is a hint on the quality of coding that is given only when asked for. A
check never changes what it judges. The catalogue itself is ``data/checks/rules.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import yaml

from drgpay.tables import Column
from drgpay.units import show_fen

NEEDS = ("grouping", "settlement", "estimate")
LEVELS = ("error", "warn", "info")
ABOUT = ("completeness", "accuracy")
RESPONSIBLE = {
    "clinical": ("临床科室", "clinical department"),
    "records": ("病案室", "medical records"),
    "billing": ("收费处", "billing office"),
    "insurance_office": ("医保办", "insurance office"),
    "it": ("信息科", "IT"),
}
"""who can mend a finding: (Chinese, English)"""


@dataclass(frozen=True)
class Rule:
    """One check. ``levels``: need -> level; a need that is not in it does not apply the check.

    ``about``: completeness or accuracy; ``responsible``: one of :data:`RESPONSIBLE`; ``deduct``: points a stay loses
    for it, of 100, once per column, and ``deduct_by_field``: the same for columns that weigh more. ``{zh}``,
    ``{name}`` and ``{limits}`` in the texts stand for the column it is applied to.
    """

    id: str
    levels: Mapping[str, str]
    about: str
    responsible: str
    deduct: int
    zh: str
    en: str
    fix_zh: str
    fix_en: str
    deduct_by_field: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (
            not set(self.levels) <= set(NEEDS)
            or not set(self.levels.values()) <= set(LEVELS)
            or self.about not in ABOUT
            or self.responsible not in RESPONSIBLE
        ):
            raise ValueError(f"rule {self.id}: a word that is not in its list")

    def texts(self, column: Column | None = None) -> tuple[str, str]:
        """(Chinese, English): what is wrong and what to do; without a column in general terms."""
        of = {
            "zh": column.zh if column else "该值",
            "name": column.name if column else "the value",
            "limits": _limits(column) if column else "…",
        }
        return f"{self.zh};{self.fix_zh}".format(**of), f"{self.en}; {self.fix_en}".format(**of)


def read_data(name: str) -> list[dict[str, Any]]:
    """A list of the package data of the checks: ``rules`` or ``lists``."""
    text = files("drgpay").joinpath("data", "checks", f"{name}.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it was built
    found: list[dict[str, Any]] = yaml.load(text, loader)
    return found


def _rule(row: dict[str, Any]) -> Rule:
    level = row.pop("level")
    levels = dict.fromkeys(NEEDS, level) if isinstance(level, str) else dict(level)
    if "grouping" in levels:
        levels.setdefault("estimate", levels["grouping"])
    return Rule(levels=levels, **row)


RULES: dict[str, Rule] = {rule.id: rule for rule in map(_rule, read_data("rules"))}
"""every check by its id"""


def _limits(column: Column) -> str:
    """What a column may hold, in words; money in yuan."""
    if column.type != "fen":
        return column.constraint()
    low, high = (None if bound is None else show_fen(bound, group=False) for bound in (column.low, column.high))
    return f"{low or ''}–{high or ''}"


def limits(column: Column) -> tuple[int, int]:
    """(low, high) of a column, inclusive; where there is no bound, the ends of 64 bits."""
    return column.bounds or (-(2**63), 2**63 - 1)
