"""What follows from an evaluation: grades, indicator values, supervision tiers, entry and exit of institutions.

Grades and indicator values are rows of the registers that settlement (deposit, second distribution) and coefficients
(management, guidance) read; nothing is paid here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.units import ONE, show_percent

Row = dict[str, Any]
GRADE_NAMES = {"excellent": "优秀", "good": "良好", "pass": "合格", "fail": "不合格"}
"""grades in Chinese"""
_REGISTER = {
    "cost_index": "cost_index",
    "time_index": "time_index",
    "visits_per_head": "visits_per_head",
    "out_of_policy_share": "out_of_policy_share",
    "readmit_15": "readmission_rate",
    "drg_count": "groups_treated",
    "record_completeness": "record_completeness",
    "record_accuracy": "record_accuracy",
}
"""indicator → its name in the register ``indicator_values``"""
REGISTERED = tuple(_REGISTER.values())
"""what an evaluation writes into that register"""
TECHNICAL = "technical_level"
"""reported item that is the technical level of the capacity coefficient"""


def grade_register(results: Iterable[Row]) -> list[Row]:
    """Rows of register ``grades``: every institution that was graded."""
    return [{k: r[k] for k in ("year", "institution_id", "grade")} for r in results if r["grade"] is not None]


def indicator_register(figures: Iterable[Row], reported: Iterable[Row], year: int) -> list[Row]:
    """Rows of register ``indicator_values``. A value of too few cases is left out: whoever reads the register takes
    no step for what it does not hold."""
    rows = [
        {
            "year": year,
            "institution_id": r["institution_id"],
            "indicator": _REGISTER[r["indicator"]],
            "value": r["value"],
        }
        for r in figures
        if r["scope"] == "institution" and r["indicator"] in _REGISTER and r["value"] is not None and not r["small"]
    ]
    return rows + [
        {"year": year, "institution_id": r["institution_id"], "indicator": TECHNICAL, "value": r["value"]}
        for r in reported
        if r["item"] == TECHNICAL and r["value"] is not None
    ]


def tiers(results: Iterable[Row], policy: Policy) -> list[Row]:
    """Rows of table ``supervision_tiers``: by grade, as the policy says; none where it says nothing."""
    levels, shares = (policy.table_or_none(f"evaluation.{name}") for name in ("supervision_tier", "sampling_share"))
    if levels is None or shares is None:
        return []
    rows = []
    for r in results:
        if r["grade"] is None:
            continue
        tier, share = levels[r["grade"]], shares[r["grade"]]
        if tier % ONE:
            raise DrgpayError(
                Kind.POLICY,
                zh="监管级别应为整数",
                en="a supervision tier is a whole number",
                field="evaluation.supervision_tier",
                value=r["grade"],
                fix_zh="写 1 到 4 的整数",
                fix_en="write a whole number from 1 to 4",
            )
        tier //= ONE
        rows.append(
            {
                "year": r["year"],
                "institution_id": r["institution_id"],
                "grade": r["grade"],
                "tier": tier,
                "sampling_share": share,
                "zh": f"等级 {GRADE_NAMES[r['grade']]},监管级别 {tier},抽查 {show_percent(share)}",
                "en": f"grade {r['grade']}, tier {tier}, {show_percent(share)} of the stays checked",
            }
        )
    return rows


def supervision_register(tiers: Iterable[Row]) -> list[Row]:
    """Rows of register ``supervision`` from those of table ``supervision_tiers``."""
    return [{k: r[k] for k in ("year", "institution_id", "tier", "sampling_share")} for r in tiers]


def changes(
    results: Iterable[Row], institutions: Iterable[Row], applicants: Iterable[Row], policy: Policy
) -> list[Row]:
    """Rows of table ``institution_changes``: total balance, dynamic adjustment, slight increase.

    Designated institutions of the leaving grade leave, those of the watched grade get time to mend, the others stay.
    Applicants with at least the entering grade enter, the best first, while there is room: what left, and
    ``evaluation.net_growth`` of those designated, rounded down; the others wait. Ties go by the id.
    """
    names = [policy.choice_or_none(f"evaluation.{name}_grade") for name in ("leave", "watch", "entry")]
    growth = policy.ratio_or_none("evaluation.net_growth")
    if None in names or growth is None:
        return []
    leave, watch, entry = names
    result = {r["institution_id"]: r for r in results}
    order = ("excellent", "good", "pass", "fail")
    rows = []
    designated = [_change(i, result, applicant=False) for i in institutions]
    for row in designated:
        if row["grade"] is not None:
            row["decision"] = {leave: "leave", watch: "watch"}.get(row["grade"], "keep")
        rows.append(row)
    left = sum(row["decision"] == "leave" for row in designated)
    room = left + len(designated) * growth // ONE
    said = (f"名额 {room}(退出 {left},净增上限 {show_percent(growth)})", f"room for {room} ({left} left, at most "
            f"{show_percent(growth)} more)")  # fmt: skip
    waiting = [_change(i, result, applicant=True) for i in applicants]
    able = [r for r in waiting if r["grade"] is not None and order.index(r["grade"]) <= order.index(str(entry))]
    able.sort(key=lambda r: (-r["total"], r["institution_id"]))
    for place, row in enumerate(able):
        row["decision"] = "enter" if place < room else "wait"
    for row in waiting:
        if row["grade"] is not None:
            if row["decision"] == "open":
                row["decision"] = "wait"
            row["zh"], row["en"] = f"{row['zh']};{said[0]}", f"{row['en']}; {said[1]}"
    return rows + waiting


def _change(institution: Row, results: Mapping[str, Row], *, applicant: bool) -> Row:
    found = results.get(institution["institution_id"])
    if found is None:
        raise DrgpayError(
            Kind.BROKEN, zh="机构没有评分", en="an institution without marks", value=institution["institution_id"]
        )
    grade = found["grade"]
    return {
        "year": found["year"],
        "institution_id": institution["institution_id"],
        "name": institution["name"],
        "level": institution["level"],
        "applicant": applicant,
        "total": found["total"],
        "grade": grade,
        "decision": "open",
        "zh": f"等级 {GRADE_NAMES[grade]}" if grade else "未评等级",
        "en": f"grade {grade}" if grade else "not graded",
    }
