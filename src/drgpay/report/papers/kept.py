"""A paper as plain data, to be kept and printed again later as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from drgpay.report.papers.model import Block, Chart, Column, Line, Paper, Series, Signature, Table, Text


def as_data(paper: Paper) -> dict[str, Any]:
    """The paper as JSON can keep it: whole numbers, texts, lists."""
    kinds = {Table: "table", Text: "text", Chart: "chart"}
    return asdict(paper) | {"blocks": [{"type": kinds[type(block)], **asdict(block)} for block in paper.blocks]}


def from_data(said: Mapping[str, Any]) -> Paper:
    """The paper that :func:`as_data` gave."""
    result = said["result"]
    return Paper(
        **{
            **said,
            "facts": tuple((name, value) for name, value in said["facts"]),
            "blocks": tuple(_block(dict(block)) for block in said["blocks"]),
            "signatures": tuple(Signature(one["party"], tuple(one["lines"])) for one in said["signatures"]),
            "result": (result[0], result[1], result[2]) if result else None,
            "opening": tuple(said["opening"]),
            "closing": tuple(said["closing"]),
        }
    )


def _block(said: dict[str, Any]) -> Block:
    kind = said.pop("type")
    if kind == "text":
        return Text(said["title"], tuple(said["paragraphs"]))
    if kind == "chart":
        series = tuple(Series(one["name"], tuple(one["values"])) for one in said["series"])
        return Chart(said["title"], tuple(said["labels"]), series, said["kind"], said["lines"])
    columns = tuple(Column(**one) for one in said["columns"])
    total = _line(said["total"]) if said["total"] else None
    return Table(said["title"], columns, tuple(_line(one) for one in said["rows"]), total, said["apart"])


def _line(said: Mapping[str, Any]) -> Line:
    return Line(tuple(said["values"]), said["kind"], said["strong"])
