"""The reports that a run is given: workbook and page, in the language of the command."""

from __future__ import annotations

from drgpay import report, runs

REPORTS = ("report.xlsx", "report.html")


def reports_of(lang: str) -> list[runs.Report]:
    """Writers of a run's reports in a language."""
    workbook, page = REPORTS
    return [
        lambda run: report.write_workbook(run, run / workbook, lang),
        lambda run: report.write_page(run, run / page, lang),
    ]


def every_report() -> dict[str, list[runs.Report]]:
    """The same in every language, for what makes a run again in the language it was made in."""
    return {lang: reports_of(lang) for lang in ("zh", "en")}
