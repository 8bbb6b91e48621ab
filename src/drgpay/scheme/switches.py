"""Named switches: readings of a scheme that some groupers take. Off unless named; an unknown name is a failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import rules
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


def available(alternative: Iterable[Row], has_invalid: bool, kinds: Iterable[str]) -> dict[str, str]:
    """The switches a scheme knows -> their effect in words. ``kinds`` are the kinds of its ADRG.

    A scheme with groups of its own for unrelated operations has settled what ``qy`` leaves open.
    """
    result = dict(GENERAL)
    if "qy" in kinds:
        del result["qy"]
    if has_invalid:
        result[SKIP_INVALID] = _SKIP_EFFECT
    for row in alternative:
        if result.get(row["switch"], "same") == "same":
            result[row["switch"]] = row["effect"]
    return result


def chosen(switches: frozenset[str], known: Mapping[str, str], alternative: list[Row]) -> dict[tuple[str, str], str]:
    """Replacement texts of the chosen switches: (table, key) -> text.

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
