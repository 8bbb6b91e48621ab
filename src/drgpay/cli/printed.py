"""The reports that a run brings along: the workbook and the page."""

from __future__ import annotations

from drgpay import report as reports
from drgpay import runs

REPORTS = ("report.xlsx", "report.html")


def reports_of(lang: str) -> list[runs.Report]:
    """What writes them into the folder of a run, in a language."""
    workbook, page = REPORTS
    return [
        lambda run: reports.write_workbook(run, run / workbook, lang),
        lambda run: reports.write_page(run, run / page, lang),
    ]


def reports_by_language() -> dict[str, list[runs.Report]]:
    """The same in every language, for a run that is made again."""
    return {lang: reports_of(lang) for lang in ("zh", "en")}
