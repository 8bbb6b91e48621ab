"""A return of the bureau beside own stays: every line and stay in one kind, causes found, totals that add up."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from typer.testing import Result

from drgpay import runs
from drgpay.cli import app
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.estimate import NEED
from drgpay.scheme import load
from drgpay.steps import intake
from drgpay.units import show_coefficient, show_fen
from support.command import CliRunner

H = "H99990100001"

OWN = (
    "结算ID,病案号,性别,年龄,住院天数,入院日期,出院日期,诊断编码,手术操作编码,总费用\n"
    "s1,b1,男,60,8,2024-03-01,2024-03-09,I63.900,,10000.00\n"
    "s2,b2,男,60,8,2024-03-01,2024-03-09,I63.900|E11.900,,12000.00\n"
    "s3,b3,女,61,8,2024-03-02,2024-03-10,K80.000,51.2300,15000.00\n"
    "s4,b4,女,61,8,2024-03-02,2024-03-10,I63.900,,9000.00\n"
    "s5,b5,女,61,8,2024-03-03,2024-03-11,I63.900,,9500.00\n"
)


def own(tmp_path: Path, text: str = OWN) -> runs.Own:
    file = tmp_path / "own.csv"
    file.write_text(text, encoding="utf-8")
    parts = runs.read_files(runs.named_files([file]), need=NEED, codes=runs.known_codes(), keep=("*",))
    return runs.own_of_files(parts, load("chs-drg-1.1"))


def returned(tmp_path: Path, text: str, **how: Any) -> intake.Returned:
    file = tmp_path / "return.csv"
    file.write_text(text, encoding="utf-8")
    return intake.read_returned(file, **how)


def group_of(stay: dict[str, Any], scheme: str = "chs-drg-1.1") -> str:
    return str(runs.Grouper(scheme).group(stay).drg)


STROKE = {"dx": ["I63.900"], "sex": "male", "age": 60, "los": 8}


def by_stay(done: runs.Reconciled) -> dict[str, dict[str, Any]]:
    return {row["stay_id"]: row for row in done.rows if row["stay_id"]}


def adds_up(done: runs.Reconciled, lines: int, stays: int) -> None:
    *kinds, whole = done.totals
    assert whole["kind"] == "all"
    assert (whole["lines"], whole["stays"]) == (lines, stays)
    for name in (
        "lines",
        "stays",
        "objections",
        "total_cost",
        "returned_cost",
        "payment",
        "returned_payment",
        "amount",
    ):
        assert sum(row[name] for row in kinds) == whole[name], name


def test_every_kind_of_difference(tmp_path: Path) -> None:
    mine = own(tmp_path)
    drgs = dict(mine.rows.select("stay_id", "drg").rows())
    text = (
        "月度返回明细表,,,,,\n"
        "结算流水号,住院号,出院时间,DRG组代码,医疗总费用,说明\n"
        f"s1,b1,2024-03-09,{drgs['s1'].lower()},10000.00,\n"  # case of letters is none
        f",b2,2024-03-09,{drgs['s2']},11000.00,\n"
        f"s3,b3,2024-03-10,ZZ19,15000.00,\n"
        f"zz,bz,2024-03-10,{drgs['s1']},1000.00,\n"
        f"s5,b5,2024-03-11,{drgs['s5']},9500.00,\n"
        f"s5,b5,2024-03-11,{drgs['s5']},-9500.00,\n"
        f"s5,b5,2024-03-11,{drgs['s5']},9500.00,重新结算\n"
    )
    done = runs.reconcile_return(returned(tmp_path, text), mine)
    rows = by_stay(done)
    assert {stay: row["kind"] for stay, row in rows.items()} == {
        "s1": "same", "s2": "cost", "s3": "group", "s4": "missing", "s5": "same",
    }  # fmt: skip
    assert rows["s2"]["matched_by"] == "record_and_dates"
    assert rows["s3"]["object"]
    assert rows["s5"]["remark"] == "重新结算"
    kinds = sorted(row["kind"] for row in done.rows if not row["stay_id"])
    assert kinds == ["extra", "refund", "refund"]
    adds_up(done, 7, 5)
    assert ("系数", "coefficient") in done.lacks


def test_causes_of_another_group(tmp_path: Path) -> None:
    plain = {"sex": "female", "age": 61, "los": 8}
    two = {**plain, "dx": ["K80.000", "I63.900"]}
    old = next(
        code for code in ("I63.900", "K80.000", "J18.900", "I21.900", "E11.900", "N18.900", "C34.900", "O80.900")
        if group_of({**plain, "dx": [code]}) != group_of({**plain, "dx": [code]}, "chs-drg-2.0")
    )  # fmt: skip
    header = OWN.splitlines()[0]
    text = (
        f"{header}\np1,a1,女,61,8,2024-03-01,2024-03-09,K80.000|I63.900,,100.00\n"
        f"p2,a2,女,61,8,2024-03-01,2024-03-09,{old},,100.00\n"
        "p3,a3,女,61,8,2024-03-01,2024-03-09,I63.900|J96.000,,100.00\n"
    )
    mine = own(tmp_path, text)
    swapped = group_of({**two, "dx": ["I63.900", "K80.000"]})
    other = group_of({**plain, "dx": [old]}, "chs-drg-2.0")
    without = group_of({**plain, "dx": ["I63.900"]})
    back = f"病案号,DRG编码\na1,{swapped}\na2,{other}\na3,{without}\n"
    rows = by_stay(runs.reconcile_return(returned(tmp_path, back), mine))
    assert rows["p1"]["kind"] == "group"
    assert "I63.900" in rows["p1"]["cause_zh"]
    assert "诊断顺序" in rows["p1"]["cause_zh"]
    assert "chs-drg-2.0" in rows["p2"]["cause_zh"] or "开关" in rows["p2"]["cause_zh"]
    assert rows["p3"]["kind"] == "group"
    assert rows["p3"]["cause_zh"]
    assert {row["matched_by"] for row in rows.values()} == {"record_number"}


def test_repeated_lines_match_nobody(tmp_path: Path) -> None:
    mine = own(tmp_path)
    drg = mine.rows["drg"][0]
    done = runs.reconcile_return(
        returned(tmp_path, f"病案号,出院日期,DRG编码\nb1,2024-03-09,{drg}\nb1,2024-03-09,{drg}\n"), mine
    )
    assert [row["kind"] for row in done.rows if row["line"]] == ["repeated", "repeated"]
    assert by_stay(done)["s1"]["kind"] == "missing"
    adds_up(done, 2, 5)


def test_other_dates_of_a_record_are_another_stay(tmp_path: Path) -> None:
    mine = own(tmp_path)
    done = runs.reconcile_return(returned(tmp_path, "病案号,出院日期,DRG编码\nb1,2024-01-09,BR29\n"), mine)
    assert done.rows[-1]["kind"] == "missing" or done.rows[0]["kind"] == "extra"
    assert [row["kind"] for row in done.rows if row["line"]] == ["extra"]


def test_headers_are_named_and_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(DrgpayError) as caught:
        returned(tmp_path, "本月编号,分组\ns1,BR29\n")
    assert caught.value.kind is Kind.DATA
    assert "病案号" in caught.value.zh
    assert "本月编号" in str(caught.value.value)
    read = returned(tmp_path, "本月编号,分组\ns1,BR29\n", aliases={"本月编号": "结算ID", "分组": "drg"})
    assert frame_of(read)["settlement_id"].to_list() == ["s1"]
    assert "total_cost" in read.absent
    with pytest.raises(DrgpayError):
        returned(tmp_path, "本月编号,分组\ns1,BR29\n", aliases={"本月编号": "没有这列"})


def frame_of(read: intake.Returned) -> pl.DataFrame:
    found = pl.from_arrow(read.rows)
    assert isinstance(found, pl.DataFrame)
    return found


def test_bad_cells_are_findings_and_the_line_goes_on(tmp_path: Path) -> None:
    mine = own(tmp_path)
    drg = mine.rows["drg"][0]
    read = returned(tmp_path, f"病案号,出院日期,DRG编码,总费用,倍率\nb1,2024年13月,{drg},一万,奇怪\n合计,,,1,\n")
    done = runs.reconcile_return(read, mine)
    assert by_stay(done)["s1"]["kind"] == "same"
    fields = set(pl.DataFrame(done.findings)["field"])
    assert {"discharge_date", "total_cost", "case_class"} <= fields


def test_a_whole_run_returned_is_the_same_to_the_last_line(small_run: Path, tmp_path: Path) -> None:
    mine = runs.own_of_run(small_run, H)
    text = ["结算ID,DRG编码,点数,系数,倍率类型,总费用,DRG支付金额"]
    for row in mine.rows.iter_rows(named=True):
        text.append(",".join([
            row["stay_id"], row["drg"], show_coefficient(row["points"]), show_coefficient(row["coefficient"]),
            row["case_class"], show_fen(row["total_cost"], group=False), show_fen(row["payment"], group=False),
        ]))  # fmt: skip
    done = runs.reconcile_return(returned(tmp_path, "\n".join(text) + "\n"), mine)
    assert {row["kind"] for row in done.totals} == {"same", "all"}
    assert done.totals[-1]["amount"] == 0
    assert done.totals[-1]["lines"] == mine.rows.height > 200
    changed = mine.rows.with_columns(pl.col("points") + 10_000, coefficient=pl.col("coefficient") + 100)
    other = runs.Own(changed, mine.stays, mine.scheme, mine.switches)
    again = runs.reconcile_return(returned(tmp_path, "\n".join(text) + "\n"), other)
    assert {row["kind"] for row in again.totals} == {"coefficient", "all"}
    assert all("points" in row["also"] for row in again.rows)


def test_outliers_with_a_balance_of_zero_are_no_objection(tmp_path: Path) -> None:
    mine = own(tmp_path)
    drg = mine.rows["drg"][0]
    text = f"病案号,DRG编码,倍率类型,总费用,支付金额\nb1,{drg},高倍率,10000,10000\n"
    row = by_stay(runs.reconcile_return(returned(tmp_path, text), mine))["s1"]
    assert (row["kind"], row["object"]) == ("zero_balance", False)


def drgpay(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "240"}).invoke(app, list(map(str, words)))


def test_on_the_command_line_with_a_deadline(tmp_path: Path) -> None:
    mine = own(tmp_path)
    drg = mine.rows["drg"][0]
    (tmp_path / "alias.yaml").write_text("columns: {本月编号: 病案号}\n", encoding="utf-8")
    (tmp_path / "return.csv").write_text(f"本月编号,DRG编码,总费用\nb1,{drg},1\nb2,ZZ19,12000\n", encoding="utf-8")
    done = drgpay("reconcile", tmp_path / "return.csv", "--with", tmp_path / "own.csv", "--alias",
                  tmp_path / "alias.yaml", "--received", "2024-04-05", "--days", 3, "-o",
                  tmp_path / "out.xlsx")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "2024-04-10" in done.output  # Friday, then three working days
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == ["汇总", "建议提出", "病组不同", "费用不同", "返回中没有"]
    objections = list(book["建议提出"].values)
    assert len(objections) == 6
    assert objections[1][-1] == "2024-04-10"
    assert isinstance(date(2024, 4, 10), date)
    wrong = drgpay("reconcile", tmp_path / "return.csv", "--with", tmp_path / "own.csv")
    assert isinstance(wrong.exception, DrgpayError)
