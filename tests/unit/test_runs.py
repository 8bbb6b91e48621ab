"""Runs of a month and a year: whole or not at all, the same bytes every time, and checkable from their files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from drgpay.engine import Dataset, LocalEngine, dataset, frame, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.policy import practice_text
from drgpay.runs import LEDGER, MANIFEST, TABLES, Order, explain_stay, first_stay, read_manifest, run, verify
from drgpay.tables import (
    BASE_GROUPS,
    CASE_POINTS,
    CLOSINGS,
    FINDINGS,
    INSTITUTION_MONTHS,
    POOLS,
    RESULTS,
    STATEMENTS,
    STAY_PAYMENTS,
    STAYS,
)
from drgpay.units import parse_fen
from support.engines import usual
from support.regions import frame_of_stays, text_of_stays


def _stays(run: Path, table: object = CASE_POINTS) -> pl.DataFrame:
    return read_table(run / TABLES, table)  # type: ignore[arg-type]


def _copy(region: Path, target: Path) -> Path:
    shutil.copytree(region, target)
    return target


def _year(region: Path, out: Path, policy: str = "demo", threads: int = 2) -> Path:
    return run(Order(region, policy, 2024), out, usual(threads))


def _outputs(folder: Path) -> dict[str, str]:
    outputs: dict[str, str] = read_manifest(folder)["outputs"]
    return outputs


def test_the_same_inputs_give_the_same_bytes_whatever_the_threads(
    small_region: Path, small_run: Path, tmp_path: Path
) -> None:
    again = _year(small_region, tmp_path / "one", threads=1)
    assert _outputs(again) == _outputs(small_run)
    assert (again / MANIFEST).read_bytes() == (small_run / MANIFEST).read_bytes()


def test_a_year_is_conserved_and_everybody_is_paid(small_run: Path) -> None:
    closings, pools = _stays(small_run, CLOSINGS), _stays(small_run, POOLS).filter(pl.col("month") == 0)
    statements = _stays(small_run, STATEMENTS)
    for row in closings.iter_rows(named=True):
        sources = row["distributable"] + row["risk_draw"] + row["recovered"]
        assert sources == row["paid"] + row["returned"] + row["carried_over"]
        pool = pools.row(by_predicate=pl.col("insurance_scheme") == row["insurance_scheme"], named=True)
        its = statements.filter(pl.col("insurance_scheme") == row["insurance_scheme"])
        assert its["due"].sum() == pool["budget"] - pool["reserve"] == row["distributable"]
        assert its["settled"].sum() == row["paid"] - row["recovered"]
    paid = _stays(small_run, STAY_PAYMENTS)
    assert paid["year_due"].sum() == statements["due"].sum()
    assert paid["month_due"].sum() == _stays(small_run, INSTITUTION_MONTHS)["due"].sum()


def test_every_table_of_a_run_is_what_the_dictionary_says(small_run: Path) -> None:
    for table in RESULTS:
        if table.name == "ledger":
            continue
        place = small_run / TABLES / (table.name if table.folder else f"{table.name}.parquet")
        for batch in LocalEngine(1).scan(Dataset.of(place)):
            table.check(batch)


def test_verify_passes_and_says_what_it_checked(small_run: Path) -> None:
    checks = verify(small_run, usual(2))
    assert [c.ok for c in checks] == [True] * 6
    assert all(c.zh and c.en for c in checks)


def _spoil_table(folder: Path) -> str:
    path = folder / TABLES / "statements.parquet"
    pl.read_parquet(path).with_columns(pl.col("due") + 1).write_parquet(path)
    return "tables/statements.parquet"


def _spoil_ledger(folder: Path) -> str:
    path = folder / LEDGER
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:5] + lines[6:]), encoding="utf-8")
    return LEDGER


def _remove_file(folder: Path) -> str:
    (folder / "policy.json").unlink()
    return "policy.json"


def _add_file(folder: Path) -> str:
    (folder / "note.txt").write_text("x", encoding="utf-8")
    return "note.txt"


@pytest.mark.parametrize("spoil", [_spoil_table, _spoil_ledger, _remove_file, _add_file])
def test_verify_sees_what_was_changed(small_run: Path, tmp_path: Path, spoil: Callable[[Path], str]) -> None:
    folder = _copy(small_run, tmp_path / "run")
    name = spoil(folder)
    failures = [c.failure for c in verify(folder, usual(1)) if not c.ok]
    assert failures
    assert name in failures[0]


def test_verify_reads_the_closings_from_the_ledger_again(small_run: Path, tmp_path: Path) -> None:
    folder = _copy(small_run, tmp_path / "run")
    path = folder / TABLES / "closings.parquet"
    pl.read_parquet(path).with_columns(pl.col("paid") + 1, pl.col("returned") - 1).write_parquet(path)
    assert [c.en for c in verify(folder, usual(1)) if not c.ok] == [
        "digests of the files",
        "conservation and statements",
        "made again from the recorded inputs and compared row by row",
    ]


def test_a_month_is_the_month_of_the_year(small_region: Path, small_run: Path, tmp_path: Path) -> None:
    march = run(Order(small_region, "demo", 2024, 3), tmp_path / "m3", usual(2))
    assert _stays(march, INSTITUTION_MONTHS).equals(
        _stays(small_run, INSTITUTION_MONTHS).filter(pl.col("month") == 3)
    )
    year = (
        _stays(small_run, STAY_PAYMENTS).filter(pl.col("month") == 3).select("stay_id", "month_due").sort("stay_id")
    )
    assert _stays(march, STAY_PAYMENTS).select("stay_id", "month_due").sort("stay_id").equals(year)
    assert not (march / TABLES / "statements.parquet").exists()
    assert all(c.ok for c in verify(march, usual(1)))
    book = Ledger.read(march / LEDGER)
    assert {e.month for e in book} == {3}


def test_an_existing_folder_is_kept_unless_it_is_a_run_to_be_replaced(
    small_region: Path, small_run: Path, tmp_path: Path
) -> None:
    out = _copy(small_run, tmp_path / "run")
    before = (out / MANIFEST).read_bytes()
    with pytest.raises(DrgpayError) as failure:
        _year(small_region, out)
    assert failure.value.kind == Kind.USAGE
    run(Order(small_region, "demo", 2024), out, usual(2), overwrite=True)
    assert (out / MANIFEST).read_bytes() == before
    other = tmp_path / "letters"
    other.mkdir()
    (other / "letter.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(DrgpayError):
        run(Order(small_region, "demo", 2024), other, usual(1), overwrite=True)
    assert (other / "letter.txt").read_text(encoding="utf-8") == "keep me"


def test_a_run_that_fails_leaves_nothing_and_the_old_run_stands(
    small_region: Path, small_run: Path, tmp_path: Path
) -> None:
    out = _copy(small_run, tmp_path / "run")

    def broken(folder: Path) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run(Order(small_region, "demo", 2024), out, usual(2), [broken], overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]
    assert all(c.ok for c in verify(out, usual(1)))


def test_reports_are_part_of_the_digests(small_region: Path, tmp_path: Path) -> None:
    out = run(
        Order(small_region, "demo", 2024),
        tmp_path / "run",
        usual(2),
        [lambda folder: (folder / "note.txt").write_text("hello", encoding="utf-8") and None],
    )
    assert "note.txt" in _outputs(out)


# ---- explanations


def test_the_explanation_leads_to_the_points_and_the_payment(small_run: Path) -> None:
    cases = _stays(small_run)
    paid = dict(_stays(small_run, STAY_PAYMENTS).select("stay_id", "year_due").rows())
    for case_class in cases["case_class"].unique():
        case = cases.filter(pl.col("case_class") == case_class).row(0, named=True)
        sections, sources = explain_stay(small_run, case["stay_id"])
        values = {line.en: line.value for s in sections for line in s.lines}
        assert values["class"] == case_class
        assert parse_fen(values["due of the year (this stay)"]) == paid[case["stay_id"]]
        assert values["case points"].replace(",", "") == f"{case['points'] // 10000}.{case['points'] % 10000:04d}"
        named = {line.parameter for s in sections for line in s.lines if line.parameter}
        assert named <= sources.keys()
        assert all(s["source"] for s in sources.values())


def test_a_base_period_stay_is_explained_up_to_its_group(small_region: Path, small_run: Path) -> None:
    old = frame(
        next(LocalEngine(1).scan(Dataset.of(small_region / "stays" / "2021"), ["stay_id"])).select(["stay_id"])
    )["stay_id"][0]
    sections, _ = explain_stay(small_run, old)
    assert [s.en for s in sections] == ["the stay", "group", "points"]


def test_an_unknown_stay_is_a_clear_failure(small_run: Path) -> None:
    with pytest.raises(DrgpayError, match="no such stay"):
        explain_stay(small_run, "nobody")
    assert first_stay(small_run)


# ---- bad input


def _budget(region: Path, old: str, new: str) -> None:
    path = region / "budgets.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_budget_of_zero_pays_nothing_and_is_conserved(small_region: Path, tmp_path: Path) -> None:
    region = _copy(small_region, tmp_path / "region")
    path = region / "budgets.csv"
    rows = pl.read_csv(path, infer_schema=False)
    zero = pl.when((pl.col("year") == "2024") & (pl.col("insurance_scheme") == "resident"))
    rows.with_columns(drg_budget=zero.then(pl.lit("0")).otherwise("drg_budget")).write_csv(path)
    out = _year(region, tmp_path / "run")
    resident = _stays(out, STATEMENTS).filter(pl.col("insurance_scheme") == "resident")
    assert resident["due"].sum() == 0
    assert all(c.ok for c in verify(out, usual(1)))


def test_a_missing_budget_is_an_error_that_names_it(small_region: Path, tmp_path: Path) -> None:
    region = _copy(small_region, tmp_path / "region")
    path = region / "budgets.csv"
    pl.read_csv(path, infer_schema=False).filter(pl.col("year") != "2024").write_csv(path)
    with pytest.raises(DrgpayError, match="no inpatient DRG budget of 2024") as failure:
        _year(region, tmp_path / "run")
    assert failure.value.kind == Kind.DATA
    assert not (tmp_path / "run").exists()


def test_an_institution_without_stays_has_a_statement_of_zeros(small_region: Path, tmp_path: Path) -> None:
    region = _copy(small_region, tmp_path / "region")
    with (region / "institutions.csv").open("a", encoding="utf-8") as out:
        out.write("H0,新开医院,secondary,\n")
    out_folder = _year(region, tmp_path / "run")
    rows = _stays(out_folder, STATEMENTS).filter(pl.col("institution_id") == "H0")
    assert rows.height == 2
    assert rows.select("n", "points", "due", "settled", "final_payment").sum().row(0) == (0, 0, 0, 0, 0)
    assert rows["cmi"].to_list() == [None, None]


def _rewrite_stays(region: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    for path in sorted((region / "stays").rglob("*.parquet")):
        table = pl.concat([frame_of_stays(batch) for batch in LocalEngine(1).scan(Dataset.of(path))])
        changed = change(table).to_arrow(compat_level=pl.CompatLevel.oldest())
        pq.write_table(changed.cast(STAYS.schema), path)


def test_all_stays_of_the_year_ungrouped_are_paid_by_their_cost(small_region: Path, tmp_path: Path) -> None:
    region = _copy(small_region, tmp_path / "region")
    _rewrite_stays(
        region,
        lambda t: t.with_columns(
            dx=pl.when(pl.col("discharge_date").dt.year() == 2024).then(pl.lit(["U99.999"])).otherwise("dx")
        ),
    )
    out = _year(region, tmp_path / "run")
    assert set(_stays(out)["case_class"]) == {"ungrouped"}
    assert all(c.ok for c in verify(out, usual(1)))
    assert _stays(out, STATEMENTS)["due"].sum() > 0


def test_no_grouped_stay_in_the_base_period_stops_with_the_next_move(small_region: Path, tmp_path: Path) -> None:
    region = _copy(small_region, tmp_path / "region")
    _rewrite_stays(region, lambda t: t.with_columns(dx=pl.lit(["U99.999"])))
    with pytest.raises(DrgpayError, match=r"points\.base_years") as failure:
        _year(region, tmp_path / "run")
    assert failure.value.kind == Kind.DATA
    assert not (tmp_path / "run").exists()


def test_bad_rows_are_kept_out_and_the_rest_is_settled(small_region: Path, tmp_path: Path) -> None:
    region = _copy(small_region, tmp_path / "region")

    def spoil(t: pl.DataFrame) -> pl.DataFrame:
        if t["discharge_date"].dt.year()[0] != 2024:
            return t
        i = pl.int_range(pl.len())
        return pl.concat(
            [
                t.with_columns(
                    total_cost=pl.when(i == 0).then(-5).otherwise("total_cost"),
                    institution_id=pl.when(i == 1).then(pl.lit("H?")).otherwise("institution_id"),
                    admission_date=pl.when(i == 2).then(pl.date(2030, 1, 1)).otherwise("admission_date"),
                ),
                t[10:12],
            ]
        )

    _rewrite_stays(region, spoil)
    out = _year(region, tmp_path / "run")
    counts = read_manifest(out)["counts"]
    assert counts["rejected"] == 5
    assert counts["stays_in"] - counts["rejected"] == counts["stays_ok"]
    errors = _stays(out, FINDINGS).filter(pl.col("level") == "error")
    assert sorted(errors["rule"].unique()) == sorted(
        ["money_bounds", "institution_unknown", "dates_reversed", "stay_id_repeated"]
    )
    assert errors.height == 5
    assert not errors["zh"].str.contains("P2").any()
    assert all(c.ok for c in verify(out, usual(1)))


@pytest.mark.parametrize("own_headers", [False, True])
def test_a_region_of_csv_files_settles_like_the_same_region_of_parquet(
    small_region: Path, small_run: Path, tmp_path: Path, own_headers: bool
) -> None:
    region = _copy(small_region, tmp_path / "region")
    whole = pl.concat([frame_of_stays(b) for b in LocalEngine(1).scan(Dataset.of(region / "stays"))])
    shutil.rmtree(region / "stays")
    content = text_of_stays(whole)
    if own_headers:
        own = {"stay_id": "本院流水号", "dx": "全部诊断", "total_cost": "账单合计"}
        header, rest = content.split(b"\n", 1)
        heads = [own.get(name, name) for name in header.decode().split(",")]
        content = ",".join(heads).encode("gb18030") + b"\n" + rest
        lines = "".join(f"  {header}: {name}\n" for name, header in own.items())
        (region / "stays.yaml").write_text(f"codes: insurer\ncolumns:\n{lines}", encoding="utf-8")
    (region / "stays.csv").write_bytes(content)
    out = _year(region, tmp_path / "run")
    for table in (BASE_GROUPS, STATEMENTS, CLOSINGS, INSTITUTION_MONTHS):
        assert _stays(out, table).equals(_stays(small_run, table)), table.name
    assert ("stays.yaml" in read_manifest(out)["inputs"]) == own_headers
    keys = ("stay_id", "points")
    assert _stays(out).select(keys).sort(keys).equals(_stays(small_run).select(keys).sort(keys))


def test_truncated_parquet_is_named(small_region: Path, tmp_path: Path) -> None:
    region = _copy(small_region, tmp_path / "region")
    path = region / "stays" / "2023" / "part-00000.parquet"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DrgpayError, match="part-00000") as failure:
        _year(region, tmp_path / "run")
    assert failure.value.kind == Kind.DATA


def test_a_policy_without_a_parameter_stops_before_anything_is_written(small_region: Path, tmp_path: Path) -> None:
    text, _ = practice_text("demo")
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace("      points.max_los: 60\n", ""), encoding="utf-8")
    with pytest.raises(DrgpayError, match=r"points\.max_los") as failure:
        _year(small_region, tmp_path / "run", policy=str(file))
    assert failure.value.kind == Kind.POLICY
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.yaml"]


def test_an_own_policy_file_travels_with_the_run(small_region: Path, tmp_path: Path) -> None:
    text, _ = practice_text("demo")
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace("points.high_extra: auto", "points.high_extra: none"), encoding="utf-8")
    out = _year(small_region, tmp_path / "run", policy=str(file))
    file.unlink()
    explain_stay(out, first_stay(out))
    assert _stays(out)["extra"].sum() == 0


def test_groups_the_scheme_does_not_have_are_named(small_region: Path, tmp_path: Path) -> None:
    text, _ = practice_text("demo")
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace("- DT19 ", "- DT99 "), encoding="utf-8")
    with pytest.raises(DrgpayError, match="DT99") as failure:
        _year(small_region, tmp_path / "run", policy=str(file))
    assert failure.value.kind == Kind.POLICY


def test_findings_beside_the_stays_are_not_read_as_stays(small_region: Path, small_run: Path, tmp_path: Path) -> None:
    region = _copy(small_region, tmp_path / "region")
    (region / "stays" / "2024" / "x.findings.csv").write_text("file,row\nx,1\n", encoding="utf-8")
    assert _outputs(_year(region, tmp_path / "run")) == _outputs(small_run)


@pytest.mark.parametrize("missing", ["institutions.csv", "budgets.csv"])
def test_a_missing_register_is_named(small_region: Path, tmp_path: Path, missing: str) -> None:
    region = _copy(small_region, tmp_path / "region")
    (region / missing).unlink()
    with pytest.raises(DrgpayError, match=missing.split(".", maxsplit=1)[0]):
        _year(region, tmp_path / "run")


def test_grades_and_evidence_may_be_missing(small_region: Path, tmp_path: Path) -> None:
    region = _copy(small_region, tmp_path / "region")
    for name in ("grades.csv", "overspend_evidence.csv", "region.json"):
        (region / name).unlink()
    out = _year(region, tmp_path / "run")
    assert _stays(out, STATEMENTS)["overspend_shared"].sum() == 0
    assert read_manifest(out)["region"]["id"] == "region"


def test_the_manifest_names_every_input(small_region: Path, small_run: Path) -> None:
    manifest = json.loads((small_run / MANIFEST).read_text(encoding="utf-8"))
    assert {"institutions.csv", "budgets.csv", "stays/2024/part-00000.parquet"} <= manifest["inputs"].keys()
    assert str(small_region) not in (small_run / MANIFEST).read_text(encoding="utf-8")
    settled = sum(manifest["counts"][status] for status in ("grouped", "ungrouped", "qy"))
    assert dataset(small_run / TABLES, CASE_POINTS).rows() == settled
