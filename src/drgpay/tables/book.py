"""Tables of the book: what institutions hand in month by month, and what is booked of it."""

from __future__ import annotations

from drgpay.tables.inputs import INSTITUTION, STAYS
from drgpay.tables.model import Column, Table

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
)  # fmt: skip

STAY_CHANGES = Table(
    "stay_changes", "病例变更", "what a batch changes, stay by stay", "intake", ("stay_id",),
    (
        STAYS["stay_id"],
        Column("change", "code", "变更", "added, changed, withdrawn, or the same as before",
               choices=("added", "changed", "withdrawn", "same")),
    ),
)  # fmt: skip

BOOK_REGISTERS = (BATCHES,)
BOOK_TABLES = (STAY_CHANGES,)
