"""The explanation of one figure of a statement: formula, ledger entries, largest stays, parameters and sources."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from drgpay.engine import read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Laws
from drgpay.runs.explain import Section, source_of, sourced
from drgpay.runs.explain_figure import booked, formula, item_named, largest, registered, through_the_book
from drgpay.runs.explain_month import explain_month
from drgpay.runs.ledgers import ledger_of
from drgpay.runs.manifest import TABLES, laws_of_run
from drgpay.runs.whose import institution_named, names_of_run
from drgpay.steps.settlement import STATEMENT_ITEMS
from drgpay.tables import STATEMENTS

ALIASES = {"deposit": "deposit_held", "surplus": "surplus_returned", "overspend": "overspend_shared",
           "second": "second_distribution", "paid": "paid_in_months", "final": "final_payment"}  # fmt: skip
ALIASES_ZH = {"保证金": "deposit_held", "结余": "balance", "超支": "balance", "按项目": "actual",
              "按项目记账": "actual", "最终支付": "final_payment", "实付": "final_payment",
              "违规": "violations", "上缴": "surplus_returned", "分担": "overspend_shared"}  # fmt: skip


def explain_cell(run: Path, institution: str, item: str) -> tuple[list[Section], dict[str, dict[str, str]]]:
    """Sections that explain a figure of an institution's statement, for each insurance scheme, and the parameters
    named with their values and sources. Raises DATA for an unknown institution and USAGE for an unknown item."""
    manifest, tables = read_manifest(run), run / TABLES
    if manifest["kind"] == "month":
        sections, parameters = explain_month(run, manifest, institution_named(run, institution), item)
        return _sourced(sections, laws_of_run(run, manifest), parameters)
    name = item_named(item, STATEMENT_ITEMS, ALIASES | ALIASES_ZH)
    if name is None:
        raise DrgpayError(
            Kind.USAGE,
            zh="清算单没有这一项",
            en="the statement has no such item",
            field="--item",
            value=item,
            fix_zh=f"可选:{'、'.join(STATEMENTS[column].zh for column in STATEMENT_ITEMS)}",
            fix_en=f"one of: {', '.join([*STATEMENT_ITEMS, *ALIASES])}",
        )
    institution = institution_named(run, institution)
    rows = read_table(tables, STATEMENTS).filter(pl.col("institution_id") == institution).to_dicts()
    chosen, ledger = STATEMENT_ITEMS[name], ledger_of(run)
    names = names_of_run(run)
    sections = []
    for row in rows:
        sections.append(formula(tables, row, name, chosen, names))
        if manifest.get("after"):
            sections += through_the_book(run, row, chosen.events, names)
        sections += booked(ledger, row, chosen.events, names)
        if name in ("due", "actual"):
            sections.append(largest(tables, row, "year_due" if name == "due" else "fund_by_item"))
        sections += registered(run, row, name, manifest["year"])
    return _sourced(sections, laws_of_run(run, manifest), chosen.parameters)


def _sourced(
    sections: list[Section], laws: Laws, names: tuple[str, ...]
) -> tuple[list[Section], dict[str, dict[str, str]]]:
    """The sections with their sources, and the parameters with their values and sources; one that acts on months and
    changes stands once for each of its values, with the months of it: ``settlement.monthly_pay_ratio [1-6]``."""
    found = list(laws.sourced(names))
    several = {name for name, months, _ in found if months}
    return sourced(sections, laws.policy, several), {
        f"{name} [{months[0]}-{months[1]}]" if months else name: source_of(policy, name)
        for name, months, policy in found
    }
