"""Performance in a hospital on the command line: registers in a folder, a settled run, and what comes out."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from typer.testing import Result

from drgpay import runs
from drgpay.cli import app
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import practice_text
from drgpay.runs import PerformOrder
from drgpay.samples import make_hospital
from drgpay.scorecard import read_card
from drgpay.steps.performance import WARNING, plans_folder
from drgpay.tables import PERFORMANCE_REGISTERS
from support.command import CliRunner
from support.engines import usual

H = "H99990100001"


@pytest.fixture(scope="module")
def registers(small_region: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hospital") / "registers"
    make_hospital(small_region, H, folder)
    return folder


@pytest.fixture(scope="module")
def result(small_run: Path, registers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quarter worked out once."""
    out = tmp_path_factory.mktemp("performed") / "out"
    done = perform("--plan", "demo-hospital", "--run", small_run, "--registers", registers, "--institution", H,
                   "--quarter", 2, "-o", out)  # fmt: skip
    assert done.exit_code == 0, done.output
    return out


def perform(*words: object) -> Result:
    done = CliRunner(env={"COLUMNS": "240"}).invoke(app, ["perform", *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def table(out: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(out / "tables" / f"{name}.parquet")


def test_the_quarter_adds_up_to_the_decided_sum(result: Path, registers: Path) -> None:
    manifest = json.loads((result / "manifest.json").read_text(encoding="utf-8"))
    with (registers / "distributable_sums.csv").open(encoding="utf-8") as file:
        (decided,) = (r["amount"] for r in csv.DictReader(file) if r["quarter"] == "2")
    assert manifest["amount"] == int(decided.replace(".", ""))
    assert sum(manifest["balances"].values()) == manifest["amount"] + manifest["prizes"]
    assert manifest["prizes"] == 2_150_000  # budgets of their own, beside the sum
    slips, lines = table(result, "slips"), table(result, "slip_lines")
    assert slips["paid"].sum() == manifest["balances"]["people"] > 0
    assert lines["amount"].sum() == slips["earned"].sum()
    assert slips["paid"].min() >= 0  # type: ignore[operator]


def test_gains_and_losses_drill_down_to_the_same_sums(result: Path, small_run: Path) -> None:
    results = table(result, "hospital_results").filter(pl.col("period") == "2024")
    whole = results.filter(pl.col("scope") == "hospital")
    for scope in ("department", "doctor", "group", "department_group"):
        part = results.filter(pl.col("scope") == scope)
        for name in ("n", "points", "payment", "charges", "cost", "balance", "bed_days"):
            assert part[name].sum() == whole[name][0], (scope, name)
    stays = pl.read_parquet(result / "tables" / "hospital_stays")
    assert stays["balance"].sum() == whole["balance"][0]
    paid = pl.read_parquet(small_run / "tables" / "stay_payments").filter(pl.col("institution_id") == H)
    cases = pl.read_parquet(small_run / "tables" / "case_points").filter(pl.col("institution_id") == H)
    assert whole["payment"][0] == paid["year_due"].sum() + cases["personal_paid"].sum()
    statement = pl.read_parquet(small_run / "tables" / "statements.parquet").filter(pl.col("institution_id") == H)
    assert whole["n"][0] == statement["n"].sum()
    assert set(stays["cost_basis"].cast(pl.String)) == {"stay", "ratio"}
    trend = table(result, "hospital_results").filter(
        (pl.col("scope") == "hospital") & pl.col("period").cast(pl.String).str.contains("-")
    )
    assert trend["points"].sum() == whole["points"][0]


def test_the_workbook_has_a_sheet_for_every_department(result: Path) -> None:
    book = openpyxl.load_workbook(result / "performance.xlsx")
    departments = table(result, "department_results")["name"].to_list()
    assert book.sheetnames[:3] == ["概览", "科室", "资金流向"]
    for name in departments:
        assert any(sheet.startswith(name) for sheet in book.sheetnames)
    assert all(WARNING[0] not in str(c.value) for row in book["概览"].iter_rows() for c in row)
    flows = list(book["资金流向"].iter_rows(min_row=2, values_only=True))
    assert flows[0][1:4] == ("医院留存", "可分配总额", "三级分配")
    marks = list(book["科室指标"].iter_rows(min_row=2, values_only=True))
    assert ("质量：诊疗规范", "临床路径入径率") in {row[1:3] for row in marks}  # names, not codes
    assert {c.value for c in book["核对问题"][1]} == {"规则", "级别", "登记表", "对象", "说明"}
    assert any({"发放汇总", "发放明细"} < {c.value for c in sheet["A"]} for sheet in book)
    assert read_card(result / "card.yaml").id == "hospital-departments"


def test_a_slip_is_a_file_of_its_own_with_its_sources(result: Path) -> None:
    slips = table(result, "slips").filter(pl.col("earned") > 0)
    row = slips.row(0, named=True)
    page = (result / "slips" / row["department_id"] / f"{row['staff_id']}.html").read_text(encoding="utf-8")
    assert row["name"] in page
    assert f"{row['paid'] // 100:,}.{row['paid'] % 100:02d}" in page
    assert "《基于DRG的绩效分配与医保预付管理》" in page
    assert "各岗位系数: 副主任医师 1" in page
    assert "主治医师" in page
    assert len(list((result / "slips").rglob("*.html"))) == table(result, "slips").height


def test_the_screen_shows_no_pay_of_a_person(small_run: Path, registers: Path, tmp_path: Path) -> None:
    done = perform("--plan", "demo-hospital", "--run", small_run, "--registers", registers, "--institution", H,
                   "--quarter", 2, "-o", tmp_path / "out", "--lang", "en")  # fmt: skip
    slips = table(tmp_path / "out", "slips").filter(pl.col("paid") > 10_000)
    assert "people" in done.output
    for staff, paid in slips.select("staff_id", "paid").rows():
        assert staff not in done.output
        assert f"{paid // 100:,}.{paid % 100:02d}" not in done.output


def test_the_same_inputs_give_the_same_bytes(result: Path, small_run: Path, registers: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    perform("--plan", "demo-hospital", "--run", small_run, "--registers", registers, "--institution", H, "--quarter",
            2, "-o", again, "--threads", 1)  # fmt: skip
    a, b = (json.loads((f / "manifest.json").read_text(encoding="utf-8"))["outputs"] for f in (result, again))
    assert a == b


def test_surplus_sharing_warns_on_every_report(small_run: Path, registers: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = perform("--plan", "demo-surplus-sharing", "--run", small_run, "--registers", registers, "--institution", H,
                   "-o", out, "--lang", "en")  # fmt: skip
    assert "医保发〔2025〕18号" in done.output
    sheet = openpyxl.load_workbook(out / "performance.xlsx")["Summary"]
    assert WARNING[1] in {c.value for row in sheet.iter_rows() for c in row}
    assert all(
        WARNING[1] in p.read_text(encoding="utf-8").replace("&#x27;", "'") for p in (out / "slips").rglob("*.html")
    )
    person = table(out, "slips")["staff_id"][0]
    assert WARNING[0] in perform("explain", out, person).output


def test_explain_goes_from_the_sum_to_the_stays(result: Path) -> None:
    shares = pl.read_parquet(result / "tables" / "stay_shares").filter(pl.col("staff_id") != "")
    person = shares["staff_id"][0]
    said = perform("explain", result, person, "--lang", "en").output
    assert "split" in said.lower()
    assert "可分配总额" in perform("explain", result, person).output
    best = shares.filter(pl.col("staff_id") == person).sort("amount", descending=True)["stay_id"][0]
    assert best in said
    with pytest.raises(DrgpayError, match="nobody of that id"):
        perform("explain", result, "nobody")


def test_simulation_counts_winners_and_losers(result: Path, small_run: Path, registers: Path, tmp_path: Path) -> None:
    common = ("--run", small_run, "--registers", registers, "--institution", H, "--quarter", 2, "--lang", "en")
    perform("simulate", "--plan", "demo-hospital", "--against", result, *common, "-o", tmp_path / "same")
    with (tmp_path / "same" / "performance_changes.csv").open(encoding="utf-8-sig") as file:
        assert {row["change"] for row in csv.DictReader(file)} == {"0.00"}
    said = perform("simulate", "--plan", "demo-hospital", "--set", "pools.shares={base: 1, project: 0, excess: 0}",
                   "--against", "demo-hospital", *common, "-o", tmp_path / "other")  # fmt: skip
    with (tmp_path / "other" / "performance_changes.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert {row["outcome"] for row in rows} >= {"wins", "loses"}
    assert "wins" in said.output
    warned = perform("simulate", "--plan", "demo-surplus-sharing", "--against", result, *common, "-o", tmp_path / "w")
    assert "医保发〔2025〕18号" in warned.output
    assert "医保发〔2025〕18号" in (tmp_path / "w" / "performance_findings.csv").read_text(encoding="utf-8-sig")
    with pytest.raises(DrgpayError, match="no result of the same hospital"):
        perform("simulate", "--plan", "demo-hospital", "--against", result, *common[:-4], "--quarter", 1)


def test_stays_in_house(small_run: Path, registers: Path, tmp_path: Path) -> None:
    done = perform("in-house", "--run", small_run, "--registers", registers, "--institution", H, "--lang", "en", "-o",
                   tmp_path / "out")  # fmt: skip
    assert "record" in done.output
    assert "no limit of care" in done.output
    with (tmp_path / "out" / "in_house_estimates.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    priced = [r for r in rows if r["expected_payment"]]
    assert priced
    for r in priced:
        assert round(float(r["expected_payment"]) - float(r["charges"]) - float(r["room"]), 2) == 0
    assert any(r["alternatives"] for r in rows)


def test_templates_can_be_read_back(tmp_path: Path) -> None:
    assert perform("template", "-o", tmp_path / "forms").exit_code == 0
    for register in PERFORMANCE_REGISTERS:
        book = openpyxl.load_workbook(tmp_path / "forms" / f"{register.name}.xlsx")
        assert book.properties.created.year == 2000  # no clock: the same bytes every time
        sheet = book.worksheets[0]
        heads = [c.value for c in next(sheet.iter_rows(max_row=1))]
        assert heads[: len(register.columns)] == [c.zh for c in register.columns]
    assert (tmp_path / "forms" / "demo-hospital.yaml").is_file()


def test_a_plan_is_checked_strictly(small_run: Path, registers: Path, tmp_path: Path) -> None:
    text, _ = practice_text("demo-hospital", plans_folder())
    cases = {
        "pools.shares: {value: {base: 40%, project: 40%, excess: 20%}": (
            "pools.shares: {value: {base: 40%, project: 40%, excess: 10%}", "not to 100 %"),
        "legal.basis: {value: quality_and_efficiency": ("legal.basis: {value: surplus_sharing", "acknowledgement"),
        " prize.min_cases: 10": (" prize.least: 10", "unknown parameter"),
        "      work.per_stay: 1\n": ("", "missing on 2024"),
    }  # fmt: skip
    for i, (right, (wrong, said)) in enumerate(cases.items()):
        assert right in text
        plan = tmp_path / f"plan{i}.yaml"
        plan.write_text(text.replace(right, wrong), encoding="utf-8")
        with pytest.raises(DrgpayError, match=said) as failure:
            perform("check", "--plan", plan, "--run", small_run, "--registers", registers, "--institution", H)
        assert failure.value.kind is Kind.POLICY


def edit(folder: Path, name: str, change: object) -> None:
    """Rows of a register changed by a function of the rows."""
    path = folder / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    head = list(rows[0])
    rows = change(rows)  # type: ignore[operator]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, head)
        writer.writeheader()
        writer.writerows(rows)


def test_what_does_not_fit_is_listed_in_both_languages(small_run: Path, registers: Path, tmp_path: Path) -> None:
    bad = tmp_path / "registers"
    shutil.copytree(registers, bad)
    with (bad / "staff.csv").open(encoding="utf-8") as file:
        staff = list(csv.DictReader(file))
    doctor, other = staff[0], next(r for r in staff if r["department_id"] != staff[0]["department_id"])
    here, there = doctor["department_id"], other["department_id"]
    strange = [
        doctor | {"department_id": there},  # in two departments at once
        doctor | {"staff_id": "X1", "post": "wizard"},  # a post without a coefficient
        doctor | {"staff_id": "X2", "department_id": "nowhere"},
        doctor | {"staff_id": "X3"},  # no attendance in the register
    ]
    edit(bad, "staff", lambda rows: [*rows, *strange])
    edit(bad, "attendance", lambda rows: [r | {"days_present": "0"} if r["staff_id"] == other["staff_id"] else r
                                          for r in rows])  # fmt: skip
    edit(bad, "operation_roles", lambda rows: [rows[0] | {"staff_id": "stranger"}])
    edit(bad, "stay_costs", lambda rows: rows[:5])
    edit(bad, "distributable_sums", lambda rows: rows[:1])
    order = ("--plan", "demo-hospital", "--run", small_run, "--registers", bad, "--institution", H, "--quarter", 2)
    screen = perform("check", *order).output
    assert "stranger" in screen  # the many groups without a cost do not hide it
    assert "no_cost_of_group" in screen
    done = perform("check", *order, "-o", tmp_path / "found", "--lang", "en")
    assert done.exit_code == int(Kind.DATA)
    with (tmp_path / "found" / "performance_findings.csv").open(encoding="utf-8-sig") as file:
        found = {(r["rule"], r["unit_id"]): r for r in csv.DictReader(file)}
    assert here in found["more_than_full_time", doctor["staff_id"]]["en"]
    assert "wizard" in found["post_without_coefficient", "X1"]["zh"]
    for key in (("unknown_department", "X2"), ("attendance_missing", "X3"), ("no_attendance", other["staff_id"]),
                ("unknown_operator", "stranger"), ("no_sum", "2024Q2")):  # fmt: skip
        assert found[key]["zh"] != found[key]["en"]
    rules = {rule for rule, _ in found}
    assert rules >= {"operation_without_roles", "no_cost_of_group"}
    with pytest.raises(DrgpayError, match="pay cannot be worked out") as failure:
        perform(*order, "-o", tmp_path / "out")
    assert failure.value.kind is Kind.DATA
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".*"))


def test_the_goals_of_the_case_study(small_run: Path, registers: Path, tmp_path: Path) -> None:
    """Fund spend ≤ 120 million yuan, cost index ≤ 1.0, CMI +5 %: judged over the year against last year's stays."""
    order = PerformOrder("demo-hospital", small_run, registers, H, 0, {"target.fund_spend": "120000000"})
    runs.perform(order, tmp_path / "out", usual(2))
    goals = {
        g["goal"]: g for g in json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))["goals"]
    }
    months = pl.read_parquet(small_run / "tables" / "institution_months.parquet").filter(
        pl.col("institution_id") == H
    )
    assert goals["fund_spend"] == {"goal": "fund_spend", "value": months["due"].sum(), "target": 12_000_000_000,
                                   "met": True, "basis": "plan", "of_year": 12_000_000_000, "months": 12}  # fmt: skip
    assert goals["cost_index"]["target"] == 10_000
    grouped = pl.read_parquet(small_run / "tables" / "grouped").filter(
        (pl.col("institution_id") == H) & (pl.col("year") == 2023)
    )
    points = dict(pl.read_parquet(small_run / "tables" / "base_groups.parquet").select("drg", "base_points").rows())
    weight = sum(points.get(d) or 0 for d in grouped["drg"].cast(pl.String))
    last = (2 * weight + grouped.height * 100) // (2 * grouped.height * 100)
    assert goals["cmi"]["target"] == (2 * last * 10_500 + 10_000) // 20_000
    assert goals["cmi"]["met"] == (goals["cmi"]["value"] >= goals["cmi"]["target"])


def test_usage(small_run: Path, registers: Path, result: Path, tmp_path: Path) -> None:
    common = ("--plan", "demo-hospital", "--run", small_run, "--registers", registers)
    with pytest.raises(DrgpayError, match="several institutions"):
        perform(*common, "-o", tmp_path / "out")
    with pytest.raises(DrgpayError, match="no such institution"):
        perform(*common, "--institution", "H0", "-o", tmp_path / "out")
    with pytest.raises(DrgpayError, match="output folder exists"):
        perform(*common, "--institution", H, "-o", result)
    with pytest.raises(DrgpayError, match="no such registers folder"):
        perform(*common[:-1], tmp_path / "no", "--institution", H, "-o", tmp_path / "out")
    with pytest.raises(DrgpayError, match="no run of a settlement"):
        perform("--plan", "demo-hospital", "--run", result, "--registers", registers, "--institution", H, "-o",
                tmp_path / "out")  # fmt: skip
    assert perform(*common).exit_code == 2


def test_sample_and_gains_only(small_region: Path, small_run: Path, tmp_path: Path) -> None:
    made = perform("sample", "--region", small_region, "--institution", H, "-o", tmp_path / "reg")
    assert "staff" in made.output
    perform("--plan", "demo-hospital", "--run", small_run, "--registers", tmp_path / "reg", "--institution", H, "-o",
            tmp_path / "out", "--gains-only")  # fmt: skip
    assert (tmp_path / "out" / "tables" / "hospital_results.parquet").is_file()
    assert not (tmp_path / "out" / "tables" / "slips.parquet").exists()
    with pytest.raises(DrgpayError, match="output folder exists"):
        perform("sample", "--region", small_region, "--institution", H, "-o", tmp_path / "reg")
    with pytest.raises(DrgpayError, match="no department of that institution"):
        perform("sample", "--region", small_region, "--institution", "H0", "-o", tmp_path / "reg2")


def test_the_indices_are_those_of_an_evaluation(
    result: Path, small_run: Path, registers: Path, tmp_path: Path
) -> None:
    CliRunner().invoke(app, ["evaluate", str(small_run), "--card", "zhejiang-2021", "-o", str(tmp_path / "judged")])
    figures = table(tmp_path / "judged", "indicator_figures").filter(
        (pl.col("scope") == "department") & (pl.col("institution_id") == H)
    )
    ours = table(result, "hospital_results").filter(
        (pl.col("scope") == "department") & (pl.col("period") == "2024") & (pl.col("department_id") != "")
    )
    for indicator, column in (("cmi", "cmi"), ("cost_index", "cost_index"), ("time_index", "time_index"),
                              ("los", "mean_los")):  # fmt: skip
        theirs = dict(figures.filter(pl.col("indicator") == indicator).select("department_id", "value").rows())
        mine = {d: v for d, v in ours.select("department_id", column).rows() if d in theirs}
        assert mine == {d: v for d, v in theirs.items() if v is not None}, indicator
    perform("--plan", "demo-hospital", "--run", small_run, "--registers", registers, "--institution", H, "--quarter",
            2, "-o", tmp_path / "out", "--figures", tmp_path / "judged")  # fmt: skip
    complications = table(tmp_path / "out", "department_marks").filter(
        (pl.col("item") == "complications") & pl.col("numerator").is_not_null()
    )
    assert complications.height > 0


def test_departments_are_marked_by_their_type(result: Path) -> None:
    marks = table(result, "department_marks")
    kinds = table(result, "department_results").select("department_id", "department_type")
    asked = {
        kind: set(
            marks.join(kinds, on="department_id")
            .filter((pl.col("department_type") == kind) & (pl.col("full") > 0))["item"].cast(pl.String)
        )
        for kind in ("surgical", "technical", "outpatient")
    }  # fmt: skip
    assert "cmi_growth" in asked["surgical"]
    assert asked["technical"] >= {"positive_rate", "report_accuracy"}
    assert "visit_cost" in asked["outpatient"]
    assert "cmi_growth" not in asked["technical"] | asked["outpatient"]
    results = table(result, "department_results").filter(pl.col("score").is_not_null())
    assert results.height > 0
    for row in results.to_dicts():
        its = marks.filter((pl.col("department_id") == row["department_id"]) & pl.col("mark").is_not_null())
        bonuses = pl.col("item").cast(pl.String).str.starts_with("bonus")
        main, bonus = its.filter(~bonuses), int(its.filter(bonuses)["mark"].sum())
        raw, measured = int(main["mark"].sum()), int(main["full"].sum())
        exact = raw * 1_000_000 / measured + bonus
        assert abs(min(max(exact, 0), 1_050_000) - row["score"]) <= 1


def test_people_who_left_and_sums_in_another_unit_are_findings(
    small_run: Path, registers: Path, tmp_path: Path
) -> None:
    """Somebody whose assignment ended is named as one who is missing; Chinese file names are taken."""
    own = shutil.copytree(registers, tmp_path / "own")
    with (own / "operation_roles.csv").open(encoding="utf-8-sig") as file:
        busy = next(csv.DictReader(file))["staff_id"]
    edit(own, "staff", lambda rows: [r | {"valid_until": "2024-03-31"} if r["staff_id"] == busy else r for r in rows])
    edit(own, "distributable_sums", lambda rows: [r | {"amount": "120"} for r in rows])
    edit(own, "department_work", lambda rows: [r | {"department_id": "NOWHERE"} for r in rows[:1]] + rows[1:])
    edit(own, "stay_costs", lambda rows: [rows[0] | {"stay_id": "S-NONE"}, *rows[1:]])
    (own / "staff.csv").rename(own / "人员名册.csv")
    order = ("--plan", "demo-hospital", "--run", small_run, "--registers", own, "--institution", H, "--quarter", 1)
    perform("check", *order[:-1], 2, "-o", tmp_path / "found", "--lang", "en")
    with (tmp_path / "found" / "performance_findings.csv").open(encoding="utf-8-sig") as file:
        found = {(r["rule"], r["register_name"], r["unit_id"]): r for r in csv.DictReader(file)}
    assert "2024-03-31" in found["assignment_ended", "operation_roles", busy]["zh"]
    assert "2024-03-31" in found["assignment_ended", "attendance", busy]["en"]
    assert "S-NONE" in found["unknown_stay", "stay_costs", "–"]["zh"]
    assert "120.00 元" in found["sum_small", "distributable_sums", "2024Q2"]["zh"]
    perform("check", *order, "-o", tmp_path / "before", "--lang", "en")
    with (tmp_path / "before" / "performance_findings.csv").open(encoding="utf-8-sig") as file:
        rules = {(r["rule"], r["unit_id"]) for r in csv.DictReader(file)}
    assert ("assignment_ended", busy) not in rules
    edit(own, "distributable_sums", lambda rows: [r | {"amount": "-5"} for r in rows])
    with pytest.raises(DrgpayError, match=r"«-5» 金额超出范围 0\.00"):
        perform("check", *order)
