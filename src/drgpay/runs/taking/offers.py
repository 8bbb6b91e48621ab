"""What a result offers to the registers of its region: rows beside its tables, each with what it rests on.

``offers/<kind>/<register>.parquet`` and ``offers`` in the manifest (kind → registers) declare it; a result that is
not agreed yet, or confirms nothing, says so there and offers nothing (``withheld``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from drgpay.engine import MANIFEST, open_parquet, read_manifest, table_path, whole_manifest, write_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.chain import read_link
from drgpay.runs.manifest import file_digest
from drgpay.runs.passed import passed_on
from drgpay.runs.verify import check_listed, check_root
from drgpay.tables import (
    ADVANCES,
    BUDGET_AMOUNTS,
    BUDGETS,
    CONFIRMED_CASES,
    DEBTS,
    DOCTOR_MARKS,
    EVIDENCE,
    GRADE_REGISTER,
    INDICATOR_VALUES,
    INSTITUTION_BUDGETS,
    INSTITUTION_EVENTS,
    PAYMENT_HOLDS,
    REFUSALS,
    SANCTIONS,
    SATISFACTION_SURVEYS,
    STAY_DECISIONS,
    SUPERVISION,
    VIOLATIONS,
    Table,
    offered_table,
)

Row = dict[str, Any]
OFFERS = "offers"
KINDS: Mapping[str, tuple[Table, ...]] = {
    "budget": (BUDGETS, BUDGET_AMOUNTS, INSTITUTION_BUDGETS),
    "prepayment": (ADVANCES, PAYMENT_HOLDS, INSTITUTION_BUDGETS),
    "overspend": (EVIDENCE,),
    "evaluation": (GRADE_REGISTER, INDICATOR_VALUES, SUPERVISION),
    "review": (
        VIOLATIONS,
        STAY_DECISIONS,
        DOCTOR_MARKS,
        REFUSALS,
        CONFIRMED_CASES,
        PAYMENT_HOLDS,
        INSTITUTION_EVENTS,
        SANCTIONS,
        SUPERVISION,
    ),
    "special": (STAY_DECISIONS,),
    "survey": (SATISFACTION_SURVEYS,),
    "year": (DEBTS,),
}
"""kinds of what is offered, and the registers each may go to"""

ORIGINS = {
    "budget": ("预算方案", "budget plan"),
    "prepayment": ("医保预付", "prepayment"),
    "overspend": ("合理超支认定", "reasonable overspend"),
    "evaluation": ("考核评价", "evaluation"),
    "review": ("疑点评审", "review"),
    "special": ("特例单议", "special review"),
    "survey": ("满意度调查", "survey of satisfaction"),
    "year": ("年度清算", "clearing"),
}
"""the kinds in words"""


@dataclass(frozen=True)
class Offered:
    """Rows a result is about to offer: for which register, and under which kind; each may have ``evidence``,
    ``decided_by`` and ``decided_on`` besides the register's columns."""

    register: Table
    kind: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Offer:
    """Rows a result offers to a register (see :class:`Offered`); ``origin``: kind and sha256 of its manifest."""

    register: Table
    rows: tuple[Row, ...]
    origin: str


@dataclass(frozen=True)
class Withheld:
    """Why a result offers nothing yet, and what to do, in both languages."""

    zh: str
    en: str
    fix_zh: str
    fix_en: str


def write_offers(folder: Path, offered: Sequence[Offered], withheld: Withheld | None = None) -> dict[str, Any]:
    """Write what a result offers into its folder; returns what its manifest must say. ``withheld``: nothing is
    offered, for this reason."""
    if withheld is not None:
        return {OFFERS: {}, "withheld": asdict(withheld)}
    said: dict[str, list[str]] = {}
    for one in offered:
        if one.rows:
            wide = offered_table(one.register)
            write_table(folder / OFFERS / one.kind, wide, wide.of([*one.rows]))
            said.setdefault(one.kind, []).append(one.register.name)
    return {OFFERS: said}


def offers(result: Path) -> list[Offer]:
    """What a folder of results offers, after its files and root hash were checked.

    DATA: no results there; BROKEN: they were changed; USAGE: results of a kind that offers nothing, or not yet.
    """
    manifest = whole_manifest(result)
    check_listed(result, manifest)
    check_root(manifest)
    digest = file_digest(result / MANIFEST)
    if manifest["kind"] == "year":
        return _passed(result)
    if OFFERS not in manifest:
        raise _nothing(result, manifest)
    if not manifest[OFFERS]:
        raise _withheld(result, manifest)
    return [_read(result, kind, name, digest) for kind, name in _declared(manifest[OFFERS], result)]


def area_and_year(result: Path, manifest: Mapping[str, Any]) -> tuple[str, int]:
    """The region and the year of results that offer something. BROKEN where they do not say them."""
    region, year = manifest.get("region"), manifest.get("year")
    if not isinstance(region, Mapping) or not isinstance(region.get("id"), str) or not isinstance(year, int):
        raise DrgpayError(
            Kind.BROKEN, zh="结果没有写明统筹区和年度", en="the result does not say its region and year",
            file=result.name,
            field="region / year", fix_zh="用本版本重新生成该结果", fix_en="make the result again with this version",
        )  # fmt: skip
    return region["id"], year


def carried_over(result: Path, kind: str) -> list[Offered]:
    """What a result offers under a kind, to be offered again by one that follows from it."""
    declared = _declared(read_manifest(result).get(OFFERS, {}), result)
    found = [_read(result, own, name, "") for own, name in declared if own == kind]
    return [Offered(offer.register, kind, offer.rows) for offer in found]


def _declared(said: Any, result: Path) -> Iterator[tuple[str, str]]:
    """The kinds and registers a manifest names."""
    whole = isinstance(said, dict) and all(isinstance(names, list) for names in said.values())
    if not whole:
        raise _unknown(result, OFFERS)
    for kind, names in said.items():
        for name in names:
            yield kind, str(name)


def _read(result: Path, kind: str, name: str, digest: str) -> Offer:
    table = next((t for t in KINDS.get(kind, ()) if t.name == name), None)
    if table is None:
        raise _unknown(result, f"{kind}/{name}")
    wide, place = offered_table(table), result / OFFERS / kind
    if not table_path(place, wide).is_file():
        raise _unknown(result, f"{kind}/{name}")
    wide.check(rows := open_parquet(table_path(place, wide)).read())
    plain = rows.select(wide.names).to_pylist()
    if len({tuple(row[part] for part in table.key) for row in plain}) < len(plain):
        raise _unknown(result, f"{kind}/{name}")  # a key twice
    return Offer(table, tuple(plain), f"{kind}/{digest}")


def _unknown(result: Path, value: str) -> DrgpayError:
    return DrgpayError(
        Kind.BROKEN, zh="结果提供给一张不认识的登记表,或缺少、重复它的行", file=result.name, field=OFFERS,
        value=value,
        en="it offers rows to an unknown register, lacks them, or has them twice", fix_zh="用本版本重新生成该结果",
        fix_en="make the result again with this version",
    )  # fmt: skip


def _passed(result: Path) -> list[Offer]:
    """:func:`passed_by` as an offer; a clearing that leaves nothing offers nothing."""
    rows = passed_by(result)
    if not rows:
        raise _empty(result)
    return [Offer(DEBTS, tuple(rows), str(rows[0]["origin"]))]


def passed_by(result: Path) -> list[Row]:
    """What a sealed clearing, or one that was opened again, leaves to the next year: rows of the register ``debts``
    with what they rest on; none where it leaves nothing. USAGE for one that is not sealed."""
    link = read_link(result)
    if link.seal is None:
        raise DrgpayError(
            Kind.USAGE, zh="这次清算还没有封账,不能接收", en="this clearing is not sealed yet: it passes nothing on",
            file=result.name, fix_zh=f"先 drgpay run seal {result.name} --by 姓名",
            fix_en=f"first: drgpay run seal {result.name} --by NAME",
        )  # fmt: skip
    opened = link.manifest.get("reopens")
    about = {
        "evidence": opened["reason"] if opened else None,
        "decided_by": link.seal.by,
        "decided_on": date.fromisoformat(link.seal.on),
    }
    return [row | about for row in passed_on([link]).to_dicts()]


def _nothing(result: Path, manifest: Mapping[str, Any]) -> DrgpayError:
    return DrgpayError(
        Kind.USAGE, zh="这种结果没有可以接收的内容", en="results of this kind offer nothing to a register",
        file=result.name, field="kind", value=manifest["kind"],
        fix_zh="可接收:基金预算、预付、合理超支、考核评价、满意度调查、评审、监管(特例单议)、封账的年度清算或重开清算",
        fix_en="these do: fund budget, fund prepay, fund overspend, evaluate, evaluate survey, oversee review, "
        "oversee (special review), and a sealed clearing or re-opening",
    )  # fmt: skip


def _withheld(result: Path, manifest: Mapping[str, Any]) -> DrgpayError:
    said = manifest.get("withheld")
    if not said:
        return _empty(result)
    return DrgpayError(
        Kind.USAGE, zh=said["zh"], en=said["en"], file=result.name, fix_zh=said["fix_zh"], fix_en=said["fix_en"]
    )


def _empty(result: Path) -> DrgpayError:
    return DrgpayError(
        Kind.USAGE, zh="这个结果没有要接收的行", en="this result has no rows for a register", file=result.name,
        fix_zh="没有什么要做", fix_en="there is nothing to do",
    )  # fmt: skip
