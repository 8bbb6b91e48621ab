"""The explanation of one stay, from its codes to its payment, each line with parameter and source (design/03 §6)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from drgpay.engine import dataset, read_manifest, read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Laws, Policy
from drgpay.runs.laws import clearing
from drgpay.runs.manifest import REGISTERS, SEGMENTS, TABLES, laws_of_run
from drgpay.runs.origins import origins
from drgpay.runs.pages.index import rows_of_stay
from drgpay.runs.region import Registers
from drgpay.runs.shared_base import SHARED
from drgpay.runs.succession import succession_of
from drgpay.scheme import Scheme, basis_words
from drgpay.scheme import load as load_scheme
from drgpay.steps import fund, grouping, points
from drgpay.tables import (
    ADJUSTMENTS,
    BASE_GROUPS,
    BASE_YEARS,
    BED_DAY_ASSESSMENTS,
    BENEFIT_SPLITS,
    CASE_POINTS,
    COEFFICIENTS,
    GROUP_WEIGHTS,
    GROUPED,
    INSTITUTION_EVENTS,
    INSTITUTIONS,
    POOLS,
    SHADOW_PRICES,
    STAY_DECISIONS,
    STAY_MODES,
    STAY_PAYMENTS,
    Table,
)
from drgpay.units import ONE, half_up, show_coefficient, show_fen, show_points, show_ratio
from drgpay.words import words_in


@dataclass(frozen=True)
class Section:
    """A part of an explanation: title in both languages and its lines."""

    zh: str
    en: str
    lines: tuple[points.Line, ...]


Line = points.Line


def read_of(table: Table, row: Mapping[str, Any], *lines: Line) -> tuple[Line, ...]:
    """The lines as read from a row of a table, but for those that say another."""
    key = "/".join(str(row[name]) for name in table.key)
    return tuple(line if line.table else replace(line, table=table.name, key=key) for line in lines)


def sourced(sections: Iterable[Section], policy: Policy, but: Collection[str] = ()) -> list[Section]:
    """The sections with the source of every parameter that a line names; ``but``: parameters with several values."""
    kept = policy.kept().keys() - set(but)

    def one(line: Line) -> Line:
        if line.parameter not in kept:
            return line
        source = policy.source(line.parameter)
        return replace(line, source=source.source or source.notice)

    return [replace(section, lines=tuple(map(one, section.lines))) for section in sections]


def explain_stay(
    run: Path, stay_id: str, schemes: Path | None = None
) -> tuple[list[Section], dict[str, dict[str, str]]]:
    """Sections that explain a stay of a run, and for every policy parameter they name its value and source.

    ``schemes`` may hold grouping schemes besides those shipped. Raises DATA when the run has no such stay.
    """
    stay = _stay(run / TABLES, stay_id)
    return _explained(run, stay, read_manifest(run), schemes)


def tell_stay(run: Path, stay_id: str, schemes: Path | None = None) -> grouping.Story:
    """The grouping of a stay of a run as people read it. Raises DATA when the run has no such stay."""
    return grouping.tell_stay(_scheme(read_manifest(run), schemes), _stay(run / TABLES, stay_id))


def card_of_stay(
    run: Path, stay_id: str, schemes: Path | None = None
) -> tuple[list[Section], dict[str, dict[str, str]], grouping.Story]:
    """:func:`explain_stay` and :func:`tell_stay` in one, the stay looked up once."""
    manifest, stay = read_manifest(run), _stay(run / TABLES, stay_id)
    story = grouping.tell_stay(_scheme(manifest, schemes), stay)
    return *_explained(run, stay, manifest, schemes), story


def _explained(
    run: Path, stay: dict[str, Any], manifest: dict[str, Any], schemes: Path | None
) -> tuple[list[Section], dict[str, dict[str, str]]]:
    tables, stay_id = run / TABLES, stay["stay_id"]
    laws = laws_of_run(run, manifest)
    policy = _law_of_stay(laws, stay, manifest)
    sections = [_facts(stay), _grouping(stay, _scheme(manifest, schemes))]
    case = _find(tables, CASE_POINTS, stay_id)
    if table_path(tables, BENEFIT_SPLITS).exists() and (split := _find(tables, BENEFIT_SPLITS, stay_id)):
        sections.append(_benefit(split))
    mode = _find(tables, STAY_MODES, stay_id) if table_path(tables, STAY_MODES).exists() else None
    if mode is not None:
        sections.append(_mode(tables, mode, manifest))
    if mode is not None and mode["mode"] != "drg":
        if case is not None:
            sections.append(_payment(tables, case, manifest))
    elif case is None:
        sections.append(
            Section("点数", "points", (Line("基期病例,不参与当年结算", "a base-period stay: not settled", ""),))
        )
    else:
        if laws.changes:
            sections.append(_laws(laws, stay))
        scored_by = _tables_of_law(run, laws, stay)
        coefficient, payment = _coefficient(scored_by, stay["institution_id"]), _payment(tables, case, manifest)
        if policy.choice_or_none("points.pricing") == "rate":
            sections += [coefficient, _by_rate(tables, stay, case, policy), payment]
        else:
            base = _group_base(tables, stay["drg"], manifest)
            counted = points.comorbidities(_scheme(manifest, schemes), policy)
            comorbid = [] if counted is None else points.comorbidities_of(stay["dx"], counted)
            told = _points(tables, scored_by, stay, case, manifest, policy, comorbid)
            sections += [base, coefficient, told, payment]
    sections += taken_from(run, [(STAY_DECISIONS, {"stay_id": stay_id})])
    named = {line.parameter for s in sections for line in s.lines if line.parameter}
    sources = policy.kept()
    return sourced(sections, policy), {name: source_of(policy, name) for name in sorted(named) if name in sources}


def taken_from(run: Path, wanted: Sequence[tuple[Table, dict[str, Any]]]) -> list[Section]:
    """Where rows of registers come from that a figure rests on, see :func:`drgpay.runs.origins.origins`."""
    lines = origins(run, wanted)
    return [Section("登记行的来源", "where the rows of registers come from", lines)] if lines else []


def source_of(policy: Policy, name: str) -> dict[str, str]:
    """A value with its source in plain texts, as a run keeps it."""
    texts: dict[str, str] = json.loads(json.dumps(asdict(policy.source(name)), default=str))
    return texts


def _law_of_stay(laws: Laws, stay: dict[str, Any], manifest: dict[str, Any]) -> Policy:
    """The law that gives the stay its points at the end of the run's period; that of the last day for a base year."""
    if stay["year"] != manifest["year"] or (manifest["month"] or stay["month"]) != stay["month"]:
        return laws.policy
    return laws.closing.on(stay["discharge_date"])


def _benefit(split: dict[str, Any]) -> Section:
    """How cost is shared between fund and patient by the benefit rules of the run."""
    parameters = {"deductible": "benefit.deductible", "own_share": "benefit.share", "over_cap": "benefit.annual_cap"}
    shown = ("total_cost", "out_of_policy", "deductible", "own_share", "over_cap", "fund", "personal")
    lines = (
        Line(BENEFIT_SPLITS[c].zh, c.replace("_", " "), show_fen(split[c]), parameters.get(c, "")) for c in shown
    )
    return Section("待遇", "benefits", read_of(BENEFIT_SPLITS, split, *lines))


def _tables_of_law(run: Path, laws: Laws, stay: dict[str, Any]) -> Path:
    """The folder with the base groups and coefficients that scored the stay."""
    kept = Registers.read(run / REGISTERS, (INSTITUTIONS, INSTITUTION_EVENTS))
    segments = succession_of(kept).cut(clearing(laws))
    mine = next(s for s in segments if s.first <= stay["discharge_date"] <= s.last)
    return run / TABLES if mine == segments[-1] else run / SEGMENTS / mine.first.isoformat()


def _laws(laws: Laws, stay: dict[str, Any]) -> Section:
    """Which law holds for the stay, where a value changes within the year."""
    day, month = stay["discharge_date"], stay["month"]
    mine = next(s for s in laws.closing.segments if s.first <= day <= s.last)
    paid = laws.months[month].on(day)
    return Section(
        "适用规则",
        "law",
        (
            Line(f"清算点数:{mine.first} 至 {mine.last} 出院的病例",
                 f"points of the clearing: stays discharged from {mine.first} to {mine.last}",
                 mine.policy.digest[:12]),
            Line(f"{month} 月预结算:当月最后一日的规则", f"settlement of month {month}: the law of its last day",
                 paid.digest[:12]),
        ),
    )  # fmt: skip


def _scheme(manifest: dict[str, Any], schemes: Path | None) -> Scheme:
    return load_scheme(manifest["scheme"], frozenset(manifest["switches"]), folder=schemes)


def _stay(tables: Path, stay_id: str) -> dict[str, Any]:
    stay = _find(tables, GROUPED, stay_id)
    if stay is None:
        raise DrgpayError(
            Kind.DATA,
            zh="本次运行没有这份病例(可能未通过校验,见 findings)",
            en="this run has no such stay (it may have been kept out: see findings)",
            field="--stay",
            value=stay_id,
            fix_zh="核对病例号;被剔除的病例在报告的“校验问题”页",
            fix_en="check the id; rows kept out are listed in the report's findings",
        )
    return stay


def _find(tables: Path, table: Table, stay_id: str) -> dict[str, Any] | None:
    """The row of a stay."""
    return next(iter(rows_of_stay(tables.parent, table, stay_id)), None)


def first_stay(run: Path) -> str:
    """Id of the first settled stay: an example to explain."""
    first = dataset(run / TABLES, CASE_POINTS)
    for path in first.paths:
        ids = pq.read_table(path, columns=["stay_id"]).column("stay_id")
        if len(ids):
            return str(ids[0].as_py())
    return ""


def _facts(stay: dict[str, Any]) -> Section:
    age = f"{stay['age']}" if stay["age"] else f"{stay['age']} ({stay['age_days']} d)"
    return Section(
        "病例",
        "the stay",
        read_of(
            GROUPED,
            stay,
            Line("机构", "institution", stay["institution_id"]),
            Line("险种", "insurance scheme", stay["insurance_scheme"]),
            Line("性别", "sex", stay["sex"] or "–"),
            Line("年龄", "age", age),
            Line("住院天数", "length of stay", str(stay["los"])),
            Line("出院", "discharged", stay["discharge_date"].isoformat()),
            Line("诊断", "diagnoses", " | ".join(stay["dx"])),
            Line("手术操作", "procedures", " | ".join(code or "–" for code in stay["proc"] or []) or "–"),
        ),
    )


def _grouping(stay: dict[str, Any], scheme: Scheme) -> Section:
    path = grouping.explain_stay(scheme, stay)
    # That the principal diagnosis stands in no other category's table goes without saying.
    told = (s for s in path.steps if s.matched or s.part != "mdc" or s.text != "pdx")
    lines = [Line(step.zh, step.en, "", rule=f"{scheme.id}/{step.code}") for step in told]
    name = scheme.drg_name(stay["drg"])
    result = [*read_of(GROUPED, stay, Line("病组", "DRG", f"{stay['drg']} {name}".strip()))]
    reason = grouping.why(scheme, stay, path)
    if reason is not None:
        said = reason.said(scheme)
        result.append(Line(f"原因：{said.zh}", f"why: {said.en}", ""))
    erratum = grouping.erratum_of(scheme, stay, path.drg)
    if erratum is not None:
        result.append(Line(f"方案勘误：{erratum.zh}", f"erratum of the scheme: {erratum.en}", ""))
    if scheme.basis == "rebuilt":
        zh, en = basis_words(scheme.basis)
        result.append(Line(f"{scheme.id}：{zh}", f"{scheme.id}: {en}", ""))
    result += [Line(said.zh, said.en, "") for said in grouping.unmeasured(scheme, path)]
    return Section("分组", "group", (*lines, *result))


def _group_base(tables: Path, drg: str, manifest: dict[str, Any]) -> Section:
    group = next(iter(_of_group(tables, BASE_GROUPS, drg)), None)
    lines = [Line("全部病例均费 M", "overall mean M", show_fen(manifest["base"]["mean_cost"]), "points.base_years")]
    if SHARED in manifest:
        those = manifest[SHARED]["areas"]
        zh = f"共用基期,由 {'、'.join(those)} 的病例合算"
        lines.append(
            Line(zh, f"base shared with other areas: {', '.join(those)}", manifest[SHARED]["digest"][:16], "")
        )
    if group is None:
        lines.append(Line("基期没有该组病例", "no stay of this group in the base period", ""))
    else:
        cv = "–" if group["cv"] is None else show_coefficient(group["cv"])
        lines += read_of(
            BASE_GROUPS,
            group,
            Line("例数 n(裁剪后)", "n after trimming", str(group["n"]), "points.trim_passes"),
            Line("变异系数 CV", "coefficient of variation", cv, "points.max_cv"),
        )
        for row in _of_group(tables, BASE_YEARS, drg):
            mean = show_ratio(row["cost"], row["n"] * 100, 2)
            lines += read_of(
                BASE_YEARS, row,
                Line(f"{row['year']} 年 n={row['n']}(裁剪前 {row['n_before']}),均费",
                     f"{row['year']}: n={row['n']} (before trimming {row['n_before']}), mean", mean,
                     "points.base_years"),
            )  # fmt: skip
    return Section("基准", "base period", tuple(lines))


def _of_group(tables: Path, table: Table, drg: str) -> list[dict[str, Any]]:
    """The rows of a group in a table of groups."""
    return read_table(tables, table).filter(pl.col("drg") == drg).to_dicts()


def _coefficient(tables: Path, institution: str) -> Section:
    words = {
        "level": ("等级系数", "level"),
        "cost_difference": ("成本差异系数", "cost difference"),
        "capacity": ("医疗服务能力系数", "capacity"),
        "guidance": ("行为引导系数", "guidance"),
        "management": ("分级管理系数", "management"),
        points.TOTAL: ("合成后", "combined"),
    }
    parameters = {
        "level": "coefficient.level_method", "cost_difference": "coefficient.own_share",
        "capacity": "coefficient.capacity_cmi_share", "guidance": "coefficient.components",
        "management": "coefficient.management_table",
    }  # fmt: skip
    lines: list[Line] = []
    for row in read_table(tables, COEFFICIENTS).filter(pl.col("institution_id") == institution).to_dicts():
        zh, en = words[row["component"]]
        bound = "" if row["bound"] == "none" else f" [{row['bound']}]"
        if row["component"] == "cost_difference":
            own = show_ratio(row["own_cost"], row["own_expected"])
            level = show_ratio(row["level_cost"], row["level_expected"])
            zh, en = f"{zh}(本机构 {own},同等级 {level})", f"{en} (own {own}, level {level})"
        elif row["inputs"]:
            zh, en = f"{zh}({words_in(row['inputs'], 'zh')})", f"{en} ({words_in(row['inputs'], 'en')})"
        parameter = parameters.get(row["component"], "coefficient.combine")
        lines += read_of(COEFFICIENTS, row, Line(zh, en, show_coefficient(row["value"]) + bound, parameter))
    return Section("机构系数", "institution's coefficient", tuple(lines))


def _by_rate(tables: Path, stay: dict[str, Any], case: dict[str, Any], policy: Policy) -> Section:
    """Weight × rate × K, the bounds on that standard, and what is paid (design/03 §5)."""
    rule = points.rate_rule(policy)

    def bound(standard: int, multiple: int) -> str:
        return show_fen(half_up(standard * multiple, ONE))

    weights = read_table(tables.parent / REGISTERS, GROUP_WEIGHTS)
    weight = next((w for drg, w in weights.select("drg", "weight").rows() if drg == stay["drg"]), None)
    lines = [Line("总费用", "total cost", show_fen(stay["total_cost"]))]
    if weight is not None and case["discount"] is None and case["case_class"] in (*points.RATE_CLASSES, "excluded"):
        rate = policy.fen_or_none("rate.base_rate") or 0
        k = case["coefficient"]
        standard = points.payment_standard(points.parse_weight(weight), rate * 10**4, k * 10**4)
        lines += [
            Line("权重", "weight", weight),
            Line("费率(元/权重)", "rate (yuan per weight)", show_fen(rate), "rate.base_rate"),
            Line("支付标准 = 权重 × 费率 × 系数", "standard = weight × rate × K", show_fen(standard)),
            Line(
                "低倍率界限", "low bound", show_fen(half_up(standard * rule.low_multiple, ONE)), "rate.low_multiple"
            ),
            Line(
                "高倍率界限",
                "high bound",
                show_fen(half_up(standard * rule.high_multiple, ONE)),
                "rate.high_multiple",
            ),
        ]
    else:
        lines.append(
            Line("按自身费用折算", "by its own cost", show_coefficient(case["discount"] or ONE), "rate.base_rate")
        )
    for row in rows_of_stay(tables.parent, ADJUSTMENTS, stay["stay_id"]):
        zh, en = _ADJUSTED[row["adjustment"]]
        lines += read_of(ADJUSTMENTS, row, Line(zh, en, show_fen(row["after"]), row["parameter"]))
    lines.append(Line("病例类型", "class", case["case_class"]))
    last = Line("病例支付额", "payment of the stay", show_fen(case["points"]))
    return Section("费率法", "rate method", read_of(CASE_POINTS, case, *lines, last))


def _points(
    tables: Path,
    scored_by: Path,
    stay: dict[str, Any],
    case: dict[str, Any],
    manifest: dict[str, Any],
    policy: Policy,
    comorbid: list[str],
) -> Section:
    """Points of the stay; ``scored_by``: the folder with the base groups and coefficients of its law; ``comorbid``:
    the categories of diagnoses that count as comorbidities."""
    row = next(iter(_of_group(scored_by, BASE_GROUPS, stay["drg"])), None)
    group = None
    k, parameter = case["coefficient"], "coefficient.combine"
    if row is not None:
        group = points.Group(**{f: row[f] for f in points.Group.__dataclass_fields__})
        parameter = row["fixed_by"] or parameter
    judged = points.stay_points(
        stay["status"], stay["total_cost"], group, k, manifest["base"]["mean_cost"], policy, parameter,
        _decided(tables, stay, case["case_class"], len(comorbid)),
    )  # fmt: skip
    lines = [*judged.lines, Line("病例类型", "class", case["case_class"])]
    adjustments = rows_of_stay(tables.parent, ADJUSTMENTS, stay["stay_id"])
    if judged.points != (adjustments[0]["before"] if adjustments else case["points"]):
        extra = show_points(case["extra"])
        lines.append(Line("追加点数(上限后)", "extra points within the cap", extra, "points.high_extra_cap"))
    for row in adjustments:
        zh, en = _ADJUSTED[row["adjustment"]]
        times = f" × {show_coefficient(row['factor'])}"
        if row["adjustment"] == "difficulty" and comorbid:
            said = f"{len(comorbid)} ({', '.join(comorbid)})"
            lines.append(Line("合并症(类目)", "comorbidities (categories)", said, "points.difficulty_comorbidities"))
        lines += read_of(ADJUSTMENTS, row, Line(zh + times, en + times, show_points(row["after"]), row["parameter"]))
    last = Line("病例点数", "case points", show_points(case["points"]))
    return Section("点数", "points", read_of(CASE_POINTS, case, *lines, last))


_ADJUSTED = {
    "difficulty": ("难度系数", "difficulty"),
    "tcm": ("中医优势病组", "TCM"),
    "technology": ("新技术", "new technology"),
    "readmission": ("短期再入院", "short-interval readmission"),
    "deduction": ("监管扣减", "deduction by supervision"),
}


def _decided(tables: Path, stay: dict[str, Any], case_class: str, comorbidities: int) -> points.Facts:
    """Approved decisions on a stay and what further rules look at."""
    decisions = read_table(tables.parent / REGISTERS, STAY_DECISIONS).filter(
        (pl.col("stay_id") == stay["stay_id"]) & (pl.col("decision") == "approved")
    )
    rows = decisions.select("kind", "amount", "share").rows()
    if case_class not in ("special", "excluded"):  # approved, but beyond the institution's quota
        rows = [row for row in rows if row[0] != "special"]
    return points.Facts(
        stay["drg"],
        stay["los"],
        stay["age"],
        comorbidities,
        decisions={kind: (amount, share) for kind, amount, share in rows},
    )


_EXITS = {
    "complication": ("并发症", "a complication"), "procedure": ("手术操作", "a procedure"),
    "discharge_way": ("离院方式", "the way of discharge"), "cost_below": ("费用低于下限", "a cost below its bound"),
    "cost_above": ("费用高于上限", "a cost above its bound"),
}  # fmt: skip


def _mode(tables: Path, mode: dict[str, Any], manifest: dict[str, Any]) -> Section:
    """Which mode and rule pay the stay, what it left, its price, and what its DRG price would be."""
    lines = [
        Line("支付方式", "mode", mode["mode"]),
        Line("规则", "rule", mode["rule"], "modes.rules", rule=f"modes.rules/{mode['rule']}"),
    ]
    if mode["exit"] is not None:
        zh, en = _EXITS[mode["exit"]]
        left = f"modes.rules/{mode['left_rule']}"
        lines.append(Line(f"因{zh}退出规则", f"left a rule for {en}", mode["left_rule"], "modes.rules", rule=left))
    if mode["price"] is not None:
        parameter = {"bed_day": "bed_day.rates", "single_disease": "single_disease.prices",
                     "quota": "quota.amounts"}.get(mode["mode"], "")  # fmt: skip
        lines += [
            Line("类别", "category", mode["category"]),
            Line("住院天数", "days", str(mode["days"])),
            Line("支付标准", "price", show_fen(mode["price"]), parameter),
            Line("患者已付", "paid by the patient", show_fen(mode["personal_paid"])),
            Line("基金应付(考核前)", "owed by the fund, before assessment", show_fen(mode["due"]), "fund.basis"),
        ]
        if mode["refused"] is not None:
            lines.append(Line("不予支付,退回基金", "not paid: goes back to the fund", show_fen(mode["refused"]),
                              "stay_decisions"))  # fmt: skip
        if manifest["kind"] == "year" and mode["mode"] == "bed_day":
            for row in read_table(tables, BED_DAY_ASSESSMENTS).iter_rows(named=True):
                if (row["institution_id"], row["category"]) == (mode["institution_id"], mode["category"]):
                    lines += read_of(
                        BED_DAY_ASSESSMENTS, row,
                        Line("年终考核系数", "factor of the year-end assessment", show_coefficient(row["factor"]),
                             "bed_day.cut"),
                    )  # fmt: skip
        shadow = _find(tables, SHADOW_PRICES, mode["stay_id"])
        if shadow is not None:
            price = "–" if shadow["shadow"] is None else show_fen(shadow["shadow"])
            told = Line(f"DRG 模拟价格({shadow['drg']},不支付)", f"DRG price ({shadow['drg']}), not paid", price)
            lines += read_of(SHADOW_PRICES, shadow, told)
    return Section("支付方式", "payment mode", read_of(STAY_MODES, mode, *lines))


def _payment(tables: Path, case: dict[str, Any], manifest: dict[str, Any]) -> Section:
    paid = _find(tables, STAY_PAYMENTS, case["stay_id"]) or {}
    lines: list[Line] = []
    for pool in read_table(tables, POOLS).iter_rows(named=True):
        if pool["insurance_scheme"] == case["insurance_scheme"] and pool["month"] in (case["month"], fund.YEAR):
            zh, en = (
                ("年度", "year") if pool["month"] == fund.YEAR else (f"{pool['month']} 月", f"month {pool['month']}")
            )
            value = "–" if pool["point_value"] is None else show_coefficient(pool["point_value"])
            lines += read_of(
                POOLS, pool,
                Line(f"{zh}点值 = {show_fen(pool['distributable'])} ÷ {show_points(pool['points'])}",
                     f"point value of the {en} = {show_fen(pool['distributable'])} ÷ {show_points(pool['points'])}",
                     value, "fund.basis"),
            )  # fmt: skip
    lines += [
        Line("患者已付", "paid by the patient", show_fen(case["personal_paid"])),
        Line("按项目基金应付", "fund by item", show_fen(case["fund_by_item"])),
        Line("月度应付(本例)", "due of the month (this stay)", show_fen(paid["month_due"])),
    ]
    refused = case["case_class"] == "excluded"
    if refused:
        lines.append(Line("不予支付,当月退回基金", "not paid: goes back to the fund for the month",
                          show_fen(paid["month_refused"]), "stay_decisions"))  # fmt: skip
    if manifest["kind"] == "year":
        lines.append(Line("年度应付(本例)", "due of the year (this stay)", show_fen(paid["year_due"])))
        if refused:
            lines.append(Line("不予支付,全年退回基金", "not paid: goes back to the fund for the year",
                              show_fen(paid["year_refused"]), "stay_decisions"))  # fmt: skip
        else:
            lines.append(Line("结余(超支)", "balance", show_fen(paid["year_due"] - case["fund_by_item"])))
    return Section("支付", "payment", read_of(STAY_PAYMENTS, case, *lines))
