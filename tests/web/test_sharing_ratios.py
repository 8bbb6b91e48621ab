"""Sharing ratios of a year: proposed by the rule, decided by the joint meeting, and the clearing goes by them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.clearing import Desk, make_region
from support.office_people import actor

YEAR = 2024
KEEP = "85% 70%\n100% 50%\n30%"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("ratios") / "region")


@pytest.fixture
def desk(office: Any, region: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    from drgpay import tables
    from drgpay_web import clock, store

    monkeypatch.setattr(clock, "today", lambda: date(2024, 4, 8))
    desk = Desk(store.import_region(region))
    history = [
        {"year": year, "insurance_scheme": scheme, "revenue": 10**10, "expenditure": 9 * 10**9, "balance": 5 * 10**9,
         "lump_sum_balance": 0, "settled": True}
        for year in (2021, 2022, 2023) for scheme in ("employee", "resident")
    ]  # fmt: skip
    store.put_rows(desk.b1, area=desk.area, table=tables.FUND_HISTORY, rows=history, origin="form")
    return desk


def met(desk: Desk, kind: str = "joint") -> Any:
    from drgpay_web.rhythm import actions

    case = actions.plan_meeting(desk.b1, kind=kind, subject="联席会议", period="2024", day=date(2024, 4, 2), place="",
                                agenda="", houses=[])  # fmt: skip
    case = desk.move(desk.b1, desk.move(desk.b1, case, "invite"), "hold", held_on="2024-04-02", present="各方")
    return desk.move(desk.b1, case, "minute", number="联席〔2024〕1号", text="定比例。")


def proposed(desk: Desk) -> Any:
    from drgpay_web import jobs
    from drgpay_web.budget import actions

    case = actions.begin(desk.b1, machine="sharing_ratios", year=str(YEAR))
    job = desk.do(jobs.Job.objects.get(pk=case.data["job"]))
    assert job.state == "done", job.error
    case.refresh_from_db()
    assert case.state == "proposed"
    return case


def test_the_clearing_goes_by_what_the_joint_meeting_decided(desk: Desk) -> None:
    from drgpay import runs
    from drgpay.tables import SHARING_MINUTES
    from drgpay_web import flow, store, trail
    from drgpay_web.budget.ratio_moves import keep_now, share_now
    from drgpay_web.clearing import actions

    def cleared(policy: str) -> list[dict[str, Any]]:
        look = desk.do(actions.order_look(desk.b1, period="2024", kind="trial", policy=policy))
        job = desk.do(actions.order_run(desk.b1, look=look, reason="小样本"))
        assert job.state == "done", job.error
        view = runs.View("statements", scope=runs.Scope.everything())
        return list(runs.browse(store.folder(store.Result.objects.get(job=job)), view).rows)

    desk.run("2024-01")  # the area settles by the demonstration's practice
    before = cleared("demo")
    case = proposed(desk)
    assert keep_now(case)
    assert share_now(case).endswith("%")
    meeting = met(desk)
    values = {"meeting": str(meeting.pk), "keep": KEEP, "share": "60%"}
    with pytest.raises(flow.Guarded):  # minutes that nobody approved
        desk.move(desk.b1, case, "decide", **values)
    desk.move(desk.b2, meeting, "approve")
    with pytest.raises(flow.Guarded) as found:
        desk.move(desk.b1, case, "decide", **(values | {"keep": "100% 50%\n85% 70%\n30%"}))
    assert found.value.said("zh")
    case = desk.move(desk.b1, case, "decide", **values)
    with pytest.raises(flow.Guarded):
        desk.move(actor("B2", desk.top, desk.b1.person.username), case, "adopt")
    case = desk.move(desk.b2, case, "adopt")
    rows = {(r["item"], r["band"]): (r["below"], r["ratio"]) for r in store.rows(desk.area, SHARING_MINUTES)}
    assert rows == {("surplus_kept", 1): (8500, 7000), ("surplus_kept", 2): (10000, 5000),
                    ("surplus_kept", 3): (None, 3000), ("overspend_borne", 0): (None, 6000)}  # fmt: skip
    assert store.practice_of(desk.area) == case.data["version"] == "demo-v2"
    after = cleared("demo-v2")
    assert any(row["surplus_returned"] for row in after)
    for old, new in zip(before, after, strict=True):
        assert (old["balance"], old["use_ratio"]) == (new["balance"], new["use_ratio"])
        if new["balance"] > 0 and new["keep_share"] is not None:
            share = 7000 if new["use_ratio"] < 8500 else 5000 if new["use_ratio"] < 10000 else 3000
            assert new["keep_share"] == share
            kept = (new["balance"] * share * 2 + 10_000) // 20_000
            assert new["surplus_returned"] == new["balance"] - kept, "to the fen"
    told = flow.Case.objects.get(machine="announcement")
    assert (told.data["kind"], len(told.data["rows"])) == ("ratios", 4)
    assert trail.check() is None


def test_only_a_joint_meeting_decides(desk: Desk) -> None:
    from drgpay_web import flow

    meeting = desk.move(desk.b2, met(desk, "analysis"), "approve")
    with pytest.raises(flow.Guarded):
        desk.move(desk.b1, proposed(desk), "decide", meeting=str(meeting.pk), keep=KEEP, share="60%")
