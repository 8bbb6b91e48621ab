"""An office of the first schema: ``then`` makes its data base and fills it, ``now`` looks at what became of it.

Run as ``python -m support.first_office then|now`` with ``DRGPAY_HOME`` (and ``DRGPAY_DATABASE``).
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, date, datetime
from typing import Any

FIRST = [
    ("api", "0001_initial"), ("flow", "0002_working_days"), ("jobs", "0001_initial"), ("papers", "0001_initial"),
    ("people", "0001_initial"), ("store", "0001_initial"), ("submissions", "0001_initial"), ("trail", "0002_guards"),
]  # fmt: skip
TOKEN = "drgpay_first"
AT = datetime(2024, 4, 1, 8, tzinfo=UTC)
ROW = {"code": "kept"}


def then() -> None:
    """The tables of the first version, with rows as it wrote them."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    ours = {app for app, _ in FIRST}
    others = [
        node for node in executor.loader.graph.leaf_nodes()
        if node[0] not in ours and not executor.loader.get_migration(*node).__module__.startswith("drgpay_web.")
    ]  # fmt: skip
    executor.migrate([*others, *FIRST])
    apps = MigrationExecutor(connection).loader.project_state([*others, *FIRST]).apps

    def of(name: str) -> Any:
        return apps.get_model(name).objects

    top = _unit(of("people.Unit"), "area", "A1", None)
    house = _unit(of("people.Unit"), "institution", "H001", top)
    people = {}
    for name, role, unit in (("b1", "B1", top), ("h1", "H1", house), ("s1", "S1", top)):
        people[name] = of("people.Person").create(username=name, name=name, password="!")
        of("people.Membership").create(person=people[name], role=role, unit=unit, since=date(2020, 1, 1))
    case = of("flow.Case").create(
        machine="submission", number="TJ-1", area="A1", unit=house, period="2024-03", state="handed_in", version=2,
        opened_at=AT, opened_by=people["h1"], data={"received": 0, "found": {}},
    )  # fmt: skip
    for version, source, target in ((1, "", "received"), (2, "checked", "handed_in")):
        of("flow.Step").create(
            case=case, version=version, move="hand_in" if source else "open", source=source, target=target,
            person=people["h1"], role="H1", day=AT.date(), at=AT,
        )  # fmt: skip
    from drgpay_web.store import kept_tables

    table = kept_tables()[0].table
    of("store.Area").create(code="A1")
    of("store.RegisterRow").create(
        area="A1", table=table.name, key='["kept"]', values={table.key[0]: "kept"}, declaration="0" * 64,
        recorded_on=AT.date(), person=people["b1"], at=AT, origin="form",
    )  # fmt: skip
    of("api.Token").create(
        unit=house, name="HIS", start=TOKEN[:13], sha256=hashlib.sha256(TOKEN.encode()).hexdigest(),
        scopes=["group", "statements"], created_by=people["s1"], created_at=AT,
        until=datetime(2100, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    from drgpay_web import trail
    from drgpay_web.people import system_actor

    for number in range(3):
        trail.record(system_actor("A1"), "test.then", f"case:{number}")


def _unit(units: Any, kind: str, code: str, parent: Any) -> Any:
    made = units.create(area="A1", kind=kind, code=code, name=code, parent=parent, path="")
    made.path = (parent.path if parent else "/") + f"{made.pk}/"
    made.save()
    return made


def now() -> None:
    """What is there after the upgrade, as JSON: rows, the chain, the token, and the case gone on."""
    from django.test import Client

    from drgpay_web import flow, store, trail
    from drgpay_web.api.models import Token
    from drgpay_web.people import Actor, Person, Role, Unit

    broken = trail.check()
    case = flow.Case.objects.get(number="TJ-1")
    found = {
        "broken": broken,
        "events": trail.Event.objects.filter(act="test.then").count(),
        "units": sorted(Unit.objects.values_list("code", flat=True)),
        "people": sorted(Person.objects.filter(username__in=("b1", "h1", "s1")).values_list("username", flat=True)),
        "steps": [(step.move, step.person.username) for step in case.steps.order_by("version")],
        "rows": [row[store.kept_tables()[0].table.key[0]] for row in store.rows("A1", store.kept_tables()[0].table)],
        "token": Client(headers={"Authorization": f"Bearer {TOKEN}"}).get("/api/v1/periods").status_code,
        "token_person": Token.objects.get().person_id,
    }
    b1 = Person.objects.get(username="b1")
    held = b1.memberships_now()[0]
    case = flow.do(
        Actor(b1, held, Role.B1, held.unit, "A1"), case, "return", version=case.version, values={"why": "缺页"}
    )
    print(json.dumps(found | {"state": case.state, "version": case.version, "still": trail.check()}))


if __name__ == "__main__":
    import django

    django.setup()
    {"then": then, "now": now}[sys.argv[1]]()
