"""From the first version's data base to this one, as it is upgraded; register rows of older declarations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from support.office import Office

TESTS = Path(__file__).parents[1]
ADDRESS = os.environ.get("DRGPAY_DATABASE", "")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of an office that is not there yet, on SQLite or an empty PostgreSQL."""
    from drgpay_web.project.places import make_home

    make_home(tmp_path / "office")
    known = {
        **os.environ, "DRGPAY_HOME": str(tmp_path / "office"),
        "DJANGO_SETTINGS_MODULE": "drgpay_web.project.settings",
        "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
    }  # fmt: skip
    if not ADDRESS:
        yield known
        return
    import psycopg

    name = f"upgraded_{os.getpid()}"
    with psycopg.connect(ADDRESS, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield known | {"DRGPAY_DATABASE": urlunsplit(urlsplit(ADDRESS)._replace(path=f"/{name}"))}
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def done(place: dict[str, str], *words: str) -> str:
    said = subprocess.run([sys.executable, "-m", *words], env=place, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.mark.db
def test_an_office_of_the_first_version_is_upgraded_whole_and_goes_on(place: dict[str, str]) -> None:
    done(place, "support.first_office", "then")
    done(place, "drgpay_web.cli", "migrate")
    found = json.loads(done(place, "support.first_office", "now").splitlines()[-1])
    assert found == {
        "broken": None, "events": 3, "units": ["A1", "H001"], "people": ["b1", "h1", "s1"],
        "steps": [["open", "h1"], ["hand_in", "h1"]], "rows": ["kept"], "token": 200, "token_person": None,
        "state": "returned", "version": 3, "still": None,
    }  # fmt: skip


def test_rows_of_a_column_that_was_renamed_are_read_and_what_does_not_fit_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drgpay.tables import INSTITUTIONS
    from drgpay_web import clock, store
    from drgpay_web.store import upgrades
    from drgpay_web.store.faults import unfit
    from drgpay_web.store.models import RegisterRow

    values: dict[str, Any] = {"institution_id": "H001", "called": "市一院"}
    row = RegisterRow.objects.create(
        area="A1", table=INSTITUTIONS.name, key='["H001"]', values=values, declaration="0" * 64,
        person=office.person("b1"), at=clock.now(), origin="form",
    )  # fmt: skip
    assert store.rows("A1", INSTITUTIONS)[0]["name"] is None
    before = [zh for zh, _ in unfit() if INSTITUTIONS["name"].zh in zh]
    monkeypatch.setitem(upgrades.UPGRADES, INSTITUTIONS.name, (upgrades.renamed("called", "name"),))
    assert store.rows("A1", INSTITUTIONS)[0]["name"] == "市一院"
    after = [zh for zh, _ in unfit() if INSTITUTIONS["name"].zh in zh]
    assert before
    assert not after
    assert unfit()  # its other columns are still missing
    row.refresh_from_db()
    assert row.values == values  # what was recorded stays
