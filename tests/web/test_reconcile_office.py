"""Reconciliation in the office: a return uploaded, compared, asked about, answered, closed; one's own only."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from support.clearing import Desk, make_region
from support.office_people import browser


class Clock:
    day = date(2024, 4, 8)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("reconcile") / "region")


@pytest.fixture
def desk(office: Any, region: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    from drgpay_web import clock, store
    from drgpay_web.clearing import actions

    Clock.day = date(2024, 4, 8)
    monkeypatch.setattr(clock, "today", lambda: Clock.day)
    here = Desk(store.import_region(region))
    actions.publish(here.b2, here.run("2024-01"))
    return here


def own(desk: Desk) -> list[dict[str, Any]]:
    from drgpay.runs import own_of_run
    from drgpay_web import store

    return list(own_of_run(store.folder(store.Result.objects.get()), desk.houses[0].code).rows.to_dicts())


def written(rows: list[dict[str, Any]], head: str = "结算ID") -> bytes:
    from drgpay.units import show_fen

    text = io.StringIO()
    out = csv.writer(text)
    out.writerow([head, "病组编码", "总费用", "DRG支付金额"])
    for row in rows:
        out.writerow([row["stay_id"], row["drg"], show_fen(row["total_cost"], group=False),
                      show_fen(row["payment"], group=False)])  # fmt: skip
    return text.getvalue().encode("gbk")


def upload(desk: Desk, content: bytes, who: Any = None, **how: Any) -> Any:
    from drgpay_web import jobs, store
    from drgpay_web.reconcile import actions

    case = actions.upload(
        who or desk.h1[0], chunks=[content], name="返回.csv", unit=desk.houses[0], result=store.Result.objects.get(),
        of="official", **how,
    )  # fmt: skip
    job = jobs.Job.objects.get(pk=case.data["job"])
    if job.active:
        desk.do(job)
    case.refresh_from_db()
    return case


def test_a_return_is_compared_asked_about_answered_and_closed(desk: Desk) -> None:
    from drgpay_web import flow

    rows = own(desk)
    told = [dict(row) for row in rows[:-1]]  # the last stay was not returned
    told[0]["drg"] = "ZZ99"
    told[1]["payment"] += 2  # two fen: beyond the tolerance
    told[2]["payment"] += 1  # within
    case = upload(desk, written(told))
    assert case.state == "matched", case.data
    assert (case.data["totals"]["lines"], case.data["totals"]["stays"]) == (len(told), len(rows))
    assert "点数" in [zh for zh, _ in case.data["lacks"]]
    assert upload(desk, written(told)).pk == case.pk
    client = browser(desk.h1[0])
    page = client.get(f"/cases/{case.pk}").content.decode()
    for said in ("病组不同", "支付不同", "返回中没有", "文件缺少的列"):
        assert said in page
    lines = client.get(f"/reconcile/{case.pk}/lines?kind.is=payment").content.decode()
    assert told[1]["stay_id"] in lines
    assert told[2]["stay_id"] not in lines
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/reconcile/{case.pk}/excel?kind.is=group").content))
    cells = [cell.value for row in book.active.iter_rows() for cell in row]
    assert "ZZ99" in cells
    for path in (f"/cases/{case.pk}", f"/reconcile/{case.pk}/lines", f"/reconcile/{case.pk}/excel"):
        assert browser(desk.h1[1]).get(path).status_code == 404
    assert browser(desk.b1).get(f"/reconcile/{case.pk}/lines").status_code == 200

    h1 = desk.h1[0]
    for wrong, why in (("NOWHERE", "no_such_line"), (told[2]["stay_id"], "no_difference")):
        with pytest.raises(flow.Guarded, match=why):
            desk.move(h1, case, "ask", lines=wrong, question="？")
    desk.move(h1, case, "ask", lines=f"{told[0]['stay_id']}、{told[1]['stay_id']}", question="请核对病组和支付")
    desk.move(desk.b1, case, "answer", answer="分组器版本已更正")
    assert "分组器版本已更正" in client.get(f"/cases/{case.pk}").content.decode()
    assert desk.move(h1, case, "close").state == "closed"


def test_silence_closes_and_a_header_can_be_explained(desk: Desk) -> None:
    from drgpay_web import flow

    bad = upload(desk, written(own(desk), head="甲乙丙"))
    assert bad.state == "unreadable"
    assert "甲乙丙" not in str(bad.data["error"]["fix_zh"])
    case = upload(desk, written(own(desk), head="甲乙丙"), who=desk.b1, columns="甲乙丙=结算ID")
    assert case.state == "matched"
    Clock.day += timedelta(30)
    flow.sweep()
    case.refresh_from_db()
    assert case.state == "closed"


def test_the_upload_page_takes_a_file(desk: Desk) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from drgpay_web import flow, store

    client = browser(desk.h1[0])
    assert "上传返回文件" in client.get("/reconcile/upload").content.decode()
    form = {"result": store.Result.objects.get().pk, "of": "vendor", "columns": ""}
    assert client.post("/reconcile/upload", form).status_code == 422
    form["file"] = SimpleUploadedFile("返回.csv", written(own(desk)))
    answer = client.post("/reconcile/upload", form)
    case = flow.Case.objects.get(machine="reconciliation")
    assert answer["Location"] == f"/cases/{case.pk}"
    assert case.unit == desk.houses[0]
