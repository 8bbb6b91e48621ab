"""Check a run again from its files alone: digests, hash chain, conservation, statements, stays' payments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from drgpay.engine import Engine, dataset, read_manifest, read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.runs.manifest import LEDGER, TABLES, folder_digests
from drgpay.runs.money import dues_of
from drgpay.runs.settle import check_stays
from drgpay.steps import fund, settlement
from drgpay.tables import (
    CAPITATION_RESULTS,
    CLOSINGS,
    INSTITUTION_MONTHS,
    MODE_PAYMENTS,
    STATEMENTS,
    STAY_PAYMENTS,
)


@dataclass(frozen=True)
class Check:
    """One check of a run: its name in both languages, and what was wrong, if anything."""

    zh: str
    en: str
    failure: str = ""

    @property
    def ok(self) -> bool:
        """The check passed."""
        return not self.failure


def verify(run: Path, engine: Engine) -> list[Check]:
    """All checks of a run folder, in order; a check that fails says why and the others still run."""
    manifest = read_manifest(run)
    year_run = manifest["kind"] == "year"
    checks: list[tuple[str, str, Callable[[], None]]] = [
        ("文件摘要", "digests of the files", lambda: _digests(run, manifest["outputs"])),
        ("总账哈希链", "hash chain of the ledger", lambda: _chain(run)),
        ("病例支付合计", "stays' payments add up", lambda: _stays(run, engine, year_run)),
    ]
    if year_run:
        checks.append(("基金守恒与清算单", "conservation and statements", lambda: _closed(run)))
    return [Check(zh, en, _failure(check)) for zh, en, check in checks]


def _failure(check: Callable[[], None]) -> str:
    try:
        check()
    except DrgpayError as error:
        return error.text()
    except (OSError, KeyError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _broken(zh: str, en: str, file: str) -> DrgpayError:
    return DrgpayError(
        Kind.BROKEN,
        zh=zh,
        en=en,
        file=file,
        fix_zh="用同样的输入重新运行",
        fix_en="run again with the same inputs",
    )


def _digests(run: Path, expected: dict[str, str]) -> None:
    found = folder_digests(run)
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            raise _broken("文件缺失", "a file is missing", name)
        if name not in expected:
            raise _broken("多出文件", "a file that is not in the manifest", name)
        if found[name] != expected[name]:
            raise _broken("文件被改动", "the file was changed", name)


def _chain(run: Path) -> None:
    if sum(Ledger.read(run / LEDGER).balances().values()):
        raise _broken("借贷不平", "debits and credits differ", LEDGER)


def _closed(run: Path) -> None:
    """The closings are read from the ledger again and compared with the table."""
    tables = run / TABLES
    ledger, stored = Ledger.read(run / LEDGER), read_table(tables, CLOSINGS).to_dicts()
    again = [settlement.closing(ledger, row["insurance_scheme"]) for row in stored]
    if again != stored:
        raise _broken("清算平衡表与总账不一致", "the closings differ from the ledger", "tables/closings.parquet")
    settlement.check_closed(ledger, read_table(tables, STATEMENTS).to_dicts(), stored)
    if table_path(tables, MODE_PAYMENTS).exists():
        years = read_table(tables, MODE_PAYMENTS).filter(pl.col("month") == fund.YEAR).to_dicts()
        settlement.check_modes(ledger, years, read_table(tables, CAPITATION_RESULTS).to_dicts())


def _stays(run: Path, engine: Engine, year_run: bool) -> None:
    tables = run / TABLES
    statements = read_table(tables, STATEMENTS).to_dicts() if year_run else []
    dues = dues_of(read_table(tables, INSTITUTION_MONTHS).to_dicts(), statements)
    check_stays(engine, dataset(tables, STAY_PAYMENTS), dues)
