"""Check a run again: its files, digests and root hash, its ledger, and every table against what its inputs give."""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from drgpay import __version__
from drgpay.engine import Engine, dataset, open_parquet, read_manifest, read_table, table_path, whole_manifest
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.places import MANIFEST, MARK, SEAL, files_below, visible
from drgpay.runs.again import Again, find_region, from_region, from_run
from drgpay.runs.book_checks import book_in_words, check_book, in_book, whole_book
from drgpay.runs.differences import Difference, differences, manifest_differences
from drgpay.runs.manifest import LEDGER, ROOT, TABLES, folder_digests, root_of
from drgpay.runs.money import dues_of
from drgpay.runs.order import Report
from drgpay.runs.posted import check_stays
from drgpay.runs.seals import SIGNATURE
from drgpay.steps import fund, settlement
from drgpay.tables import (
    ALL,
    CAPITATION_RESULTS,
    CLOSINGS,
    INSTITUTION_MONTHS,
    MODE_PAYMENTS,
    STATEMENTS,
    STAY_PAYMENTS,
)

_SHORT = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.ENOMEM})
Reports = Mapping[str, Sequence[Report]]
"""writers of a run's reports, by language"""
_SETTLED = ("year", "month")
_SHOWN = 8
"""differences that are told; the others are counted"""
_BY_NAME = {table.name: table for table in ALL}


@dataclass(frozen=True)
class Check:
    """One check of a run: its name in both languages, what was wrong, if anything, and what it could not check."""

    zh: str
    en: str
    failure: str = ""
    note_zh: str = ""
    note_en: str = ""
    done: bool = True
    """false: it was not made, and the note says so"""

    @property
    def ok(self) -> bool:
        """The check passed."""
        return not self.failure


def verify(
    run: Path,
    engine: Engine,
    *,
    quick: bool = False,
    region: Path | None = None,
    schemes: Path | None = None,
    reports: Reports | None = None,
    root: str = "",
    head: str = "",
    key: Path | None = None,
) -> list[Check]:
    """All checks of a folder of results, in order; a check that fails says why and the others still run.

    A settled run is made again from what it recorded: from the files of its ``region`` (the one beside the run whose
    digests fit, when none is named), or without them from its grouped stays, registers and policy; every row that
    differs is named. ``quick`` leaves that out and says so. ``reports`` writes its reports again; ``schemes``: folder
    of own schemes; ``root``: the root hash somebody noted. The whole book that ends with the run is checked too: its
    links, their seals, and their signatures by the public ``key``; ``head``: of the seals, as it was noted.
    Other results (evaluation, oversight, a hospital's
    quarter) are checked by their files and root hash. A manifest that cannot be read is BROKEN.
    """
    manifest = whole_manifest(run)
    settled = manifest["kind"] in _SETTLED
    year_run = manifest["kind"] == "year"
    checks: list[tuple[str, str, Callable[[], None]]] = [
        ("文件清单和摘要", "digests of the files", lambda: check_listed(run, manifest)),
        ("根摘要", "root hash", lambda: check_root(manifest, root)),
    ]
    if settled:
        checks += [
            ("总账哈希链", "hash chain of the ledger", lambda: _chain(run, manifest)),
            ("病例支付合计", "stays' payments add up", lambda: _stays(run, engine, year_run)),
        ]
    if settled and in_book(run, manifest):
        checks.append(("账本各期", "links of the book", lambda: check_book(run, head, key)))
    if year_run:
        checks.append(("基金守恒与清算单", "conservation and statements", lambda: _closed(run)))
    done = [Check(zh, en, _failure(check)) for zh, en, check in checks]
    done = [_told(run, c) if c.en == "links of the book" and c.ok else c for c in done]
    name = Check("按记录的输入重算并逐行比较", "made again from the recorded inputs and compared row by row")
    if not settled:
        note = (
            "这类结果不重算,只核对文件和根摘要",
            "results of this kind are not recomputed: files and root hash only",
        )
        return [*done, replace(name, done=False, note_zh=note[0], note_en=note[1])]
    if quick:
        return [*done, replace(name, done=False, note_zh="快速模式没有重算", note_en="not recomputed: quick mode")]
    if not _readable(run):
        return [
            *done,
            replace(name, done=False, note_zh="有链接,没有重算", note_en="not recomputed: there are links"),
        ]
    return [*done, _recomputed(run, manifest, engine, name, region, schemes, reports)]


def _told(run: Path, check: Check) -> Check:
    """Which links there are and how each is closed."""
    zh, en = book_in_words(run)
    return replace(check, note_zh=zh, note_en=en)


def _readable(run: Path) -> bool:
    """No link and no folder stands where a file should be."""
    return all(stat.S_ISREG((run / name).lstat().st_mode) for name in files_below(run))


def _recomputed(
    run: Path, manifest: dict[str, Any], engine: Engine, name: Check, region: Path | None, schemes: Path | None,
    reports: Reports | None,
) -> Check:  # fmt: skip
    found = region or find_region(run, manifest)
    notes: list[tuple[str, str]] = []
    wrong: list[Difference] = []

    def compared() -> None:
        with TemporaryDirectory(prefix="drgpay-verify-") as work:
            made = _made(run, manifest, engine, Path(work), found, schemes, reports)
            notes.extend((f"没有重算:{zh}", f"not recomputed: {en}") for zh, en in made.left_out)
            wrong.extend(differences(run, made.folder, made.only))
            if made.only is None:
                names = sorted((manifest.keys() | {"ledger"}) - {"software", "outputs", ROOT})
                wrong.extend(manifest_differences(manifest, read_manifest(made.folder), names))
            else:
                wrong.extend(manifest_differences(manifest, made.about, sorted(made.about)))

    failure = _failure(compared)
    if not failure and wrong:
        told = [d.text() for d in wrong[:_SHOWN]]
        told += [f"… {len(wrong) - _SHOWN:,} 处 more"] if len(wrong) > _SHOWN else []
        if manifest["software"] != f"drgpay {__version__}":
            told.append(f"由 {visible(str(manifest['software']))} 生成 made by it, not by drgpay {__version__}")
        failure = "\n".join(told)
    if found is not None and region is None:
        notes.append((f"区域文件夹 {found.name} 的输入摘要相符", f"the inputs in {found.name} are those recorded"))
    return replace(
        name, failure=failure, note_zh=";".join(z for z, _ in notes), note_en="; ".join(e for _, e in notes)
    )


def _made(
    run: Path, manifest: dict[str, Any], engine: Engine, work: Path, region: Path | None, schemes: Path | None,
    reports: Reports | None,
) -> Again:  # fmt: skip
    """The run again, with its reports in the language they were written in."""
    if region is None:
        return from_run(run, manifest, work, engine, schemes)
    written = [name for name in manifest["outputs"] if name.startswith("report.")]
    ways = list((reports or {}).values()) if written else []
    again = from_region(run, manifest, region, work, engine, schemes, ways[0] if ways else ())
    if ways and any(folder_digests(again.folder).get(n) != manifest["outputs"][n] for n in written):
        for write in ways[1]:
            write(again.folder)
    return again


def _failure(check: Callable[[], None]) -> str:
    try:
        check()
    except DrgpayError as error:
        if _no_room(error):
            raise  # it is this machine that is short of something, and says nothing about the results
        return error.text()
    except Exception as error:  # whatever a forged file does to a reader, the file is what is wrong
        return visible(f"{type(error).__name__}: {error}"[:300])
    return ""


def _no_room(error: BaseException | None) -> bool:
    """Whether a full disk, a quota or too little memory is what stopped a check."""
    while error is not None:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in _SHORT:
            return True
        error = error.__cause__ or error.__context__
    return False


def _broken(zh: str, en: str, file: str) -> DrgpayError:
    return DrgpayError(
        Kind.BROKEN,
        zh=zh,
        en=en,
        file=file,
        fix_zh="用同样的输入重新运行",
        fix_en="run again with the same inputs",
    )


def check_listed(run: Path, manifest: dict[str, Any]) -> None:
    """Exactly the files of the list, each an ordinary file of its kind with its digest. BROKEN names another."""
    expected, there = manifest["outputs"] or {}, set(files_below(run)) - {MANIFEST, MARK, SEAL, SIGNATURE}
    for name in sorted(expected.keys() | there):
        if name not in there:
            raise _broken("文件缺失", "a file is missing", name)
        if name not in expected:
            raise _broken("多出文件", "a file that is not in the manifest", visible(name))
        if not stat.S_ISREG((run / name).lstat().st_mode):
            raise _broken("不是普通文件", "this is no ordinary file", name)
    found = folder_digests(run)
    for name in sorted(expected):
        if found[name] != expected[name]:
            raise _broken("文件被改动", "the file was changed", name)
        _kind(run, name)


def _kind(run: Path, name: str) -> None:
    """A file of a table has the columns and types of the dictionary."""
    parts = Path(name).parts
    if parts[0] != TABLES or not name.endswith(".parquet"):
        if parts[0] == TABLES:
            raise _broken("表里有别的文件", "a file of another kind among the tables", name)
        return
    table = _BY_NAME.get(Path(parts[1]).stem)
    if table is None:
        raise _broken("没有这样的表", "there is no such table", name)
    schema = open_parquet(run / name).schema_arrow
    if [(f.name, f.type) for f in schema] != [(f.name, f.type) for f in table.schema]:
        raise _broken("表的列与数据字典不符", "the columns are not those of the dictionary", name)


def check_root(manifest: dict[str, Any], noted: str = "") -> None:
    """The manifest gives its root hash, and the one that was noted. BROKEN where it does not."""
    root = root_of(manifest)
    if manifest.get(ROOT) != root:
        raise _broken("清单被改动,与根摘要不符", "the manifest was changed: it does not give its root hash", MANIFEST)
    if noted and noted.strip().lower() != root:
        raise _broken("根摘要与所记的不同", "the root hash is not the one that was noted", MANIFEST)


def _chain(run: Path, manifest: dict[str, Any]) -> None:
    ledger = Ledger.read(run / LEDGER)
    if sum(ledger.balances().values()):
        raise _broken("借贷不平", "debits and credits differ", LEDGER)
    said = {"entries": len(ledger), "head": ledger.head}
    if ledger.name != f"drgpay {manifest['run']}" or any(entry.run != manifest["run"] for entry in ledger):
        raise _broken("总账属于另一次运行", "the ledger is another run's", LEDGER)
    if manifest.get("ledger") != said:
        raise _broken("总账与清单记录的末尾不符", "the ledger does not end as the manifest says", LEDGER)


def _closed(run: Path) -> None:
    """The closings are read from the ledger again and compared with the table."""
    tables = run / TABLES
    stored = read_table(tables, CLOSINGS).to_dicts()
    ledger = whole_book(run)
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
