"""Rows straight from the database of a hospital's system: read-only, streamed as Arrow into a file of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from drgpay.errors import DrgpayError, Kind

PASSWORD = "DRGPAY_SQL_PASSWORD"
"""variable of the environment that holds the password"""
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
_TEXTS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)?")
_DRIVERS = {"sqlite": ("adbc_driver_sqlite", "sql"), "postgresql": ("adbc_driver_postgresql", "sql-postgresql")}


def fetch(url: str, query: str, target: Path, environment: Mapping[str, str] | None = None) -> int:
    """Run a query and keep its rows as Parquet in ``target``; returns how many there are.

    ``url``: ``sqlite:///path`` or ``postgresql://user@host:port/database``, without a password: that comes from the
    variable :data:`PASSWORD` of the ``environment``. The connection is read-only, and the query one SELECT. Rows are
    streamed batch by batch. Binary floating-point cells become their shortest decimal text, which is what was typed.
    Raises USAGE for a query that is none or a URL with a password, ENGINE without the driver, DATA for what the
    database refuses.
    """
    text = one_select(query)
    kind, place = _place(url, environment if environment is not None else os.environ)
    with _connected(kind, place) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(text)
            reader = cursor.fetch_record_batch()
            return _kept(reader, target)
        except DrgpayError:
            raise
        except Exception as error:
            raise _refused(error) from error


def query_of(file: Path | None, view: str = "") -> str:
    """The query of a file, or one of all rows of a view. Raises USAGE."""
    if (file is None) == (not view):
        raise _usage("给出 --query 文件或 --view 视图之一", "name either a --query file or a --view", "")
    if view:
        if not _NAME.fullmatch(view):
            raise _usage("视图名只能是字母、数字、下划线", "a view's name is letters, digits, underscores", view)
        return f"SELECT * FROM {view}"
    assert file is not None
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _usage("查询文件读不了", "the file of the query cannot be read", file.name) from error


def one_select(query: str) -> str:
    """The query without comments and the last semicolon. Raises USAGE unless it is one SELECT."""
    plain = _COMMENTS.sub(" ", query).strip().rstrip(";").strip()
    bare = _TEXTS.sub("''", plain)
    words = {word.lower() for word in re.findall(r"[A-Za-z]+", bare)}
    writes = {
        "insert",
        "update",
        "delete",
        "drop",
        "alter",
        "create",
        "truncate",
        "merge",
        "grant",
        "attach",
        "pragma",
    }
    if not re.match(r"(?i)(select|with)\b", bare) or ";" in bare or words & writes:
        raise _usage("只允许一条 SELECT 查询", "only one SELECT is allowed", plain[:60])
    return plain


def _place(url: str, environment: Mapping[str, str]) -> tuple[str, str]:
    parts = urlsplit(url)
    kind = {"postgres": "postgresql"}.get(parts.scheme, parts.scheme)
    if kind not in _DRIVERS:
        raise _usage(
            "不认识的数据库",
            "unknown kind of database",
            parts.scheme or url[:20],
            "支持 sqlite:///文件 和 postgresql://用户@主机/库",
            "use sqlite:///file or postgresql://user@host/db",
        )
    if parts.password:
        raise _usage("地址里不能写密码", "no password in the URL", "", f"放在环境变量 {PASSWORD} 中",
                     f"put it into the environment, {PASSWORD}")  # fmt: skip
    if kind == "sqlite":
        file = Path(url.partition(":")[2].removeprefix("//").removeprefix("/") if url.startswith("sqlite:///")
                    and not url.startswith("sqlite:////") else "/" + url.partition(":")[2].lstrip("/"))  # fmt: skip
        if not file.is_file():
            raise _usage("没有这个数据库文件", "no such database file", file.name)
        return kind, f"file:{quote(str(file.absolute()))}?mode=ro"
    password = environment.get(PASSWORD, "")
    if not password:
        return kind, url
    user = f"{parts.username or ''}:{quote(password, safe='')}@"
    port = f":{parts.port}" if parts.port else ""
    return kind, urlunsplit((kind, f"{user}{parts.hostname or ''}{port}", parts.path, parts.query, ""))


@contextmanager
def _connected(kind: str, place: str) -> Iterator[Any]:
    package, extra = _DRIVERS[kind]
    try:
        driver = __import__(f"{package}.dbapi", fromlist=["connect"])
    except ImportError as error:
        raise DrgpayError(
            Kind.ENGINE, zh=f"没有安装 {package},不能读数据库", en=f"{package} is not installed",
            fix_zh=f"pip install 'drgpay[{extra}]'", fix_en=f"pip install 'drgpay[{extra}]'",
        ) from error  # fmt: skip
    try:
        connection = driver.connect(place)
        if kind == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
    except Exception as error:
        raise _refused(error) from error
    with connection:
        yield connection


def _kept(reader: Any, target: Path) -> int:
    """Write the batches as they come."""
    fields = [pa.field(f.name, pa.string() if _loose(f.type) else f.type) for f in reader.schema]
    schema, rows = pa.schema(fields), 0
    with pq.ParquetWriter(target, schema) as writer:
        for batch in reader:
            columns = [pc.cast(column, f.type) for column, f in zip(batch.columns, schema, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            rows += batch.num_rows
    return rows


def _loose(of_type: Any) -> bool:
    """Numbers whose unit nobody knows (a whole number may be yuan) and floats: read as text, as in a CSV file."""
    return bool(pa.types.is_floating(of_type) or pa.types.is_integer(of_type) or pa.types.is_null(of_type)
                or pa.types.is_large_string(of_type) or pa.types.is_decimal(of_type))  # fmt: skip


def _refused(error: Exception) -> DrgpayError:
    said = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
    said = re.sub(r"(?i)(://[^:/@\s]*):[^@\s]*@", r"\1:***@", said)
    return DrgpayError(
        Kind.DATA, zh="数据库拒绝了查询", en="the database refused the query", value=said,
        fix_zh="核对地址、权限和查询", fix_en="check the URL, the rights and the query",
    )  # fmt: skip


def _usage(zh: str, en: str, value: str, fix_zh: str = "", fix_en: str = "") -> DrgpayError:
    return DrgpayError(
        Kind.USAGE, zh=zh, en=en, value=value or None, fix_zh=fix_zh or "改正后再试", fix_en=fix_en or "correct it",
    )  # fmt: skip
