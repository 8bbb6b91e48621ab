"""The fund on the command line: registers in a folder, tables on the screen and in files, in both languages."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from typer.testing import Result

from drgpay.cli import app
from drgpay.errors import DrgpayError, Kind
from drgpay.tables import FUND_REGISTERS
from support.command import CliRunner

REGISTERS = {
    "institutions": "定点医疗机构编号,名称,等级\nH1,市第一医院,三级\nH2,县医院,二级\n",
    "fund_history": (
        "年度,险种,基金收入,基金支出,累计结余,趸缴累计结余,已清算\n"
        "2022,职工,1300,1100.00,1000,0,是\n2023,职工,1400,1200.00,1050.00,50,是\n"
    ),
    "fund_plans": "年度,险种,基金收入预算,基金支出预算\n2024,职工,1500,1296\n",
    "fund_months": "年度,月份,险种,基金收入,趸缴收入,基金支出\n"
    + "".join(f"2023,{m},职工,110,0,100\n" for m in range(1, 13))
    + "2024,1,职工,130,10,108\n2024,2,职工,120,0,108\n",
    "budget_entries": (
        "事项编号,年度,险种,阶段,调整理由,预算分项,金额,说明\n"
        "E1,2024,职工,年初,物价增长,,24.00,\nE2,2024,职工,年中,疫情,住院DRG,10.00,流感暴发\n"
    ),
    "budget_amounts": "年度,险种,预算分项,金额\n2024,职工,异地就医,100\n",
    "negotiations": (
        "年度,险种,定点医疗机构编号,轮次,日期,经办人,机构提出,协商结果\n"
        "2024,职工,H2,1,2024-01-10,甲,300,\n2024,职工,H2,2,2024-01-20,甲,280,250\n"
    ),
    "institution_history": (
        "年度,险种,定点医疗机构编号,基金支付,不合理增长,人头数,无效人头数\n"
        "2022,职工,H1,500,0,90,0\n2023,职工,H1,600,0,100,10\n2023,职工,H2,200,20,50,0\n2024,职工,H2,150,0,50,0\n"
    ),
    "sanctions": "年度,定点医疗机构编号,处罚事由\n2024,H1,分解住院\n",
    "risk_movements": (
        "变动编号,日期,险种,变动类型,动用理由,金额,说明\n"
        "M1,2022-01-01,职工,期初,,50.00,\nM2,2024-07-01,职工,动用,自然灾害,30,洪灾\n"
    ),
    "prepayment_terms": (
        "年度,定点医疗机构编号,功能定位,资金困难,现金可用天数,CMI增幅,费用消耗指数,推诿重症\n"
        "2024,H1,综合,否,60,6%,0.98,否\n2024,H2,专科,是,20,,,\n"
    ),
    "advances": "拨款编号,年度,险种,定点医疗机构编号,日期,预付类型,金额\nA1,2024,职工,H2,2024-01-08,常规,100.00\n",
    "overspend_causes": (
        "原因编号,年度,理由,识别方式,编码,起始日期,截止日期,文件\nC1,2024,疫情,诊断,U07,2024-01-01,,\n"
    ),
    "institution_budgets": "年度,险种,定点医疗机构编号,指标依据,年度金额\n2024,职工,H2,预算指标,250.00\n",
    "advance_use": "年度,月份,险种,定点医疗机构编号,累计使用,累计费用,上年同期费用\n2024,6,职工,H2,70,90,88\n",
}
"""a small pooling area: one insurance scheme, two institutions; amounts in yuan"""


@pytest.fixture
def region(tmp_path: Path) -> Path:
    folder = tmp_path / "region"
    folder.mkdir()
    for name, text in REGISTERS.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def fund(*words: object) -> Result:
    result = CliRunner(env={"COLUMNS": "240"}).invoke(app, ["fund", *map(str, words)])
    if isinstance(result.exception, DrgpayError):
        raise result.exception
    return result


def told(command: str, region: Path, *more: object) -> str:
    done = fund(command, "--region", region, "--policy", "demo", "--year", 2024, *more)
    assert done.exit_code == 0, done.output
    return done.output


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_example_has_every_register_of_the_fund() -> None:
    assert {t.name for t in FUND_REGISTERS} == REGISTERS.keys() - {"institutions"}


def test_budget_to_csv(region: Path, tmp_path: Path) -> None:
    said = told("budget", region, "--lang", "en", "-o", tmp_path / "out")
    (plan,) = read(tmp_path / "out", "budget_plan")
    assert (plan["base"], plan["wanted"], plan["budget"]) == ("1200.00", "1284.00", "1284.00")
    assert (plan["risk_reserve"], plan["bound"], plan["adjusted"]) == ("75.00", "none", "1294.00")
    parts = {row["part"]: row for row in read(tmp_path / "out", "budget_parts")}
    assert (parts["out_of_area"]["basis"], parts["out_of_area"]["budget"]) == ("amount", "100.00")
    # 1,284.00 less the fixed part is shared 25 : 52 : 5 : 3
    assert (parts["inpatient_drg"]["budget"], parts["inpatient_drg"]["adjusted"]) == ("724.33", "734.33")
    first, second = read(tmp_path / "out", "institution_indicators")
    assert (first["history"], first["basis"], first["indicator"]) == ("540.00", "share", "484.33")
    assert (second["decided"], second["decided_round"], second["indicator"]) == ("250.00", "2", "250.00")
    assert "1,294.00" in said


def test_budget_in_chinese_as_a_workbook(region: Path, tmp_path: Path) -> None:
    said = told("budget", region, "-o", tmp_path / "预算.xlsx")
    assert "总额预算" in said
    assert "职工" in said
    book = openpyxl.load_workbook(tmp_path / "预算.xlsx")
    assert book.properties.created.year == 2000  # no clock: the same bytes every time
    assert book.sheetnames == ["总额预算", "预算分项", "机构预算指标"]
    head, row = list(book["总额预算"].iter_rows(values_only=True))[:2]
    assert dict(zip(head, row, strict=True))["年初预算(元)"] == 1284
    assert sorted(p.name for p in tmp_path.iterdir()) == ["region", "预算.xlsx"]


def test_health(region: Path, tmp_path: Path) -> None:
    told("health", region, "-o", tmp_path / "out", "--lang", "en")
    first, second = read(tmp_path / "out", "fund_health")
    # 1,050 less 50 of lump sums, plus 120 − 108; the last twelve months: 11 × 100 + 108
    assert (first["balance"], first["spent"], first["light"]) == ("1012.00", "1208.00", "yellow")
    assert (first["months_of_payment"], first["revenue_plan"], first["years_above"]) == ("10.0530", "125.00", "2")
    assert second["balance"] == "1024.00"
    assert second["projected_balance"] == "1144.00"
    assert "黄" in told("health", region)
    told("health", region, "-o", tmp_path / "health.xlsx")
    (drawn,) = (sheet for sheet in openpyxl.load_workbook(tmp_path / "health.xlsx") if sheet.title == "图")
    assert len(drawn._charts) == 1


def test_prepay(region: Path, tmp_path: Path) -> None:
    told("prepay", region, "-o", tmp_path / "out", "--lang", "en")
    first, second = read(tmp_path / "out", "prepayments")
    assert (first["mean"], first["base"], first["next_factor"]) == ("550.00", "484.00", "1.0500")
    assert first["suspended"] == "yes"  # 500 → 600 is more than 15 %
    assert (second["mean"], second["base"], second["reserve"]) == ("180.00", "129.60", "6.82")
    assert (second["ratio"], second["balance"]) == ("0.8000", "43.18")
    assert read(tmp_path / "out", "loan_candidates") == [
        {"year": "2024", "institution_id": "H2", "days_of_cash": "20", "outstanding": "0.00"}
    ]


def test_risk(region: Path) -> None:
    said = told("risk", region)
    for amount in ("50.00", "65.00", "70.00", "75.00", "-30.00", "230.00"):
        assert amount in said
    assert "自然灾害" in said


def test_what_goes_wrong_is_said_and_nothing_is_left(region: Path, tmp_path: Path) -> None:
    with pytest.raises(DrgpayError, match="unknown kind of output") as failure:
        told("risk", region, "-o", tmp_path / "out.doc")
    assert failure.value.kind is Kind.USAGE
    (tmp_path / "there").mkdir()
    with pytest.raises(DrgpayError, match="output folder exists"):
        told("risk", region, "-o", tmp_path / "there")
    with pytest.raises(DrgpayError, match="no such region folder"):
        told("risk", tmp_path / "nowhere")
    with pytest.raises(DrgpayError, match="no revenue budget of 2026"):
        fund("budget", "--region", region, "--policy", "demo", "--year", 2026)
    (region / "fund_months.csv").unlink()
    with pytest.raises(DrgpayError, match="register is not there"):
        told("health", region)
    (region / "prepayment_terms.csv").write_text(
        "year,institution_id,function,short_of_cash,cmi_growth\n2024,H1,综合,也许,高\n", encoding="utf-8"
    )
    with pytest.raises(DrgpayError, match="2 errors in the register"):
        told("prepay", region)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["region", "there"]


def test_a_reopened_year(small_run: Path, tmp_path: Path) -> None:
    done = fund("reopen", small_run, small_run, "-o", tmp_path / "out", "--lang", "en")
    assert done.exit_code == 0, done.output
    rows = read(tmp_path / "out", "claw_backs")
    assert len(rows) == 16
    assert {row["receivable"] for row in rows} == {"0.00"}
    settled = pl.read_parquet(small_run / "tables" / "statements.parquet")["settled"].sum()
    assert sum(int(row["before"].replace(".", "")) for row in rows) == settled
