"""A folder is written as a whole or not at all, and an earlier one is there until the new one is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drgpay.engine import new_folder
from drgpay.errors import DrgpayError, Kind
from drgpay.places import MARK, read_mark

LIST = '{"tool": "drgpay", "kind": "results", "files": ["x"]}'


def names(folder: Path) -> list[str]:
    """What is in a folder, its mark left out."""
    return sorted(p.name for p in folder.iterdir() if p.name != MARK)


def made(out: Path) -> Path:
    """An earlier result."""
    out.mkdir(parents=True)
    (out / MARK).write_text(LIST, encoding="utf-8")
    (out / "x").write_text("old", encoding="utf-8")
    return out


def interrupted(out: Path, found: list[str], writes: str, resume: bool = False) -> None:
    """An attempt that finds these files, writes one and fails."""
    with new_folder(out, resume=resume) as draft:
        assert names(draft) == found
        (draft / writes).touch()
        raise KeyError


def test_the_folder_appears_at_the_end_and_with_it_the_folders_above(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    with new_folder(out) as draft:
        (draft / "x").write_text("1", encoding="utf-8")
        assert not out.exists()
    assert (names(out), names(out.parent)) == (["x"], ["b"])


def test_a_failure_leaves_nothing_and_the_next_attempt_starts_anew(tmp_path: Path) -> None:
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / MARK).write_text(LIST.replace("[", '[], "draft": true, "x": ['), encoding="utf-8")
    (tmp_path / ".out.partial" / "left").touch()
    with pytest.raises(KeyError):
        interrupted(tmp_path / "out", [], "x")
    assert names(tmp_path) == []


def test_a_failure_takes_the_folders_above_away_that_it_made(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        interrupted(tmp_path / "a" / "b" / "c", [], "x")
    assert names(tmp_path) == []


def test_resuming_finds_what_was_left_and_leaves_no_empty_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for found in ([], ["x"]):
        with pytest.raises(KeyError):
            interrupted(out, found, "x", resume=True)
        assert names(tmp_path) == [".out.partial"]
    with new_folder(out, resume=True) as draft:
        assert names(draft) == ["x"]
    assert names(tmp_path) == ["out"]
    with pytest.raises(KeyError), new_folder(tmp_path / "other", resume=True):
        raise KeyError
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("replace", "mark", "said", "fix"),
    [
        (None, LIST, "the output folder exists", "choose another -o"),
        (False, LIST, "the output folder exists", "add --replace"),
        (True, "{}", "is no earlier result", "remove it yourself"),
        (True, '{"tool": "another", "kind": "results", "files": ["x"]}', "is no earlier result", "yourself"),
        (True, LIST.replace('"x"', ""), "holds a file that is not its own", "move it away"),
    ],
)
def test_an_existing_folder_is_refused_and_left_alone(
    tmp_path: Path, replace: bool | None, mark: str, said: str, fix: str
) -> None:
    out = made(tmp_path / "out")
    (out / MARK).write_text(mark, encoding="utf-8")
    with pytest.raises(DrgpayError) as failure, new_folder(out, replace=replace):
        pytest.fail("nothing may be written")
    assert failure.value.kind is Kind.USAGE
    assert said in failure.value.en
    assert fix in str(failure.value.fix_en)
    assert (names(tmp_path), names(out)) == (["out"], ["x"])


@pytest.mark.parametrize("name", [".out.partial", ".out.old", "out"])
def test_a_folder_of_somebody_else_is_never_removed(tmp_path: Path, name: str) -> None:
    (tmp_path / name / "below").mkdir(parents=True)
    (tmp_path / name / "below" / "note.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DrgpayError) as failure, new_folder(tmp_path / "out", replace=True) as draft:
        (draft / "x").touch()
    assert failure.value.kind is Kind.USAGE
    assert (tmp_path / name / "below" / "note.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("note", ["note.txt", "sub/note.txt", "link"])
def test_a_note_in_a_result_stops_its_replacement_by_name(tmp_path: Path, note: str) -> None:
    out = made(tmp_path / "out")
    (out / note).parent.mkdir(exist_ok=True)
    (out / note).symlink_to(tmp_path) if note == "link" else (out / note).touch()
    with pytest.raises(DrgpayError, match=note), new_folder(out, replace=True):
        pytest.fail("nothing may be written")
    assert (out / note).is_symlink() or (out / note).exists()


def test_a_note_that_arrives_meanwhile_is_kept(tmp_path: Path) -> None:
    out = made(tmp_path / "out")
    with pytest.raises(DrgpayError, match=r"note\.txt"), new_folder(out, replace=True):
        (out / "note.txt").touch()
    assert names(out) == ["note.txt", "x"]


def test_the_mark_names_kind_and_files_and_nobody_else_may_look(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out", kind="region") as draft:
        (draft / "a").mkdir()
        (draft / "a" / "b").touch()
    mark = read_mark(tmp_path / "out")
    assert mark is not None
    assert (mark.kind, mark.files, mark.done) == ("region", {"a/b"}, True)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700


def test_a_file_of_that_name_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(DrgpayError), new_folder(tmp_path / "out", replace=True):
        pytest.fail("nothing may be written")


@pytest.mark.parametrize("empty", [True, False])
def test_an_earlier_result_or_an_empty_folder_is_replaced(tmp_path: Path, empty: bool) -> None:
    out = tmp_path / "out"
    out.mkdir() if empty else made(out)
    with new_folder(out, replace=True) as draft:
        (draft / "x").touch()
        assert out.exists()
    assert (names(tmp_path), names(out)) == (["out"], ["x"])


def test_the_earlier_result_outlives_a_failure_even_between_the_renames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = made(tmp_path / "out")
    with pytest.raises(KeyError), new_folder(out, replace=True):
        raise KeyError
    rename = os.replace

    def failing(old: Path, new: Path) -> None:
        if Path(old).name == ".out.partial":
            raise OSError(28, "No space left on device")
        rename(old, new)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="No space"), new_folder(out, replace=True):
        pass
    assert (names(tmp_path), (out / "x").read_text(encoding="utf-8")) == (["out"], "old")


def test_a_replacement_killed_between_its_renames_is_undone(tmp_path: Path) -> None:
    made(tmp_path / ".out.old")
    with pytest.raises(DrgpayError), new_folder(tmp_path / "out"):
        pytest.fail("nothing may be written")
    assert (names(tmp_path), names(tmp_path / "out")) == (["out"], ["x"])
