"""Accounts: opened and closed by the system administrator, apart from business, never one's own."""

from __future__ import annotations

import pytest
from django.test import Client

from drgpay_web.accounts import actions
from drgpay_web.people import Act, NotThere, Person, Refused, Role, Unit, system_actor
from drgpay_web.trail.models import Event
from drgpay_web.ui import Unfit
from support.office import Office


class TestOpening:
    def test_the_password_is_shown_once_and_must_be_changed(self, office: Office) -> None:
        client = office.client("s1")
        form = {"username": "zhang.san", "name": "张三", "role": "H1", "unit": office.house_a.pk}
        page = client.post("/accounts/new", form).content.decode()
        password = page.split("<code>")[1].split("</code>")[0]
        assert password not in client.get("/accounts/zhang.san").content.decode()
        newcomer = Client()
        assert newcomer.post("/sign-in", {"login": "zhang.san", "password": password}).status_code == 302
        assert newcomer.get("/")["Location"] == "/password"

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            ({"username": "h1a"}, "已被使用"),
            ({"username": "Zhang San"}, "不符合要求"),
            ({"name": ""}, "请填写"),
            ({"role": "H3"}, "不能设在这类单位"),
            ({"role": "SYS"}, "请从列表中选择"),
        ],
    )
    def test_what_is_wrong_is_said(self, office: Office, form: dict[str, str], said: str) -> None:
        good = {"username": "new.one", "name": "某某", "role": "H1", "unit": office.house_a.pk}
        answer = office.client("s1").post("/accounts/new", good | form)
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert not Person.objects.filter(username="new.one").exists()

    def test_twice_is_refused(self, office: Office) -> None:
        by = office.actor("s1")
        with pytest.raises(Unfit):
            actions.create_account(by=by, username="h1a", name="某", role=Role.H1, unit=office.house_a)

    def test_business_roles_may_not(self, office: Office) -> None:
        with pytest.raises(Refused):
            actions.create_account(by=office.actor("b2"), username="x", name="x", role=Role.H1, unit=office.house_a)

    def test_another_area_is_not_there(self, office: Office) -> None:
        other = Unit.objects.create(area="A2", kind="area", code="A2", name="别处")
        with pytest.raises(NotThere):
            actions.create_account(by=office.actor("s1"), username="x", name="x", role=Role.B1, unit=other)


class TestRoles:
    def test_given_and_taken(self, office: Office) -> None:
        by, person = office.actor("s1"), office.person("h1a")
        given = actions.give_role(by=by, person=person, role=Role.H2, unit=office.house_a)
        assert [one.role for one in person.memberships_now()] == ["H1", "H2"]
        actions.end_role(by=by, membership=given)
        assert [one.role for one in person.memberships_now()] == ["H1"]
        assert [e.act for e in Event.objects.all()] == ["account.role", "account.role"]

    def test_taking_a_role_ends_the_session(self, office: Office) -> None:
        client = office.client("h1a")
        actions.end_role(by=office.actor("s1"), membership=office.person("h1a").memberships_now()[0])
        assert client.get("/").status_code == 302

    @pytest.mark.parametrize(
        ("username", "role", "key"),
        [
            ("b1", Role.S2, "accounts.apart"),
            ("s2", Role.B1, "accounts.apart"),
            ("s2", Role.S3, "accounts.three_apart"),
            ("s1", Role.B1, "accounts.not_oneself"),
            ("b1", Role.B1, "accounts.has_role"),
            ("b1", Role.H1, "accounts.wrong_unit"),
        ],
    )
    def test_what_may_not_meet(self, office: Office, username: str, role: Role, key: str) -> None:
        with pytest.raises(Unfit) as wrong:
            actions.give_role(by=office.actor("s1"), person=office.person(username), role=role, unit=office.area)
        assert wrong.value.key == key

    def test_the_page_says_why_not(self, office: Office) -> None:
        client = office.client("s1")
        answer = client.post("/accounts/b1/role", {"role": "S2", "unit": office.area.pk})
        assert answer.status_code == 422
        assert "三员分立" in answer.content.decode()


class TestCare:
    def test_reset_gives_a_new_password_and_takes_the_second_device(self, office: Office) -> None:
        from drgpay_web.people.middleware import has_second_factor

        page = office.client("s1").post("/accounts/b1/reset", {"reason": "手机更换"}).content.decode()
        password = page.split("<code>")[1].split("</code>")[0]
        person = office.person("b1")
        assert person.check_password(password)
        assert person.must_change_password
        assert not has_second_factor(person)
        assert Event.objects.latest("number").reason == "手机更换"

    def test_a_reason_is_asked(self, office: Office) -> None:
        assert office.client("s1").post("/accounts/b1/reset", {}).status_code == 422
        assert office.client("s1").post("/accounts/b1/lock", {"active": "0"}).status_code == 422
        assert office.person("b1").is_active

    def test_lock_and_open(self, office: Office) -> None:
        client = office.client("h1a")
        office.client("s2").post("/accounts/h1a/lock", {"active": "0", "reason": "离职"})
        assert client.get("/").status_code == 302
        assert not office.person("h1a").is_active
        office.client("s2").post("/accounts/h1a/lock", {"active": "1", "reason": "复职"})
        assert office.person("h1a").is_active

    def test_never_ones_own(self, office: Office) -> None:
        answer = office.client("s1").post("/accounts/s1/lock", {"active": "0", "reason": "x"})
        assert answer.status_code == 422
        assert office.person("s1").is_active

    def test_the_system_can_do_what_it_must(self, office: Office) -> None:
        actor = system_actor("A1")
        assert actor.may(Act.ACCOUNT_CREATE, office.house_a)
        assert not office.person("system").has_usable_password()

    def test_the_list_finds(self, office: Office) -> None:
        page = office.client("s2").get("/accounts", {"q": "h3"}).content.decode()
        assert "h3a" in page
        assert "h1a" not in page
        assert "没有符合的账号" in office.client("s1").get("/accounts", {"q": "nobody"}).content.decode()
