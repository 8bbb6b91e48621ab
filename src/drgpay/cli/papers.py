"""The reports that every run brings, in the language of its command."""

from __future__ import annotations

from drgpay import report as reports
from drgpay import runs

REPORTS = ("report.xlsx", "report.html")


def run_reports(lang: str) -> list[runs.Report]:
    """The writers of a run's reports in a language."""
    workbook, page = REPORTS
    missing = reports.charts_missing()
    if missing:  # said before the run, not after it
        raise missing
    return [
        lambda run: reports.write_workbook(run, run / workbook, lang),
        lambda run: reports.write_page(run, run / page, lang),
    ]
