"""An office of tests: its data base is migrated once and copied for every test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(tempfile.mkdtemp(prefix="office-"))
os.environ["DRGPAY_HOME"] = str(HOME)
os.environ["DJANGO_SETTINGS_MODULE"] = "drgpay_web.project.settings"


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    import django
    from django.core.management import call_command
    from django.db import connections

    from drgpay_web.project.places import make_home

    make_home(HOME)
    django.setup()
    call_command("migrate", verbosity=0)
    connections.close_all()
    shutil.copyfile(HOME / "office.sqlite3", HOME / "template")
    yield HOME / "template"
    connections.close_all()
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture
def office(template: Path) -> Iterator[Path]:
    from django.db import connections

    connections.close_all()
    for name in ("office.sqlite3-wal", "office.sqlite3-shm"):
        (HOME / name).unlink(missing_ok=True)
    shutil.copyfile(template, HOME / "office.sqlite3")
    yield HOME
    connections.close_all()
    for name in ("areas", "inbox", "jobs"):
        shutil.rmtree(HOME / name, ignore_errors=True)
