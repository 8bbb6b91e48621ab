"""Pages of the budget: what there is by year, a change that is proposed, and how the fund stands."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from drgpay.errors import DrgpayError
from drgpay.units import parse_fen
from drgpay_web import clock, flow, jobs, store
from drgpay_web.budget import actions, orders, reads
from drgpay_web.budget.rules import PARTS, REASONS, SCHEMES, STAGES
from drgpay_web.people import Act, NotThere, Unit, actor_of, door
from drgpay_web.ui import field_word, lang_of, w
from drgpay_web.ui.errors import PageError, Unfit

KINDS = ("budget", "prepayment", "sharing_ratios", "budget_change", "budget_talk")


@require_GET
@door(Act.BUDGET_SEE)
def budgets(request: HttpRequest) -> HttpResponse:
    """Budgets, talks, changes and ratios, the latest year first."""
    return _page(request)


@require_POST
@door(Act.BUDGET_DRAFT)
def begin(request: HttpRequest, machine: str) -> HttpResponse:
    """Have the budget, the ratios or the prepayment of a year computed."""
    if machine not in actions.COMPUTED:
        raise NotThere
    try:
        case = actions.begin(actor_of(request), machine=machine, year=request.POST.get("year", "").strip())
    except Unfit as error:
        return _page(request, error)
    return redirect("case", pk=case.pk)


@require_POST
@door(Act.BUDGET_DRAFT)
def change(request: HttpRequest) -> HttpResponse:
    """Propose a change of a budget."""
    said = {name: request.POST.get(name, "").strip()[:2000] for name in ("year", "stage", "scheme", "reason", "part",
                                                                         "why")}  # fmt: skip
    try:
        amount = _amount(request.POST.get("amount", ""))
        case = actions.change(actor_of(request), **said, amount=amount)
    except Unfit as error:
        return _page(request, error)
    return redirect("case", pk=case.pk)


def _amount(text: str) -> int:
    try:
        return int(parse_fen(text.strip()))
    except DrgpayError:
        raise Unfit("budget.amount_unclear") from None


def _page(request: HttpRequest, error: PageError | None = None) -> HttpResponse:
    actor, lang = actor_of(request), lang_of(request)
    groups = []
    for machine in KINDS:
        cases = list(flow.cases_of(actor, machine=machine).order_by("-period", "-pk")[:20])
        if cases:
            rows = [
                {"case": one, "state": w(f"{one.rules.words}.state.{one.state}", lang),
                 "more": [text for _, text in (one.rules.columns(one, lang) if one.rules.columns else [])]}
                for one in cases
            ]  # fmt: skip
            shown = cases[0].rules.columns
            heads = [w(key, lang) for key, _ in (shown(cases[0], lang) if shown else [])]
            groups.append({"title": w(cases[0].rules.words, lang), "machine": machine, "rows": rows, "heads": heads})
    context = {
        "groups": groups, "may_draft": actor.may(Act.BUDGET_DRAFT), "year": clock.today().year, "said": request.POST,
        "stages": [(one, w(f"budget.change.stage.{one}", lang)) for one in STAGES],
        **{name: [(one, field_word(one, lang)) for one in codes]
           for name, codes in (("schemes", SCHEMES), ("reasons", REASONS), ("parts", PARTS))},
        "error": error.said(lang) if error else "",
    }  # fmt: skip
    return render(request, "budget/budgets.html", context, status=error.status if error else 200)


@require_GET
@door(Act.FUND_SEE)
def fund(request: HttpRequest) -> HttpResponse:
    """How the fund of a year stands; a hospital sees its own prepayment."""
    actor, lang = actor_of(request), lang_of(request)
    asked = request.GET.get("year", "")
    year = asked if asked.isascii() and asked.isdigit() and len(asked) == len("2024") else str(clock.today().year)
    its = jobs.Job.objects.filter(kind=orders.WATCH, area=actor.area, payload__year=int(year))
    done, last = its.filter(state="done").order_by("-pk").first(), its.order_by("-pk").first()
    house = actor.unit.of_kind(Unit.INSTITUTION)
    tables: dict[str, Any] = (done.result or {})["tables"] if done else {}
    context = {
        "year": year, "tables": reads.shown(tables, actor.area, lang, house.code if house else ""),
        "made": done, "going": last if last and last.state in ("queued", "running") else None,
        "failed": last if last and last.state == "failed" else None,
        "missing": [one[lang] for one in (done.result or {})["missing"]] if done and not house else [],
        "may_draft": actor.may(Act.BUDGET_DRAFT), "lang": lang,
        "registers": [] if house else _registers(lang),
    }  # fmt: skip
    return render(request, "budget/fund.html", context)


def _registers(lang: str) -> list[tuple[str, str]]:
    """The registers all of it is made from."""
    wanted = ("fund_plans", "fund_months", "fund_history", "risk_movements", "prepayment_terms", "advances",
              "institution_history")  # fmt: skip
    known = {one.table.name: one.table for one in store.kept_tables()}
    return [(name, known[name].en if lang == "en" else known[name].zh) for name in wanted if name in known]


@require_POST
@door(Act.BUDGET_DRAFT)
def watch(request: HttpRequest) -> HttpResponse:
    """Have it computed again."""
    job = actions.watch(actor_of(request), year=request.POST.get("year", ""))
    return redirect(f"/jobs/{job.pk}")
