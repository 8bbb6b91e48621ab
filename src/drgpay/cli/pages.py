"""Commands that page through results and sum them up."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from rich.table import Table as Grid

from drgpay import policy as law
from drgpay import runs
from drgpay.cli.console import Lang, in_lang, out
from drgpay.cli.folders import RunFolder
from drgpay.engine import drafted, for_people
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import account_words, event_words
from drgpay.report import Sheet, field_words, head_words, is_share, write_tables
from drgpay.tables import INSTITUTIONS, LEDGER, LEDGER_PREVIEW, SETTLED_STAYS, Column, Table
from drgpay.units import (
    parse_coefficient,
    parse_fen,
    parse_points,
    show_coefficient,
    show_fen,
    show_percent,
    show_points,
)
from drgpay.words import in_word

Row = dict[str, Any]
Institution = Annotated[
    str | None, typer.Option("--institution", help="只看一家机构(编号或名称) of one institution, by code or name")
]
Filter = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        help="筛选,可重复 filter, repeatable: 列=值, 列=甲,乙, 列!=值, 列>=值, 列<=值, 列~部分, 列= (空 empty)",
    ),
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="写出全部 export all of it: .xlsx, .csv, .parquet")
]
_OPS: dict[str, runs.Op] = {"!=": "not", ">=": "from", "<=": "to", "~": "has", "=": "is"}
_WHERE = re.compile(r"^([^=<>!~]+)(!=|>=|<=|~|=)(.*)$", re.DOTALL)
_UNIT = re.compile(r" ?\((元|点|yuan|points)\)$")
_PARSE = {"fen": parse_fen, "points": parse_points, "ratio": parse_coefficient}
_YES = {"true": True, "yes": True, "是": True, "false": False, "no": False, "否": False}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("browse")(browse)
    app.command("summarise")(summarise)


def browse(
    run: RunFolder,
    table: Annotated[str | None, typer.Argument(help="表名,中英文均可;不写则列出 table; none: list them")] = None,
    where: Filter = None,
    sort: Annotated[
        str, typer.Option("--sort", help="排序的列,前加 - 为降序 order by columns, - before: descending")
    ] = "",
    columns: Annotated[str, typer.Option("--columns", help="只看这些列,逗号分隔 these columns only, by commas")] = "",
    institution: Institution = None,
    department: Annotated[
        str | None, typer.Option("--department", help="只看该机构的一个科室 of one department of the institution")
    ] = None,
    persons: Annotated[bool, typer.Option("--persons", help="显示人员信息 show who the persons are")] = False,
    offset: Annotated[int, typer.Option("--offset", min=0, help="跳过的行数 rows passed over")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="显示的行数 rows shown on the screen")] = 20,
    output: Output = None,
    lang: Lang = "zh",
) -> None:
    """逐页查看结果的任一张表:筛选、排序、合计、导出。 Page through any table of results."""
    zh = in_lang(lang) == "zh"
    scope = replace(_scope(run, institution, department), persons=persons)
    if table is None:
        _list(run, scope, zh)
        return
    declared = runs.browse(run, runs.View(table, scope=scope), limit=0, totals=False).table
    view = runs.View(
        declared.name,
        tuple(_column(declared, n).name for n in _parts(columns)),
        tuple(_filter(declared, said) for said in where or ()),
        tuple(runs.Sort(_column(declared, n.removeprefix("-")).name, n.startswith("-")) for n in _parts(sort)),
        scope=scope,
    )
    if output is not None:
        shown = runs.columns_of(run, view)
        rows = [row for batch in runs.export_rows(run, view) for row in batch]
        _write(output, replace(declared, columns=shown), rows, lang, _names(run))
        out.print(str(output))
        return
    page = runs.browse(run, view, offset=offset, limit=limit)
    _show(replace(declared, columns=page.columns), page.rows, page.sums, lang, names=_names(run))
    last = offset + len(page.rows)
    out.print(f"第 {min(offset + 1, last)}–{last} 行,共 {page.total:,} 行" if zh
              else f"rows {min(offset + 1, last)}–{last} of {page.total:,}")  # fmt: skip
    if page.masked:
        masked = [c.zh if zh else c.name for c in page.masked]
        out.print(f"未显示的列:{'、'.join(masked)}" if zh else f"columns not shown: {', '.join(masked)}")


def summarise(
    folders: Annotated[list[Path], typer.Argument(help="一个或多个运行结果 one run or several")],
    by: Annotated[str, typer.Option("--by", help="维度,逗号分隔 dimensions, by commas: institution_id,drg")] = "",
    measure: Annotated[str, typer.Option("--measure", help="指标,逗号分隔 measures, by commas: n,points,cmi")] = "n",
    where: Filter = None,
    institution: Institution = None,
    compare: Annotated[
        str | None,
        typer.Option("--compare", metavar="previous|last_year|peers|target",
                     help="比较:上期、上年同期、同级别其他机构、目标 compared with"),
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="目标值,可重复 target, repeatable: cmi=1.05")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="可公开的汇总:小数目不显示 for everybody: small counts are not shown")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="显示的行数 rows shown on the screen")
    ] = 50,
    output: Output = None,
    lang: Lang = "zh",
) -> None:  # fmt: skip
    """按机构、病组等汇总,可与上期、同级、目标比较。 Sum up runs by institution, group and the like."""
    zh = in_lang(lang) == "zh"
    scope = runs.Scope.public() if public else _scope(folders[0], institution, None)
    columns = (*runs.DIMENSIONS.values(), *(m.column for m in runs.MEASURES.values()))
    named = Table("summary", "汇总", "sums", "view", (), columns)
    filters = replace(SETTLED_STAYS, columns=(*SETTLED_STAYS.columns, INSTITUTIONS["level"]))
    found = runs.summarise(
        folders,
        by=[_named(named, n) for n in _parts(by)],
        measures=[_named(named, n) for n in _parts(measure)],
        scope=scope,
        where=[_filter(filters, said) for said in where or ()],
        compare=compare,  # type: ignore[arg-type]  # what it is not, is told by the door
        targets=_targets(named, target) if target else None,
    )
    table = replace(named, columns=found.columns)
    if output is not None:
        _write(output, table, found.rows, lang, _names(folders[0]))
        out.print(str(output))
        return
    _show(table, found.rows[:limit], found.totals, lang, names={}, gone=found.suppressed)
    out.print(f"共 {len(found.rows):,} 行" if zh else f"rows: {len(found.rows):,}")
    if found.suppressed:
        out.print("* 数目过小或可由此推算,不显示" if zh else "* too few to be shown, or tells of such")


def _scope(run: Path, institution: str | None, department: str | None) -> runs.Scope:
    if institution is None:
        if department is not None:
            raise DrgpayError(
                Kind.USAGE, zh="科室要与机构一起指定", en="a department is one of an institution",
                field="--department",
                value=department, fix_zh="加上 --institution", fix_en="name it with --institution",
            )  # fmt: skip
        return runs.Scope.everything()
    has_names = (run / runs.TABLES / f"{INSTITUTIONS.name}.parquet").is_file()
    code = runs.institution_named(run, institution) if has_names else institution
    return runs.Scope.department(code, department) if department else runs.Scope.institution(code)


def _list(run: Path, scope: runs.Scope, zh: bool) -> None:
    grid = Grid(*(("表", "行数") if zh else ("table", "rows", "what it is")))
    for seen in runs.tables_of(run, scope):
        name, rows = (seen.table.zh if zh else seen.table.name), f"{seen.rows:,}"
        grid.add_row(*((name, rows) if zh else (name, rows, seen.table.en)))
    out.print(grid)


def _parts(said: str) -> list[str]:
    return [part.strip() for part in said.replace("\uff0c", ",").split(",") if part.strip()]


def _named(table: Table, said: str) -> str:
    """The column that is called so, in the dictionary or on the screen; anything else is told by the door."""
    for column in table.columns:
        heads = {head_words(column, table, lang) for lang in ("zh", "en")}
        if said in {column.name, column.zh, *heads, *(_UNIT.sub("", head) for head in heads)}:
            return column.name
    return said


def _column(table: Table, said: str) -> Column:
    """A column by either name; what is none is told by the door."""
    name = _named(table, said)
    return table[name] if name in table.names else Column(name, "text", name, name)


def _filter(table: Table, said: str) -> runs.Where:
    """``列=值`` as a filter, amounts as people write them."""
    found = _WHERE.match(said)
    if found is None:
        raise DrgpayError(
            Kind.USAGE, zh="筛选写法不对", en="this is no filter", field="--where", value=said,
            fix_zh="写成 列=值,例如 drg=BR21", fix_en="write column=value, for example drg=BR21",
        )  # fmt: skip
    column, op, text = _column(table, found[1].strip()), _OPS[found[2]], found[3].strip()
    if column.type == "codes" and op == "is":
        op = "has"
    if not text:
        return runs.Where(column.name, "empty", op == "is")
    if op == "is" and "," in text and column.type in ("text", "code", "int8", "int16", "int32"):
        return runs.Where(column.name, "in", [_value(column, part) for part in _parts(text)])
    return runs.Where(column.name, op, _value(column, text))


def _value(column: Column, text: str) -> Any:
    """A value as the table holds it; one that does not fit its column is told by the door."""
    if column.type == "code":
        return next((code for code in column.choices if text in (in_word(code, "zh"), in_word(code, "en"))), text)
    try:
        if column.type in _PARSE:
            return int(_PARSE[column.type](text))
        return int(text) if column.type.startswith("int") else _YES.get(text.lower(), text)
    except ValueError:
        return text


def _targets(table: Table, said: Sequence[str]) -> dict[str, int]:
    found = [_filter(table, one) for one in said]
    return {one.column: one.value for one in found}


def _texts(table: Table, lang: str, names: dict[str, dict[str, str]]) -> dict[str, Callable[[Any], str]]:
    """Columns of a ledger in words."""
    if table.name not in (LEDGER.name, LEDGER_PREVIEW.name):
        return {}
    houses = names.get("institution_id", {})
    return {
        "event": lambda event: event_words(event, lang, houses),
        "parameter": lambda name: field_words(law.parameter_words(name)[lang == "en"], lang),
        **dict.fromkeys(("debit", "credit"), lambda account: account_words(account, lang, houses)),
    }


def _in_language(table: Table, lang: str) -> Table:
    """The table without the columns that say in the other language what a column says in this one."""
    other, mine = ("en", "zh") if lang == "zh" else ("zh", "en")

    def twice(name: str) -> bool:
        says_other = name == other or name.endswith(f"_{other}")
        return says_other and name.removesuffix(other) + mine in table.names

    return replace(table, columns=tuple(c for c in table.columns if not twice(c.name)))


def _names(run: Path) -> dict[str, dict[str, str]]:
    has_names = (run / runs.TABLES / f"{INSTITUTIONS.name}.parquet").is_file()
    return {"institution_id": runs.names_of_run(run)} if has_names else {}


def _told(column: Column, value: Any, lang: str, texts: dict[str, Callable[[Any], str]]) -> str:
    """A value of a column in words."""
    if value is None:
        return "–"
    if column.name in texts:
        return texts[column.name](value)
    if column.type == "fen":
        return show_fen(value)
    if column.type == "points":
        return show_points(value)
    if column.type == "ratio":
        return show_percent(value) if is_share(column) else show_coefficient(value)
    if column.type == "codes":
        return " ".join(map(str, value))
    if column.type in ("flag", "code"):
        return in_word(str(value).lower() if column.type == "flag" else value, lang)
    return value.isoformat() if isinstance(value, date) else str(value)


def _show(
    table: Table,
    rows: Sequence[Row],
    sums: dict[str, Any],
    lang: str,
    *,
    names: dict[str, dict[str, str]],
    gone: frozenset[tuple[int, str]] = frozenset(),
) -> None:
    """Rows on the screen, their sums below."""
    table, texts = _in_language(table, lang), _texts(table, lang, names)
    grid = Grid(*(head_words(c, table, lang) for c in table.columns))
    for number, row in enumerate(rows):
        cells = (((number, c.name) in gone and "*") or _told(c, row[c.name], lang, texts) for c in table.columns)
        grid.add_row(*cells)
    if sums and rows:
        grid.add_section()
        added = [_told(c, sums[c.name], lang, {}) if c.name in sums else "" for c in table.columns]
        grid.add_row(*([added[0] or ("合计" if lang == "zh" else "total"), *added[1:]]))
    out.print(grid)


def _write(output: Path, table: Table, rows: list[Row], lang: str, names: dict[str, dict[str, str]]) -> None:
    match output.suffix.lower():
        case ".xlsx":
            write_tables(output, [Sheet(table, rows, texts=_texts(table, lang, names))], lang, names)
        case ".csv":
            heads = {head_words(c, table, lang): [_cell(c, row[c.name]) for row in rows] for c in table.columns}
            with drafted(output) as draft:
                for_people(pl.DataFrame(heads, strict=False)).write_csv(draft, include_bom=True)
        case ".parquet":
            schema = replace(table, columns=tuple(replace(c, null=True) for c in table.columns)).schema
            with drafted(output) as draft:
                pq.write_table(pa.Table.from_pylist(rows, schema=schema), draft)
        case _:
            raise DrgpayError(
                Kind.USAGE, zh="不认识的输出格式", en="unknown kind of output", value=output.name,
                fix_zh="用 .xlsx、.csv 或 .parquet", fix_en="use .xlsx, .csv or .parquet",
            )  # fmt: skip


def _cell(column: Column, value: Any) -> Any:
    """A value for other programs: codes as they are, amounts in yuan and points."""
    if value is None:
        return None
    if column.type == "fen":
        return show_fen(value, group=False)
    if column.type == "points":
        return show_points(value, group=False)
    if column.type == "ratio":
        return show_coefficient(value)
    return " ".join(map(str, value)) if column.type == "codes" else value
