"""Record quality: what codes say against sex, age and weight; stays of one person side by side; scores."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay import runs
from drgpay.cli import app
from drgpay.engine import LocalEngine, dataset, read_table
from drgpay.errors import DrgpayError
from drgpay.runs.region import known_codes
from drgpay.scheme import load, load_codes
from drgpay.steps import intake
from drgpay.steps.intake import CheckContext, CodeList, KnownCodes, check_batch, check_stay, code_lists, known
from drgpay.tables import FINDINGS, RECORD_SCORES, STAY_SCORES, STAYS
from support.command import CliRunner
from support.engines import usual
from support.examples import many

DX = (
    *("A33.x00", "C50.900", "C61.x00", "I25.200", "I50.900x009", "I50.900x011", "J18.900", "J18.900x001", "O80.900"),
    *("P07.000", "P07.100", "P08.000", "P23.900", "R05.x00", "S00.000", "V01.000", "Y98.x00", "Z37.000", "Z38.000"),
)
PROC = ("60.2100", "64.9200", "65.1400", "74.1x00", "47.0100")
CODES = KnownCodes.of(DX, ["C50.900"], PROC, code_lists())
FIRST = date(2024, 1, 1)
AGES = st.sampled_from([None, -1, 0, 1, 9, 10, 60, 61])


def stay(n: int = 0, **other: Any) -> dict[str, Any]:
    """A stay nothing is wrong with."""
    return {
        "stay_id": f"s{n}", "person_id": f"p{n}", "institution_id": "h1", "department_id": "d1", "doctor_id": "x",
        "insurance_scheme": "resident", "sex": "male", "age": 50, "age_days": None, "birth_weight": None,
        "admission_weight": None, "los": 2,
        "admission_date": FIRST, "discharge_date": FIRST + timedelta(2), "discharge_way": 1, "dx": ["J18.900x001"],
        "proc": None, "total_cost": 3, "personal_paid": 1, "fund_by_item": 2, **other,
    }  # fmt: skip


def batch_of(stays: list[dict[str, Any]]) -> Any:
    schema = pa.schema([(field.name, field.type) for field in STAYS.schema])
    return pa.RecordBatch.from_pylist(stays, schema=schema)


def found(*, quality: bool = True, **other: Any) -> set[tuple[str, str, str]]:
    """(column, rule, level) of one stay, by the kernel; the reference agrees."""
    context = CheckContext("settlement", CODES, quality=quality)
    _, findings = check_batch(batch_of([stay(**other)]), file="f", first_row=1, context=context)
    got = {(f["field"], f["rule"], f["level"]) for f in findings.to_pylist()}
    assert got == check_stay(stay(**other), 1, context)
    return got


@many(34)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "sex": st.sampled_from(["male", "female", "x", None]), "age": AGES,
                "age_days": st.sampled_from([None, -1, 0, 28, 29, 364, 365, 4000]),
                "birth_weight": st.sampled_from([None, 999, 1000, 2499, 2500, 4499, 4500]),
                "dx": st.none() | st.lists(st.sampled_from([*DX, "ZZZ", None]), max_size=6),
                "proc": st.none() | st.lists(st.sampled_from([*PROC, "99", None]), max_size=4),
                "department_id": st.sampled_from([None, "d1"]),
                "discharge_way": st.sampled_from([None, 1]),
            }
        ),
        max_size=6,
    ),
    st.sampled_from(["grouping", "settlement"]),
    st.booleans(),
    st.integers(0, 2),
)  # fmt: skip
def test_the_kernel_and_the_reference_agree(stays: list[dict[str, Any]], need: str, quality: bool, cut: int) -> None:
    whole = [stay(n, **one) for n, one in enumerate(stays)]
    names = intake.stays_schema(need).names
    context = CheckContext(need, CODES, quality=quality)
    batch = batch_of(whole).select(names).slice(cut)
    before = batch.to_pylist()
    judged, notes = intake.judged(batch, "f", 1, context)
    expected = {(line, *f) for line, one in enumerate(whole[cut:], 1) for f in check_stay(one, line, context)}
    if need == "grouping":
        expected = {f for f in expected if f[1] in names}
    got = [(f["row"], f["field"], f["rule"], f["level"]) for f in notes.table().to_pylist()]
    assert len(got) == len(set(got))
    assert set(got) == expected
    assert batch.to_pylist() == before
    scores = intake.score_stays(judged, notes)
    STAY_SCORES.check(scores)
    for row in scores.to_pylist():
        own = {f for f in expected if f[0] == row["row"]}
        lost = row["completeness_lost"], row["accuracy_lost"], row["score"]
        assert lost == intake.score_stay((column, rule) for _, column, rule, _ in own)
        assert row["error"] == any(level == "error" for *_, level in own)
        assert set(row["rules"] or ()) == {rule for _, _, rule, _ in own}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, set()),
        ({"dx": ["O80.900"]}, {("dx", "dx_sex"), ("dx", "dx_unspecified")}),
        ({"dx": ["J18.900x001", "C61.x00"], "sex": "female"}, {("dx", "dx_sex")}),
        ({"proc": ["74.1x00"]}, {("proc", "proc_sex")}),
        ({"proc": ["60.2100"], "sex": "female"}, {("proc", "proc_sex")}),
        ({"proc": ["60.2100"], "sex": None}, {("sex", "sex_missing")}),
        ({"dx": ["J18.900x001", "O80.900"], "sex": "female", "age": 61}, {("dx", "dx_age")}),
        ({"dx": ["J18.900x001", "O80.900"], "sex": "female", "age": 60}, set()),
        ({"dx": ["Z38.000"], "age": 1}, {("dx", "dx_age")}),
        ({"dx": ["P23.900"], "age": None, "age_days": 364},
         {("dx", "newborn_dx"), ("dx", "dx_unspecified")}),
        ({"dx": ["P07.000"], "age": 0, "age_days": 3, "birth_weight": 1000}, {("birth_weight", "birth_weight_dx")}),
        ({"dx": ["P07.100"], "age": 0, "age_days": 3, "birth_weight": 1000}, set()),
        ({"birth_weight": 3000}, {("birth_weight", "birth_weight_age")}),
        ({"dx": ["J18.900x001", "C61.x00", "J18.900x001"]}, {("dx", "dx_repeated")}),
        ({"proc": ["47.0100", "47.0100"]}, {("proc", "proc_repeated")}),
        ({"dx": ["V01.000"]}, {("dx", "dx_external")}),
        ({"dx": ["I50.900x009"]}, {("dx", "dx_not_principal")}),
        ({"dx": ["I50.900x011", "I25.200"]}, set()),
        ({"dx": ["R05.x00", "J18.900"]}, {("dx", "dx_symptom")}),
        ({"dx": ["R05.x00", "Z37.000"], "sex": "female"}, set()),
        ({"dx": ["S00.000"]}, {("dx", "external_cause_missing")}),
        ({"dx": ["S00.000", "J18.900", "Y98.x00"]}, set()),
        ({"discharge_way": None}, {("discharge_way", "discharge_way_missing")}),
        ({"doctor_id": None}, {("doctor_id", "unfilled")}),
        ({"dx": ["ZZZ"]}, {("dx", "dx_unknown")}),
    ],
)  # fmt: skip
def test_a_stay_and_what_is_said_of_it(other: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    assert {(column, rule) for column, rule, _ in found(**other)} == expected


def test_hints_are_given_only_when_asked_for() -> None:
    assert found(dx=["R05.x00", "J18.900", "J18.900"], quality=False) == {("dx", "dx_repeated", "warn")}


def test_what_cannot_be_principal_is_what_chs_drg_2_0_says() -> None:
    scheme, edition = load("chs-drg-2.0"), load_codes("icd10-nhsa-2.0")
    codes = pa.array(sorted(edition.known))
    said = {
        code
        for one in code_lists()
        if one.rule in ("dx_external", "dx_not_principal")
        for code in codes.filter(pa.array(one.within(codes))).to_pylist()
    }
    assert scheme.invalid_dx <= said
    accepted = {code for mdc in scheme.mdcs for code in mdc.dx} - scheme.invalid_dx
    assert accepted & said == set()


def test_the_lists_name_codes_that_there_are() -> None:
    known = {
        "dx": pa.array(sorted(load_codes("icd10-nhsa-2.0").known)),
        "proc": pa.array(sorted(load_codes("icd9cm3-nhsa-2.0").known)),
    }
    for one in code_lists():
        assert one.source
        for spec in one.codes:
            alone = CodeList(one.id, one.rule, one.kind, (spec,), one.source)
            assert alone.within(known[one.kind]).any(), (one.id, spec)


PERSON = st.fixed_dictionaries(
    {
        "person_id": st.sampled_from(["p1", "p2", None]),
        "admission_date": st.integers(0, 12).map(lambda n: FIRST + timedelta(n)),
        "days": st.integers(0, 6),
        "discharge_way": st.sampled_from([None, 1, 1, 5]),
    }
)


def side_by_side(rows: list[dict[str, Any]]) -> Any:
    """Rows as the kernel takes them: placed, and sorted."""
    stays = [
        stay(n, **{k: v for k, v in row.items() if k != "days"})
        | {"discharge_date": row["admission_date"] + timedelta(row["days"])}
        for n, row in enumerate(rows)
    ]
    placed = intake.placed(batch_of(stays), "f", np.arange(len(rows)))
    return stays, placed.take(
        pc.sort_indices(placed, sort_keys=[(name, "ascending") for name in intake.PERSON_ORDER])
    )


@many(27)
@given(st.lists(PERSON, max_size=8))
def test_stays_of_one_person_side_by_side(rows: list[dict[str, Any]]) -> None:
    stays, placed = side_by_side(rows)
    findings = intake.overlaps(placed)
    FINDINGS.check(findings)
    expected: set[tuple[Any, str]] = set()
    for person in ("p1", "p2"):
        expected |= intake.check_person([one for one in stays if one["person_id"] == person])
    assert {(f["stay_id"], f["rule"]) for f in findings.to_pylist()} == expected
    by_id = {one["stay_id"]: one for one in stays}
    for finding in findings.to_pylist():
        other, own = by_id[finding["value"]], by_id[finding["stay_id"]]
        assert other["person_id"] == own["person_id"]
        if finding["rule"] == "stays_overlap":
            assert other["admission_date"] <= own["admission_date"] < other["discharge_date"]
        else:
            assert other["discharge_way"] == 5
            assert other["discharge_date"] < own["admission_date"]


def test_a_stay_handed_in_twice_does_not_overlap_itself() -> None:
    twice = batch_of([stay(1), stay(1)])
    placed = intake.placed(twice, "f", np.array([2, 3]))
    assert intake.overlaps(placed).num_rows == 0
    assert [(f["row"], f["rule"]) for f in intake.repetitions(placed).to_pylist()] == [(3, "stay_id_repeated")]


def test_means_are_rounded_half_up_and_late_findings_count() -> None:
    context = CheckContext("settlement", CODES, quality=True)
    rows = [
        stay(0),
        stay(1, doctor_id=None),  # 98
        stay(2, dx=None),  # 60, error
        stay(3, institution_id=None, department_id=None),  # 88: missing and unfilled
        *(stay(n, institution_id="h2", dx=["J18.900"] if n == 4 else ["J18.900x001"]) for n in range(4, 12)),
    ]
    judged, notes = intake.judged(batch_of(rows), "f", 1, context)
    scores = intake.score_stays(judged, notes)
    assert scores.column("score").to_pylist() == [100, 98, 60, 88, 99, *[100] * 7]
    assert intake.with_findings(scores, FINDINGS.schema.empty_table()).to_pylist() == scores.to_pylist()
    one = FINDINGS.of([{"file": "f", "row": 1, "stay_id": "s0", "field": "stay_id", "value": "s9",
                        "rule": "after_death", "level": "warn", "zh": "", "en": ""}])  # fmt: skip
    scores = intake.with_findings(scores, one)
    STAY_SCORES.check(scores)
    assert scores.slice(0, 1).to_pylist()[0]["score"] == 80
    assert scores.slice(0, 1).to_pylist()[0]["rules"] == ["after_death"]
    table = intake.record_scores(intake.tally(scores))
    RECORD_SCORES.check(table)
    got = {(r["scope"], r["institution_id"], r["department_id"]): r for r in table.to_pylist()}
    assert set(got) == {("all", "", ""), ("institution", "h1", ""), ("institution", "h2", ""),
                        ("department", "h1", "d1"), ("department", "h2", "d1")}  # fmt: skip
    assert got["institution", "h1", ""]["score"] == 7933  # (80 + 98 + 60) / 3 = 79.333
    assert got["institution", "h2", ""]["score"] == 9988  # 799 / 8 = 99.875
    assert got["institution", "h1", ""]["errors"] == 1
    assert got["institution", "h1", ""]["error_share"] == 3333
    assert got["all", "", ""]["n"] == 12
    assert got["all", "", ""]["errors"] == 2
    assert got["institution", "h1", ""]["top_rules"] == "after_death 1, dx_missing 1, unfilled 1"
    assert pl.DataFrame(table)["completeness"].min() >= 0


def test_a_file_is_checked_with_its_persons_and_scores(tmp_path: Path) -> None:
    rows = [stay(n, person_id="p") for n in range(2)]
    rows[1] |= {"admission_date": FIRST + timedelta(1), "discharge_date": FIRST + timedelta(3)}
    source = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_batches([batch_of(rows)]), source)
    (tmp_path / "work").mkdir()
    parts = intake.read_stays(source, need="settlement", quality=True)
    done = runs.check_file(parts, source.name, usual(1), tmp_path / "work")
    assert [(f["row"], f["rule"], f["value"]) for f in done.findings.to_pylist()] == [(2, "stays_overlap", "s0")]
    assert (done.rows, done.kept) == (2, 2)
    assert done.scores.to_pylist()[0]["score"] == 9500
    assert done.lowest["stay_id"].to_list() == ["s1"]
    intake.write_findings_workbook(done.findings, tmp_path / "f.xlsx", scores=done.scores, lowest=done.lowest)
    book = openpyxl.load_workbook(tmp_path / "f.xlsx")
    assert book.sheetnames == ["校验问题", "汇总", "机构科室得分", "低分病例"]
    assert [cell.value for cell in book["机构科室得分"][2]][:5] == ["全部", None, None, 2, "95.00"]
    assert "医保办" in [cell.value for cell in book["校验问题"][2]]


@pytest.fixture
def region(tmp_path: Path) -> Path:
    """Two files, one of them not canonical, that share a stay and a person."""
    folder = tmp_path / "region"
    (folder / "stays" / "2024").mkdir(parents=True)
    (folder / "institutions.csv").write_text("institution_id,name,level\nh1,甲,tertiary\n", encoding="utf-8")
    (folder / "budgets.csv").write_text(
        "year,insurance_scheme,revenue,drg_budget\n2024,employee,100,100\n", encoding="utf-8"
    )
    known = [stay(n, person_id="p", dx=["J18.900x001"]) for n in range(2)]
    known[1] |= {"institution_id": "h2"}
    table = pa.Table.from_pylist(known, schema=STAYS.schema)
    pq.write_table(table, folder / "stays" / "2024" / "a.parquet")
    other = [stay(0, person_id="p"), stay(3, person_id="p", discharge_way=5), stay(4, person_id=None)]
    other[1] |= {"admission_date": FIRST - timedelta(9), "discharge_date": FIRST - timedelta(7)}
    frame = pl.DataFrame(other, schema_overrides={"dx": pl.List(pl.String), "proc": pl.List(pl.String)})
    money = {name: pl.lit("0.03") for name in ("total_cost", "personal_paid", "fund_by_item")}
    lists = {name: pl.col(name).list.join("|") for name in ("dx", "proc")}
    frame.with_columns(**money, **lists).write_csv(folder / "stays" / "b.csv")
    return folder


def test_a_region_is_checked_across_its_files(region: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = runs.check_region(region, out, usual(2), lambda folder, _: (folder / "x").touch())
    by_place = {(f["file"], f["row"], f["rule"]) for f in done.findings.to_pylist()}
    assert ("stays/2024/a.parquet", 2, "institution_unknown") in by_place
    assert ("stays/b.csv", 2, "stay_id_repeated") in by_place
    assert ("stays/2024/a.parquet", 1, "after_death") in by_place
    assert ("stays/b.csv", 4, "unfilled") in by_place
    assert not [rule for *_, rule in by_place if rule == "stays_overlap"]
    assert (done.rows, done.kept) == (5, 3)
    tables = out / runs.TABLES
    scores = read_table(tables, RECORD_SCORES)
    everyone = scores.filter(pl.col("scope") == "all").to_dicts()[0]
    assert (everyone["n"], everyone["errors"]) == (5, 2)
    for batch in LocalEngine().scan(dataset(tables, STAY_SCORES)):
        STAY_SCORES.check(batch)
    for batch in LocalEngine().scan(dataset(tables, FINDINGS)):
        FINDINGS.check(batch)
    assert sorted(p.name for p in out.iterdir() if p.name != ".drgpay.json") == [runs.TABLES, "x"]
    with pytest.raises(DrgpayError, match="folder exists"):
        runs.check_region(region, out, usual())


def test_the_command_prints_scores(region: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["check", "--region", str(region), "-o", str(tmp_path / "out"), "--lang", "en"])
    assert done.exit_code == 0, done.output
    assert "institution h2: score" in done.output
    book = openpyxl.load_workbook(tmp_path / "out" / "findings.xlsx")
    assert len(book.sheetnames) == 4
    done = runner.invoke(app, ["check", str(region / "stays" / "b.csv"), "--findings", str(tmp_path / "f.xlsx")])
    assert done.exit_code == 0, done.output
    assert "科室 h1 d1:得分" in done.output


@pytest.mark.parametrize(
    ("lines", "rows", "findings", "scored"),
    [(["1,J18.900x001"], 1, 0, 1), (["1,J18.900x001,x"], 1, 1, 0), (["1,"], 1, 1, 1)],
)
def test_a_file_that_is_clean_or_hopeless(
    lines: list[str], rows: int, findings: int, scored: int, tmp_path: Path
) -> None:
    source = tmp_path / "a.csv"
    source.write_text("\n".join(["stay_id,dx", *lines, ""]), encoding="utf-8")
    (tmp_path / "work").mkdir()
    parts = intake.read_stays(source, need="grouping", quality=True)
    done = runs.check_file(parts, source.name, usual(1), tmp_path / "work")
    of_rows = [f for f in done.findings.to_pylist() if f["row"]]
    assert (done.rows, len(of_rows), done.scores.num_rows) == (rows, findings, scored)
    assert int(done.counts["n"].sum()) == done.findings.num_rows


def test_a_catalogue_with_a_wrong_word_is_refused() -> None:
    rule = intake.RULES["dx_sex"]
    for change in (
        {"levels": {"grouping": "fatal"}},
        {"levels": {"year": "warn"}},
        {"about": "x"},
        {"responsible": "x"},
    ):
        with pytest.raises(ValueError, match="dx_sex"):
            replace(rule, **change)
    with pytest.raises(ValueError, match="no such check"):
        CodeList("x", "no_such_rule", "dx", (), "s")


@pytest.mark.parametrize("kind", ["dx", "proc"])
def test_few_codes_have_the_marks_they_have_among_many(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = known_codes()
    all_codes = codes.dx if kind == "dx" else codes.proc
    some = pa.array([*all_codes.to_pylist()[:: max(len(all_codes) // 200, 1)], "", "nobody", "急性"], pa.string())
    assert 0 < len(some) <= known.FEW
    few = codes.marks(kind, some)
    monkeypatch.setattr(known, "FEW", 0)
    assert few.tolist() == codes.marks(kind, some).tolist()
    assert few[-2] == codes.marks(kind, pa.array(["急性"]))[0] == known.UNKNOWN
    assert codes.marks(kind, pa.array([], pa.string())).tolist() == [0]
