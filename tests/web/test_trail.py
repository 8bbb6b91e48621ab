"""The trail: only added to, chained, told, and without it nothing is shown."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from drgpay_web import trail
from drgpay_web.people import Act
from drgpay_web.trail.models import Event, Head
from drgpay_web.trail.telling import values_of
from support.office import Office


def three(office: Office) -> None:
    actor = office.actor("h1a")
    trail.record(actor, Act.SUBMISSION_UPLOAD, "case:1", after={"state": "received"})
    trail.record(actor, Act.SUBMISSION_HAND_IN, "case:1", before={"state": "received"}, after={"state": "in"})
    trail.record(None, "sign_in_failed", "account:?", outcome="failed")


def unguarded(statement: str) -> None:
    """Change the table as somebody would who owns the data base and has taken its guards away."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE trail_event DISABLE TRIGGER ALL; ALTER TABLE trail_head DISABLE TRIGGER ALL")
        else:
            for name in ("event_update", "event_delete", "head_delete"):
                cursor.execute(f"DROP TRIGGER IF EXISTS trail_{name}")
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trail_event SET reason = 'x' WHERE number = 1",
        "DELETE FROM trail_event WHERE number = 1",
        "DELETE FROM trail_event",
        "DELETE FROM trail_head",
    ],
)
def test_nothing_in_it_can_be_changed_or_removed(office: Office, statement: str) -> None:
    three(office)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Event.objects.count() == 3


def test_it_cannot_be_truncated(office: Office) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE trail_event")


def test_a_whole_chain_is_found_whole(office: Office) -> None:
    assert trail.check() is None
    three(office)
    assert trail.check() is None
    assert [event.number for event in Event.objects.all()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE trail_event SET outcome = 'done' WHERE number = 3", 3),
        ("UPDATE trail_event SET after = '' WHERE number = 1", 1),
        ("UPDATE trail_event SET at = '2020-01-01 00:00:00+00' WHERE number = 2", 2),
        ("DELETE FROM trail_event WHERE number = 2", 2),
        ("DELETE FROM trail_event WHERE number = 3", 3),
        ("UPDATE trail_head SET number = 2", 4),
    ],
)
def test_what_was_changed_behind_it_is_found(office: Office, statement: str, broken: int) -> None:
    three(office)
    unguarded(statement)
    assert trail.check() == broken


def test_an_event_goes_with_its_act(office: Office) -> None:
    with transaction.atomic():
        three(office)
        transaction.set_rollback(True)
    assert Event.objects.count() == 0
    assert Head.objects.get().number == 0


def test_events_are_told_in_both_languages_and_show_what_changed(office: Office) -> None:
    three(office)
    upload, hand_in, failed = Event.objects.all()
    assert trail.sentence(upload, "zh") == "h1a（医院医保办） 上传清单：事项 1（已完成）"
    assert trail.sentence(failed, "en") == "nobody signed in failed sign-in: Account ? (failed)"
    assert values_of(hand_in, "zh") == [("状态", "已收到", "in")]


def test_refusals_and_looks_are_recorded(office: Office) -> None:
    client = office.client("h1a")
    assert client.get("/audit").status_code == 403
    last = Event.objects.latest("number")
    assert (last.person, last.act, last.outcome, last.subject) == ("h1a", "audit.search", "refused", "page:/audit")


def test_the_audit_holds_no_names_of_persons(office: Office) -> None:
    office.client("s1").post(
        "/accounts/new", {"username": "new1", "name": "欧阳某某", "role": "H1", "unit": office.house_a.pk}
    )
    assert Event.objects.filter(act="account.create").count() == 1
    for event in Event.objects.all():
        assert "欧阳" not in event.before + event.after + event.subject + event.reason


def test_without_the_audit_a_person_is_not_shown(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.http import HttpResponse
    from django.test import RequestFactory

    from drgpay_web.people import door

    page = door(Act.STAY_SEE)(lambda request: HttpResponse("a person"))
    request = RequestFactory().get("/stays/2023/S1")
    request.actor = office.actor("h1a")
    assert page(request).content == b"a person"
    assert Event.objects.latest("number").act == "stay.see"

    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("drgpay_web.trail.events.record", full)
    with pytest.raises(OSError, match="disk full"):
        page(request)


def test_the_auditor_searches_and_checks(office: Office) -> None:
    office.client("h1a").get("/audit")
    client = office.client("s3")
    page = client.get("/audit", {"person": "h1a", "outcome": "refused"}).content.decode()
    assert page.count("<tr>") == 2  # the head and one event
    answer = client.post("/audit/check", follow=True).content.decode()
    assert "审计链完整" in answer
    unguarded("DELETE FROM trail_event WHERE number = 2")
    assert "自第 2 条起不完整" in client.post("/audit/check", follow=True).content.decode()
