"""The API as systems use it: repeated requests, cursors, submissions, cases, runs, webhooks, the page of a stay."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from drgpay.runs import Scope, View, browse, estimate_given, published_of
from support.office_settled import Settled

STAY = {"sex": "男", "age": 60, "dx": ["J18.900"], "proc": [], "total_cost": "12000.00"}


def system(settled: Settled, unit: Any, *, role: str = "", scopes: Any = None) -> Client:
    from drgpay_web.api import actions
    from drgpay_web.api.models import SCOPES
    from drgpay_web.people import Unit

    of = Unit.objects.get(pk=unit.pk)
    made = actions.create_token(
        settled.office.actor("s1"), unit=of, name="HIS", scopes=scopes or SCOPES, reason="接入", role=role
    )
    return Client(headers={"Authorization": f"Bearer {made[1]}"})


@pytest.fixture
def his(settled: Settled) -> Client:
    return system(settled, settled.office.house_a)


def system_of(client: Client) -> Any:
    """The token of a system."""
    from drgpay_web.api.actions import digest_of
    from drgpay_web.api.models import Token

    text = client.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    return Token.objects.get(sha256=digest_of(text))


def post(client: Client, path: str, body: Any, **headers: str) -> Any:
    return client.post(f"/api/v1{path}", body, content_type="application/json", headers=headers)


class TestRepeats:
    def test_the_same_key_is_done_once_and_answered_alike(self, settled: Settled, his: Client) -> None:
        from drgpay_web.flow.models import Case, Comment

        case = opened(settled)
        key = {"Idempotency-Key": "k-1"}
        first = post(his, f"/cases/{case.number}/comments", {"text": "已补"}, **key)
        again = post(his, f"/cases/{case.number}/comments", {"text": "已补"}, **key)
        assert first.status_code == again.status_code == 200
        assert json.loads(first.content) == json.loads(again.content)
        assert again["Idempotent-Replayed"] == "true"
        assert Comment.objects.count() == 1
        other = post(his, f"/cases/{case.number}/comments", {"text": "另一句"}, **key)
        assert other.status_code == 422
        assert Comment.objects.count() == 1
        assert post(his, f"/cases/{case.number}/comments", {"text": "已补"}).status_code == 200
        assert Comment.objects.count() == 2
        assert Case.objects.count() == 1

    def test_what_failed_may_be_sent_again_and_what_goes_on_waits(self, settled: Settled, his: Client) -> None:
        from drgpay_web.api.models import Sent

        case = opened(settled)
        key = {"Idempotency-Key": "k-2"}
        assert post(his, f"/cases/{case.number}/moves/none", {"version": 1}, **key).status_code == 422
        assert not Sent.objects.exists()
        assert post(his, f"/cases/{case.number}/comments", {"text": "已补"}, **key).status_code == 200
        Sent.objects.update(status=None)
        assert post(his, f"/cases/{case.number}/comments", {"text": "已补"}, **key).status_code == 409
        assert post(his, "/group", {"stays": [STAY]}, **{"Idempotency-Key": "x" * 101}).status_code == 200

    def test_what_is_done_is_kept_with_its_answer_or_not_at_all(
        self, settled: Settled, his: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever ends the process between the two: it is as if the request had not come, and it may come again."""
        from drgpay_web.api import repeats
        from drgpay_web.api.models import Sent
        from drgpay_web.flow.models import Comment

        case, key = opened(settled), {"Idempotency-Key": "k-3"}

        class Killed(BaseException):
            pass

        def dies(*args: Any, **kwargs: Any) -> None:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(Sent, "save", dies)
            with pytest.raises(Killed):
                post(his, f"/cases/{case.number}/comments", {"text": "已补"}, **key)
        assert not Comment.objects.exists()
        token = system_of(his)
        Sent.objects.create(token=token, key="k-3", digest="x", at=repeats.STARTED - repeats.timedelta(seconds=1))
        assert post(his, f"/cases/{case.number}/comments", {"text": "已补"}, **key).status_code == 200
        assert Comment.objects.count() == 1

    def test_a_refusal_stays_in_the_trail(self, settled: Settled, his: Client) -> None:
        from drgpay_web.trail.models import Event

        case, key = opened(settled), {"Idempotency-Key": "k-4"}
        assert post(his, f"/cases/{case.number}/moves/hand_in", {"version": 9}, **key).status_code in (409, 422)
        assert Event.objects.filter(act="submission.hand_in", outcome="refused").exists()

    def test_a_read_that_has_not_changed_is_not_sent_again(self, his: Client) -> None:
        first = his.get("/api/v1/periods")
        again = his.get("/api/v1/periods", headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert his.get("/api/v1/periods", headers={"If-None-Match": '"other"'}).status_code == 200


def opened(settled: Settled, letter: str = "a") -> Any:
    from drgpay_web import flow

    actor = settled.office.actor(f"h1{letter}")
    return flow.open_case(
        actor, machine="submission", unit=actor.unit, period="2024-03", data={"received": 0, "found": {}}
    )


class TestFigures:
    def test_pages_of_a_table_are_the_tables_rows_in_order(self, settled: Settled, his: Client) -> None:
        from drgpay_web import store

        view = View("statements", scope=Scope.institution(settled.a))
        whole = browse(store.folder(settled.year), view, limit=500).rows
        assert len(whole) > 1
        rows: list[Any] = []
        cursor = ""
        while True:
            said = his.get(f"/api/v1/tables/2024/statements?limit=1&cursor={cursor}").json()
            rows += said["rows"]
            cursor = said["next"]
            if cursor is None:
                break
        assert rows == whole
        assert his.get("/api/v1/tables/2024/statements?cursor=nonsense").status_code == 400

    def test_filters_are_those_of_the_page(self, settled: Settled, his: Client) -> None:
        stays = settled.stays[settled.a]
        most = sorted(stays, key=lambda row: -row["total_cost"])[0]
        path = f"/api/v1/tables/2024/settled_stays?where=total_cost:from:{most['total_cost']}&sort=-total_cost"
        said = his.get(path).json()
        assert said["rows"][0]["stay_id"] == most["stay_id"]
        assert most["person_id"] not in json.dumps(said)
        for wrong in ("due", "nothing:is:1", "due:like:1", "due:is:x"):
            assert his.get(f"/api/v1/tables/2024/settled_stays?where={wrong}").status_code == 422

    def test_the_other_hospital_is_not_there(self, settled: Settled) -> None:
        other = system(settled, settled.office.house_b)
        said = other.get("/api/v1/tables/2024/settled_stays?limit=500").content.decode()
        assert not any(row["stay_id"] in said for row in settled.stays[settled.a])

    def test_an_estimate_has_the_points_of_the_run(self, settled: Settled, his: Client) -> None:
        from drgpay_web import store

        run = store.folder(settled.year)
        rules = published_of(run, settled.a)
        stays = [row for row in settled.stays[settled.a] if row["mode"] == "drg" and row["case_class"] == "normal"]
        plain = [row for row in stays if row["points"]][:40]
        given = [
            {"stay_id": row["stay_id"], "insurance_scheme": row["insurance_scheme"], "los": row["los"],
             "total_cost": f"{row['total_cost'] / 100:.2f}", "discharge_date": row["discharge_date"].isoformat()}
            for row in plain
        ]  # fmt: skip

        class Found:
            def __init__(self, row: dict[str, Any]) -> None:
                self.drg, self.status = row["drg"], row["status"]

        found = estimate_given(given, [Found(row) for row in plain], rules)
        assert [one["points"] for one in found] == [row["points"] for row in plain]
        said = post(his, "/estimates", {"stays": [STAY]}).json()
        assert said["period"] == "2024"
        assert said["estimates"][0]["total_cost"] == 1_200_000


class TestSubmissions:
    def test_a_file_is_handed_over_once_and_seen(self, settled: Settled, his: Client) -> None:
        file = "病案号,出院日期\n1,2024-03-01\n".encode()

        def send() -> Any:
            return his.post(
                "/api/v1/submissions", {"period": "2024-03", "file": SimpleUploadedFile("三月.csv", file)}
            )

        first, again = send(), send()
        assert first.status_code == 201, first.content
        assert first.json()["number"] == again.json()["number"]
        number = first.json()["number"]
        assert his.get("/api/v1/submissions").json()["cases"][0]["number"] == number
        assert his.get(f"/api/v1/submissions/{number}/findings").status_code == 404  # not checked yet
        assert post(his, f"/submissions/{number}/hand-in", {"version": 99}).status_code == 409
        other = system(settled, settled.office.house_b)
        assert other.get(f"/api/v1/submissions/{number}").status_code == 404
        assert his.post("/api/v1/submissions", {"period": "2024-03"}).status_code == 422


class TestBureau:
    def test_what_needs_two_persons_needs_two_tokens(self, settled: Settled) -> None:
        from drgpay_web.api.models import Token

        area = settled.office.area
        handler, approver = (system(settled, area, role=role) for role in ("B1", "B2"))
        persons = {token.person_id for token in Token.objects.all()}
        assert len(persons) == 2
        assert {one["id"] for one in handler.get("/api/v1/runs").json()["results"]} == {
            settled.year.pk, settled.month.pk,
        }  # fmt: skip
        pk = settled.year.pk
        assert handler.post(f"/api/v1/runs/{pk}/publish").status_code == 403
        assert approver.post(f"/api/v1/runs/{pk}/publish").status_code in (409, 422)
        look = {"period": "2024-03", "kind": "trial", "policy": "demo"}
        said = post(handler, "/runs/looks", look)
        assert said.status_code in (202, 422), said.content
        if said.status_code == 202:
            assert handler.get(f"/api/v1/jobs/{said.json()['id']}").json()["state"] == "queued"
        assert post(approver, "/runs/looks", look).status_code == 403
        assert handler.get(f"/api/v1/runs/{pk}/tables/statements").json()["total"] > 0

    def test_a_hospital_has_no_runs(self, his: Client) -> None:
        assert his.get("/api/v1/runs").status_code == 403


class TestHooks:
    @pytest.fixture
    def sent(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        monkeypatch.setenv("DRGPAY_WEBHOOKS", "1")
        return []

    def test_a_result_that_is_sealed_is_told_once_signed_and_without_persons(
        self, settled: Settled, sent: list[Any]
    ) -> None:
        from drgpay_web import store
        from drgpay_web.api import actions, hooks
        from drgpay_web.api.models import Message
        from drgpay_web.people import Unit, system_actor

        unit = Unit.objects.get(pk=settled.office.house_a.pk)
        hook, secret = actions.create_hook(
            settled.office.actor("s1"), unit=unit, url="https://his.example/told", events=["result.sealed"],
            reason="接入",
        )  # fmt: skip
        assert secret not in str(hook.__dict__)
        store.set_state(system_actor(unit.area), settled.month, "sealed")
        assert hooks.collect() == 1
        assert hooks.collect() == 0

        class Answer:
            status = 204

            def __enter__(self) -> Answer:
                return self

            def __exit__(self, *_: object) -> None: ...

        def take(request: Any, timeout: int) -> Answer:
            sent.append(request)
            return Answer()

        assert hooks.send(take) == {"sent": 1, "later": 0, "failed": 0}
        assert hooks.send(take)["sent"] == 0
        body = sent[0].data
        assert json.loads(body)["period"] == "2024-02"
        assert sent[0].headers["X-drgpay-signature"] == hooks.signature(
            secret, sent[0].headers["X-drgpay-time"], body
        )
        assert Message.objects.get().state == "sent"

    def test_what_is_not_taken_is_tried_again_and_given_up(self, settled: Settled, sent: list[Any]) -> None:
        from drgpay_web import store
        from drgpay_web.api import actions, hooks
        from drgpay_web.api.models import Message
        from drgpay_web.people import Unit, system_actor

        unit = Unit.objects.get(pk=settled.office.area.pk)
        actor = settled.office.actor("s1")
        hook, _ = actions.create_hook(
            actor, unit=unit, url="http://10.0.0.1/x", events=["result.sealed"], reason="接入"
        )
        store.set_state(system_actor(unit.area), settled.month, "sealed")
        hooks.collect()

        def refuse(request: Any, timeout: int) -> Any:
            raise OSError

        for _ in range(hooks.MOST_TRIES):
            hooks.send(refuse)
            Message.objects.update(due_at="2020-01-01T00:00Z")
        assert Message.objects.get().state == "failed"
        actions.end_hook(actor, hook, reason="停用")
        assert not hooks.waiting().exists()

    def test_nothing_leaves_unless_it_is_switched_on(self, settled: Settled, monkeypatch: pytest.MonkeyPatch) -> None:
        from drgpay_web.api import actions, hooks
        from drgpay_web.people import Unit
        from drgpay_web.ui import Unfit

        monkeypatch.delenv("DRGPAY_WEBHOOKS", raising=False)
        assert hooks.collect() == 0
        unit, actor = Unit.objects.get(pk=settled.office.area.pk), settled.office.actor("s1")
        for wrong in ("file:///etc/passwd", "https://", "https://me:secret@x/", "ftp://x/"):
            with pytest.raises(Unfit):
                actions.create_hook(actor, unit=unit, url=wrong, events=["case.moved"], reason="接入")


class TestStayPage:
    def test_opens_once_and_says_group_room_and_rules(self, settled: Settled, his: Client) -> None:
        said = post(his, "/stay-pages", {"stay": STAY}).json()
        page = Client().get(said["url"])
        assert page.status_code == 200
        text = page.content.decode()
        for word in ("预计入组", "高倍率界限", "目前费用", "12,000.00", "不作为限制诊疗的依据"):
            assert word in text, word
        assert "CHS-DRG-" in text
        assert "grouping" not in text
        assert "<script" not in text
        assert Client().get(said["url"]).status_code == 404
        assert Client().get("/stay-page/none").status_code == 404

    def test_a_stay_that_cannot_be_read_has_no_page(self, his: Client) -> None:
        assert post(his, "/stay-pages", {"stay": {"sex": "男"}}).status_code == 422

    def test_the_first_page_does_not_wait_for_the_scheme(self, settled: Settled) -> None:
        from drgpay_web import store
        from drgpay_web.store import groupers

        groupers._loaded.cache_clear()
        store.warm()
        made = groupers._loaded.cache_info().misses
        assert made
        store.grouper_of(settled.office.actor("h1a"))
        assert groupers._loaded.cache_info().misses == made
