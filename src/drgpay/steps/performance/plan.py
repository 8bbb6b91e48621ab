"""The hospital's plan: a file of the form of a policy, with a dictionary of its own, and the checks of the whole."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Dictionary, Policy, practice_text, practices, read_dictionary, read_practice, replay
from drgpay.units import ONE, show_percent

RULE = "医保发〔2025〕18号"
"""the national rule a plan of surplus sharing must acknowledge"""

WARNING = (
    f"警告：本方案按结余分享。{RULE} 禁止以 DRG/DIP 支付标准作为限额或医务人员绩效考核指标；"
    "本方案已声明知悉，责任由医院承担。",
    f"Warning: this plan shares surplus. {RULE} forbids DRG/DIP payment standards as limits or as indicators of "
    "medical staff's pay; the plan acknowledges the rule, and the hospital answers for it.",
)
"""stands on every report of a plan of surplus sharing"""

NO_LIMIT = (
    f"预期支付只供了解，不是诊疗限额（{RULE}）",
    f"the expected payment is for information and no limit of care ({RULE})",
)
"""stands under every estimate of a stay in house"""

_WHOLES = ("split.shares", "overspend.shares", "sharing.weights", "pools.shares", "roles.shares",
           "roles.without_operation")  # fmt: skip
"""tables whose parts are a whole"""


def plans_folder() -> Traversable:
    """The folder of the shipped plans and their dictionary."""
    return files("drgpay") / "data" / "performance"


@cache
def plan_dictionary() -> Dictionary:
    """What a plan decides: name, type, bounds, meaning in both languages."""
    return read_dictionary((plans_folder() / "parameters.yaml").read_text("utf-8"))


def plans() -> list[str]:
    """Ids of the shipped plans."""
    return practices(plans_folder())


def load_plan(plan: str | Path, on: date) -> Policy:
    """The plan in force on a day: a shipped one by its id, or a file by its path. Raises POLICY for anything that is
    not strict YAML, unknown, out of range, for parts that are not 100 % together, and for surplus sharing without the
    acknowledgement of :data:`RULE`."""
    words = plan_dictionary()
    text, label = practice_text(plan, plans_folder())
    return check_plan(replay(read_practice(text, label, words), words, on=on), label)


def check_plan(plan: Policy, file: str) -> Policy:
    """The plan itself, when its parameters go together."""
    for name in _WHOLES:
        parts = plan.table_or_none(name) if name == "split.shares" else plan.table(name)
        if parts is not None and sum(parts.values()) != ONE:
            raise _wrong(
                file, name, f"各部分合计 {show_percent(sum(parts.values()))}，应为 100%",
                f"the parts add up to {show_percent(sum(parts.values()))}, not to 100 %",
                "改到合计 100%", "change them to 100 %", plan.source(name).value,
            )  # fmt: skip
    if plan.choice("legal.basis") == "surplus_sharing" and plan.choice_or_none("legal.acknowledged") is None:
        raise _wrong(
            file, "legal.acknowledged",
            f"按结余分享须声明知悉 {RULE}：不得以支付标准作为限额或医务人员绩效指标",
            f"sharing surplus needs the acknowledgement of {RULE}: payment standards are neither limits nor "
            "indicators of medical staff's pay",
            f"改用 quality_and_efficiency，或在方案中写 legal.acknowledged: {RULE}",
            f"use quality_and_efficiency, or write legal.acknowledged: {RULE} into the plan", "none",
        )  # fmt: skip
    if (plan.integer_or_none("pause.months") is None) != (plan.ratio_or_none("pause.cost_index") is None):
        raise _wrong(
            file, "pause.months", "暂停发放的月数和界限须同时给出或都不给出",
            "months and bound of the pause go together",
            "补上或去掉其一", "give both or none", "none",
        )  # fmt: skip
    return plan


def shares_surplus(plan: Policy) -> bool:
    """Whether pay comes from the surplus: then every report carries :data:`WARNING`."""
    return plan.choice("legal.basis") == "surplus_sharing"


def _wrong(file: str, name: str, zh: str, en: str, fix_zh: str, fix_en: str, value: str) -> DrgpayError:
    return DrgpayError(
        Kind.POLICY, zh=zh, en=en, fix_zh=fix_zh, fix_en=fix_en, file=file, field=name, value=value
    )  # fmt: skip
