"""Pages of coding: searching codes, what a code is, which codes change the group of a stay, and suggestions.

No page here shows or orders by what is paid: coding follows the record.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from drgpay import runs
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import View, Where
from drgpay.tables import HOUSE_STAYS, SETTLED_STAYS, STAYS
from drgpay_web import flow, store
from drgpay_web.hospital import coding, in_house
from drgpay_web.hospital.in_house_views import house_of
from drgpay_web.people import Act, Actor, NotThere, actor_of, door
from drgpay_web.ui import PageError, field_word, lang_of, w
from drgpay_web.ui.tables import title_of
from drgpay_web.ui.values import printed

MOST = 30
PARTS = ("diagnoses", "operations", "summary")
LONGEST = 4_000
FACTS = ("sex", "age", "age_days", "birth_weight", "admission_weight", "los", "discharge_way", "icu", "bilateral")
GIVEN = ("sex", "age", "age_days", "birth_weight", "admission_weight", "discharge_way")
Row = dict[str, Any]


@door(Act.CODING_SEARCH)
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Codes by a part of their name, another name for it, initials of its pinyin, or the code's beginning."""
    asked, kind = request.GET.get("q", "").strip()[:60], request.GET.get("kind", "")
    kinds = [kind] if kind in ("dx", "proc") else ["dx", "proc"]
    found = runs.search_code(asked, kinds, MOST) if asked else []
    rows = [(one, printed(one.score, "share", lang_of(request)), one.why[lang_of(request) == "en"]) for one in found]
    context = {"q": asked, "kind": kind, "rows": rows}
    return render(request, "hospital/codes.html", context)


@door(Act.CODING_SEARCH)
@require_safe
def code(request: HttpRequest, code: str) -> HttpResponse:
    """All that is known of a code, in the grouping scheme of the area."""
    scheme = store.grouper_of(actor_of(request)).scheme
    try:
        story = runs.tell_code(code, only=scheme.id)
    except DrgpayError as error:
        if error.kind != Kind.DATA:
            raise
        raise NotThere from error
    return render(request, "hospital/code.html", {"story": story, "inside": story.schemes[0], "scheme": scheme})


@require_http_methods(["GET", "POST"])
@door(Act.CODING_SEE)
def settled(request: HttpRequest, result: int, stay_id: str) -> HttpResponse:
    """Which codes change the group of a settled stay."""
    actor = actor_of(request)
    found = store.result_seen(actor, result)
    row = _row(actor, store.folder(found), SETTLED_STAYS.name, stay_id)
    _, _, story = runs.card_of_stay(store.folder(found), stay_id)
    stay = dict(story.facts) | {"dx": [one.code for one in story.dx], "proc": [one.code for one in story.proc]}
    here = reverse("coding-stay", args=[result, stay_id])
    return _page(request, actor, row, stay, here, store.grouper_of(actor, found))


@require_http_methods(["GET", "POST"])
@door(Act.CODING_SEE)
def staying(request: HttpRequest, stay_id: str) -> HttpResponse:
    """Which codes change the group of a stay in house."""
    actor = actor_of(request)
    case = in_house.latest(house_of(actor))
    if case is None:
        raise NotThere
    row = _row(actor, in_house.place_of(case), HOUSE_STAYS.name, stay_id)
    stay = {name: row[name] for name in GIVEN if row[name] is not None} | {"los": row["days"]}
    stay |= {"dx": list(row["dx"] or ()), "proc": list(row["proc"] or ())}
    return _page(request, actor, row, stay, reverse("coding-in-house", args=[stay_id]), store.grouper_of(actor))


def _row(actor: Actor, folder: Any, table: str, stay_id: str) -> Row:
    """A stay within the reader's reach. Raises NotThere."""
    view = View(table, where=(Where("stay_id", "is", stay_id),), scope=actor.scope(Act.CODING_SEE))
    page = runs.browse(folder, view, limit=1, totals=False)
    if not page.rows:
        raise NotThere
    return page.rows[0]


def _page(
    request: HttpRequest, actor: Actor, row: Row, stay: Row, here: str, grouper: runs.Grouper
) -> HttpResponse:  # fmt: skip
    """The stay as it is coded, what its codes do, and what the words given speak of; nothing of them is kept."""
    lang = lang_of(request)
    words = {part: request.POST.get(part, "").strip()[:LONGEST] for part in PARTS}
    given, error = any(words.values()), None
    if request.method == "POST" and request.POST.get("note"):
        try:
            return redirect("case", pk=_noted(request, actor, row, here).pk)
        except PageError as wrong:
            error = wrong
    story = grouper.tell(stay)
    changes = runs.code_changes(grouper, stay, words if given else None)
    about = flow.cases_on_stay(actor, house_of(actor).code, row["stay_id"]).filter(machine=coding.MACHINE)
    context = {
        "stay_id": row["stay_id"], "here": here, "group": f"{story.drg} {story.drg_name}".strip(),
        "status": field_word(story.status, lang), "dx": story.dx, "proc": story.proc,
        "facts": [(_fact(name, lang), printed(stay[name], "int64", lang), "") for name in FACTS
                  if stay.get(name) is not None],
        "coded": [_change(one, lang) for one in changes if one.how != "added"],
        "spoken": [_change(one, lang) for one in changes if one.how == "added"],
        "words": words, "parts": [(part, w(f"hospital.words_{part}", lang), words[part]) for part in PARTS],
        "given": given, "findings": [one[lang] for one in grouper.findings([stay]) if one["row"]],
        "may_suggest": actor.may(Act.CODING_SUGGEST), "error": error.said(lang) if error else "",
        "hows": [(how, w(f"hospital.how_{how}", lang)) for how in coding.HOW],
        "typed": request.POST if request.POST.get("note") else request.GET,
        "notes": [(one, flow.state_words(actor, one)) for one in about],
        "follows": runs.FOLLOWS[lang == "en"],
    }  # fmt: skip
    return render(request, "hospital/coding.html", context, status=error.status if error else 200)


def _fact(name: str, lang: str) -> str:
    """What a fact of grouping is called."""
    return title_of(STAYS[name], lang) if name in STAYS.names else w(f"hospital.fact_{name}", lang)


def _change(one: runs.CodeChange, lang: str) -> Row:
    return {
        "one": one, "how": w(f"hospital.how_{one.how}", lang), "kind": w(f"hospital.kind_{one.kind}", lang),
        "why": one.en if lang == "en" else one.zh, "group": f"{one.drg} {one.drg_name}".strip(),
    }  # fmt: skip


def _noted(request: HttpRequest, actor: Actor, row: Row, here: str) -> flow.Case:
    said = {name: request.POST.get(name, "").strip() for name in ("how", "code", "reason")}
    known = runs.search_code(said["code"], limit=1) if said["code"] else []
    name = known[0].name if known and known[0].code.upper() == said["code"].upper() else ""
    return coding.note(
        actor, stay=row, place=here, how=said["how"], code=said["code"][:20], name=name, reason=said["reason"][:2000]
    )
