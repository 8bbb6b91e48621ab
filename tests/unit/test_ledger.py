"""The ledger: balances are sums of entries, entries are never changed, and a changed book is noticed."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Entry, Ledger

DAY = date(2024, 12, 31)


def entry(number: int = 1, amount: int = 100, debit: str = "a", credit: str = "b", event: str = "paid") -> Entry:
    """An entry of the employees' book."""
    return Entry(f"2024/{number}", "run", DAY, "area", "employee", debit, credit, amount, event, "H1", 3, "rule")


def book(entries: int = 4, name: str = "book") -> Ledger:
    """A book of some entries between three accounts."""
    ledger = Ledger(name)
    for i in range(entries):
        ledger.post(entry(i, 100 + i, "abc"[i % 3], "abc"[(i + 1) % 3]))
    return ledger


def broken(path: Path) -> str:
    """The message of the failure to read a book."""
    with pytest.raises(DrgpayError) as failure:
        Ledger.read(path)
    assert failure.value.kind is Kind.BROKEN
    return str(failure.value)


def lines_of(path: Path) -> list[str]:
    """The book's lines; the first names it."""
    return path.read_text(encoding="utf-8").splitlines()


entries = st.lists(
    st.builds(
        entry,
        number=st.integers(0, 10**6),
        amount=st.integers(1, 10**15),
        debit=st.sampled_from("abc"),
        credit=st.sampled_from("def"),
    ),
    unique_by=lambda e: e.entry_id,
    max_size=12,
)


@given(entries)
def test_balances_are_sums_and_add_up_to_nothing(posted: list[Entry]) -> None:
    ledger = Ledger("book")
    for one in posted:
        ledger.post(one)
    for account in "abcdef":
        debits = sum(e.amount for e in posted if e.debit == account)
        assert ledger.balance(account) == debits - sum(e.amount for e in posted if e.credit == account)
    assert sum(ledger.balances().values()) == 0
    assert list(ledger) == posted


@given(entries)
def test_posting_twice_is_posting_once(posted: list[Entry]) -> None:
    once, twice = Ledger("book"), Ledger("book")
    for one in posted:
        once.post(one)
        twice.post(one)
        twice.post(one)
    for one in posted:
        twice.post(one)
    assert (twice.head, len(twice), twice.balances()) == (once.head, len(once), once.balances())


@given(entries)
def test_reversing_restores_the_balances(posted: list[Entry]) -> None:
    ledger = Ledger("book")
    for one in posted:
        ledger.post(one)
    for one in posted:
        back = ledger.reverse(one.entry_id, DAY, "undo")
        assert ledger.reverse(one.entry_id, DAY, "undo") == back
    assert len(ledger) == 2 * len(posted)
    assert not any(ledger.balances().values())


@given(entries, st.text(max_size=5))
def test_a_written_book_reads_back(posted: list[Entry], name: str) -> None:
    ledger = Ledger(name)
    for one in posted:
        ledger.post(one)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        ledger.write(path)
        again = Ledger.read(path)
        assert (again.name, list(again), again.head) == (ledger.name, list(ledger), ledger.head)
        before = path.read_bytes()
        again.write(path)
        assert path.read_bytes() == before


@pytest.mark.parametrize("space", ["\u2028", "\u2029", "\x85", "\n", "\x1e"])
def test_odd_line_ends_in_a_text_do_not_break_a_book(tmp_path: Path, space: str) -> None:
    ledger = Ledger("book")
    ledger.post(replace(entry(), area=f"north{space}south"))
    ledger.write(tmp_path / "ledger.jsonl")
    assert list(Ledger.read(tmp_path / "ledger.jsonl")) == list(ledger)


@pytest.mark.parametrize(
    "wrong",
    [
        entry(amount=0),
        entry(amount=-1),
        entry(amount=True),
        entry(amount=1.0),  # type: ignore[arg-type]
        entry(debit="a", credit="a"),
    ],
)
def test_an_entry_needs_a_whole_amount_and_two_accounts(wrong: Entry) -> None:
    ledger = Ledger("book")
    with pytest.raises(DrgpayError, match="positive whole amount"):
        ledger.post(wrong)
    assert (len(ledger), ledger.balances()) == (0, {})


def test_the_same_id_with_other_content_is_refused() -> None:
    ledger = book()
    before = ledger.head
    with pytest.raises(DrgpayError, match="same entry id with other content"):
        ledger.post(entry(0, 101))
    assert ledger.head == before


def test_reversing_what_was_never_posted_is_refused() -> None:
    with pytest.raises(DrgpayError, match="no such entry"):
        book().reverse("2024/99", DAY, "undo")


def test_totals_by_event_scheme_and_institution() -> None:
    ledger = book(0)
    ledger.post(entry(1, 5))
    ledger.post(replace(entry(2, 7), institution_id="H2"))
    ledger.post(replace(entry(3, 11), insurance_scheme="resident"))
    ledger.post(entry(4, 13, event="other"))
    assert ledger.total("paid") == 23
    assert ledger.total("paid", insurance_scheme="employee") == 12
    assert ledger.total("paid", insurance_scheme="employee", institution_id="H2") == 7
    assert ledger.total("never") == 0
    assert ledger.balance("never") == 0


class TestTampering:
    """Every change to a written book is noticed on reading."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """A book of four entries."""
        book().write(tmp_path / "ledger.jsonl")
        return tmp_path / "ledger.jsonl"

    def test_untouched(self, path: Path) -> None:
        assert Ledger.read(path).head == book().head

    @pytest.mark.parametrize("line", [1, 2, 3, 4])
    @pytest.mark.parametrize(
        ("field", "value"),
        [("amount", 99), ("debit", "x"), ("date", "2024-12-30"), ("institution_id", None), ("parameter", ""),
         ("entry_id", "other"), ("run", "other"), ("amount", 100.0), ("amount", -100), ("area", 1)],
    )  # fmt: skip
    def test_a_changed_field(self, path: Path, line: int, field: str, value: object) -> None:
        lines = lines_of(path)
        record = json.loads(lines[line])
        record["entry"][field] = value
        lines[line] = json.dumps(record)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        broken(path)

    def test_the_line_is_named(self, path: Path) -> None:
        path.write_text(path.read_text(encoding="utf-8").replace('"amount": 102', '"amount": 103'), encoding="utf-8")
        assert "ledger.jsonl · row 4" in broken(path)

    @pytest.mark.parametrize("line", [0, 1, 2, 3, 4])
    def test_a_removed_line(self, path: Path, line: int) -> None:
        lines = lines_of(path)
        del lines[line]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        broken(path)

    @pytest.mark.parametrize("line", [1, 2, 3])
    def test_swapped_lines(self, path: Path, line: int) -> None:
        lines = lines_of(path)
        lines[line], lines[line + 1] = lines[line + 1], lines[line]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        broken(path)

    @pytest.mark.parametrize("line", [1, 2, 4])
    def test_a_repeated_line(self, path: Path, line: int) -> None:
        lines = lines_of(path)
        lines.insert(line, lines[line])
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        broken(path)

    @pytest.mark.parametrize("line", [1, 3, 5])
    def test_an_added_line(self, path: Path, line: int) -> None:
        lines = lines_of(path)
        made_up = entry(77, 1)
        lines.insert(line, f'{{"hash": "{"0" * 64}", "entry": {made_up.canonical()}}}')
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        broken(path)

    def test_another_books_line(self, path: Path, tmp_path: Path) -> None:
        book(5, "another book").write(tmp_path / "other.jsonl")
        with path.open("a", encoding="utf-8") as out:
            out.write(lines_of(tmp_path / "other.jsonl")[-1] + "\n")
        broken(path)

    def test_another_name(self, path: Path) -> None:
        path.write_text(path.read_text(encoding="utf-8").replace('"book"', '"boot"'), encoding="utf-8")
        broken(path)

    @pytest.mark.parametrize("cut", [1, 40, 200, 600])
    def test_a_book_cut_short(self, path: Path, cut: int) -> None:
        path.write_bytes(path.read_bytes()[:-cut] if cut > 1 else b"")
        broken(path)

    def test_bytes_that_are_no_text(self, path: Path) -> None:
        path.write_bytes(path.read_bytes().replace(b"area", b"ar\xffa", 1))
        broken(path)
