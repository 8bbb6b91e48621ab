"""A year paid by rate: every stay its payment standard; what the pool has left or lacks is carried over."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest

from drgpay.engine import read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import load, practice_text
from drgpay.report.papers import Table, paper_of
from drgpay.runs import TABLES, Order, explain_stay, run, verify
from drgpay.steps import points
from drgpay.tables import CASE_POINTS, CLOSINGS, COEFFICIENTS, POOLS, STATEMENTS, STAY_PAYMENTS
from support.engines import usual

RATE = """      points.pricing: rate
      rate.base_rate: 9435.25
      points.min_los: 1
"""


@pytest.fixture(scope="module")
def weights() -> dict[str, str]:
    path = files("drgpay") / "data" / "weights" / "chs-drg-1.1.csv"
    return dict(pl.read_csv(str(path), infer_schema=False).select("drg", "weight").rows())


def _policy(folder: Path, rate: str = RATE) -> str:
    text, _ = practice_text("demo")
    text = text.replace("      points.min_los: 1\n", rate, 1)
    text = text.replace("components: [cost_difference, basic_group]", "components: [level, basic_group]")
    file = folder / "rate.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.fixture(scope="module")
def by_rate(small_region: Path, weights: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rate")
    region = shutil.copytree(small_region, folder / "region")
    pl.DataFrame({"drg": list(weights), "weight": list(weights.values())}).write_csv(region / "group_weights.csv")
    return run(Order(region, _policy(folder), 2024), folder / "run", usual(2))


def test_papers_name_no_points(by_rate: Path) -> None:
    for kind in ("year", "stays"):
        paper = paper_of(by_rate, kind, "H99990100001")
        texts = [v for b in paper.blocks if isinstance(b, Table) for r in b.rows for v in (*r.values, b.title)]
        texts += [column.head for b in paper.blocks if isinstance(b, Table) for column in b.columns]
        assert any("费率付费" in str(text) for text in texts)
        assert not [text for text in texts if "点值(" in str(text) or "总点数" in str(text) or text == "点数(点)"]


def test_every_stay_gets_the_payment_of_the_rate_method(by_rate: Path, weights: dict[str, str]) -> None:
    policy = load(by_rate / "practice.yaml", on=Order(by_rate, "", 2024).on)
    rule, rate = points.rate_rule(policy), points.parse_rate("9435.25")
    k = dict(
        read_table(by_rate / TABLES, COEFFICIENTS)
        .filter(pl.col("component") == "total")
        .select("institution_id", "value")
        .rows()
    )
    basics, seen = set(policy.codes("coefficient.basic_groups")), set()
    for row in read_table(by_rate / TABLES, CASE_POINTS).iter_rows(named=True):
        if row["case_class"] not in ("normal", "low", "high"):
            continue
        own = 10_000 if row["drg"] in basics else k[row["institution_id"]]
        standard = points.payment_standard(points.parse_weight(weights[row["drg"]]), rate, own * 10**4)
        case_class, paid = points.rate_payment(row["total_cost"], standard, rule)
        assert (row["case_class"], row["points"]) == (case_class, paid)
        seen.add(case_class)
    assert seen == {"normal", "low", "high"}


def test_payments_are_the_standards_and_the_rest_is_carried_over(by_rate: Path) -> None:
    assert all(c.ok for c in verify(by_rate, usual(1)))
    cases, statements = read_table(by_rate / TABLES, CASE_POINTS), read_table(by_rate / TABLES, STATEMENTS)
    for scheme, h, due in statements.select("insurance_scheme", "institution_id", "due").rows():
        its = cases.filter((pl.col("institution_id") == h) & (pl.col("insurance_scheme") == scheme))
        assert due == max(its["points"].sum() - its["personal_paid"].sum(), 0)
    closings = read_table(by_rate / TABLES, CLOSINGS)
    for row in closings.iter_rows(named=True):
        its = statements.filter(pl.col("insurance_scheme") == row["insurance_scheme"])
        assert row["carried_over"] == row["distributable"] - its["due"].sum()
    paid = read_table(by_rate / TABLES, STAY_PAYMENTS).join(
        cases.select("stay_id", "points", "personal_paid"), "stay_id"
    )
    whole = paid.group_by("institution_id", "insurance_scheme").agg(pl.col("year_due").sum())
    positive = whole.filter(pl.col("year_due") > 0).select("institution_id", "insurance_scheme")
    exact = paid.join(positive, ["institution_id", "insurance_scheme"])
    assert (exact["year_due"] == exact["points"] - exact["personal_paid"]).all()
    pools = read_table(by_rate / TABLES, POOLS)
    assert pools.height == 26
    assert pools["point_value"].null_count() == 26  # nobody is paid by a point value


def test_a_refused_stay_gives_its_payment_back(by_rate: Path, tmp_path: Path) -> None:
    region = shutil.copytree(by_rate.parent / "region", tmp_path / "region")
    cases = read_table(by_rate / TABLES, CASE_POINTS)
    largest = read_table(by_rate / TABLES, STAY_PAYMENTS).sort("year_due", "stay_id").row(-1, named=True)
    stay, h, scheme = (largest[n] for n in ("stay_id", "institution_id", "insurance_scheme"))
    header = "stay_id,institution_id,kind,decision,number,amount,share,reason"
    (region / "stay_decisions.csv").write_text(f"{header}\n{stay},{h},refuse,approved,1,,,\n", encoding="utf-8")
    again = run(Order(region, _policy(tmp_path), 2024), tmp_path / "run", usual(2))
    assert all(c.ok for c in verify(again, usual(1)))
    mine = (pl.col("institution_id") == h) & (pl.col("insurance_scheme") == scheme)
    before, after = (read_table(r / TABLES, STATEMENTS).filter(mine).row(0, named=True) for r in (by_rate, again))
    assert after["refused"] == largest["year_due"] > 0
    assert after["due"] == before["due"] - largest["year_due"]
    item = cases.filter(pl.col("stay_id") == stay)["fund_by_item"][0]
    assert after["actual"] == before["actual"] - item
    others = [read_table(r / TABLES, STATEMENTS).filter(~mine).drop("second_distribution", "settled", "final_payment")
              for r in (by_rate, again)]  # fmt: skip
    assert others[0].equals(others[1])
    sections, _ = explain_stay(again, stay)
    values = {line.en: line.value for s in sections for line in s.lines}
    assert values["due of the year (this stay)"] == "0.00"
    assert values["class"] == "excluded"


def test_a_stay_paid_by_rate_is_explained(by_rate: Path) -> None:
    cases = read_table(by_rate / TABLES, CASE_POINTS)
    for case_class in cases["case_class"].unique():
        case = cases.filter(pl.col("case_class") == case_class).row(0, named=True)
        sections, sources = explain_stay(by_rate, case["stay_id"])
        values = {line.en: line.value for s in sections for line in s.lines}
        fen = case["points"]
        assert values["payment of the stay"].replace(",", "") == f"{fen // 100}.{fen % 100:02d}"
        assert values["class"] == case_class
        assert sources["rate.base_rate"]["value"] == "9435.25"


def test_the_rate_method_needs_weights_and_a_rate(small_region: Path, tmp_path: Path) -> None:
    with pytest.raises(DrgpayError, match="group_weights") as failure:
        run(Order(small_region, _policy(tmp_path), 2024), tmp_path / "run", usual(1))
    assert failure.value.kind is Kind.DATA
    no_rate = "      points.pricing: rate\n      points.min_los: 1\n"
    with pytest.raises(DrgpayError, match=r"rate\.base_rate") as failure:
        run(Order(small_region, _policy(tmp_path, no_rate), 2024), tmp_path / "run", usual(1))
    assert failure.value.kind is Kind.POLICY
