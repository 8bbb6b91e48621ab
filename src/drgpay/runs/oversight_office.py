"""What an office asks of oversight: its terms, a lead as a file, what follows from a review, and what the year's
decisions add up to."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import read_manifest, read_table
from drgpay.policy import load
from drgpay.runs.manifest import TABLES
from drgpay.runs.oversight_review import owners_of, propose, write_proposal
from drgpay.runs.oversight_seen import hide_id, named_records, seen_by
from drgpay.runs.register_files import write_register
from drgpay.runs.taking import OFFERS, offers
from drgpay.steps import oversight
from drgpay.tables import INSTITUTIONS, REVIEWS, SUSPICION_EVIDENCE, SUSPICIONS, Table

Row = dict[str, Any]
_GRAVE = ("suspend", "terminate", "hand_over")


@dataclass(frozen=True)
class OversightTerms:
    """Terms of oversight: working days for an institution to answer what it is asked, to appeal against a finding,
    and for the office to decide on an appeal; the amount (fen) above which another approves a treatment; damages as
    multiples (1/10,000) at least and at most."""

    answer_days: int
    appeal_days: int
    appeal_answer_days: int
    approve: int
    damages_least: int
    damages_most: int


def oversight_terms(practice: str | Path, on: date) -> OversightTerms:
    """The terms of a practice on a day (limits ``treatment.*`` of ``oversight.limits``). Raises POLICY for a practice
    that cannot be read."""
    limits = oversight.limits(load(practice, on=on))
    return OversightTerms(
        answer_days=limits.whole("treatment.answer_days"),
        appeal_days=limits.whole("treatment.appeal_days"),
        appeal_answer_days=limits.whole("treatment.appeal_answer_days"),
        approve=limits.fen("treatment.approve_yuan"),
        damages_least=limits.ratio("treatment.damages_least"),
        damages_most=limits.ratio("treatment.damages_most"),
    )


@dataclass(frozen=True)
class Lead:
    """A suspicion of a look as a file: its row and evidence; ``seen_id``, ``seen``: its id and evidence as its
    institution sees them; ``said``, ``left_out``, ``innocent``: what the rule looks for, what it leaves out and what
    may explain it, each in Chinese and English; ``no_amount``: why nothing is at stake, where that is so."""

    row: Row
    evidence: list[Row]
    seen_id: str
    seen: list[Row]
    said: tuple[str, str]
    left_out: tuple[str, str]
    innocent: tuple[str, str]
    no_amount: tuple[str, str] | None


@dataclass(frozen=True)
class RuleSaid:
    """A rule of oversight in words: what it looks for and the term with its clause, each in Chinese and English."""

    id: str
    said: tuple[str, str]
    term: tuple[str, str]


def oversight_rules() -> list[RuleSaid]:
    """The rules of oversight, in the order of their catalogue."""
    found = []
    for rule in oversight.RULES.values():
        term = oversight.TYPES[rule.violation].term
        found.append(RuleSaid(rule.id, (rule.words.zh, rule.words.en), (term.zh, term.en)))
    return found


def leads_of(look: Path, names: Collection[str], run: Path, region: Path) -> list[Lead]:
    """The suspicions of a look with these ids, in the order of their ids; ids it does not have are left out. ``run``
    and ``region`` say whose the records are that they name."""
    read_manifest(look, "oversight")
    wanted = pl.Series([*names], dtype=pl.String).implode()
    rows = read_table(look / TABLES, SUSPICIONS).filter(pl.col("suspicion_id").is_in(wanted)).sort("suspicion_id")
    evidence = read_table(look / TABLES, SUSPICION_EVIDENCE).filter(pl.col("suspicion_id").is_in(wanted))
    evidence = evidence.sort("suspicion_id", "number")
    named = named_records(rows, evidence)
    owners = owners_of(named, run, region)
    houses = frozenset(read_table(run / TABLES, INSTITUTIONS)["institution_id"])
    seen = {h: seen_by(h, rows, evidence, owners, houses)[1] for h in rows["institution_id"].drop_nulls().unique()}
    found = []
    for row in rows.to_dicts():
        house, name = row["institution_id"], row["suspicion_id"]
        mine = {record for record, owner in owners.items() if owner == house}
        rule, its = oversight.RULES[row["rule"]], pl.col("suspicion_id") == name
        found.append(
            Lead(
                row,
                evidence.filter(its).to_dicts(),
                hide_id(name, frozenset(named - mine)),
                seen[house].filter(its).to_dicts() if house else [],
                (rule.words.zh, rule.words.en),
                (rule.exclusions.zh, rule.exclusions.en),
                (rule.false.zh, rule.false.en),
                (rule.no_amount.zh, rule.no_amount.en) if rule.no_amount else None,
            )
        )
    return found


@dataclass(frozen=True)
class FollowUp:
    """What follows from reviews: the rows of every register a settlement, an evaluation or a later look reads, the
    treatments, the entries the next clearing posts, and how much is refused, recovered and charged (fen).
    ``grave``: a treatment ends or interrupts an agreement, or goes to another authority."""

    rows: list[tuple[Table, list[Row]]]
    treated: list[Row]
    entries: list[Row]
    total: int
    grave: bool


def follow_up(look: Path, reviews: Sequence[Row], besides: Sequence[Row] = ()) -> FollowUp:
    """What follows from rows of the register ``reviews`` on suspicions of a look: the same rows ``region take`` takes
    from ``oversee review``. ``besides``: suspicions that no look has, as rows of ``suspicions``.

    Raises DATA for a review that does not fit."""
    with tempfile.TemporaryDirectory() as scratch:
        register, out = Path(scratch) / "reviews.csv", Path(scratch) / "review"
        write_register(register, REVIEWS, [*reviews])
        proposal = propose(look, register, besides=besides)
        write_proposal(proposal, out, look, register)
        taken = offers(out) if read_manifest(out)[OFFERS] else []
    return FollowUp(
        [(one.register, [{n: row[n] for n in one.register.names} for row in one.rows])
         for one in taken if one.origin.startswith("review/")],
        proposal.treatments,
        proposal.entries,
        sum(row["amount"] + row["damages"] for row in proposal.treatments),
        any(row["treatment"] in _GRAVE for row in proposal.treatments),
    )  # fmt: skip


@dataclass(frozen=True)
class YearOfTreatments:
    """What the confirmed cases of a year add up to: points of doctors, next year's tiers, and what is to be made
    public (rows of ``doctor_points``, ``violation_tiers``, ``publications``)."""

    doctors: list[Row]
    tiers: list[Row]
    publications: list[Row]


def year_of_treatments(
    practice: str | Path, on: date, year: int, treated: Sequence[Row], marks: Sequence[Row],
    institutions: Collection[str],
) -> YearOfTreatments:  # fmt: skip
    """The closed loop of a year: ``treated``: rows of ``treatments`` that were carried out; ``marks``: the register
    ``doctor_marks``; ``institutions``: ids of all."""
    limits = oversight.limits(load(practice, on=on))
    earlier = [row for row in marks if row["year"] == year]
    return YearOfTreatments(
        oversight.doctor_points((), limits, earlier),
        oversight.violation_tiers(treated, institutions, year, limits),
        oversight.publications(treated),
    )
