"""A grouping scheme as a frozen value: what the tables say, after the switches, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from drgpay.scheme.errata import Erratum
from drgpay.scheme.rules import Expr
from drgpay.scheme.traits import ListStatus

UNGROUPED = "0000"
"""The group of a stay that reaches no group."""


@dataclass(frozen=True)
class Mdc:
    """A major diagnostic category. ``dx`` maps a code of its table to the body sites it stands for (MDC Z only).

    ``pre`` marks the category that takes any case and counts only if one of its groups matches (MDC A).
    ``lists`` are those the condition names besides the table.
    """

    code: str
    name: str
    order: int
    condition_text: str
    condition: Expr
    pre: bool
    dx: Mapping[str, tuple[str, ...]] = field(repr=False)
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)

    @cached_property
    def by_name(self) -> Mapping[str, frozenset[str]]:
        """Every list the condition may name; ``pdx``, ``adx`` and ``odx`` are the table."""
        return {**dict.fromkeys(("pdx", "adx", "odx"), frozenset(self.dx)), **self.lists}


@dataclass(frozen=True)
class Adrg:
    """An adjacent group: its rule and the code lists the rule and the splits name.

    ``kind`` is surgical, procedure, medical, or qy: a group of unrelated operations, which has no DRG of its own.
    """

    code: str
    mdc: str
    name: str
    order: int
    kind: str
    rule_text: str
    rule: Expr
    lists: Mapping[str, frozenset[str]] = field(repr=False)


@dataclass(frozen=True)
class Drg:
    """A group: the part of its ADRG for which ``split`` holds."""

    code: str
    adrg: str
    name: str
    split_text: str
    split: Expr


@dataclass(frozen=True)
class Scheme:
    """A grouping scheme with its switches applied. Tuples are in the order of evaluation.

    ``mcc`` and ``cc`` map a code to its exclusion table ("" = never excluded); ``exclusion`` maps a principal
    diagnosis to the one table it stands in. ``operation`` is the set behind ``op`` and ``pop``.
    ``invalid_dx`` cannot be a principal diagnosis. ``invalid_op`` never group; a first procedure from
    ``invalid_op`` or ``gray_op`` leaves the principal place empty.

    Said about the scheme and no part of its content: ``anomalies`` are what the document prints and how it was read
    (Chinese, English); ``errata`` the suggested corrections, which only the switch of that name applies; ``basis``
    where its tables come from (:mod:`.traits`); ``list_status`` how far the lists of an ADRG were compared with the
    official text, where that is known; ``folder`` is the folder of further schemes it was looked for in.
    """

    id: str
    title: str
    icd_edition: str
    mdcs: tuple[Mdc, ...] = field(repr=False)
    adrgs: tuple[Adrg, ...] = field(repr=False)
    drgs: tuple[Drg, ...] = field(repr=False)
    mcc: Mapping[str, str] = field(repr=False)
    cc: Mapping[str, str] = field(repr=False)
    exclusion: Mapping[str, str] = field(repr=False)
    operation: frozenset[str] = field(repr=False)
    invalid_dx: frozenset[str] = field(repr=False)
    invalid_op: frozenset[str] = field(repr=False)
    gray_op: frozenset[str] = field(repr=False)
    switches: frozenset[str] = frozenset()
    anomalies: tuple[tuple[str, str], ...] = field(default=(), repr=False, compare=False)
    errata: tuple[Erratum, ...] = field(default=(), repr=False, compare=False)
    basis: str = field(default="printed", compare=False)
    list_status: Mapping[str, ListStatus] = field(default_factory=dict, repr=False, compare=False)
    folder: Path | None = field(default=None, repr=False, compare=False)

    @cached_property
    def digest(self) -> str:
        """sha256 of the logical content, switches included: equal content, equal digest, however it is stored."""
        return hashlib.sha256(
            json.dumps(_plain(self), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        ).hexdigest()

    @property
    def certified(self) -> bool:
        """Its tables are a published text or the official workbook, neither rebuilt nor somebody's own."""
        return self.basis in ("printed", "official")

    @cached_property
    def uncertain(self) -> frozenset[str]:
        """ADRG whose lists were not compared with the official text."""
        return frozenset(adrg for adrg, status in self.list_status.items() if status.uncertain)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {
            **{f"{m.code}QY": f"{m.name}(歧义组)" for m in self.mdcs if not m.pre},
            **{m.code: m.name for m in self.mdcs},
            **{a.code: a.name for a in self.adrgs},
            **{d.code: d.name for d in self.drgs},
            UNGROUPED: "未入组",
        }

    def name(self, code: str) -> str:
        """Chinese name of an MDC, ADRG or DRG, also of ``0000`` and the QY groups; "" for an unknown code."""
        return self._names.get(code, "")

    drg_name = name

    @property
    def group_names(self) -> dict[str, str]:
        """Name by code of everything a stay can be grouped to: DRGs, QY groups and ``0000``."""
        return {code: name for code, name in self._names.items() if code not in self._inner}

    @cached_property
    def _inner(self) -> frozenset[str]:
        return frozenset(m.code for m in self.mdcs) | frozenset(a.code for a in self.adrgs)

    @cached_property
    def adrgs_of(self) -> Mapping[str, tuple[Adrg, ...]]:
        """MDC code -> its ADRG in order of evaluation."""
        return {m.code: tuple(a for a in self.adrgs if a.mdc == m.code) for m in self.mdcs}

    @cached_property
    def drgs_of(self) -> Mapping[str, tuple[Drg, ...]]:
        """ADRG code -> its DRG."""
        result: dict[str, list[Drg]] = {a.code: [] for a in self.adrgs}
        for drg in self.drgs:
            result[drg.adrg].append(drg)
        return {code: tuple(those) for code, those in result.items()}


_ABOUT = ("basis", "list_status", "folder")


def _plain(value: Any) -> Any:
    """The value as JSON data with sets sorted; parsed trees are left out, their texts stand for them.

    Lists of a condition are left out where there are none, as in all schemes that know only the tables of the MDC.
    """
    if isinstance(value, Scheme | Mdc | Adrg | Drg):
        left_out = ["condition", "rule", "split", "anomalies", "errata", *_ABOUT]
        if isinstance(value, Mdc) and not value.lists:
            left_out.append("lists")
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name not in left_out}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
