"""Tables of the book: what institutions hand in month by month, and what is booked of it."""

from __future__ import annotations

from dataclasses import replace

from drgpay.tables.inputs import INSTITUTION, INSURANCE, LEVELS, STAYS
from drgpay.tables.model import Column, Table
from drgpay.tables.results import CASE_POINTS
from drgpay.tables.taking import TAKEN_ROWS, TAKES

WITHDRAWN = Column(
    "withdrawn", "flag", "撤销", "the stay is taken back; in a file of stays that is handed in, beside its columns",
    null=True, aliases=("撤回", "作废", "是否撤销", "是否作废"),
)  # fmt: skip

BATCHES = Table(
    "batches", "提交批次", "what an institution handed in for a month, in the order of receipt; `stays` is batch 0",
    "register", ("batch",),
    (
        Column("batch", "int32", "批次号", "number of the batch; later ones go before earlier ones", low=1),
        INSTITUTION,
        Column("month", "text", "月份", "month of discharge of its stays, YYYY-MM", aliases=("结算月份", "出院月份")),
        Column("file", "text", "文件", "file as received, below the region's folder"),
        Column("received_on", "date", "收到日期", "day of receipt; empty = always known", null=True),
        Column("supersedes", "int32", "更正批次", "the batch of the same institution and month before it", null=True,
               low=1),
        Column("reason", "text", "理由", "why it was handed in; a correction of a sealed month has one", null=True),
        Column("sha256", "text", "摘要", "sha256 of the file as received", null=True),
    ),
    kept="file",
)  # fmt: skip

STAY_CHANGES = Table(
    "stay_changes", "病例变更", "what a batch changes, stay by stay", "intake", ("stay_id",),
    (
        STAYS["stay_id"],
        Column("change", "code", "变更", "added, changed, withdrawn, or the same as before",
               choices=("added", "changed", "withdrawn", "same")),
    ),
)  # fmt: skip

_YEAR = Column("year", "int16", "年度", "year", low=1990, high=2200)
_MONTH = Column("month", "int8", "月份", "month", low=1, high=12)

MONTHS_PAID = Table(
    "months_paid", "已付月份", "months settled and paid outside the program, before the first link of a book",
    "register", ("year", "month", "insurance_scheme", "institution_id"),
    (
        _YEAR, _MONTH, INSURANCE, INSTITUTION,
        Column("due", "fen", "应付", "due of the month", low=0),
        Column("paid", "fen", "已拨付", "paid for the month", low=0),
        Column("deposit", "fen", "质量保证金", "deposit held back", low=0),
    ),
)  # fmt: skip

PAYMENT_HOLDS = Table(
    "payment_holds", "暂缓拨付", "institutions whose monthly payments are held, and until when", "register",
    ("hold_id",),
    (
        Column("hold_id", "text", "编号", "hold"),
        INSTITUTION,
        Column("from_date", "date", "起始日期", "months that end on or after this day are held"),
        Column("released_on", "date", "解除日期", "day of release; empty = still held", null=True),
        Column("reason", "text", "事由", "why: abnormal growth of costs, overuse of the advance, suspension, a case "
               "handed over"),
        Column("holds", "code", "暂缓范围", "months 各月拨付 (empty is the same), all 全部拨付 = the final "
               "payment too, amount 争议金额 = no more than the amount, of the months and the final payment of "
               "the year",
               null=True, choices=("months", "all", "amount")),
        Column("year", "int16", "年度", "with amount: the year whose payments it is held of", null=True, low=1990,
               high=2200),
        replace(INSURANCE, null=True, en="with amount: insurance scheme"),
        Column("amount", "fen", "金额", "with amount: what is held at most", null=True, low=0),
    ),
)  # fmt: skip

EVENTS_OF_INSTITUTIONS = ("opened", "closed", "renamed", "merged_into", "split", "level_changed")

INSTITUTION_EVENTS = Table(
    "institution_events", "机构沿革", "what became of institutions, and from which day on",
    "register", ("event_id",),
    (
        Column("event_id", "text", "编号", "event"),
        INSTITUTION,
        Column("event", "code", "事项", "opened 新设, closed 关闭, renamed 更名, merged_into 并入, split 拆分, "
               "level_changed 等级变更; with merged_into and split its past goes to the successor",
               choices=EVENTS_OF_INSTITUTIONS,
               aliases=("沿革事项", "变更事项")),
        Column("from_date", "date", "起始日期", "the first day on which it is so",
               aliases=("生效日期", "变更日期")),
        Column("successor", "code", "承继机构", "institution that it goes over into; with merged_into and split",
               null=True, aliases=("并入机构", "承继机构编号"), refers="institution"),
        Column("new_name", "text", "新名称", "with renamed", null=True),
        Column("new_level", "code", "新等级", "with level_changed", null=True, choices=LEVELS),
        Column("reason", "text", "依据", "document it goes by", null=True),
    ),
    files=("沿革", "机构变更"),
)  # fmt: skip

BASE_SUMS = Table(
    "base_sums", "机构基期合计", "an institution's trimmed stays of all base years in a group", "points",
    ("institution_id", "drg"),
    (
        INSTITUTION, CASE_POINTS["drg"],
        Column("n", "int64", "例数", "stays", low=0),
        Column("cost", "fen", "总费用", "their cost", low=0),
    ),
)  # fmt: skip

CAUSES_OF_CORRECTION = ("batch", "decision", "rule")

CORRECTIONS = Table(
    "corrections", "已封账月份的更正", "stays of sealed months whose points or price are others now", "settlement",
    ("month", "stay_id", "institution_id"),
    (
        Column("month", "int8", "被更正月份", "the sealed month", low=1, high=12),
        Column("found_in", "int8", "发现期次", "month of the run that found it; 13 = the clearing", low=1, high=13),
        STAYS["stay_id"], INSTITUTION, INSURANCE,
        Column("cause", "code", "原因", "batch 提交批次, decision 病例评议, rule: other stays 其他病例的影响",
               choices=CAUSES_OF_CORRECTION),
        Column("points_before", "points", "原点数", "points booked so far", low=0),
        Column("points_after", "points", "现点数", "points now, by the law of the sealed month", low=0),
        Column("personal_before", "fen", "原个人负担", "patient's payment booked so far", low=0),
        Column("personal_after", "fen", "现个人负担", "patient's payment now", low=0),
        Column("due_before", "fen", "原其他方式应付", "price under another payment mode booked so far"),
        Column("due_after", "fen", "现其他方式应付", "price under another payment mode now"),
        Column("class_before", "code", "原病例类型", "class booked so far", null=True),
        Column("class_after", "code", "现病例类型", "class now; none = withdrawn, or under another mode", null=True),
    ),
    folder=True,
)  # fmt: skip

MONTH_CASH = Table(
    "month_cash", "月度拨付", "what leaves the bank for an institution in a month of a book", "settlement",
    ("insurance_scheme", "institution_id"),
    (
        INSURANCE, INSTITUTION,
        Column("due", "fen", "当月应付", "due of the month", low=0),
        Column("deposit", "fen", "质量保证金", "deposit held back of it", low=0),
        Column("corrections", "fen", "更正", "corrections of sealed months paid (or taken) with this month"),
        Column("corrections_deposit", "fen", "更正中的保证金", "part of the corrections added to the deposit"),
        Column("carried_in", "fen", "上期结转", "owed from earlier months (negative)", high=0),
        Column("advance_netted", "fen", "冲抵预付", "instalment of the advance", low=0),
        Column("held", "fen", "暂缓拨付", "held back", low=0),
        Column("released", "fen", "解除暂缓", "held before and paid now", low=0),
        Column("moved", "fen", "沿革转移", "of an institution that is no more: given to its successor (+); of the "
               "successor: taken over (−)"),
        Column("paid", "fen", "实际拨付", "paid for the month, without what is released", low=0),
        Column("carried_out", "fen", "结转下期", "owed to the fund and carried on (negative)", high=0),
        Column("modes_held", "fen", "其他支付方式暂缓", "held back of what other payment modes pay", low=0),
        Column("modes_released", "fen", "其他支付方式解除暂缓", "of other payment modes: held before, paid now",
               low=0),
    ),
)  # fmt: skip

BOOK_REGISTERS = (BATCHES, MONTHS_PAID, PAYMENT_HOLDS, INSTITUTION_EVENTS, TAKES)
BOOK_TABLES = (STAY_CHANGES, BASE_SUMS, CORRECTIONS, MONTH_CASH, TAKEN_ROWS)
