"""Whether a policy can be run at all: what a run would refuse, said before one is started (``drgpay policy check``).

Only what policy and scheme tell without a region; the same function opens every run.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

import polars as pl
import pyarrow as pa

from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, needed
from drgpay.runs import money, ready
from drgpay.scheme import Scheme, basis_words, catalogue, load
from drgpay.steps import modes, points
from drgpay.tables import REFERRALS, STAY_DECISIONS

_RATES = {
    "bed_day": "bed_day.rates",
    "single_disease": "single_disease.prices",
    "quota": "quota.amounts",
    "capitation": "capitation.rates",
}
"""payment mode → the parameter that prices it"""
_ASSESSED = ("bed_day.max_mean_stay", "bed_day.min_daily_cost", "bed_day.max_daily_cost", "bed_day.min_outcome")


def check_policy(policy: Policy, scheme: Scheme, folder: Path | None = None) -> None:
    """Raise POLICY when the policy cannot be run on its scheme: one that is not certified where it asks for that,
    groups the scheme does not have, components without their table or weights, settings that need another one, modes
    without rates, limits that do not exist. ``folder``: schemes besides those shipped."""
    check_scheme(policy, scheme, folder)
    money.check_groups(policy, scheme)
    points.check_components(policy)
    empty = pl.DataFrame(schema={c.name: pl.Int64 if c.type in ("fen", "ratio", "int64") else pl.String
                                 for c in STAY_DECISIONS.columns})  # fmt: skip
    points.adjusting(policy, empty, {}, pa.array([], pa.string()))
    if policy.choice_or_none("points.pricing") == "rate":
        points.rate_rule(policy)
    _check_modes(policy)
    if policy.flag("benefit.in_run"):
        needed(policy.rules("modes.rules"), "modes.rules")
        modes.benefit_of(policy, {}, frame(REFERRALS.schema.empty_table()))
    ready.limits(policy)


def check_scheme(policy: Policy, scheme: Scheme, folder: Path | None = None) -> None:
    """Raise POLICY when the policy demands a certified scheme and this one is rebuilt, or somebody's own.

    ``folder`` may hold further schemes: a certified one that is there is named.
    """
    if scheme.certified or not policy.flag("grouping.certified"):
        return
    there = [e.id for e in catalogue(folder) if e.basis == "official"]
    name = f"{scheme.id}-official" if f"{scheme.id}-official" in there or not there else there[0]
    zh, en = basis_words(scheme.basis)
    raise DrgpayError(
        Kind.POLICY,
        zh=f"政策要求认证的分组方案，而 {scheme.id} 不是：{zh}",
        en=f"the policy demands a certified grouping scheme, and {scheme.id} is none: {en}",
        field="grouping.certified",
        value=scheme.id,
        fix_zh=f"在政策文件中改为 scheme: {name}"
        if there
        else f"先用 drgpay scheme import 工作簿.xlsx 导入官方工作簿，再在政策文件中改为 scheme: {name}",
        fix_en=f"name it in the practice, scheme: {name}"
        if there
        else f"import the official workbook with drgpay scheme import WORKBOOK.xlsx, and name it in the practice, "
        f"scheme: {name}",
    )


def check_places(policy: Policy, institutions: Collection[str]) -> None:
    """Raise POLICY when the policy names an institution the region's register does not have."""
    named = {"coefficient.high_level_institutions": policy.codes_or_none("coefficient.high_level_institutions") or ()}
    for rule in policy.rules("modes.rules") or ():
        for condition, wanted in rule.when:
            if condition == "institutions" and isinstance(wanted, tuple):
                named[f"modes.rules {rule.id}"] = wanted
    for field, codes in named.items():
        lost = sorted(set(codes) - set(institutions))
        if lost:
            near = get_close_matches(lost[0], sorted(institutions), n=1, cutoff=0.5)
            raise DrgpayError(
                Kind.POLICY, zh="政策写到的机构不在机构登记表中", field=field, value=", ".join(lost[:10]),
                en="the policy names institutions that are not in the register",
                fix_zh=f"最接近的是 {near[0]}" if near else "改正编号",
                fix_en=f"the nearest is {near[0]}" if near else "correct the code",
            )  # fmt: skip


def scheme_of(policy: Policy, folder: Path | None = None) -> Scheme:
    """The policy's scheme with the switches it names. ``folder``: schemes besides those shipped."""
    return load(policy.scheme, frozenset(policy.codes_or_none("grouping.switches") or ()), folder=folder)


def check_practice(policy: Policy, folder: Path | None = None) -> None:
    """:func:`check_policy` on the scheme the policy names; Raises SCHEME when there is none of that name."""
    check_policy(policy, scheme_of(policy, folder), folder)


def _check_modes(policy: Policy) -> None:
    rules = policy.rules("modes.rules")
    if not rules:
        if policy.choice_or_none("fund.inpatient_unit") == "whole_area":
            needed(None, "modes.rules")
        return
    modes.check_capitation(policy)
    needed(policy.choice_or_none("modes.overrun"), "modes.overrun")
    for rule in rules:
        name = _RATES.get(rule.mode)
        if name is None:
            continue
        rates = needed(policy.rates(name), name)
        if rule.mode != "capitation" and not any(r.keys[0] in (rule.category, "") for r in rates):
            raise DrgpayError(
                Kind.POLICY, zh=f"规则 {rule.id} 的类别 {rule.category} 没有标准",
                en=f"no rate for {rule.category}, the category of rule {rule.id}", field=name, value=rule.category,
                fix_zh="在该参数中补上这一类别", fix_en="add the category to that parameter",
            )  # fmt: skip
    said = policy.kept()
    if any(name in said for name in _ASSESSED) and any(rule.mode == "bed_day" for rule in rules):
        needed(policy.ratio_or_none("bed_day.cut"), "bed_day.cut")
