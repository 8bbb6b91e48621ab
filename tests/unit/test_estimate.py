"""A hospital estimates its stays from published tables; a whole run of the area is the judge of what is known."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from typer.testing import Result

from drgpay import runs
from drgpay.cli import app
from drgpay.engine import read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import load as load_policy
from drgpay.policy import practice_text
from drgpay.runs import TABLES, Order, run
from drgpay.runs.estimate import NEED
from drgpay.scheme import load
from drgpay.tables import BASE_GROUPS, CASE_POINTS, COEFFICIENTS, POOLS, PUBLISHED, PUBLISHED_TERMS, STATEMENTS
from drgpay.units import show_coefficient, show_fen
from support.command import CliRunner
from support.engines import usual

H = "H99990100001"
ID = "stay_id"


def yuan(fen: int) -> str:
    return show_fen(fen, group=False)


def write_published(folder: Path, groups: list[dict[str, Any]], terms: list[tuple[str, str, str]]) -> Path:
    folder.mkdir(exist_ok=True)
    empty = {c.name: "" for c in PUBLISHED.columns}
    pl.DataFrame([empty | g for g in groups], schema=dict.fromkeys(empty, pl.String)).write_csv(
        folder / "published.csv"
    )
    rows = [{"term": t, "applies_to": s or "全部", "value": v, "source": ""} for t, s, v in terms]
    pl.DataFrame(rows, schema=dict.fromkeys(PUBLISHED_TERMS.names, pl.String)).write_csv(
        folder / "published_terms.csv"
    )
    return folder


def estimate(stays: Path, published: Path, done: Path | None = None) -> runs.Estimate:
    """``done``: the run whose scheme and readings of it are to be used."""
    found = runs.named_files([stays])
    parts = runs.read_files(found, need=NEED, codes=runs.known_codes())
    manifest = read_manifest(done) if done else {"scheme": "chs-drg-1.1", "switches": []}
    scheme = load(manifest["scheme"], frozenset(manifest["switches"]))
    return runs.estimate_stays(parts, runs.read_published([published]), scheme)


@pytest.fixture(scope="module")
def own_stays(small_region: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stays of 2024 of one hospital, as it has them."""
    whole = pl.concat([pl.read_parquet(p) for p in sorted((small_region / "stays").rglob("*.parquet"))])
    own = whole.filter((pl.col("institution_id").cast(pl.String) == H) & (pl.col("discharge_date").dt.year() == 2024))
    file = tmp_path_factory.mktemp("own") / "stays.parquet"
    own.write_parquet(file)
    return file


def own_coefficient(done: Path) -> int:
    totals = read_table(done / TABLES, COEFFICIENTS).filter(
        (pl.col("component") == "total") & (pl.col("institution_id") == H)
    )
    return int(totals["value"][0])


def by_points(done: Path, policy: Any) -> tuple[list[dict[str, Any]], list[tuple[str, str, str]]]:
    base = read_table(done / TABLES, BASE_GROUPS)
    groups = [
        {
            "drg": g["drg"],
            "base_points": "" if g["base_points"] is None else show_coefficient(g["base_points"]),
            "mean_cost": yuan(g["mean_cost"]),
            "high_multiple": "" if g["high_multiple"] is None else show_coefficient(g["high_multiple"]),
            "fixed_coefficient": "" if g["fixed_coefficient"] is None else show_coefficient(g["fixed_coefficient"]),
        }
        for g in base.iter_rows(named=True)
    ]
    terms = [
        ("系数", "", show_coefficient(own_coefficient(done))),
        ("scale", "", str(policy.integer("points.scale"))),
    ]
    terms += [
        (n, "", show_coefficient(policy.ratio(f"points.{n}")))
        for n in ("low_multiple", "unstable_discount", "ungrouped_discount", "qy_discount")
    ]
    terms.append(("high_extra", "", policy.choice("points.high_extra")))
    terms.append(("支付口径", "", policy.choice("fund.basis")))
    for pool in read_table(done / TABLES, POOLS).filter(pl.col("month") == 0).iter_rows(named=True):
        terms.append(("pool_amount", pool["insurance_scheme"], yuan(pool["distributable"])))
        terms.append(("pool_points", pool["insurance_scheme"], show_coefficient(pool["points"])))
    return groups, terms


def test_by_points_every_stay_is_as_in_the_run(small_run: Path, own_stays: Path, tmp_path: Path) -> None:
    policy = load_policy(small_run / "practice.yaml", on=Order(small_run, "", 2024).on)
    groups, terms = by_points(small_run, policy)
    mean = read_mean(small_run)
    terms.append(("overall_mean", "", yuan(mean)))
    listed = {g["drg"] for g in groups}
    unlisted = estimate(own_stays, write_published(tmp_path / "p", groups, terms), small_run).stays
    unknown = unlisted.filter(pl.col("expected_payment").is_null())
    assert unknown.height > 0
    assert not set(unknown["drg"].cast(pl.String)) & listed
    groups += [{"drg": drg} for drg in unknown["drg"].cast(pl.String).unique()]  # listed: paid by their own cost
    done = estimate(own_stays, write_published(tmp_path / "p", groups, terms), small_run)
    cases = read_table(small_run / TABLES, CASE_POINTS).filter(pl.col("institution_id") == H)
    both = done.stays.join(cases, ID, suffix="_run")
    assert both.height == done.stays.height == cases.height > 200
    assert not both["in_house"].any()
    same = ("drg", "case_class", "points", "extra", "total_cost", "insurance_scheme")
    for name in same:
        assert both[name].cast(pl.String).to_list() == both[f"{name}_run"].cast(pl.String).to_list(), name
    assert {"normal", "low", "high"} <= set(both["case_class"])
    assert done.stays["expected_payment"].null_count() == 0
    statements = read_table(small_run / TABLES, STATEMENTS).filter(pl.col("institution_id") == H)
    whole = next(r for r in done.totals if r["scope"] == "all")
    patients = 0 if policy.choice("fund.basis") == "fund" else int(cases["personal_paid"].sum())
    due = int(statements["due"].sum() + statements["refused"].sum()) + patients
    assert abs(whole["exact_payment"] - due) <= statements.height  # a fen of the largest remainder for each scheme
    assert whole["expected_payment"] == done.stays["expected_payment"].sum()
    for scope in ("department", "doctor", "group"):
        parts = [r for r in done.totals if r["scope"] == scope]
        assert sum(r["expected_payment"] for r in parts) == whole["expected_payment"]
        assert sum(r["n"] for r in parts) == whole["n"] == done.stays.height


def read_mean(done: Path) -> int:
    return int(read_manifest(done)["base"]["mean_cost"])


@pytest.fixture(scope="module")
def weights() -> dict[str, str]:
    path = files("drgpay") / "data" / "weights" / "chs-drg-1.1.csv"
    return dict(pl.read_csv(str(path), infer_schema=False).select("drg", "weight").rows())


def test_by_rate_every_stay_is_the_same_to_the_fen(
    small_region: Path, own_stays: Path, weights: dict[str, str], tmp_path: Path
) -> None:
    text, _ = practice_text("demo")
    rate = "      points.pricing: rate\n      rate.base_rate: 9435.25\n      points.min_los: 1\n"
    text = text.replace("      points.min_los: 1\n", rate, 1)
    text = text.replace("components: [cost_difference, basic_group]", "components: [level, basic_group]")
    (tmp_path / "rate.yaml").write_text(text, encoding="utf-8")
    region = shutil.copytree(small_region, tmp_path / "region")
    pl.DataFrame({"drg": list(weights), "weight": list(weights.values())}).write_csv(region / "group_weights.csv")
    whole = run(Order(region, str(tmp_path / "rate.yaml"), 2024), tmp_path / "run", usual(2))
    policy = load_policy(whole / "practice.yaml", on=Order(whole, "", 2024).on)
    basics = set(policy.codes("coefficient.basic_groups"))
    groups = [{"drg": d, "weight": w, "fixed_coefficient": "1" if d in basics else ""} for d, w in weights.items()]
    terms = [
        ("费率", "", "9435.25"),
        ("coefficient", "", show_coefficient(own_coefficient(whole))),
        ("low_multiple", "", show_coefficient(policy.ratio_or_none("rate.low_multiple"))),
        ("high_multiple", "", show_coefficient(policy.ratio_or_none("rate.high_multiple"))),
        ("high_extra", "", policy.choice("points.high_extra")),
        *((n, "", show_coefficient(policy.ratio(f"points.{n}")))
          for n in ("unstable_discount", "ungrouped_discount", "qy_discount")),
        ("overall_mean", "", "1"),
    ]  # fmt: skip
    done = estimate(own_stays, write_published(tmp_path / "p", groups, terms), whole)
    cases = read_table(whole / TABLES, CASE_POINTS).filter(pl.col("institution_id") == H)
    both = done.stays.join(cases, ID, suffix="_run")
    assert both.height == cases.height > 200
    assert both["case_class"].cast(pl.String).to_list() == both["case_class_run"].cast(pl.String).to_list()
    assert both["expected_payment"].to_list() == both["points_run"].to_list()
    assert {"normal", "low", "high"} <= set(both["case_class"])


STAYS = (
    "stay_id,科室,discharge_dept_code,险种,性别,年龄,住院天数,出院日期,诊断编码,手术操作编码,总费用,个人负担\n"
    "a,,D1,职工,男,60,8,2024-03-02,I63.900,,10000.00,2000\n"
    "b,,D1,职工,男,60,8,,I63.900,,100.00,\n"
    "c,,D2,职工,男,60,8,,I63.900,,90000.00,\n"
    "d,,D2,,女,61,8,2024-03-03,I63.900,,900.00,100\n"
    "e,,D2,职工,男,60,8,2024-03-02,I63.900,,,2000\n"
)


def group_of(tmp_path: Path) -> str:
    grouper = runs.Grouper("chs-drg-1.1")
    return str(grouper.group({"dx": ["I63.900"], "sex": "male", "age": 60, "los": 8}).drg)


def small(tmp_path: Path, terms: list[tuple[str, str, str]], **group: str) -> runs.Estimate:
    file = tmp_path / "stays.csv"
    file.write_text(STAYS, encoding="utf-8")
    row = {"drg": group_of(tmp_path), "base_points": "100", "mean_cost": "10000", "low_multiple": "0.4",
           "high_multiple": "3"} | group  # fmt: skip
    return estimate(file, write_published(tmp_path / "p", [row], terms))


TERMS = [("点值", "职工", "98.7654"), ("点值", "居民", "90"), ("系数", "", "1.05")]


def row_of(done: runs.Estimate, stay: str) -> dict[str, Any]:
    return done.stays.filter(pl.col(ID) == stay).to_dicts()[0]


def test_stays_in_house_are_normal_or_high_and_never_low(tmp_path: Path) -> None:
    done = small(tmp_path, TERMS)
    a, b, c = (row_of(done, stay) for stay in "abc")
    assert (a["in_house"], a["case_class"], a["points"]) == (False, "normal", 1_050_000)
    assert a["expected_payment"] == 1_037_037  # 105 × 98.7654 = 10,370.367
    assert (a["fund_payment"], a["gain"]) == (837_037, 37_037)
    assert (b["in_house"], b["case_class"], b["expected_payment"]) == (True, "normal", 1_037_037)
    assert (c["in_house"], c["case_class"]) == (True, "high")
    assert c["points"] == 1_050_000 + 6_000_000  # 100 × (90,000 ÷ 10,000 − 3) on top
    assert (a["low_bound"], a["high_bound"]) == (400_000, 3_000_000)
    by_scope = {(r["scope"], r["in_house"]): r for r in done.totals if r["scope"] == "all"}
    assert (by_scope["all", True]["n"], by_scope["all", False]["n"]) == (2, 2)


def test_what_is_not_known_stays_empty_and_is_said(tmp_path: Path) -> None:
    d = row_of(small(tmp_path, TERMS), "d")  # no insurance scheme, and the values differ
    assert d["expected_payment"] is None
    assert d["gain"] is None
    assert "险种" in d["zh"]
    done = small(tmp_path, [*TERMS[:1], TERMS[2], ("点值", "居民", "98.7654")])
    assert row_of(done, "d")["case_class"] == "low"  # the same value for both: the scheme does not matter
    assert row_of(done, "d")["points"] == 90_000
    other = small(tmp_path, TERMS, drg="ZZ19")
    assert other.stays["expected_payment"].null_count() == other.kept
    assert other.stays["case_class"].null_count() == other.kept
    assert "未公布该病组" in row_of(other, "a")["zh"]
    bare = small(tmp_path, TERMS, mean_cost="")
    assert (row_of(bare, "c")["case_class"], row_of(bare, "c")["points"]) == ("normal", 1_050_000)
    assert "未公布例均费用" in row_of(bare, "c")["zh"]
    unbounded = small(tmp_path, TERMS, high_multiple="")
    assert (row_of(unbounded, "c")["case_class"], row_of(unbounded, "c")["high_bound"]) == ("normal", None)
    assert "未公布高倍率界值" in row_of(unbounded, "c")["zh"]
    review = small(tmp_path, [*TERMS, ("高倍率追加", "", "评审后")])
    assert row_of(review, "c")["points"] == 1_050_000
    assert "须经评审" in row_of(review, "c")["zh"]


def test_a_row_without_cost_is_a_finding_and_the_others_go_on(tmp_path: Path) -> None:
    done = small(tmp_path, TERMS)
    assert sorted(done.stays[ID]) == ["a", "b", "c", "d"]
    errors = pl.DataFrame(done.findings).filter(pl.col("level").cast(pl.String) == "error")
    assert errors.select("stay_id", "field").rows() == [("e", "总费用")]


def test_on_basis_of_the_fund_the_patients_part_comes_on_top(tmp_path: Path) -> None:
    a = row_of(small(tmp_path, [*TERMS, ("支付口径", "", "基金")]), "a")
    assert (a["expected_payment"], a["fund_payment"], a["gain"]) == (1_037_037, 1_037_037, 237_037)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ([("点值", "", "98"), ("费率", "", "9000"), ("系数", "", "1")], "point_value"),
        ([("点值", "", "98.7.6"), ("系数", "", "1")], "point_value"),
        ([("点值", "", "-98"), ("系数", "", "1")], "point_value"),
        ([("点值", "", "98"), ("点值", "", "99"), ("系数", "", "1")], "term, applies_to"),
        ([("点值", "", "98")], "coefficient"),
        ([("pool_amount", "", "98"), ("系数", "", "1")], "pool_points"),
        ([("点值", "", "98"), ("系数", "", "1"), ("高倍率追加", "", "随便")], "high_extra"),
    ],
)
def test_terms_are_right_or_refused(tmp_path: Path, terms: list[tuple[str, str, str]], field: str) -> None:
    with pytest.raises(DrgpayError) as caught:
        small(tmp_path, terms)
    assert (caught.value.kind, caught.value.field) == (Kind.DATA, field)


def drgpay(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "240"}).invoke(app, list(map(str, words)))


def test_from_the_template_to_the_workbook_on_the_command_line(tmp_path: Path) -> None:
    book = tmp_path / "published.xlsx"
    assert drgpay("estimate", "--template", "-o", book).exit_code == 0
    (tmp_path / "stays.csv").write_text(STAYS, encoding="utf-8")
    done = drgpay("estimate", tmp_path / "stays.csv", "--published", book, "--term", "coefficient=1.2", "-o",
                  tmp_path / "out.xlsx")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "预估不包含" in done.output
    sheets = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert sheets.sheetnames == ["病例预估", "预估汇总"]
    assert sheets["病例预估"].max_row == 5
    said = {str(cell) for sheet in sheets for row in sheet.values for cell in row if cell}
    assert {"入组", "合计", "科室", "是", "否"} <= said
    assert not {"grouped", "all", "normal", "department"} & said
    lacking = drgpay("estimate", tmp_path / "stays.csv", "--published", tmp_path / "stays.csv")
    assert isinstance(lacking.exception, DrgpayError)
