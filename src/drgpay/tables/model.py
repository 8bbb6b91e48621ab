"""What a table is: columns with type, unit, null rule, constraint, Chinese name, and the one step that writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError, Kind
from drgpay.tables.sight import SIGHTS, Sight

_TYPES: dict[str, Any] = {
    "text": pa.string(),
    "code": pa.dictionary(pa.int32(), pa.string()),
    "codes": pa.list_(pa.dictionary(pa.int32(), pa.string())),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "fen": pa.int64(),
    "points": pa.int64(),
    "ratio": pa.int64(),
    "date": pa.date32(),
    "flag": pa.bool_(),
}

NUMBERS = frozenset({"fen", "points", "ratio", "int8", "int16", "int32", "int64"})
"""the types of columns that hold whole numbers"""

MOST = 10**15
"""most a cell of money, points, ratios or long whole numbers may hold where its column says no less: ten trillion
yuan, more than any fund has. Thousands of such cells still add up in 64 bits."""
_LONG = ("fen", "points", "ratio", "int64")

UNITS = {"fen": "分 (fen)", "points": "1/10,000 点 (point)", "ratio": "1/10,000"}
"""Unit printed for the types that carry one."""


@dataclass(frozen=True)
class Column:
    """One column. ``type`` is one of text, code (dictionary-coded text), codes (list of codes), int8…int64,
    fen, points, ratio, date, flag. ``low``/``high`` are inclusive bounds; ``choices`` a closed list.

    ``refers``: what the value names, one of :data:`REFERENCES`; in a register it must be there. ``refers_when``:
    the same depending on another column of the row, as (column, its value, what is named).
    """

    name: str
    type: str
    zh: str
    en: str
    null: bool = False
    unit: str = ""
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    grouping: bool = False
    """needed to group a stay"""
    refers: str = ""
    refers_when: tuple[tuple[str, str, str], ...] = ()
    later: bool = False
    """came when files of the table were already about: one without it is read as if it were empty there"""

    @property
    def arrow(self) -> Any:
        """The Arrow type."""
        return _TYPES[self.type]

    @property
    def printed_unit(self) -> str:
        """Unit for the documentation."""
        return self.unit or UNITS.get(self.type, "")

    @property
    def bounds(self) -> tuple[int, int] | None:
        """Lowest and highest value (inclusive) a cell handed in may have; None: it has no size."""
        if self.low is None and self.high is None and self.type not in _LONG:
            return None
        most = MOST if self.type in _LONG else 2**63 - 1
        return -most if self.low is None else self.low, most if self.high is None else self.high

    def constraint(self) -> str:
        """Constraint for the documentation and for messages: ``0–120``, ``a | b``."""
        if self.choices:
            return " | ".join(self.choices)
        if self.low is None and self.high is None:
            return ""
        return f"{'' if self.low is None else self.low}–{'' if self.high is None else self.high}"


REFERENCES = {
    "institution": ("定点医疗机构", "institution", "institutions"),
    "stay": ("病例", "stay", "stays"),
    "group": ("病组", "group", "the grouping scheme"),
    "operation": ("手术操作", "operation", "the dictionary of codes"),
    "community": ("医共体", "community", "communities"),
    "department": ("科室", "department", "departments"),
    "hospital_department": ("科室", "department", "hospital_departments"),
    "staff": ("人员", "member of staff", "staff"),
}
"""what a value of a register can name: in Chinese, in English, and where it is kept"""


@dataclass(frozen=True)
class Table:
    """One table: its key columns identify a row; ``writer`` is the only step that writes it."""

    name: str
    zh: str
    en: str
    writer: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    folder: bool = False
    """kept as a folder of Parquet parts (one row per stay) instead of one file"""
    files: tuple[str, ...] = ()
    """further Chinese names a file of it may bear, besides its English and its Chinese name"""
    kept: str = ""
    """how a table that people bring is kept: ``rows`` (a register entered row by row, which registers are unless they
    say otherwise), ``file`` (so many rows that it stays a file) or ``apart`` (given to a command, no part of a
    region); nothing for what a step computes"""
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {c.name: c for c in self.columns})
        if self.writer == "register" and not self.kept:
            object.__setattr__(self, "kept", "rows")

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(c.name for c in self.columns)

    @property
    def file_names(self) -> tuple[str, ...]:
        """Every name (without suffix) under which people may hand it in: the English one first."""
        return tuple(dict.fromkeys((self.name, self.zh, *self.files)))

    @property
    def sight(self) -> Sight:
        """Who may see its rows; a table without a line there may be shown to nobody (``KeyError``)."""
        return SIGHTS[self.name]

    @property
    def visible(self) -> str:
        """The smallest unit whose people see its rows: see :class:`~drgpay.tables.Sight`."""
        return self.sight.visible

    @property
    def persons(self) -> tuple[str, ...]:
        """Columns that name or describe a person."""
        return self.sight.persons

    def references(self) -> tuple[Column, ...]:
        """The columns whose values name something that is kept elsewhere than in this table."""
        return tuple(c for c in self.columns if c.refers_when or (c.refers and REFERENCES[c.refers][2] != self.name))

    @property
    def schema(self) -> Any:
        """Arrow schema."""
        return pa.schema([pa.field(c.name, c.arrow, nullable=c.null) for c in self.columns])

    def of(self, rows: list[dict[str, Any]]) -> Any:
        """An Arrow table of this schema from plain rows, checked."""
        try:
            table = pa.Table.from_pylist(rows, schema=self.schema)
        except (OverflowError, pa.ArrowInvalid) as error:
            raise self._beyond(rows) or error from error
        self.check(table)
        return table

    def _beyond(self, rows: list[dict[str, Any]]) -> DrgpayError | None:
        """The first whole number that does not fit its column, by the key of its row."""
        for row in rows:
            for column in self.columns:
                value = row.get(column.name)
                if isinstance(value, int) and not -(2**63) <= value < 2**63:
                    return DrgpayError(
                        Kind.BROKEN,
                        zh=f"表 {self.name}:{column.zh}超出 64 位整数",
                        en=f"table {self.name}: {column.name} does not fit into 64 bits",
                        field=" / ".join(str(row.get(name)) for name in self.key),
                        value=value,
                        fix_zh="检查登记表和病例中的金额是否异常大",
                        fix_en="look for amounts that are far too large in registers and stays",
                    )
        return None

    def check(self, data: Any) -> None:
        """Fail when an Arrow table (or batch) is not what the dictionary says. A step's own output is checked with
        this, so a failure names the table and column; input files are checked row by row in intake instead."""
        for column in self.columns:
            if column.name not in data.schema.names:
                self._fail(column.name, "缺少该列", "column is missing")
            values = data.column(column.name)
            if values.type != column.arrow:
                self._fail(
                    column.name, f"类型是 {values.type},应为 {column.arrow}", f"{values.type} ≠ {column.arrow}"
                )
            if not column.null and values.null_count:
                self._fail(column.name, "有空值", "has nulls")
            if len(values) == values.null_count:
                continue
            if column.low is not None or column.high is not None:
                span = pc.min_max(values).as_py()
                if (column.low is not None and span["min"] < column.low) or (
                    column.high is not None and span["max"] > column.high
                ):
                    self._fail(column.name, f"超出范围 {column.constraint()}", f"outside {column.constraint()}")
            if column.choices:
                unknown = set(pc.unique(values.cast(pa.string())).to_pylist()) - set(column.choices) - {None}
                if unknown:
                    self._fail(column.name, f"不在 {column.constraint()} 之内", f"not one of {column.constraint()}")

    def _fail(self, column: str, zh: str, en: str) -> None:
        raise DrgpayError(Kind.ENGINE, zh=f"表 {self.name}:{zh}", en=f"table {self.name}: {en}", field=column)


RECORDING = (
    Column("recorded_on", "date", "登记日期", "day the row was recorded; empty = the oldest, always known",
           null=True),
    Column("recorded_by", "text", "登记人", "who recorded it", null=True),
)  # fmt: skip
"""columns any register may have besides its own; a row recorded later supersedes the earlier one of its key"""
