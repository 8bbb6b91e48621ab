"""Tables of a study of the groups: what is wrong with them, what is proposed, and what that would do."""

from __future__ import annotations

from drgpay.tables.inputs import INSTITUTION
from drgpay.tables.model import Column, Table

STUDY_FINDINGS_KINDS = (
    "no_mdc", "no_group", "unrelated_operation", "mdc_condition", "no_split", "missing_data", "no_principal",
    "invalid_principal", "gray_principal", "unknown_principal", "few_cases", "high_variation", "wide_group",
    "moving_mean",
)  # fmt: skip
STUDY_KINDS = ("new_group", "placed_codes", "split_group", "merged_groups")
STUDY_FACTORS = (
    "severity", "age", "procedure", "diagnosis", "los", "no_mdc", "no_group", "unrelated_operation", "few_cases",
    "equal_means",
)  # fmt: skip
SIDES = ("as_now", "as_drafted")
ALL_PROPOSALS = "all"
"""the effect of all proposals of the draft together"""

_PROPOSAL = Column("proposal", "text", "建议编号", "proposal: P001, P002, …")
_NAME = Column("name", "text", "名称", "name")
_N = Column("n", "int64", "例数", "stays of the base years", low=0)
_MEAN = Column("mean_cost", "fen", "例均费用", "mean cost, base years weighted", low=0)
_CV = Column("cv", "ratio", "变异系数", "coefficient of variation; null below two stays", null=True, low=0)
_CODES = Column("codes", "codes", "编码", "diagnoses or operations it is about")


def _both(name: str, kind: str, zh: str, en: str, *, null: bool = True) -> tuple[Column, ...]:
    """A figure before and after."""
    words = (("before", "调整前", "now"), ("after", "调整后", "with the draft"))
    return tuple(Column(f"{name}_{side}", kind, mark + zh, f"{en}, {when}", null=null) for side, mark, when in words)


STUDY_FINDINGS = Table(
    "study_findings", "分组研究发现", "what is wrong with the groups of a scheme as they are", "study", ("number",),
    (
        Column("number", "int32", "序号", "number", low=1),
        Column("what", "code", "发现", "stays without a group, by reason; or a group with few cases, a high "
               "variation, wide, or with a mean that moves", choices=STUDY_FINDINGS_KINDS),
        Column("drg", "code", "病组", "DRG; 0000 = ungrouped (未入组), xQY = ambiguous (歧义)"),
        _NAME,
        Column("code", "code", "未收编码", "diagnosis or operation that no group takes", null=True),
        Column("code_name", "text", "编码名称", "its name; empty: in no dictionary", null=True),
        _N, Column("cost", "fen", "总费用", "total cost", low=0), _MEAN, _CV,
        Column("year", "int16", "年度", "year in which the mean moved", null=True),
        Column("moved", "ratio", "偏离总体增幅", "growth of the mean less that of all stays", null=True),
        Column("proposal", "text", "建议编号", "proposal that answers it; null: none", null=True),
    ),
)  # fmt: skip

STUDY_PROPOSALS = Table(
    "study_proposals", "分组调整建议", "changes of the scheme that the stays speak for", "study", ("proposal",),
    (
        _PROPOSAL,
        Column("kind", "code", "建议", "new group 新增病组, codes placed with their neighbours 编码就近归组, "
               "split 细分, merged 合并", choices=STUDY_KINDS),
        Column("adrg", "code", "核心病组", "adjacent DRG it changes or makes"),
        _NAME,
        Column("factor", "code", "依据", "by what groups are split, or why stays have none", choices=STUDY_FACTORS),
        _CODES,
        Column("n", "int64", "涉及例数", "stays of the groups as they are", low=0),
        _MEAN,
        *_both("cv", "ratio", "变异系数", "coefficient of variation, of the parts weighted by cases"),
        Column("reduction", "ratio", "组内平方和减少比例", "share of the sum of squares within the ADRG taken away"),
        Column("drafted", "flag", "写入草案", "it stands in the draft; no: it is only told, days of stay are the "
               "hospital's own choice"),
    ),
)  # fmt: skip

STUDY_PARTS = Table(
    "study_parts", "建议前后病组", "groups of a proposal before and after", "study", ("proposal", "side", "drg"),
    (
        _PROPOSAL,
        Column("side", "code", "前后", "as it is now 现行, or as drafted 草案", choices=SIDES),
        Column("drg", "code", "病组", "DRG, or ADRG that codes are placed in"),
        _NAME,
        Column("condition", "text", "细分条件", "its split, as the scheme writes it"),
        _N, Column("least", "int64", "最少一年例数", "stays of the year with fewest", low=0), _MEAN, _CV,
    ),
)  # fmt: skip

STUDY_EFFECTS = Table(
    "study_effects", "建议对机构的影响",
    "points of institutions at the base points before and after, without coefficients, base years weighted",
    "study", ("proposal", "institution_id"),
    (
        Column("proposal", "text", "建议编号", "proposal; all = the whole draft"),
        INSTITUTION,
        Column("n", "int64", "例数", "stays that change their group; of all: all stays", low=0),
        *_both("points", "points", "点数", "points of a year of these stays", null=False),
        *_both("share", "ratio", "占比", "share of the points of all institutions", null=False),
    ),
)  # fmt: skip

STUDY_RIV = Table(
    "study_riv", "分组效能前后", "how much of the variation of costs the groups explain", "study", ("year",),
    (
        Column("year", "int16", "年度", "year; 0 = all base years"),
        _N,
        *_both("riv", "ratio", "组间变异解释率", "RIV: 1 − sum of squares within groups ÷ in all", null=False),
        *_both("groups", "int64", "病组数", "groups with stays", null=False),
        *_both("grouped_share", "ratio", "入组率", "share of stays in a group", null=False),
    ),
)  # fmt: skip

STUDY_BASES = Table(
    "study_bases", "基准点数前后", "base points of the groups before and after, at the weights of the base years",
    "study", ("drg",),
    (
        Column("drg", "code", "病组", "DRG"),
        _NAME,
        *_both("n", "int64", "例数", "trimmed stays"),
        *_both("mean", "fen", "例均费用", "published mean"),
        *_both("cv", "ratio", "变异系数", "coefficient of variation"),
        *_both("points", "points", "基准点数", "base points; null: none"),
    ),
)  # fmt: skip

STUDY_TABLES = (STUDY_FINDINGS, STUDY_PROPOSALS, STUDY_PARTS, STUDY_EFFECTS, STUDY_RIV, STUDY_BASES)
