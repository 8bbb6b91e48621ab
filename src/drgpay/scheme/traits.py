"""What a scheme says of itself beside its tables: where they come from, which weight it asks, what gray codes mean.

Items of ``scheme.toml``. A folder that leaves them out is read by what its tables show; what is built says them.

* ``basis``: ``printed`` (the text as published), ``rebuilt`` (put together from public text, not certified),
  ``official`` (made by an import of the official workbook, and by nothing else), ``local`` (somebody's own).
* ``weight``: what the word ``weight`` of a folder's rules means, ``birth`` or ``admission``. Built rules say it
  themselves: ``weight`` is at birth, ``admission_weight`` at admission.
* ``gray_operations``: ``barred`` (a gray procedure leaves the principal place empty) or ``counted`` (only the table
  ``invalid`` bars).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from drgpay.scheme.source import Problem, Row, Source

BASES = ("printed", "rebuilt", "official", "local")
_CHOICES = {"basis": BASES, "weight": ("birth", "admission"), "gray_operations": ("barred", "counted")}
_RULES = {"mdc": "condition", "adrg": "rule", "drg": "split", "alternative": "rule"}
_WEIGHT = re.compile(r"\bweight\b")


def wrong(identity: Mapping[str, Any]) -> Iterator[Problem]:
    """Items with a value nobody knows."""
    for name, allowed in _CHOICES.items():
        value = identity.get(name, allowed[0])
        if value not in allowed:
            zh, en = f"没有这样的取值 «{value}»", f"there is no such value «{value}»"
            yield Problem("scheme.toml", name, zh, en, f"用 {'、'.join(allowed)}", f"use {', '.join(allowed)}")


def claims_official(identity: Mapping[str, Any]) -> Iterator[Problem]:
    """Only an import makes the official scheme."""
    if identity.get("basis") == "official":
        yield Problem(
            "scheme.toml",
            "basis",
            "官方方案只能由官方工作簿导入",
            "only an import of the official workbook makes an official scheme",
            "改为 rebuilt 或 local，或用 drgpay scheme import 导入工作簿",
            "write rebuilt or local, or import the workbook with drgpay scheme import",
        )


def settled(read: Source, gray: frozenset[str]) -> Source:
    """The scheme with every item said, and rules that name the weight they mean. ``gray``: procedures not reported.

    Left out: lists with a status are of a rebuilt scheme; one with groups of unrelated operations of its own (as
    schemes have them from 3.0 on) asks the weight at admission; gray procedures are barred where there are invalid
    ones and the table of operations still names gray ones.
    """
    tables = read.tables
    kinds = {row["kind"] for row in tables["adrg"]}
    named = any(row["code"] in gray for row in tables["operation"])
    meant = {
        "basis": "rebuilt" if tables["list_status"] else "local",
        "weight": "admission" if "qy" in kinds else "birth",
        "gray_operations": "barred" if tables["invalid"] and named else "counted",
    }
    identity = {**meant, **read.identity}
    if identity["weight"] == "admission":
        tables = {**tables, **{name: _reworded(tables[name], field) for name, field in _RULES.items()}}
        tables["errata"] = [
            {**row, "code": _WEIGHT.sub("admission_weight", row["code"])} if row["action"] == "rule" else row
            for row in tables["errata"]
        ]
    return Source(identity, tables)


def _reworded(rows: list[Row], field: str) -> list[Row]:
    return [{**row, field: _WEIGHT.sub("admission_weight", row[field])} for row in rows]


class ListStatus(NamedTuple):
    """How far the lists of an ADRG were compared with the official text: a level, and what the table says of it."""

    level: str
    text: str

    @property
    def uncertain(self) -> bool:
        """The lists were not compared."""
        return self.level in UNCERTAIN


LEVELS: Mapping[str, tuple[str, str, str]] = {
    "content": ("equal by content", "逐码核对一致", "equal by content"),
    "length_named": (
        "equal by length if",
        "长度一致（个别编码名称不详）",
        "equal by length, some names of codes not known",
    ),
    "length": ("equal by length", "长度一致", "equal by length"),
    "first_pass": (
        "first pass",
        "首轮核对：长度一致，或表小、属内科而未核",
        "first pass: equal by length, or small or medical and not asked",
    ),
    "unmeasured": ("not measured", "未核对", "not measured"),
    "unread": ("not stored", "读不到官方文本，只按手术目录更正", "could not be read; corrected by the operations"),
    "undecided": ("not decided", "核对未有结论", "compared without a verdict"),
    "none": ("no list", "没有编码表，只有规则", "no list, a rule only"),
    "unknown": ("", "未说明", "not said"),
}
"""level -> how its text begins, in Chinese, in English"""
UNCERTAIN = ("unmeasured", "unread", "undecided", "unknown")
"""levels of lists that were not compared with the official text, or not to an end"""


def statuses(rows: list[Row]) -> dict[str, ListStatus]:
    """ADRG -> how far its lists were compared."""
    return {row["adrg"]: ListStatus(_level(row["status"]), row["status"]) for row in rows}


def _level(text: str) -> str:
    return next((level for level, (start, *_) in LEVELS.items() if start and text.startswith(start)), "unknown")


def basis_words(basis: str) -> tuple[str, str]:
    """What a basis means (Chinese, English); nothing to say of a text as published."""
    return {
        "rebuilt": (
            "按公开文本重建，未经认证；认证版请用官方工作簿导入：drgpay scheme import",
            "rebuilt from public text and not certified; import the official workbook for the certified one: "
            "drgpay scheme import",
        ),
        "official": ("由官方工作簿导入", "imported from the official workbook"),
        "local": ("自建方案", "a scheme of one's own"),
    }.get(basis, ("", ""))
