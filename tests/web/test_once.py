"""What a page asks several times is read once, and only while a request that looks is answered."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test.utils import CaptureQueriesContext

from drgpay_web.people import Act
from drgpay_web.people.middleware import PeopleMiddleware
from drgpay_web.ui.once import looking, once

pytestmark = pytest.mark.db


class Count:
    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, *args: Any, **named: Any) -> int:
        self.asked.append((*args, *named.items()))
        return len(self.asked)


def test_outside_of_a_look_it_reads_every_time() -> None:
    read = Count()
    kept = once(read)
    assert [kept(1), kept(1)] == [1, 2]


def test_inside_equal_questions_are_answered_alike_and_others_are_not() -> None:
    read, other = Count(), Count()
    kept, beside = once(read), once(other)
    with looking():
        assert [kept(1), kept(1), kept(2), kept(1, a=1), kept(1, a=1), kept(1)] == [1, 1, 2, 3, 3, 1]
        assert beside(1) == 1
    with looking():
        assert kept(1) == 4


def test_a_failure_is_not_kept() -> None:
    fails = [True]

    @once
    def read() -> int:
        if fails.pop():
            raise LookupError
        return 1

    with looking():
        with pytest.raises(LookupError):
            read()
        fails.append(False)
        assert read() == 1


def test_two_requests_at_once_keep_apart() -> None:
    read, found = Count(), []
    kept = once(read)

    def one() -> None:
        with looking():
            found.append((kept(), kept()))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(n, n) for n in (1, 2, 3, 4)]


class TestAPage:
    """Of the office: what it looks up is there within one page, and read again by the next."""

    def test_roles_are_read_once_a_page(self, office: Any) -> None:
        client = office.client("b1")
        client.get("/notices")
        with CaptureQueriesContext(connection) as seen:
            client.get("/notices")
        roles = [one for one in seen if '"people_membership"."person_id"' in one["sql"] and "SELECT" in one["sql"]]
        assert len(roles) == 1, [one["sql"] for one in roles]

    @pytest.mark.parametrize(("method", "reads"), [("GET", 1), ("HEAD", 1), ("POST", 2)])
    def test_what_changes_something_reads_anew(self, office: Any, method: str, reads: int) -> None:
        actor, found = office.actor("b1"), []

        def view(request: HttpRequest) -> HttpResponse:
            with CaptureQueriesContext(connection) as seen:
                assert actor.institutions(Act.BOARD_INSTITUTION) == actor.institutions(Act.BOARD_INSTITUTION) != []
            found.append(len(seen))
            return HttpResponse()

        request = HttpRequest()
        request.method, request.path = method, "/api/v1/boards"
        PeopleMiddleware(view)(request)
        assert found == [reads]
