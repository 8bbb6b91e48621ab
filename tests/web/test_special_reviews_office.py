"""Special reviews: from a stay to two blind experts, a decision, an appeal, and the money of the next result."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from support.clearing import Desk, make_region
from support.office_people import actor, browser

DAY = date(2024, 4, 8)


class Clock:
    day = DAY


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("reviews") / "region")


class Room(Desk):
    """The people of special reviews, and the stays of a published month."""

    def __init__(self, area: str, clock: type[Clock]) -> None:
        super().__init__(area)
        self.clock = clock
        self.experts = [actor("B5", self.top, f"expert-{n}") for n in range(6)]
        self.b6 = actor("B6", self.top)

    def stays(self, house: int = 0) -> list[dict[str, Any]]:
        from drgpay import runs
        from drgpay_web import store
        from drgpay_web.review import quota

        result = quota.latest(self.area)
        assert result is not None
        view = runs.View("settled_stays", columns=quota.COLUMNS, sort=(runs.Sort("total_cost", True),),
                         scope=runs.Scope.institution(self.houses[house].code))  # fmt: skip
        rows = runs.browse(store.folder(result), view, limit=50, totals=False).rows
        return [row for row in rows if row["case_class"] in ("normal", "high")]

    def attach(self, who: Any, case: Any, text: str) -> None:
        from drgpay_web import flow

        flow.attach(who, case, chunks=[f"%PDF-1.4 {text}".encode()], name=f"{text}.pdf")

    def handed_in(self, stay: str, house: int = 0) -> Any:
        from drgpay_web.review import actions

        case = actions.draft(self.h1[house], stay=stay, reason="high_cost", statement="费用远高于同组")
        self.attach(self.h1[house], case, "病案")
        return self.move(self.h1[house], case, "submit", record=True, bill=True)

    def reviewing(self, stay: str) -> Any:
        case = self.move(self.b1, self.handed_in(stay), "complete")
        return self.move(self.b2, case, "assign", experts=[one.person.pk for one in self.experts[:2]])

    def opine(self, case: Any, which: int, said: str, amount: int | None = None) -> Any:
        return self.move(self.experts[which], case, "opine", opinion=said, amount=amount, basis=f"依据{which}")

    def told(self, stay: str, amount: int) -> Any:
        case = self.reviewing(stay)
        self.opine(case, 0, "approve", amount)
        self.opine(case, 1, "approve", amount)
        self.move(self.b2, case, "decide", decision="amount", amount=amount, reason="两名专家一致")
        return self.move(self.b1, case, "tell")

    def pass_days(self, days: int) -> None:
        from drgpay_web import flow

        self.clock.day += timedelta(days)
        flow.sweep()


@pytest.fixture
def room(office: Any, region: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    from drgpay_web import clock, store

    Clock.day = DAY
    monkeypatch.setattr(clock, "today", lambda: Clock.day)
    return Room(store.import_region(region), Clock)


def publish(room: Room, period: str) -> Any:
    from drgpay_web.clearing import actions

    return actions.publish(room.b2, room.run(period))


def in_result(result: Any, stay: str, table: str = "settled_stays") -> dict[str, Any]:
    from drgpay import runs
    from drgpay_web import store

    view = runs.View(table, where=(runs.Where("stay_id", "is", stay),), scope=runs.Scope.everything())
    return dict(runs.browse(store.folder(result), view, totals=False).rows[0])


def points_of(result: Any, cost: int) -> int:
    """Points of a recognised cost, plainly: cost over the mean of all stays, times the scale, half up."""
    from drgpay.engine import read_manifest
    from drgpay_web import store

    base = read_manifest(store.folder(result))["base"]
    return int(Fraction(cost * base["scale"] * 10_000, base["mean_cost"]) + Fraction(1, 2))


def pool_patients(result: Any, stay: dict[str, Any]) -> int:
    """What of the stay's price its patient has paid, where the pool holds it."""
    from drgpay.engine import read_manifest
    from drgpay_web import store

    whole = read_manifest(store.folder(result))["basis"] == "total"
    return int(stay["personal_paid"]) if whole else 0


def test_a_review_is_blind_and_its_cost_is_what_the_next_result_pays(room: Room) -> None:
    from drgpay.tables import STAY_DECISIONS
    from drgpay_web import flow, store
    from drgpay_web.review import actions, reads
    from drgpay_web.ui import w

    publish(room, "2024-01")
    row = room.stays()[0]
    stay, cost = str(row["stay_id"]), int(row["total_cost"])
    h1, other = room.h1

    # a draft needs evidence, and what is another hospital's is not there
    case = actions.draft(h1, stay=stay, reason="high_cost", statement="费用远高于同组")
    assert case.state == "draft"
    assert actions.draft(h1, stay=stay, reason="critical", statement="x").pk == case.pk
    assert browser(other).get(f"/cases/{case.pk}").status_code == 404
    with pytest.raises(Exception, match="no_such_stay"):
        actions.draft(other, stay=stay, reason="high_cost", statement="x")
    with pytest.raises(flow.Guarded, match="no_evidence"):
        room.move(h1, case, "submit", record=True, bill=True)
    room.attach(h1, case, "病案")
    with pytest.raises(flow.Guarded, match="record_and_bill"):
        room.move(h1, case, "submit", record=True, bill=False)
    room.move(h1, case, "submit", record=True, bill=True)
    assert case.attachments.get().frozen
    room.move(room.b1, case, "return", why="缺手术记录")
    room.move(h1, case, "submit", record=True, bill=True)
    room.move(room.b1, case, "complete")

    # two experts, as many as there are places; they see the stay, not each other
    first, second, third = (one.person.pk for one in room.experts[:3])
    with pytest.raises(flow.Guarded, match="experts_number"):
        room.move(room.b2, case, "assign", experts=[first])
    room.move(room.b2, case, "assign", experts=[first, second])
    assert browser(room.experts[2]).get(f"/cases/{case.pk}").status_code == 404
    room.opine(case, 0, "approve", cost - 100)
    with pytest.raises(flow.Guarded):
        room.opine(case, 0, "decline")
    case.refresh_from_db()
    assert case.state == "reviewing"
    for who, sees in ((room.experts[0], 1), (room.experts[1], 0), (h1, 0), (room.b2, 1)):
        assert len(reads.opinions(case, who, "zh")) == sees
        page = browser(who).get(f"/cases/{case.pk}").content.decode()
        assert ("依据0" in page) == bool(sees)
        assert (room.experts[0].person.name in page) == (who in (room.experts[0], room.b2))
    with pytest.raises(flow.Guarded, match="amount_above"):
        room.opine(case, 1, "approve", cost + 1)
    room.opine(case, 1, "decline")
    case.refresh_from_db()
    assert case.state == "differing"
    for who, told in ((h1, "reviewing"), (room.experts[0], "reviewing"), (room.b2, "differing")):
        word = w(f"review.case.state.{told}", "zh")
        assert flow.state_told(who, case) == told
        for path in (f"/cases/{case.pk}", "/cases/of/special_review", f"/cases/of/special_review?state={told}"):
            page = browser(who).get(path).content.decode()
            assert word in page, path
            assert ("意见不一" in page) == (told == "differing"), path
        flow.tell_person(case, who.person, "flow.reminder", days=1)
        page = browser(who).get("/notices").content.decode()
        assert word in page
        assert ("意见不一" in page) == (told == "differing")
    assert list(flow.in_state(h1, flow.cases_of(h1), "differing")) == []

    # a third, fresh; then the decision, which the hospital reads when it is told
    with pytest.raises(flow.Guarded):
        room.move(room.b2, case, "assign", experts=[first])
    room.move(room.b2, case, "assign", experts=[third])
    room.opine(case, 2, "approve", cost - 200)
    case.refresh_from_db()
    from drgpay_web.review import moves

    assert (case.state, moves.proposed_decision(case)) == ("opinions", "amount")
    with pytest.raises(flow.Guarded, match="amount_needed"):
        room.move(room.b2, case, "decide", decision="amount", amount=None, reason="x")
    room.move(room.b2, case, "decide", decision="amount", amount=cost - 200, reason="多数意见")
    assert "多数意见" not in browser(h1).get(f"/cases/{case.pk}").content.decode()
    assert browser(h1).get(f"/cases/{case.pk}/papers/decision/xlsx").status_code == 404
    room.move(room.b1, case, "tell")
    page = browser(h1).get(f"/cases/{case.pk}").content.decode()
    assert "多数意见" in page
    assert not any(one.person.name in page for one in room.experts)
    for name in ("application", "decision"):
        assert browser(h1).get(f"/cases/{case.pk}/papers/{name}/xlsx").status_code == 200
    assert store.rows(room.area, STAY_DECISIONS) == []
    room.move(h1, case, "accept")
    (said,) = store.rows(room.area, STAY_DECISIONS)
    assert (said["stay_id"], said["kind"], said["decision"]) == (stay, "special", "approved")
    assert (said["amount"], said["reason"]) == (cost - 200, case.number)

    # the next candidate pays by the cost that was recognised
    from drgpay import runs

    before = in_result(store.Result.objects.order_by("pk")[0], stay)
    result = room.run("2024-01")
    after = in_result(result, stay)
    assert (after["case_class"], before["case_class"] != "special") == ("special", True)
    assert after["points"] == points_of(result, cost - 200) != before["points"]
    view = runs.View("pools", scope=runs.Scope.everything())
    pools = runs.browse(store.folder(result), view).rows
    pool = next(one for one in pools if one["insurance_scheme"] == row["insurance_scheme"])
    exact = Fraction(after["points"] * pool["distributable"], pool["points"]) - pool_patients(result, after)
    assert abs(after["due"] - exact) < 1, "the share of the pool to the fen"


def test_what_is_final_after_the_seal_is_a_late_correction(room: Room) -> None:
    from drgpay import runs
    from drgpay_web import store

    case = room.settle("2024-01")
    room.seal(case)
    row = next(one for one in room.stays() if one["case_class"] == "normal")
    stay = str(row["stay_id"])
    review = room.told(stay, int(row["total_cost"]))
    room.pass_days(60)  # nobody appeals
    review.refresh_from_db()
    assert review.state == "final"
    result = room.run("2024-02")
    view = runs.View("corrections", scope=runs.Scope.everything())
    (line,) = [one for one in runs.browse(store.folder(result), view, totals=False).rows if one["stay_id"] == stay]
    assert (line["cause"], line["month"]) == ("decision", 1)
    sealed = in_result(store.Result.objects.get(state="sealed"), stay)
    assert sealed["case_class"] == "normal"
    assert (line["points_before"], line["points_after"]) == (
        sealed["points"], points_of(result, int(row["total_cost"]))
    )  # fmt: skip


def test_an_appeal_brings_evidence_and_fresh_people(room: Room) -> None:
    from drgpay.tables import STAY_DECISIONS
    from drgpay_web import flow, store

    publish(room, "2024-01")
    row = room.stays()[0]
    cost = int(row["total_cost"])
    case, h1 = room.reviewing(str(row["stay_id"])), room.h1[0]
    room.opine(case, 0, "decline")
    room.opine(case, 1, "decline")
    room.move(room.b2, case, "decide", decision="declined", amount=None, reason="不符合条件")
    room.move(room.b1, case, "tell")
    with pytest.raises(flow.Guarded, match="no_new_evidence"):
        room.move(h1, case, "appeal", ground="漏看材料")
    room.attach(h1, case, "会诊记录")
    room.move(h1, case, "appeal", ground="漏看材料")
    with pytest.raises(flow.Guarded):  # an expert of the first round
        room.move(room.b2, case, "assign", experts=[room.experts[0].person.pk, room.experts[3].person.pk])
    room.move(room.b2, case, "assign", experts=[room.experts[3].person.pk, room.experts[4].person.pk])
    room.opine(case, 3, "approve", cost)
    room.opine(case, 4, "approve", cost)
    case.refresh_from_db()
    assert case.state == "appeal_opinions"
    with pytest.raises(flow.Guarded, match="same_person"):
        room.move(room.b2, case, "rule", decision="by_item", amount=None, reason="采纳")
    room.move(room.b6, case, "rule", decision="by_item", amount=None, reason="采纳新材料")
    (said,) = store.rows(room.area, STAY_DECISIONS)
    case.refresh_from_db()
    assert (case.state, said["decision"], said["amount"]) == ("final", "approved", None)
    page = browser(h1).get(f"/cases/{case.pk}").content.decode()
    assert "不符合条件" in page
    assert "采纳新材料" in page


def test_silence_lapses_replaces_and_tells(room: Room) -> None:
    from drgpay_web import flow
    from drgpay_web.review import actions, experts

    publish(room, "2024-01")
    rows = room.stays()
    draft = actions.draft(room.h1[0], stay=str(rows[1]["stay_id"]), reason="critical", statement="x")
    case = room.reviewing(str(rows[0]["stay_id"]))
    room.opine(case, 0, "approve")
    room.pass_days(20)
    draft.refresh_from_db()
    case.refresh_from_db()
    assert (draft.state, case.state) == ("lapsed", "reviewing")
    now = flow.given_to(case, "second")
    assert now not in (room.experts[0].person, room.experts[1].person)
    assert browser(room.experts[1]).get(f"/cases/{case.pk}").status_code == 404
    which = next(n for n, one in enumerate(room.experts) if one.person == now)
    sent = {"move": "recuse", "version": case.version, "f_why": "认识患者"}
    answer = browser(room.experts[which]).post(f"/cases/{case.pk}/move", sent)
    assert answer["Location"] == "/", "not to a page that is his no more"
    now = flow.given_to(case, "second")
    which = next(n for n, one in enumerate(room.experts) if one.person == now)
    assert {load.person: load.open for load in experts.loads(room.area)}[now] == 1
    assert now.name in browser(room.b2).get("/review/experts").content.decode()
    room.opine(case, which, "approve")
    room.move(room.b2, case, "decide", decision="over_quota", amount=None, reason="名额")
    room.pass_days(20)
    case.refresh_from_db()
    assert case.state == "told"
    room.pass_days(20)
    case.refresh_from_db()
    assert case.state == "final"


def test_the_quota_stops_and_experts_of_the_hospital_are_avoided(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay import runs
    from drgpay_web import flow
    from drgpay_web.people import Membership
    from drgpay_web.review import experts

    publish(room, "2024-01")
    rows = room.stays()
    case = room.move(room.b1, room.handed_in(str(rows[0]["stay_id"])), "complete")
    Membership.objects.create(person=room.experts[0].person, role="H4", unit=room.houses[0], since="2020-01-01",
                              until="2021-01-01")  # fmt: skip
    assert room.experts[0].person not in [load.person for load in experts.free(case)]
    monkeypatch.setattr(runs, "special_quota", lambda *_: runs.SpecialQuota(100, 100, 1))
    with pytest.raises(flow.Guarded, match="quota_full"):
        room.handed_in(str(rows[1]["stay_id"]))
    page = browser(room.h1[0]).get("/review/candidates")
    assert "已用 1，可用 1" in page.content.decode()


def test_a_published_month_suggests(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay import runs
    from drgpay_web import flow, jobs

    publish(room, "2024-01")
    row = room.stays()[0]
    found = [{"stay_id": row["stay_id"], "institution_id": row["institution_id"], "reason": "high_cost",
              "within_quota": True}]  # fmt: skip
    monkeypatch.setattr(runs, "special_candidates", lambda *_: found)
    job = jobs.Job.objects.get(kind="review.suggest")
    assert room.do(job).state == "done", job.error
    (case,) = flow.Case.objects.filter(machine="special_review")
    assert (case.state, case.unit) == ("suggested", room.houses[0])
    room.move(room.h1[0], case, "pass_over")


def test_a_suggestion_on_a_stay_that_a_later_submission_changes_holds_no_more(room: Room) -> None:
    """It says so on its page and to the hospital; the next result, which has the stay otherwise, suggests anew."""
    from drgpay_web import flow, jobs
    from drgpay_web.clearing import actions as clearing
    from drgpay_web.flow.models import Notice
    from drgpay_web.review import actions, quota

    publish(room, "2024-01")
    first, second = room.stays()[:2]
    offered = [{"reason": "high_cost", **{name: row[name] for name in ("stay_id", "institution_id")}}
               for row in (first, second)]  # fmt: skip
    assert actions.suggest(quota.latest(room.area).pk, offered) == 2
    changed, same = flow.Case.objects.filter(machine="special_review").order_by("pk")
    enter(room, first, cost="12345.00")
    changed.refresh_from_db()
    same.refresh_from_db()
    assert (changed.state, same.state) == ("superseded", "suggested")
    page = browser(room.h1[0]).get(f"/cases/{changed.pk}").content.decode()
    assert "提示已失效" in page
    assert "后来入库的清单更正或撤回了该病例" in page
    assert Notice.objects.filter(case=changed, person=room.h1[0].person).exists()

    result = room.run("2024-01")
    clearing.publish(room.b2, result)
    assert jobs.Job.objects.filter(kind="review.suggest", payload__result=result.pk).exists()
    assert actions.suggest(result.pk, offered) == 1
    anew = flow.Case.objects.filter(machine="special_review").latest("pk")
    assert (anew.data["stay"], anew.data["cost"]) == (first["stay_id"], 1_234_500)
    same.refresh_from_db()
    assert same.state == "suggested", "its stay is what it was"
    anew.data |= {"facts": anew.data["facts"] | {"los": 99}, "result": same.data["result"]}
    anew.save()  # as if an earlier result had the stay with other days
    assert actions.suggest(result.pk, offered) == 1
    anew.refresh_from_db()
    assert anew.steps.latest("version").values == {"cause": "newer"}
    assert actions.suggest(result.pk, offered[:1]) == 0
    same.refresh_from_db()
    assert same.steps.latest("version").values == {"cause": "not_offered"}


def enter(room: Room, stay: dict[str, Any], cost: str) -> None:
    """The first hospital hands a file in that has the stay with another cost, and it is entered."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from drgpay_web import flow, jobs

    row = {
        "病例号": stay["stay_id"], "定点医疗机构编号": room.houses[0].code, "险种": "职工", "性别": "男",
        "年龄": "62", "实际住院天数": "7", "入院时间": "2024-01-02", "出院时间": "2024-01-09",
        "诊断编码": "I10.x00x002", "总费用": cost, "个人负担总额": "2345.00", "按项目记账的基金应付": "10000.00",
    }  # fmt: skip
    text = f"{','.join(row)}\n{','.join(row.values())}\n"
    sent = {"file": SimpleUploadedFile("一月.csv", text.encode()), "period": "2024-01"}
    assert browser(room.h1[0]).post("/submissions/upload", sent).status_code == 302
    room.do(jobs.Job.objects.get(kind="submissions.check"))
    case = flow.Case.objects.get(machine="submission")
    room.move(room.h1[0], case, "hand_in")
    room.move(room.b1, case, "accept")
    room.do(jobs.Job.objects.get(kind="submissions.enter"))
    case.refresh_from_db()
    assert case.state == "in_region", case.data


@pytest.mark.slow
def test_the_demo_has_reviews_in_many_states_and_makes_them_once(room: Room) -> None:
    from drgpay_web import flow
    from drgpay_web.review import lived

    publish(room, "2024-01")
    for name, role, unit in (("b1", "B1", room.top), ("b2", "B2", room.top), ("h1a", "H1", room.houses[0]),
                             ("h1b", "H1", room.houses[1])):  # fmt: skip
        actor(role, unit, name)
    many = min(len(room.stays()), len(lived.WAY))
    assert many > 3  # a small month has few stays that a group pays
    for _ in range(2):
        lived.live(room.area)
        cases = flow.Case.objects.filter(machine="special_review")
        assert {case.state for case in cases} == {"suggested", *lived.WAY[:many]}
        assert cases.count() == 1 + many
    pages = {who: browser(who).get("/cases/of/special_review").content.decode() for who in (room.b2, room.h1[0])}
    assert all(cases[0].number in page or cases[1].number in page for page in pages.values())
    for case in cases:
        assert browser(room.b2).get(f"/cases/{case.pk}").status_code == 200
        assert (
            browser(room.h1[0] if case.unit == room.houses[0] else room.h1[1]).get(f"/cases/{case.pk}").status_code
            == 200
        )
