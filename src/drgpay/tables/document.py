"""The data dictionary as a page: docs/tables.md is written from the code and never by hand."""

from __future__ import annotations

from drgpay.tables.model import RECORDING, REFERENCES, Column, Table


def _row(table: Table, column: Column) -> str:
    cells = [
        f"`{column.name}`" + (" 🔑" if column.name in table.key else ""),
        column.zh,
        column.en,
        column.type,
        column.printed_unit,
        "可空 null" if column.null else "",
        " ".join(part for part in (column.constraint(), _refers(table, column)) if part),
    ]
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def _refers(table: Table, column: Column) -> str:
    """What a value of a register names: ``→ institutions``."""
    if table.writer != "register" or column not in table.references():
        return ""
    kinds = [column.refers] if column.refers else [kind for _, _, kind in column.refers_when]
    return "→ " + ", ".join(REFERENCES[kind][2] for kind in kinds)


_UNITS = {
    "public": "所有人 everybody", "area": "统筹区 the area", "institution": "机构 the institution",
    "department": "科室 the department", "doctor": "医师 the doctor",
}  # fmt: skip


def _seen_by(table: Table) -> str:
    """The smallest unit whose people see its rows, and the columns they do not."""
    kind, _, where = table.visible.partition(":")
    said = f"随 as `{where}`" if kind == "via" else _UNITS[kind]
    if table.persons:
        said += "; 人员信息 of persons: " + ", ".join(f"`{name}`" for name in table.persons)
    if table.sight.others:
        said += "; 仅统筹区 the area only: " + ", ".join(f"`{name}`" for name in table.sight.others)
    return said


def tables_markdown(tables: tuple[Table, ...]) -> str:
    """All tables as Markdown, in Chinese and English side by side."""
    lines = [
        "# 数据字典 · Data dictionary",
        "",
        "由 `make docs` 从 `drgpay.tables` 生成,请勿手改。Written from `drgpay.tables` by `make docs`; do not edit.",
        "",
        "金额是整数分,点数和系数是整数万分之一。Money is whole fen; points, coefficients and ratios are 1/10,000.",
        "",
        "登记表都可另加两列 any register may have two more columns: "
        + ", ".join(f"`{c.name}` {c.zh} ({c.en})" for c in RECORDING)
        + ".",
        "",
    ]
    for table in tables:
        lines += [
            f"## {table.name} · {table.zh}",
            "",
            f"{table.en}. 写入者 writer: **{table.writer}**. 可见 seen by: {_seen_by(table)}.",
            "",
            "| column | 中文 | meaning | type | unit | null | constraint |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *(_row(table, c) for c in table.columns),
            "",
        ]
    return "\n".join(lines)
