"""What stands in the way of moves of a policy's draft, and what follows them: values, check, what-if, adoption."""

from __future__ import annotations

from datetime import date
from typing import Any

from drgpay import runs
from drgpay.errors import DrgpayError
from drgpay.words import value_words
from drgpay_web import clock, flow, jobs, store
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor
from drgpay_web.ui import w

TRY = "policy.whatif_one"
SAME = ""


def base_of(case: flow.Case) -> runs.PracticeName:
    """The practice a draft changes, as it was adopted last."""
    return next(one for one in store.practices(case.area) if one.of == case.data["of"])


def source_of(case: flow.Case) -> str:
    """What the core reads that practice by."""
    return store.practice_source(case.area, base_of(case).id)


def notice_of(case: flow.Case, **adopted: Any) -> runs.NewNotice:
    """A draft as a notice; ``adopted``: its number and days, where they are decided."""
    data = case.data
    days = {name: adopted.get(name) or date.fromisoformat(data[name]) for name in ("issued", "in_force")}
    values = tuple(
        runs.NoticeValue(name, said["value"], said["clause"], said["source"])
        for name, said in sorted(data["values"].items())
    )
    return runs.NewNotice(
        case.number.lower(), adopted.get("document") or data["document"], days["issued"], days["in_force"], values,
        data["by_discharge"], data["scheme"],
    )  # fmt: skip


def titles(case: flow.Case, lang: str) -> dict[str, runs.ParameterSeen]:
    """Every parameter as it stands on the draft's day, by name."""
    on = date.fromisoformat(case.data["in_force"])
    return {one.name: one for one in runs.parameters_seen(source_of(case), on, None, lang)}


def parameters(case: flow.Case, actor: Actor, lang: str) -> list[tuple[str, str]]:
    """Every parameter that can be set."""
    return [(name, one.title) for name, one in titles(case, lang).items()]


def parameters_set(case: flow.Case, actor: Actor, lang: str) -> list[tuple[str, str]]:
    """Those the draft sets."""
    known = titles(case, lang)
    return [(name, known[name].title) for name in case.data["values"] if name in known]


def scheme_choices(case: flow.Case, actor: Actor, lang: str) -> list[tuple[str, str]]:
    """The grouping schemes a practice can be moved to."""
    return list(scheme_titles(lang).items())


def scheme_titles(lang: str) -> dict[str, str]:
    """What the grouping schemes are called, by their ids."""
    return {one.id: one.en if lang == "en" else one.zh for one in runs.scheme_names()}


def settled_years(case: flow.Case, actor: Actor, lang: str) -> list[tuple[str, str]]:
    """Results of whole years on which a draft can be tried."""
    found = store.results_of(case.area).exclude(state="lost")
    return [(str(one.pk), one.title(lang)) for one in found if len(one.period) == len("2024")]


def scheme_told(name: str, lang: str) -> str:
    """A grouping scheme in words."""
    return scheme_titles(lang).get(name, name)


def year_told(pk: str, lang: str) -> str:
    """A settled year."""
    return store.Result.objects.get(pk=int(pk)).title(lang)


def scheme_built(case: flow.Case, actor: Actor, values: Values) -> None:
    """The draft moves the practice to the scheme that was brought."""
    job = jobs.Job.objects.get(pk=case.data["brought"])
    case.data["scheme"] = (job.result or {})["id"]
    case.data.pop("unbuilt", None)


def scheme_unbuilt(case: flow.Case, actor: Actor, values: Values) -> None:
    """Why the file is no scheme."""
    job = jobs.Job.objects.get(pk=case.data.pop("brought"))
    case.data["unbuilt"] = job.error or {lang: w("policy.scheme_cancelled", lang) for lang in ("zh", "en")}


def scheme_moves(case: flow.Case) -> dict[str, Any]:
    """What the scheme that was brought changes on the stays of a year; nothing where another is named."""
    job = jobs.Job.objects.filter(pk=case.data.get("brought")).first()
    found = (job.result or {}) if job else {}
    return found if found.get("id") == case.data["scheme"] else {}


def a_value(case: flow.Case, actor: Actor, values: Values) -> flow.Guarded | None:
    """What was typed is a value of the parameter."""
    try:
        runs.check_value(values["parameter"], values["value"])
    except DrgpayError as error:
        return flow.Guarded(error=error)
    return None


def value_set(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep a value with its clause and source."""
    name = values["parameter"]
    said = {part: values[part] or "" for part in ("clause", "source")}
    case.data["values"][name] = {"value": runs.check_value(name, values["value"]), **said}


def value_unset(case: flow.Case, actor: Actor, values: Values) -> None:
    """The practice keeps its value."""
    case.data["values"].pop(values["parameter"], None)


def in_order(case: flow.Case, actor: Actor, values: Values) -> flow.Guarded | None:
    """A notice is not in force before it was issued, nor before there is a rule at all."""
    if values["in_force"] < values["issued"]:
        return flow.Guarded("policy.days_wrong")
    try:
        runs.parameters_seen(source_of(case), values["in_force"], None, "zh")
    except DrgpayError as error:
        return flow.Guarded(error=error)
    return None


def planned(case: flow.Case, actor: Actor, values: Values) -> None:
    """Take over document, days and scheme."""
    case.subject = values["document"][:200]
    case.data |= {
        "document": values["document"], "issued": values["issued"].isoformat(),
        "in_force": values["in_force"].isoformat(), "by_discharge": values["by_discharge"],
        "scheme": values["scheme"] or "",
    }  # fmt: skip


def is_whole(case: flow.Case, actor: Actor, values: Values) -> flow.Guarded | None:
    """The practice with the draft can be read and run."""
    try:
        runs.adopt_notice(source_of(case), notice_of(case))
    except DrgpayError as error:
        return flow.Guarded(error=error)
    return None


def tried_out(case: flow.Case, actor: Actor, values: Values) -> None:
    """Have a settled year computed again with the draft's values."""
    result = store.Result.objects.get(pk=int(values["result"]), area=case.area)
    changes = {name: said["value"] for name, said in case.data["values"].items()}
    job = jobs.order(
        actor, kind=TRY, area=case.area, key=f"{TRY}:case:{case.pk}",
        payload={"result": result.pk, "changes": changes, "practice": "", "sweep": "", "case": case.pk,
                 "of": base_of(case).id, "scheme": case.data["scheme"], "back": f"/cases/{case.pk}"},
    )  # fmt: skip
    case.data["whatif"] = job.pk


def not_tried(case: flow.Case, actor: Actor, values: Values) -> None:
    """Nothing of it could be tried."""
    case.data.pop("whatif", None)


def may_adopt(case: flow.Case, actor: Actor, values: Values) -> flow.Guarded | None:
    """With the number and days it gets it is still a notice of the practice as it is now."""
    if why := in_order(case, actor, values):
        return why
    try:
        runs.adopt_notice(source_of(case), notice_of(case, **values))
    except DrgpayError as error:
        return flow.Guarded(error=error)
    return None


def state_after(case: flow.Case, values: Values) -> str:
    """In force at once, or from its day on."""
    return "in_force" if values["in_force"] <= clock.today() else "adopted"


def day_before(case: flow.Case) -> date | None:
    """The last day on which it is not in force yet."""
    first = date.fromisoformat(case.data["in_force"])
    return date.fromordinal(first.toordinal() - 1) if first > clock.today() else None


def adopted(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep the practice with the notice as its next version, and draft the announcement of it."""
    changed = changes(case, "zh")
    text = runs.adopt_notice(source_of(case), notice_of(case, **values))
    name = store.add_practice(actor, case.area, case.data["of"], text, case)
    case.subject = values["document"][:200]
    case.data |= {"version": name, "document": values["document"], "issued": values["issued"].isoformat(),
                  "in_force": values["in_force"].isoformat()}  # fmt: skip
    heads = [w(f"policy.{key}", "zh") for key in ("parameter", "before", "after")]
    flow.open_case(
        actor, machine="announcement", unit=case.unit, subject=case.subject, source=case,
        data={"kind": "policy", "audience": "public", "heads": heads, "counts": [],
              "rows": [[one["title"], one["before"], one["after"]] for one in changed],
              "text": w("policy.announced", "zh", document=case.subject, day=case.data["in_force"])},
    )  # fmt: skip


def changes(case: flow.Case, lang: str) -> list[dict[str, str]]:
    """What a draft sets, beside what is in force on its day; kept as it was once it is adopted."""
    if lang in case.data.get("changed", {}):
        return list(case.data["changed"][lang])
    known = titles(case, lang)
    found = [
        {"name": name, "title": known[name].title, "before": known[name].said,
         "after": value_words(said["value"], lang), "clause": said["clause"], "source": said["source"]}
        for name, said in case.data["values"].items() if name in known
    ]  # fmt: skip
    if case.data["scheme"]:
        names = scheme_titles(lang)
        before, after = (names.get(one, one) for one in (base_of(case).scheme, case.data["scheme"]))
        title = w("policy.scheme", lang)
        found.append({"name": SAME, "title": title, "before": before, "after": after, "clause": "", "source": ""})
    return found


def checked(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep what it changes and what it meets, as checked."""
    case.data["met"] = {
        lang: [
            {"title": one.title, "document": one.document, "in_force": one.in_force.isoformat(), "value": one.value}
            for one in runs.notices_met(source_of(case), notice_of(case), lang)
        ]
        for lang in ("zh", "en")
    }
    case.data["changed"] = {lang: changes(case, lang) for lang in ("zh", "en")}


def taken_back(case: flow.Case, actor: Actor, values: Values) -> None:
    """What was checked is to be checked again."""
    for name in ("met", "changed", "whatif"):
        case.data.pop(name, None)
