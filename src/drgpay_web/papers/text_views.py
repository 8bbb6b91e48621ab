"""Pages of the texts of papers: which there are, one of them with its versions and a preview."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from drgpay.report.papers import Paper, Text
from drgpay_web import clock
from drgpay_web.papers import actions, texts
from drgpay_web.papers.models import PaperText
from drgpay_web.people import Act, Actor, NotThere, Unit, actor_of, door
from drgpay_web.ui import LANGUAGES, Unfit, lang_of, w


@door(Act.TEXT_SEE)
@require_safe
def all_texts(request: HttpRequest) -> HttpResponse:
    """Every kind of paper whose texts are the reader's, with the version that holds."""
    actor, lang = actor_of(request), lang_of(request)
    rows = []
    for kind in texts.kinds().values():
        if unit := actions.text_owner(actor, kind):
            rows.append((kind.name, kind.words(lang), texts.standing(unit, kind.name, clock.now())[1]))
    return render(request, "papers/texts.html", {"rows": sorted(rows, key=lambda row: row[1])})


@door(Act.TEXT_SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def text(request: HttpRequest, kind: str) -> HttpResponse:
    """The texts of a kind: what holds, how it looks, what was before; changed by who may."""
    actor = actor_of(request)
    its = texts.kinds().get(kind)
    unit = actions.text_owner(actor, its) if its else None
    if its is None or unit is None:
        raise NotThere
    values, row = texts.standing(unit, kind, clock.now())
    error = ""
    if request.method == "POST":
        actor.need(Act.TEXT_CHANGE, unit)
        values = {lang: {part: request.POST.get(f"{lang}.{part}", "").replace("\r\n", "\n").strip()
                         for part in texts.PARTS} for lang in LANGUAGES}  # fmt: skip
        try:
            if request.POST.get("preview"):
                texts.check(its, values)
            else:
                made = actions.change_texts(actor, kind=kind, values=values, reason=request.POST.get("reason", ""))
                messages.success(request, w("papers.text_saved", lang_of(request), number=made.number))
                return redirect("paper-text", kind=kind)
        except Unfit as unfit:
            error = unfit.said(lang_of(request))
    return _shown(request, actor, its, unit, values, row, error)


def _shown(
    request: HttpRequest, actor: Actor, kind: texts.Kind, unit: Unit, values: texts.Texts, row: PaperText | None,
    error: str,
) -> HttpResponse:  # fmt: skip
    lang = lang_of(request)
    context: dict[str, Any] = {
        "kind": kind, "title": kind.words(lang), "row": row, "error": error,
        "languages": [(one, [(part, values[one][part]) for part in texts.PARTS]) for one in LANGUAGES],
        "marks": [(f"{{{mark}}}", kind.mark_words(mark, lang)) for mark in kind.marks],
        "samples": [] if error else [_sample(kind, unit, values, one) for one in LANGUAGES],
        "versions": PaperText.objects.filter(unit=unit, kind=kind.name).select_related("by").order_by("-number"),
        "may_change": actor.may(Act.TEXT_CHANGE, unit), "reason": request.POST.get("reason", ""),
    }  # fmt: skip
    return render(request, "papers/text.html", context, status=422 if error else 200)


def _sample(kind: texts.Kind, unit: Unit, values: texts.Texts, lang: str) -> Paper:
    """How a paper with these texts reads; marks of its own stand for themselves."""
    body = Text(w("papers.sample_block", lang), (w("papers.sample_text", lang),))
    paper = Paper(lang, unit.name, w("papers.sample_title", lang), "2024-03", (), (body,), (), "")
    own = {mark: f"[{kind.mark_words(mark, lang)}]" for mark in kind.places}
    day = clock.today().isoformat()
    return texts.filled(paper, values[lang], {"unit": unit.name, "number": "0000", "day": day, **own})
