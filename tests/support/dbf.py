"""A dBASE III table with GBK text, written byte by byte after its description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def write_dbf(
    path: Path,
    rows: Sequence[Mapping[str, str]],
    *,
    kinds: Mapping[str, str] | None = None,
    deleted: frozenset[int] = frozenset(),
    widths: Mapping[str, int] | None = None,
) -> Path:
    """``kinds``: column -> type letter (C unless given); ``deleted``: numbers of rows to be marked as deleted."""
    kinds, widths = kinds or {}, widths or {}
    names = list(rows[0])
    wide = {n: widths.get(n) or max(1, *(len(row[n].encode("gb18030")) for row in rows)) for n in names}
    fields = b"".join(
        name.encode("gb18030").ljust(11, b"\0")
        + kinds.get(name, "C").encode()
        + bytes(4)
        + bytes([wide[name] & 255, wide[name] >> 8])
        + bytes(14)
        for name in names
    )
    size = 32 + len(fields) + 1
    head = b"\x03\x7c\x01\x01" + len(rows).to_bytes(4, "little") + size.to_bytes(2, "little")
    head += (1 + sum(wide.values())).to_bytes(2, "little") + bytes(20)
    records = b""
    for number, row in enumerate(rows):
        records += b"*" if number in deleted else b" "
        for name in names:
            cell = row[name].encode("gb18030")[: wide[name]]
            records += cell.rjust(wide[name]) if kinds.get(name) == "N" else cell.ljust(wide[name])
    path.write_bytes(head + fields + b"\r" + records + b"\x1a")
    return path
