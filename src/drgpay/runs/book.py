"""The book of a year as people read it: its links, what was booked for whom, the accounts by day (design/12 §2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from drgpay.engine import MANIFEST, Engine
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Entry
from drgpay.runs.chain import Chain, Link, read_chain
from drgpay.runs.manifest import REGISTERS, file_digest
from drgpay.runs.passed import passed_on
from drgpay.runs.region import Registers
from drgpay.runs.seals import Seal, check_next, seal
from drgpay.runs.signing import signer
from drgpay.runs.verify import Reports, verify
from drgpay.tables import MONTHS_PAID


@dataclass(frozen=True)
class BookView:
    """``links``: link, run, sealed_on, sealed_by, entries, head; ``amounts``: insurance_scheme, institution_id, link,
    event, amount (fen); ``accounts``: date, account, moved, balance (fen, debit +), every day an account moved."""

    area: str
    year: int
    links: pl.DataFrame
    amounts: pl.DataFrame
    accounts: pl.DataFrame
    passed: pl.DataFrame
    """rows of the register ``debts`` of the next year: what sealed clearings and re-openings leave"""


def book(run: Path) -> BookView:
    """The book that ends with a run; the run itself may be unsealed yet."""
    chain = read_chain(run, sealed=False)
    return BookView(chain.area, chain.year, _links(chain), _amounts(chain), _accounts(chain), passed_on(chain.links))


def _links(chain: Chain) -> pl.DataFrame:
    rows = [
        {
            "link": link.name,
            "run": link.folder.name,
            "sealed_on": link.seal.on if link.seal else None,
            "sealed_by": link.seal.by if link.seal else None,
            "entries": len(link.ledger),
            "head": link.ledger.head,
        }
        for link in chain.links
    ]
    text = dict.fromkeys(("link", "run", "sealed_on", "sealed_by", "head"), pl.String)
    return pl.DataFrame(rows, schema_overrides=text)


def _amounts(chain: Chain) -> pl.DataFrame:
    rows = [
        (e.insurance_scheme, e.institution_id, link.name, e.month, e.event, e.amount)
        for link in chain.links
        for e in link.ledger
        if e.institution_id is not None
    ]
    names = ("insurance_scheme", "institution_id", "link", "month", "event", "amount")
    found = pl.DataFrame(rows, schema=names, orient="row")
    return found.group_by(*names[:-1], maintain_order=True).agg(pl.col("amount").sum())


def _accounts(chain: Chain) -> pl.DataFrame:
    def sides(e: Entry) -> list[tuple[date, str, int]]:
        return [(e.date, e.debit, e.amount), (e.date, e.credit, -e.amount)]

    rows = [side for entry in chain.entries() for side in sides(entry)]
    moved = pl.DataFrame(rows, schema={"date": pl.Date, "account": pl.String, "moved": pl.Int64}, orient="row")
    days = moved.group_by("account", "date").agg(pl.col("moved").sum()).sort("account", "date")
    return days.with_columns(balance=pl.col("moved").cum_sum().over("account")).select(
        "date", "account", "moved", "balance"
    )


def seal_run(
    run: Path,
    engine: Engine,
    *,
    by: str,
    on: date,
    key: Path | None = None,
    reports: Reports | None = None,
    schemes: Path | None = None,
) -> Seal:
    """Verify a run with its whole chain, and seal it: see :func:`drgpay.runs.seals.seal`. ``key``: signs it too;
    ``reports``: write the run's reports again, to compare them; ``schemes``: folder of own schemes.

    BROKEN when a check fails, USAGE without a name; nothing is changed then.
    """
    if not by.strip():
        raise DrgpayError(Kind.USAGE, zh="封账要写明经手人", en="a seal needs a name", field="--by",
                          fix_zh="加上 --by 姓名", fix_en="add --by NAME")  # fmt: skip
    check_next(run)
    failed = [check for check in verify(run, engine, reports=reports, schemes=schemes) if not check.ok]
    if failed:
        raise DrgpayError(
            Kind.BROKEN, zh=f"复核未通过:{failed[0].zh}", en=f"a check fails: {failed[0].en}", file=run.name,
            value=failed[0].failure.splitlines()[0], fix_zh="先用 drgpay verify 查明",
            fix_en="see drgpay verify first",
        )  # fmt: skip
    chain = read_chain(run, sealed=False)
    _starts_whole(chain.first)
    digest = file_digest(run / MANIFEST)
    made = seal(run, by=by, on=on, ledger_head=chain.last.ledger.head, sign=signer(key) if key else None)
    assert made.digest == digest
    return made


def _starts_whole(first: Link) -> None:
    """A book that does not begin with January says what was paid in the months before. Raises USAGE naming them."""
    paid = Registers.read(first.folder / REGISTERS)[MONTHS_PAID].filter(pl.col("year") == first.manifest["year"])
    missing = sorted(set(range(1, first.month or 1)) - set(paid["month"]))
    if missing:
        raise DrgpayError(
            Kind.USAGE, zh="账本从年中开始,却没有以前各月的付款", file=first.folder.name,
            en="the book begins in mid-year and does not say what was paid before", field="months_paid",
            value=", ".join(str(month) for month in missing),
            fix_zh="从 1 月起用 --after 逐月办理,或在登记表 months_paid 中填入这些月份",
            fix_en="go on from January with --after, or enter these months in the register months_paid",
        )  # fmt: skip
