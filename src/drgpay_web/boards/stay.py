"""The card of a stay: facts, the way to its group, points and payment, and the clauses behind them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from drgpay.runs import Scope, View, Where, browse, card_of_stay
from drgpay.tables import SETTLED_STAYS
from drgpay_web import flow, store, trail
from drgpay_web.boards.explained import shown
from drgpay_web.boards.periods import period_words
from drgpay_web.people import Act, Actor, NotThere, actor_of, door
from drgpay_web.ui import Unfit, field_word, lang_of, w
from drgpay_web.ui.tables import headed
from drgpay_web.ui.values import text_of

FACTS = ("institution_id", "department_id", "doctor_id", "insurance_scheme", "sex", "age", "admission_date",
         "discharge_date", "los", "mode", "case_class")  # fmt: skip
MONEY = ("total_cost", "personal_paid", "fund_by_item", "points", "due", "refused", "balance")


@door(Act.STAY_SEE)
@require_safe
def card(request: HttpRequest, result: int, stay_id: str) -> HttpResponse:
    """The card, without who the patient is."""
    actor = actor_of(request)
    found = store.result_seen(actor, result)
    return _card(request, actor, found, stay_seen(actor, found, stay_id, stays_scope(actor, stay_id)))


@door(Act.STAY_PERSONS)
@require_POST
def persons(request: HttpRequest, result: int, stay_id: str) -> HttpResponse:
    """The card with who the patient is: an act with a reason, recorded before it is shown."""
    actor = actor_of(request)
    found = store.result_seen(actor, result)
    row = stay_seen(actor, found, stay_id, actor.scope(Act.STAY_PERSONS))
    reason = request.POST.get("reason", "").strip()[:500]
    if not reason:
        raise Unfit("boards.reason_needed")
    trail.record(actor, Act.STAY_PERSONS, f"stay:{found.pk}/{stay_id}", reason=reason)
    return _card(request, actor, found, row)


def stays_scope(actor: Actor, stay_id: str = "") -> Scope:
    """Whose stays the actor may see. Who sees only what was given to him reads, masked, of the institutions of his
    cases; ``stay_id`` names the one stay, else the reader asks for those of :func:`drgpay_web.flow.stays_given`."""
    scope = actor.scope(Act.STAY_SEE)
    if not actor.assigned_only(Act.STAY_SEE):
        return scope
    given = flow.stays_given(actor)
    houses = given.filter(stay_id=stay_id) if stay_id else given
    return replace(scope, institutions=frozenset(houses.values_list("institution", flat=True)))


def stay_seen(actor: Actor, result: store.Result, stay_id: str, scope: Scope) -> dict[str, Any]:
    """The row of a settled stay. Raises NotThere for one that is not, or not for this reader."""
    if scope.nobody:
        raise NotThere
    view = View(SETTLED_STAYS.name, where=(Where("stay_id", "is", stay_id),), scope=scope)
    page = browse(store.folder(result), view, limit=1, totals=False)
    if not page.rows:
        raise NotThere
    return page.rows[0]


def _card(request: HttpRequest, actor: Actor, result: store.Result, row: dict[str, Any]) -> HttpResponse:
    lang, place = lang_of(request), store.folder(result)
    sections, sources, story = card_of_stay(place, row["stay_id"])
    names = store.names_in(result)

    def told(name: str) -> tuple[str, str]:
        return headed(SETTLED_STAYS[name], lang), text_of(SETTLED_STAYS[name], row, lang, names)

    hidden = actor.scope(Act.STAY_SEE).hidden(SETTLED_STAYS)
    cases = flow.cases_on_stay(actor, row["institution_id"], row["stay_id"]).order_by("-pk")
    who = [told(name) for name in hidden if name in row]
    context = {
        "result": result,
        "stay_id": row["stay_id"],
        "period_words": period_words(result, lang),
        "facts": [(*told(name), "") for name in FACTS if row.get(name) is not None],
        "who": who,
        "may_see_who": actor.may(Act.STAY_PERSONS) and not who,
        "unmask": reverse("stay-persons", args=[result.pk, row["stay_id"]]),
        "tiles": [(name, *told(name)) for name in MONEY],
        "story": story,
        "cases": [(one, w(one.rules.words, lang), flow.state_words(actor, one)) for one in cases],
        "group": f"{story.drg} {story.drg_name}".strip(),
        "status": field_word(row["status"], lang),
        "layers": [_layer(layer, lang) for layer in story.layers],
        "dx": [(one.code, one.name) for one in story.dx],
        "proc": [(one.code, one.name) for one in story.proc],
        "others": {one.code: _said(one.said, lang) for one in story.diagnoses},
        "remarks": [_said(one, lang) for one in (story.reason, story.erratum, story.basis) if one],
        **shown(actor, result, [s for s in sections if s.en not in ("the stay", "group")], sources, lang),
    }  # fmt: skip
    return render(request, "boards/stay.html", context)


def _said(said: Any, lang: str) -> str:
    return str(said.en if lang == "en" else said.zh)


def _layer(layer: Any, lang: str) -> dict[str, Any]:
    """A step to the group: what it gave, its rule, the conditions with their facts, what was tried."""
    return {
        "part": f"boards.part_{layer.part}",
        "found": f"{layer.code} {layer.name}".strip(),
        "rule": _said(layer.rule, lang),
        "checks": [(_said(one.condition, lang), _said(one.fact, lang), one.holds) for one in layer.checks],
        "tried": [(_said(one.why, lang), "、".join(str(named) for named in one.those)) for one in layer.tried],
    }
