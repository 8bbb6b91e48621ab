"""Names stay names, and text that people see acts on nothing."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.cli.console import err
from drgpay.engine import for_people
from drgpay.errors import DrgpayError
from drgpay.places import cell, check_length, inside, masked, safe_name, safe_names, shown, visible

HOSTILE = (
    "../../x", "/", "", ".", "..", "a/b", "a\\b", "CON", "con.txt", "nul", "COM1", "x" * 200, "长" * 200, "a\0b",
    "a\nb", "x.", "x ", " x", ".hidden", "-o", "~", "\u202egpj", "é", "e\u0301", "\ud800", "a:b", "*", "|",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_id_becomes_a_name_inside_the_folder(text: str, tmp_path: Path) -> None:
    name = safe_name(text)
    path = inside(tmp_path, f"{name}.html")
    path.write_text("x", encoding="utf-8")
    assert path.resolve().parent == tmp_path.resolve()
    assert name.isprintable()
    assert name.split(".")[0].casefold() not in ("con", "nul", "com1")


@pytest.mark.parametrize("text", ["H99990100001", "A03.04", "陈医生", "D-1_x", "Ward 3"])
def test_a_plain_id_stays_what_it_is(text: str) -> None:
    assert safe_name(text) == text


@given(st.lists(st.text(max_size=300), max_size=12))
def test_no_two_ids_share_a_file_whatever_the_file_system(ids: list[str]) -> None:
    names = safe_names(ids)
    assert names.keys() == set(ids)
    assert len({name.casefold() for name in names.values()}) == len(names)
    for name in names.values():
        assert name
        assert "/" not in name
        assert len(name.encode()) < 200


def test_ids_that_meet_are_told_apart() -> None:
    names = safe_names(["a/b", "a_b", "A_B", "a\\b", "x"])
    assert len({n.casefold() for n in names.values()}) == 5
    assert names["x"] == "x"
    trap = safe_name("a/b")
    assert len({n.casefold() for n in safe_names(["a/b", trap, trap.upper()]).values()}) == 3


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "/x"])
def test_nothing_is_put_outside_a_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(DrgpayError):
        inside(tmp_path, name)


def test_a_path_no_file_system_takes_is_named() -> None:
    for path in (Path("a" * 300), Path("长" * 90), Path("/x" * 3000), Path("a\0b")):
        with pytest.raises(DrgpayError):
            check_length(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"), ("+cmd", "'+cmd"), ("-cmd|x", "'-cmd|x"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\\x09=1"),
        (" =1", "' =1"), ("\r=1", "'\\x0d=1"), ("＝1+1", "'＝1+1"), ("＠x", "'＠x"), ("-2+3+cmd", "'-2+3+cmd"),
        ("-5", "-5"), ("-1,234.50", "-1,234.50"), ("+3%", "+3%"), ("-", "-"), ("–", "–"), ("--", "--"),
        ("I10.x00", "I10.x00"), ("", ""), ("a=b", "a=b"), ("x\x1b[31m", "x\\x1b[31m"), ("a\u202eb", "a\\u202eb"),
    ],
)  # fmt: skip
def test_a_cell_works_out_nothing(text: str, expected: str) -> None:
    assert cell(text) == expected
    frame = for_people(pl.DataFrame({"t": pl.Series([text, None, text], dtype=pl.Categorical), "n": [-1, 2, 3]}))
    assert frame.rows() == [(expected, -1), (None, 2), (expected, 3)]


@given(st.text(max_size=40))
def test_no_text_acts_on_a_terminal_or_a_spreadsheet(text: str) -> None:
    assert not set("\x1b\x07\x08\r\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200f\x9b") & set(shown(text))
    assert "\n" not in visible(text)
    begins = cell(text).lstrip()[:1]
    assert begins not in set("=@＝＠\t\r") or not text


def test_the_screen_shows_no_control_signs_and_no_persons_numbers() -> None:
    with err.capture() as said:
        err.print("x\x1b[2J\u202e 110101199003071234 13800138000 S2024000000003 12345678901", highlight=False)
    assert "\x1b[2J" not in said.get()
    assert "\u202e" not in said.get()
    assert "110101199003071234" not in said.get()
    assert "***34" in said.get()
    assert "13800138000" not in said.get()
    assert "S2024000000003" in said.get()


@pytest.mark.parametrize(
    "text", ["2024000000003", "1234567", "19999999999999", "705d6dd5c2ec13800138000a", "110101999913991234"]
)
def test_other_numbers_are_not_masked(text: str) -> None:
    assert masked(text) == text
