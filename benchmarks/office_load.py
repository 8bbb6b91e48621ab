"""The office with people at work: how long pages take, how much memory the web process holds, what a first page weighs.

    python benchmarks/office_load.py --home DIR [--stays 200000] [--people 50] [--seconds 60]

Makes an office below ``--home`` once: a region whose settled year has so many stays, its year run, and people who may
look at it. Then it serves it on this machine and lets so many people look at pages for so long, first alone and then
while a run computes. It stops what it started, also when it is interrupted. Prints JSON.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SRC = Path(__file__).parents[1] / "src"
YEARS = (2022, 2023, 2024)
THINK = (1.0, 3.0)
"""seconds a person looks at a page before the next one"""
FIRST = ("/", "/static/")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--home", type=Path, required=True)
    asked.add_argument("--stays", type=int, default=200_000, help="of the settled year")
    asked.add_argument("--people", type=int, default=50)
    asked.add_argument("--seconds", type=int, default=60)
    asked.add_argument("--port", type=int, default=8199)
    said = asked.parse_args()
    os.environ["DRGPAY_HOME"] = str(said.home.resolve())
    if not (said.home / "office.json").is_file():
        done("make", said.home, said.stays)
    print(json.dumps(measured(said), ensure_ascii=False, indent=1))


def done(what: str, *words: object) -> str:
    """A part of this program in a process of its own: the settings of one belong to one office."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import office_load; office_load.{what}(*sys.argv[1:])"
    run = [sys.executable, "-c", code, *map(str, words)]
    result = subprocess.run(run, env=environment(), capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(result.stderr)
    return result.stdout


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SRC)}


def make(home: str, stays: str) -> None:
    """An office with a settled year of so many stays, and people to look at it."""
    from drgpay import runs, samples

    place = Path(home)
    total = int(int(stays) * len(YEARS) / 1.04)
    region = place.parent / f"{place.name}-region"
    if not region.is_dir():
        samples.make_region(region, stays=total, years=(2021, *YEARS) if False else YEARS_OF_BASE)
    from drgpay_web.cli.office import start
    from drgpay_web.project.places import make_home

    make_home(place)
    start()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    from drgpay_web import store
    from drgpay_web.cli.demo import _accounts
    from drgpay_web.people import system_actor

    area = store.import_region(region)
    _accounts(place, area)
    actor = system_actor(area)
    pin = store.pin(actor, area, "demo", "")
    folder = store.new_result_folder(area, "run", "y2024")
    if not folder.is_dir():
        runs.run(runs.Order(store.compose(pin), "demo", 2024), folder, runs.LocalEngine())
    store.add_result(actor, area=area, kind="run", name="y2024", pin=pin)
    (place / "office.json").write_text(json.dumps({"demo": True, "clock": "2024-04-08"}))
