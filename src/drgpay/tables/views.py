"""Tables nobody writes into results: read from several tables of a run together, so that a page shows one."""

from __future__ import annotations

from dataclasses import replace

from drgpay.tables.inputs import STAYS
from drgpay.tables.model import Column, Table
from drgpay.tables.modes import STAY_MODES
from drgpay.tables.results import BASE_GROUPS, CASE_POINTS, GROUPED

SETTLED_STAYS = Table(
    "settled_stays", "结算病例", "stays of the period with group, points and payment, read from grouped, "
    "case_points, stay_modes and stay_payments", "view", ("institution_id", "stay_id"),
    (
        *(GROUPED[n] for n in ("stay_id", "person_id", "institution_id", "department_id", "doctor_id",
                               "insurance_scheme", "sex", "age", "los", "admission_date", "discharge_date",
                               "discharge_way")),
        Column("dx1", "code", "主要诊断", "principal diagnosis", null=True),
        Column("proc1", "code", "主要手术操作", "principal procedure", null=True),
        *(GROUPED[n] for n in ("year", "month", "mdc", "adrg", "drg", "severity", "status")),
        STAY_MODES["mode"],
        *(replace(CASE_POINTS[n], null=True) for n in ("case_class", "coefficient", "discount")),
        BASE_GROUPS["base_points"],
        *(replace(CASE_POINTS[n], null=True) for n in ("extra", "points")),
        *(STAYS[n] for n in ("total_cost", "personal_paid", "fund_by_item")),
        Column("due", "fen", "应付", "what the fund owes for the stay: of the year, or of the run's month; of a "
               "payment mode before its assessment; a refused stay: 0"),
        Column("refused", "fen", "不予支付", "what would be owed if the stay were not refused"),
        Column("actual", "fen", "项目基金应付", "what the fund would pay item by item; a refused stay: 0"),
        Column("balance", "fen", "结余(超支)", "due − actual: surplus (+) or overspend (−)"),
    ),
)  # fmt: skip

VIEWS = (SETTLED_STAYS,)
"""tables read from others"""
