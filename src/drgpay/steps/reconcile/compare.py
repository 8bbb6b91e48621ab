"""What differs between a returned line and the own stay, in one kind each, with the likely cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from drgpay.errors import DrgpayError
from drgpay.tables import KINDS_OF_DIFFERENCE, RECONCILIATION, RECONCILIATION_TOTALS
from drgpay.units import parse_scaled

Row = dict[str, Any]

_WEIGHT_DECIMALS = 9
_OUTLIERS = ("low", "high")

CAUSES: Mapping[str, tuple[str, str]] = {
    "scheme": (
        "返回病组与方案 {} 的结果一致:对方用了另一版分组方案",
        "as {} groups it: another scheme version",
    ),
    "switch": (
        "打开方案开关 {} 后一致:对方按另一种读法分组",
        "same with switch {}: another reading of the scheme",
    ),
    "edition": ("按国临版编码转换后一致:提交的编码版本不同", "the same with clinical codes converted: other edition"),
    "procedures": ("手术 {} 作主要手术时一致:手术顺序不同", "the same with {} as the first procedure: other order"),
    "principal": (
        "诊断 {} 作主要诊断时一致:诊断顺序不同",
        "same with {} as the principal diagnosis: other order",
    ),
    "without": (
        "没有编码 {} 时一致:提交的清单少了这个编码",
        "same without {}: the list submitted lacks the code",
    ),
    "not_resubmitted": (
        "费用或病组不同而日期相同:清单可能改后没有重新提交",
        "cost or group differs: the list may not have been submitted again after a change",
    ),
    "severity": ("核心病组相同而并发症程度不同:核对其他诊断", "same ADRG, other severity: check the other diagnoses"),
    "other_adrg": ("核心病组不同:核对主要诊断和主要手术", "another ADRG: check principal diagnosis and procedure"),
    "bounds": ("费用相同而倍率不同:倍率界值或例均费用不同", "same cost, other class: other multiples or group mean"),
    "class_cost": ("费用不同导致倍率不同", "another class because the cost differs"),
    "cost": (
        "费用不同:有退费、补记或未重新提交的结算",
        "cost differs: refund, later charge, or not resubmitted",
    ),
    "coefficient": ("系数不同:核对公布的机构系数", "coefficient differs: check the one published"),
    "points": ("病组和费用相同而点数(权重)不同:核对病组表版本", "points or weight differ: check the table of groups"),
    "payment": ("点数相同而支付不同:点值(费率)或调整不同", "payment differs: other value or rate, or adjusted"),
    "zero_balance": ("高低倍率按实际费用支付,盈亏为零", "an outlier paid at cost: its balance is zero"),
    "missing": (
        "返回中没有:未上传、未结算或不在本期",
        "not returned: not uploaded, not settled, other period",
    ),
    "extra": (
        "本院没有这个病例:跨期、他院或文件不全",
        "no such own stay: other period or house, or file incomplete",
    ),
    "repeated": ("同一结算或病案在返回中有几行,不能对上", "several lines of one settlement or record: not matched"),
    "refund": ("退费冲销,一正一负抵消", "a charge and its refund, which cancel each other"),
}
"""likely causes in words: Chinese, English"""

ACTIONS = ("group", "class", "cost", "coefficient", "points", "payment", "missing", "repeated")
"""kinds worth an objection or a question"""


@dataclass(frozen=True)
class Tolerance:
    """What is still the same: money in fen, points in 1/10,000, coefficients in 1/10,000."""

    fen: int = 1
    points: int = 100
    coefficient: int = 0


def compared(pairs: pl.DataFrame, tolerance: Tolerance) -> list[Row]:
    """Rows of ``reconciliation`` from :func:`matched`, causes by kind alone; :func:`explained` knows more."""
    return [_row(one, tolerance) for one in pairs.iter_rows(named=True)]


def _row(one: Row, tolerance: Tolerance) -> Row:
    kinds = _kinds(one, tolerance)
    kind = kinds[0] if kinds else "same"
    cause = {"class": "class_cost" if "cost" in kinds else "bounds", "group": _of_group(one, kinds)}.get(kind, kind)
    zh, en = CAUSES.get(cause, ("", ""))
    ours, theirs = one["o_payment"], one["t_payment"]
    both = ours is not None and theirs is not None and kind not in ("refund",)
    return {
        "line": one["t_line"] or 0,
        "stay_id": one["o_stay_id"] or "",
        "settlement_id": one["t_settlement_id"] or "",
        "record_number": one["t_record_number"] or one["o_record_number"] or "",
        "discharge_date": one["t_discharge_date"] or one["o_discharge_date"],
        "matched_by": one["matched_by"],
        "kind": kind,
        "also": "|".join(kinds[1:]),
        **{
            name: value
            for mine, yours, key in (
                ("drg", "returned_drg", "drg"), ("case_class", "returned_class", "case_class"),
                ("weight", "returned_weight", "weight"), ("points", "returned_points", "points"),
                ("coefficient", "returned_coefficient", "coefficient"), ("total_cost", "returned_cost", "total_cost"),
                ("payment", "returned_payment", "payment"),
            )
            for name, value in ((mine, one[f"o_{key}"]), (yours, one[f"t_{key}"]))
        },
        "amount": ours - theirs if both else None,
        "object": kind in ACTIONS,
        "cause_zh": zh,
        "cause_en": en,
        "remark": one["t_remark"],
    }  # fmt: skip


def _kinds(one: Row, tolerance: Tolerance) -> list[str]:
    """What differs, the root of it first: another group explains class and points."""
    if one["state"]:
        return [one["state"]]
    if one["o_stay_id"] is None:
        return ["extra"]
    if one["t_line"] is None:
        return ["missing"]
    cost, paid = one["t_total_cost"], one["t_payment"]
    found = {
        "group": _differ(one, "drg"),
        "class": _differ(one, "case_class"),
        "cost": _apart(one, "total_cost", tolerance.fen),
        "coefficient": _apart(one, "coefficient", tolerance.coefficient),
        "points": _apart(one, "points", tolerance.points) or _weights_differ(one),
        "payment": _apart(one, "payment", tolerance.fen),
    }
    balance = one["t_balance"] if one["t_balance"] is not None else None if None in (cost, paid) else paid - cost
    if balance == 0 and one["t_case_class"] in _OUTLIERS and not any(found[k] for k in ("group", "class", "cost")):
        return ["zero_balance", *(k for k in ("coefficient", "points", "payment") if found[k])]
    return [kind for kind, here in found.items() if here]


def _differ(one: Row, name: str) -> bool:
    mine, yours = one[f"o_{name}"], one[f"t_{name}"]
    return mine is not None and yours is not None and str(mine).upper() != str(yours).upper()


def _apart(one: Row, name: str, by: int) -> bool:
    mine, yours = one[f"o_{name}"], one[f"t_{name}"]
    return mine is not None and yours is not None and abs(mine - yours) > by


def _weights_differ(one: Row) -> bool:
    """Weights differ beyond what the coarser of the two prints."""
    mine, yours = one["o_weight"], one["t_weight"]
    if not mine or not yours:
        return False
    try:
        exact = [parse_scaled(text, _WEIGHT_DECIMALS) for text in (mine, yours)]
    except DrgpayError:
        return str(mine).strip() != str(yours).strip()
    printed = min(len(text.strip().partition(".")[2]) for text in (mine, yours))
    unit: int = 10 ** (_WEIGHT_DECIMALS - min(printed, _WEIGHT_DECIMALS))
    return 2 * abs(exact[0] - exact[1]) > unit


def _of_group(one: Row, kinds: Sequence[str]) -> str:
    if "cost" in kinds:
        return "not_resubmitted"
    same = str(one["o_drg"])[:3].upper() == str(one["t_drg"])[:3].upper()
    return "severity" if same else "other_adrg"


def explained(rows: list[Row], causes: Mapping[str, tuple[str, str]]) -> list[Row]:
    """The rows with causes found for stays: stay → (key of :data:`CAUSES`, what it names)."""
    return [_with(row, *causes[row["stay_id"]]) if row["stay_id"] in causes else row for row in rows]


def _with(row: Row, cause: str, named: str) -> Row:
    zh, en = (text.format(named) for text in CAUSES[cause])
    return {**row, "cause_zh": zh, "cause_en": en}


def totals(rows: list[Row]) -> list[Row]:
    """Rows of ``reconciliation_totals``; the kinds add up to ``all``."""
    RECONCILIATION.of(rows)
    sums: dict[str, Row] = {kind: _empty(kind) for kind in (*KINDS_OF_DIFFERENCE, "all")}
    for row in rows:
        for kind in (row["kind"], "all"):
            into = sums[kind]
            into["lines"] += row["line"] > 0
            into["stays"] += row["stay_id"] != ""
            into["objections"] += row["object"]
            for name in ("total_cost", "returned_cost", "payment", "returned_payment", "amount"):
                into[name] += row[name] or 0
    found = [sums[kind] for kind in (*KINDS_OF_DIFFERENCE, "all") if sums[kind]["lines"] or sums[kind]["stays"]]
    RECONCILIATION_TOTALS.of(found)
    return found


def _empty(kind: str) -> Row:
    return {"kind": kind} | dict.fromkeys((c.name for c in RECONCILIATION_TOTALS.columns[1:]), 0)
