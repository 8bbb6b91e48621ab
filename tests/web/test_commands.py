"""``drgpay-web``: set up twice, served only where it is safe, checked."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drgpay.errors import DrgpayError
from drgpay_web.cli import app, serving
from drgpay_web.cli.office import existing

SRC = Path(__file__).parents[2] / "src"


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own: the settings of one belong to one office."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DRGPAY_", "DJANGO_"))}
    place = {"DRGPAY_HOME": str(home), "PYTHONPATH": str(SRC)}
    run = [sys.executable, "-m", "drgpay_web.cli", *words]
    return subprocess.run(run, env=kept | place, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
def test_set_up_serves_the_first_administrator_once_and_is_checked(tmp_path: Path) -> None:
    home = tmp_path / "office"
    first = command(home, "init", "--json", "--title", "云州市")
    assert first.returncode == 0, first.stderr
    said = json.loads(first.stdout)
    assert [(one["username"], one["role"], one["unit"]) for one in said["accounts"]] == [("admin", "S1", "云州市")]
    assert stat.S_IMODE((home / "secret").stat().st_mode) == 0o600
    secret = (home / "secret").read_bytes()
    again = command(home, "init", "--json")
    assert json.loads(again.stdout)["accounts"] == []
    assert (home / "secret").read_bytes() == secret
    whole = command(home, "check")
    assert (whole.returncode, "完整无误" in whole.stdout) == (0, True)
    _tamper(home / "office.sqlite3")
    broken = command(home, "check")
    assert broken.returncode == 6
    assert "审计链自第 1 条起不完整" in broken.stderr
    refused = command(home, "init", "--demo")
    assert refused.returncode == 2
    assert "已有正式的工作台" in refused.stderr


def _tamper(path: Path) -> None:
    import sqlite3

    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER trail_event_update")
        connection.execute("UPDATE trail_event SET act = 'x' WHERE number = 1")


def test_where_there_is_no_office_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRGPAY_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(DrgpayError, match="drgpay-web init"):
        existing()
    assert not (tmp_path / "nowhere").exists()


class TestServing:
    @pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
    def test_this_machine_needs_no_tls(self, host: str) -> None:
        serving._hold(host, None, None, False)

    @pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.5", "office.example", "::"])
    def test_elsewhere_is_refused_without_tls(self, host: str) -> None:
        with pytest.raises(DrgpayError, match="TLS"):
            serving._hold(host, None, None, False)
        serving._hold(host, None, None, True)

    def test_half_a_pair_or_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        here = tmp_path / "c.pem"
        here.write_text("x")
        with pytest.raises(DrgpayError, match="同时给出"):
            serving._hold("127.0.0.1", here, None, False)
        with pytest.raises(DrgpayError, match="没有这个文件"):
            serving._hold("127.0.0.1", here, tmp_path / "k.pem", True)

    def test_a_demo_stays_on_this_machine(self, office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from drgpay_web import clock

        serving._not_a_demo_outside("0.0.0.0")
        monkeypatch.setattr(clock, "is_demo", lambda: True)
        with pytest.raises(DrgpayError, match="本机"):
            serving._not_a_demo_outside("0.0.0.0")

    def test_a_port_in_use_is_named(self) -> None:
        import socket

        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with pytest.raises(DrgpayError, match="端口"):
                serving._free("127.0.0.1", taken.getsockname()[1])


def test_every_option_is_explained_in_both_languages() -> None:
    from typer.main import get_command

    for name, one in get_command(app).commands.items():  # type: ignore[attr-defined]
        for said in [one.help, *(p.help for p in one.params if p.name != "help")]:
            assert any("\u3400" <= sign <= "\u9fff" for sign in said), (name, said)
            assert any(word.isascii() and word.isalpha() and len(word) > 1 for word in said.split()), (name, said)
