"""Pages of announcements for those whom they are for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from drgpay_web.papers import giving
from drgpay_web.people import Act, NotThere, actor_of, door
from drgpay_web.rhythm import actions
from drgpay_web.rhythm import announcement_reads as reads
from drgpay_web.rhythm.announcement_moves import AUDIENCES
from drgpay_web.rhythm.models import Read, Version
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.forms import OfficeForm
from drgpay_web.ui.pages import page_of


class DraftForm(OfficeForm):
    """An announcement as it is begun."""

    words_prefix = "rhythm.draft"
    kind = forms.ChoiceField()
    audience = forms.ChoiceField()
    subject = forms.CharField(max_length=200)
    text = forms.CharField(max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 8}))
    table = forms.CharField(max_length=100_000, required=False, widget=forms.Textarea(attrs={"rows": 5}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = {"kind": ("kind", actions.KINDS), "audience": ("announcement.choice", AUDIENCES)}
        for name, (key, codes) in words.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(code, w(f"rhythm.{key}.{code}", self.lang)) for code in codes]


@require_GET
@door(Act.ANNOUNCEMENT_READ)
def announcements(request: HttpRequest) -> HttpResponse:
    """What was announced to the reader, the latest first."""
    actor, lang = actor_of(request), lang_of(request)
    page = page_of(request, reads.latest(actor))
    read = set(Read.objects.filter(person=actor.person).values_list("version", flat=True))
    rows = [{"version": v, "kind": reads.kind_words(v.kind, lang), "new": v.pk not in read} for v in page]
    context = {
        "page": page, "rows": rows, "may_draft": actor.may(Act.ANNOUNCEMENT_DRAFT),
        "may_see": actor.may(Act.ANNOUNCEMENT_SEE),
    }  # fmt: skip
    return render(request, "rhythm/announcements.html", context)


@require_GET
@door(Act.ANNOUNCEMENT_READ)
def announcement(request: HttpRequest, pk: int) -> HttpResponse:
    """An announcement; that it was read is noted. Earlier versions stay readable."""
    actor, lang = actor_of(request), lang_of(request)
    version = _version(request, pk)
    withdrawn = version.case.data.get("withdrawn")
    if not withdrawn:
        actions.read(actor, version)
    context = {
        "version": version, "kind": reads.kind_words(version.kind, lang), "withdrawn": withdrawn,
        "latest": version.case.data["version"], "shown": not withdrawn or actor.role.side == "bureau",
        "versions": reads.versions(actor).filter(case=pk), "may_see": actor.may(Act.ANNOUNCEMENT_SEE),
    }  # fmt: skip
    return render(request, "rhythm/announcement.html", context)


@require_GET
@door(Act.ANNOUNCEMENT_READ)
def paper(request: HttpRequest, pk: int, ending: str) -> HttpResponse:
    """A version as a paper."""
    version = _version(request, pk)
    case = version.case
    if case.data.get("withdrawn"):
        raise NotThere
    offer = giving.Offer("announcement.announcement", case.unit, case.period,
                         lambda lang: reads.paper_of(version, lang), version.at, case,
                         by=version.by.name)  # fmt: skip
    return giving.give(request, offer, ending, f"{case.unit.name}_{version.title}_{case.number}")


@door(Act.ANNOUNCEMENT_DRAFT)
def draft(request: HttpRequest) -> HttpResponse:
    """Begin an announcement."""
    form = DraftForm(request.POST or None, lang=lang_of(request))
    if request.method == "POST" and form.is_valid():
        return redirect("case", pk=actions.draft(actor_of(request), **form.cleaned_data).pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "rhythm/draft.html", {"form": form}, status=status)


def _version(request: HttpRequest, pk: int) -> Version:
    asked = request.GET.get("version", "")
    return reads.version_seen(actor_of(request), pk, int(asked) if asked.isdigit() and len(asked) < 9 else None)
