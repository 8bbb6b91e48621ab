"""A sealed year that is opened again, as an addition: what stands in the way, and what follows."""

from __future__ import annotations

from drgpay import runs
from drgpay.tables import DEBTS
from drgpay_web import flow, store
from drgpay_web.clearing.links import CLOSED, parsed, standing
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor, system_actor

Why = flow.Guarded | None


def open_case_of(area: str, year: int) -> flow.Case | None:
    """The re-opening of a year that is asked for or goes on."""
    found = flow.Case.objects.filter(machine="reopening", area=area, period=str(year), closed_at=None)
    return found.select_related("unit").first()


def approved_of(area: str, period: str) -> flow.Case | None:
    """The approved re-opening by which there can be a candidate of a sealed year; it is of the last seal."""
    year, month = parsed(period)
    case = None if month else open_case_of(area, year)
    if case is None or case.state not in ("approved", "settling"):
        return None
    return case if last_closing(area, year) == case.data["run"] else None


def last_closing(area: str, year: int) -> str:
    """The sealed clearing of a year, or what opened it again last; empty while the year is not cleared."""
    book = standing(area, year)
    return book.after if book.next == CLOSED else ""


def practice_of(case: flow.Case) -> str:
    """The practice under which the year was sealed."""
    manifest = runs.read_manifest(store.folder_of_kind(case.area, "run") / case.data["run"])
    return str(manifest["practice"])


def still_last(case: flow.Case, actor: Actor) -> Why:
    """What is to be opened again is still the last seal of its year."""
    same = last_closing(case.area, int(case.period)) == case.data["run"]
    return None if same else flow.Guarded("clearing.reopen_not_last", year=case.period)


def settling(area: str, period: flow.Case, result: store.Result) -> None:
    """A candidate by an approved re-opening is published: it is settled like every period."""
    case = approved_of(area, result.period)
    if case is None:
        return
    period.data["reopening"] = case.pk
    period.save(update_fields=["data"])
    case.data["period"] = period.pk
    case.save(update_fields=["data"])
    if case.state == "approved":
        flow.do(system_actor(area), case, "settle", version=case.version)


def passed_on(actor: Actor, period: flow.Case, result: store.Result) -> None:
    """What a sealed clearing or re-opening leaves goes into the register of the next year; a re-opening is done."""
    rows = runs.passed_by(store.folder(result))
    if rows:
        plain = [{name: row[name] for name in DEBTS.names if name in row} for row in rows]
        store.put_rows(
            actor, area=period.area, table=DEBTS, rows=plain, origin=f"case:{period.number}", case=period,
        )  # fmt: skip
    if "reopening" in period.data:
        case = flow.Case.objects.get(pk=period.data["reopening"])
        flow.do(actor, case, "sealed", version=case.version)


def sealed(case: flow.Case, actor: Actor, values: Values) -> None:
    """By which result the year is closed again."""
    case.data["by"] = last_closing(case.area, int(case.period))


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """What is opened again and why, where its runs are ordered, the period that settles it, and what it led to."""
    data = case.data
    found = [
        ("clearing.reopened_run", *_run(case, data["run"], lang)),
        ("clearing.reopen_reason", data["reason"], ""),
    ]
    if case.state in ("approved", "settling"):
        found.append(("clearing.runs", case.period, f"/runs?year={case.period}"))
    if "period" in data:
        period = flow.Case.objects.get(pk=data["period"])
        found.append(("clearing.period", period.number, f"/cases/{period.pk}"))
    if "by" in data:
        found.append(("clearing.closed_by", *_run(case, data["by"], lang)))
    return found


def _run(case: flow.Case, name: str, lang: str) -> tuple[str, str]:
    """A run of the year by its title, and its address; the name of one that is in no catalogue."""
    found = store.results_of(case.area).filter(name=name).first()
    return (found.title(lang), f"/runs/{found.pk}") if found else (name, "")


def columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What the list of re-openings shows."""
    return [
        ("clearing.reopened_run", _run(case, case.data["run"], lang)[0]),
        ("clearing.reopen_reason", case.data["reason"]),
    ]
