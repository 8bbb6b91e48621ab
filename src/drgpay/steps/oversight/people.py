"""All rules on whole persons in one pass: what ``engine.map_by`` runs over stays, visits and persons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from drgpay.engine import frame
from drgpay.steps.oversight.catalogue import RULES, Limits, missing
from drgpay.steps.oversight.facts import no_mix
from drgpay.steps.oversight.hits import HITS, none_found
from drgpay.steps.oversight.moves import moves
from drgpay.steps.oversight.needless import little_needed, with_mix
from drgpay.steps.oversight.overlaps import at_once, dead
from drgpay.steps.oversight.pairs import repeated, returns, splitting, with_earlier
from drgpay.steps.oversight.singles import coding, hang_bed, impossible, known, self_paid, too_little
from drgpay.steps.oversight.visits import after_death, beside_stays, observed, plain_visits

_REGISTER = {"person_id": pl.String, "sex": pl.String, "birth_date": pl.Date, "death_date": pl.Date}
PERSON_ORDER = ("person_id", "admitted", "discharged", "stay_id")
HEADS, READMITTED = "=heads", "=readmitted"
"""counts that come out beside the suspicions: distinct persons, and stays followed by another within the days, by
institution and month (0 = the year); ``amount`` is the count"""


@dataclass(frozen=True)
class Watch:
    """What the person-level rules need besides the rows themselves."""

    limits: Limits
    brought: frozenset[str]
    """``table.column`` of what the region brought"""
    means: pl.DataFrame
    """see :func:`~.facts.group_means`"""
    peers: pl.DataFrame
    """``institution_id``, ``shrunk``, ``lifted_shrunk``"""
    overall: int
    """mean cost of all stays, fen"""
    links: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"institution_id": pl.String, "link": pl.String})
    )
    ranks: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"institution_id": pl.String, "rank": pl.Int64})
    )
    """``institution_id``, ``rank``: level of every institution, 0 = primary"""
    mixes: tuple[pl.DataFrame, pl.DataFrame] = field(default_factory=no_mix)
    """what stays' fees are made of: see :func:`~.facts.fee_mix` and :func:`~.facts.house_mix`"""

    def runs(self, rule: str) -> bool:
        """Whether everything the rule needs is there."""
        return not missing(RULES[rule], self.brought)


def _with_others(rows: pl.DataFrame, means: pl.DataFrame) -> pl.DataFrame:
    for name in ("cc", "other"):
        other = means.select(
            pl.col("drg").alias(f"{name}_drg"),
            pl.col("g_cost").alias(f"{name}_cost"),
            pl.col("g_los").alias(f"{name}_los"),
            pl.col("g_care").alias(f"{name}_care"),
        )
        rows = rows.join(other, on=f"{name}_drg", how="left", maintain_order="left")
    return rows


def _counts(people: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    settled = people.filter("settled")
    again = with_earlier(people, ["person_id", "institution_id"]).filter(
        pl.col("settled")
        & pl.col("gap").is_between(0, limits.whole("splitting.gap_days"))
        & ~pl.col("planned_pattern")
        & ~pl.col("p_planned_pattern")
        & ~pl.col("bed_day")
        & ~pl.col("p_bed_day")
    )
    whole = pl.lit(0, pl.Int8).alias("month")
    parts = [
        (HEADS, settled.group_by("institution_id", "month").agg(pl.col("person_id").n_unique().alias("amount"))),
        (HEADS, settled.group_by("institution_id", whole).agg(pl.col("person_id").n_unique().alias("amount"))),
        (READMITTED, again.group_by("institution_id", "month").agg(pl.len().alias("amount"))),
    ]
    rows = [part.with_columns(pl.lit(name).alias("rule")) for name, part in parts]
    return pl.concat(
        part.select(pl.col(c).cast(t) if c in part.columns else pl.lit(None, t).alias(c) for c, t in HITS.items())
        for part in rows
    )


def _rules(
    everybody: pl.DataFrame, people: pl.DataFrame, visits: pl.DataFrame | None, deaths: pl.DataFrame, watch: Watch
) -> Iterator[Mapping[str, Callable[[], pl.DataFrame]]]:
    limits = watch.limits
    primary = frozenset(watch.ranks.filter(pl.col("rank") == 0)["institution_id"])
    settled = everybody.filter("settled")
    yield hang_bed(settled, limits)
    yield little_needed(with_mix(settled, *watch.mixes), limits, watch.overall)
    yield impossible(settled, limits)
    yield self_paid(settled, limits)
    yield coding(_with_others(settled, watch.means), limits, watch.peers, watch.means)
    yield too_little(settled.with_columns(pl.lit(watch.overall, pl.Int64).alias("overall")), limits, primary)
    yield splitting(people, limits, watch.links, watch.ranks)
    yield moves(people, limits, watch.ranks)
    yield at_once(people, limits)
    yield dead(people, limits)
    yield returns(people, limits)
    yield repeated(people, limits)
    if visits is not None:
        yield beside_stays(people, visits, limits)
        yield observed(people, visits, limits)
        yield after_death(visits, deaths, limits)


def person_hits(facts: Any, visits: Any, persons: Any, *, watch: Watch) -> Any:
    """Rows of :data:`~.hits.HITS` of whole persons: ``facts``, and the tables ``visits`` and ``persons``, or None."""
    rows = known(frame(facts), watch.means)
    register = frame(persons) if persons is not None else pl.DataFrame(schema=_REGISTER)
    register = register.unique("person_id", keep="first").select(
        "person_id",
        pl.col("sex").alias("r_sex"),
        pl.col("birth_date").alias("r_birth"),
        pl.col("death_date").alias("r_death"),
    )
    rows = rows.join(register, on="person_id", how="left", maintain_order="left")
    people = rows.filter(pl.col("person_id").is_not_null() & pl.col("admitted").is_not_null())
    seen = None if visits is None else plain_visits(_plain_codes(visits))
    found = [none_found(), _counts(people, watch.limits)]
    deaths = register.select("person_id", "r_death").drop_nulls()
    for rules in _rules(rows, people, seen, deaths, watch):
        found += [look() for name, look in rules.items() if watch.runs(name)]
    return pl.concat(found).to_arrow(compat_level=pl.CompatLevel.oldest())


def _plain_codes(visits: Any) -> pl.DataFrame:
    data = frame(visits)
    return data.with_columns(pl.col("dx").cast(pl.List(pl.String)))
