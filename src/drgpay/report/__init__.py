"""Reports of a run (报告): an Excel workbook and a single HTML page, from the run's small tables only.

Nothing is computed here but sums: every figure is read from the run, and the sums are of whole fen.
"""

from drgpay.report.page import write_page
from drgpay.report.workbook import write_workbook

__all__ = ["write_page", "write_workbook"]
