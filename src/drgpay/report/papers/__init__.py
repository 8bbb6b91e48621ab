"""Papers of an institution (拨付单, 病例清单, 清算单): one document model, printed as PDF, workbook, Word or slides.

:func:`paper_of` makes a paper from a run; :data:`PRINTERS` print any paper, by the ending of the file;
:func:`as_data` and :func:`from_data` keep one and give it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from drgpay.errors import DrgpayError, Kind
from drgpay.report.labels import check_language
from drgpay.report.papers.document import to_docx
from drgpay.report.papers.kept import as_data, from_data
from drgpay.report.papers.model import Block, Chart, Column, Line, Paper, Series, Signature, Table, Text
from drgpay.report.papers.month import month_paper
from drgpay.report.papers.of_run import OfRun
from drgpay.report.papers.pdf import to_pdf, typst_missing
from drgpay.report.papers.pieces import Desk
from drgpay.report.papers.slides import to_pptx
from drgpay.report.papers.stays import stays_paper
from drgpay.report.papers.texts import cell_text
from drgpay.report.papers.workbook import to_xlsx
from drgpay.report.papers.year import year_paper

KINDS: Mapping[str, Callable[[Desk], Paper | None]] = {
    "month": month_paper,
    "stays": stays_paper,
    "year": year_paper,
}
"""kinds of papers: payment note of a month, list of stays, clearing statement of a year"""

PRINTERS: Mapping[str, Callable[[Paper, Path], tuple[str, ...] | None]] = {
    "pdf": to_pdf,
    "xlsx": to_xlsx,
    "docx": to_docx,
    "pptx": to_pptx,
}
"""what prints a paper, by the ending of the file; what it gives back are signs that no font has"""


def paper_of(run: Path | OfRun, kind: str, institution: str, lang: str = "zh") -> Paper:
    """The paper of an institution (by its code) from a run, which may be a link of a book.

    ``kind``: one of :data:`KINDS`. Who asks for many papers gives an :class:`OfRun`, which reads the run once. USAGE:
    an unknown kind, or a run of the other period; DATA: no such institution, or the run has nothing for it.
    """
    of = run if isinstance(run, OfRun) else OfRun(run)
    paper = paper_or_none(of, kind, institution, lang)
    if paper is None:
        raise DrgpayError(
            Kind.DATA, zh="本次结算没有这家机构的病例和款项",
            en="the run has no stay and no payment of this institution", file=of.folder.name,
            value=f"{institution} {of.names[institution]}",
            fix_zh="换一个结算期,或核对机构", fix_en="choose another period, or check the institution",
        )  # fmt: skip
    return paper


def paper_or_none(of: OfRun, kind: str, institution: str, lang: str = "zh") -> Paper | None:
    """:func:`paper_of` for one of all institutions: None where the run has nothing for it."""
    check_language(lang)
    if kind not in KINDS:
        raise DrgpayError(Kind.USAGE, zh="没有这种纸质件", en="no such kind of paper", value=kind,
                          fix_zh="、".join(KINDS), fix_en=", ".join(KINDS))  # fmt: skip
    if kind != "stays" and (kind == "month") != bool(of.month):
        raise _other_period(of)
    if institution not in of.names:
        raise DrgpayError(Kind.DATA, zh="没有这家机构", en="no such institution", file=of.folder.name,
                          value=institution, fix_zh="写机构编号", fix_en="write its code")  # fmt: skip
    return KINDS[kind](Desk(of, institution, lang))


def _other_period(of: OfRun) -> DrgpayError:
    if of.month:
        return DrgpayError(
            Kind.USAGE, zh="这是月结的结果,没有清算单", en="this is a month: it has no clearing statement",
            file=of.folder.name, fix_zh="用 drgpay paper month,或给出年清算的结果",
            fix_en="use drgpay paper month, or name the run of a clearing",
        )  # fmt: skip
    return DrgpayError(
        Kind.USAGE, zh="这是年度清算的结果,没有月度拨付单", en="this is a clearing: it has no note of a month",
        file=of.folder.name, fix_zh="用 drgpay paper year,或给出 drgpay run month 的结果",
        fix_en="use drgpay paper year, or name a result of drgpay run month",
    )  # fmt: skip


__all__ = [
    "KINDS",
    "PRINTERS",
    "Block",
    "Chart",
    "Column",
    "Line",
    "OfRun",
    "Paper",
    "Series",
    "Signature",
    "Table",
    "Text",
    "as_data",
    "cell_text",
    "from_data",
    "paper_of",
    "paper_or_none",
    "to_docx",
    "to_pdf",
    "to_pptx",
    "to_xlsx",
    "typst_missing",
]
