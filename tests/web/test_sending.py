"""Notices by mail and webhook: off unless switched on, chosen by each person, without persons, never in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from email.header import decode_header, make_header
from typing import Any

import pytest

from drgpay.errors import DrgpayError
from support.office import Office
from support.sinks import Sink, mail_sink, web_sink


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    with mail_sink() as sink:
        for name, value in {
            "DRGPAY_MAIL_HOST": "127.0.0.1", "DRGPAY_MAIL_PORT": str(sink.port), "DRGPAY_MAIL_TLS": "none",
            "DRGPAY_MAIL_FROM": "office@example.cn", "DRGPAY_ADDRESS": "https://office.example.cn",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield sink


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    with web_sink() as sink:
        monkeypatch.setenv("DRGPAY_NOTICE_HOSTS", f"127.0.0.1:{sink.port}, chat.example.cn")
        yield sink


def opened(office: Office, deadline: date | None = date(2024, 4, 30)) -> Any:
    """A case of which its hospital is told."""
    from drgpay_web import flow

    case = flow.open_case(
        office.actor("h1a"), machine="submission", unit=office.house_a, period="2024-03", subject="李四的病例",
        data={"received": 1, "sha256": "0", "columns": {}},
    )  # fmt: skip
    flow.Case.objects.filter(pk=case.pk).update(deadline=deadline)
    case.refresh_from_db()
    flow.tell_person(case, office.person("h1a"), "flow.reminder", days=3)
    return case


def chosen(office: Office, **said: str) -> None:
    from drgpay_web.sending import actions

    actions.choose(office.actor("h1a"), **{"mail": "", "webhook": "", "which": "all", **said})


def sent(office: Office) -> dict[str, int]:
    from drgpay_web.sending import actions

    actions.collect()
    return actions.send(office.area.area)


class TestSwitchedOff:
    def test_nothing_can_be_chosen_and_nothing_leaves(self, office: Office) -> None:
        from drgpay_web import jobs
        from drgpay_web.sending import actions

        text = office.client("h1a").get("/notices/sending").content.decode()
        assert "未启用对外发送" in text
        assert "<select" not in text
        chosen(office, mail="me@example.cn")
        opened(office)
        assert actions.collect() == 0
        assert not jobs.Job.objects.filter(kind=actions.KIND).exists()

    def test_what_came_while_it_was_off_is_not_sent_later(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chosen(office, mail="me@example.cn")
        opened(office)
        sent(office)
        with mail_sink() as sink:
            monkeypatch.setenv("DRGPAY_MAIL_HOST", "127.0.0.1")
            monkeypatch.setenv("DRGPAY_MAIL_PORT", str(sink.port))
            monkeypatch.setenv("DRGPAY_MAIL_TLS", "none")
            monkeypatch.setenv("DRGPAY_MAIL_FROM", "office@example.cn")
            assert sent(office) == {"sent": 0, "later": 0, "failed": 0}


class TestMail:
    def test_a_notice_is_mailed_once_with_title_link_and_deadline_alone(self, office: Office, mail: Sink) -> None:
        before = opened(office)
        chosen(office, mail="me@example.cn")
        case = opened(office)
        assert sent(office)["sent"] == 1
        assert sent(office)["sent"] == 0
        (message,) = mail.taken
        subject = str(make_header(decode_header(message["Subject"])))
        text = message.get_payload(decode=True).decode()
        assert message["To"] == "me@example.cn"
        assert case.number in subject
        assert before.number not in subject + text  # came before it was chosen
        assert f"https://office.example.cn/cases/{case.pk}" in text
        assert "2024-04-30" in text
        for hidden in ("李四", office.person("h1a").name, office.house_a.name, "名"):
            assert hidden not in subject + text, hidden

    def test_it_is_sent_by_a_job_of_the_worker(self, office: Office, mail: Sink) -> None:
        from drgpay_web import jobs
        from drgpay_web.sending import actions, minutes, work

        chosen(office, mail="me@example.cn")
        opened(office)
        minutes.every_minute()
        job = jobs.Job.objects.get(kind=actions.KIND)
        assert work.tell(job, None, None)["sent"] == 1
        assert len(mail.taken) == 1

    def test_only_what_has_a_deadline_where_that_was_chosen(self, office: Office, mail: Sink) -> None:
        chosen(office, mail="me@example.cn", which="dated")
        opened(office, deadline=None)
        case = opened(office)
        assert sent(office)["sent"] == 1
        assert case.number in str(make_header(decode_header(mail.taken[0]["Subject"])))

    def test_what_is_not_taken_is_tried_again_and_given_up_and_nothing_else_stops(
        self, office: Office, mail: Sink
    ) -> None:
        from drgpay_web.sending import actions
        from drgpay_web.sending.models import Sending

        mail.answer = 451
        chosen(office, mail="me@example.cn")
        opened(office)
        assert sent(office) == {"sent": 0, "later": 1, "failed": 0}
        assert sent(office) == {"sent": 0, "later": 0, "failed": 0}  # not yet due again
        for _ in range(actions.MOST_TRIES):
            Sending.objects.update(due_at="2020-01-01T00:00Z")
            sent(office)
        assert actions.standing() == {"queued": 0, "failed": 1}
        assert office.client("h1a").get("/notices").status_code == 200
        mail.answer = 250
        opened(office)
        assert sent(office)["sent"] == 1

    def test_a_server_that_is_not_there_stops_nothing(
        self, office: Office, mail: Sink, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chosen(office, mail="me@example.cn")
        opened(office)
        monkeypatch.setenv("DRGPAY_MAIL_PORT", "1")
        assert sent(office)["later"] == 1

    def test_nobody_injects_a_head(self, office: Office, mail: Sink) -> None:
        from drgpay_web.ui import Unfit

        for wrong in ("me@example.cn\nBcc: you@example.cn", "me", "a@b@c", "me@example.cn,you@example.cn"):
            with pytest.raises(Unfit):
                chosen(office, mail=wrong)


class TestWebhook:
    def test_the_same_is_posted_to_a_machine_that_is_named(self, office: Office, web: Sink) -> None:
        from drgpay_web.sending.models import Way

        url = f"http://127.0.0.1:{web.port}/robot?key=geheim"
        chosen(office, webhook=url)
        assert "geheim" not in Way.objects.get().webhook
        case = opened(office)
        assert sent(office)["sent"] == 1
        ((path, body),) = web.taken
        said = json.loads(body)
        assert path == "/robot?key=geheim"
        assert set(said) == {"title", "link", "deadline", "msgtype", "text"}
        assert (said["deadline"], said["msgtype"]) == ("2024-04-30", "text")
        assert case.number in said["text"]["content"]
        assert "李四" not in body.decode()

    def test_no_other_machine_is_called(self, office: Office, web: Sink) -> None:
        from drgpay_web.ui import Unfit

        for wrong in (
            "http://169.254.169.254/latest", "https://10.0.0.1/", "http://chat.example.cn/x", "file:///etc/passwd",
            f"http://user:pass@127.0.0.1:{web.port}/", f"http://localhost:{web.port}/", "https://chat.example.cn.evil/",
        ):  # fmt: skip
            with pytest.raises(Unfit):
                chosen(office, webhook=wrong)
        chosen(office, webhook="https://chat.example.cn/robot")

    def test_one_that_is_named_no_more_is_called_no_more_and_a_redirect_is_not_followed(
        self, office: Office, web: Sink, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from drgpay_web.sending.models import Sending

        chosen(office, webhook=f"http://127.0.0.1:{web.port}/robot")
        web.answer = 302
        opened(office)
        assert sent(office)["later"] == 1
        assert [path for path, _ in web.taken] == ["/robot"]
        monkeypatch.setenv("DRGPAY_NOTICE_HOSTS", "chat.example.cn")
        Sending.objects.update(due_at="2020-01-01T00:00Z")
        assert sent(office)["later"] == 1
        assert len(web.taken) == 1


class TestThePage:
    def test_one_chooses_for_oneself_and_it_is_kept_in_the_audit_without_the_address(
        self, office: Office, mail: Sink
    ) -> None:
        from drgpay_web.sending.models import Way
        from drgpay_web.trail.models import Event

        client = office.client("h1a")
        answer = client.post("/notices/sending", {"mail": "me@example.cn", "webhook": "", "which": "dated"})
        assert answer.status_code == 302
        assert Way.objects.get().person == office.person("h1a")
        kept = Event.objects.order_by("number").last()
        assert kept is not None
        assert kept.act == "notice.send"
        assert "example.cn" not in str(kept.after)
        assert 'value="me@example.cn"' in client.get("/notices/sending").content.decode()
        assert "me@example.cn" not in office.client("h1b").get("/notices/sending").content.decode()
        wrong = client.post("/notices/sending", {"mail": "nobody", "webhook": "", "which": "all"})
        assert wrong.status_code == 422
        assert "邮箱地址不正确" in wrong.content.decode()


class TestSettings:
    def test_a_file_of_the_owner_alone_switches_it_on(self, office: Office) -> None:
        from drgpay_web.sending.switches import FILE, switches

        path = office.home / FILE
        path.write_text("# mail\nDRGPAY_MAIL_HOST=mail.example.cn\nDRGPAY_MAIL_FROM = office@example.cn\nPATH=/x\n")
        try:
            path.chmod(0o600)
            assert switches().mail
            assert switches().host == "mail.example.cn"
            assert not switches().webhook
            path.chmod(0o640)
            with pytest.raises(DrgpayError, match=r"sending\.env"):
                switches()
        finally:
            path.unlink()

    @pytest.mark.parametrize(("name", "value"), [("DRGPAY_MAIL_PORT", "smtp"), ("DRGPAY_MAIL_TLS", "ssl3")])
    def test_wrong_settings_are_refused_and_stop_no_other_work(
        self, office: Office, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        from drgpay_web.sending import minutes
        from drgpay_web.sending.switches import switches

        monkeypatch.setenv(name, value)
        with pytest.raises(DrgpayError):
            switches()
        minutes.every_minute()
