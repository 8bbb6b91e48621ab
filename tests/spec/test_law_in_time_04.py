"""Law in time (design/04 §7), by hand: a small region of three hospitals whose rules change within 2024."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from drgpay.engine import read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import practice_text
from drgpay.runs import TABLES, Order, explain_stay, run, verify, what_if
from drgpay.runs.explain_cell import explain_cell
from drgpay.runs.verify import Check
from drgpay.tables import CASE_POINTS, INSTITUTION_MONTHS, STATEMENTS, STAY_PAYMENTS
from support.engines import usual

STAYS = (
    "病例号,定点医疗机构编号,险种,性别,年龄,住院天数,入院时间,出院时间,诊断编码,手术操作编码,"
    "总费用,个人负担总额,按项目记账的基金应付"
)
BIRTH, PNEUMONIA = "O82.000,74.1x01", "J18.900,"


def _base() -> list[str]:
    """2023: nine births at 10,000.00 and nine pneumonias at 6,000.00 on average, and one birth that is trimmed."""
    rows, number = [], 0
    for sex, age, codes, costs in (
        ("女", 30, BIRTH, (12000, 8000, 10000)),
        ("男", 50, PNEUMONIA, (7000, 5000, 6000)),
    ):
        for h, cost in zip(("H1", "H2", "H3"), costs, strict=True):
            for month in (3, 4, 5):
                number += 1
                rows.append(
                    _stay(f"B{number:02d}", h, sex, age, f"2023-{month:02d}-10", f"2023-{month:02d}-15", codes, cost)
                )
    return [*rows, _stay("B19", "H1", "女", 30, "2023-06-10", "2023-06-15", BIRTH, 50000)]


def _stay(name: str, h: str, sex: str, age: int, admitted: str, left: str, codes: str, cost: int) -> str:
    """A stay of five days; its patient pays a fifth."""
    return f"{name},{h},居民,{sex},{age},5,{admitted},{left},{codes},{cost},{cost / 5:.2f},{cost * 4 / 5:.2f}"


OWN = [
    _stay("S1", "H1", "女", 30, "2024-01-05", "2024-01-10", BIRTH, 11000),
    _stay("S2", "H1", "女", 30, "2024-01-15", "2024-01-20", BIRTH, 25000),
    _stay("S3", "H1", "男", 50, "2024-01-31", "2024-02-05", PNEUMONIA, 6500),
    _stay("S4", "H2", "女", 30, "2024-01-07", "2024-01-12", BIRTH, 3000),
    _stay("S5", "H2", "男", 50, "2024-02-09", "2024-02-14", PNEUMONIA, 5000),
    _stay("S6", "H3", "女", 30, "2024-01-20", "2024-01-25", BIRTH, 10000),
    _stay("S7", "H3", "男", 60, "2024-02-15", "2024-02-20", "Z99.999,", 4000),
    _stay("S8", "H2", "男", 50, "2024-07-09", "2024-07-14", PNEUMONIA, 5000),
]


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("region")
    for name, lines in {
        "institutions": ["定点医疗机构编号,名称,等级", "H1,甲医院,三级", "H2,乙医院,二级", "H3,丙医院,二级"],
        "budgets": ["年度,险种,基金收入预算,住院DRG预算", "2024,职工,0,0", "2024,居民,120000.00,50000.00"],
        "grades": ["年度,定点医疗机构编号,考核等级", "2024,H1,良好", "2024,H2,优秀", "2024,H3,合格"],
        "stays": [STAYS, *_base(), *OWN],
    }.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def settled(region: Path, folder: Path, values: str, day: str = "2024-07-01", stays: str = "", **order: Any) -> Path:
    """The year under the demonstration practice and one more notice."""
    text, _ = practice_text("demo")
    by = f"\n    stays: {stays}" if stays else ""
    dates = f"    issued: 2023-12-31\n    in_force: {day}{by}\n"
    notice = f"\n  - id: change\n    document: 调整通知\n{dates}    values: {values}\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "p.yaml").write_text(text + notice, encoding="utf-8")
    return run(Order(region, str(folder / "p.yaml"), 2024, **order), folder / "run", usual(2))


def rows_of(path: Path, table: Any, *columns: str) -> list[tuple[Any, ...]]:
    return read_table(path / TABLES, table).select(columns).sort(columns[:2]).rows()


def points_of(path: Path) -> dict[str, tuple[int, int, int]]:
    """Stay → points, extra, coefficient, in 1/10,000."""
    data = pl.read_parquet(path / TABLES / CASE_POINTS.name / "*.parquet")
    return {i: (p, e, k) for i, p, e, k in data.select("stay_id", "points", "extra", "coefficient").rows()}


def test_a_ratio_changed_in_july_does_not_reach_january(region: Path, tmp_path: Path) -> None:
    path = settled(region, tmp_path, "{settlement.monthly_pay_ratio: 90%}")
    found = rows_of(path, INSTITUTION_MONTHS, "month", "institution_id", "due", "paid", "deposit")
    # A month has 47,500.00 ÷ 12, and what its patients paid. January: (3,958.34 + 9,800.00) ÷ 516.0125 points; H1 has
    # 359.375 points, 9,581.94 less 7,200.00 = 2,381.94, of which 95 % = 2,262.84 are paid. July: H2 is alone and gets
    # 3,958.33, of which 90 % = 3,562.50.
    assert found[:3] == [
        (1, "H1", 2381_94, 2262_84, 119_10), (1, "H2", 399_86, 379_87, 19_99), (1, "H3", 1176_54, 1117_71, 58_83),
    ]  # fmt: skip
    assert found[-1] == (7, "H2", 3958_33, 3562_50, 395_83)
    statements = {r["institution_id"]: r for r in read_table(path / TABLES, STATEMENTS).to_dicts()
                  if r["insurance_scheme"] == "resident"}  # fmt: skip
    # Held is what the months kept back, and no more: H3 (pass, 90 % returned) loses a tenth of it.
    held = {h: sum(r[4] for r in found if r[1] == h) for h in ("H1", "H2", "H3")}
    assert {h: r["deposit_held"] for h, r in statements.items()} == held
    assert (held["H3"], statements["H3"]["deposit_forfeited"]) == (85_60, 8_56)
    # A month run of January says the same.
    month = settled(region, tmp_path / "january", "{settlement.monthly_pay_ratio: 90%}", month=1)
    assert rows_of(month, INSTITUTION_MONTHS, "month", "institution_id", "due", "paid", "deposit") == found[:3]
    laws = read_manifest(path)["laws"]
    digests = [laws["months"][f"{m:02d}"][0]["policy_digest"] for m in range(1, 13)]
    assert digests == [digests[0]] * 6 + [digests[-1]] * 6
    assert digests[0] != digests[-1] == read_manifest(path)["policy_digest"]
    kept = json.loads((path / "laws.json").read_text(encoding="utf-8"))
    assert kept["otherwise"][digests[0]]["settlement.monthly_pay_ratio"]["value"] == "0.95"
    _, sources = explain_cell(path, "H1", "deposit")
    assert [(n, s["value"]) for n, s in sources.items()] == [
        ("settlement.monthly_pay_ratio [1-6]", "0.95"), ("settlement.monthly_pay_ratio [7-12]", "0.9"),
    ]  # fmt: skip
    assert all(check.ok for check in verify(path, usual(1)))


def test_a_rule_for_stays_counts_for_the_whole_year_unless_it_goes_by_discharge(region: Path, tmp_path: Path) -> None:
    # S2 costs 25,000.00, the bound is 2 × 10,000.00: (2.5 − 2) × 125 = 62.5 points extra.
    old = settled(region, tmp_path / "old", "{settlement.monthly_pay_ratio: 95%}")
    none = settled(region, tmp_path / "none", "{points.high_extra: none}", "2024-02-01")
    by = settled(region, tmp_path / "by", "{points.high_extra: none}", "2024-02-01", "discharged_from")
    assert points_of(old)["S2"] == points_of(by)["S2"] == (210_9375, 62_5000, 1_1875)
    assert points_of(none)["S2"] == (148_4375, 0, 1_1875)
    columns = ("month", "institution_id", "points", "due", "paid")
    january = [[r for r in rows_of(p, INSTITUTION_MONTHS, *columns) if r[0] == 1] for p in (old, none, by)]
    assert january[0] == january[1] == january[2]
    assert january[0][0][2] == 359_3750
    # The stay was paid by its month's points; the year's due goes by the points of the clearing.
    data = pl.read_parquet(none / TABLES / STAY_PAYMENTS.name / "*.parquet")
    dues = dict(data.select("stay_id", "month_due").rows())
    assert dues["S1"] + dues["S2"] == 2381_94
    assert dues["S2"] - dues["S1"] == pytest.approx(62.5 * 1375834 / 516.0125 - (5000_00 - 2200_00), abs=2)
    for path in (none, by):
        assert all(check.ok for check in verify(path, usual(1))), [c for c in verify(path, usual(1)) if not c.ok]


def test_each_segment_is_scored_by_its_own_tables_and_explained_by_them(region: Path, tmp_path: Path) -> None:
    path = settled(region, tmp_path, "{coefficient.max: 1}", "2024-02-01", "discharged_from")
    found = points_of(path)
    assert (found["S1"][2], found["S3"][2]) == (1_1875, 1_0000)
    assert (path / "segments" / "2024-01-01" / "coefficients.parquet").exists()
    for stay, k in (("S1", "1.1875"), ("S3", "1.0000")):
        own = next(s for s in explain_stay(path, stay)[0] if s.en == "institution's coefficient")
        assert own.lines[-1].value.split()[0] == k
    first, last = (next(s for s in explain_stay(path, i)[0] if s.en == "law").lines[0].value for i in ("S1", "S3"))
    assert first != last


def test_what_if_changes_all_laws_of_the_year_alike(region: Path, tmp_path: Path) -> None:
    path = settled(region, tmp_path, "{points.high_extra: none, settlement.monthly_pay_ratio: 90%}", "2024-02-01",
                   "discharged_from")  # fmt: skip
    same = what_if(path, usual(1))
    assert {r["settled_diff"] for r in same.statements} == {0}
    # Held money is returned by grade: H3 loses 10 % of what is held, half of its dues instead of 5 and 10 %.
    half = what_if(path, usual(1), {"settlement.monthly_pay_ratio": "50%"})
    months = read_table(path / TABLES, INSTITUTION_MONTHS).filter(pl.col("institution_id") == "H3")
    held = sum(due - (due + 1) // 2 for due in months["due"].to_list())
    now = read_table(path / TABLES, STATEMENTS).filter(
        (pl.col("institution_id") == "H3") & (pl.col("insurance_scheme") == "resident")
    )
    lost = next(r for r in half.statements if (r["institution_id"], r["insurance_scheme"]) == ("H3", "resident"))
    expected = now["deposit_forfeited"][0] - (held - (held * 9 + 5) // 10)
    assert lost["settled_diff"] == expected  # H3 (pass) has no part in the second distribution


def test_the_base_period_is_trimmed_by_the_multiples_of_1_january(region: Path, tmp_path: Path) -> None:
    # Above 2 × the mean of 14,000.00 the birth of 50,000.00 is trimmed in any case; with 4 it would stay.
    wide = "{points.high_multiple: [{value: 4}]}"
    july = settled(region, tmp_path / "july", wide)
    always = settled(region, tmp_path / "always", wide, "2024-01-01")
    assert (read_manifest(july)["base"]["mean_cost"], read_manifest(always)["base"]["mean_cost"]) == (
        8000_00,
        10210_53,
    )
    # The class goes by the law of the clearing: 25,000.00 is not above 4 × 10,000.00.
    assert points_of(july)["S2"] == (148_4375, 0, 1_1875)


@pytest.mark.parametrize(
    "values",
    [
        "{fund.basis: fund}",
        "{points.scale: 1000}",
        "{grouping.switches: []}",
        "{points.base_years: [{year: 2023, weight: 1}]}",
    ],
)
def test_what_holds_for_a_year_cannot_change_within_it(region: Path, tmp_path: Path, values: str) -> None:
    with pytest.raises(DrgpayError) as failure:
        settled(region, tmp_path, values)
    assert failure.value.kind is Kind.POLICY
    assert failure.value.field in values
    assert settled(region, tmp_path / "ok", values, "2024-01-01").exists()


def test_a_check_can_fail(region: Path, tmp_path: Path) -> None:
    path = settled(region, tmp_path, "{points.high_extra: none}", "2024-02-01", "discharged_from")
    (path / "laws.json").write_text("{}", encoding="utf-8")
    failed: list[Check] = [c for c in verify(path, usual(1)) if not c.ok]
    assert "laws.json" in failed[0].failure
