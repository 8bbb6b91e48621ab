"""Upcoding (低病高编): a record that says more than was the matter. The stay and its charges stay what they were."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from drgpay.samples import casemix
from drgpay.samples.cheats.draft import Draft, Row
from drgpay.samples.fees import NO_OPERATION
from drgpay.samples.plan import UNGROUPED_WEIGHT, weights_of
from drgpay.scheme import Scheme, load
from drgpay.steps.grouping import group_batch

NAME = "upcoding"
_FORMS = {"added_mcc": 0.3, "added_cc": 0.25, "changed_principal": 0.2, "procedure_not_done": 0.25}
_GAIN = 1.08
"""nobody does it for less"""
_TURNS = 5
_SPARE = 3


@lru_cache(maxsize=2)
def _complications(scheme_id: str) -> dict[str, tuple[str, ...]]:
    """The complications a coder reaches for, by ``mcc`` and ``cc``."""
    scheme = load(scheme_id)
    starts = casemix.COMPLICATIONS["usual"]
    return {
        name: tuple(sorted(c for c in table if c.startswith(starts) and "+" not in c and "x0" not in c))
        for name, table in (("mcc", scheme.mcc), ("cc", scheme.cc))
    }


def add(draft: Draft, rate: float) -> None:
    """Put cases into the draft, about ``rate`` per stay."""
    scheme = load(draft.plan.scheme_id)
    codes = np.array([group.drg for group in draft.plan.groups])
    ends = np.array([c[-1] for c in codes])[draft.group]
    grouped = np.array([bool(group.adrg) for group in draft.plan.groups])[draft.group]
    fit = {
        "added_mcc": draft.adult & grouped & np.isin(ends, ["3", "5"]),
        "added_cc": draft.adult & grouped & (ends == "5"),
        "changed_principal": draft.medical & grouped & (draft.weight < 1.5),
        "procedure_not_done": draft.medical & grouped & (draft.weight < 1.5),
    }
    for form, count in draft.many(rate, _FORMS).items():
        chosen = draft.pick(NAME, fit[form], _SPARE * count)
        for i, row in _gaining(draft, scheme, form, chosen)[:count]:
            if form == "procedure_not_done":
                row["style"] = NO_OPERATION
            draft.put(i, row)
            draft.label(NAME, form, [row], note=row.pop("said"))


def _gaining(draft: Draft, scheme: Scheme, form: str, chosen: list[int]) -> list[tuple[int, Row]]:
    """The chosen stays with a record that brings more, where one of a few tries does."""
    rows = [(i, draft.row(i)) for i in chosen]
    tries: list[tuple[int, int, Row]] = []
    for n, (_, row) in enumerate(rows):
        tries.append((n, -1, row))
        for turn in range(1 if form.startswith("added") else _TURNS):
            changed = _changed(draft, scheme, form, row)
            if changed is not None:
                tries.append((n, turn, changed))
    if not tries:
        return []
    weight = _weights(draft, scheme, [row for *_, row in tries])
    before: dict[int, float] = {}
    best: dict[int, Row] = {}
    for (n, turn, row), w in zip(tries, weight, strict=True):
        if turn < 0:
            before[n] = w
        elif w >= _GAIN * before[n] and n not in best:
            best[n] = row
    return [(rows[n][0], {**row, "key": rows[n][1]["key"]}) for n, row in best.items()]


def _weights(draft: Draft, scheme: Scheme, rows: list[Row]) -> list[float]:
    fields = ("dx", "proc", "sex", "age", "age_days", "birth_weight", "admission_weight", "los")
    batch = pa.RecordBatch.from_pylist([{f: row[f] for f in fields} for row in rows], schema=_SCHEMA)
    published = weights_of(draft.plan.scheme_id)
    return [published.get(drg, UNGROUPED_WEIGHT) for drg in group_batch(scheme, batch).column("drg").to_pylist()]


_SCHEMA: Any = pa.schema(
    {
        "dx": pa.list_(pa.string()), "proc": pa.list_(pa.string()), "sex": pa.string(), "age": pa.int16(),
        "age_days": pa.int32(), "birth_weight": pa.int32(), "admission_weight": pa.int32(),
        "los": pa.int16(),
    }
)  # fmt: skip


def _changed(draft: Draft, scheme: Scheme, form: str, row: Row) -> Row | None:
    if form.startswith("added"):
        return _with_complication(draft, scheme, form.removeprefix("added_"), row)
    table = draft.plan.templates
    same = np.flatnonzero(draft.plan.mdc == draft.plan.mdc[row["group"]])
    wanted = draft.plan.surgical[same] == (form == "procedure_not_done")
    dearer = same[wanted & (draft.plan.cost[same] > draft.plan.cost[row["group"]])]
    if len(dearer) == 0:
        return None
    group = int(dearer[int(draft.rng.integers(len(dearer)))])
    which = int(draft.rng.integers(draft.plan.first[group], draft.plan.last[group] + 1))
    if form == "procedure_not_done":
        numbers = table.proc.values[table.proc.offsets[which] : table.proc.offsets[which + 1]]
        codes = [table.proc_codes[n] for n in numbers[:1]]
        return (
            {**row, "proc": codes + row["proc"], "said": f"procedure {' '.join(codes)} not done"} if codes else None
        )
    principal = table.dx_codes[table.dx.values[table.dx.offsets[which]]]
    dx = [principal, *(c for c in row["dx"] if c != principal)]
    return {**row, "dx": dx, "said": f"principal diagnosis was {row['dx'][0]}"}


def _with_complication(draft: Draft, scheme: Scheme, name: str, row: Row) -> Row | None:
    """The record with one or two complications nobody had, somewhere behind the principal diagnosis."""
    table = scheme.mcc if name == "mcc" else scheme.cc
    mine = scheme.exclusion.get(row["dx"][0])
    codes = [
        c
        for c in _complications(draft.plan.scheme_id)[name]
        if c not in row["dx"] and (not table[c] or table[c] != mine)
    ]
    if not codes:
        return None
    # a house has its favourites
    favourite = (row["place"] * 7 + np.floor(draft.rng.random(2) ** 2 * 12).astype(np.int64)) % len(codes)
    added = list(dict.fromkeys(codes[n] for n in favourite))[: 1 + (draft.rng.random() < 0.2)]
    dx = list(row["dx"])
    at = draft.between(1, len(dx))
    return {**row, "dx": dx[:at] + added + dx[at:], "said": f"added {' '.join(added)}"}
