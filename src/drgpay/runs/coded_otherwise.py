"""A stay coded otherwise: another order, a code less, or a code that the record's words speak of; and the group it
has then. Nothing here knows a price or a weight, and nothing is ordered by what is paid:
coding follows the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drgpay.runs.coding import code_name, offered_codes
from drgpay.runs.grouper import Grouper

Row = dict[str, Any]
_KIND = {"procedures": "proc", "principal": "dx"}


@dataclass(frozen=True)
class CodeChange:
    """A coding that is not the stay's. ``how``: ``principal`` (this diagnosis first), ``procedures`` (this procedure
    first), ``without`` (the record without this code), ``added`` (the words speak of it). ``kind``: dx or proc.
    ``drg``, ``drg_name``, ``status``: the group it leads to; ``changes``: another than the stay's. ``phrase``: the
    words; ``zh`` and ``en``: why the code is offered for them."""

    how: str
    kind: str
    code: str
    name: str
    drg: str
    drg_name: str
    status: str
    changes: bool
    phrase: str = ""
    zh: str = ""
    en: str = ""


def coded_otherwise(row: Row) -> Iterator[tuple[str, str, Row]]:
    """The stay with another order or without a code: how, the code, the stay."""
    for name, how in (("proc", "procedures"), ("dx", "principal")):
        codes = [code for code in row[name] or () if code]
        for at in range(1, len(codes)):
            yield how, codes[at], {**row, name: [codes[at], *codes[:at], *codes[at + 1 :]]}
    for name, start in (("proc", 0), ("dx", 1)):
        codes = [code for code in row[name] or () if code]
        for at in range(start, len(codes)):
            yield "without", codes[at], {**row, name: [*codes[:at], *codes[at + 1 :]]}


def code_changes(
    grouper: Grouper, stay: Mapping[str, Any], words: Mapping[str, str] | None = None
) -> list[CodeChange]:
    """Which codes of a stay change its group: those that stand otherwise, in the order of the record, and those that
    the record's ``words`` (diagnoses, operations, summary) speak of without a code, in the order of the words and
    whether they change it or not. ``stay``: as for :meth:`Grouper.group`. Words that deny, doubt or tell of earlier
    times offer nothing. Raises DATA for a stay that cannot be read."""
    row = {**stay, "dx": list(stay.get("dx") or ()), "proc": list(stay.get("proc") or ())}
    tried = [(how, _kind(how, code, row), code, "", ("", ""), other) for how, code, other in coded_otherwise(row)]
    for one in offered_codes(words or {}, row["dx"], row["proc"]):
        other = {**row, one["kind"]: [*row[one["kind"]], one["code"]]}
        tried.append(("added", one["kind"], one["code"], one["phrase"], (one["zh"], one["en"]), other))
    now, *then = grouper.group([row, *(one[-1] for one in tried)])
    found = [
        CodeChange(how, kind, code, code_name(kind, code), got.drg or "", got.name, got.status, got.drg != now.drg,
                   phrase, *why)
        for (how, kind, code, phrase, why, _), got in zip(tried, then, strict=True)
    ]  # fmt: skip
    return [one for one in found if one.changes or one.how == "added"]


def _kind(how: str, code: str, row: Row) -> str:
    return _KIND.get(how) or ("proc" if code in row["proc"] else "dx")
