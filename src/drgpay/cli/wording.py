"""Rows for people: values in the words of the language, and explanations in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from drgpay.tables import Table

Row = dict[str, Any]

WORDS: Mapping[str, Mapping[str, str]] = {
    "status": {"grouped": "入组", "ungrouped": "未入组", "qy": "歧义"},
    "scope": {"all": "合计", "department": "科室", "doctor": "医师", "group": "病组"},
    "part": {"diagnoses": "诊断", "operations": "手术操作", "summary": "出院小结"},
    "reading": {"plain": "直接", "history": "既往", "negated": "否认", "doubtful": "待查"},
    "side": {"left": "左", "right": "右", "both": "双侧"},
    "kind": {"dx": "诊断", "proc": "手术操作", "no_code": "有文字没有编码", "no_text": "有编码没有文字"},
}
"""column -> value -> its Chinese word"""


def for_readers(table: Table, rows: Sequence[Row], lang: str) -> tuple[Table, list[Row]]:
    """The table without the explanations in the other language, and its rows in words."""
    shown = replace(table, columns=tuple(c for c in table.columns if c.name != ("en" if lang == "zh" else "zh")))
    if lang != "zh":
        return shown, list(rows)
    worded = [name for name in shown.names if name in WORDS]
    return shown, [{**row, **{n: WORDS[n].get(row[n], row[n]) for n in worded}} for row in rows]
