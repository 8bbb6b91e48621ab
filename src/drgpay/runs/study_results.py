"""The tables of a study: findings, proposals with their groups, and what the draft would do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from drgpay.policy import Policy
from drgpay.scheme import load_codes
from drgpay.steps import points, study
from drgpay.tables import Table
from drgpay.tables.study import (
    ALL_PROPOSALS,
    STUDY_BASES,
    STUDY_EFFECTS,
    STUDY_FINDINGS,
    STUDY_PARTS,
    STUDY_PROPOSALS,
    STUDY_RIV,
)
from drgpay.units import ONE, half_up

Rows = list[dict[str, Any]]
Numbered = Sequence[tuple[str, study.Proposal]]
_DISCOUNTS = {"ungrouped": "points.ungrouped_discount", "qy": "points.qy_discount",
              "grouped": "points.unstable_discount"}  # fmt: skip


@dataclass(frozen=True)
class Effects:
    """What is needed to measure a draft. ``moved``: sums by year, institution, group before and after."""

    moved: pl.DataFrame
    before: points.Base
    after: points.Base
    weights: Mapping[int, int]
    policy: Policy
    names: Mapping[str, str]

    def points(self, base: points.Base, drg: str, status: str, n: int, cost: int) -> Fraction:
        """Points of some stays of a group at its base points; where it has none, those of their cost. Neither
        coefficients nor multiples."""
        group = base.groups.get(drg)
        if status == "grouped" and group is not None and group.base_points is not None:
            return Fraction(n * group.base_points)
        share = self.policy.ratio(_DISCOUNTS[status])
        return Fraction(cost * base.scale * share, base.mean_cost)


def rows_of(found: Sequence[study.Finding], proposals: Numbered, effects: Effects) -> Iterator[tuple[Table, Rows]]:
    """Every table of a study with its rows."""
    yield STUDY_FINDINGS, _findings(found, proposals, effects)
    yield STUDY_PROPOSALS, [_proposal(number, p, effects.weights) for number, p in proposals]
    yield STUDY_PARTS, [row for number, p in proposals for row in _parts(number, p, effects.weights)]
    yield STUDY_EFFECTS, _effects(proposals, effects)
    yield STUDY_RIV, _riv(effects)
    yield STUDY_BASES, _bases(effects)


def _code_name(code: str) -> str | None:
    books = (
        load_codes(name) for name in ("icd10-nhsa-2.0", "icd9cm3-nhsa-2.0", "icd10-nhsa-1.0", "icd9cm3-nhsa-1.0")
    )
    return next((name for book in books if (name := book.name(code))), None)


def _findings(found: Sequence[study.Finding], proposals: Numbered, effects: Effects) -> Rows:
    by_code = {(p.factor, code): number for number, p in proposals for code in p.codes if p.changes}
    regrouped = [(n, p) for n, p in proposals if p.kind in ("split_group", "merged_groups") and p.changes]
    by_group = {piece.drg: number for number, p in regrouped for piece in p.before}
    rows = []
    for number, its in enumerate(found, start=1):
        mean = its.stays.mean(effects.weights)
        rows.append(
            {
                "number": number, "what": its.what, "drg": its.drg, "name": effects.names.get(its.drg, ""),
                "code": its.code or None, "code_name": _code_name(its.code) if its.code else None,
                "n": its.stays.n, "cost": its.stays.cost, "mean_cost": half_up(mean.numerator, mean.denominator),
                "cv": its.stays.cv if its.value is None or its.year else its.value,
                "year": its.year or None, "moved": its.value if its.year else None,
                "proposal": by_code.get((its.what, its.code)) if its.code else by_group.get(its.drg),
            }
        )  # fmt: skip
    return rows


def _proposal(number: str, its: study.Proposal, weights: Mapping[int, int]) -> dict[str, Any]:
    whole = study.total(p.stays for p in its.before)
    return {
        "proposal": number, "kind": its.kind, "adrg": its.adrg, "name": its.after[0].name, "factor": its.factor,
        "codes": list(its.codes), "n": whole.n, "mean_cost": whole.printed_mean(weights),
        "cv_before": _cv(its.before), "cv_after": _cv(its.after),
        "reduction": half_up(its.reduction.numerator * ONE, its.reduction.denominator),
        "drafted": bool(its.changes),
    }  # fmt: skip


def _cv(pieces: Sequence[study.Piece]) -> int | None:
    """Coefficients of variation, weighted by cases."""
    known = [(p.stays.n, p.stays.cv) for p in pieces if p.stays.cv is not None]
    return half_up(sum(n * cv for n, cv in known if cv), sum(n for n, _ in known)) if known else None


def _parts(number: str, its: study.Proposal, weights: Mapping[int, int]) -> Iterator[dict[str, Any]]:
    for side, pieces in (("as_now", its.before), ("as_drafted", its.after)):
        for p in pieces:
            yield {
                "proposal": number, "side": side, "drg": p.drg, "name": p.name, "condition": p.condition,
                "n": p.stays.n, "least": p.stays.least(weights), "mean_cost": p.stays.printed_mean(weights),
                "cv": p.stays.cv,
            }  # fmt: skip


def _effects(proposals: Numbered, effects: Effects) -> Rows:
    """Points by institution, an average year of the weights: of each proposal's stays that move, and of all."""
    moves = [(number, {p.drg for p in its.before}, its.adrg) for number, its in proposals if its.changes]
    cells: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, Fraction(0), Fraction(0)])
    columns = ("year", "institution_id", "drg", "status", "drg_b", "status_b", "n", "cost")
    for year, house, drg, status, drg_b, status_b, n, cost in effects.moved.select(columns).iter_rows():
        weight = effects.weights[year]
        sides = (effects.points(effects.before, drg, status, n, cost),
                 effects.points(effects.after, drg_b, status_b, n, cost))  # fmt: skip
        of = [ALL_PROPOSALS]
        of += [number for number, before, adrg in moves if drg in before and drg_b[:3] == adrg]
        for number in of:
            cell = cells[number, house]
            cell[0] += n
            cell[1] += weight * sides[0]
            cell[2] += weight * sides[1]
    whole = sum(effects.weights.values())
    totals = [sum((c[i] for (p, _), c in cells.items() if p == ALL_PROPOSALS), Fraction(0)) for i in (1, 2)]
    rows = []
    for (number, house), (n, before, after) in sorted(cells.items()):
        rows.append(
            {
                "proposal": number, "institution_id": house, "n": n,
                "points_before": half_up(before.numerator, before.denominator * whole),
                "points_after": half_up(after.numerator, after.denominator * whole),
                "share_before": _share(before, totals[0]), "share_after": _share(after, totals[1]),
            }
        )  # fmt: skip
    return rows


def _share(part: Fraction, whole: Fraction) -> int:
    share = Fraction(part, whole or 1)
    return half_up(share.numerator * ONE, share.denominator)


def _riv(effects: Effects) -> Rows:
    """RIV by year and of all years: sums of squares around the means of each year, of the same stays. Stays without a
    group are one group."""
    sides = {side: study.moments_by(effects.moved, drg) for side, drg in (("before", "drg"), ("after", "drg_b"))}
    whole = study.total(sides["before"].values())
    status = {"before": "status", "after": "status_b"}
    rows = []
    for year in (0, *sorted(effects.weights)):
        mine = effects.moved if not year else effects.moved.filter(pl.col("year") == year)
        row: dict[str, Any] = {"year": year, "n": int(mine["n"].sum())}
        for side, groups in sides.items():
            its = [_of_year(m, year) for m in groups.values()]
            within = sum((m.within for m in its), Fraction(0))
            inside = int(mine.filter(pl.col(status[side]) == "grouped")["n"].sum())
            row |= {
                f"riv_{side}": ONE - _share(within, _of_year(whole, year).within),
                f"groups_{side}": sum(m.n > 0 for m in its),
                f"grouped_share_{side}": _share(Fraction(inside), Fraction(row["n"])),
            }
        rows.append(row)
    return rows


def _of_year(its: study.Moments, year: int) -> study.Moments:
    return its if not year else study.Moments({y: sums for y, sums in its.years.items() if y == year})


def _bases(effects: Effects) -> Rows:
    rows = []
    for drg in sorted({*effects.before.groups, *effects.after.groups}):
        row: dict[str, Any] = {"drg": drg, "name": effects.names.get(drg, "")}
        for side, base in (("before", effects.before), ("after", effects.after)):
            group = base.groups.get(drg)
            row |= {
                f"n_{side}": group and group.n, f"mean_{side}": group and group.mean_cost,
                f"cv_{side}": group and group.cv, f"points_{side}": group and group.base_points,
            }  # fmt: skip
        rows.append(row)
    return rows
