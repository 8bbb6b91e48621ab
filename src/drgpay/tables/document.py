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
            f"{table.en}. 写入者 writer: **{table.writer}**.",
            "",
            "| column | 中文 | meaning | type | unit | null | constraint |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *(_row(table, c) for c in table.columns),
            "",
        ]
    return "\n".join(lines)
