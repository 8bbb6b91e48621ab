"""An office for tests: one data base made once, copied for every test; an area, two hospitals, a person per role."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

PASSWORD = "Nacht-3-Wache"
BUREAU = ("B1", "B2", "B3", "B4", "B5", "B6", "S1", "S2", "S3")
HOSPITAL = ("H1", "H2", "H3", "H4", "H5", "H6")
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"

_HOME = Path(tempfile.mkdtemp(prefix="office-"))
_POSTGRESQL = os.environ.get("DRGPAY_DATABASE", "")


def start() -> None:
    """Set Django up on a home of this process's tests."""
    import django
    from django.apps import apps

    if apps.ready:
        return
    os.environ["DRGPAY_HOME"] = str(_HOME)
    os.environ["DJANGO_SETTINGS_MODULE"] = "drgpay_web.project.settings"
    from drgpay_web.project.places import make_home

    make_home(_HOME)
    django.setup()
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # argon2 is slow by design
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


class Office:
    """What a test sees of the office: its units, persons, who acts, and browsers of theirs."""

    home = _HOME

    def __init__(self) -> None:
        from drgpay_web.people import Unit

        self.area = Unit.objects.get(kind=Unit.AREA)
        self.house_a, self.house_b = Unit.objects.filter(kind=Unit.INSTITUTION).order_by("code")

    def person(self, username: str) -> Any:
        from drgpay_web.people import Person

        return Person.objects.get(username=username)

    def actor(self, username: str) -> Any:
        """The person in the first of the roles."""
        from drgpay_web.people import Actor, Role

        person = self.person(username)
        held = person.memberships_now()[0]
        return Actor(person, held, Role(held.role), held.unit, held.unit.area, "test", "127.0.0.1")

    def client(self, username: str, **how: Any) -> Any:
        """A browser in which the person is signed in; forms are sent for the identity that is active."""
        from django.test import Client

        person = self.person(username)
        membership = person.memberships_now()[0].pk if person.memberships_now() else ""
        client = Client(headers={"X-Membership": str(membership)}, **how)
        client.force_login(person, backend=BACKEND)
        return client


def _fill() -> None:
    from allauth.mfa.totp.internal.auth import TOTP
    from django.contrib.auth.hashers import make_password

    from drgpay_web.people import Membership, Person, Unit

    hashed = make_password(PASSWORD)
    top = Unit.objects.create(area="A1", kind="area", code="A1", name="云州市")
    units = dict.fromkeys(BUREAU, top)
    wanted = [(role.lower(), role, unit) for role, unit in units.items()]
    for letter, code, name in (("a", "H001", "市一院"), ("b", "H002", "县医院")):
        house = Unit.objects.create(area="A1", kind="institution", code=code, name=name, parent=top)
        ward = Unit.objects.create(area="A1", kind="department", code="A03", name="内科", parent=house)
        Unit.objects.create(area="A1", kind="department", code="A04", name="外科", parent=house)
        doctor = Unit.objects.create(area="A1", kind="doctor", code=f"D{letter}1", name="罗医生", parent=ward)
        own = {"H3": ward, "H4": doctor}
        wanted += [(f"{role.lower()}{letter}", role, own.get(role, house)) for role in HOSPITAL]
    for username, role, unit in wanted:
        person = Person.objects.create(username=username, name=f"名{username}", password=hashed)
        Membership.objects.create(person=person, role=role, unit=unit, since="2020-01-01")
        if role[0] != "H":
            TOTP.activate(person, SECRET)


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""of every second device in the tests"""


def code_now(secret: str = SECRET) -> str:
    """What the second devices show now."""
    from allauth.mfa.totp.internal import auth

    counter = next(iter(auth.yield_hotp_counters_from_time())) + 1
    return str(auth.format_hotp_value(auth.hotp_value(secret, counter)))


@pytest.fixture(scope="session")
def template() -> Iterator[Any]:
    """The migrated and filled data base that every test copies: a file, or the name of a data base."""
    start()
    from django.core.management import call_command
    from django.db import connection, connections

    if _POSTGRESQL:
        number = os.getpid()
        _admin(f"CREATE DATABASE office_template_{number}")
        connection.settings_dict["NAME"] = f"office_template_{number}"
    call_command("migrate", verbosity=0)
    _fill()
    connections.close_all()
    if _POSTGRESQL:
        yield connection.settings_dict["NAME"]
        _admin(f"DROP DATABASE IF EXISTS office_{number} WITH (FORCE)")
        _admin(f"DROP DATABASE office_template_{number} WITH (FORCE)")
    else:
        kept = _HOME / "template.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connections.close_all()
        shutil.copyfile(_HOME / "office.sqlite3", kept)
        yield kept
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture
def office(template: Any) -> Iterator[Office]:
    """A fresh office of this test."""
    from django.core.cache import cache
    from django.db import connection, connections

    if _POSTGRESQL:
        name = f"office_{os.getpid()}"
        _admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        _admin(f"CREATE DATABASE {name} TEMPLATE {template}")
        connection.settings_dict["NAME"] = name
        # for the processes a test starts
        os.environ["DRGPAY_DATABASE"] = urlunsplit(urlsplit(_POSTGRESQL)._replace(path=f"/{name}"))
    else:
        for path in _HOME.glob("office.sqlite3*"):
            path.unlink()
        shutil.copyfile(template, _HOME / "office.sqlite3")
    for name in ("areas", "inbox", "exports", "jobs"):
        shutil.rmtree(_HOME / name, ignore_errors=True)
        (_HOME / name).mkdir()
    cache.clear()
    yield Office()
    connections.close_all()


def _admin(statement: str) -> None:
    """On the data base that DRGPAY_DATABASE names, outside of any transaction."""
    import psycopg

    with psycopg.connect(_POSTGRESQL, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the office's day."""
    from drgpay_web import clock

    def set_to(text: str) -> None:
        monkeypatch.setattr(clock, "today", lambda: date.fromisoformat(text))

    set_to("2024-04-08")
    return set_to
