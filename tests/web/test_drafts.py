"""What killed jobs leave unfinished is removed: by the worker when it begins, by the check where there is none."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from support.office_people import actor, units


def _draft(folder: Path, name: str, *, ours: bool = True) -> Path:
    """A result that was being written, one of its folders read-only already."""
    draft = folder / f".{name}.partial"
    (draft / "tables").mkdir(parents=True)
    if ours:
        (draft / ".drgpay.json").write_text('{"tool": "drgpay", "kind": "run", "files": [], "draft": true}')
    (draft / "tables" / "x.parquet").write_text("half")
    (draft / "tables").chmod(0o500)
    return draft


@pytest.fixture
def left(office: Any) -> dict[str, Path]:
    """What was being written when the power was cut, in every place where jobs write."""
    from drgpay_web import jobs, store
    from drgpay_web.store.models import Area

    found = units()
    Area.objects.get_or_create(code="A1")
    actor("B1", found["area"])
    area = store.area_folder("A1")
    here = {
        "run": _draft(area / "runs", "m03"),
        "region": _draft(area / "regions", "v00001"),
        "register": area / "record" / ".batches.tmp.csv",
        "lock": area / "record" / ".stays.lock",
        "page": area / "runs" / ".pages" / "m02" / "0123" / ".stays.4194303-7.tmp.parquet",
        "scratch": jobs.place_of_jobs() / "77.tmp",
    }
    for name in ("register", "lock", "page"):
        here[name].parent.mkdir(parents=True, exist_ok=True)
        here[name].write_text("half")
    (here["scratch"] / "file").mkdir(parents=True)
    (here["scratch"] / "file" / "三月.csv").write_text("half")
    return here


def _kept(left: dict[str, Path]) -> dict[str, Path]:
    """What nobody may remove, though it looks alike: of others, whole, or still written by a living process."""
    area = left["run"].parents[1]
    whole = area / "runs" / "m01"
    whole.mkdir()
    (whole / "manifest.json").write_text("{}")
    page = left["page"].with_name(f".stays.{os.getpid()}-7.tmp.parquet")
    page.write_text("half")
    return {
        "whole": whole,
        "other": _draft(area / "runs", "theirs", ours=False),
        "page": page,
        "link": _link(area / "runs" / ".m09.partial", whole),
    }


def _link(path: Path, to: Path) -> Path:
    path.symlink_to(to)
    return path


def test_everything_unfinished_is_removed_and_nothing_else(left: dict[str, Path]) -> None:
    from drgpay_web.cli import care

    kept = _kept(left)
    gone = care.sweep()
    assert sorted(gone) == sorted(path.name for path in left.values())
    assert [name for name, path in left.items() if path.exists()] == []
    assert [name for name, path in kept.items() if not path.exists()] == []
    assert care.sweep() == []


def test_what_a_program_still_writes_stays(left: dict[str, Path]) -> None:
    from drgpay_web.cli import care

    held = os.open(left["run"], os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        assert left["run"].name not in care.sweep()
    finally:
        os.close(held)
    assert care.sweep() == [left["run"].name]


def test_the_check_sweeps_where_nobody_is_at_work(left: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    from drgpay_web import jobs
    from drgpay_web.cli import care

    lock = jobs.place_of_jobs() / "77.lock"
    with lock.open("w") as its:  # a child that outlives its worker by a moment
        fcntl.flock(its, fcntl.LOCK_EX)
        care._sweep_at_rest()
    assert left["run"].exists()
    assert capsys.readouterr().out == ""
    care._sweep_at_rest()
    assert not left["run"].exists()
    assert "已清理 6 个" in capsys.readouterr().out


def test_the_worker_sweeps_before_it_starts_anything(left: dict[str, Path]) -> None:
    from drgpay_web.cli import care
    from drgpay_web.jobs.working import _Worker

    ends = iter([False, True])
    _Worker(None, lambda: next(ends), care.sweep).run()
    assert not left["run"].exists()


def test_a_practice_whose_adoption_was_cut_off_is_adopted_again(left: dict[str, Path]) -> None:
    from drgpay_web import store
    from drgpay_web.people import Unit

    place = store.area_folder("A1") / "policies"
    place.mkdir()
    half = place / ".demo-v2.partial"
    half.write_text("half")
    half.chmod(0o400)

    class Case:
        number = "P1"

    name = store.add_practice(actor("B2", Unit.objects.get(kind="area")), "A1", "demo", "whole", Case())
    assert (place / f"{name}.yaml").read_text() == "whole"


class TestFilesNobodyRefersTo:
    """A file is received before its row is written: cut between the two, it would lie there for ever."""

    @staticmethod
    def received(name: str, *, days: float = 2) -> str:
        from drgpay_web import inbox

        kept = inbox.keep([b"stay_id\n1\n"], name, kinds={"csv"}, limit=1000)
        at = inbox.path_of(kept.stored).stat().st_mtime - days * 86_400
        os.utime(inbox.path_of(kept.stored), (at, at))
        return kept.stored

    def test_they_go_after_a_day_and_those_a_row_names_stay(self, office: Any) -> None:
        from drgpay_web import clock, flow, inbox
        from drgpay_web.cli import care
        from drgpay_web.store.models import Received

        found = units()
        b1 = actor("B1", found["area"])
        lost, young, row, case = (self.received(f"{n}月.csv", days=0 if n == 2 else 2) for n in range(1, 5))
        Received.objects.create(
            area="A1",
            unit=found["area"],
            name="3月.csv",
            size=1,
            sha256="0" * 64,
            kind="csv",
            stored=row,
            at=clock.now(),
            by=b1.person,
        )
        flow.Case.objects.create(
            machine="in_house",
            area="A1",
            unit=found["area"],
            state="received",
            data={"files": [{"stored": case}]},
            opened_by=b1.person,
            opened_at=clock.now(),
        )
        assert care.sweep() == [lost]
        assert [inbox.path_of(name).exists() for name in (lost, young, row, case)] == [False, True, True, True]
