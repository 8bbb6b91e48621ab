"""One table as it is told: on a page, in a workbook, by the interface; and when these are the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import openpyxl
from django.test import Client

from support.screens import table_on
from support.taken import REASON

CODED = ("institution_id", "department_id", "doctor_id", "drg", "rule")
"""columns whose names stand before the code for people, and whose code alone systems get"""


@dataclass(frozen=True)
class Table:
    """What a reader was shown: heads and rows of texts."""

    heads: list[str]
    rows: list[list[str]]


def screen(client: Client, address: str) -> Table:
    """A table of a page with all of its pages."""
    found: list[list[str]] = []
    heads: list[str] = []
    for page in range(1, 30):
        shown = table_on(client.get(f"{address}{'&' if '?' in address else '?'}page={page}"))
        rows = [[text for text, _ in row] for row in shown.rows]
        if not rows or rows[-1:] == found[-1:]:
            break
        heads, found = [head for head, _ in shown.heads], found + rows
    return Table(heads, found)


def workbook(client: Client, address: str) -> Table:
    """A file that is taken with a reason, or at once."""
    answer = client.post(address, {"reason": REASON})
    if answer.status_code == 405:
        answer = client.get(address)
    if answer.status_code == 302:
        from drgpay_web.papers.models import Download

        answer = client.get(f"/downloads/{Download.objects.latest('pk').pk}")
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    lines = list(openpyxl.load_workbook(BytesIO(content)).worksheets[0].iter_rows(values_only=True))
    at = next(n for n, line in enumerate(lines) if len([v for v in line if v is not None]) > 1)
    heads = [str(value) for value in lines[at] if value is not None]
    rows = [list(line[: len(heads)]) for line in lines[at + 1 :] if any(value is not None for value in line)]
    return Table(heads, [["" if v is None else str(v) for v in row] for row in rows if row[0] != "合计"])


def interface(client: Client, path: str, rows: str = "rows") -> tuple[list[dict[str, Any]], list[Any]]:
    """The columns and all rows of a list, page by page."""
    found: list[Any] = []
    cursor, columns = "", []
    while True:
        more = {"cursor": cursor} if cursor else {}
        joined = f"{path}{'&' if '?' in path else '?'}{urlencode(more)}" if more else path
        answer = client.get(f"/api/v1{joined}")
        assert answer.status_code == 200, answer.content.decode()
        said = answer.json()
        found, columns, cursor = found + said[rows], said.get("columns", columns), said.get("next") or ""
        if not cursor:
            return columns, found


def plain(text: str) -> str:
    """A text of a cell: numbers by their value, days without a time, nothing as nothing."""
    said = text.strip().replace(",", "").removesuffix(" 00:00:00")
    if said in ("–", "—"):
        return ""
    try:
        return f"{float(said.rstrip('%')) / (100 if said.endswith('%') else 1):.6f}"
    except ValueError:
        return said


def printed_rows(columns: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[list[str]]:
    """What systems get, in the words that people read."""
    from drgpay.tables import COEFFICIENTS, LEDGER, Column
    from drgpay_web.ui.values import text_of

    worded = {(c.name, c.zh): c for table in (COEFFICIENTS, LEDGER) for c in table.columns}
    known = [worded.get((c["name"], c["zh"]), Column(c["name"], c["type"], c["zh"], c["en"])) for c in columns]
    return [[text_of(column, days(row, column), "zh") for column in known] for row in rows]


def days(row: dict[str, Any], column: Any) -> dict[str, Any]:
    value = row[column.name]
    return {column.name: date.fromisoformat(value) if column.type == "date" and value else value}


def same(one: Table, other: Table) -> None:
    assert one.heads == other.heads, (one.heads, other.heads)
    assert len(one.rows) == len(other.rows) > 0
    for left, right in zip(one.rows, other.rows, strict=True):
        assert [plain(text) for text in left] == [plain(text) for text in right]


def same_values(shown: Table, columns: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """The page's cells are the interface's values: where a name stands before a code, the code."""
    told = printed_rows(columns, rows)
    assert len(shown.rows) == len(told) > 0
    for left, right in zip(shown.rows, told, strict=True):
        assert len(left) == len(right)
        for cell, value, column in zip(left, right, columns, strict=True):
            said = cell.rsplit(" ", 1)[-1] if column["name"] in CODED and value else cell
            assert plain(said) == plain(value), column["name"]


def part_of(client: Client, address: str, head: str) -> Table:
    """The table of a page with this first head, without a column of links."""

    @dataclass
    class Part:
        content: bytes

    page = client.get(address).content.decode()
    for text in page.split("<table")[1:]:
        shown = table_on(Part(f"<table{text.partition('</table>')[0]}</table>".encode()))
        heads = [one for one, _ in shown.heads if one]
        if heads[:1] == [head]:
            return Table(heads, [[text for text, _ in row][: len(heads)] for row in shown.rows])
    return Table([], [])


def token_of(unit: Any, role: str, by: Any) -> Client:
    from drgpay_web.api import actions
    from drgpay_web.api.models import ONLY, SCOPES

    scopes = ONLY.get(role, SCOPES)
    _, text = actions.create_token(by, unit=unit, name="HIS", scopes=scopes, reason="接入", role=role)
    return Client(headers={"Authorization": f"Bearer {text}"})
