"""Where two folders of results differ: the table, the row by its key, the column, and both values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import Dataset, frame, open_parquet
from drgpay.places import MANIFEST, MARK, SEAL, files_below, visible
from drgpay.runs.manifest import LEDGER, POLICY, TABLES, file_digest
from drgpay.runs.seals import SIGNATURE
from drgpay.tables import ALL, Table

_BY_NAME = {table.name: table for table in ALL}
_PRIVATE = ("person_id",)
_SHOWN = 40


@dataclass(frozen=True)
class Difference:
    """One value that is not what it should be. ``rows``: how many of the table's rows differ."""

    place: str
    key: str
    column: str
    recorded: str
    made: str
    rows: int = 1

    def text(self) -> str:
        """On one line, readable in both languages."""
        at = " · ".join(part for part in (self.place, self.key, self.column) if part)
        more = f" (+{self.rows - 1:,})" if self.rows > 1 else ""
        return f"[{at}] 记录 recorded {self.recorded} ≠ 重算 recomputed {self.made}{more}"


def differences(recorded: Path, made: Path, only: Iterable[str] | None = None) -> Iterator[Difference]:
    """Every table and file of a folder of results that is not what was made again; one difference per column.

    ``only``: names to compare (a table of parts by its folder); None: all but the manifest.
    """
    names = sorted(only) if only is not None else sorted(_units(recorded) | _units(made))
    for name in names:
        mine, other = recorded / name, made / name
        if not other.exists() and not mine.exists():
            continue
        if not mine.exists() or not other.exists():
            there, missing = ("有 there", "缺失 missing")
            yield Difference(name, "", "", *((there, missing) if mine.exists() else (missing, there)))
        elif _digests(mine) != _digests(other):
            yield from _unlike(name, mine, other)


def _units(folder: Path) -> set[str]:
    """Files of a folder, a table of parts as one."""
    found = set()
    for name in files_below(folder):
        parts = name.split("/")
        found.add("/".join(parts[:2]) if parts[0] == TABLES else name)
    return found - {MANIFEST, MARK, SEAL, SIGNATURE}


def _digests(path: Path) -> list[tuple[str, str]]:
    if path.is_file():
        return [("", file_digest(path))]
    return [(name, file_digest(path / name)) for name in files_below(path)]


def _unlike(name: str, mine: Path, other: Path) -> Iterator[Difference]:
    table = _BY_NAME.get(Path(name).stem)
    if name.startswith((f"{TABLES}/", "registers/")) and table is not None:
        yield from _rows(name.removesuffix(".parquet"), table, mine, other)
    elif name == LEDGER:
        yield from _lines(name, mine, other)
    elif name == POLICY:
        yield from _entries(name, mine, other)
    else:
        yield Difference(name, "", "", file_digest(mine)[:12], file_digest(other)[:12])


def _read(path: Path, table: Table) -> pl.DataFrame:
    found = pl.concat([frame(open_parquet(p).read()) for p in Dataset.of(path).paths])
    listed = [pl.col(name).list.join("|") for name, kind in found.schema.items() if kind == pl.List]
    return found.with_columns(listed).sort([name for name in table.key if name in found.columns])


def _rows(name: str, table: Table, mine: Path, other: Path) -> Iterator[Difference]:
    old, new = _read(mine, table), _read(other, table)
    columns = sorted(set(old.columns) ^ set(new.columns))
    if columns:
        left, right = ("有 there" if columns[0] in f.columns else "–" for f in (old, new))
        yield Difference(name, "", columns[0], left, right)
        return
    key = list(table.key)
    there, missing = "有 there", "缺失 missing"
    for mine_too, rows, others in ((True, old, new), (False, new, old)):
        alone = rows.join(others, on=key, how="anti", nulls_equal=True)
        if alone.height:
            sides = (there, missing) if mine_too else (missing, there)
            yield Difference(name, _key(alone.row(0, named=True), key), "/".join(key), *sides, alone.height)
    if old.height != new.height or not old.select(key).equals(new.select(key), null_equal=True):
        if old.height != new.height:
            yield Difference(name, "", "n", f"{old.height:,}", f"{new.height:,}")
        return
    for column in old.columns:
        a, b = old[column], new[column]
        unlike = a.ne_missing(b).arg_true() if a.dtype == b.dtype else pl.Series(range(min(1, old.height)))
        if len(unlike):
            at = int(unlike[0])
            values = ("***", "***") if column in _PRIVATE else (_shown(a[at]), _shown(b[at]))
            yield Difference(name, _key(old.row(at, named=True), key), column, *values, len(unlike))


def _key(row: dict[str, Any], key: list[str]) -> str:
    return "/".join("***" if name in _PRIVATE else _shown(row[name]) for name in key)


def _shown(value: Any) -> str:
    text = visible(str(value)) if value is not None else "–"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _lines(name: str, mine: Path, other: Path) -> Iterator[Difference]:
    """The first line of the ledger that differs, and in which field."""
    old, new = (path.read_text(encoding="utf-8", errors="replace").split("\n") for path in (mine, other))
    for number, (a, b) in enumerate(zip(old, new, strict=False), start=1):
        if a != b:
            left, right = (_entry(line) for line in (a, b))
            field = next((f for f in (*right, *left) if left.get(f) != right.get(f)), "")
            entry = str(right.get("entry_id", left.get("entry_id", f"line {number}")))
            yield Difference(name, visible(entry), field, _shown(left.get(field)), _shown(right.get(field)))
            return
    yield Difference(name, "", "n", f"{len(old):,}", f"{len(new):,}")


def _entry(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {"": line}
    inner = said.get("entry") if isinstance(said, dict) else None
    return inner if isinstance(inner, dict) else said if isinstance(said, dict) else {"": line}


def _entries(name: str, mine: Path, other: Path) -> Iterator[Difference]:
    try:
        old, new = (json.loads(path.read_text(encoding="utf-8")) for path in (mine, other))
        both = sorted(old.keys() | new.keys())
    except (ValueError, AttributeError):
        yield Difference(name, "", "", "读不出 unreadable", "有 there")
        return
    for entry in both:
        left, right = (x if isinstance(x, dict) else {"": x} for x in (old.get(entry), new.get(entry)))
        field = next((f for f in (*right, *left) if left.get(f) != right.get(f)), None)
        if field is not None:
            yield Difference(name, entry, field, _shown(left.get(field)), _shown(right.get(field)))


def manifest_differences(
    recorded: dict[str, Any], made: dict[str, Any], names: Iterable[str]
) -> Iterator[Difference]:
    """Parts of a manifest that are not what was made again, one figure each."""
    for name in names:
        a, b = recorded.get(name), made.get(name)
        if a == b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            for inner in sorted(a.keys() | b.keys()):
                if a.get(inner) != b.get(inner):
                    yield Difference(MANIFEST, name, inner, _shown(a.get(inner)), _shown(b.get(inner)))
        else:
            yield Difference(MANIFEST, name, "", _shown(a), _shown(b))
