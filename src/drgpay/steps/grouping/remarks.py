"""What grouping has to say of stays besides their group, as findings: no group and why, operations unrelated to the
principal diagnosis, codes the scheme bars, and stays whose group a suggested correction of the scheme would change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.scheme import Erratum, Scheme, corrected
from drgpay.scheme.rules import parse
from drgpay.steps.grouping.codebook import Ints
from drgpay.steps.grouping.kernel import group_batch
from drgpay.steps.grouping.reasons import reasons_of
from drgpay.steps.grouping.reference import explain_stay
from drgpay.steps.grouping.wording import Said, rule

ERRATUM = Said(
    "照印本入 {a}，照勘误入 {b}（{what}）",
    "{a} as printed, {b} with the scheme's errata ({what})",
)
_BARRED = Said("手术操作在本方案中不参与分组", "the scheme does not group by this procedure")
_NAMED = 3
"""codes named for one list; of more the number is said"""


class Remark(NamedTuple):
    """A rule of the catalogue of checks and the stays (rows of the batch) it is about, with what stands there and
    words in both languages per row."""

    rule: str
    field: str
    at: Ints
    values: list[str]
    texts: list[Said]


def remarks(scheme: Scheme, batch: Any, groups: Any) -> list[Remark]:
    """What is to be said of a batch; ``groups``: what :func:`group_batch` made of it under the scheme."""
    found = [*_reasons(scheme, batch, groups), *_barred(scheme, batch), *_errata(scheme, batch, groups)]
    return [remark for remark in found if len(remark.at)]


def _reasons(scheme: Scheme, batch: Any, groups: Any) -> Iterable[Remark]:
    at, which, whys = reasons_of(scheme).of(batch, groups)
    said = [why.said(scheme) for why in whys]
    for name, unrelated in (("not_grouped", False), ("operation_unrelated", True)):
        mine = np.array([(why.code == "unrelated_operation") == unrelated for why in whys], dtype=np.bool_)
        here = mine[which] if len(whys) else np.zeros(0, np.bool_)
        chosen = which[here].tolist()
        yield Remark(name, "dx", at[here], [whys[i].dx for i in chosen], [said[i] for i in chosen])


def _barred(scheme: Scheme, batch: Any) -> Iterable[Remark]:
    """Procedures that never group, wherever they stand."""
    if scheme.invalid_op:
        at, codes = _having(batch.column("proc"), scheme.invalid_op)
        owners, starts = np.unique(at, return_index=True)
        values = ["|".join(part) for part in np.split(codes, starts[1:])] if len(owners) else []
        yield Remark("proc_barred", "proc", owners, values, [_BARRED] * len(owners))


def _having(lists: Any, wanted: frozenset[str]) -> tuple[Ints, Any]:
    """The rows whose lists hold one of some codes, ascending, with each such code."""
    if pa.types.is_null(lists.type):
        return np.zeros(0, np.intp), np.zeros(0, object)
    flat = lists.flatten()
    values = pa.array(sorted(wanted), pa.string())
    if pa.types.is_dictionary(flat.type):
        hits = pc.is_in(flat.dictionary.cast(pa.string()), value_set=values).take(flat.indices)
    else:
        hits = pc.is_in(flat.cast(pa.string()), value_set=values)
    places = np.flatnonzero(pc.fill_null(hits, False).to_numpy(zero_copy_only=False))
    rows = pc.list_parent_indices(lists).take(pa.array(places)).to_numpy(zero_copy_only=False)
    return rows, flat.take(pa.array(places)).cast(pa.string()).to_numpy(zero_copy_only=False)


@lru_cache(maxsize=16)
def _touched(errata: tuple[Erratum, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Diagnoses and procedures that some correction is about."""
    coded = [e for e in errata if e.action != "rule"]
    proc = frozenset(e.code for e in coded if "proc" in e.list)
    return frozenset(e.code for e in coded if "proc" not in e.list), proc


def _errata(scheme: Scheme, batch: Any, groups: Any) -> Iterable[Remark]:
    """Stays whose group a suggested correction would change: only those with a code of one are grouped again."""
    mended = corrected(scheme)
    if mended is None:
        return
    dx, proc = _touched(scheme.errata)
    rows = np.union1d(_having(batch.column("dx"), dx)[0], _having(batch.column("proc"), proc)[0]).astype(np.intp)
    if not len(rows):
        return
    some = pa.array(rows)
    now, then = groups.take(some), group_batch(mended, batch.take(some))
    a, b = (g.column("drg").cast(pa.string()).to_numpy(zero_copy_only=False) for g in (now, then))
    moved = np.flatnonzero(a != b)
    pairs = [(a[i], b[i]) for i in moved.tolist()]
    texts = {pair: erratum_said(scheme, mended, *pair) for pair in set(pairs)}
    yield Remark(
        "scheme_erratum", "drg", rows[moved], [f"{x}>{y}" for x, y in pairs], [texts[pair] for pair in pairs]
    )


def erratum_of(scheme: Scheme, stay: Mapping[str, Any], drg: str) -> Said | None:
    """What is to be said of one stay (as for :func:`explain_stay`), grouped to ``drg``: None unless a correction
    would change its group."""
    mended = corrected(scheme)
    then = drg if mended is None else explain_stay(mended, stay).drg
    return None if mended is None or then == drg else erratum_said(scheme, mended, drg, then)


def erratum_said(scheme: Scheme, mended: Scheme, a: str, b: str) -> Said:
    """The two groups of a stay, as printed and corrected, and the corrections that are about them."""
    owner = {d.code: d.adrg for d in (*scheme.drgs, *mended.drgs)}
    mdc = {x.code: x.mdc for x in scheme.adrgs}
    adrgs = {owner[code] for code in (a, b) if code in owner}
    keys = adrgs | {mdc[code] for code in adrgs if code in mdc}
    mine = [
        e for e in scheme.errata if e.key in keys and not (e.table == "mdc_dx" and e.key not in _mdcs(b, owner, mdc))
    ]
    about: dict[tuple[str, str], list[str]] = {}
    ruled = {e.key: e for e in mine if e.action == "rule"}
    for e in mine:
        if e.action != "rule" and e.key not in ruled:
            about.setdefault((e.key, e.action), []).append(e.code)
    rules = {
        key: rule(parse(e.code, "rule" if e.table == "adrg" else "condition"), e.table) for key, e in ruled.items()
    }
    zh = [f"{key} 的规则改为：{words.zh}" for key, words in rules.items()]
    en = [f"the rule of {key} becomes: {words.en}" for key, words in rules.items()]
    for (key, action), codes in about.items():
        place = Said(f"大类 {key} 的主要诊断表", f"the table of MDC {key}") if len(key) == 1 else Said(key, key)
        some = "、".join(codes[:_NAMED])
        more = (
            Said(f"等 {len(codes)} 个编码", f" and others, {len(codes)} codes")
            if len(codes) > _NAMED
            else Said("", "")
        )
        verb = Said("补入", "gains") if action == "add" else Said("移出", "loses")
        zh.append(f"{place.zh} {verb.zh} {some}{more.zh}")
        en.append(f"{place.en} {verb.en} {some.replace('、', ', ')}{more.en}")
    names = [f"{code} {(mended if i else scheme).name(code)}".strip() for i, code in enumerate((a, b))]
    return Said(
        ERRATUM.zh.format(a=names[0], b=names[1], what="；".join(zh)),
        ERRATUM.en.format(a=a, b=b, what="; ".join(en)),
    )


def _mdcs(drg: str, owner: Mapping[str, str], mdc: Mapping[str, str]) -> set[str]:
    return {mdc[owner[drg]]} if drg in owner and owner[drg] in mdc else set()
