"""What a demo's office has done before it is opened: the year before cleared and evaluated, two months settled by its
own people and sealed, the next one handed in by most. Everything goes the way it goes in the browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path

from drgpay import runs, samples
from drgpay_web import clock, flow, jobs, store
from drgpay_web.people import Actor, Membership, Person, Role, Unit, named, system_actor
from drgpay_web.project.rooms import with_part

YEAR, CARD, PRACTICE, BY = 2024, "shanwei-2023", "demo", "钱静"
CLEARED = date(YEAR, 3, 12)
"""when the year before was cleared"""
SETTLED = (("2024-01", date(YEAR, 2, 22), date(YEAR, 3, 6)), ("2024-02", date(YEAR, 3, 19), date(YEAR, 4, 2)))
"""months, when each was published, and when sealed"""
WAITING = "2024-03"
CONTACTS = (("general", "医保中心综合科", "0000-12393"), ("hand_in", "医保中心结算科", "0000-1239301"),
            ("oversight", "医保中心稽核科", "0000-1239302"))  # fmt: skip
HANDED_IN = date(YEAR, 4, 7)


def live(area: str, sample: samples.OfficeSample) -> None:
    """Do what is missing of it, in order."""
    _year_before(area, str(sample.practice))
    for period, published, sealed in SETTLED:
        _month(area, period, published, sealed)
    _look(area)
    _contacts()
    with clock.moved_to(HANDED_IN):
        _hand_in(area, sample)
    store.reconcile()  # rooms build on what is sealed
    for room in _rooms():
        import_module(room).live(area)


def _rooms() -> list[str]:
    """The rooms that have cases in hand, announcements and meetings first: others lead to them."""
    return sorted(with_part("lived"), key=lambda name: ("rhythm" not in name, name))


@dataclass(frozen=True)
class _Made:
    """A run of the year before: its name and the day on which it is made."""

    name: str
    on: date


def _year_before(area: str, practice: str) -> None:
    """Last year: settled, evaluated, its grades taken over, settled again with them, sealed."""
    year = YEAR - 1
    first = _run(area, practice, _Made(f"y{year}-1", CLEARED - timedelta(7)))
    with clock.moved_to(CLEARED - timedelta(1)):
        _evaluate(area, first, year)
    last = _run(area, practice, _Made(f"y{year}", CLEARED))
    if last.name not in {seal.run for seal in runs.read_seals(last.parent)}:
        runs.seal_run(last, jobs.engine(), by=BY, on=CLEARED)


def _run(area: str, practice: str, made: _Made) -> Path:
    """A run of the whole year before out of the record as it is, entered into the catalogue."""
    folder = store.new_result_folder(area, "run", made.name)
    if folder.is_dir():
        return folder
    actor = system_actor(area)
    with clock.moved_to(made.on):
        pin = store.pin(actor, area, f"{PRACTICE}-{YEAR - 1}", "")
        order = runs.Order(store.compose(pin), practice, YEAR - 1, known_on=made.on)
        runs.run(order, folder, jobs.engine())
        store.add_result(actor, area=area, kind="run", name=made.name, pin=pin)
    return folder


def _evaluate(area: str, run: Path, year: int) -> None:
    """The evaluation of a year, and its rows in the registers they are for."""
    from drgpay_web.evaluation.work import records_of

    folder, actor = store.new_result_folder(area, "evaluation", f"{year}"), system_actor(area)
    if folder.is_dir():
        return
    pin = store.results_of(area).get(name=run.name).pin
    assert pin is not None
    runs.evaluate(runs.Evaluation(run, CARD, store.compose(pin), records=records_of(pin)), folder, jobs.engine())
    made = store.add_result(actor, area=area, kind="evaluation", name=folder.name, pin=pin)
    store.take_offers(actor, folder, area=area, kind="evaluation", origin=f"evaluation/{made.digest}")


def _month(area: str, period: str, published: date, sealed: date) -> None:
    """A month from the order to the seal: two hospitals confirm, the others by silence."""
    from drgpay_web.clearing import actions

    if flow.Case.objects.filter(machine="period", area=area, period=period, state="sealed").exists():
        return
    b1, b2, b3 = (named(name) for name in ("b1", "b2", "b3"))
    with clock.moved_to(published):
        look = jobs.do_here(actions.order_look(b1, period=period, kind="candidate", policy=PRACTICE))
        job = jobs.do_here(actions.order_run(b1, look=look, reason="演示"))
        case = actions.publish(b2, store.Result.objects.get(job=job))
        for username in ("h1a", "h1b"):
            _each(named(username), "statement", period, "confirm")
    with clock.moved_to(sealed):
        flow.sweep()
        flow.do_now(b2, case, "approve")
        flow.do_now(b3, case, "post", order=f"ZF{period.replace('-', '')}01", paid_on=clock.today())
        flow.do_now(b2, case, "seal")
        jobs.do_here(jobs.Job.objects.get(pk=flow.Case.objects.get(pk=case.pk).data["job"]))


def _hand_in(area: str, sample: samples.OfficeSample) -> None:
    """The last month's files: the first hospital has not begun, the second waits, the others are in."""
    from drgpay_web.submissions import actions

    b1 = named("b1")
    for number, (code, file) in enumerate(sorted(sample.files.items())):
        house = Unit.objects.get(area=area, kind=Unit.INSTITUTION, code=code)
        if number == 0 or flow.Case.objects.filter(machine="submission", unit=house).exists():
            continue
        actor = _office_of(house)
        name = f"{WAITING}-{house.name}.csv"
        case = actions.hand_over(actor, chunks=[file.read_bytes()], name=name, period=WAITING).case
        jobs.do_here(jobs.Job.objects.get(pk=case.data["checking"]))
        flow.do_now(actor, case, "hand_in", reason=None)
        if number > 1:
            flow.do_now(b1, case, "accept")
            jobs.do_here(jobs.Job.objects.get(pk=flow.Case.objects.get(pk=case.pk).data["entering"]))


def _contacts() -> None:
    """Whom hospitals call."""
    b1 = named("b1")
    for topic, office, phone in CONTACTS:
        if not flow.contact_line(b1.area, topic).startswith(office):
            flow.name_contact(b1, topic=topic, office=office, phone=phone, hours="工作日 8:30–17:30")


def _look(area: str) -> None:
    """What was published has been looked through."""
    for job in jobs.Job.objects.filter(area=area, kind="oversight.look", state="queued").order_by("pk"):
        with clock.moved_to(SETTLED[-1][1]):
            jobs.do_here(job)


def _office_of(house: Unit) -> Actor:
    """The insurance office of a hospital: of the demo's two a person with an account, of the others somebody who has
    none here."""
    held = Membership.objects.filter(unit=house, role=Role.H1).first()
    if held is not None:
        return named(held.person.username)
    person, _ = Person.objects.get_or_create(
        username=f"h1-{house.code}", defaults={"name": f"{house.name}医保办"[:64], "is_active": False}
    )
    return Actor(person, None, Role.H1, house, house.area)


def _each(actor: Actor, machine: str, period: str, move: str) -> None:
    for case in flow.Case.objects.filter(machine=machine, unit=actor.unit, period=period).order_by("pk"):
        flow.do_now(actor, case, move)
