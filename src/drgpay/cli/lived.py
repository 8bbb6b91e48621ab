"""The demonstration of a book: the first quarter of a year as it is lived, each month sealed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from drgpay import runs, samples
from drgpay.cli.book import book
from drgpay.cli.console import engine_with_progress, out
from drgpay.engine import open_parquet

_MONTHS = (1, 2, 3)
_BY = ("审批人", "approver")


def live_a_quarter(folder: Path, stays: int, threads: int, lang: str) -> None:
    """A region whose year is lived below ``folder``, its first months settled one after another with what was known
    by the middle of the next, sealed and verified, and the book that they make. What is sealed is not made again: a
    folder that is there is only shown."""
    zh = lang == "zh"
    region, place = folder / "region", folder / "runs"
    last = place / f"m{_MONTHS[-1]:02d}"
    out.print("\n按实际过程办理(一季度):" if zh else "\na year as it is lived (first quarter):")
    if not last.exists():
        if not region.exists():
            samples.make_region(region, stays=stays, lived=True)
        before: Path | None = None
        for month in _MONTHS:
            run, known = place / f"m{month:02d}", date(2024, month + 1, 15)
            with engine_with_progress(threads, lang) as engine:
                if not run.exists():
                    order = runs.Order(region, "demo", 2024, month=month, known_on=known, after=before)
                    runs.run(order, run, engine, ())
                    runs.seal_run(run, engine, by=_BY[not zh], on=known)
            before = run
    book(last, None, lang)
    tables = [place / f"m{month:02d}" / runs.TABLES for month in _MONTHS]
    late = sum(open_parquet(path).metadata.num_rows for folder in tables for path in runs.correction_files(folder))
    out.print(f"已封账月份的更正 {late} 例" if zh else f"corrections of sealed months: {late}")
    out.print(
        f"  drgpay verify {last}\n  drgpay explain {last} --institution H99990100001 --item due", highlight=False
    )
