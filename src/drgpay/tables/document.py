"""The data dictionary as a page: docs/tables.md is written from the code and never by hand."""

from __future__ import annotations

from drgpay.tables.model import Column, Table


def _row(table: Table, column: Column) -> str:
    cells = [
        f"`{column.name}`" + (" 🔑" if column.name in table.key else ""),
        column.zh,
        column.en,
        column.type,
        column.printed_unit,
        "可空 null" if column.null else "",
        column.constraint(),
    ]
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def tables_markdown(tables: tuple[Table, ...]) -> str:
    """All tables as Markdown, in Chinese and English side by side."""
    lines = [
        "# 数据字典 · Data dictionary",
        "",
        "由 `make docs` 从 `drgpay.tables` 生成,请勿手改。Written from `drgpay.tables` by `make docs`; do not edit.",
        "",
        "金额是整数分,点数和系数是整数万分之一。Money is whole fen; points, coefficients and ratios are 1/10,000.",
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
