"""One table in three places: the page, the workbook and the interface show the same rows in the same order with the
same values, to the bureau and to a hospital, within a filter, with what is kept from a reader kept everywhere."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from support.clearing import Desk, make_region
from support.engines import usual
from support.inspected import Inspection
from support.office_people import actor, browser
from support.office_settled import Ran, Settled
from support.once import once
from support.paid_house import House
from support.screens import table_on
from support.taken import REASON
from support.told import Table, interface, part_of, plain, same, same_values, screen, token_of, workbook

ROLES = {"B1": "b1", "H1": "h1a"}


def token(settled: Settled, role: str) -> Client:
    from drgpay_web.people import Unit

    unit = Unit.objects.get(pk=settled.office.house_a.pk if role == "H1" else settled.office.area.pk)
    return token_of(unit, role, settled.office.actor("s1"))


# Tables of a run


TABLES = (
    ("statements", "", ""),
    ("institution_months", "month.is=3", "where=month:is:3"),
    ("settled_stays", "balance.to=-500&sort=-total_cost", "where=balance:to:-50000&sort=-total_cost"),
    ("case_points", "case_class.is=high&sort=-points", "where=case_class:is:high&sort=-points"),
    ("base_groups", "sort=-mean_cost", "sort=-mean_cost"),
    ("coefficients", "", ""),
    ("pools", "month.from=2", "where=month:from:2"),
    ("ledger", "sort=-amount", "sort=-amount"),
)  # fmt: skip
"""tables of a run: what a page's address asks for, and an address of the interface"""


def there(settled: Settled, name: str, who: str) -> bool:
    from drgpay.runs import tables_of
    from drgpay_web import store
    from drgpay_web.people import Act

    scope = settled.office.actor(who).scope(Act.BOARD_INSTITUTION)
    return any(one.table.name == name and one.rows for one in tables_of(store.folder(settled.year), scope))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("name", "asked", "where"), TABLES, ids=[one[0] for one in TABLES])
def test_tables_of_a_run(settled: Settled, role: str, name: str, asked: str, where: str) -> None:
    client, pk = settled.office.client(ROLES[role]), settled.year.pk
    if not there(settled, name, ROLES[role]):
        assert client.get(f"/boards/tables/{pk}/{name}").status_code == 404
        assert client.post(f"/take/{pk}/table/{name}", {"reason": REASON}).status_code == 404
        assert token(settled, role).get(f"/api/v1/tables/2024/{name}").status_code == 404
        return
    shown = screen(client, f"/boards/tables/{pk}/{name}?{asked}")
    same(workbook(client, f"/take/{pk}/table/{name}?{asked}"), shown)
    same_values(shown, *interface(token(settled, role), f"/tables/2024/{name}?{where}&limit=200"))
    assert "person_id" not in str(interface(token(settled, role), f"/tables/2024/{name}?limit=200")[0])


# Sums and small tables of boards


SUMS = ("by=drg&sort=-total_cost", "by=institution_id&compare=peers", "by=department_id&set=quality&drg.is={drg}")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("asked", SUMS)
def test_sums_of_a_period(settled: Settled, role: str, asked: str) -> None:
    """Among them those of peers, which are kept from a hospital where they are few."""
    client, asked = settled.office.client(ROLES[role]), asked.format(drg=settled.stays[settled.a][0]["drg"])
    shown = screen(client, f"/boards/drill?period={settled.year.pk}&{asked}")
    same(workbook(client, f"/take/{settled.year.pk}/sums?{asked}"), shown)
    same_values(shown, *interface(token(settled, role), f"/boards/2024?{asked}"))


def test_peers_that_are_few_are_kept_from_a_hospital_in_all_three(settled: Settled) -> None:
    asked, client = "by=institution_id&compare=peers", settled.office.client("h1a")
    shown = screen(client, f"/boards/drill?period={settled.year.pk}&{asked}")
    columns, rows = interface(token(settled, "H1"), f"/boards/2024?{asked}")
    peers = [column["name"] for column in columns if column["name"].endswith("_compared")]
    assert peers
    assert all(row[name] is None for row in rows for name in peers)
    assert len(rows) == len(shown.rows) == 1
    assert settled.b not in str(rows)


@pytest.fixture(scope="session")
def evaluated(ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from drgpay import runs

    def make(folder: Path) -> None:
        runs.evaluate(runs.Evaluation(ran.year, "shanwei-2023", ran.region), folder / "2024", usual(2))

    return once(tmp_path_factory, "evaluated", make) / "2024"


@pytest.fixture
def judged(settled: Settled, evaluated: Path) -> Settled:
    """The office whose year was evaluated, whose first hospital was prepaid and asked its patients."""
    from drgpay.tables import ADVANCES, SATISFACTION_SURVEYS
    from drgpay_web import store
    from drgpay_web.people import system_actor
    from drgpay_web.store.models import Area

    area = settled.ran.area
    Area.objects.get_or_create(code=area)
    by = system_actor(area)
    shutil.copytree(evaluated, store.new_result_folder(area, "evaluation", "2024"))
    store.add_result(by, area=area, kind="evaluation", name="2024")
    house = {"institution_id": settled.a, "year": 2024}
    paid = [{**house, "advance_id": str(n), "insurance_scheme": "resident", "date": date(2024, n, 5), "reserve": None,
             "advance_kind": "ordinary", "amount": 1_234_567 * n} for n in (1, 2)]  # fmt: skip
    asked = [{**house, "quarter": 1, "department_id": "all", "answers": 211, "satisfied": 204}]
    for table, rows in ((ADVANCES, paid), (SATISFACTION_SURVEYS, asked)):
        store.put_rows(by, area=area, table=table, rows=rows, origin="form")
    return settled


GRIDS = {
    "results": "performance", "indicators": "performance", "marks": "performance", "satisfaction": "performance",
    "by_day": "payment", "by_house": "payment",
}  # fmt: skip
"""small tables, and the board each stands on"""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", GRIDS)
def test_small_tables_of_boards(judged: Settled, role: str, name: str) -> None:
    client, system = judged.office.client(ROLES[role]), token(judged, role)
    asked = "year=2024" if name in ("results", "by_house") else f"year=2024&institution_id.is={judged.a}"
    page = client.get(f"/boards/{GRIDS[name]}?{asked}").content.decode()
    if name == "by_house" and role == "H1":
        assert 'id="by_house"' not in page
        assert client.get(f"/boards/take/{name}?{asked}").status_code == 404
        assert system.get(f"/api/v1/boards/2024/tables/{name}?{asked}").status_code == 404
        return
    shown = grid_on(page, name)
    same(workbook(client, f"/boards/take/{name}?{asked}"), shown)
    said = system.get(f"/api/v1/boards/2024/tables/{name}?{asked}").json()
    from drgpay_web.ui.tables import with_unit
    from drgpay_web.ui.values import printed

    assert [with_unit(one["title"], one["type"], "zh") for one in said["columns"]] == shown.heads

    kinds = [column["type"] for column in said["columns"]]
    told = [[printed(value, kind, "zh") for value, kind in zip(row, kinds, strict=True)] for row in said["rows"]]
    assert [[plain(v) for v in row] for row in told] == [[plain(v) for v in row] for row in shown.rows]


def grid_on(page: str, name: str) -> Table:
    """A small table of a board by its anchor."""

    @dataclass
    class Part:
        content: bytes

    after = page.partition(f'id="{name}"')[2]
    shown = table_on(Part((after.partition("</table>")[0] + "</table>").encode()))
    assert shown.rows, name
    return Table([head for head, _ in shown.heads], [[text for text, _ in row] for row in shown.rows])


# Registers and cases


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("asked", ["", "q=ordinary", "q=2024-02-05"])
def test_rows_of_a_register(judged: Settled, role: str, asked: str) -> None:
    client, system = judged.office.client(ROLES[role]), token(judged, role)
    shown = register_on(client, f"/registers/advances?{asked}")
    if asked == "q=ordinary":
        assert not shown.rows, "a code is found by its word"
        assert interface(system, f"/registers/advances?{asked}")[1] == []
        return
    same(workbook(client, f"/registers/advances/take?{asked}"), shown)
    columns, rows = interface(system, f"/registers/advances?{asked}&limit=1")
    assert len(rows) == (1 if asked else 2)
    same_values(shown, columns, rows)
    assert {"name": "advances", "rows": 2} in [
        {key: one[key] for key in ("name", "rows")} for one in system.get("/api/v1/registers").json()["registers"]
    ]


def register_on(client: Client, address: str) -> Table:
    """The rows of a register without the column of its links."""
    shown = table_on(client.get(address))
    heads = [head for head, _ in shown.heads if head]
    return Table(heads, [[text for text, _ in row][: len(heads)] for row in shown.rows])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("asked", ["sort=number", "sort=-deadline&light=late", "sort=subject&q=ES"])
def test_cases_of_a_kind(settled: Settled, role: str, asked: str) -> None:
    """Alerts of both hospitals: the bureau's list has all, a hospital's its own."""
    alerts(settled)
    client = settled.office.client(ROLES[role])
    shown = cases_on(client, f"/cases/of/alert?{asked}")
    assert len(shown.rows) > 0
    taken = workbook(client, f"/cases/of/alert/take?{asked}")
    at = [taken.heads.index(head) for head in shown.heads]
    same(Table(shown.heads, [[row[n] for n in at] for row in taken.rows]), shown)
    found = interface(token(settled, role), f"/cases?kind=alert&{asked}&limit=2", "cases")[1]
    own = [one["zh"] for one in found[0]["columns"]]
    names = {"编号": "number", "单位": "unit_name", "期间": "period", "事由": "subject", "状态": "state_zh",
             "截止日": "deadline", "经办人": "handler"}  # fmt: skip
    assert set(own) <= set(shown.heads) <= {*own, *names}
    told = [
        [one[names[head]] or "" if head in names else one["columns"][own.index(head)]["value_zh"]
         for head in shown.heads] for one in found
    ]  # fmt: skip
    same(Table(shown.heads, told), shown)


def cases_on(client: Client, address: str) -> Table:
    shown = table_on(client.get(address))
    ticks = int(not shown.heads[0][0])
    heads = [head for head, _ in shown.heads[ticks:]]
    return Table(heads, [[text for text, _ in row[ticks:]] for row in shown.rows])


def alerts(settled: Settled) -> None:
    from drgpay_web import flow
    from drgpay_web.people import Unit, system_actor

    for number, (house, drg) in enumerate([(settled.a, "ES23"), (settled.a, "BR21"), (settled.b, "ES11")] * 2):
        data = {
            "look": 0, "due": f"2023-0{number + 1}-08", "evidence": [], "alert_id": f"AL15/{number}", "rule": "AL15",
            "scope": "group", "drg": drg, "value": 13_000 + number, "threshold": 11_000, "zh": "费用消耗指数连续偏高",
            "en": "cost index", "action_zh": "成本分析", "action_en": "cost analysis", "owner": "settlement_office",
            "small": False,
        }  # fmt: skip
        flow.open_case(
            system_actor(settled.ran.area), machine="alert", unit=Unit.objects.get(kind="institution", code=house),
            period="2024-03", data=data, subject=drg,
        )  # fmt: skip


# Leads of oversight, which are the bureau's


@pytest.mark.parametrize("kind", ["leads", "sample"])
@pytest.mark.parametrize("narrowed", [False, True])
def test_leads_of_a_look(inspection: Inspection, kind: str, narrowed: bool) -> None:
    by, bureau = actor("S1", inspection.top), browser(inspection.b2)
    first = inspection.suspicions()[0]
    inspection.open(first["suspicion_id"])
    asked = f"?house={inspection.houses[0].code}" if narrowed else "?"
    asked += f"&rule={first['rule']}" if narrowed and kind == "leads" else ""
    shown = screen(bureau, f"/oversight/{kind}{asked}")
    same(workbook(bureau, f"/oversight/{kind}/take{asked}"), shown)
    columns, rows = interface(token_of(inspection.top, "B2", by), f"/oversight/{kind}{asked}&limit=40")
    several = Table(shown.heads, [["" if text == "不限一家" else text for text in row] for row in shown.rows])
    same_values(several, columns, rows)
    if kind == "leads":
        assert {row["rule"] for row in rows} == {first["rule"]} or not narrowed
        assert narrowed or any(row["case"] for row in rows)
    named = token_of(inspection.top, "B2", actor("S1", inspection.top, "s1-second"))
    assert interface(named, f"/oversight/{kind}{asked}&look={inspection.look.pk}")[1] == rows
    assert named.get(f"/api/v1/oversight/{kind}?look={inspection.run.pk}").status_code == 404, "no look"
    for unit, role in ((inspection.top, "B1"), (inspection.houses[0], "H1")):
        system = token_of(unit, role, actor("S1", inspection.top, f"s1-{role}"))
        assert system.get(f"/api/v1/oversight/{kind}").status_code == 403
        person = inspection.b1 if role == "B1" else inspection.h1[unit.pk]
        assert browser(person).post(f"/oversight/{kind}/take", {"reason": REASON}).status_code == 403


# What is a hospital's own


@pytest.mark.parametrize("asked", ["", "total_cost.from=2000&sort=-total_cost", "stay_id.has=Z2"])
def test_stays_in_house(settled: Settled, asked: str) -> None:
    staying(settled)
    client, system = settled.office.client("h1a"), token(settled, "H1")
    shown = screen(client, f"/in-house?{asked}")
    same(workbook(client, f"/in-house/excel?{asked}"), shown)
    where = asked.replace("total_cost.from=2000", "where=total_cost:from:200000")
    where = where.replace("stay_id.has=", "where=stay_id:has:")
    same_values(shown, *interface(system, f"/in-house?{where}&limit=1"))
    assert token(settled, "B1").get("/api/v1/in-house").status_code == 403


def staying(settled: Settled) -> None:
    """The first hospital's records room hands over whom it has in house."""
    from drgpay_web import flow, jobs

    row = settled.stays[settled.a][0]
    lines = [
        "病例号,出院科别,主诊医师代码,险种,性别,年龄,入院时间,诊断编码,已发生费用,个人负担总额",
        f"Z1,{row['department_id']},{row['doctor_id']},职工,男,63,2024-12-01,I63.900|I10.x00x002,8000.00,1000.00",
        f"Z2,{row['department_id']},,居民,女,70,2024-12-20,I10.x00x002,1200.50,100.00",
    ]
    file = SimpleUploadedFile("在院.csv", "\n".join(lines).encode())
    answer = settled.office.client("h2a").post("/in-house/upload", {"file": file})
    case = flow.Case.objects.get(pk=int(answer["Location"].split("/")[2]))
    jobs.do_here(jobs.Job.objects.get(pk=case.data["job"]))


def test_shares_of_a_quarter(house: House) -> None:
    """The hospital's own: persons' amounts for the performance office alone, nothing for the bureau."""
    from drgpay_web.hospital import actions

    house.adopt()
    quarter = actions.open_quarter(house.h5, period="2024-Q2")
    other = actions.open_quarter(house.h5, period="2024-Q1")
    house.compute(quarter)
    house.desk.move(house.h5, quarter, "show")
    s1, unit = actor("S1", house.desk.top), house.unit
    systems = {role: token_of(unit, role, s1) for role in ("H1", "H5", "H6")}
    systems |= {role: token_of(house.desk.top, role, s1) for role in ("B1", "B2")}
    systems["other"] = token_of(house.desk.houses[1], "H5", s1)
    for kind, head, seen in (("departments", "科室", ("h5", "h6")), ("people", "工号", ("h5",))):
        path, take = f"/performance/2024-Q2/{kind}", f"/quarters/{quarter.pk}/take/{kind}"
        for who in ("h5", "h6"):
            client, system = browser(getattr(house, who)), systems[who.upper()]
            shown = part_of(client, f"/cases/{quarter.pk}", head)
            if who not in seen:
                assert not shown.rows
                assert client.post(take, {"reason": REASON}).status_code == 403
                assert system.get(f"/api/v1{path}").status_code == 403
                continue
            same(workbook(client, take), shown)
            same_values(shown, *interface(system, f"{path}?limit=3"))
            assert take in client.get(f"/cases/{quarter.pk}").content.decode()
            assert client.post(f"/quarters/{other.pk}/take/{kind}", {"reason": REASON}).status_code == 404
        for role, status in (("H1", 403), ("B1", 403), ("B2", 403), ("other", 404)):
            assert systems[role].get(f"/api/v1{path}").status_code == status, role
        for person in (house.desk.b1, house.desk.b2, house.desk.h1[0]):
            assert browser(person).post(take, {"reason": REASON}).status_code == 403
    assert [one["period"] for one in systems["H6"].get("/api/v1/performance").json()["periods"]] == ["2024-Q2"]
    assert systems["other"].get("/api/v1/performance").json()["periods"] == []
    assert systems["B1"].get("/api/v1/performance").status_code == 403


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("equal") / "region")


@pytest.fixture
def desk(office: Any, region: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An area whose January is published, as its own book begins."""
    from drgpay_web import clock, store
    from drgpay_web.clearing import actions

    monkeypatch.setattr(clock, "today", lambda: date(2024, 4, 8))
    here = Desk(store.import_region(region))
    actions.publish(here.b2, here.run("2024-01"))
    return here


def tokens(desk: Desk) -> dict[str, tuple[Client, Client]]:
    """Browser and system of the bureau and of the first hospital."""
    by = actor("S1", desk.top)
    return {
        "B1": (browser(desk.b1), token_of(desk.top, "B1", by)),
        "H1": (browser(desk.h1[0]), token_of(desk.houses[0], "H1", by)),
    }


@pytest.mark.parametrize("role", ROLES)
def test_differences_of_a_reconciliation(desk: Desk, role: str) -> None:
    case = returned(desk)
    client, system = tokens(desk)[role]
    for asked, where in (("", ""), ("kind.is=group&sort=-total_cost", "where=kind:is:group&sort=-total_cost")):
        shown = screen(client, f"/reconcile/{case.pk}/lines?{asked}")
        taken = workbook(client, f"/reconcile/{case.pk}/excel?{asked}")
        n = len(shown.heads)
        same(Table(taken.heads[:n], [row[:n] for row in taken.rows]), shown)
        same_values(shown, *interface(system, f"/reconciliations/{case.number}/lines?{where}&limit=3"))
    other = token_of(desk.houses[1], "H1", actor("S1", desk.top, "s1-second"))
    assert other.get(f"/api/v1/reconciliations/{case.number}/lines").status_code == 404


def returned(desk: Desk) -> Any:
    """A return in which the first two stays have other groups."""
    from drgpay.runs import own_of_run
    from drgpay.units import show_fen
    from drgpay_web import jobs, store
    from drgpay_web.reconcile import actions

    result = store.Result.objects.get()
    rows = list(own_of_run(store.folder(result), desk.houses[0].code).rows.to_dicts())
    for row in rows[:2]:
        row["drg"] = "ZZ99"
    lines = ["结算ID,病组编码,总费用,DRG支付金额"] + [
        f"{row['stay_id']},{row['drg']},{show_fen(row['total_cost'], group=False)},"
        f"{show_fen(row['payment'], group=False)}" for row in rows
    ]  # fmt: skip
    sent = ["\n".join(lines).encode()]
    case = actions.upload(desk.h1[0], chunks=sent, name="返回.csv", unit=desk.houses[0], result=result, of="official")
    job = jobs.Job.objects.get(pk=case.data["job"])
    if job.active:
        desk.do(job)
    case.refresh_from_db()
    assert case.state == "matched", case.state
    return case


@pytest.mark.parametrize("role", ROLES)
def test_findings_of_a_submission(desk: Desk, role: str) -> None:
    case = handed_over(desk)
    client, system = tokens(desk)[role]
    shown = table_on(client.get(f"/submissions/{case.pk}/findings"))
    taken = workbook(client, f"/submissions/{case.pk}/findings/excel")
    found = interface(system, f"/submissions/{case.number}/findings?limit=2", "findings")[1]
    assert len(found) == len(shown.rows) == len(taken.rows) > 2
    at = {head: n for n, (head, _) in enumerate(shown.heads)}
    said = {head: n for n, head in enumerate(taken.heads)}
    for one, row, line in zip(found, shown.rows, taken.rows, strict=True):
        texts = [text for text, _ in row]
        assert str(one["row"]) == line[said["行号"]]
        assert str(one["row"] or "整个文件") == texts[at["源文件行"]]
        assert one["stay_id"] == texts[at["病例号"]] == line[said["病例号"]]
        assert one["value"] == texts[at["文件中的值"]] == line[said["值"]]
        assert one["zh"] == texts[at["问题与改法"]] == line[said["说明"]]


def handed_over(desk: Desk) -> Any:
    """A file with three findings and more."""
    from drgpay_web import flow, jobs

    head = "病例号,定点医疗机构编号,险种,性别,年龄,实际住院天数,入院时间,出院时间,诊断编码,"
    head += "总费用,个人负担总额,按项目记账的基金应付"
    house = desk.houses[0].code
    lines = [head] + [
        f"A{n},{house},职工,男,{age},7,2024-03-02,2024-03-09,I10.x00x002,{cost},1368.65,5474.62"
        for n, (age, cost) in enumerate([("162", "6843.27"), ("62", "x"), ("62", "6843.27"), ("-1", "1.00")])
    ]
    file = SimpleUploadedFile("三月.csv", "\n".join(lines).encode())
    answer = browser(desk.h1[0]).post("/submissions/upload", {"file": file, "period": "2024-03"})
    case = flow.Case.objects.get(pk=int(answer["Location"].split("/")[2].partition("?")[0]))
    for job in jobs.Job.objects.filter(state="queued"):
        desk.do(job)
    case.refresh_from_db()
    return case
