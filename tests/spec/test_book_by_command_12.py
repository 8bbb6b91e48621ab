"""A book lived by its commands, with the worked example's figures (design/12 §2): what a bureau types, what it gets.

November and December stand for January and February: each has 1,000.00, H1 has 60 and 50 points, H2 40 and 50; then
a November stay of H1 gains 10 points.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from drgpay.engine import read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import practice_text
from drgpay.runs import TABLES
from drgpay.runs.chain import read_chain
from drgpay.runs.passed import check_taken, passed_on
from drgpay.runs.region import read_region
from drgpay.tables import CORRECTIONS, DEBTS, INSTITUTION_MONTHS, MONTH_CASH, STATEMENTS
from support.command import Done, drgpay

HEAD = (
    "病例号,定点医疗机构编号,险种,性别,年龄,实际住院天数,入院时间,出院时间,离院方式,诊断编码,手术操作编码,总费用,"
    "个人负担总额,按项目记账的基金应付"
)
RULES = """
  - id: example
    document: 示例通知
    issued: 2023-12-31
    in_force: 2024-01-01
    values:
      coefficient.components: []
      fund.basis: fund
      fund.reserve_share: 0
      fund.seasonality: last_year
      settlement.keep_bands: [{value: 1}]
      settlement.deposit_return: {excellent: 1, good: 1, pass: 1, fail: 1}
      settlement.second_distribution_surplus_share: 0
"""
LATER = "      settlement.corrections: next_month\n"


def _stay(number: str, institution: str, day: str, yuan: int) -> str:
    """A stay of stomach inflammation that left on a day (YYYY-MM-DD) and cost so much."""
    came = f"{day[:8]}{int(day[8:]) - 5:02d}"
    return f"{number},{institution},职工,女,50,5,{came},{day},1,K29.500,,{yuan}.00,0.00,{yuan}.00"


BASE = [_stay(f"B{i}", "H2", f"2023-{11 + i % 2}-20", 1000) for i in range(6)]
OWN = [
    *(_stay(f"S{i}", "H1", "2024-11-20", yuan) for i, yuan in enumerate((300, 200, 100))),
    *(_stay(f"S{i}", "H2", "2024-11-20", yuan) for i, yuan in enumerate((300, 100), 3)),
    *(_stay(f"S{i}", h, "2024-12-20", yuan)
      for i, (h, yuan) in enumerate((("H1", 300), ("H1", 200), ("H2", 300), ("H2", 200)), 5)),
]  # fmt: skip
GAINED = _stay("S2", "H1", "2024-11-20", 200)


class Office:
    """A bureau's desk: a region, a policy, and the runs beside each other."""

    def __init__(self, folder: Path, rules: str = RULES) -> None:
        self.region, self.runs, self.policy = folder / "区域", folder / "runs", folder / "policy.yaml"
        self.region.mkdir()
        self.runs.mkdir()
        self.policy.write_text(practice_text("demo")[0] + rules, encoding="utf-8")
        for name, lines in {
            "institutions": ["定点医疗机构编号,名称,等级", "H1,甲医院,二级", "H2,乙医院,二级"],
            "budgets": ["年度,险种,基金收入预算,住院DRG预算", "2024,职工,4500.00,2000.00", "2024,居民,0,0"],
            "stays": [HEAD, *BASE, *OWN],
            "months_paid": [
                "年度,月份,险种,定点医疗机构编号,应付,已拨付,质量保证金",
                *(f"2024,{month},职工,H1,0,0,0" for month in range(1, 11)),  # paid elsewhere: nothing
            ],
        }.items():
            (self.region / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def settle(self, name: str, *words: object) -> Path:
        out = self.runs / name
        done = drgpay("run", *words, "--region", self.region, "--policy", self.policy, "--year", "2024", "-o", out,
                      "--accept", "审批人", "--reason", "示例")  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return out

    def seal(self, name: str) -> Path:
        done = drgpay("run", "seal", self.runs / name, "--by", "审批人", "--on", "2025-01-10")
        assert done.returncode == 0, done.stderr + done.stdout
        return self.runs / name

    def submit(self, *words: str, stay: str = GAINED) -> Done:
        file = self.region.parent / "补报.csv"
        file.write_text(f"{HEAD}\n{stay}\n", encoding="utf-8")
        return drgpay("region", "submit", self.region, file, "--institution", "H1", "--month", "2024-11",
                      "--runs", self.runs, "--on", "2025-01-05", *words)  # fmt: skip


def figures(run: Path, table: object, institution: str, *columns: str) -> tuple[int, ...]:
    """Figures of an institution's employees, in fen and 1/10,000 points."""
    rows = read_table(run / TABLES, table).to_dicts()  # type: ignore[arg-type]
    its = next(r for r in rows if (r["insurance_scheme"], r["institution_id"]) == ("employee", institution))
    return tuple(its[c] for c in columns)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """November sealed; the correction handed in; December and the clearing sealed after it."""
    desk = Office(tmp_path_factory.mktemp("office"))
    desk.settle("m11", "month", "--month", "11")
    desk.seal("m11")
    assert desk.submit("--correction", "--reason", "补报费用").returncode == 0
    desk.settle("m12", "month", "--month", "12", "--after", desk.runs / "m11")
    desk.seal("m12")
    desk.settle("y2024", "year", "--after", desk.runs / "m12")
    desk.seal("y2024")
    yield desk
    for path in [desk.runs, *desk.runs.rglob("*")]:
        path.chmod(0o755)


def test_a_month_is_paid_and_sealed(office: Office) -> None:
    columns = ("points", "due", "paid", "deposit")
    assert figures(office.runs / "m11", INSTITUTION_MONTHS, "H1", *columns) == (600_000, 60_000, 57_000, 3_000)
    assert figures(office.runs / "m11", INSTITUTION_MONTHS, "H2", *columns) == (400_000, 40_000, 38_000, 2_000)
    assert not (office.runs / "m11" / "manifest.json").stat().st_mode & 0o222
    again = drgpay("run", "seal", office.runs / "m11", "--by", "别人")
    assert again.returncode == int(Kind.USAGE)
    assert "审批人" in again.stderr


def test_a_sealed_month_takes_corrections_only_and_with_a_reason(office: Office) -> None:
    for words in ((), ("--correction",)):
        assert office.submit(*words).returncode == int(Kind.USAGE)
    told = drgpay("region", "history", office.region, "--stay", "S2").stdout
    assert "补报费用" in told


def test_the_correction_is_seen_in_the_next_month_and_paid_by_the_clearing(office: Office) -> None:
    rows = read_table(office.runs / "m12" / TABLES, CORRECTIONS).to_dicts()
    assert [(r["stay_id"], r["cause"], r["points_before"], r["points_after"]) for r in rows] == [
        ("S2", "batch", 100_000, 200_000)
    ]
    assert figures(office.runs / "m12", MONTH_CASH, "H1", "corrections", "paid") == (0, 47_500)
    year = office.runs / "y2024"
    # 1,142.86 and 857.14; paid 1,045.00 and 855.00; with the deposits 97.86 and 2.14 are left
    assert figures(year, STATEMENTS, "H1", "due", "paid_in_months", "final_payment") == (114_286, 104_500, 9_786)
    assert figures(year, STATEMENTS, "H2", "due", "paid_in_months", "final_payment") == (85_714, 85_500, 214)


def test_verify_and_book_tell_the_whole_chain(office: Office) -> None:
    checked = drgpay("verify", office.runs / "y2024")
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("已封账") == 3
    book = drgpay("book", office.runs / "y2024", "--lang", "zh")
    assert book.returncode == 0, book.stderr
    assert [name in book.stdout for name in ("m11", "m12", "y2024")] == [True] * 3
    assert book.stdout.count("2025-01-10") == 3  # the day of each seal


def test_papers_of_a_book_say_what_was_corrected_and_what_is_left(office: Office) -> None:
    told = drgpay("paper", "month", office.runs / "m12", "--institution", "H1").stdout
    assert [part in told for part in ("审批人 2025-01-10 封账", "S2", "清单更正", "475.00", "20.0000")] == [True] * 5
    told = drgpay("paper", "year", office.runs / "y2024", "--institution", "甲医院").stdout
    assert [part in told for part in ("1,142.86", "1,045.00", "97.86", "玖拾柒元捌角陆分")] == [True] * 4
    listed = drgpay("paper", "stays", office.runs / "y2024", "--institution", "H1", "--lang", "en").stdout
    assert "1,142.86" in listed


def test_difference_names_the_batch(office: Office) -> None:
    """The same month settled with and without the correction."""
    office.settle("m11b", "month", "--month", "11")
    told = drgpay("run", "difference", office.runs / "m11", office.runs / "m11b", "--stays", "--lang", "en")
    assert told.returncode == 0, told.stderr
    assert "batch" in told.stdout
    assert "S2" in told.stdout


def test_a_violation_found_later_opens_the_clearing_again(office: Office) -> None:
    """§2 Re-opening: at the clearing's point value H1 gives 95.24 back and H2 stays; sharing again would pay H2."""
    lost = _stay("S2", "H1", "2024-11-20", 100)
    assert office.submit("--correction", "--reason", "复查:多记 10 点", stay=lost).returncode == 0
    closed = office.runs / "y2024"
    again = office.settle("r1", "year", "--reopens", closed)
    (before, after), (still, same) = (
        [figures(run, STATEMENTS, h, "due")[0] for run in (closed, again)] for h in ("H1", "H2")
    )
    assert (after - before, same - still) == (-9_524, 0)
    paper = drgpay("paper", "year", again, "--institution", "H1")
    assert [part in paper.stdout for part in ("转下年账本(元)", "-95.24", "重开理由  示例")] == [True] * 3, (
        paper.stdout
    )
    # the next year's clearing waits until what H1 owes is in its register of debts
    office.seal("r1")
    over = passed_on(read_chain(again).links)
    assert over.select("year", "institution_id", "insurance_scheme", "amount").rows() == [
        (2025, "H1", "employee", -figures(again, STATEMENTS, "H1", "passed")[0])
    ]
    assert over["amount"][0] > 0
    area = read_manifest(again)["region"]["id"]
    with pytest.raises(DrgpayError, match="not taken yet"):
        check_taken(office.runs, area, 2025, over.head(0))
    with pytest.raises(DrgpayError, match="not taken yet"):
        check_taken(office.runs, area, 2025, over.with_columns(amount=pl.col("amount") + 1))
    check_taken(office.runs, area, 2025, over)
    taken = drgpay("region", "take", office.region, again, "--runs", office.runs)
    assert "新增 1, 替代 0, 冲突 0, 不变 0;来源 年度清算" in taken.stdout, taken.stderr
    check_taken(office.runs, area, 2025, read_region(office.region).registers[DEBTS])
    assert "没有要写的" in drgpay("region", "take", office.region, again).stdout
    check_taken(office.runs, "elsewhere", 2025, over.head(0))
    check_taken(office.runs, area, 2024, over.head(0))


@pytest.mark.slow
def test_next_month_pays_it_at_once(tmp_path: Path) -> None:
    desk = Office(tmp_path, RULES + LATER)
    desk.settle("m11", "month", "--month", "11")
    desk.seal("m11")
    assert desk.submit("--correction", "--reason", "补报费用").returncode == 0
    december = desk.settle("m12", "month", "--month", "12", "--after", desk.runs / "m11")
    # 10 points × 10.00 = 100.00: 95.00 paid, 5.00 held
    assert figures(december, MONTH_CASH, "H1", "corrections", "corrections_deposit", "paid") == (10_000, 500, 57_000)
    desk.seal("m12")
    year = desk.settle("y2024", "year", "--after", december)
    assert figures(year, STATEMENTS, "H1", "paid_in_months", "final_payment") == (114_000, 286)
    assert figures(year, STATEMENTS, "H2", "paid_in_months", "final_payment") == (85_500, 214)
    for path in [desk.runs, *desk.runs.rglob("*")]:
        path.chmod(0o755)
