"""The clients of ``docs/api.md`` as they stand there, but for address and token, against an office that listens."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from support.office_settled import Settled

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def block(language: str, number: int = 0) -> str:
    """A piece of code of the page."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)[number]


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the screen."""


@pytest.fixture
def address(settled: Settled) -> Iterator[str]:
    """The office, listening on this machine."""
    from django.core.wsgi import get_wsgi_application

    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def token(settled: Settled) -> str:
    from drgpay_web.api import actions
    from drgpay_web.api.models import SCOPES
    from drgpay_web.people import Unit

    unit = Unit.objects.get(pk=settled.office.house_a.pk)
    made = actions.create_token(settled.office.actor("s1"), unit=unit, name="HIS", scopes=SCOPES, reason="接入")
    return str(made[1])


def test_the_python_client_groups_and_confirms(settled: Settled, address: str, token: str) -> None:
    from drgpay_web import flow

    case = statement(settled)
    text = block("python").replace("https://office", address).replace("drgpay_…", token)
    known: dict[str, Any] = {}
    exec(compile(text, "docs/api.md", "exec"), known)
    office = known["office"]
    one = office.ask("/group", {"stays": [{"sex": "女", "age": 34, "dx": ["O82.000"], "proc": ["74.1x01"]}]})
    assert one["groups"][0]["drg"] == "OB19"
    assert str([{"sex": "女", "age": 34, "dx": ["O82.000"], "proc": ["74.1x01"]}]).replace("'", '"') in text
    assert flow.Case.objects.get(pk=case.pk).state == "confirmed"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_the_lines_of_curl_answer(settled: Settled, address: str, token: str, tmp_path: Path) -> None:
    (tmp_path / "三月.csv").write_text("病案号,出院日期\nS1,2024-03-01\n")
    lines = re.split(r"(?<!\\)\n", block("sh").replace("https://office", address).strip())
    found = []
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], env={"TOKEN": token, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, cwd=tmp_path,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    grouped, submitted, rows = found
    assert grouped["groups"][0]["status"] == "grouped"
    assert submitted["kind"] == "submission"
    assert {row["drg"] for row in rows["rows"]} <= {"ES23"}
    assert rows["columns"]


def test_the_signature_of_a_message_is_told_from_another() -> None:
    import hashlib
    import hmac

    known: dict[str, Any] = {}
    exec(compile(block("python", 1), "docs/api.md", "exec"), known)
    right = hmac.new(b"s", b"1712538000." + b"{}", hashlib.sha256).hexdigest()
    headers = {"X-Drgpay-Time": "1712538000", "X-Drgpay-Signature": f"sha256={right}"}
    assert known["genuine"]("s", headers, b"{}")
    assert not known["genuine"]("s", headers, b"{ }")


@pytest.mark.parametrize(
    "word", ["Idempotency-Key", "ETag", "If-None-Match", "Retry-After", "X-Request-ID", "cursor"]
)
def test_what_a_client_must_know_is_told(word: str) -> None:
    assert word in PAGE


def statement(settled: Settled) -> Any:
    """A statement of the first hospital, published."""
    from drgpay_web import flow
    from drgpay_web.people import Unit

    by, said = settled.office.actor("b2"), {"result": settled.month.pk, "round": 1}
    shared = said | {"confirm_days": 10, "again_days": 3, "rounds": 2}
    area = Unit.objects.get(kind=Unit.AREA)
    data = shared | {"deadline": "2030-01-31", "changed": {}}
    period = flow.open_case(by, machine="period", unit=area, period="2024-02", data=data)
    data = shared | {"period": period.pk, "scheme": "employee", "digest": "d", "changed": []}
    house = Unit.objects.get(pk=settled.office.house_a.pk)
    return flow.open_case(by, machine="statement", unit=house, period="2024-02", data=data)
