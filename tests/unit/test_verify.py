"""``verify`` makes a run again and names what differs, also when every digest was worked out anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.runs import Order, read_manifest, root_of, run, verify
from drgpay.runs.again import from_region, from_run
from drgpay.runs.differences import differences
from drgpay.runs.manifest import folder_digests, write_json
from support.command import drgpay
from support.engines import usual

NUMBERS = (pa.types.is_integer, pa.types.is_date)


def forged(folder: Path) -> Path:
    """Work out every digest and the root hash anew, as somebody would who wants to hide a change."""
    said = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    said["outputs"] = folder_digests(folder)
    write_json(folder / "manifest.json", said | {"root": root_of(said)})
    return folder


@pytest.fixture
def copy(small_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_run, tmp_path / "run"))


@pytest.fixture(scope="module")
def again(small_run: Path, small_region: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run made again from its region."""
    work = tmp_path_factory.mktemp("again")
    return from_region(small_run, read_manifest(small_run), small_region, work, usual(2), None, ()).folder


def tables(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every table of a run with a file of it that has rows."""
    for path in sorted((*(folder / "tables").iterdir(), *(folder / "registers").iterdir())):
        files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        full = [f for f in files if pq.ParquetFile(f).metadata.num_rows]
        if full:
            yield f"{path.parent.name}/{path.name}", full[0]


def changed(path: Path, column: str) -> None:
    """One more in the first row that has a value."""
    table = pq.read_table(path)
    values = table.column(column).combine_chunks()
    at = int(pc.index(pc.is_valid(values), True).as_py())
    plain = values.cast(pa.int32()) if pa.types.is_date(values.type) else values
    listed = plain.to_pylist()
    listed[at] += -1 if listed[at] > 0 else 1
    new = pa.array(listed, plain.type).cast(values.type)
    pq.write_table(table.set_column(table.schema.get_field_index(column), table.schema.field(column), new), path)


@pytest.mark.slow
def test_every_number_of_every_table_that_is_changed_is_found(copy: Path, again: Path, tmp_path: Path) -> None:
    tried = 0
    for name, path in tables(copy):
        for field in pq.read_schema(path):
            numbers = pq.read_table(path, columns=[field.name]).column(0)
            if not any(is_one(field.type) for is_one in NUMBERS) or numbers.null_count == len(numbers):
                continue
            shutil.copy(path, tmp_path / "kept")
            changed(path, field.name)
            found = list(differences(copy, again, {name}))
            shutil.copy(tmp_path / "kept", path)
            tried += 1
            assert found, f"{name} {field.name}"
            assert all(d.place == name.removesuffix(".parquet") for d in found)
            named = {column for d in found for column in d.column.split("/")}
            assert field.name in named, f"{name} {field.name}: {found[0].text()}"
    assert tried > 90
    assert not list(differences(copy, again))


def test_the_row_is_named_with_both_values(copy: Path, small_region: Path) -> None:
    path = copy / "tables" / "statements.parquet"
    before = pl.read_parquet(path)
    changed(path, "due")
    found = _failures(forged(copy), region=small_region)
    row, new = before.row(0, named=True), pl.read_parquet(path)["due"][0]
    assert f"[tables/statements · {row['insurance_scheme']}/{row['institution_id']} · due]" in found
    assert f"recorded {new} ≠ 重算 recomputed {row['due']}" in found


def _failures(folder: Path, **how: Any) -> str:
    return "\n".join(c.failure for c in verify(folder, usual(2), **how) if not c.ok)


def _empty(path: Path) -> None:
    pq.write_table(pq.read_table(path).slice(0, 0), path)


def _without_region(folder: Path) -> None:
    path = folder / "registers" / "budgets.parquet"
    table = pl.read_parquet(path)
    more = pl.when(pl.col("year") == 2024).then(1).otherwise(0)
    table.with_columns(drg_budget=pl.col("drg_budget") + more).write_parquet(path)


def _register(folder: Path) -> None:
    path = folder / "registers" / "institutions.parquet"
    table = pl.read_parquet(path)
    table.with_columns(level=table["level"].reverse()).write_parquet(path)


def _regroup(folder: Path) -> None:
    """A stay gets the group of another."""
    path = dict(tables(folder))["tables/grouped"]
    table = pq.read_table(path)
    groups = table.column("drg").combine_chunks().cast(pa.string()).to_pylist()
    at = next(i for i, g in enumerate(groups) if g != groups[0])
    groups[at] = groups[0]
    field = table.schema.field("drg")
    new = pa.array(groups).dictionary_encode().cast(field.type)
    pq.write_table(table.set_column(table.schema.get_field_index("drg"), field, new), path)


FORGERIES: dict[str, Callable[[Path], object]] = {
    "pools": lambda f: changed(f / "tables/pools.parquet", "budget"),
    "base_years": lambda f: changed(f / "tables/base_years.parquet", "cost"),
    "case_points": lambda f: changed(dict(tables(f))["tables/case_points"], "coefficient"),
    "stay_payments": lambda f: [_empty(p) for p in (f / "tables/stay_payments").glob("*.parquet")],
    "coefficients": lambda f: _empty(f / "tables/coefficients.parquet"),
    "grouped": _regroup,
    "policy.json": lambda f: (f / "policy.json").write_text(
        (f / "policy.json").read_text(encoding="utf-8").replace('"0.', '"1.', 1), encoding="utf-8"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_found_from_the_run_alone(name: str, copy: Path) -> None:
    FORGERIES[name](copy)
    assert name in _failures(forged(copy))


@pytest.mark.parametrize("change", [_register, _without_region])
def test_a_register_that_was_replaced_is_found(
    change: Callable[[Path], None], copy: Path, small_region: Path
) -> None:
    change(copy)
    assert _failures(forged(copy)), "its figures do not follow from it"
    assert "registers/" in _failures(copy, region=small_region)


def test_tables_of_another_run_are_found(copy: Path, small_region: Path, tmp_path: Path) -> None:
    other = run(Order(small_region, "demo", 2024, 3), tmp_path / "march", usual(2))
    for name in ("pools", "institution_months"):
        shutil.copy(other / "tables" / f"{name}.parquet", copy / "tables" / f"{name}.parquet")
    assert "tables/pools" in _failures(forged(copy))


def test_the_ledger_of_another_run_is_found(copy: Path, small_region: Path, tmp_path: Path) -> None:
    other = run(Order(small_region, "demo", 2024, 3), tmp_path / "march", usual(2))
    shutil.copy(other / "ledger.jsonl", copy / "ledger.jsonl")
    assert "another run's" in _failures(forged(copy), quick=True)


def test_links_strange_files_and_other_kinds_are_refused(copy: Path) -> None:
    (copy / "tables" / "notes.txt").write_text("x", encoding="utf-8")
    assert "not in the manifest" in _failures(copy, quick=True)
    assert "of another kind" in _failures(forged(copy), quick=True)
    (copy / "tables" / "notes.txt").unlink()
    pools = copy / "tables" / "pools.parquet"
    pools.rename(copy.parent / "elsewhere")
    pools.symlink_to(copy.parent / "elsewhere")
    assert "no ordinary file" in _failures(forged(copy), quick=True)
    pools.unlink()
    pl.DataFrame({"a": [1]}).write_parquet(pools)
    assert "not those of the dictionary" in _failures(forged(copy), quick=True)


def test_the_root_hash_holds_everything_and_is_printed(copy: Path, small_run: Path) -> None:
    noted = root_of(read_manifest(small_run))
    told = drgpay("verify", copy, "--quick", "--root", noted)
    assert (told.returncode, noted in told.stdout) == (0, True)
    assert "没有重算" in told.stdout
    said = read_manifest(copy)
    write_json(copy / "manifest.json", said | {"counts": said["counts"] | {"rejected": 0, "findings": 1}})
    assert drgpay("verify", copy, "--quick").returncode == Kind.BROKEN
    forged(copy)
    assert drgpay("verify", copy, "--quick").returncode == 0
    assert drgpay("verify", copy, "--quick", "--root", noted).returncode == Kind.BROKEN


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"kind": "year"}', '{"software": 3, "kind": "year"}', "\x00", "1e999"]
)
def test_a_damaged_manifest_is_broken(text: str, copy: Path) -> None:
    (copy / "manifest.json").write_text(text, encoding="utf-8")
    told = drgpay("verify", copy)
    assert (told.returncode, "manifest.json" in told.stderr) == (Kind.BROKEN, True)


def test_a_changed_region_is_named_and_the_right_one_is_found_beside_the_run(
    small_run: Path, small_region: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_region, tmp_path / "small")
    shutil.copytree(small_run, tmp_path / "out" / "run")
    told = drgpay("verify", tmp_path / "out" / "run")
    assert (told.returncode, "small" in told.stdout) == (0, True)
    budgets = tmp_path / "small" / "budgets.csv"
    budgets.write_text(budgets.read_text(encoding="utf-8-sig") + "\n", encoding="utf-8")
    told = drgpay("verify", tmp_path / "out" / "run", "--region", tmp_path / "small")
    assert (told.returncode, "budgets.csv" in told.stdout) == (Kind.BROKEN, True)
    told = drgpay("verify", tmp_path / "out" / "run")
    assert (told.returncode, "需要区域文件夹" in told.stdout) == (0, True)


def test_a_run_is_made_again_from_its_own_folder(small_run: Path, tmp_path: Path) -> None:
    made = from_run(small_run, read_manifest(small_run), tmp_path, usual(2), None)
    assert made.only is not None
    assert {"tables/grouped", "tables/stay_payments", "ledger.jsonl", "policy.json"} <= made.only
    assert not list(differences(small_run, made.folder, made.only))


def test_an_input_that_changed_is_refused(small_run: Path, small_region: Path, tmp_path: Path) -> None:
    manifest = read_manifest(small_run)
    manifest["inputs"] = manifest["inputs"] | {"budgets.csv": "0" * 64}
    with pytest.raises(DrgpayError, match=r"budgets\.csv"):
        from_region(small_run, manifest, small_region, tmp_path, usual(1), None, ())
