"""Tables of a year's sharing ratios: what is proposed, why, and what the joint meeting decided."""

from __future__ import annotations

from drgpay.tables.model import Column, Table

SHARING_ITEMS = ("surplus_kept", "overspend_borne")
"""what a joint meeting decides: shares of a surplus kept, and the share of reasonable overspend the fund bears"""
SHARING_GROUNDS = ("months_employee", "months_resident", "growth", "quality")
SHARING_FINDINGS = ("red", "green", "yellow", "above", "within", "reached", "missed", "unknown")

_YEAR = Column("year", "int16", "年度", "year", low=1990, high=2200)
_ITEM = Column(
    "item", "code", "事项", "item; surplus_kept = share of a surplus kept 结余留用, overspend_borne = share of a "
    "reasonable overspend that the fund bears 超支分担", choices=SHARING_ITEMS,
)  # fmt: skip
_BAND = Column("band", "int16", "档次", "band of actual ÷ due, from 1 upwards; 0 where there are none", low=0)
_BELOW = Column("below", "ratio", "使用率低于", "upper bound of the band, not included; empty: the last one",
                null=True, low=0)  # fmt: skip

SHARING_MINUTES = Table(
    "sharing_minutes", "联席会议分担比例", "sharing ratios of a year as the joint meeting decided them", "register",
    ("year", "item", "band"),
    (
        _YEAR, _ITEM, _BAND, _BELOW,
        Column("ratio", "ratio", "比例", "ratio decided", low=0, high=10_000),
        Column("minutes", "text", "纪要文号", "number of the minutes"),
        Column("decided_on", "date", "会议日期", "day of the meeting"),
    ),
    files=("联席会议纪要",),
)  # fmt: skip

SHARING_SERIES = Table(
    "sharing_series", "结余与支出历年", "the fund and its institutions over the years before", "fund", ("year",),
    (
        _YEAR,
        Column("expenditure", "fen", "基金支出", "expenditure of all insurance schemes", low=0),
        Column("growth", "ratio", "支出增幅", "growth over the year before, half up; null: none known", null=True),
        Column("insured", "int64", "参保人数", "insured persons (register area_values); null: not reported",
               null=True, low=0),
        Column("per_head", "fen", "人均基金支出", "expenditure ÷ insured, half up", null=True, low=0),
        Column("per_head_growth", "ratio", "人均增幅", "growth of it, half up", null=True),
        Column("institutions", "int64", "清算机构数", "institutions with a statement of the year; null: its clearing "
               "was not given", null=True, low=0),
        Column("in_surplus", "int64", "有结余机构数", "of them: due exceeds actual over all schemes", null=True,
               low=0),
        Column("surplus_share", "ratio", "结余机构占比", "in surplus ÷ institutions, half up", null=True),
        Column("graded", "int64", "考核机构数", "institutions with a grade", low=0),
        Column("well_graded", "int64", "良好以上机构数", "of them excellent or good", low=0),
    ),
)  # fmt: skip

SHARING_REASONS = Table(
    "sharing_reasons", "分担比例调整理由", "what moves the ratios of a year, by the rule of the policy", "fund",
    ("year", "ground"),
    (
        _YEAR,
        Column("ground", "code", "依据", "months of payment by scheme, growth of expenditure, quality",
               choices=SHARING_GROUNDS),
        Column("value", "ratio", "值", "months of payment; growth; share of institutions graded good or better; "
               "null: not known", null=True),
        Column("bound", "ratio", "界限", "what it was compared with: the bound of the band that was crossed (or its "
               "lower one), highest growth, share asked for", null=True),
        Column("finding", "code", "判断", "finding", choices=SHARING_FINDINGS),
        Column("keep_step", "ratio", "留用比例增减", "added to the shares kept"),
        Column("bear_step", "ratio", "分担比例增减", "added to the share the fund bears"),
    ),
)  # fmt: skip

SHARING_RATIOS = Table(
    "sharing_ratios", "年度分担比例", "sharing ratios of a year: last year's, proposed, decided", "fund",
    ("year", "item", "band"),
    (
        _YEAR, _ITEM, _BAND, _BELOW,
        Column("before", "ratio", "上年比例", "of the year as it was known when the year began", low=0),
        Column("proposed", "ratio", "建议比例", "before + steps, within the rule's bounds", low=0),
        Column("decided", "ratio", "决定比例", "decided by the joint meeting; null: not yet", null=True, low=0),
        Column("minutes", "text", "纪要文号", "number of the minutes", null=True),
    ),
)  # fmt: skip

SHARING_TABLES = (SHARING_SERIES, SHARING_REASONS, SHARING_RATIOS)
