"""Performance pay inside a hospital, from the plan to the paid quarter: by its own people, each seeing his own."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.office_people import actor, browser
from support.paid_house import House
from support.taken import content


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_plan_is_drafted_tried_and_adopted_by_another_person(house: House) -> None:
    from drgpay_web import flow
    from drgpay_web.hospital import actions

    desk = house.desk
    plan = actions.open_plan(house.h5, base="demo-hospital")
    with pytest.raises(flow.Guarded) as no:  # the law is said where a plan breaks it
        desk.move(house.h5, plan, "edit", parameter="legal.basis", value="surplus_sharing")
    assert "医保发〔2025〕18号" in no.value.said("zh")
    with pytest.raises(flow.Guarded) as no:
        desk.move(
            house.h5,
            plan,
            "edit",
            parameter="split.shares",
            value="{hospital: 50%, departments: 50%, individuals: 20%}",
        )
    assert "120.00%" in no.value.said("zh")
    with pytest.raises(flow.Guarded):  # not tried
        desk.move(house.h5, plan, "propose")
    desk.move(
        house.h5, plan, "edit", parameter="split.shares", value="{hospital: 20%, departments: 60%, individuals: 20%}"
    )
    desk.move(house.h5, plan, "try", quarter="2024-Q2")
    plan.refresh_from_db()
    job = house.job(plan, plan.data["trial"]["job"])
    assert job.state == "done", job.error
    assert plan.state == "tried"
    outcomes = [row["outcome"] for row in job.result["rows"] if row["scope"] == "department"]
    assert "wins" in outcomes
    page = text(browser(house.h5).get(f"/cases/{plan.pk}"))
    assert "增加" in page
    assert "本院规定" in page
    desk.move(house.h5, plan, "propose")
    with pytest.raises(flow.Guarded):  # H5 in the role of H6 is still who drafted it
        desk.move(actor("H6", house.unit, house.h5.person.username), plan, "adopt", document="1")
    desk.move(house.h6, plan, "adopt", document="院发1号")
    second = house.adopt(score__when_missing="85")
    plan.refresh_from_db()
    assert (plan.state, second.state) == ("replaced", "adopted")
    assert actions.plan_in_force(house.unit) == second
    assert browser(desk.b1).get(f"/cases/{second.pk}").status_code in (403, 404)
    assert browser(actor("H5", desk.houses[1])).get(f"/cases/{second.pk}").status_code == 404


def test_a_quarter_is_computed_looked_at_corrected_and_paid(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay.tables import DISTRIBUTABLE_SUMS
    from drgpay_web import flow, store
    from drgpay_web.hospital import actions, orders, quarter_moves
    from drgpay_web.ui import Unfit

    desk = house.desk
    with pytest.raises(Unfit):  # no plan
        actions.open_quarter(house.h5, period="2024-Q2")
    house.adopt()
    quarter = actions.open_quarter(house.h5, period="2024-Q2")
    with pytest.raises(Unfit):
        actions.open_quarter(house.h5, period="2024-Q2")
    house.compute(quarter)
    assert quarter.state == "computed"
    sums = {row["quarter"]: row["amount"] for row in store.rows(desk.area, DISTRIBUTABLE_SUMS, owner=house.unit.code)}
    slips = orders.rows_of(orders.result_of(quarter), "slips")
    assert 0 < sum(row["paid"] for row in slips) <= sums[2] + 2_150_000
    desk.move(house.h5, quarter, "show")
    quarter.refresh_from_db()
    views = quarter_moves.departments_of(quarter)
    assert views
    assert views[0].deadline == date(2025, 4, 14)
    with pytest.raises(flow.Guarded):
        desk.move(house.h5, quarter, "pay", paid_on="2025-04-07")

    # a department objects; what is accepted is worked out again before anything is paid
    head, other = actor("H3", views[0].unit), views[1]
    assert browser(head).get(f"/cases/{views[0].pk}").status_code == 200
    assert browser(head).get(f"/cases/{other.pk}").status_code == 404
    assert browser(head).get(f"/cases/{quarter.pk}").status_code in (403, 404)
    desk.move(head, views[0], "object", reason="门诊工作量漏计")
    desk.move(house.h5, views[0], "accept", reply="补登")
    with pytest.raises(flow.Guarded):
        desk.move(actor("H6", house.unit, house.h5.person.username), views[0], "approve_answer")
    desk.move(house.h6, views[0], "approve_answer")
    monkeypatch.setattr("drgpay_web.clock.today", lambda: date(2025, 4, 25))
    flow.sweep()
    quarter.refresh_from_db()
    with pytest.raises(flow.Guarded):
        desk.move(house.h5, quarter, "pay", paid_on="2025-04-25")
    row = {"year": 2024, "quarter": 2, "department_id": views[0].unit.code, "work": "900", "difficulty": "500"}
    from drgpay.tables import DEPARTMENT_WORK

    store.put_rows(house.h5, area=desk.area, table=DEPARTMENT_WORK, rows=[row], origin="form", owner=house.unit.code)
    before = {r["department_id"]: r["share"] for r in orders.rows_of(orders.result_of(quarter), quarter_moves.POOLS)}
    house.compute(quarter, "compute_again")
    after = {r["department_id"]: r["share"] for r in orders.rows_of(orders.result_of(quarter), quarter_moves.POOLS)}
    assert quarter.state == "shown"
    assert after[views[0].unit.code] > before[views[0].unit.code]
    assert sum(after.values()) == sum(before.values()), "the sum stays the decided one"
    monkeypatch.setattr("drgpay_web.clock.today", lambda: date(2025, 5, 26))
    flow.sweep()
    desk.move(house.h5, quarter, "pay", paid_on="2025-05-25")
    quarter.refresh_from_db()
    assert quarter.state == "paid"
    assert {one.state for one in quarter_moves.departments_of(quarter)} == {"paid"}
    assert orders.order(
        house.unit, "2024-Q3", quarter.data, Path(str(store.folder(orders.result_of(quarter))) + "-r")
    ).before


def test_a_doctor_sees_his_own_slip_and_nobody_elses(house: House) -> None:
    from drgpay_web.hospital import actions, orders, reads
    from drgpay_web.people import Unit

    desk = house.desk
    house.adopt()
    quarter = actions.open_quarter(house.h5, period="2024-Q1")
    house.compute(quarter)
    slips = orders.rows_of(orders.result_of(quarter), "slips")
    wards = {ward.code: ward for ward in house.wards}
    mine, other = [row for row in slips if row["department_id"] in wards][:2]
    unit, _ = Unit.objects.get_or_create(
        area=desk.area, kind="doctor", code=mine["staff_id"], parent=wards[mine["department_id"]],
        defaults={"name": mine["name"]},
    )  # fmt: skip
    doctor = actor("H4", unit)
    address = f"/quarters/{quarter.pk}/slips/{mine['staff_id']}/pdf"
    assert browser(doctor).get(address).status_code == 404, "not shown yet"
    desk.move(house.h5, quarter, "show")
    assert content(browser(doctor), address, form="pdf").startswith(b"%PDF")
    assert browser(doctor).get(f"/quarters/{quarter.pk}/slips/{other['staff_id']}/pdf").status_code == 404
    made = reads.slip_paper(doctor, quarter.pk, mine["staff_id"])[1]
    assert [label for label, _ in made("zh").facts if label.isascii()] == [], "labels in the reader's words"
    page = text(browser(doctor).get("/slips"))
    assert f"{mine['paid'] / 100:,.2f}" in page
    assert browser(house.h5).get(f"/quarters/{quarter.pk}/slips/{other['staff_id']}/xlsx").status_code == 200
    assert browser(desk.b1).get(address).status_code == 403
    assert mine["name"] in text(browser(house.h5).get(f"/cases/{quarter.pk}"))
    assert mine["name"] not in text(browser(house.h6).get(f"/cases/{quarter.pk}"))


@pytest.mark.slow
def test_a_demo_has_work_for_the_hospitals_people_and_makes_it_once(house: House) -> None:
    from drgpay_web import flow
    from drgpay_web.hospital import lived

    others = [actor(role, house.desk.houses[1]) for role in ("H5", "H6")]
    heads = [actor("H3", house.wards[0])]
    lived.live(house.desk.area)
    made = {(c.machine, c.state, c.unit_id) for c in flow.Case.objects.all()}
    assert {(m, s) for m, s, unit in made if unit == house.unit.pk} == {
        ("hospital_plan", "adopted"), ("hospital_plan", "draft"), ("hospital_quarter", "shown")
    }  # fmt: skip
    assert [row.case.state for row in flow.work_list(others[1])] == ["proposed"]
    assert "answered" in [row.case.state for row in flow.work_list(house.h6)]
    views = [c for c in flow.Case.objects.filter(machine="hospital_department") if c.unit == house.wards[0]]
    assert [row.case for row in flow.work_list(heads[0])] == views
    count = flow.Case.objects.count()
    lived.live(house.desk.area)
    assert flow.Case.objects.count() == count
