"""What people do with the morning list: follow an alert, review suspicions, explain one, code a sample again.

People's registers are CSV files of the region; nothing here decides anything for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay import __version__
from drgpay.engine import MANIFEST, dataset, frame, new_folder, open_parquet, read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.places import locked, writing
from drgpay.runs.batches import refuse_composed
from drgpay.runs.manifest import TABLES, file_digest, write_manifest
from drgpay.runs.region import read_region, register_file
from drgpay.runs.register_files import write_register
from drgpay.runs.taking import Offered, Withheld, carried_over, write_offers
from drgpay.steps import intake, oversight
from drgpay.tables import (
    ALERT_EVENTS,
    ALERT_EVIDENCE,
    ALERTS,
    AUDIT_SAMPLE,
    CONFIRMED_CASES,
    DOCTOR_MARKS,
    GROUPED,
    INSTITUTION_EVENTS,
    NEGATIVE_LIST,
    PAYMENT_HOLDS,
    REFUSALS,
    REVIEWS,
    RULE_STATUS,
    SANCTIONS,
    SECOND_CODINGS,
    SPECIAL_RESULTS,
    STAY_DECISIONS,
    SUPERVISION,
    SUSPICION_EVIDENCE,
    SUSPICIONS,
    VIOLATIONS,
    VISITS,
    Table,
)

Row = dict[str, Any]

_WAIT = 30
"""seconds another writer of the same register is waited for"""


@dataclass(frozen=True)
class Proposal:
    """What confirmed reviews lead to: rows for the registers a settlement reads, and the entries they will cause."""

    treatments: list[Row]
    violations: list[Row]
    decisions: list[Row]
    entries: list[Row]
    marks: list[Row]
    refusals: list[Row]
    cases: list[Row]
    holds: list[Row]
    closings: list[Row]
    sanctions: list[Row]
    supervision: list[Row]


def _register(path: Path, table: Table) -> list[Row]:
    return frame(intake.read_register(path, table)).to_dicts()


def _recorded(path: Path, table: Table) -> tuple[list[Row], Table]:
    """Every row of a register, superseded ones too, and its columns: with days of recording where it has them."""
    register = intake.read_recorded(path, table)
    return frame(register.every).to_dicts(), table if register.digest is None else intake.recorded(table)


def propose(
    out: Path, reviews: Path, region: Path | None = None, *, besides: Sequence[Row] = ()
) -> Proposal:  # fmt: skip
    """Check the reviews against a look and say what follows. ``region``: decisions are numbered after those it has;
    ``besides``: suspicions of people, which no look has.

    Raises DATA for a review that does not fit, USAGE when ``out`` is no look."""
    manifest = read_manifest(out, "oversight")
    known = {r["suspicion_id"]: r for r in (*read_table(out / TABLES, SUSPICIONS).to_dicts(), *besides)}
    treated = oversight.treatments(_register(reviews, REVIEWS), known)
    first = 1
    special = oversight.decision_rows(read_table(out / TABLES, SPECIAL_RESULTS).to_dicts())
    path = None if region is None else register_file(region, STAY_DECISIONS)
    if path is not None:
        there = _register(path, STAY_DECISIONS)
        first += max((r["number"] for r in there), default=0)
    refused = oversight.refusal_rows(treated, first)
    special = [row | {"number": first + len(refused) + i} for i, row in enumerate(special)]
    year = int(manifest["year"])
    return Proposal(
        treated,
        oversight.violation_rows(treated, year),
        [*refused, *special],
        oversight.ledger_preview(treated),
        oversight.mark_rows(treated, year),
        oversight.refused_patients(treated, known, year),
        oversight.confirmed_cases(treated, known, year),
        oversight.hold_rows(treated, year),
        oversight.closing_rows(treated),
        oversight.sanction_rows(treated, year),
        oversight.supervision_rows(treated, year, oversight.limits_of(manifest["limits"])),
    )


def write_proposal(proposal: Proposal, folder: Path, out: Path, reviews: Path) -> None:
    """What follows from the reviews of a look (``out``), as a result a region can take: each register it offers rows
    to as a CSV file for people, with the ``negative_list.csv`` to be published, and what it offers, with a
    manifest."""
    look = read_manifest(out, "oversight")
    said = {row["suspicion_id"]: row for row in proposal.treatments}
    refused = oversight.refusal_rows(proposal.treatments, 1)
    stays = {row["stay_id"]: row for row in proposal.treatments if row["treatment"] == "refuse"}
    offered = [
        Offered(VIOLATIONS, "review", [r | _evidence(said[r["violation_id"]]) for r in proposal.violations]),
        Offered(STAY_DECISIONS, "review", [r | _evidence(stays[r["stay_id"]]) for r in refused]),
        Offered(DOCTOR_MARKS, "review", [r | _evidence(said[r["violation_id"]]) for r in proposal.marks]),
        Offered(REFUSALS, "review", [r | _evidence(said[r["violation_id"]]) for r in proposal.refusals]),
        Offered(CONFIRMED_CASES, "review", [r | _evidence(said[r["violation_id"]]) for r in proposal.cases]),
        Offered(PAYMENT_HOLDS, "review", [r | _evidence(said[r["hold_id"]]) for r in proposal.holds]),
        Offered(INSTITUTION_EVENTS, "review", [r | _evidence(said[r["event_id"]]) for r in proposal.closings]),
        Offered(SANCTIONS, "review", proposal.sanctions),
        Offered(SUPERVISION, "review", proposal.supervision),
        *carried_over(out, "special"),
    ]
    withheld = None if any(one.rows for one in offered) else _NOTHING
    with new_folder(folder) as draft:
        for table, rows in (
            (VIOLATIONS, proposal.violations),
            (STAY_DECISIONS, proposal.decisions),
            (DOCTOR_MARKS, proposal.marks),
            (REFUSALS, proposal.refusals),
            (NEGATIVE_LIST, oversight.negative_list(proposal.refusals, ())),
            (PAYMENT_HOLDS, proposal.holds),
            (INSTITUTION_EVENTS, proposal.closings),
            (SANCTIONS, proposal.sanctions),
            (SUPERVISION, proposal.supervision),
        ):
            write_register(draft / f"{table.name}.csv", table, rows)
        content = {
            "kind": "review",
            "software": f"drgpay {__version__}",
            **{name: look[name] for name in ("run", "year", "month", "region")},
            "confirmed": len(proposal.treatments),
            "inputs": {"oversight": file_digest(out / MANIFEST), "reviews": _digest(reviews)},
            **write_offers(draft, offered, withheld),
        }
        write_manifest(draft, content)


_NOTHING = Withheld(
    "没有已认定的疑点,也没有已决定的特例单议,不能接收",
    "no suspicion is confirmed and no special review decided: there is nothing to take",
    "先完成评审(decision 填 confirm),再运行 drgpay oversee review",
    "finish the reviews (decision: confirm), then run drgpay oversee review again",
)


def _digest(register: Path) -> str:
    """The digest of a register that may be named without its ending."""
    named = [register, *(register.with_name(register.name + ending) for ending in intake.REGISTER_SUFFIXES)]
    return file_digest(next(path for path in named if path.is_file()))


def _evidence(treated: Row) -> Row:
    return {"evidence": treated["suspicion_id"], "decided_by": treated["reviewer"], "decided_on": treated["on"]}


def move_alert(out: Path, region: Path, alert: str, state: str, by: str, note: str, on: date) -> str:
    """Add an event to the region's ``alert_events.csv``; returns the state before. One at a time: a second program
    that moves an alert waits for the first, and after half a minute is told who it is (ENGINE). Raises DATA for an
    alert the look does not have, and for a state that may not follow."""
    read_manifest(out, "oversight")
    if not read_table(out / TABLES, ALERTS).filter(pl.col("alert_id") == alert).height:
        raise _unknown(alert)
    refuse_composed(region)
    path = region / f"{ALERT_EVENTS.name}.csv"
    with writing(path), locked(path, wait=_WAIT):
        events = _register(path, ALERT_EVENTS) if path.is_file() else []
        kept, wide = _recorded(path, ALERT_EVENTS) if path.is_file() else ([], ALERT_EVENTS)
        now = oversight.follow(events).get(alert, "raised")
        if state not in oversight.NEXT[now]:
            raise oversight.refused(alert, now, state)
        number = 1 + sum(e["alert_id"] == alert for e in events)
        event = {"alert_id": alert, "number": number, "state": state, "on": on, "by": by, "note": note}
        write_register(path, wide, [*kept, event])
    return now


def _unknown(name: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA,
        zh="没有这个疑点或预警",
        en="no such suspicion or alert",
        value=name,
        fix_zh="编号见 suspicions 和 alerts 表",
        fix_en="the ids are in the tables suspicions and alerts",
    )


@dataclass(frozen=True)
class Told:
    """A suspicion or an alert with its evidence; ``rule``: the catalogue's rule, None for an alert."""

    row: Row
    evidence: list[Row]
    rule: oversight.Rule | None


def tell(out: Path, name: str) -> Told:
    """A suspicion or an alert of a look, by its id. Raises DATA when there is none."""
    read_manifest(out, "oversight")
    for table, evidence, key in ((SUSPICIONS, SUSPICION_EVIDENCE, "number"), (ALERTS, ALERT_EVIDENCE, "month")):
        column = table.key[0]
        found = read_table(out / TABLES, table).filter(pl.col(column) == name).to_dicts()
        if found:
            rows = read_table(out / TABLES, evidence).filter(pl.col(column) == name).sort(key).to_dicts()
            return Told(found[0], rows, oversight.RULES.get(found[0]["rule"]))
    raise _unknown(name)


def audit_template(out: Path, target: Path) -> int:
    """A sheet for the second coder: the sampled stays and nothing of the first coding. Returns how many there are."""
    read_manifest(out, "oversight")
    rows = read_table(out / TABLES, AUDIT_SAMPLE).sort("institution_id", "number").to_dicts()
    write_register(target, SECOND_CODINGS, [{"stay_id": row["stay_id"]} for row in rows])
    return len(rows)


@dataclass(frozen=True)
class Counted:
    """A look at a glance: rules with their status, suspicions and amount, and alerts by their words (Chinese,
    English)."""

    rules: list[Row]
    alerts: list[tuple[str, str, int]]


def count_look(out: Path) -> Counted:
    """What a look found, by rule and by alert. Amounts are those of leads."""
    leads = read_table(out / TABLES, SUSPICIONS).filter(pl.col("standing") == SUSPICIONS["standing"].choices[0])
    found = leads.group_by("rule").agg(pl.col("amount").sum())
    amounts = dict(found.rows())
    rules = [r | {"amount": amounts.get(r["rule"], 0)} for r in read_table(out / TABLES, RULE_STATUS).to_dicts()]
    alerts = read_table(out / TABLES, ALERTS).group_by("rule", "zh", "en").agg(pl.len()).sort("rule").rows()
    return Counted(rules, [(zh, en, n) for _, zh, en, n in alerts])


def owners_of(records: frozenset[str], run: Path, region: Path) -> dict[str, str]:
    """Whose the stays and visits of these ids are, as far as the run's stays and the region's visits say."""
    if not records:
        return {}
    wanted = pa.array(sorted(records), pa.string())
    found: dict[str, str] = {}
    visits = [p for p in read_region(region).table_files(VISITS) if p.suffix.lower() == ".parquet"]
    for name, paths in (("stay_id", dataset(run / TABLES, GROUPED).paths), ("visit_id", visits)):
        for path in paths:
            file = open_parquet(path)
            if {name, "institution_id"} <= set(file.schema_arrow.names):
                for batch in file.iter_batches(columns=[name, "institution_id"]):
                    its = pa.table(batch).cast(pa.schema([(name, pa.string()), ("institution_id", pa.string())]))
                    its = its.filter(pc.is_in(its.column(name), value_set=wanted))
                    found |= dict(zip(its.column(0).to_pylist(), its.column(1).to_pylist(), strict=True))
    return found
