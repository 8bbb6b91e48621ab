"""Details of the stays of a block: fees, way in, leave, plans to return, first procedure, surgeon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.samples.fees import AWAY, EARLY, NO_OPERATION, TESTS_ONLY, USUAL, WORK_UP, make_fees
from drgpay.samples.people import day_number
from drgpay.samples.plan import DETAILS, REPEATS, Plan, source
from drgpay.samples.stays import Block
from drgpay.samples.vouchers import vouchers
from drgpay.scheme import load
from drgpay.tables import FEES, ROUTES, STAY_DETAILS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

EMERGENCY, OUTPATIENT, TRANSFER, ELSE = range(len(ROUTES))
_URGENT = {"A": 0.2, "B": 0.42, "C": 0.02, "D": 0.08, "E": 0.35, "F": 0.38, "G": 0.33, "H": 0.35, "I": 0.22,
           "J": 0.06, "K": 0.12, "L": 0.15, "M": 0.1, "N": 0.1, "O": 0.3, "P": 0.15, "Q": 0.15, "R": 0.02, "S": 0.4,
           "T": 0.1, "U": 0.1, "V": 0.7, "W": 0.6, "X": 0.03, "Y": 0.1, "Z": 0.9}  # fmt: skip
"""share admitted through the emergency department"""
_LEAVE = {"T": 0.10, "U": 0.10, "X": 0.08}
_LEAVE_ELSE = 0.006
_WORK_UP = 0.012
"""share of medical stays that are honest work-ups: mostly examinations"""
_RETURN = 31
"""days within which a planned return counts"""
_CODERS = 3
"""coders of an institution: each codes the stays of every third department"""
_DESKS = [f"C{n + 1}" for n in range(_CODERS)]


@dataclass(frozen=True)
class Details:
    """Details of a block's stays: ``block`` with the styles it is charged in; ``table`` (record batch of
    STAY_DETAILS); ``fees`` (stays × categories, fen); ``leave`` (days); ``operation`` (days from admission to the
    first procedure, −1 where there is none); ``route``; ``observed`` (hours under observation before
    admission, −1 where none)."""

    block: Block
    table: Any
    fees: Ints
    leave: Ints
    operation: Ints
    route: Ints
    observed: Ints


@lru_cache(maxsize=2)
def _operations(scheme_id: str, codes: tuple[str, ...]) -> Flags:
    operation = load(scheme_id).operation
    return np.array([code in operation for code in codes], bool)


def operated(plan: Plan, block: Block) -> Flags:
    """The stays in which an operation is reported."""
    proc = block.stays.column("proc")
    coded = proc.flatten()
    known = _operations(plan.scheme_id, tuple(coded.dictionary.to_pylist()))
    sizes = pc.fill_null(pc.list_value_length(proc), 0).to_numpy()
    owner = np.repeat(np.arange(len(proc)), sizes)
    found = np.zeros(len(proc), bool)
    found[owner[known[coded.indices.to_numpy()]]] = True
    return found


def next_stay(person: Ints, admitted: Ints) -> tuple[Ints, Ints]:
    """(order of the stays by person and admission, place of each stay's next one of the same person or −1)."""
    order = np.lexsort((admitted, person))
    after = np.full(len(person), -1, np.int64)
    same = person[order][1:] == person[order][:-1]
    after[order[:-1][same]] = order[1:][same]
    return order, after


def make_details(plan: Plan, block: Block) -> Details:
    """Details of a block; the same for the same stays."""
    rng = source(plan.seed, DETAILS, block.year, block.number)
    stays, facts = block.stays, block.facts
    rows = stays.num_rows
    admitted, left = (stays.column(f"{name}_date").cast(pa.int32()).to_numpy().astype(np.int64)
                      for name in ("admission", "discharge"))  # fmt: skip
    los = stays.column("los").to_numpy().astype(np.int64)
    reported = operated(plan, block)
    letters = plan.mdc[facts.group]
    usual = (facts.style == USUAL) & ~plan.surgical[facts.group] & (los <= 5) & (plan.cost[facts.group] < 9 * 10**5)
    style = np.where(usual & (rng.random(rows) < 2.2 * _WORK_UP), WORK_UP, facts.style)

    urgent = np.array([_URGENT.get(chr(65 + i), 0.15) for i in range(26)])[letters]
    cyclic = plan.repeats[facts.group] == REPEATS.index("cycle")
    forced = np.isin(facts.style, (TESTS_ONLY, AWAY))
    urgent = np.where(cyclic, 0.01, np.where(forced, 0.04, urgent))
    _, after = next_stay(facts.person, admitted)
    gap = np.where(after >= 0, admitted[after] - left, 10_000)
    alike = (after >= 0) & (facts.group[after] == facts.group) & (facts.place[after] == facts.place)
    u = rng.random(rows)
    # most honest early returns for the same trouble were planned when the patient left
    planned = np.where(cyclic, u < np.where(gap <= _RETURN, 0.94, 0.45),
                       np.where((gap <= 15) & alike & (facts.style == USUAL), u < 0.85, u < 0.012))  # fmt: skip
    unplanned = np.zeros(rows, bool)
    unplanned[after[(after >= 0) & (gap <= 15) & ~planned]] = True
    urgent = np.where(unplanned & (facts.style == USUAL), np.maximum(urgent, 0.6), urgent)
    v = rng.random(rows)
    route = np.where(v < urgent, EMERGENCY, np.where(v > 0.975, TRANSFER, np.where(v > 0.96, ELSE, OUTPATIENT)))
    # some who came at night were treated before they were admitted
    night = (style == USUAL) & (route == EMERGENCY) & (admitted > day_number(block.year)) & (rng.random(rows) < 0.008)
    facts = replace(facts, style=np.where(night, EARLY, style), arg=np.where(night, 1, facts.arg))
    fees = make_fees(plan, replace(block, facts=facts), reported & (style != NO_OPERATION))
    hours = np.rint(rng.gamma(1.1, 9.0, rows)).astype(np.int64)
    hours = np.where(rng.random(rows) < 0.012, rng.integers(49, 110, rows), np.minimum(hours, 72))
    observed = np.where((route == EMERGENCY) & (rng.random(rows) < 0.4), hours, -1)

    away = np.array([_LEAVE.get(chr(65 + i), _LEAVE_ELSE) for i in range(26)])[letters]
    leave = np.where(
        (rng.random(rows) < away) & (los >= 4), 1 + (rng.random(rows) ** 3 * 0.3 * los).astype(np.int64), 0
    )
    long = (rng.random(rows) < 0.06) & np.isin(letters, [ord("T") - 65, ord("X") - 65]) & (leave > 0)
    leave = np.where(long, (rng.uniform(0.3, 0.62, rows) * los).astype(np.int64), leave)
    leave = np.where(facts.style == AWAY, facts.arg, np.where(facts.style == USUAL, leave, 0))

    lag = np.where(route == EMERGENCY, rng.integers(0, 2, rows), rng.integers(1, 4, rows))
    any_proc = pc.fill_null(pc.list_value_length(stays.column("proc")), 0).to_numpy() > 0
    operation = np.where(any_proc, np.minimum(lag, np.maximum(los - 1, 0)), -1)
    count = plan.places.doctor_count[facts.place, facts.department]
    first = plan.places.doctor_first[facts.place, facts.department]
    other = first + (rng.random(rows) * count).astype(np.int64)
    surgeon = np.where(rng.random(rows) < 0.55, facts.doctor, other)

    total, own = stays.column("total_cost").to_numpy(), stays.column("personal_paid").to_numpy()
    level = plan.places.level[facts.place]
    outside = rng.beta(1.6, 22.0, rows) * np.array([1.25, 1.0, 0.7])[level] * (0.8 + 0.4 * rng.random(rows))
    outside = np.minimum(np.rint(outside * total).astype(np.int64), own)
    referred = np.where(route == TRANSFER, rng.random(rows) < 0.8, rng.random(rows) < 0.03)
    table = _table(plan, block, fees, {
        "admission_route": pa.DictionaryArray.from_arrays(pa.array(route.astype(np.int32)), pa.array(ROUTES)),
        "observation_hours": pa.array(observed.astype(np.int32), mask=observed < 0),
        "leave_days": pa.array(leave.astype(np.int16)),
        "readmission_planned": pa.array(planned),
        "referred": pa.array(referred),
        "first_procedure_date": pa.array((admitted + operation).astype(np.int32), mask=operation < 0).cast(
            pa.date32()
        ),
        "surgeon_id": _surgeons(plan, surgeon, reported),
        "coder_id": pa.DictionaryArray.from_arrays(
            pa.array((facts.department % _CODERS).astype(np.int32)), pa.array(_DESKS)
        ),
        "out_of_policy": pa.array(outside),
        "e_voucher": vouchers(plan, facts.place, DETAILS, block.year, block.number),
    })  # fmt: skip
    charged = replace(block, facts=facts)
    return Details(charged, table, fees, leave, np.where(reported, operation, -1), route, observed)


def _surgeons(plan: Plan, surgeon: Ints, reported: Flags) -> Any:
    names = pa.array([row["doctor_id"] for row in plan.places.doctors], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(surgeon.astype(np.int32), mask=~reported), names)


def _table(plan: Plan, block: Block, fees: Ints, columns: dict[str, Any]) -> Any:
    shared = {name: block.stays.column(name) for name in ("stay_id", "person_id", "institution_id", "discharge_date")}
    of_fees = {f"{kind}_fee": pa.array(fees[:, i].copy()) for i, kind in enumerate(FEES)}
    every = shared | columns | of_fees
    return pa.RecordBatch.from_arrays([every[name] for name in STAY_DETAILS.names], schema=STAY_DETAILS.schema)
