"""Files handed to a program: what they are taken for, what is wrong, and that a bad one never raises."""

from __future__ import annotations

import zipfile
from pathlib import Path

import polars as pl
import pytest

from drgpay import runs
from drgpay.engine import open_parquet
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import LocalEngine, Stopped, Upload, check_upload, group_upload, working
from drgpay.samples import make_region
from drgpay.steps.intake import catalogue, merge_findings, read_stays
from support.hostile import bad_files
from support.stay_files import STAY, table_text, write

SAMPLES = Path(__file__).parents[1] / "data" / "formats"


def check(file: Path, **how: object) -> Upload:
    return check_upload(file, work=file.parent.parent / "checked", engine=LocalEngine(1), **how)  # type: ignore[arg-type]


def stays(**changes: str) -> list[dict[str, str]]:
    return [STAY | {"stay_id": f"s{i}", "person_id": f"p{i}"} | (changes if i == 2 else {}) for i in (1, 2, 3)]


def test_a_good_file(tmp_path: Path) -> None:
    text = table_text(stays(department_id="骨科"))
    file = write(tmp_path / "三月.csv", text, "gb18030")
    found = check(file)
    assert (found.file, found.format, found.encoding) == ("三月.csv", "canonical", "gb18030")
    assert (found.error, found.blocks, found.missing) == (None, False, ())
    assert [(head.header, head.field, head.how) for head in found.heads] == [(n, n, "name") for n in STAY]
    assert (found.rows, found.kept, found.rejected) == (3, 3, 0)
    assert found.accepted
    assert open_parquet(found.accepted).read()["stay_id"].to_pylist() == ["s1", "s2", "s3"]
    assert file.read_bytes() == text.encode("gb18030")


def test_what_is_wrong_is_counted_and_what_blocks_comes_first(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", table_text(stays(total_cost="much")))
    found = check(file)
    assert (found.rows, found.kept, found.rejected, found.blocks) == (3, 2, 1, False)
    assert [rule.blocks for rule in found.rules] == sorted((rule.blocks for rule in found.rules), reverse=True)
    assert found.rules[0].rule == "unreadable"
    assert found.findings
    rows = open_parquet(found.findings).read().to_pylist()
    assert [(r["row"], r["value"]) for r in rows if r["level"] == "error"] == [(3, "much")]
    assert found.score is not None
    assert 0 < found.score < 10_000


def test_headers_nobody_knows_are_guessed_and_mapped(tmp_path: Path) -> None:
    """A required column under a name of the hospital's own: missing, with the guess; mapped, the file is as any."""
    plain = check(write(tmp_path / "plain.csv", table_text(stays())))
    rows = [{("本院总费用" if n == "total_cost" else n): v for n, v in row.items()} for row in stays()]
    file = write(tmp_path / "own.csv", table_text(rows))
    found = check(file)
    assert found.blocks
    assert found.error is not None
    assert found.error.kind is Kind.DATA
    assert [(m.field, m.guess) for m in found.missing] == [("total_cost", "本院总费用")]
    head = next(head for head in found.heads if head.header == "本院总费用")
    assert (head.how, head.field, head.guess) == ("unknown", "", "total_cost")
    mapped = check(file, aliases={head.header: head.guess})
    assert (mapped.error, mapped.missing) == (None, ())
    assert next(h for h in mapped.heads if h.header == "本院总费用").how == "alias"
    assert (mapped.kept, mapped.score) == (plain.kept, plain.score)


def test_a_mapping_to_a_column_that_is_none(tmp_path: Path) -> None:
    found = check(write(tmp_path / "a.csv", table_text(stays())), aliases={"sex": "total_costs"})
    assert found.error is not None
    assert (found.error.field, found.error.value, "total_cost" in found.error.fix_en) == ("sex", "total_costs", True)


@pytest.mark.parametrize(
    "form", sorted({f for f in catalogue() if (Path("tests/data/formats") / f"{f}.csv").is_file()})
)
def test_every_format_is_mapped(form: str, tmp_path: Path) -> None:
    """The format is recognised, and every column that is read of the file is given by one of its headers."""
    file = tmp_path / f"{form}.csv"
    file.write_bytes((SAMPLES / file.name).read_bytes())
    found = group_upload(file, "chs-drg-1.1", work=tmp_path / "work").upload
    assert (found.format, found.error) == (form, None)
    read = {head.field for head in found.heads if head.field}
    assert {"dx", "sex", "age"} <= read
    assert all(head.how == "format" for head in found.heads if head.field)


def test_the_same_as_handing_in(tmp_path: Path) -> None:
    """What is usable and the score are those of a submit; rows of another institution or month are kept out."""
    region = tmp_path / "r"
    make_region(region, stays=1_500, seed=7, institutions=4)
    rows = pl.read_parquet(region / "stays" / "2024").filter(
        (pl.col("discharge_date").dt.month() == 3) & (pl.col("discharge_date").dt.year() == 2024)
    )
    own = rows["institution_id"].cast(pl.String)[0]
    file = tmp_path / "march.parquet"
    rows.write_parquet(file)
    found = check(file, institution=own, month=(2024, 3), region=region)
    done = runs.submit(region, file, own, (2024, 3), LocalEngine(1))
    assert (found.rows, found.kept, found.rejected) == (done.rows, done.rows - done.rejected, done.rejected)
    assert found.rejected == (rows["institution_id"].cast(pl.String) != own).sum() > 0
    assert "batch_institution" in [rule.rule for rule in found.rules if rule.blocks]
    other = check(file, institution=own, month=(2024, 4), region=region)
    assert other.blocks
    assert "batch_month" in [rule.rule for rule in other.rules if rule.blocks]


def test_a_packed_file(tmp_path: Path) -> None:
    text = table_text(stays())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("三月/stays.csv", text)
        packed.writestr("__MACOSX/._stays.csv", "x")
        packed.writestr("读我.md", "x")
    found = check(tmp_path / "a.zip")
    assert (found.error, found.kept, found.file, found.read.name) == (None, 3, "a.zip", "stays.csv")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as packed:
        packed.writestr("a.csv", text)
        packed.writestr("../../b.csv", text)
    two = check(tmp_path / "two.zip")
    assert two.error is not None
    assert two.error.value == "a.csv, b.csv"
    assert check(write(tmp_path / "no.zip", "PK")).error is not None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "no.zip", "two.zip"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = check(tmp_path / "none.csv")
    assert found.error is not None
    assert (found.error.kind, found.blocks) == (Kind.DATA, True)
    assert str(tmp_path) not in str(found.error)


def test_no_hostile_file_raises_or_names_a_folder(tmp_path: Path) -> None:
    """Whatever stands in it: a result or a named error in both doors, told without the folder it lies in. A fourth of
    the corpus here; the command line goes through all of it in its own test."""
    for file in bad_files(tmp_path / "bad")[1::4]:
        for found in (check(file), group_upload(file, "chs-drg-1.1", work=tmp_path / "work").upload):
            assert str(tmp_path) not in str(found.error), file.name
            assert found.error or found.findings, file.name


def test_groups_are_those_of_the_grouper(tmp_path: Path) -> None:
    rows = stays(dx="O82.000|Z37.000", sex="female", age="30")
    file = write(tmp_path / "a.csv", table_text(rows))
    found = group_upload(file, "chs-drg-1.1", work=tmp_path / "work", columns=("病例号", "drg"), keep=("sex",))
    assert found.groups
    table = pl.read_parquet(found.groups)
    assert table.columns == ["sex", "病例号", "drg"]
    read = merge_findings(part.findings for part in read_stays(file))
    assert found.upload.rows == 3
    assert sum(found.counts.values()) == found.upload.kept == 3
    assert sum(rule.n for rule in found.upload.rules) >= read.num_rows
    grouper = runs.Grouper("chs-drg-1.1")
    asked = [{name: row[name] for name in ("dx", "proc", "sex", "age", "los")} for row in rows]
    assert table["drg"].to_list() == [found.drg for found in grouper.group(asked)]


def test_an_upload_is_stopped(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", table_text(stays()))
    for door in (lambda: check(file), lambda: group_upload(file, "chs-drg-1.1", work=tmp_path / "work")):
        with pytest.raises(Stopped), working(should_stop=lambda: True):
            door()
    assert not list((tmp_path / "work").iterdir())


def test_a_scheme_that_is_not_there_raises(tmp_path: Path) -> None:
    with pytest.raises(DrgpayError) as failure:
        group_upload(write(tmp_path / "a.csv", "x"), "chs-drg-9", work=tmp_path / "work")
    assert failure.value.kind is Kind.SCHEME
