"""Every address × every role × own and other unit. Rooms join by having addresses; examples of what lies behind an
address with an id are in ``EXAMPLES``: without one, an id that is nowhere must be answered 404."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from drgpay.runs.batches import write_rows
from drgpay.tables import FINDINGS
from support.office import BUREAU, HOSPITAL, Office

PEOPLE = [role.lower() for role in BUREAU] + [f"{role.lower()}a" for role in HOSPITAL]
NOWHERE = {"int": 999_999, "str": "nowhere", "slug": "nowhere", "path": "nowhere", "uuid": "0" * 32}


def submission(office: Office, letter: str) -> dict[str, Any]:
    """A checked submission of a hospital, with findings."""
    from drgpay_web import flow
    from drgpay_web.submissions.places import place_of

    actor = office.actor(f"h1{letter}")
    found = {"blocks": False, "error": None, "heads": [], "missing": [], "rules": [], "score": None,
             "said": ["", ""], "rows": 0, "kept": 0, "rejected": 0}  # fmt: skip
    case = flow.open_case(
        actor, machine="submission", unit=actor.unit, period="2024-03", data={"received": 0, "found": found}
    )
    place_of(case).mkdir(parents=True)
    write_rows(place_of(case) / "findings.parquet", FINDINGS.schema.empty_table())
    return {"pk": case.pk}


def reconciliation(office: Office, letter: str) -> dict[str, Any]:
    """A reconciliation of a hospital without a difference."""
    from drgpay.engine import write_table
    from drgpay.runs.manifest import write_manifest
    from drgpay.tables import RECONCILIATION
    from drgpay_web import flow
    from drgpay_web.reconcile.moves import place_of

    actor = office.actor(f"h1{letter}")
    data = {"result": 0, "of": "official", "totals": {}}
    case = flow.open_case(actor, machine="reconciliation", unit=actor.unit, period="2024-03", data=data)
    write_table(place_of(case) / "tables", RECONCILIATION, RECONCILIATION.of([]))
    write_manifest(place_of(case), {"kind": "reconciliation", "institution": actor.unit.code, "region": {"id": "A1"}})
    return {"pk": case.pk}


NO_UNIT = {"accounts/<str:username>", "accounts/<str:username>/lock"}
"""addresses whose example is of no hospital's own"""
EXAMPLES: dict[str, Callable[[Office, str], dict[str, Any]]] = {
    "accounts/<str:username>": lambda office, letter: {"username": f"h1{letter}"},
    "accounts/<str:username>/lock": lambda office, letter: {"username": f"h1{letter}"},
    **{f"submissions/<int:pk>/{page}": submission for page in ("findings", "findings/excel", "fields")},
    **{f"reconcile/<int:pk>/{page}": reconciliation for page in ("lines", "excel")},
}
"""of a route: the ids of something of hospital ``a`` or ``b``"""


def routes() -> Iterator[tuple[str, Any]]:
    def walk(patterns: list[Any], before: str) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, before + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                yield before + str(pattern.pattern), pattern

    yield from walk(get_resolver().url_patterns, "")


ROUTES = {route: pattern for route, pattern in routes() if not route.startswith("api/")}
"""the API has doors of its own: tests/web/test_api.py"""


def address(route: str, ids: dict[str, Any] | None = None) -> str:
    pattern = ROUTES[route]
    path = route
    for name, converter in pattern.pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
        path = path.replace(f"<{kind}:{name}>", str((ids or NOWHERE).get(name, NOWHERE[kind])))
        if ids is None:
            path = path.replace(f"<{name}>", str(NOWHERE[kind]))
    return f"/{path}"


def test_every_address_has_a_door_or_is_open_by_declaration() -> None:
    missing = [route for route, pattern in ROUTES.items() if not hasattr(pattern.callback, "door")]
    assert missing == []


def test_what_is_open_to_everybody_is_this() -> None:
    opened = {route for route, pattern in ROUTES.items() if pattern.callback.door is None}
    assert opened == {
        "sign-in", "sign-in/code", "sign-out", "password", "second-factor", "identity", "language", "try", "health",
        "stay-page/<str:text>",
    }  # fmt: skip


def asked(client: Any, path: str) -> int:
    """The status of a page; of what only takes forms, of an empty form."""
    status = client.get(path).status_code
    return client.post(path, {}).status_code if status == 405 else status


def test_nobody_gets_in_without_signing_in(office: Office) -> None:
    from django.test import Client

    for route, pattern in ROUTES.items():
        if pattern.callback.door is not None:
            answer = Client().get(address(route))
            assert answer.status_code == 405 or answer["Location"].startswith("/sign-in?next="), route
            assert Client().post(address(route), {}).status_code in (401, 405), route


@pytest.mark.parametrize("username", PEOPLE)
def test_each_role_gets_in_where_the_matrix_says_and_nowhere_else(office: Office, username: str) -> None:
    client, actor = office.client(username), office.actor(username)
    for route, pattern in ROUTES.items():
        act = pattern.callback.door
        if act is None:
            continue
        status = asked(client, address(route))
        if not actor.may(act):
            assert status == 403, (route, username)
        elif pattern.pattern.converters:
            assert status in (404, 400, 422), (route, username, status)
        else:
            assert status not in (401, 403, 404, 500), (route, username, status)


@pytest.mark.parametrize("username", ["h1a", "h2a", "h3a", "h4a", "h5a", "h6a"])
def test_what_is_the_other_hospitals_is_not_there(office: Office, username: str) -> None:
    client, actor = office.client(username), office.actor(username)
    for route, example in EXAMPLES.items():
        if route in NO_UNIT or not actor.may(ROUTES[route].callback.door):
            continue
        assert asked(client, address(route, example(office, "a"))) not in (401, 403, 404, 500), route
        assert asked(client, address(route, example(office, "b"))) == 404, route
