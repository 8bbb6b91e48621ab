"""Simulation: what another rule would change, exactly what a run under that rule gives, and nothing written."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drgpay.engine import Dataset, frame, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, dictionary, one_law, practice_text
from drgpay.runs import TABLES, Order, WarmRuns, modes, money, run, sweep, verify, what_if
from drgpay.runs.compare import MEASURES, OUTSIDE, gini
from drgpay.runs.manifest import REGISTERS, folder_digests
from drgpay.runs.region import Registers
from drgpay.runs.whatif import Simulation, holding, sweep_values
from drgpay.samples import make_region
from drgpay.steps import fund, points
from drgpay.tables import GROUPED, MODE_PAYMENTS, POOLS, STATEMENTS
from support.command import drgpay
from support.engines import ON_SPARK, usual

CHANGES = {"points.max_cv": "0.4", "coefficient.own_share": "0.8", "settlement.reasonable_fund_share": "0.5"}

OTHERS = {
    "integer": ("3", "2", "100", "1000", "7"),
    "ratio": ("0.3", "0.9", "1.2", "0.05"),
    "yuan": ("100",),
    "flag": ("true", "false"),
    "month_day": ("07-01",),
    "codes": ("[EX25, FV25]",),
    "years": ("[{year: 2022, weight: 3}, {year: 2023, weight: 1}]",),
    "bands": ("[{upto: 0.5, value: 1.5}, {value: 2}]", "[{below: 0.5, value: 0.4}, {value: 0.9}]",
              "[{upto: 0.5, value: 0.1}, {value: -0.2}]", "[{upto: 1, value: 0.9}, {value: 1}]"),
    "mode_rules": ("[{id: long, mode: by_item, when: {los_from: 10}}]",),
    "rates": ("[{from: 1, yuan: 10}]", "[{from: 0, yuan: 10}]", "[{yuan: 10}]"),
}  # fmt: skip
"""another value for a parameter, by type: the first that its bounds allow and that it does not have"""
WITH = {
    "coefficient.combine": {"coefficient.weights": "{cost_difference: 1}"},
    "points.difficulty_age": {"points.difficulty_add": "0.1"},
    "points.difficulty_comorbidities": {"points.difficulty_add": "0.1"},
    "points.long_stay_days": {"points.bed_day_points": "12.5"},
    "points.readmit_days": {"points.readmit_keep": "0.5"},
    "points.tcm_groups": {"points.tcm_add": "0.1"},
}
"""what a parameter needs beside it"""


@pytest.fixture(scope="module")
def held(small_run: Path) -> Any:
    with Simulation(small_run, usual()) as simulation:
        yield simulation


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The year of a region of few stays, to be computed again and again."""
    folder = tmp_path_factory.mktemp("few")
    make_region(folder / "region", stays=1_500, seed=7, institutions=5)
    return run(Order(folder / "region", "demo", 2024), folder / "run", usual())


def another(policy: Policy, name: str) -> Policy | None:
    """The policy with one parameter changed to something its bounds allow."""
    parameter = dictionary()[name]
    candidates: tuple[str, ...] = OTHERS.get(parameter.type, ())
    if parameter.type == "choice":
        candidates = parameter.choices
    if parameter.type == "names":
        candidates = ("[level, basic_group]", f"[{parameter.choices[0]!r}]")
    if parameter.type == "table":
        keys = ["new_technology"] if parameter.keys == "any" else list(parameter.keys)
        candidates = tuple(f"{{{', '.join(f'{key}: {x}' for key in keys)}}}" for x in ("0.8", "0.25", "2"))
    for text in candidates:
        try:
            amended = policy.amend({name: text, **WITH.get(name, {})}, "test")
        except DrgpayError:
            continue
        if amended.source(name).value != policy.source(name).value:
            return amended
    return None


def from_scratch(
    registers: Registers, grouped: Dataset, policy: Policy, work: Path, mode_months: list[dict[str, Any]]
) -> money.Settled:
    """The run's year under a policy, everything computed again from all of its stays; its visits stand."""
    period = money.Period(2024, fund.MONTHS)
    laws = one_law(policy, 2024)
    grouped = modes.pooled(usual(), grouped, laws.closing.segments, registers, period, work / "modes")
    rules = money.rules(usual(), grouped, one_law(policy, period.year).closing.segments[0], registers, period, work)
    tables = points.within_cap(usual(), grouped, rules.tables, policy)
    sums = points.tally(usual(), grouped, tables, policy)
    forfeited = modes.simulated_forfeits(usual(), mode_months, work / "modes", laws, registers, period)
    earned = money.Earned(sums, money.scored(tables, grouped))
    return money.settle(usual(), grouped, laws, registers, period, earned, work, None, forfeited)


def outcome(settle: Any) -> Any:
    """What settling gives, or how it fails."""
    try:
        return settle()
    except DrgpayError as error:
        return error.text()


@pytest.mark.exhaustive
@pytest.mark.skipif(ON_SPARK, reason="a question about policies: a hundred times a year, which take minutes on Spark")
def test_every_parameter_changed_alone_gives_what_a_full_recompute_gives(few: Path, tmp_path: Path) -> None:
    changed = moved = 0
    pq.write_table(pq.read_table(few / TABLES / GROUPED.name), tmp_path / "all.parquet")
    stays, registers = Dataset((tmp_path / "all.parquet",)), Registers.read(few / REGISTERS)
    months = [row for row in read_table(few / TABLES, MODE_PAYMENTS).to_dicts() if row["month"]]
    with Simulation(few, usual()) as held:
        for number, name in enumerate(held.policy.values()):
            policy = another(held.policy, name)
            if name == "grouping.switches":
                continue
            assert policy is not None, name
            changed += 1
            alone = outcome(lambda p=policy: held.settle(one_law(p, 2024)).settled)
            full = outcome(lambda p=policy, n=number: from_scratch(registers, stays, p, tmp_path / str(n), months))
            assert alone == full, name
            moved += alone != held.baseline.settled
    assert changed > 80
    assert moved > 30


def test_only_what_a_change_reaches_is_scanned_again(held: Simulation) -> None:
    def scans(**changes: str) -> list[str]:
        named = {name.replace("__", "."): value for name, value in changes.items()}
        return held.compare(held.alternative(named)).scanned

    assert scans() == []
    assert scans(settlement__monthly_pay_ratio="0.9123", fund__reserve_share="0.0123") == []
    assert scans(coefficient__own_share="0.6789") == ["points"]
    assert scans(coefficient__own_share="0.6789") == []
    assert scans(points__qy_discount="0.1234") == ["points"]
    assert "base period: sums" not in scans(points__max_cv="0.3456")
    assert "base period: sums" in scans(points__max_los="45")


def test_only_files_that_may_hold_the_year_are_read(tmp_path: Path) -> None:
    files = {"a": [2022, 2023], "b": [2023, 2024], "c": [2025], "d": [2024]}
    for name, years in files.items():
        table = pl.DataFrame({"id": years, "year": years}).to_arrow()
        pq.write_table(table, tmp_path / f"{name}.parquet", write_statistics=name != "c")
    found = holding(Dataset.of(tmp_path), 2024)
    assert [path.stem for path in found.paths] == ["b", "c", "d"]
    assert holding(Dataset((tmp_path / "a.parquet",)), 2024).paths == (tmp_path / "a.parquet",)


def test_without_a_change_nothing_differs(held: Simulation) -> None:
    found = held.compare(held.alternative({}))
    assert (found.changes, found.winners, found.losers, found.total) == ([], 0, 0, "same")
    for row in (*found.institutions, *found.levels, *found.statements):
        assert all(row[f"{name}_diff"] == 0 and row[f"{name}_old"] == row[f"{name}_new"] for name in MEASURES)
    assert all(row["diff"] == 0 for row in found.figures)


def practice_with(changes: dict[str, str], target: Path) -> Path:
    """The demo practice with some values of its first notice replaced."""
    content = yaml.load(practice_text("demo")[0], Loader=yaml.BaseLoader)
    for name, value in changes.items():
        content["notices"][0]["values"][name] = value
    target.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return target


def test_a_simulation_is_to_the_fen_what_a_run_under_the_changed_policy_gives(
    held: Simulation, small_region: Path, small_run: Path, tmp_path: Path
) -> None:
    changes = {**CHANGES, "fund.reserve_share": "3%", "points.readmit_days": "14", "points.readmit_keep": "0.5"}
    practice = practice_with(changes, tmp_path / "other.yaml")
    real = run(Order(small_region, str(practice), 2024), tmp_path / "real", usual())
    for laws in (held.alternative(changes), held.alternative({}, practice)):
        made = held.settle(laws)
        assert (
            frame(STATEMENTS.of(made.statements)).sort(STATEMENTS.key).equals(read_table(real / TABLES, STATEMENTS))
        )
        pools = frame(POOLS.of([p.row() for p in made.settled.pools])).sort(POOLS.key)
        assert pools.equals(read_table(real / TABLES, POOLS))
    by_set, by_policy = what_if(small_run, usual(), changes), what_if(small_run, usual(), policy=practice)
    assert by_set.institutions == by_policy.institutions
    assert [row["name"] for row in by_set.changes] == [row["name"] for row in by_policy.changes]


def test_the_rows_of_a_comparison_add_up(held: Simulation) -> None:
    found = held.compare(held.alternative(CHANGES))
    assert found.total == "same"
    assert min(found.winners, found.losers) > 0
    for name in MEASURES:
        for side in ("old", "new", "diff"):
            sums = {sum(row[f"{name}_{side}"] for row in rows) for rows in (found.institutions, found.levels)}
            sums.add(sum(row[f"{name}_{side}"] for row in found.statements))
            assert sums == {found.figure(name)[side]}
    due = found.figure("due")
    assert due["old"] == due["new"] == sum(p.fund for p in held.baseline.settled.pools if p.month == fund.YEAR)
    assert found.figure("distributable")["diff"] == 0
    won = [row["settled_diff"] for row in found.institutions]
    assert won == sorted(won, reverse=True)
    assert (sum(x > 0 for x in won), sum(x < 0 for x in won)) == (found.winners, found.losers)
    assert [row["name"] for row in found.changes] == ["points.max_cv", "coefficient.own_share",
                                                      "settlement.reasonable_fund_share"]  # fmt: skip
    first = found.changes[0]
    assert (first["old"], first["new"], first["new_source"]) == ("1", "0.4", "what-if")
    assert "weihai-notes" in first["old_source"]


def test_it_says_when_there_is_more_to_share_and_what_has_no_part(held: Simulation) -> None:
    found = held.compare(held.alternative({"fund.reserve_share": "2%", "fund.growth": "1%"}))
    assert (found.total, found.total_by, found.outside) == (
        "distributable", ["fund.reserve_share"], ["fund.growth"],
    )  # fmt: skip
    assert found.figure("distributable")["diff"] > 0


def test_what_is_said_to_have_no_part_moves_nothing(held: Simulation) -> None:
    for name in held.policy.values():
        policy = another(held.policy, name) if name.startswith((*OUTSIDE, "rate.")) else None
        if policy is not None:
            found = held.compare(one_law(policy, 2024))
            assert (found.outside, found.scanned, found.winners, found.losers) == ([name], [], 0, 0)


def test_the_run_is_left_as_it_is(small_run: Path) -> None:
    before = folder_digests(small_run)
    what_if(small_run, usual(), CHANGES)
    assert folder_digests(small_run) == before
    assert all(check.ok for check in verify(small_run, usual()))


def test_a_sweep_is_its_single_simulations(small_run: Path) -> None:
    found = sweep(small_run, usual(), "points.max_cv=0.4..1:0.3", {"points.qy_discount": "0.5"})
    assert [value for value, _ in found.values] == ["0.4", "0.7", "1"]
    assert [row["current"] for row in found.rows()] == [False, False, True]
    for value, one in found.values:
        single = what_if(small_run, usual(), {"points.max_cv": value, "points.qy_discount": "0.5"})
        assert one.plain() == single.plain()
    assert [row["name"] for row in found.plain()["changes"]] == ["points.qy_discount"]
    row, one = found.rows()[0], found.values[0][1]
    assert row["points"] == one.figure("points")["new"]
    assert row["due_tertiary_diff"] == one.levels[0]["due_diff"]


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("points.max_cv=0.6..0.8:0.1", ["0.6000", "0.7000", "0.8000"]),
        ("points.max_cv=60%..75%:10%", ["0.6000", "0.7000"]),
        ("points.max_cv=0..1", [f"{n / 10:.4f}" for n in range(11)]),
        ("points.min_cases=5..8", ["5", "6", "7", "8"]),
        ("points.min_cases=5..5", ["5"]),
    ],
)
def test_a_range_of_values(held: Simulation, said: str, values: list[str]) -> None:
    assert sweep_values(said, held.policy)[1] == values


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("points.max_cv=1", Kind.USAGE),
        ("points.max_cv=1..0.5", Kind.USAGE),
        ("points.max_cv=0..1:0", Kind.USAGE),
        ("points.max_cv=0..1:0.0001", Kind.USAGE),
        ("points.high_multiple=1..2", Kind.USAGE),
        ("points.max_cx=1..2", Kind.POLICY),
        ("points.max_cv=a..b", Kind.DATA),
    ],
)
def test_no_range_of_values(held: Simulation, said: str, kind: Kind) -> None:
    with pytest.raises(DrgpayError) as failure:
        sweep_values(said, held.policy)
    assert failure.value.kind == kind


@pytest.mark.parametrize(
    ("changes", "policy", "kind", "words"),
    [
        ({"points.max_cvx": "1"}, None, Kind.POLICY, "points.max_cv"),
        ({"points.max_cv": "eleven"}, None, Kind.POLICY, "not a ratio"),
        ({"points.base_years": "[{year: 2019, weight: 1}]"}, None, Kind.USAGE, "2019"),
        ({"grouping.switches": "[no_such]"}, None, Kind.SCHEME, "no_such"),
        ({"grouping.certified": "true"}, "demo-2027", Kind.POLICY, "drgpay scheme import"),
        ({"coefficient.basic_groups": "[ZZ99]"}, None, Kind.POLICY, "ZZ99"),
        ({}, "no-such-practice", Kind.POLICY, "no-such-practice"),
    ],
)
def test_what_cannot_be_answered_says_why(
    held: Simulation, changes: dict[str, str], policy: str | None, kind: Kind, words: str
) -> None:
    with pytest.raises(DrgpayError) as failure:
        held.compare(held.alternative(changes, policy))
    assert failure.value.kind == kind
    assert words in failure.value.text()


@pytest.mark.parametrize(("changes", "policy"), [({}, "demo-2027"), ({"grouping.switches": "[]"}, None)])
def test_another_grouping_is_to_the_fen_what_a_run_of_it_gives(
    held: Simulation, small_region: Path, tmp_path: Path, changes: dict[str, str], policy: str | None
) -> None:
    practice = tmp_path / "other.yaml"
    text = practice_text(policy or "demo")[0]
    practice.write_text(text.replace("value: [qy]", "value: []") if changes else text, "utf-8")
    done = run(Order(small_region, str(practice), 2024), tmp_path / "run", usual(2))
    found = held.compare(held.alternative(changes, policy))
    want = {
        (row["insurance_scheme"], row["institution_id"]): row["settled"]
        for row in read_table(done / TABLES, STATEMENTS).to_dicts()
    }
    assert {(r["insurance_scheme"], r["institution_id"]): r["settled_new"] for r in found.statements} == want
    assert found.run.get("scheme_new") == (None if changes else "chs-drg-3.0")
    assert found.winners
    assert found.losers


def test_another_scheme_must_have_the_groups_the_policy_names(held: Simulation, tmp_path: Path) -> None:
    practice = tmp_path / "other.yaml"
    practice.write_text(practice_text("demo")[0].replace("scheme: chs-drg-1.1", "scheme: chs-drg-2.0"), "utf-8")
    with pytest.raises(DrgpayError) as failure:
        held.compare(held.alternative({}, practice))
    assert (failure.value.kind, failure.value.field) == (Kind.POLICY, "coefficient.basic_groups")


def test_a_month_run_and_a_changed_run_are_refused(small_region: Path, small_run: Path, tmp_path: Path) -> None:
    month = run(Order(small_region, "demo", 2024, 3), tmp_path / "month", usual())
    with pytest.raises(DrgpayError) as failure:
        what_if(month, usual(), CHANGES)
    assert failure.value.kind == Kind.USAGE
    forged = tmp_path / "forged"
    forged.mkdir()
    for item in small_run.iterdir():
        (forged / item.name).symlink_to(item)
    (forged / TABLES).unlink()
    (forged / TABLES).mkdir()
    for item in (small_run / TABLES).iterdir():
        (forged / TABLES / item.name).symlink_to(item)
    target = forged / TABLES / "statements.parquet"
    rows = pl.read_parquet(target)
    target.unlink()
    rows.with_columns(due=pl.col("due") + 1).write_parquet(target)
    with pytest.raises(DrgpayError) as failure:
        what_if(forged, usual(), CHANGES)
    assert failure.value.kind == Kind.BROKEN
    (forged / REGISTERS).unlink()
    with pytest.raises(DrgpayError) as failure:
        what_if(forged, usual(), CHANGES)
    assert failure.value.kind == Kind.DATA


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6))
def test_gini_is_its_definition(pairs: list[tuple[int, int]]) -> None:
    due, actual = (sum(p[i] for p in pairs) for i in (0, 1))
    if not due or not actual:
        assert gini(pairs) is None
        return
    apart = sum(abs(a[0] * b[1] - b[0] * a[1]) for a in pairs for b in pairs)
    exact = Fraction(apart, 2 * due * actual)
    assert gini(pairs) == (2 * exact * 10_000 + 1) // 2
    assert gini([(3 * d, 3 * a) for d, a in pairs]) == gini(pairs)


def test_gini_of_equal_ratios_is_zero() -> None:
    assert gini([(10, 20), (1, 2), (300, 600)]) == 0
    assert gini([(100, 1), (0, 99)]) == 9900


def test_the_command_as_a_user_runs_it(small_run: Path, tmp_path: Path) -> None:
    settings = ("--set", "points.max_cv=0.4", "--set", "coefficient.own_share=0.8")
    chinese = drgpay("whatif", small_run, *settings, "-o", tmp_path / "out.json")
    assert chinese.returncode == 0, chinese.stderr
    assert "points.max_cv: 1 → 0.4" in chinese.stdout
    assert "可分配额不变" in chinese.stdout
    assert "受益机构" in chinese.stdout
    assert "受损机构" in chinese.stdout
    content = json.loads((tmp_path / "out.json").read_text("utf-8"))
    expected = what_if(small_run, usual(), {"points.max_cv": "0.4", "coefficient.own_share": "0.8"}).plain()
    assert content == {"units": content["units"], **expected}

    english = drgpay("whatif", small_run, *settings, "--lang", "en", "-o", tmp_path / "out.xlsx")
    assert english.returncode == 0, english.stderr
    assert "the distributable amount is the same" in english.stdout
    book = openpyxl.load_workbook(tmp_path / "out.xlsx", data_only=True)
    assert book.sheetnames == ["Summary", "By level", "Institutions", "By scheme and institution"]
    rows = list(book["Institutions"].iter_rows(values_only=True))
    place = rows[0].index("Settled, change (yuan)")
    assert [round(row[place] * 100) for row in rows[1:-1]] == [r["settled_diff"] for r in expected["institutions"]]

    swept = drgpay("whatif", small_run, "--sweep", "points.max_cv=0.4..1:0.3", "-o", tmp_path / "out.html")
    assert swept.returncode == 0, swept.stderr
    assert "1 *" in swept.stdout
    page = (tmp_path / "out.html").read_text("utf-8")
    assert "chart-gini" in page
    assert "default-src 'none'" in page
    data = page.split('<script type="application/json" id="data">')[1].split("</script>")[0]
    assert [row["value"] for row in json.loads(data)["rows"]] == ["0.4", "0.7", "1"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ((), Kind.USAGE),
        (("--set", "points.max_cv"), Kind.USAGE),
        (("--set", "points.max_cv=x"), Kind.POLICY),
        (("--set", "points.max_cv=1", "-o", "out.doc"), Kind.USAGE),
        (("--set", "points.max_cv=1", "-o", "no/such/folder.json"), Kind.USAGE),
    ],
)
def test_the_command_says_what_is_wrong(small_run: Path, words: tuple[str, ...], kind: Kind) -> None:
    assert drgpay("whatif", small_run, *words).returncode == kind


def test_nothing_is_written_into_the_run(small_run: Path) -> None:
    done = drgpay("whatif", small_run, "--set", "points.max_cv=1", "-o", small_run / "x.json")
    assert done.returncode == Kind.USAGE
    assert not (small_run / "x.json").exists()


@pytest.mark.slow
def test_a_warm_run_answers_as_a_cold_one_and_reads_less(small_run: Path, tmp_path: Path) -> None:
    with WarmRuns(usual(1)) as warm:
        first = warm.what_if(small_run, CHANGES)
        assert first.plain() == what_if(small_run, usual(1), CHANGES).plain()
        again = warm.what_if(small_run, CHANGES)
        assert (again.plain(), again.scanned) == (first.plain(), [])
        assert warm.what_if(small_run, {"fund.reserve_share": "0.08"}).scanned == []
        with pytest.raises(DrgpayError):
            warm.what_if(tmp_path)
    assert {row["table"] for row in first.figures} == {"statements", "pools", "base_groups"}


def test_only_some_runs_are_kept_warm(small_run: Path, tmp_path: Path) -> None:
    other = tmp_path / "copy"
    shutil.copytree(small_run, other)
    with WarmRuns(usual(1), most=1) as warm:
        kept = [warm.what_if(path, {"points.max_cv": "0.4"}).scanned for path in (small_run, other, other, small_run)]
    assert [bool(scanned) for scanned in kept] == [True, True, False, True]
