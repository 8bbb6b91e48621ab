"""What stands in the way of moves of a month's analysis, and what follows them: it is made by a job, sent to every
institution with its own, met about, and leads to talks."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay.report.papers import Paper, as_data, from_data
from drgpay_web import clock, flow, jobs, store
from drgpay_web.flow.machine import Values
from drgpay_web.papers import texts
from drgpay_web.people import Actor, NotThere, Role, Unit, system_actor
from drgpay_web.rhythm import analysis
from drgpay_web.rhythm.models import KeptAnalysis
from drgpay_web.ui import LANGUAGES, w
from drgpay_web.ui.values import printed

MAKE = "rhythm.analysis"
_BUREAU = (Role.B1, Role.B2, Role.B3, Role.B6)
_HOUSE = (Role.H1, Role.H6)


def order(case: flow.Case, actor: Actor, values: Values) -> None:
    """Have it made from the result that stands for the month now."""
    result = analysis.month_of(case.area, case.period)
    if result is None:
        raise NotThere
    payload = {"case": case.pk, "result": result.pk, "back": f"/cases/{case.pk}"}
    job = jobs.order(actor, kind=MAKE, area=case.area, key=f"{MAKE}:case:{case.pk}", payload=payload)
    case.data["job"] = job.pk
    case.data.pop("error", None)


def write(job: jobs.Job, tell: Any) -> dict[str, Any]:
    """Make the papers of the area and of every institution of the result, in both languages, as files; which there
    are, with their digests."""
    case, result = flow.Case.objects.get(pk=job.payload["case"]), store.Result.objects.get(pk=job.payload["result"])
    folder = place_of(case, job.pk)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    area = Unit.objects.get(area=case.area, kind=Unit.AREA)
    codes = list(runs.names_of_run(store.folder(result)))
    houses = Unit.objects.filter(area=case.area, kind=Unit.INSTITUTION, code__in=codes).order_by("code")
    units, files = [area, *houses], []
    for number, unit in enumerate(units):
        tell(runs.Progress(1, 1, Fraction(number, len(units)), *(w("rhythm.analysis", lang) for lang in LANGUAGES)))
        for lang in LANGUAGES:
            house = unit.kind == Unit.INSTITUTION
            made = analysis.house_paper(result, unit, lang) if house else analysis.area_paper(result, lang)
            kind = "analysis.house" if house else "analysis.area"
            made = texts.dressed(made, kind, unit, clock.now(), {"number": case.number})
            content = json.dumps(as_data(made), ensure_ascii=False, sort_keys=True).encode()
            (folder / f"{unit.pk}.{lang}.json").write_bytes(content)
            files.append({"unit": unit.pk, "lang": lang, "sha256": hashlib.sha256(content).hexdigest()})
    return {"files": files}


def place_of(case: flow.Case, job: int) -> Path:
    """Where the papers that a job made lie."""
    return store.new_result_folder(case.area, "plan", f"analysis-{case.period}-{job}")


def ended(job: jobs.Job) -> None:
    """The case goes on by what was made, or says why it could not be."""
    case = flow.Case.objects.get(pk=job.payload["case"])
    if case.state == "ordered" and case.data.get("job") == job.pk:
        flow.do(system_actor(job.area), case, "made" if job.state == "done" else "fail", version=case.version)


def made(case: flow.Case, actor: Actor, values: Values) -> None:
    """Another version stands, with the papers of its job."""
    job = jobs.Job.objects.get(pk=case.data["job"])
    number = case.data.get("version", 0) + 1
    case.data |= {"version": number, "result": job.payload["result"], "made_on": clock.today().isoformat()}
    KeptAnalysis.objects.bulk_create(
        KeptAnalysis(case=case, version=number, job=job, unit_id=one["unit"], lang=one["lang"], sha256=one["sha256"])
        for one in job.result["files"]
    )


def failed(case: flow.Case, actor: Actor, values: Values) -> None:
    """Say why it could not be made."""
    error = jobs.Job.objects.get(pk=case.data["job"]).error or {}
    case.data["error"] = {lang: f"{error.get(lang, '')} {error.get(f'fix_{lang}', '')}".strip() for lang in LANGUAGES}


def sent(case: flow.Case, actor: Actor, values: Values) -> None:
    """The bureau reads the area's, every institution its own; they are told."""
    case.data |= {"sent": case.data["version"], "sent_on": clock.today().isoformat()}
    people = dict.fromkeys(flow.people_with(_BUREAU, case.unit))
    for unit in houses_of(case, case.data["version"]):
        people |= dict.fromkeys(flow.people_with(_HOUSE, unit))
    for person in people:
        if person != actor.person:
            flow.tell_person(case, person, "rhythm.told_analysis", href=f"/analyses/{case.pk}", period=case.period)


def houses_of(case: flow.Case, version: int) -> list[Unit]:
    """The institutions that have an analysis of their own in a version."""
    kept = KeptAnalysis.objects.filter(case=case, version=version).values_list("unit", flat=True)
    return list(Unit.objects.filter(pk__in=list(kept), kind=Unit.INSTITUTION).order_by("code"))


def kept_paper(case: flow.Case, version: int, unit: Unit, lang: str) -> Paper:
    """The analysis of a unit as it was made. Raises NotThere."""
    its = KeptAnalysis.objects.filter(case=case, version=version, unit=unit, lang=lang).first()
    if its is None:
        raise NotThere
    content = (place_of(case, its.job_id) / f"{unit.pk}.{lang}.json").read_bytes()
    if hashlib.sha256(content).hexdigest() != its.sha256:
        raise flow.Guarded("rhythm.analysis_changed")
    return from_data(json.loads(content))


def no_meeting_yet(case: flow.Case, actor: Actor) -> flow.Guarded | None:
    """One meeting on a month's analysis is enough."""
    return flow.Guarded("rhythm.meeting_there") if meetings_of(case, "analysis") else None


def someone_to_talk_to(case: flow.Case, actor: Actor) -> flow.Guarded | None:
    """The rule proposes somebody, and no talk came out of this analysis yet."""
    if meetings_of(case, "mid_year"):
        return flow.Guarded("rhythm.meeting_there")
    return None if proposed(case) else flow.Guarded("rhythm.talks_none")


def proposed(case: flow.Case) -> list[str]:
    """The institutions whose costs deviate so far that the rule proposes to talk to them."""
    if "result" not in case.data:
        return []
    result = store.Result.objects.get(pk=case.data["result"])
    return [one.institution_id for one in analysis.proposed_by(result)[1]]


def meetings_of(case: flow.Case, kind: str = "") -> list[flow.Case]:
    """The meetings that came out of an analysis, but cancelled ones."""
    found = flow.Case.objects.filter(machine="meeting", came_from__source=case).exclude(state="cancelled")
    return [one for one in found.order_by("pk") if not kind or one.data["kind"] == kind]


def met(case: flow.Case, actor: Actor, values: Values) -> None:
    """The meeting on the month, for all its institutions."""
    _plan(case, actor, values, "analysis", [unit.code for unit in houses_of(case, case.data["version"])])


def talked(case: flow.Case, actor: Actor, values: Values) -> None:
    """The talk with those whom the rule proposes."""
    _plan(case, actor, values, "mid_year", proposed(case))


MIDDLE = "06"
"""the month after whose result the middle of the year is talked about"""


def propose_talk(case: flow.Case, actor: Actor, values: Any) -> None:
    """The result of the middle of the year is published: the talk with those who deviate lies planned before the
    handler, who changes or cancels it. Where there is one already, or nobody deviates, nothing is planned."""
    year, _, month = case.period.partition("-")
    if month != MIDDLE:
        return
    held = flow.Case.objects.filter(machine="meeting", area=case.area, period__startswith=year)
    if any(one.data["kind"] == "mid_year" for one in held.exclude(state="cancelled")):
        return
    result = store.Result.objects.get(pk=case.data["result"])
    share, rows = analysis.proposed_by(result)
    if not rows:
        return
    terms = runs.terms(store.practice_source(case.area), int(year), int(month))
    day = flow.add_days(clock.today(), terms.month_days, working=True)
    agenda = w("rhythm.talk_agenda", "zh", period=case.period, share=printed(share, "share", "zh"))
    data = {"kind": "mid_year", "day": day.isoformat(), "place": "", "agenda": agenda,
            "houses": sorted(one.institution_id for one in rows)}  # fmt: skip
    flow.open_case(
        system_actor(case.area), machine="meeting", unit=case.unit, period=case.period, data=data, source=case,
        subject=f"{year} {w('rhythm.meeting.kind.mid_year', 'zh')}",
    )  # fmt: skip


def _plan(case: flow.Case, actor: Actor, values: Values, kind: str, houses: list[str]) -> None:
    day: date = values["day"]
    data = {"kind": kind, "day": day.isoformat(), "place": values["place"] or "", "agenda": values["agenda"] or "",
            "houses": sorted(houses)}  # fmt: skip
    subject = f"{case.period} {w(f'rhythm.meeting.kind.{kind}', 'zh')}"
    flow.open_case(actor, machine="meeting", unit=case.unit, period=case.period, subject=subject, data=data,
                   source=case)  # fmt: skip
