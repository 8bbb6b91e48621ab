"""Named switches: readings of a scheme that some groupers take. Off unless named; an unknown name is a failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import errata, rules
from drgpay.scheme.model import Adrg, Drg, Mdc
from drgpay.scheme.rules import And, Expr, InList, Not, Operation
from drgpay.scheme.source import Row

GENERAL: Mapping[str, str] = {
    "mdc_fallthrough": "a case that matches no ADRG of its MDC goes on with the next MDC whose condition holds",
    "qy": "an operation without a surgical or procedure ADRG in the MDC gives <MDC>QY",
    "mdca_operation": "MDC A requires that the principal procedure is an operation",
    "any_procedure": "pproc looks at every procedure",
    "retry_procedures": "an ungrouped case is tried again with each later procedure alone",
    "medical_without_operation": "a medical ADRG requires that the principal procedure is not an operation",
}
SKIP_INVALID = "skip_invalid_procedure"
_SKIP_EFFECT = "an invalid or gray first procedure gives its place to the next"


CHINESE: Mapping[str, str] = {
    "mdc_fallthrough": "在所属大类没有符合的病组时，继续试后面条件符合的大类",
    "qy": "有手术而大类内没有符合的手术或操作组时，入该大类的歧义组",
    "mdca_operation": "先期分组大类要求主要手术属于手术",
    "any_procedure": "规则所说的主要手术可以是任何一个手术操作",
    "retry_procedures": "未入组时，依次改用后面的每个手术操作单独重试",
    "medical_without_operation": "内科组要求主要手术不属于手术",
    SKIP_INVALID: "无效或灰码的第一手术操作让位给下一个",
    errata.SWITCH: errata.EFFECT[1],
    "mdcy_principal_only": "只有主要诊断才能进入 HIV 大类",
    "mdcy_any": "主要诊断或其他诊断为 HIV 都能进入 HIV 大类",
    "mdcz_any": "多发创伤大类看全部诊断的部位，不要求主要诊断",
    "mdcz_principal_required": "多发创伤大类要求主要诊断是表内的创伤",
    "pv1_catch_all": "新生儿大类内未入组的病例都入 PV1",
    "literal_lists": "只用文件印出的编码表",
    "operation_wj1_all": "WJ1 取全部手术",
    "printed_exclusions": "排除表补上印本有而官方工作簿漏掉的 7 个编码",
}
"""the effects of the switches of shipped schemes in Chinese"""


def available(
    alternative: Iterable[Row], has_invalid: bool, kinds: Iterable[str], has_errata: bool = False
) -> dict[str, str]:
    """The switches a scheme knows -> their effect in words. ``kinds`` are the kinds of its ADRG.

    A scheme with groups of its own for unrelated operations has settled what ``qy`` leaves open.
    """
    result = dict(GENERAL)
    if has_errata:
        result[errata.SWITCH] = errata.EFFECT[0]
    if "qy" in kinds:
        del result["qy"]
    if has_invalid:
        result[SKIP_INVALID] = _SKIP_EFFECT
    for row in alternative:
        if result.get(row["switch"], "same") == "same":
            result[row["switch"]] = row["effect"]
    return result


def chosen(switches: frozenset[str], known: Mapping[str, str], alternative: list[Row]) -> dict[tuple[str, str], str]:
    """Replacement texts of the chosen switches: (table, key) -> text; for a code put into an exclusion table, that.

    Raises :class:`DrgpayError` (SCHEME) for an unknown switch and for two switches that replace the same text.
    """
    for name in sorted(switches - set(known)):
        raise DrgpayError(
            Kind.SCHEME,
            zh=f"此分组方案没有开关 «{name}»",
            en=f"this scheme has no switch «{name}»",
            fix_zh=f"可用的开关：{'、'.join(sorted(known))}",
            fix_en=f"switches it has: {', '.join(sorted(known))}",
            field="switches",
            value=name,
        )
    result: dict[tuple[str, str], str] = {}
    for row in alternative:
        if row["switch"] not in switches:
            continue
        place = (row["table"], row["key"])
        if place in result:
            raise DrgpayError(
                Kind.SCHEME,
                zh=f"两个开关改写同一条规则：{row['table']} {row['key']}",
                en=f"two switches replace the same rule: {row['table']} {row['key']}",
                fix_zh="只选其中一个开关",
                fix_en="choose one of them",
                field="switches",
                value=", ".join(sorted(switches)),
            )
        result[place] = row["rule"]
    return result


def apply(
    switches: frozenset[str], mdcs: tuple[Mdc, ...], adrgs: tuple[Adrg, ...], drgs: tuple[Drg, ...]
) -> tuple[tuple[Mdc, ...], tuple[Adrg, ...], tuple[Drg, ...]]:
    """Rewrite conditions, rules and splits for the switches that are a matter of wording.

    ``mdc_fallthrough``, ``qy``, ``retry_procedures`` and ``skip_invalid_procedure`` concern the order of
    evaluation; the grouping step reads them from the scheme.
    """
    pop = Operation(principal=True)
    if "mdca_operation" in switches:
        mdcs = tuple(replace(m, condition=pop, condition_text="pop") if m.pre else m for m in mdcs)
    if "medical_without_operation" in switches:
        adrgs = tuple(
            replace(a, rule=And((a.rule, Not(pop))), rule_text=f"({a.rule_text}) & !pop")
            if a.kind == "medical"
            else a
            for a in adrgs
        )
    if "any_procedure" in switches:
        adrgs = tuple(replace(a, rule=_any_procedure(a.rule)) for a in adrgs)
        drgs = tuple(replace(d, split=_any_procedure(d.split)) for d in drgs)
    return mdcs, adrgs, drgs


def _any_procedure(expr: Expr) -> Expr:
    return rules.change_lists(expr, lambda a: InList("proc", a.name) if a.kind == "pproc" else a)
