"""Sign-in: second factor, lockout, passwords, one session, forms of another identity."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from drgpay_web import clock
from drgpay_web.people import Membership, Person
from drgpay_web.people.passwords import set_password
from drgpay_web.trail.models import Event
from support.office import PASSWORD, Office, code_now


def sign_in(client: Client, username: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/sign-in", {"login": username, "password": password}, **more)


def inside(client: Client) -> bool:
    return client.get("/").status_code == 200


class TestSecondFactor:
    def test_a_hospital_signs_in_with_a_password(self, office: Office) -> None:
        client = Client()
        assert sign_in(client, "h1a")["Location"] == "/"
        assert inside(client)
        assert Event.objects.latest("number").act == "sign_in"

    def test_the_bureau_needs_the_code_as_well(self, office: Office) -> None:
        client = Client()
        assert sign_in(client, "b1")["Location"] == "/sign-in/code"
        assert not inside(client)
        assert client.post("/sign-in/code", {"code": "000000"}).status_code == 422
        assert client.post("/sign-in/code", {"code": code_now()})["Location"] == "/"
        assert inside(client)

    def test_a_code_is_good_once(self, office: Office) -> None:
        code = code_now()
        first, second = Client(), Client()
        sign_in(first, "b1")
        first.post("/sign-in/code", {"code": code})
        sign_in(second, "b1")
        assert second.post("/sign-in/code", {"code": code}).status_code == 422

    def test_wrong_codes_lock_as_wrong_passwords_do(self, office: Office) -> None:
        client = Client()
        sign_in(client, "b1")
        answers = [client.post("/sign-in/code", {"code": "000000"}).status_code for _ in range(6)]
        assert answers[-1] == 429
        assert client.post("/sign-in/code", {"code": code_now()}).status_code == 429

    def test_the_bureau_sets_it_up_before_anything_else(self, office: Office) -> None:
        from allauth.mfa.models import Authenticator

        Authenticator.objects.all().delete()
        client = Client()
        sign_in(client, "b1")
        assert client.get("/")["Location"] == "/second-factor"
        page = client.get("/second-factor").content.decode()
        assert "<svg" in page
        assert client.post("/second-factor", {"code": "1"}).status_code == 422
        (secret,) = re.findall(r"<code[^>]*>([A-Z2-7]{16,})</code>", client.get("/second-factor").content.decode())
        assert client.post("/second-factor", {"code": code_now(secret)})["Location"] == "/"
        assert client.get("/").status_code == 200
        assert office.client("h1a").get("/").status_code == 200

    def test_its_secret_is_not_kept_in_the_clear(self, office: Office) -> None:
        from allauth.mfa.models import Authenticator

        from support.office import SECRET

        assert all(SECRET not in str(one.data) for one in Authenticator.objects.all())


class TestLockout:
    def test_five_failures_from_one_address_lock_the_pair(self, office: Office) -> None:
        client = Client()
        assert [sign_in(client, "h1a", "wrong").status_code for _ in range(5)] == [200] * 4 + [429]
        assert sign_in(client, "h1a").status_code == 429
        assert sign_in(Client(REMOTE_ADDR="10.0.0.9"), "h1a").status_code == 302
        assert sign_in(Client(), "h2a").status_code == 302
        assert Event.objects.filter(act="locked").exists()

    def test_from_everywhere_a_user_is_locked_out_slowly(self, office: Office) -> None:
        for number in range(19):
            sign_in(Client(REMOTE_ADDR=f"10.0.0.{number}"), "h1a", "wrong")
        assert sign_in(Client(REMOTE_ADDR="10.1.0.1"), "h1a", "wrong").status_code == 429
        assert sign_in(Client(REMOTE_ADDR="10.1.0.2"), "h1a").status_code == 429

    def test_the_administrator_unlocks(self, office: Office) -> None:
        client = Client()
        for _ in range(5):
            sign_in(client, "h1a", "wrong")
        office.client("s1").post("/accounts/h1a/lock", {"active": "1", "reason": "本人来电"})
        assert sign_in(client, "h1a").status_code == 302

    def test_nobody_signs_up_and_nothing_is_mailed(self, office: Office) -> None:
        assert Client().get("/signup").status_code == 404
        assert Client().get("/password/reset").status_code == 404

    def test_an_unknown_name_is_answered_as_a_wrong_password_and_not_kept(self, office: Office) -> None:
        known, unknown = sign_in(Client(), "h1a", "wrong"), sign_in(Client(), "440106199001011234", "wrong")
        assert known.status_code == unknown.status_code == 200
        assert "用户名或密码不正确" in unknown.content.decode()
        assert not Event.objects.filter(subject__contains="440106").exists()


class TestPassword:
    @pytest.mark.parametrize(
        ("new", "said"),
        [
            ("Ab1-short", "至少 10 位"),
            ("onlysmallletters", "三类"),
            ("Xx-h1a-2024-09", "用户名"),
            (PASSWORD, "最近五次"),
            ("Password123", "常见"),
        ],
    )
    def test_rules(self, office: Office, new: str, said: str) -> None:
        client = office.client("h1a")
        answer = client.post("/password", {"old": PASSWORD, "new": new, "again": new})
        assert answer.status_code == 422
        assert said in answer.content.decode()

    @pytest.mark.parametrize(("number", "status"), [(0, 302), (1, 422), (5, 422)])
    def test_none_of_the_last_five(self, office: Office, number: int, status: int) -> None:
        for before in range(6):
            set_password(office.person("h1a"), f"Fresh-word-{before}", must_change=False)
        form = {"old": "Fresh-word-5", "new": f"Fresh-word-{number}", "again": f"Fresh-word-{number}"}
        assert office.client("h1a").post("/password", form).status_code == status

    def test_they_are_kept_as_argon2(self) -> None:
        from drgpay_web.project import settings

        assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]

    def test_a_changed_password_keeps_this_session_and_ends_the_others(self, office: Office) -> None:
        client = office.client("h1a")
        answer = client.post("/password", {"old": PASSWORD, "new": "Other-word-77", "again": "Other-word-77"})
        assert answer["Location"] == "/"
        assert inside(client)
        assert sign_in(Client(), "h1a").status_code == 200

    def test_an_initial_or_old_password_must_be_changed_first(self, office: Office) -> None:
        Person.objects.filter(username="h1a").update(must_change_password=True)
        assert office.client("h1a").get("/")["Location"] == "/password"
        old = clock.real_now() - timedelta(days=91)
        Person.objects.filter(username="h2a").update(password_since=old)
        assert office.client("h2a").get("/glossary")["Location"] == "/password"


class TestSession:
    def test_a_new_sign_in_ends_the_old_one_and_says_so(self, office: Office) -> None:
        old = office.client("h1a")
        assert inside(old)
        new = office.client("h1a")
        assert inside(new)
        assert not inside(old)
        assert "已在别处登录" in old.get("/sign-in").content.decode()
        assert inside(new)

    @pytest.mark.parametrize(
        ("name", "minutes", "holds"),
        [("seen", 14, True), ("seen", 16, False), ("began", 479, True), ("began", 481, False)],
    )
    def test_fifteen_minutes_without_use_or_eight_hours_end_it(
        self, office: Office, name: str, minutes: int, holds: bool
    ) -> None:
        client = office.client("h1a")
        _set(client, name, minutes)
        assert inside(client) is holds

    def test_polling_is_no_activity(self, office: Office) -> None:
        client = office.client("h1a")
        _set(client, "seen", 10)
        before = client.session["seen"]
        client.get("/", headers={"X-Poll": "1"})
        assert client.session["seen"] == before
        client.get("/")
        assert client.session["seen"] > before

    def test_what_is_sent_after_the_end_is_answered_401(self, office: Office) -> None:
        client = office.client("s1")
        _set(client, "seen", 16)
        assert client.post("/accounts/new", {"username": "x1"}).status_code == 401
        assert not Person.objects.filter(username="x1").exists()

    def test_a_locked_account_is_out_at_once(self, office: Office) -> None:
        client = office.client("h1a")
        Person.objects.filter(username="h1a").update(is_active=False)
        assert not inside(client)

    def test_the_cookie_is_for_this_site_only(self, office: Office) -> None:
        client = Client()
        sign_in(client, "h1a")
        cookie = client.cookies["office"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


class TestIdentity:
    def test_a_form_of_another_identity_is_answered_409(self, office: Office) -> None:
        person = office.person("s1")
        second = Membership.objects.create(person=person, role="S1", unit=office.area, since="2020-01-01")
        first = person.memberships_now()[0]
        client = office.client("s1")
        del client.defaults["HTTP_X_MEMBERSHIP"]
        form = {"username": "new2", "name": "某", "role": "H1", "unit": office.house_a.pk}
        assert client.post("/accounts/new", form).status_code == 409
        assert client.post("/accounts/new", form | {"membership": second.pk}).status_code == 409
        assert client.post("/accounts/new", form | {"membership": first.pk}).status_code == 200
        client.post("/identity", {"choose": second.pk})
        assert client.post("/accounts/new", form | {"username": "new3", "membership": first.pk}).status_code == 409

    def test_only_ones_own_roles_can_be_chosen(self, office: Office) -> None:
        other = office.person("b1").memberships_now()[0]
        assert office.client("h1a").post("/identity", {"choose": other.pk}).status_code == 404

    def test_a_role_that_is_over_gives_nothing(self, office: Office) -> None:
        Membership.objects.filter(person__username="h1a").update(until="2020-12-31")
        client = office.client("h1a")
        assert client.get("/identity").status_code == 200
        assert client.get("/")["Location"].startswith("/sign-in")

    def test_the_language_stays_with_the_person(self, office: Office) -> None:
        client = office.client("h1a")
        assert "待办" in client.get("/").content.decode()
        assert client.post("/language", {"language": "en", "back": "/why"})["Location"] == "/why"
        assert "Work list" in client.get("/").content.decode()
        assert "Work list" in office.client("h1a").get("/").content.decode()
        assert client.post("/language", {"language": "zh", "back": "https://other.example/"})["Location"] == "/"

    def test_trying_is_for_a_demo_only(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        assert Client().get("/try").status_code == 404
        monkeypatch.setattr(clock, "is_demo", lambda: True)
        chosen = office.person("b2").memberships_now()[0].pk
        client = Client()
        page = client.get("/try").content.decode()
        assert "审批" in page
        assert "b2</small>" in page, "the user name tells second persons of a role apart"
        assert "目前没有待办" in page, "a sentence says what waits"
        assert client.post("/try", {"choose": chosen})["Location"] == "/"
        assert "名b2" in client.get("/").content.decode()
        assert Client(REMOTE_ADDR="10.0.0.1").get("/try").status_code == 404


def _set(client: Client, name: str, minutes: int) -> None:
    """As if the session had been seen, or begun, so many minutes ago."""
    session = client.session
    session[name] = (clock.real_now() - timedelta(minutes=minutes)).isoformat()
    session.save()
