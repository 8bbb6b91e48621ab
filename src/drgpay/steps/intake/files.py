"""Files of rows, opened by their kind: text, workbooks, Parquet.

Other kinds of files are in :mod:`.formats`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from drgpay.steps.intake.chunks import ANYWHERE, Chunk, Source, Where, fail
from drgpay.steps.intake.parquetfiles import open_parquet
from drgpay.steps.intake.textfiles import encoding_of, open_text
from drgpay.steps.intake.workbooks import holds_sheets, open_workbook
from drgpay.tables import Table

__all__ = ["SUFFIXES", "Chunk", "Source", "Where", "encoding_of", "fail", "open_source", "present", "refuse_floats"]

TEXTS = (".csv", ".txt", ".tsv")
SUFFIXES = (*TEXTS, ".xlsx", ".xlsm", ".xls", ".parquet")
"""kinds of files :func:`open_source` reads"""


def open_source(path: Path, known: frozenset[str] = frozenset(), where: Where = ANYWHERE) -> Source:
    """Open a text file (.csv .txt .tsv), workbook (.xlsx .xlsm .xls) or Parquet file.

    ``known``: header cells the caller knows; sheet, header line and separator are those that show most of them,
    where ``where`` does not say them. Raises DrgpayError of kind DATA for a missing, empty, truncated, misnamed or
    wrongly encoded file. A file that is of another of these kinds than its name says is read as what it is.
    """
    present(path)
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(1 << 12)
    if suffix in SUFFIXES and start.startswith(b"PAR1"):
        return open_parquet(path)
    if suffix in (".xlsx", ".xlsm", ".xls") or (suffix in TEXTS and holds_sheets(start)):
        return open_workbook(path, known, where)
    if suffix in TEXTS:
        return open_text(path, known, where)
    if suffix == ".parquet":
        return open_parquet(path)
    raise fail(
        f"不认识的文件类型 {suffix}",
        f"unknown kind of file {suffix}",
        "请用 .csv、.xlsx 或 .parquet",
        "use .csv, .xlsx or .parquet",
        file=path.name,
    )


def present(path: Path) -> None:
    """Fail unless the path is a file with something in it."""
    name = path.name
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise fail(
            "文件读不了", "the file cannot be read", "核对路径、文件名和权限",
            "check the path, the name and the permissions", file=name[:80],
        ) from error  # fmt: skip
    if path.is_dir():
        raise fail(
            "这是文件夹,不是文件", "a folder, not a file", "给出其中一个文件", "name one file in it", file=name
        )
    if not path.exists():
        raise fail("找不到文件", "no such file", "核对路径和文件名", "check the path and the name", file=name)
    if not path.is_file():
        raise fail("不是普通文件", "no ordinary file", "给出文件本身", "name the file itself", file=name)
    try:
        path.open("rb").close()
    except OSError as error:
        raise fail(
            "文件读不了", "the file cannot be read", "检查读的权限", "check the permissions", file=name
        ) from error
    if path.stat().st_size == 0:
        raise fail("文件是空的", "the file is empty", "重新导出", "export it again", file=name)


def refuse_floats(source: Source, table: Table, places: Mapping[str, Sequence[int]]) -> None:
    """Fail when a money column of a Parquet file is floating point. ``places``: column -> header positions."""
    for name, positions in places.items():
        if table[name].type == "fen" and source.floats.intersection(positions):
            raise fail(
                "金额列是浮点数,不能精确到分",
                "a money column is floating point, which is not exact to the fen",
                "改存为整数分、decimal 或文本(元)",
                "store it as whole fen, or as decimal or text in yuan",
                file=source.file,
                field=name,
            )
