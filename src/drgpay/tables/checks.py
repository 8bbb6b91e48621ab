"""Quality of the records: what every stay and every institution and department scores."""

from __future__ import annotations

from drgpay.tables.inputs import INSTITUTION, STAYS
from drgpay.tables.model import Column, Table

SCOPES = ("all", "institution", "department")

_INSTITUTION = Column("institution_id", "code", INSTITUTION.zh, "institution; empty: not given, or all of them")
_DEPARTMENT = Column(
    "department_id", "code", STAYS["department_id"].zh, "department; empty: not given, or all of them"
)
_POINTS = "分 (points)"

STAY_SCORES = Table(
    "stay_scores", "病例质量得分", "what a stay's record loses of 100 points for its findings", "intake",
    ("file", "row"),
    (
        Column("file", "text", "文件", "file"),
        Column("row", "int64", "行号", "line of the file"),
        Column("stay_id", "text", "病例号", "stay", null=True),
        _INSTITUTION,
        _DEPARTMENT,
        Column("completeness_lost", "int32", "完整性扣分", "points lost for what is missing", unit=_POINTS, low=0),
        Column("accuracy_lost", "int32", "准确性扣分", "points lost for what is wrong", unit=_POINTS, low=0),
        Column("score", "int16", "得分", "100 − both, not below 0", unit=_POINTS, low=0, high=100),
        Column("error", "flag", "有错误", "has a finding of level error"),
        Column("rules", "codes", "触发规则", "rules broken, each once", null=True),
    ),
    folder=True,
)  # fmt: skip

RECORD_SCORES = Table(
    "record_scores", "病案质量得分", "quality of the records of all stays, of an institution and of a department",
    "intake", ("scope", "institution_id", "department_id"),
    (
        Column("scope", "code", "范围", "whose stays", choices=SCOPES),
        _INSTITUTION,
        _DEPARTMENT,
        Column("n", "int64", "例数", "number of stays", low=1),
        Column("score", "int64", "平均得分", "mean score of the stays, rounded half up", unit="1/100 分 (point)",
               low=0, high=10_000),
        Column("completeness", "int64", "完整性", "mean of 100 − points lost for what is missing, not below 0",
               unit="1/100 分 (point)", low=0, high=10_000),
        Column("accuracy", "int64", "准确性", "mean of 100 − points lost for what is wrong, not below 0",
               unit="1/100 分 (point)", low=0, high=10_000),
        Column("errors", "int64", "有错误例数", "stays with an error", low=0),
        Column("error_share", "ratio", "错误率", "stays with an error ÷ n, rounded half up", low=0, high=10_000),
        Column("top_rules", "text", "主要问题", "rules that most stays broke, with their number of stays"),
    ),
)  # fmt: skip

_CODER = Column("coder_id", "text", "编码员代码", "coder of the record; empty: not given")

CODER_QUALITY = Table(
    "coder_quality", "编码员病案质量", "quality of the records of a file by department and coder", "intake",
    ("department_id", "coder_id"),
    (
        _DEPARTMENT, _CODER,
        *(RECORD_SCORES[name] for name in ("n", "score", "errors", "error_share")),
    ),
)  # fmt: skip

RULE_QUALITY = Table(
    "rule_quality", "病案问题分布", "stays of a file that break a rule, by department and coder", "intake",
    ("rule", "department_id", "coder_id"),
    (
        Column("rule", "code", "规则", "rule"),
        _DEPARTMENT, _CODER,
        Column("n", "int64", "例数", "stays that break it", low=1),
        Column("zh", "text", "说明", "what is wrong and what to do (Chinese)"),
        Column("en", "text", "说明(英文)", "what is wrong and what to do (English)"),
    ),
)  # fmt: skip

CHECK_TABLES = (STAY_SCORES, RECORD_SCORES, CODER_QUALITY, RULE_QUALITY)
