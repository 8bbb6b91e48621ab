"""Pages of a year's rhythm: its calendar, whom to talk to, meetings and the invitation to one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from drgpay_web import clock
from drgpay_web.people import Act, Unit, actor_of, door
from drgpay_web.rhythm import actions, meeting_reads
from drgpay_web.rhythm.meeting_moves import KINDS, houses_of
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.forms import OfficeForm, day_field


class MeetingForm(OfficeForm):
    """A meeting that is planned."""

    words_prefix = "rhythm.new_meeting"
    kind = forms.ChoiceField()
    subject = forms.CharField(max_length=200)
    period = forms.RegexField(r"^\d{4}(-\d\d)?$")
    day = day_field()
    place = forms.CharField(max_length=200, required=False)
    agenda = forms.CharField(max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 4}))
    houses = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, area: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind, houses = self.fields["kind"], self.fields["houses"]
        assert isinstance(kind, forms.ChoiceField)
        assert isinstance(houses, forms.ChoiceField)
        kind.choices = [(one, w(f"rhythm.meeting.kind.{one}", self.lang)) for one in KINDS]
        found = Unit.objects.filter(area=area, kind=Unit.INSTITUTION).order_by("code")
        houses.choices = [(one.code, one.name) for one in found]


@require_GET
@door(Act.MEETING_SEE)
def year(request: HttpRequest) -> HttpResponse:
    """A year by month."""
    actor, lang, asked = actor_of(request), lang_of(request), _year(request)
    months = meeting_reads.year_of(actor, asked, lang)
    may_hold = actor.may(Act.MEETING_HOLD)
    return render(request, "rhythm/year.html", {"year": asked, "months": months, "may_hold": may_hold})


@require_GET
@door(Act.MEETING_SEE)
def talks(request: HttpRequest) -> HttpResponse:
    """Whom the rule proposes to talk to within the year."""
    actor, asked = actor_of(request), _year(request)
    found = meeting_reads.talks(actor.area, asked, lang_of(request))
    may_hold = actor.may(Act.MEETING_HOLD)
    return render(request, "rhythm/talks.html", {"year": asked, "found": found, "may_hold": may_hold})


@door(Act.MEETING_HOLD)
def new(request: HttpRequest) -> HttpResponse:
    """Plan a meeting."""
    actor, asked = actor_of(request), request.GET
    first = {"kind": asked.get("kind", "analysis"), "period": asked.get("period") or f"{clock.today():%Y-%m}",
             "houses": asked.getlist("house"), "subject": asked.get("subject", "")}  # fmt: skip
    form = MeetingForm(request.POST or None, lang=lang_of(request), area=actor.area, initial=first)
    if request.method == "POST" and form.is_valid():
        return redirect("case", pk=actions.plan_meeting(actor, **form.cleaned_data).pk)
    return render(request, "rhythm/new_meeting.html", {"form": form}, status=422 if request.method == "POST" else 200)


@require_GET
@door(Act.MEETING_READ)
def invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """The invitation to a meeting, and its minutes once they hold."""
    case = meeting_reads.invited_to(actor_of(request), pk)
    kind = w(f"rhythm.meeting.kind.{case.data['kind']}", lang_of(request))
    return render(request, "rhythm/meeting.html", {"case": case, "kind": kind, "houses": houses_of(case)})


def _year(request: HttpRequest) -> int:
    asked = request.GET.get("year", "")
    known = asked.isascii() and asked.isdigit() and 1990 <= int(asked) <= 2199
    return int(asked) if known else clock.today().year
