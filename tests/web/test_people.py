"""Who may do what, and how far: the matrix, the actor, the scope."""

from __future__ import annotations

from pathlib import Path

import pytest

from drgpay_web.people import Act, Membership, NotThere, Refused, Role, Unit, acts
from drgpay_web.people.matrix import GIVEN, matrix_markdown
from support.office import Office

ROOT = Path(__file__).parents[2]


def test_the_matrix_has_every_act_and_only_known_roles() -> None:
    assert list(acts()) == list(Act)
    for permission in acts().values():
        assert permission.roles, permission.act
        assert permission.zh
        assert permission.en


def test_no_system_role_has_business_and_no_business_role_has_accounts() -> None:
    system = {"account", "audit", "system", "token"}
    both = {"export.find"}
    """who took a file is asked by the bureau that finds it lying about, and by the auditor"""
    for act, permission in acts().items():
        everyone = len(permission.roles) == len(GIVEN)
        sides = {role.side for role in permission.roles}
        if act.split(".")[0] in system:
            assert sides == {"system"}, act
        elif not everyone and not act.startswith("job.") and act not in both:
            assert "system" not in sides, act


def test_who_drafts_does_not_approve() -> None:
    apart = [
        (Act.RUN_ORDER, Act.PERIOD_SEAL),
        (Act.STATEMENT_ANSWER, Act.STATEMENT_APPROVE_ANSWER),
        (Act.POLICY_DRAFT, Act.POLICY_ADOPT),
        (Act.PERIOD_APPROVE, Act.PERIOD_POST),
    ]
    for drafts, approves in apart:
        assert not set(acts()[drafts].roles) & set(acts()[approves].roles)


def test_the_printed_matrix_is_this_one() -> None:
    assert (ROOT / "docs" / "office-matrix.md").read_text(encoding="utf-8") == matrix_markdown()


class TestReach:
    @pytest.mark.parametrize(
        ("username", "act", "own", "other"),
        [
            ("b1", Act.SUBMISSION_ACCEPT, True, True),
            ("h1a", Act.SUBMISSION_UPLOAD, True, False),
            ("h1a", Act.SUBMISSION_ACCEPT, False, False),
            ("h3a", Act.BOARD_INSTITUTION, False, False),
            ("s1", Act.STAY_SEE, False, False),
        ],
    )
    def test_own_and_other_house(self, office: Office, username: str, act: Act, own: bool, other: bool) -> None:
        actor = office.actor(username)
        assert actor.may(act, office.house_a) is own
        assert actor.may(act, office.house_b) is other

    def test_a_head_sees_his_department_and_no_other(self, office: Office) -> None:
        head = office.actor("h3a")
        other = Unit.objects.get(code="A04", parent=office.house_a)
        assert head.may(Act.STAY_SEE, head.unit)
        assert not head.may(Act.STAY_SEE, other)
        assert not head.may(Act.STAY_SEE, office.house_a)

    def test_outside_is_not_there_and_inside_is_refused(self, office: Office) -> None:
        actor = office.actor("h1a")
        with pytest.raises(NotThere):
            actor.need(Act.SUBMISSION_UPLOAD, office.house_b)
        with pytest.raises(NotThere):
            actor.need(Act.RUN_ORDER, office.house_b)
        with pytest.raises(Refused):
            actor.need(Act.RUN_ORDER, office.house_a)
        actor.need(Act.SUBMISSION_UPLOAD, office.house_a)

    def test_paths_do_not_run_into_each_other(self, office: Office) -> None:
        """Unit 1 is not above unit 11: every number ends with a stroke."""
        short = Unit(path="/1/")
        assert Unit(path="/1/11/").within(short)
        assert not Unit(path="/11/").within(short)

    def test_roles_hold_from_their_first_to_their_last_day(self, office: Office) -> None:
        from datetime import date, timedelta

        from drgpay_web import clock

        day = clock.today()
        held = Membership(since=day, until=day)
        assert held.holds(day)
        assert not held.holds(day - timedelta(days=1))
        assert not held.holds(day + timedelta(days=1))
        assert Membership(since=date(2020, 1, 1)).holds(day)


class TestScope:
    def test_of_each_role(self, office: Office) -> None:
        from drgpay.runs import Scope

        areas = frozenset({"A1"})
        assert office.actor("b1").scope(Act.STAY_SEE) == Scope(areas=areas)
        assert office.actor("b2").scope(Act.STAY_PERSONS) == Scope(areas=areas, persons=True)
        assert office.actor("b5").scope(Act.STAY_SEE) == Scope(areas=areas, institutions=frozenset())
        house = frozenset({"H001"})
        assert office.actor("h1a").scope(Act.STAY_SEE) == Scope(areas=areas, institutions=house)
        ward = frozenset({("H001", "A03")})
        assert office.actor("h3a").scope(Act.STAY_SEE) == Scope(areas=areas, institutions=house, departments=ward)
        doctor = frozenset({("H001", "Da1")})
        assert office.actor("h4a").scope(Act.STAY_SEE) == Scope(areas=areas, institutions=house, doctors=doctor)

    def test_none_for_who_may_not(self, office: Office) -> None:
        with pytest.raises(Refused):
            office.actor("s1").scope(Act.STAY_SEE)

    def test_the_institutions_within_reach(self, office: Office) -> None:
        assert office.actor("b1").institutions(Act.STAY_SEE) == [office.house_a, office.house_b]
        assert office.actor("h3a").institutions(Act.STAY_SEE) == [office.house_a]
        assert office.actor("b5").institutions(Act.STAY_SEE) == []
        assert office.actor("s1").institutions(Act.STAY_SEE) == []

    def test_roles_of_the_bureau_and_the_system_need_a_second_device(self) -> None:
        assert {role for role in GIVEN if role.second_factor} == {role for role in Role if role[0] in "BS"} - {
            Role.SYSTEM
        }
