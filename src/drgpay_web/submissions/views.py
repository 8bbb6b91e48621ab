"""Pages of submissions: calendar, upload, findings, headers, quality. The submission itself is a case's page."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from drgpay import runs
from drgpay.tables import RULE_QUALITY, STAYS
from drgpay_web import clock, flow, inbox, store, trail
from drgpay_web.flow.models import Case
from drgpay_web.papers.excel import at_once
from drgpay_web.people import Act, NotThere, actor_of, door
from drgpay_web.submissions import actions, reads
from drgpay_web.submissions.places import SAMPLES, findings_of, sample_of, scores_of
from drgpay_web.submissions.rules import HANDED_IN, MACHINE
from drgpay_web.submissions.seen import LEVEL_CLASS, missing_of, score_text
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.errors import PageError, Unfit

PAGE = 50
_PERIOD = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")


@require_GET
@door(Act.SUBMISSION_SEE)
def calendar(request: HttpRequest) -> HttpResponse:
    """Which month is due and by when: one's own months, or all institutions of a month."""
    actor, lang = actor_of(request), lang_of(request)
    house = reads.house_of(actor)
    due = reads.due_period()
    day, light = reads.light_of(actor.area, due)
    context: dict[str, Any] = {"due": due, "day": day, "light": light, "years": _years(request)}
    year = context["years"][1]
    if house is not None:
        context["months"] = [(one, _state(one.case, lang)) for one in reads.months_of(actor, house, year)]
        context["may_upload"] = actor.may(Act.SUBMISSION_UPLOAD)
        context["handlers"] = reads.handlers(actor.area)
        return render(request, "submissions/months.html", context)
    houses = actor.institutions(Act.SUBMISSION_SEE)
    cases = reads.latest(actor, year, houses)
    period = _period(request, due if due.startswith(str(year)) else f"{year}-01")
    periods = [f"{year}-{number:02d}" for number in reads.MONTHS]
    context |= {
        "period": period,
        "periods": periods,
        "rows": [_row(one, cases.get((one.pk, period)), lang) for one in houses],
        "grid": [(one, [(p, _state(cases.get((one.pk, p)), lang)) for p in periods]) for one in houses],
        "may_accept": actor.may(Act.SUBMISSION_ACCEPT),
    }
    context["waiting"] = any(row["waits"] for row in context["rows"])
    return render(request, "submissions/area.html", context)


@door(Act.SUBMISSION_UPLOAD)
def upload(request: HttpRequest) -> HttpResponse:
    """Hand a file over for a month: it is checked at once, and handed in only when somebody says so."""
    actor = actor_of(request)
    error: PageError | None = None
    period = _period(request, reads.due_period())
    if request.method == "POST":
        period = request.POST.get("period", "")
        file = request.FILES.get("file")
        try:
            if file is None:
                raise inbox.NotKept("inbox.empty")
            handed = actions.hand_over(actor, chunks=file.chunks(), name=file.name or "", period=period)
            query = "?existing=1" if handed.existing else ""
            return redirect(f"/cases/{handed.case.pk}{query}")
        except PageError as wrong:
            error = wrong
    today = clock.today()
    periods = [f"{y}-{m:02d}" for y in (today.year, today.year - 1) for m in reversed(reads.MONTHS)
               if (y, m) <= (today.year, today.month)]  # fmt: skip
    sealed = store.sealed_months(actor.area)
    context = {
        "period": period,
        "periods": [(p, sealed(*runs.month_of(p))) for p in periods],
        "due": reads.light_of(actor.area, period) if _PERIOD.fullmatch(period) else None,
        "handlers": reads.handlers(actor.area),
        "contact": flow.contact_line(actor.area, MACHINE.contact),
        "samples": [one for one in SAMPLES if sample_of(actor.unit.code, one)],
        "error": error.said(lang_of(request)) if error else "",
        "limit": store.UPLOAD_LIMIT // inbox.MB,
    }
    return render(request, "submissions/upload.html", context, status=error.status if error else 200)


@require_GET
@door(Act.SUBMISSION_UPLOAD)
def form(request: HttpRequest) -> FileResponse:
    """The workbook to fill in, empty or with example rows."""
    actor, lang = actor_of(request), lang_of(request)
    filled, period = request.GET.get("filled") == "1", _period(request, reads.due_period())
    name = w("submissions.example_file" if filled else "submissions.form_file", lang)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "form.xlsx"
        runs.write_stays_form(file, actor.unit.code, runs.month_of(period), filled=filled, lang=lang)
        return _download(file, f"{name}_{period}.xlsx")


@require_GET
@door(Act.SUBMISSION_UPLOAD)
def sample(request: HttpRequest, which: str) -> FileResponse:
    """A file of one's own institution to try with, in a demo."""
    path = sample_of(actor_of(request).unit.code, which)
    if path is None:
        raise NotThere
    return _download(path, f"{w(f'submissions.sample_{which}', lang_of(request))}_{reads.due_period()}.csv")


@require_POST
@door(Act.SUBMISSION_ACCEPT)
def accept(request: HttpRequest) -> HttpResponse:
    """Accept the chosen submissions, with a result for each."""
    actor, lang = actor_of(request), lang_of(request)
    chosen = [text.partition(":") for text in request.POST.getlist("case")]
    cases = [
        (reads.submission_seen(actor, int(pk)), int(version))
        for pk, _, version in chosen
        if pk.isdigit() and version.isdigit()
    ]
    done = actions.accept_several(actor, cases=cases)
    lines = [(one.case, one.why.said(lang) if one.why else "") for one in done]
    return render(request, "submissions/accepted.html", {"lines": lines}, status=200 if lines else 422)


@require_GET
@door(Act.SUBMISSION_SEE)
def findings(request: HttpRequest, pk: int) -> HttpResponse:
    """What was found, row by row: of a rule, or of a stay."""
    actor, lang = actor_of(request), lang_of(request)
    case = reads.submission_seen(actor, pk)
    path = findings_of(case)
    if path is None:
        raise NotThere
    asked = {name: request.GET.get(name, "").strip()[:60] for name in ("rule", "level", "stay")}
    start = int(request.GET["from"]) if request.GET.get("from", "").isdigit() else 0
    page = runs.read_findings(path, **asked, offset=start, limit=PAGE)
    group = next((one for one in case.data["found"]["rules"] if one[0] == asked["rule"]), None)
    context = {
        "case": case,
        "group": None if group is None else {"said": group[4 if lang == "zh" else 5], "blocks": group[3]},
        "asked": asked,
        "lines": [_line(row, lang) for row in page.rows],
        "first": start + 1,
        "last": start + len(page.rows),
        "total": page.total,
        "back": _address(asked, max(start - PAGE, 0)) if start else "",
        "more": _address(asked, start + PAGE) if start + PAGE < page.total else "",
        "contact": flow.contact_line(actor.area, MACHINE.contact) if actor.role.side == "hospital" else "",
    }
    return render(request, "submissions/findings.html", context)


@require_GET
@door(Act.SUBMISSION_SEE)
def excel(request: HttpRequest, pk: int) -> FileResponse:
    """All findings as a workbook."""
    actor, lang = actor_of(request), lang_of(request)
    case = reads.submission_seen(actor, pk)
    path = findings_of(case)
    if path is None:
        raise NotThere
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "findings.xlsx"
        runs.write_findings(path, file, lang, scores=scores_of(case))
        trail.record(actor, "submission.findings", f"case:{case.number}")
        return _download(file, f"{case.unit.name}_{case.period}_{w('submissions.findings', lang)}_{case.number}.xlsx")


@door(Act.SUBMISSION_UPLOAD)
def fields(request: HttpRequest, pk: int) -> HttpResponse:
    """What the headers of the file are read as; changed ones are remembered and the file is checked again."""
    actor, lang = actor_of(request), lang_of(request)
    case = reads.submission_seen(actor, pk)
    heads = (case.data.get("found") or {}).get("heads", [])
    error: PageError | None = None
    if request.method == "POST":
        sent = {head: request.POST.get(f"h_{at}", field) for at, (head, field, *_) in enumerate(heads) if head}
        try:
            version = request.POST.get("version", "")
            actions.explain_headers(actor, case, columns=sent, version=int(version) if version.isdigit() else 0)
            return redirect("case", pk=case.pk)
        except PageError as wrong:
            error = wrong
    choices = [(c.name, c.en.split(":")[0] if lang == "en" else c.zh, not c.null) for c in STAYS.columns]
    context = {
        "case": case,
        "version": case.version,
        "heads": [
            {
                "at": at, "header": head, "how": how, "guess": guess,
                "chosen": request.POST.get(f"h_{at}", field or guess),
            }
            for at, (head, field, how, guess) in sorted(enumerate(heads), key=lambda one: one[1][2] != "unknown")
            if head
        ],
        "choices": choices,
        "missing": missing_of(case, lang),
        "error": error.said(lang) if error else "",
    }  # fmt: skip
    return render(request, "submissions/fields.html", context, status=error.status if error else 200)


@require_GET
@door(Act.SUBMISSION_SEE)
def quality(request: HttpRequest) -> HttpResponse:
    """The quality of the records of a submission: by department, by who mends what, by coder and by rule; and what
    handing over again has brought."""
    actor, lang = actor_of(request), lang_of(request)
    house = reads.house_of(actor)
    cases = reads.checked_cases(actor, house)
    its = _quality(request, cases)
    shown = ("score", "completeness", "accuracy")
    context: dict[str, Any] = {"cases": cases, "chosen": its.case if its else None, "department": _ward_of(request)}
    if its:
        context |= {
            "rows": [row | {name: score_text(row[name]) for name in shown} for row in its.rows], "by": its.by,
            "coders": [row | {"score": score_text(row["score"])} for row in its.coders],
            "rules": [row | {"said": row[lang]} for row in its.rules],
            "again": [
                (one, score_text(one.first), score_text(one.last), _state(one.case, lang))
                for one in reads.handed_again(actor, its.case.unit)
            ],
        }  # fmt: skip
    return render(request, "submissions/quality.html", context)


def _ward_of(request: HttpRequest) -> str:
    return request.GET.get("department", "")[:60]


def _quality(request: HttpRequest, cases: list[Case]) -> reads.Quality | None:
    """The quality of the submission an address names, else of the latest; None without one. Raises NotThere."""
    asked = request.GET.get("case", "")
    actor, lang = actor_of(request), lang_of(request)
    chosen = reads.submission_seen(actor, int(asked)) if asked.isdigit() else next(iter(cases), None)
    return reads.quality_of(chosen, lang, _ward_of(request)) if chosen else None


@require_GET
@door(Act.SUBMISSION_SEE)
def quality_excel(request: HttpRequest) -> HttpResponse:
    """Rule by department and coder as a workbook, as it stands on the page; that it was taken is recorded."""
    actor, lang = actor_of(request), lang_of(request)
    its = _quality(request, reads.checked_cases(actor, reads.house_of(actor)))
    if its is None:
        raise Unfit("submissions.no_quality")
    columns = [RULE_QUALITY[name] for name in ("zh" if lang == "zh" else "en", "department_id", "coder_id", "n")]
    title = w("submissions.quality", lang)
    mark = f"{its.case.unit.name} {its.case.period} {its.case.number} {actor.person.name}"
    made, count = at_once(
        f"{its.case.unit.name}_{its.case.period}_{title}_{its.case.number}", title=title, mark=mark, columns=columns,
        rows=its.rules, sums={}, total="", lang=lang,
        names=lambda column, row: row["name"] if column == "department_id" else "",
    )  # fmt: skip
    trail.record(actor, "submission.quality", f"case:{its.case.number}", after={"rows": count})
    return made


def _row(unit: Any, case: Case | None, lang: str) -> dict[str, Any]:
    found = (case.data.get("found") or {}) if case else {}
    score = found.get("score")
    return {
        "unit": unit, "case": case, "state": _state(case, lang), "found": found,
        "score": "" if score is None else score_text(score), "waits": case is not None and case.state == HANDED_IN,
    }  # fmt: skip


def _state(case: Case | None, lang: str) -> dict[str, Any]:
    if case is None:
        return {"case": None, "word": w("submissions.none_yet", lang), "css": ""}
    word = w(f"submissions.case.state.{case.state}", lang)
    return {"case": case, "word": word, "css": reads.STATE_CLASS.get(case.state, "")}


def _line(row: dict[str, Any], lang: str) -> dict[str, Any]:
    name = row["field"]
    known = STAYS[name] if name in STAYS.names else None
    title = name if known is None else known.en.split(":")[0] if lang == "en" else known.zh
    return row | {"title": title, "said": row[lang], "css": LEVEL_CLASS[row["level"]]}


def _years(request: HttpRequest) -> tuple[int, int, int]:
    asked = request.GET.get("year", "")
    plain = int(asked) if asked.isdigit() and 1990 <= int(asked) <= 2200 else int(reads.due_period()[:4])
    return plain - 1, plain, plain + 1


def _period(request: HttpRequest, otherwise: str) -> str:
    asked = request.GET.get("period", "")
    return asked if _PERIOD.fullmatch(asked) else otherwise


def _address(asked: dict[str, str], start: int) -> str:
    return "?" + urlencode({**asked, "from": start})


def _download(file: Path, name: str) -> FileResponse:
    answer = FileResponse(file.open("rb"), as_attachment=True, filename=name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer
