"""Pages of special reviews: candidates and the application, experts' load. A review itself is a case's page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from drgpay import runs
from drgpay_web import clock, flow, store
from drgpay_web.people import Act, actor_of, door
from drgpay_web.review import actions, experts, quota, reads
from drgpay_web.review.rules import REASONS
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.errors import PageError
from drgpay_web.ui.values import printed


@door(Act.REVIEW_DRAFT)
def candidates(request: HttpRequest) -> HttpResponse:
    """One's own stays that lose most, the quota, and the form that begins an application."""
    actor, lang = actor_of(request), lang_of(request)
    error: PageError | None = None
    if request.method == "POST":
        said = {name: request.POST.get(name, "").strip()[:2000] for name in ("stay", "reason", "statement")}
        try:
            return redirect("case", pk=actions.draft(actor, **said).pk)
        except (PageError, flow.Guarded) as wrong:
            error = wrong
    result = quota.latest(actor.area)
    found = runs.special_candidates(store.folder(result), actor.unit.code) if result else []
    context = {
        "result": result,
        "rows": [
            {
                "stay": row["stay_id"],
                "group": row["drg"],
                "reason": row["reason"],
                "reason_words": w(f"review.case.choice.{row['reason']}", lang),
                "los": row["los"],
                **{name: printed(row[name], "fen", lang) for name in ("total_cost", "payment", "gap")},
                "within": row["within_quota"],
                "case": actions.there(actor.unit, row["stay_id"]),
            }
            for row in found
        ],
        "quota": reads.quota_text(quota.used(actor.unit, result), lang) if result else "",
        "reasons": [(one, w(f"review.case.choice.{one}", lang)) for one in REASONS],
        "typed": request.POST or request.GET,
        "error": error.said(lang) if error else "",
    }
    return render(request, "review/candidates.html", context, status=error.status if error else 200)


@require_GET
@door(Act.REVIEW_ASSIGN)
def load(request: HttpRequest) -> HttpResponse:
    """What every expert has to do, the least loaded first."""
    today = clock.today()
    rows = [(one, (today - one.since).days if one.since else None) for one in experts.loads(actor_of(request).area)]
    return render(request, "review/experts.html", {"rows": rows})
