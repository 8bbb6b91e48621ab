"""Code dictionaries and crosswalks: code -> name, which codes may not be reported, code -> code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from drgpay.errors import DrgpayError, Kind

DATA = Path(__file__).parent.parent / "data"
CODES = DATA / "codes"


@dataclass(frozen=True)
class Codes:
    """A code dictionary. ``gray`` codes stand in it but may not be reported."""

    id: str
    names: Mapping[str, str] = field(repr=False)
    gray: frozenset[str] = field(repr=False)

    def name(self, code: str) -> str:
        """Chinese name of the code; "" when the dictionary does not have it."""
        return self.names.get(code, "")

    @cached_property
    def known(self) -> frozenset[str]:
        """Every code of the dictionary."""
        return frozenset(self.names)


def build_codes(source: Path, dest: Path = CODES) -> dict[str, int]:
    """Write every CSV of ``source`` (dictionaries and crosswalks) as Parquet to ``dest``; returns rows per table."""
    dest.mkdir(parents=True, exist_ok=True)
    result = {}
    for path in sorted(source.glob("*.csv")):
        names = path.open(encoding="utf-8").readline().strip().split(",")
        table = pc.read_csv(
            path, convert_options=pc.ConvertOptions(column_types={name: pa.string() for name in names})
        )
        draft = dest / f".{path.stem}.draft"
        pq.write_table(table, draft, compression="zstd", compression_level=19, store_schema=False)
        draft.rename(dest / f"{path.stem}.parquet")
        result[path.stem] = table.num_rows
    load_codes.cache_clear()
    load_crosswalk.cache_clear()
    return result


def _read(name: str) -> pa.Table:
    path = CODES / f"{name}.parquet"
    if not path.exists():
        known = sorted(p.stem for p in CODES.glob("*.parquet"))
        raise DrgpayError(
            Kind.SCHEME,
            zh=f"没有编码表 «{name}»",
            en=f"there is no code table «{name}»",
            fix_zh=f"可用的编码表：{'、'.join(known)}",
            fix_en=f"code tables there are: {', '.join(known)}",
            value=name,
        )
    return pq.ParquetFile(path).read(use_threads=False)


@lru_cache(maxsize=8)
def load_codes(name: str) -> Codes:
    """The dictionary ``name``, for example ``icd10-nhsa-2.0``; read once per process."""
    table = _read(name)
    codes = table.column("code").to_pylist()
    gray = table.column("gray").to_pylist() if "gray" in table.column_names else []
    return Codes(
        name,
        dict(zip(codes, table.column("name").to_pylist(), strict=True)),
        frozenset(code for code, mark in zip(codes, gray, strict=False) if mark == "1"),
    )


@lru_cache(maxsize=8)
def load_crosswalk(name: str) -> Mapping[str, str]:
    """The crosswalk ``name``, for example ``icd10-clinical-2.0-to-nhsa-2.0``: reported code -> scheme code."""
    table = _read(name)
    return dict(zip(table.column("from").to_pylist(), table.column("to").to_pylist(), strict=True))
