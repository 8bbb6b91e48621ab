"""How the cases of every machine come to be, for the walks of ``support/walking.py``. A room adds its own here."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st

from support.clearing_made_up import MadeUp
from support.walking import Draw, Opener, World


def _submission(world: World, draw: Draw) -> None:
    from drgpay_web import flow

    for number in range(draw(st.integers(1, 3), label="files")):
        house = world.houses[number % 2]
        data = {"received": number, "sha256": "0", "columns": {}}
        flow.open_case(world.who("H1", house), machine="submission", unit=house, period="2024-03", data=data)


def _no_region(world: World, patch: pytest.MonkeyPatch) -> None:
    from drgpay_web import store
    from drgpay_web.submissions import guards

    patch.setattr(guards, "rules_of", lambda area, month: (20, None))
    patch.setattr(store, "sealed_months", lambda area: lambda year, month: False, raising=False)


def _jobs_end(world: World, draw: Draw) -> None:
    """A job of a submission comes to its end: well with findings that block or not, or badly."""
    from drgpay_web import jobs
    from drgpay_web.jobs.ends import end

    for job in jobs.Job.objects.filter(kind__startswith="submissions.", state="queued"):
        how = draw(st.sampled_from(("good", "good", "good", "blocks", "unreadable", "failed")), label="how it ends")
        error = {"zh": "坏", "en": "bad", "fix_zh": "", "fix_en": "", "place": ""} if how == "unreadable" else None
        found = {"error": error, "blocks": how == "blocks", "score": 9000, "rules": [], "heads": []}
        result: Any = found if job.kind == "submissions.check" else {"batch": "1", "rows": 1}
        if how == "unreadable" and job.kind != "submissions.check":
            result = {"refused": error}
        end(job.pk, "failed" if how == "failed" else "done", result=None if how == "failed" else result)


class _Clearing:
    """Periods and statements stand on results that are made up."""

    def __init__(self) -> None:
        self.here: MadeUp | None = None

    def prepare(self, world: World, patch: pytest.MonkeyPatch) -> None:
        self.here = MadeUp(world.top, world.houses, world.who("B1"))
        self.here.take_place(patch)

    def opened(self, year: bool) -> Any:
        def publish(world: World, draw: Draw) -> None:
            from drgpay_web.clearing import actions

            assert self.here is not None
            self.here.sealed.clear()
            actions.publish(world.who("B2"), self.here.candidate(world.who("B1"), year, [0, 0, 0, 0]))

        return publish

    def candidate(self, world: World, draw: Draw) -> None:
        """Another candidate of the same period, some of its statements changed."""
        from drgpay_web import store

        assert self.here is not None
        year = "-" not in store.Result.objects.order_by("pk")[0].period
        digests = draw(st.lists(st.integers(0, 1), min_size=4, max_size=4), label="digests")
        self.here.candidate(draw(st.sampled_from(world.all_of("B1"))), year, digests)

    def seals(self, world: World, draw: Draw) -> None:
        """The job that seals comes to its end: the seal is on disk or not, whatever the job says."""
        from drgpay_web import jobs
        from drgpay_web.jobs.ends import end

        assert self.here is not None
        for job in jobs.Job.objects.filter(kind="clearing.seal", state="queued"):
            if draw(st.booleans(), label="on disk"):
                self.here.sealed.add(job.payload["result"])
            end(job.pk, draw(st.sampled_from(("done", "failed")), label="job"))


_clearing = _Clearing()
_DISPUTE = {"line": ("due", "n"), "stays": ("S1 S2", ""), "paid_on": ("2024-01-01", "2030-01-01")}


def _of_clearing(year: bool) -> Opener:
    return Opener(
        _clearing.opened(year), _clearing.prepare, (_clearing.candidate, _clearing.seals),
        _DISPUTE | {"amount": ("100.00", None), "share": (None,)},
    )  # fmt: skip


def _reopening(world: World, draw: Draw) -> None:
    from drgpay_web.clearing import actions

    actions.reopen(world.who("B1"), year=2023, reason="稽核认定")


def _closed_year(world: World, patch: pytest.MonkeyPatch) -> None:
    from drgpay_web.clearing import reopening_moves

    patch.setattr(reopening_moves, "last_closing", lambda area, year: "2023-1")


def _settled_again(world: World, draw: Draw) -> None:
    """A result of an approved re-opening is published, and later sealed."""
    from drgpay_web import flow
    from drgpay_web.people import system_actor

    for case in flow.Case.objects.filter(machine="reopening", state__in=("approved", "settling")):
        move = "settle" if case.state == "approved" else "sealed"
        flow.do(system_actor(case.area), case, move, version=case.version)


def _review(world: World, draw: Draw) -> None:
    """Suggestions on made-up stays, each with a file already."""
    from drgpay_web import flow

    for number in range(draw(st.integers(1, 2), label="stays")):
        house = world.houses[number % 2]
        stay = f"S{number}"
        data = {"stay": stay, "result": 0, "facts": {"stay_id": stay}, "cost": 9_876_543, "reason": ""}
        flow.open_case(
            world.who("B1"), machine="special_review", unit=house, period="2024-01", data=data, stays=(stay,)
        )
    _evidence(world, draw)


def _evidence(world: World, draw: Draw) -> None:
    """A hospital attaches a file to every open review."""
    from drgpay_web import clock, flow
    from drgpay_web.flow.models import Attachment

    for case in flow.Case.objects.filter(machine="special_review", closed_at=None):
        by = world.who("H1", case.unit).person
        n = case.attachments.count()
        Attachment.objects.create(case=case, person=by, at=clock.now(), name="a.pdf", kind="pdf", size=1,
                                  sha256=str(n), stored="0")  # fmt: skip


def _no_result(world: World, patch: pytest.MonkeyPatch) -> None:
    from drgpay.tables import INSTITUTIONS
    from drgpay_web import store
    from drgpay_web.review import quota

    rows = [{"institution_id": h.code, "name": h.name, "level": "三级"} for h in world.houses]
    store.put_rows(world.who("B1"), area=world.top.area, table=INSTITUTIONS, rows=rows, origin="form")
    patch.setattr(store, "practice_of", lambda area: "demo", raising=False)
    patch.setattr(quota, "used", lambda *_: quota.Used(0, 5, 100))
    patch.setattr(quota, "result_of", lambda case: None)


def _return(world: World, draw: Draw) -> None:
    from drgpay_web import flow

    for number in range(draw(st.integers(1, 2), label="files")):
        house = world.houses[number % 2]
        data = {"received": 0, "result": 0, "of": "official", "aliases": {}}
        case = flow.open_case(
            world.who("H1", house), machine="reconciliation", unit=house, period="2024-01", data=data
        )
        flow.do(world.who("H1", house), case, "match", version=case.version)


def _matched(world: World, draw: Draw) -> None:
    """A comparison comes to its end: lines, a file that cannot be read, or it is lost."""
    from drgpay_web import jobs
    from drgpay_web.jobs.ends import end

    for job in jobs.Job.objects.filter(kind="reconcile.match", state="queued"):
        how = draw(st.sampled_from(("found", "found", "error", "lost")), label="how it ends")
        said: Any = {"totals": {"lines": 1}} if how == "found" else {"error": {"zh": "坏", "en": "bad"}}
        end(job.pk, "failed" if how == "lost" else "done", result=None if how == "lost" else said)


def _no_lines(world: World, patch: pytest.MonkeyPatch) -> None:
    from drgpay_web import store
    from drgpay_web.reconcile import moves

    patch.setattr(store, "practice_of", lambda area: "demo", raising=False)
    rows = [{"line": 1, "stay_id": "S1", "kind": "group"}, {"line": 2, "stay_id": "S2", "kind": "same"}]
    patch.setattr(moves, "lines_of", lambda case, ids: [r for r in rows if {str(r["line"]), r["stay_id"]} & set(ids)])


def _announcement(world: World, draw: Draw) -> None:
    from drgpay_web import flow

    table = draw(st.sampled_from(([], [["甲院", "30"]], [["甲院", "3"]])), label="table")
    data = {"kind": "notice", "audience": "hospitals", "text": "通知", "heads": ["机构", "例数"], "rows": table}
    flow.open_case(world.who("B1"), machine="announcement", unit=world.top, subject="通知", data=data)


def _lead(name: str) -> dict[str, Any]:
    both = ["规则", "rule"]
    return {
        "id": name, "seen_id": name, "evidence": [], "seen": [], "said": both, "left_out": both, "innocent": both,
        "rule": "HB1", "violation": "hang_bed", "form": "x", "term_zh": "挂床", "term_en": "x", "score": 9000,
        "amount": 300_000, "stay_payment": 300_000, "stay_id": "S1", "related": "", "month": 1,
    }  # fmt: skip


def _suspicion(world: World, draw: Draw) -> None:
    from drgpay_web import flow

    drawn = draw(st.booleans(), label="drawn")
    data = {
        "kind": "audit" if drawn else "lead", "leads": [] if drawn else [_lead("HB1/S1"), _lead("HB2/S1")],
        "look": 0, "run": 0, "year": 2024, "stay": "S1", "house": world.houses[0].code, "department": None,
        "doctor": None, "scheme": "employee", "shown": False, "payment": 300_000,
    }  # fmt: skip
    flow.open_case(
        world.who("B4"), machine="suspicion", unit=world.houses[0], period="2024", data=data, subject="S1",
        stays=["S1"],
    )  # fmt: skip


def _no_look(world: World, patch: pytest.MonkeyPatch) -> None:
    """No look stands behind the cases: what follows from a treatment is made up, and so is the first coding."""
    from drgpay import runs
    from drgpay_web.oversight import treating
    from drgpay_web.oversight.rules import SUSPICION

    def follow_up(case: Any, said: Any) -> runs.FollowUp:
        review = treating.review(case, said)
        treated = {"treatment": said["treatment"], "amount": review["amount"] or 0, "damages": 0, "points": 0}
        return runs.FollowUp([], [treated], [], treated["amount"] * 4, said["treatment"] == "suspend")

    patch.setattr(treating, "follow_up", follow_up)
    goes = lambda case, values: "agreed" if "1" in values["dx"] else "differs"  # noqa: E731
    again = replace(SUSPICION["code_again"], goes=goes)
    moves = tuple(again if move.name == again.name else move for move in SUSPICION.moves)
    patch.setitem(sys.modules["drgpay_web.flow.machine"]._known, "suspicion", replace(SUSPICION, moves=moves))


def _published(world: World, draw: Draw) -> None:
    """What is to be made public is."""
    from drgpay_web import flow
    from drgpay_web.people import system_actor

    for case in flow.Case.objects.filter(machine="suspicion", state="executed"):
        flow.do(system_actor(case.area), case, "publish", version=case.version)


def _alert(world: World, draw: Draw) -> None:
    from drgpay_web import flow

    data = {"alert_id": "AL01/x/2024-01", "rule": "AL01", "due": (world.day + timedelta(30)).isoformat()}
    unit = draw(st.sampled_from((world.houses[0], world.top)), label="unit")
    flow.open_case(world.who("B4"), machine="alert", unit=unit, period="2024-01", data=data)


def _meeting(world: World, draw: Draw) -> None:
    from drgpay_web.rhythm import actions

    kind = draw(st.sampled_from(("analysis", "joint")), label="kind of meeting")
    actions.plan_meeting(
        world.who("B1"), kind=kind, subject="会", period="2024-03", day=world.day, place="", agenda="",
        houses=[world.houses[0].code],
    )  # fmt: skip


def _analysis(world: World, draw: Draw) -> None:
    from drgpay_web import clock, flow, store
    from drgpay_web.rhythm import actions

    if draw(st.booleans(), label="planned"):
        flow.open_case(world.who("B1"), machine="month_analysis", unit=world.top, period="2024-01")
    store.Result.objects.get_or_create(
        area=world.top.area, kind="run", name="2024-01", defaults={"digest": "0" * 64, "period": "2024-01",
                                                                  "made_at": clock.now()},
    )  # fmt: skip
    actions.analyse(world.who("B1"), period="2024-01")  # nothing where it is planned already


def _somebody_deviates(world: World, patch: pytest.MonkeyPatch) -> None:
    from drgpay_web.rhythm import analysis_moves

    patch.setattr(analysis_moves, "proposed", lambda case: [world.houses[0].code])


def _analysed(world: World, draw: Draw) -> None:
    """The papers are made, or not."""
    from drgpay_web import jobs
    from drgpay_web.jobs.ends import end

    files = [{"unit": unit.pk, "lang": "zh", "sha256": "0"} for unit in (world.top, *world.houses)]
    for job in jobs.Job.objects.filter(kind="rhythm.analysis", state="queued"):
        well = draw(st.booleans(), label="job")
        end(job.pk, "done" if well else "failed", result={"files": files} if well else None)


def _follow_up(world: World, draw: Draw) -> None:
    from drgpay_web import flow

    _meeting(world, draw)
    data = {"task": "报送", "day": "2024-04-20", "owner": "x"}
    owner = world.who("H1", world.houses[0])
    case = flow.open_case(world.who("B1"), machine="follow_up", unit=world.houses[0], data=data, subject="报送")
    flow.give(world.who("B1"), case, person=owner.person, slot="owner")


class _Budget:
    """Budgets and ratios stand on what jobs have computed; here they are made up."""

    def prepare(self, world: World, patch: pytest.MonkeyPatch) -> None:
        from drgpay_web.budget import plan_moves

        patch.setattr(plan_moves, "take_offers", lambda case: None)

    def opened(self, machine: str) -> Any:
        def begin(world: World, draw: Draw) -> None:
            from drgpay_web.budget import actions

            if machine == "sharing_ratios":
                meeting = {
                    "kind": "joint",
                    "houses": [],
                    "minutes": {"number": "1号", "text": "", "held_on": "2024-04-01"},
                }
                meeting |= {"day": "2024-04-01", "place": "", "agenda": "", "held_on": "2024-04-01", "present": ""}
                from drgpay_web import flow

                flow.open_case(world.who("B1"), machine="meeting", unit=world.top, data=meeting)
            actions.begin(world.who("B1"), machine=machine, year="2024")

        return begin

    def change(self, world: World, draw: Draw) -> None:
        from drgpay_web.budget import actions

        stage = draw(st.sampled_from(("mid_year", "year_end")), label="stage")
        actions.change(world.who("B1"), year="2024", stage=stage, scheme="employee", reason="outbreak", part="other",
                       amount=draw(st.sampled_from((100, -100))), why="疫情")  # fmt: skip

    def talk(self, world: World, draw: Draw) -> None:
        """A budget whose talks are open."""
        from drgpay_web import flow

        self.opened("budget")(world, draw)
        _end_budget(world, lambda *_, **__: True)
        case = flow.Case.objects.get(machine="budget")
        flow.do(world.who("B2"), case, "announce", version=case.version)


def _end_budget(world: World, draw: Any) -> None:
    from drgpay_web import jobs
    from drgpay_web.jobs.ends import end

    indicators = [
        {"institution_id": house.code, "insurance_scheme": "employee", "indicator": 1000} for house in world.houses
    ]
    ratios = [{"item": "surplus_kept", "band": 1, "below": None, "proposed": 5000},
              {"item": "overspend_borne", "band": 0, "below": None, "proposed": 6000}]  # fmt: skip
    parts = [{"insurance_scheme": "employee", "part": "inpatient_drg", "adjusted": 2000}]
    tables = {"institution_indicators": indicators, "budget_parts": parts, "sharing_ratios": ratios}
    tables["prepayments"] = [{"to_advance": draw(st.sampled_from((0, 100)), label="advance"), "suspended": False}]
    for job in jobs.Job.objects.filter(kind__startswith="budget.", state="queued"):
        well = draw(st.booleans(), label="job")
        end(job.pk, "done" if well else "failed", result={"tables": tables, "paid": []} if well else None)


_budget = _Budget()


def _of_budget(opened: Any) -> Opener:
    values = {"keep": ("85% 70%\n30%", "30%", "多"), "share": ("60%", "很多")}
    return Opener(opened, _budget.prepare, (_end_budget,), values)


def _policy(world: World, draw: Draw) -> None:
    from drgpay_web.policy import actions

    case = actions.draft(world.who("B1"), of="demo", document="文", issued=world.day, in_force=world.day)
    if draw(st.booleans(), label="set"):
        from drgpay_web import flow

        values = {"parameter": "settlement.monthly_pay_ratio", "value": "90%"}
        flow.do(world.who("B1"), case, "set", version=case.version, values=values)


def _settled_year(world: World, patch: pytest.MonkeyPatch) -> None:
    """Institutions, and a published result of the year before that nobody opens."""
    from drgpay.tables import INSTITUTIONS
    from drgpay_web import clock, store

    rows = [{"institution_id": h.code, "name": h.name, "level": "三级"} for h in world.houses]
    store.put_rows(world.who("B1"), area=world.top.area, table=INSTITUTIONS, rows=rows, origin="form")
    store.Result.objects.create(
        area=world.top.area, kind="run", name="2023", digest="0", period="2023", state="published",
        made_at=clock.now(), pin=store.pin(world.who("B1"), world.top.area, "demo", ""),
    )  # fmt: skip


def _evaluation(world: World, draw: Draw) -> None:
    from drgpay_web.evaluation import actions

    actions.open_year(world.who("B1"), card="shanwei-2023", year="2023")


def _plan(world: World, draw: Draw) -> None:
    from drgpay_web.hospital import actions

    for house in world.houses:
        actions.open_plan(world.who("H5", house), base="demo-hospital")


def _quarter(world: World, draw: Draw) -> None:
    from drgpay_web import flow

    for house in world.houses:
        data = {"base": "demo-hospital", "changes": {}}
        plan = flow.open_case(world.who("H5", house), machine="hospital_plan", unit=house, data=data)
        flow.open_case(
            world.who("H5", house), machine="hospital_quarter", unit=house, period="2023-Q1",
            data=data | {"plan": plan.pk},
        )  # fmt: skip


def _department(world: World, draw: Draw) -> None:
    """Departments look at a quarter that has no result yet."""
    from drgpay_web import flow

    _quarter(world, draw)
    for quarter in flow.Case.objects.filter(machine="hospital_quarter"):
        for ward in quarter.unit.children.all():
            data = {"quarter": quarter.pk, "days": 5}
            flow.open_case(
                world.who("H5", quarter.unit), machine="hospital_department", unit=ward, period=quarter.period,
                data=data,
            )  # fmt: skip


def _long_jobs_end(world: World, draw: Draw) -> None:
    """A trial comes to its end; marks and quarters could not be worked out."""
    from drgpay_web import jobs
    from drgpay_web.jobs.ends import end

    for job in jobs.Job.objects.filter(
        kind__in=("evaluation.mark", "hospital.try", "hospital.compute"), state="queued"
    ):
        good = job.kind == "hospital.try" and draw(st.booleans(), label="well")
        end(job.pk, "done" if good else "failed", result={"rows": [], "findings": []} if good else None)


def _in_house(world: World, draw: Draw) -> None:
    """Files of stays in house, one after the other."""
    from drgpay_web import flow
    from drgpay_web.people import system_actor

    for number in range(draw(st.integers(1, 3), label="files")):
        house = world.houses[number % 2]
        older = list(flow.Case.objects.filter(machine="in_house", unit=house, closed_at=None))
        data = {"stored": f"none{number}", "name": "在院.csv", "sha256": "0"}
        case = flow.open_case(world.who("H1", house), machine="in_house", unit=house, data=data)
        for one in older:
            flow.do(system_actor(house.area), one, "replace", version=one.version)
        flow.do(world.who("H1", house), case, "read", version=case.version)


def _read(world: World, draw: Draw) -> None:
    """A file in house was worked out, cannot be read, or its job is lost."""
    from drgpay_web import jobs
    from drgpay_web.jobs.ends import end

    for job in jobs.Job.objects.filter(kind="hospital.in_house", state="queued"):
        how = draw(st.sampled_from(("found", "error", "lost")), label="how it ends")
        error = {"zh": "坏", "en": "bad", "fix_zh": "", "fix_en": ""}
        said: Any = {"n": 2, "period": ""} if how == "found" else {"error": error}
        end(job.pk, "failed" if how == "lost" else "done", result=None if how == "lost" else said)


def _coding(world: World, draw: Draw) -> None:
    from drgpay_web.hospital import coding

    for number in range(draw(st.integers(1, 2), label="notes")):
        house = world.houses[number % 2]
        ward = house.children.first()
        stay = {"stay_id": f"S{number}", "department_id": ward.code if ward else "", "doctor_id": ""}
        coding.note(world.who("H1", house), stay=stay, place="/coding", how="added", code="I10.x00x002",
                    name="高血压", reason="病程记录")  # fmt: skip


_REPORTED = {"value": ("1", "50%", "", "很多"), "evidence": ("自查表", "")}
_IN_PLAN = {"value": ("85", "", "{hospital: 90%}"), "paid_on": ("2024-01-01", "2030-01-01")}

OPENERS: dict[str, Opener] = {
    "alert": Opener(_alert),
    "suspicion": Opener(
        _suspicion,
        _no_look,
        (_published,),
        {"multiple": ("2", "2.5", "9", None), "amount": (None, "1.00", "2500.00", "3000.00", "3000.01")},
    ),
    "evaluation": Opener(_evaluation, _settled_year, (_long_jobs_end,), _REPORTED),
    "evaluation_card": Opener(_evaluation, _settled_year, (_long_jobs_end,), _REPORTED),
    "hospital_plan": Opener(_plan, _settled_year, (_long_jobs_end,), _IN_PLAN),
    "hospital_quarter": Opener(_quarter, _settled_year, (_long_jobs_end,), _IN_PLAN),
    "hospital_department": Opener(_department, _settled_year, (_long_jobs_end,), _IN_PLAN),
    "in_house": Opener(_in_house, also=(_read,)),
    "coding_note": Opener(_coding),
    "announcement": Opener(_announcement),
    "budget": _of_budget(_budget.opened("budget")),
    "budget_change": _of_budget(_budget.change),
    "budget_talk": _of_budget(_budget.talk),
    "follow_up": Opener(_follow_up),
    "meeting": Opener(_meeting),
    "month_analysis": Opener(_analysis, _somebody_deviates, (_analysed,)),
    "policy": Opener(
        _policy,
        values={
            "parameter": ("settlement.monthly_pay_ratio", "points.max_cv"),
            "value": ("90%", "0.5", "多"),
            "scheme": ("",),
        },
    ),
    "prepayment": _of_budget(_budget.opened("prepayment")),
    "sharing_ratios": _of_budget(_budget.opened("sharing_ratios")),
    "submission": Opener(_submission, _no_region, (_jobs_end,)),
    "special_review": Opener(
        _review, _no_result, (_evidence,), {"amount": (None, "98765.43", "1200.50", "99999.00")}
    ),
    "reconciliation": Opener(_return, _no_lines, (_matched,), {"lines": ("1", "S1", "2", "7")}),
    "period": _of_clearing(year=False),
    "statement": _of_clearing(year=False),
    "clearing_statement": _of_clearing(year=True),
    "reopening": Opener(_reopening, _closed_year, (_settled_again,)),
}
"""by the machine's name"""
