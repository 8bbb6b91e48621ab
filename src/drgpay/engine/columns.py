"""Columns of a batch as NumPy arrays, without a copy where Arrow allows it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.places import cell


def codes_in(column: Any, vocabulary: Any) -> npt.NDArray[np.int64]:
    """Place of each text value in ``vocabulary`` (an Arrow text array), −1 for null and for unknown values.

    A dictionary-coded column is looked up once per distinct value.
    """
    if pa.types.is_dictionary(column.type):
        if len(column.dictionary) == 0:
            return np.full(len(column), -1, np.int64)
        of_value = codes_in(column.dictionary, vocabulary)
        return np.append(of_value, np.int64(-1))[integers(column.indices, -1)]
    found = pc.index_in(column, value_set=vocabulary.cast(column.type))
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)


def integers(column: Any, null: int = 0) -> npt.NDArray[np.int64]:
    """An integer column as int64, nulls replaced."""
    if column.null_count:
        column = pc.fill_null(column, null)
    return np.asarray(column.to_numpy(zero_copy_only=False), np.int64)


def years_of(dates: Any) -> npt.NDArray[np.int64]:
    """The year of every date of a column without nulls."""
    return np.asarray(_since(dates, "M8[Y]") + 1970, np.int64)


def months_of(dates: Any) -> npt.NDArray[np.int64]:
    """The month (1–12) of every date of a column without nulls."""
    return np.asarray(_since(dates, "M8[M]") % 12 + 1, np.int64)


def _since(dates: Any, unit: str) -> Any:
    """Years or months since 1970."""
    return dates.to_numpy(zero_copy_only=False).astype(unit).astype(np.int64)


def coded(codes: npt.NDArray[np.int64], vocabulary: Any) -> Any:
    """A dictionary-coded column from places in a vocabulary; −1 becomes null."""
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32), mask=codes < 0), vocabulary.cast(pa.string())
    )


def frame(data: Any) -> pl.DataFrame:
    """A batch or table as a Polars frame, dictionary-coded columns as plain text: codes of different batches meet,
    and sorting is by text."""
    table = data if isinstance(data, pa.Table) else pa.Table.from_batches([data])
    result = pl.from_arrow(table.cast(pa.schema([pa.field(f.name, _plain(f.type)) for f in table.schema])))
    assert isinstance(result, pl.DataFrame)
    return result


def _plain(kind: Any) -> Any:
    """The type without dictionaries, in lists too."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_list(kind) and pa.types.is_dictionary(kind.value_type):
        return pa.list_(kind.value_type.value_type)
    return kind


_SQUARE_BITS = 18
"""amounts are squared in three pieces, a·2¹⁸ + b, so that sums of squares stay in 64 bits"""


def squares(amount: str) -> dict[str, pl.Expr]:
    """Sums of the squares of a column of amounts in three pieces, ``q2, q1, q0``, each of 64 bits."""
    a, b = pl.col(amount) // (1 << _SQUARE_BITS), pl.col(amount) % (1 << _SQUARE_BITS)
    return {"q2": (a * a).sum(), "q1": (a * b).sum(), "q0": (b * b).sum()}


def square_sum(q2: int, q1: int, q0: int) -> int:
    """The whole sum of squares from its pieces, of any size."""
    return (q2 << 2 * _SQUARE_BITS) + (q1 << _SQUARE_BITS + 1) + q0


_ACTS = r"^\s*[=+\-@＝＋－＠]|[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]"
"""what :func:`drgpay.places.cell` looks at more closely"""


def for_people(data: pl.DataFrame) -> pl.DataFrame:
    """The texts of a table as cells of a CSV that people open: see :func:`drgpay.places.cell`. Numbers stay numbers.
    Only values that may act on a spreadsheet or a terminal are touched, each once."""
    changed = []
    for column in data.get_columns():
        if column.dtype not in (pl.String, pl.Categorical, pl.Enum):
            continue
        texts = column.cast(pl.String)
        acting = texts.filter(texts.str.contains(_ACTS)).unique()
        changed.append(texts.replace(acting, pl.Series([cell(text) for text in acting], dtype=pl.String)))
    return data.with_columns(changed)
