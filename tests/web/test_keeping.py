"""The whole office in one file and back, and what the check finds (14 §2, §8)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.office_people import actor, units


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """``drgpay-web`` in a process of its own."""
    environment = {**os.environ, "DRGPAY_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "drgpay_web.cli", *words], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def place(office: Any) -> dict[str, Any]:
    from drgpay.tables import INSTITUTIONS
    from drgpay_web import store

    found = units()
    who = actor("B1", found["area"])
    rows = [{"institution_id": "H001", "name": "市一院", "level": "三级"}]
    store.put_rows(who, area="A1", table=INSTITUTIONS, rows=rows, origin="form")
    received = store.receive(who, [b"a,b\n"], "a.csv")
    (store.record("A1")).mkdir(parents=True, exist_ok=True)
    (store.record("A1") / "region.json").write_text("{}")
    store.own_schemes().mkdir(exist_ok=True)
    (store.own_schemes() / "own.yaml").write_text("id: own")
    return {"home": office.home, "received": received, "b1": who}


@pytest.mark.slow
def test_a_backup_restored_is_the_office_again(place: Any, tmp_path: Path) -> None:
    file, other = tmp_path / "b.tar.zst", tmp_path / "other"
    made = command(place["home"], "backup", "-o", str(file))
    assert made.returncode == 0, made.stderr
    assert oct(file.stat().st_mode)[-3:] == "600"
    assert command(place["home"], "backup", "-o", str(file)).returncode == 2
    if not os.environ.get("DRGPAY_DATABASE"):  # there is one data base of tests there
        restored = command(other, "restore", str(file))
        assert restored.returncode == 0, restored.stderr
        assert "完整无误" in restored.stdout
        assert (other / "inbox" / place["received"].stored).read_bytes() == b"a,b\n"
        assert (other / "areas" / "A1" / "record" / "region.json").is_file()
        assert (other / "schemes" / "own.yaml").read_text() == "id: own"
        assert (other / "secret").read_text() != (place["home"] / "secret").read_text()
        assert command(other, "restore", str(file)).returncode == 2


@pytest.mark.parametrize("share", [0, 40, 95])
def test_a_file_that_is_no_whole_backup_leaves_nothing(place: Any, tmp_path: Path, share: int) -> None:
    from drgpay.errors import DrgpayError
    from drgpay_web.project import keeping

    whole, part, other = tmp_path / "b.tar.zst", tmp_path / "c.tar.zst", tmp_path / "new" / "other"
    keeping.backup(whole)
    data = whole.read_bytes()
    part.write_bytes(data[: len(data) * share // 100])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "home", lambda: other)
        with pytest.raises(DrgpayError):
            keeping.restore(part)
    assert not other.exists()
    assert list(other.parent.iterdir()) == []


@pytest.mark.parametrize("kind", ["above", "whole path", "link"])
def test_what_would_lie_outside_is_never_unpacked(place: Any, tmp_path: Path, kind: str) -> None:
    import io
    import tarfile

    import zstandard

    from drgpay.errors import DrgpayError
    from drgpay_web.project import keeping

    outside = tmp_path / "outside"
    info = tarfile.TarInfo({"above": "../../outside", "whole path": str(outside), "link": "inbox"}[kind])
    if kind == "link":
        info.type, info.linkname = tarfile.SYMTYPE, str(tmp_path)
    else:
        info.size = 1
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.addfile(info, io.BytesIO(b"x"))
    file, other = tmp_path / "b.tar.zst", tmp_path / "new" / "other"
    file.write_bytes(zstandard.compress(content.getvalue()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "home", lambda: other)
        with pytest.raises(DrgpayError):
            keeping.restore(file)
    assert not outside.exists()
    assert not other.exists()


def test_the_check_names_what_does_not_hold(place: Any) -> None:
    from drgpay_web import inbox
    from drgpay_web.store import faults
    from drgpay_web.store.models import RegisterRow

    assert faults.faults() == []
    inbox.path_of(place["received"].stored).unlink()
    RegisterRow.objects.update(declaration="old", values={"institution_id": "H001", "name": "x", "level": "huge"})
    said = [zh for zh, _ in faults.faults()]
    assert [("a.csv" in zh, "等级" in zh) for zh in said] == [(True, False), (False, True)]
    (place["home"] / "areas" / "A1" / "record" / "region.json").unlink()
    (place["home"] / "areas" / "A1" / "record").rmdir()
    assert len(faults.faults()) == 3
