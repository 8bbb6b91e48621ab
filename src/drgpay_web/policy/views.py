"""Pages of a practice: parameters with words, value and source; notices by day; the difference of two."""

from __future__ import annotations

from datetime import date
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from drgpay import runs
from drgpay_web import clock, store
from drgpay_web.people import Act, NotThere, actor_of, door
from drgpay_web.policy.drafting import scheme_titles, scheme_told
from drgpay_web.ui import lang_of, w


@require_GET
@door(Act.POLICY_SEE)
def practices(request: HttpRequest) -> HttpResponse:
    """The practices there are, that of the area first."""
    area = actor_of(request).area
    own = store.practice_of(area)
    rows = sorted(store.practices(area), key=lambda one: one.id != own)
    schemes = scheme_titles(lang_of(request))
    may_draft = actor_of(request).may(Act.POLICY_DRAFT)
    return render(request, "policy/list.html", {
        "rows": [(one, schemes.get(one.scheme, one.scheme)) for one in rows], "own": own, "may_draft": may_draft,
    })  # fmt: skip


@require_GET
@door(Act.POLICY_SEE)
def practice(request: HttpRequest, practice: str) -> HttpResponse:
    """Every parameter as it stands on a day."""
    lang, name, law = lang_of(request), *known(request, practice)
    on, asked = day_of(request, "on", clock.today()), request.GET.get("q", "").strip()[:60]
    whole = request.GET.get("all") == "1"
    seen = runs.parameters_seen(law, on, None, lang)
    shown = [one for one in seen if (whole or one.is_set) and (not asked or asked in one.title + one.meaning)]
    topics = [(w(f"policy.topic_{topic}", lang), list(rows)) for topic, rows in groupby(shown, lambda one: one.topic)]
    context = {
        "name": name, "on": on, "q": asked, "all": whole, "topics": topics, "shown": len(shown), "total": len(seen),
        "may_try": actor_of(request).may(Act.POLICY_WHATIF),
    }  # fmt: skip
    return render(request, "policy/practice.html", context)


@require_GET
@door(Act.POLICY_SEE)
def notices(request: HttpRequest, practice: str) -> HttpResponse:
    """The notices of a practice by day, with what each sets."""
    name, law = known(request, practice)
    on = day_of(request, "on", clock.today())
    rows = runs.notices_seen(law, on, lang_of(request))
    return render(request, "policy/notices.html", {"name": name, "on": on, "rows": rows})


@require_GET
@door(Act.POLICY_SEE)
def compare(request: HttpRequest) -> HttpResponse:
    """What differs between two practices, or in one between two days."""
    lang, area = lang_of(request), actor_of(request).area
    own, names = store.practice_of(area), store.all_practices(area)
    (old, old_law), (new, new_law) = (known(request, request.GET.get(side) or own) for side in ("old", "new"))
    days = [day_of(request, f"{side}_on", clock.today()) for side in ("old", "new")]
    rows = runs.practices_differ((old_law, days[0]), (new_law, days[1]), lang)
    schemes = [scheme_told(one.scheme, lang) for one in (old, new)]
    context = {
        "names": names,
        "schemes": schemes,
        "old": old,
        "new": new,
        "old_on": days[0],
        "new_on": days[1],
        "rows": rows,
    }
    return render(request, "policy/compare.html", context)


def known(request: HttpRequest, practice: str) -> tuple[runs.PracticeName, str]:
    """A practice of the reader's area by its id, and what the core reads it by. Raises NotThere."""
    area = actor_of(request).area
    found = next((one for one in store.all_practices(area) if one.id == practice), None)
    if found is None:
        raise NotThere
    return found, store.practice_source(area, found.id)


def day_of(request: HttpRequest, name: str, otherwise: date) -> date:
    """A day of the address; what is no day is the other one."""
    try:
        return date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return otherwise
