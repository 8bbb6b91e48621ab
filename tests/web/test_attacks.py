"""What somebody with bad intentions sends to the office: each is answered, nothing breaks, nothing is let through."""

from __future__ import annotations

import ast
import errno
import json
import re
import tempfile
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from support.office import PASSWORD, Office
from support.office_settled import Settled

SAFETY = Path(__file__).parents[2] / "docs" / "security.md"


def system(office: Office, unit: Any, *scopes: str, role: str = "") -> Client:
    """A system with a token for some scopes."""
    from drgpay_web.api import actions
    from drgpay_web.api.models import SCOPES
    from drgpay_web.people import Unit

    of = Unit.objects.get(pk=unit.pk)
    told = actions.create_token(
        office.actor("s1"), unit=of, name="HIS", scopes=scopes or SCOPES, reason="接入", role=role
    )
    return Client(headers={"Authorization": f"Bearer {told[1]}"})


def sent(client: Client, path: str, body: Any, **headers: str) -> Any:
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.post(f"/api/v1{path}", text, content_type="application/json", headers=headers)


class TestTokens:
    @pytest.mark.parametrize(
        ("scope", "path"),
        [
            ("group", "/periods"), ("group", "/cases"), ("group", "/submissions"), ("group", "/jobs/1"),
            ("cases", "/runs"), ("submissions", "/schemes"),
        ],
    )  # fmt: skip
    def test_a_token_opens_what_it_is_for_and_no_more(self, office: Office, scope: str, path: str) -> None:
        assert system(office, office.house_a, scope).get(f"/api/v1{path}").status_code == 401

    def test_what_a_system_may_not_do_is_refused_and_in_the_trail(self, office: Office) -> None:
        from drgpay_web.trail.models import Event

        his = system(office, office.house_a)
        body = {"period": "2024-03", "kind": "trial", "policy": "demo"}
        before = Event.objects.filter(outcome="refused").count()
        assert sent(his, "/runs/looks", body).status_code == 403
        event = Event.objects.filter(outcome="refused").latest("number")
        assert Event.objects.filter(outcome="refused").count() == before + 1
        assert (event.act, event.person[:6], event.unit) == ("run.order", "token-", "institution:H001")

    def test_a_key_of_one_system_is_nothing_to_another(self, settled: Settled) -> None:
        office = settled.office
        key = {"Idempotency-Key": "same"}
        ours, theirs = system(office, office.house_a), system(office, office.house_b)
        file = "病案号,出院日期\n1,2024-03-01\n".encode()
        made = [
            one.post("/api/v1/submissions",
                     {"period": "2024-03", "file": SimpleUploadedFile("三月.csv", file)}, headers=key)
            for one in (ours, theirs)
        ]  # fmt: skip
        numbers = [one.json()["number"] for one in made]
        assert [one.status_code for one in made] == [201, 201]
        assert numbers[0] != numbers[1]
        assert theirs.get(f"/api/v1/submissions/{numbers[0]}").status_code == 404
        move = sent(theirs, f"/cases/{numbers[0]}/moves/recall", {"version": 1}, **key)
        assert move.status_code in (
            404,
            422,
        )  # a key that stands for another request says no more than a missing case


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            "[" * 200_000, '{"stays":' * 50_000, "{", "\x00", "null", '{"stays": [1]}',
            '{"stays": [{"dx": {"a": 1}}]}', '{"stays": [{"age": 1e999}]}', '{"stays": [{"age": NaN}]}',
            '{"stays": [{"dx": ["' + "A" * 100_000 + '"]}]}',
        ],
    )  # fmt: skip
    def test_what_is_no_stay_is_answered_as_wrong(self, office: Office, body: str) -> None:
        answer = sent(system(office, office.house_a), "/group", body)
        assert answer.status_code in (200, 400, 422), answer.content[:300]
        assert "error" in answer.json() or answer.json()["groups"]

    def test_one_that_is_too_large_is_not_read(self, office: Office) -> None:
        answer = sent(system(office, office.house_a), "/group", b" " * 6_000_000)
        assert answer.status_code == 413
        assert answer.json()["error"]["kind"] == "usage"

    @pytest.mark.parametrize("path", ["/submissions/upload", "/api/v1/submissions"])
    def test_a_file_beyond_every_limit_is_refused_before_it_is_received(self, office: Office, path: str) -> None:
        """By what the request says of itself: nothing of it is written to the disk first."""
        client = system(office, office.house_a) if path.startswith("/api") else office.client("h1a")
        answer = client.post(
            path, b"--b\r\n", content_type="multipart/form-data; boundary=b", CONTENT_LENGTH="9000000000"
        )
        assert answer.status_code == 413


class TestWays:
    @pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
    def test_nobody_is_led_elsewhere(self, office: Office, to: str) -> None:
        client = Client()
        said = {"login": "h1a", "password": PASSWORD, "next": to}
        assert client.post(f"/sign-in?next={to}", said)["Location"] == "/"
        assert client.post("/language", {"back": to, "language": "en"})["Location"] == "/"

    def test_a_form_from_elsewhere_is_not_taken(self, office: Office) -> None:
        client = office.client("h1a", enforce_csrf_checks=True)
        assert client.post("/sign-out").status_code == 409
        assert client.get("/").status_code == 200

    def test_another_host_is_not_answered(self, office: Office) -> None:
        assert Client(headers={"Host": "evil.example"}).get("/sign-in").status_code == 400

    @pytest.mark.parametrize(
        "path", ["/static/../office.sqlite3", "/static/%2e%2e/secret", "/static/..%2f..%2fsecret", "/stay-page/../x"]
    )
    def test_no_way_leads_out_of_a_folder(self, office: Office, path: str) -> None:
        assert office.client("b1").get(path).status_code in (301, 400, 404)

    @pytest.mark.parametrize(
        "name", ["../../evil.csv", "..\\evil.csv", "a\r\nX-Evil: 1/b.csv", "C:\\x\\evil.csv", "/etc/x.csv"]
    )
    def test_a_file_is_kept_by_a_name_that_is_ours(self, settled: Settled, name: str) -> None:
        from drgpay_web import inbox
        from drgpay_web.store.models import Received

        his = system(settled.office, settled.office.house_a)
        file = "病案号,出院日期\n1,2024-03-01\n".encode()
        made = his.post("/api/v1/submissions", {"period": "2024-03", "file": SimpleUploadedFile(name, file)})
        assert made.status_code == 201, made.content
        kept = Received.objects.get()
        assert not set(kept.name) & set("/\\\r\n")
        assert inbox.path_of(kept.stored).parent == inbox.folder_of_inbox()
        assert kept.stored.isalnum()


def test_what_was_half_received_is_gone_at_the_next_start(office: Office) -> None:
    from drgpay_web import inbox
    from drgpay_web.cli.serving import _nothing_half_received
    from drgpay_web.project.places import uploads

    half = [uploads(office.home) / "tmp1.upload.csv", inbox.folder_of_inbox() / ".abc.partial"]
    kept = inbox.folder_of_inbox() / "abc"
    uploads(office.home).mkdir(exist_ok=True)
    for path in (*half, kept):
        path.write_bytes(b"1")
    _nothing_half_received(office.home)
    assert [path.exists() for path in (*half, kept)] == [False, False, True]


def test_the_limit_of_a_request_lets_every_file_in_that_is_taken() -> None:
    from django.conf import settings

    from drgpay_web.store import UPLOAD_LIMIT

    assert UPLOAD_LIMIT < settings.LARGEST_REQUEST


def test_every_line_of_the_page_of_safety_names_tests_that_are_there() -> None:
    here = Path(__file__).parent
    lines = [line for line in SAFETY.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][2:]
    assert len(lines) > 25
    for line in lines:
        requirement, met_by, cell = (part.strip() for part in line.strip("|").split("|"))
        named = re.findall(r"`([^`]+)`", cell)
        assert requirement
        assert met_by
        assert named, requirement
        for one in named:
            file, *inner = one.split("::")
            tree: ast.AST = ast.parse((here / file).read_text(encoding="utf-8"))
            for name in inner:
                inside = ast.iter_child_nodes(tree)
                found = next((node for node in inside if getattr(node, "name", "") == name), None)
                assert found is not None, one
                tree = found


class TestSlowBodies:
    """Bodies that come slowly hold nobody up who has sent all of his, nor anybody who only reads."""

    def ask(self, application: Any, source: Any, length: int, address: str = "10.0.0.1") -> tuple[str, bytes]:
        said: list[str] = []
        environ = {"CONTENT_LENGTH": str(length), "wsgi.input": source, "REMOTE_ADDR": address}
        answer = application(environ, lambda status, headers: said.append(status))
        return said[0], b"".join(answer)

    @pytest.fixture
    def echo(self) -> Any:
        from drgpay_web.project.receiving import Receiving

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return [environ["wsgi.input"].read()]

        return Receiving(application)

    def test_they_take_no_turns_and_only_so_many_places(self, echo: Any) -> None:
        from drgpay_web.project.receiving import OF_ONE, RECEIVED, THREADS

        ends = threading.Event()

        class Slow:
            def read(self, size: int) -> bytes:
                ends.wait(60)
                return b""

        slow = [
            threading.Thread(target=self.ask, args=(echo, Slow(), 1000, f"10.0.0.{number // OF_ONE}"))
            for number in range(RECEIVED)
        ]
        for thread in slow[:OF_ONE]:
            thread.start()
        while echo.coming.total() < OF_ONE:
            time.sleep(0.01)
        busy = "503 Service Unavailable"
        assert self.ask(echo, BytesIO(b"abc"), 3, "10.0.0.0") == (busy, b"")
        assert self.ask(echo, BytesIO(b"abc"), 3, "10.0.0.9") == ("200 OK", b"abc")
        for thread in slow[OF_ONE:]:
            thread.start()
        while echo.coming.total() < RECEIVED:
            time.sleep(0.01)
        assert self.ask(echo, BytesIO(b"abc"), 3, "10.0.0.9") == (busy, b"")
        assert self.ask(echo, BytesIO(b""), 0, "10.0.0.9") == ("200 OK", b"")
        assert RECEIVED < THREADS
        ends.set()
        for thread in slow:
            thread.join()
        assert not echo.coming
        assert self.ask(echo, BytesIO(b"abc"), 3, "10.0.0.0") == ("200 OK", b"abc")

    def test_large_ones_are_received_as_they_were_sent(self, echo: Any) -> None:
        body = bytes(range(256)) * 10_000
        assert self.ask(echo, BytesIO(body), len(body)) == ("200 OK", body)


class TestCountingTogether:
    """How often a system asks is counted by all processes of a server, in files."""

    def test_what_one_counts_another_reads(self, tmp_path: Path) -> None:
        from drgpay_web.project.counting import Counted

        one, other = Counted(str(tmp_path / "cache"), {}), Counted(str(tmp_path / "cache"), {})
        one.set("system", [1.0, 2.0], 60)
        assert other.get("system") == [1.0, 2.0]

    def test_on_a_full_disk_nothing_is_counted_and_nobody_fails(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from drgpay_web.project.counting import Counted

        its = Counted(str(tmp_path / "cache"), {})
        its.set("system", [1.0], 60)

        def full(**_: Any) -> Any:
            raise OSError(errno.ENOSPC, "no space left")

        monkeypatch.setattr(tempfile, "mkstemp", full)
        its.set("system", [1.0, 2.0], 60)
        assert its.get("system", []) == [1.0]
