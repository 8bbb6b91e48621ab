"""From SQLite to PostgreSQL and, there, into one file and back. Runs where ``DRGPAY_DATABASE`` names a PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

ADDRESS = os.environ.get("DRGPAY_DATABASE", "")
pytestmark = [pytest.mark.db, pytest.mark.skipif(not ADDRESS, reason="no PostgreSQL is named in DRGPAY_DATABASE")]
COUNT = """
import json, django; django.setup()
from django.apps import apps
from drgpay_web.trail.chain import check
rows = {m._meta.label: m._base_manager.count() for m in apps.get_models() if m._meta.app_label != "contenttypes"}
rows = {k: v for k, v in rows.items() if not k.startswith(("auth.", "sessions."))}
from drgpay_web.people import system_actor, Unit
from drgpay_web import trail
broken = check()
if Unit.objects.exists():
    trail.record(system_actor(Unit.objects.get(kind="area").area), "test.more", "here")
print(json.dumps([rows, broken, check()]))
"""


def run(home: Path, *words: str, database: str = "") -> subprocess.CompletedProcess[str]:
    known = {**os.environ, "DRGPAY_HOME": str(home), "DJANGO_SETTINGS_MODULE": "drgpay_web.project.settings"}
    known.pop("DRGPAY_DATABASE")
    if database:
        known["DRGPAY_DATABASE"] = database
    return subprocess.run([sys.executable, *words], env=known, capture_output=True, text=True, check=False)


def office(home: Path, *words: str, database: str = "") -> subprocess.CompletedProcess[str]:
    return run(home, "-m", "drgpay_web.cli", *words, database=database)


@pytest.fixture
def empty() -> Iterator[list[str]]:
    """Two empty data bases beside the one of the tests."""
    import psycopg

    parts, names = urlsplit(ADDRESS), [f"moved_{os.getpid()}_{number}" for number in (1, 2)]
    with psycopg.connect(ADDRESS, autocommit=True) as connection:
        for name in names:
            connection.execute(f'CREATE DATABASE "{name}"')
        yield [urlunsplit(parts._replace(path=f"/{name}")) for name in names]
        for name in names:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def counted(home: Path, database: str = "") -> list[object]:
    said = run(home, "-c", COUNT, database=database)
    assert said.returncode == 0, said.stderr
    told: list[object] = json.loads(said.stdout.splitlines()[-1])
    return told


def test_an_office_moves_whole_goes_on_there_and_is_kept_and_restored(empty: list[str], tmp_path: Path) -> None:
    home, first, second = tmp_path / "office", *empty
    made = office(home, "init", "--region", str(region(tmp_path)), "--admin", "admin", "--json")
    assert made.returncode == 0, made.stderr
    before = counted(home)
    assert before[1:] == [None, None]
    moved = office(home, "move", first)
    assert moved.returncode == 0, moved.stderr
    assert office(home, "check", database=first).returncode == 0
    there = counted(home, first)
    events = "trail.Event"
    assert isinstance(before[0], dict)
    assert isinstance(there[0], dict)
    assert there[0] == before[0] | {events: before[0][events] + 1}  # the one that counting wrote
    assert there[1:] == [None, None]  # the chain goes on where it was
    again = office(home, "move", first)
    assert again.returncode == 2, again.stdout
    assert office(home, "move", "postgresql://nobody@/none?host=/nowhere").returncode != 0

    file, other = tmp_path / "b.tar.zst", tmp_path / "other"
    assert office(home, "backup", "-o", str(file), database=first).returncode == 0
    restored = office(other, "restore", str(file), database=second)
    assert restored.returncode == 0, restored.stderr
    assert "完整无误" in restored.stdout
    back = counted(other, second)
    assert isinstance(back[0], dict)
    assert back[0] == there[0] | {events: there[0][events] + 1}
    assert back[1:] == [None, None]


def region(folder: Path) -> Path:
    from drgpay.samples import make_region

    make_region(folder / "region", stays=200, seed=3, institutions=2)
    return folder / "region"
