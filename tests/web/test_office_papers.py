"""Files that leave the house: they equal the screen, say whose they are, end after a day, and are recorded."""

from __future__ import annotations

import hashlib
import os
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from support.office_settled import Settled
from support.screens import table_on
from support.taken import REASON, taken

TABLES = ("statements", "institution_months", "pools", "coefficients", "base_groups", "closings", "ledger",
          "institutions", "case_points", "settled_stays", "stay_payments", "grades")  # fmt: skip


def sheet_of(answer: Any) -> Any:
    return openpyxl.load_workbook(BytesIO(b"".join(answer.streaming_content))).active


def printed(cell: Any) -> str:
    """A cell as Excel shows it."""
    value, form = cell.value, cell.number_format
    if value is None:
        return ""
    if isinstance(value, date | datetime):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, int | float):
        places = len(form.rstrip("%").partition(".")[2])
        grouped = "," if form.startswith("#,") else ""
        return f"{value:.{places}%}" if form.endswith("%") else f"{value:{grouped}.{places}f}"
    return str(value)


@pytest.mark.parametrize("table", TABLES)
def test_a_workbook_equals_the_screen(settled: Settled, table: str) -> None:
    client = settled.office.client("b2")
    pages, number = [], 1
    while not pages or len(pages[-1].rows) == 50:
        pages.append(table_on(client.get(f"/boards/tables/{settled.year.pk}/{table}?page={number}")))
        number += 1
    on_screen = [[text for text, _ in row] for page in pages for row in page.rows]
    sheet = sheet_of(taken(client, f"/take/{settled.year.pk}/table/{table}")[0])
    lines = [[printed(cell) for cell in row] for row in sheet.iter_rows(min_row=4)]
    assert lines[0] == [title for title, _ in pages[0].heads]
    assert lines[1 : 1 + len(on_screen)] == on_screen
    assert lines[1 + len(on_screen) :] == ([pages[0].foot] if pages[0].foot else [])
    assert on_screen


@pytest.mark.parametrize(
    "asked", ["by=institution_id&sort=-due", "by=department_id", "by=drg&sort=n", "by=institution_id&compare=peers"]
)
def test_sums_as_a_workbook_equal_the_screen(settled: Settled, asked: str) -> None:
    client = settled.office.client("h1a")
    screen = table_on(client.get(f"/boards/drill?period={settled.year.pk}&{asked}"))
    sheet = sheet_of(taken(client, f"/take/{settled.year.pk}/sums?{asked}")[0])
    lines = [[printed(cell) for cell in row] for row in sheet.iter_rows(min_row=4)]
    shown = [[text for text, _ in row] for row in screen.rows]
    assert lines[: 1 + len(shown)] == [[title for title, _ in screen.heads], *shown]


def test_a_file_says_whose_it_is_and_the_audit_knows_its_digest(settled: Settled) -> None:
    from drgpay_web.trail.models import Event

    client = settled.office.client("h1a")
    answer, row = taken(client, f"/take/{settled.year.pk}/table/settled_stays?drg.not=0000&columns=stay_id,due")
    content = b"".join(answer.streaming_content)
    assert hashlib.sha256(content).hexdigest() == row.sha256
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Cache-Control"] == "no-store"
    mark = openpyxl.load_workbook(BytesIO(content)).active["A2"].value
    for said in ("名h1a", "市一院", row.serial, settled.year.digest[:16]):
        assert said in mark
    assert row.name.startswith("市一院_2024_结算病例_")
    event = Event.objects.get(act="export.table", subject=f"download:{row.pk}")
    assert (event.reason, row.sha256 in event.after) == (REASON, True)
    assert Event.objects.filter(act="download.fetch").exists()


class TestRefusals:
    def test_without_a_reason_nothing_is_made(self, settled: Settled) -> None:
        from drgpay_web.papers.models import Download

        client = settled.office.client("h1a")
        for address in (f"/take/{settled.year.pk}/table/statements", f"/take/{settled.year.pk}/sums"):
            assert client.post(address, {"reason": " "}).status_code == 422
        assert not Download.objects.exists()

    def test_a_file_is_its_persons_alone_and_ends(self, settled: Settled) -> None:
        from drgpay_web import clock
        from drgpay_web.papers.models import Download

        client = settled.office.client("h1a")
        _, row = taken(client, f"/take/{settled.year.pk}/sums")
        assert settled.office.client("h2a").get(f"/downloads/{row.pk}").status_code == 404
        Download.objects.update(until=clock.real_now() - timedelta(seconds=1))
        assert client.get(f"/downloads/{row.pk}").status_code == 404
        assert "已过期" in client.get("/downloads").content.decode()
        assert not list((settled.office.home / "exports").iterdir())

    def test_files_end_also_where_nobody_looks(self, settled: Settled) -> None:
        from drgpay_web import clock
        from drgpay_web.papers import minutes
        from drgpay_web.papers.models import Download

        place = settled.office.home / "exports"
        _, over = taken(settled.office.client("h1a"), f"/take/{settled.year.pk}/sums")
        _, holds = taken(settled.office.client("h1a"), f"/take/{settled.year.pk}/table/statements")
        Download.objects.filter(pk=over.pk).update(until=clock.real_now() - timedelta(seconds=1))
        cut, young = place / f"{'a' * 32}.xlsx", place / f"{'b' * 32}.xlsx"
        for path, hours in ((cut, 25), (young, 1), (place / holds.stored, 25)):
            path.touch()
            os.utime(path, (at := clock.real_now().timestamp() - hours * 3600, at))
        minutes.every_minute()
        assert {path.name for path in place.iterdir()} == {young.name, holds.stored}

    def test_persons_are_taken_only_by_those_who_may(self, settled: Settled) -> None:
        address = f"/take/{settled.year.pk}/table/settled_stays?columns=stay_id"
        answer, row = taken(settled.office.client("h1a"), address, persons="1")
        cells = [row[1].value for row in sheet_of(answer).iter_rows(min_row=5, max_col=2)]
        assert row.persons
        assert settled.stays[settled.a][0]["person_id"] in cells
        assert settled.office.client("h3a").post(address, {"reason": REASON, "persons": "1"}).status_code == 403
        assert settled.office.client("h6a").post(address, {"reason": REASON}).status_code == 404
        hidden = f"/take/{settled.year.pk}/table/settled_stays?columns=stay_id,person_id"
        assert settled.office.client("h1a").post(hidden, {"reason": REASON}).status_code == 400

    def test_texts_like_formulas_stay_texts(self, tmp_path: Any) -> None:
        from drgpay.tables import Column
        from drgpay_web.papers import excel

        column = Column("name", "text", "=名称", "=name")
        said = '=HYPERLINK("http://a","b")'
        excel.write(
            tmp_path / "a.xlsx", title="=1+1", mark="@x", columns=[column], rows=[{"name": said}], sums={}, total="",
            lang="zh", names=None,
        )  # fmt: skip
        cells = [cell for row in openpyxl.load_workbook(tmp_path / "a.xlsx").active for cell in row if cell.value]
        assert {cell.data_type for cell in cells} == {"s"}
        assert [cell.value for cell in cells] == ["=1+1", "@x", "=名称", said]


def test_a_statement_is_a_paper_of_ones_own(settled: Settled) -> None:
    client = settled.office.client("h1a")
    for kind, form in (("year", "pdf"), ("year", "xlsx"), ("stays", "xlsx")):
        answer, row = taken(client, f"/take/{settled.year.pk}/statement/{settled.a}", kind=kind, form=form)
        content = b"".join(answer.streaming_content)
        assert content[:4] == (b"%PDF" if form == "pdf" else b"PK\x03\x04")
        assert row.name.endswith(f"{row.serial}.{form}")
    assert client.post(f"/take/{settled.year.pk}/statement/{settled.b}", {"reason": REASON}).status_code == 404
    leader = settled.office.client("h6a")
    assert (
        leader.post(f"/take/{settled.year.pk}/statement/{settled.a}", {"reason": REASON, "kind": "stays"}).status_code
        == 404
    )


def test_what_is_large_is_a_job(settled: Settled, monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay_web.jobs.models import Job
    from drgpay_web.papers import views, work
    from drgpay_web.papers.models import Download

    monkeypatch.setattr(views, "AT_ONCE", 1)
    client = settled.office.client("h1a")
    address = f"/take/{settled.year.pk}/table/settled_stays?sort=-due&columns=stay_id,due"
    answer = client.post(address, {"reason": REASON})
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}"
    assert client.post(address, {"reason": REASON})["Location"] == f"/jobs/{job.pk}"
    made = work.take(job, lambda said: None, lambda: False)
    assert Download.objects.get(pk=made["download"]).rows == len(settled.stays[settled.a])
