"""Alerts: raised by a look, told both ways, answered, kept as events the next look reads (13 §2.5)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.engines import usual
from support.inspected import DAY, Inspection
from support.office_people import actor, browser


def text(answer: Any) -> str:
    return str(answer.content.decode())


def raised(inspection: Inspection) -> list[Any]:
    from drgpay_web.oversight import alerts

    return alerts.raise_from(inspection.look)


def of_house(inspection: Inspection, cases: list[Any]) -> Any:
    return next(case for case in cases if case.unit_id in inspection.h1)


def test_alerts_are_raised_once_and_told_both_ways(inspection: Inspection) -> None:
    from drgpay.tables import ALERTS
    from drgpay_web import flow, store
    from drgpay_web.oversight import looks

    cases = raised(inspection)
    assert len(cases) == len(looks.rows_of(store.folder(inspection.look), ALERTS)) > 3
    assert raised(inspection) == []
    case = of_house(inspection, cases)
    for who in (inspection.b4, inspection.b1, inspection.h1[case.unit_id], inspection.h6[case.unit_id]):
        assert flow.unread(who), who.role
        assert browser(who).get(f"/cases/{case.pk}").status_code == 200
    other = next(who for pk, who in inspection.h1.items() if pk != case.unit_id)
    assert browser(other).get(f"/cases/{case.pk}").status_code == 404
    assert case.deadline in (DAY + timedelta(days) for days in (10, 15, 30))
    assert case.number in text(browser(inspection.h1[case.unit_id]).get("/cases/of/alert?state=raised"))
    assert case.number not in text(browser(other).get("/cases/of/alert?state=raised"))
    ward = next(case for case in cases if case.unit.kind == "department")
    assert browser(actor("H3", ward.unit)).get(f"/cases/{ward.pk}").status_code == 200


def test_the_way_of_an_alert(inspection: Inspection, tmp_path: Path) -> None:
    from drgpay import runs
    from drgpay.tables import ALERT_EVENTS
    from drgpay_web import flow, store

    case = of_house(inspection, raised(inspection))
    h1, b4 = inspection.h1[case.unit_id], inspection.b4
    with pytest.raises(flow.Guarded, match="not_from_here"):
        inspection.move(h1, case, "explain", text="x")
    inspection.move(h1, case, "acknowledge")
    with pytest.raises(flow.Guarded, match="field_missing"):
        inspection.move(h1, case, "explain", text=" ")
    inspection.move(h1, case, "explain", text="新开展手术")
    inspection.move(h1, case, "correct", text="已限制耗材")
    from drgpay_web.people import Refused

    with pytest.raises(Refused):
        inspection.move(h1, case, "verify", text="x")
    same = actor("B4", inspection.top, h1.person.username)
    with pytest.raises(flow.Guarded, match="same_person"):
        inspection.move(same, case, "verify", text="x")
    inspection.move(b4, case, "verify", text="属实")
    inspection.move(b4, case, "close")
    rows = [row for row in store.rows(inspection.area, ALERT_EVENTS) if row["alert_id"] == case.data["alert_id"]]
    rows.sort(key=lambda row: row["number"])
    assert [row["state"] for row in rows] == ["acknowledged", "explained", "corrected", "verified", "closed"]
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[1]["note"] == "新开展手术"

    region = store.compose(store.pin(b4, inspection.area, "demo", ""))
    runs.oversee(store.folder(inspection.run), region, tmp_path / "look", usual(2))
    found = pl.read_parquet(tmp_path / "look" / "tables" / "alerts.parquet")
    states = dict(found.select("alert_id", pl.col("state").cast(pl.String)).rows())
    assert states.pop(case.data["alert_id"]) == "closed"
    assert set(states.values()) == {"raised"}


def test_nobody_answers(inspection: Inspection, monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay_web import clock, flow

    case = of_house(inspection, raised(inspection))
    over: date = case.deadline + timedelta(1)
    monkeypatch.setattr(clock, "today", lambda: over)
    flow.sweep()
    case.refresh_from_db()
    assert (case.state, case.silence, case.data["overdue"]) == ("raised", "", True)
    version = case.version
    flow.sweep()
    case.refresh_from_db()
    assert case.version == version, "said once"
    inspection.move(inspection.h1[case.unit_id], case, "acknowledge")
    assert case.state == "acknowledged"
    page = browser(inspection.b4).get(f"/cases/{case.pk}").content.decode()
    assert "逾期未处理" in page
    assert "各月数值" in page


def test_what_is_told_in_a_list(inspection: Inspection) -> None:
    from drgpay_web.oversight.rules import ALERT

    case = of_house(inspection, raised(inspection))
    assert ALERT.columns is not None
    for lang in ("zh", "en"):
        told = dict(ALERT.columns(case, lang))
        assert told["oversight.alert_says"] == case.data[lang]
        assert told["oversight.figure"]
