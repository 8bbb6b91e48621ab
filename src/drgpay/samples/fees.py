"""What the cost of a stay consists of: fees by kind, and charges by day that add up to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from drgpay.samples.plan import Plan
from drgpay.samples.stays import Block
from drgpay.tables import CATEGORIES, CHARGES, FEES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

(USUAL, WORK_UP, TESTS_ONLY, BED_ONLY, GAP, AWAY, TESTS_AND_DRUGS, EARLY, NO_OPERATION, REPEATED_TESTS, DRUGS, FEW_DRUGS,
 FEW_TESTS, UNRELATED, CUT) = range(15)  # fmt: skip
"""how a stay is charged. WORK_UP: mostly examinations, honestly; TESTS_ONLY: examinations and laboratory and next to
nothing else; BED_ONLY: after day ``arg`` only the bed; GAP: nothing at all after day ``arg`` but the last; AWAY: on
leave for ``arg`` days; TESTS_AND_DRUGS: neither bed nor care; EARLY: a part dated up to ``arg`` days before admission;
NO_OPERATION: no operation took place; REPEATED_TESTS: the same tests every day; DRUGS: mostly drugs; FEW_DRUGS, FEW_TESTS: these were paid elsewhere;
UNRELATED: materials and treatments the disease does not need; CUT: as usual, but part of something longer"""

BED, NURSING, EXAMINATION, LABORATORY, TREATMENT, SURGERY, DRUG, MATERIAL, OTHER = range(len(CATEGORIES))
assert CATEGORIES[:DRUG] == FEES[:DRUG]

_BED_PRICE = np.array([4_800, 3_600, 2_500])
_NURSING_PRICE = np.array([3_000, 2_200, 1_500])
"""fen a day, by level"""
_MOST_HOTEL = 0.45
"""bed and nursing are never more of a stay than this"""

_REST = (EXAMINATION, LABORATORY, TREATMENT, SURGERY, DRUG, MATERIAL, OTHER)
_MEDICAL = (0.17, 0.18, 0.17, 0.0, 0.35, 0.07, 0.06)
_SURGICAL = (0.10, 0.11, 0.10, 0.22, 0.17, 0.27, 0.03)
_OF_MDC = {
    ("I", True): (0.07, 0.07, 0.07, 0.20, 0.13, 0.43, 0.03),
    ("F", True): (0.09, 0.08, 0.06, 0.15, 0.13, 0.46, 0.03),
    ("C", True): (0.09, 0.05, 0.05, 0.34, 0.07, 0.38, 0.02),
    ("O", True): (0.08, 0.16, 0.26, 0.24, 0.16, 0.08, 0.02),
    ("O", False): (0.10, 0.19, 0.40, 0.05, 0.16, 0.06, 0.04),
    ("R", False): (0.11, 0.12, 0.09, 0.0, 0.60, 0.04, 0.04),
    ("L", False): (0.12, 0.16, 0.37, 0.0, 0.24, 0.07, 0.04),
    ("P", False): (0.07, 0.18, 0.45, 0.0, 0.19, 0.06, 0.05),
    ("T", False): (0.07, 0.07, 0.58, 0.0, 0.22, 0.0, 0.06),
    ("X", False): (0.08, 0.07, 0.62, 0.0, 0.17, 0.02, 0.04),
}
"""shares of what bed and nursing leave; plain judgement"""

_STYLE = {
    WORK_UP: (2.6, 1.6, 0.35, 1.0, 0.45, 0.4, 1.0),
    TESTS_ONLY: (4.0, 2.6, 0.02, 0.0, 0.06, 0.02, 0.8),
    TESTS_AND_DRUGS: (1.6, 1.3, 0.0, 0.0, 2.0, 0.0, 0.6),
    NO_OPERATION: (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0),
    REPEATED_TESTS: (2.3, 2.6, 0.4, 0.0, 0.7, 0.3, 0.8),
    FEW_DRUGS: (1.0, 1.0, 1.0, 1.0, 0.4, 1.0, 1.0),
    FEW_TESTS: (0.25, 0.25, 1.0, 1.0, 1.0, 1.0, 1.0),
    UNRELATED: (0.9, 0.9, 1.7, 1.0, 0.6, 4.5, 1.2),
    DRUGS: (0.6, 0.6, 0.5, 0.0, 2.6, 0.3, 0.8),
}
"""what a style makes of the usual shares"""

_DAILY = 8_192
"""stays whose days are worked out at a time"""


def chance(seed: Ints, *more: Any) -> Floats:
    """Numbers in [0, 1) that depend on what is given and on nothing drawn before."""
    with np.errstate(over="ignore"):
        x = seed.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        for part in more:
            x = (x ^ np.asarray(part, np.uint64)) * np.uint64(0xBF58476D1CE4E5B9)
            x ^= x >> np.uint64(29)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _shares(plan: Plan) -> Floats:
    """Shares of the fees beside bed and nursing, by group."""
    rows = []
    for g, group in enumerate(plan.groups):
        letter, cut = chr(int(plan.mdc[g]) + 65), bool(plan.surgical[g])
        rows.append(_OF_MDC.get((letter, cut), _SURGICAL if cut else _MEDICAL))
        assert group.surgical == cut
    return np.array(rows)


def make_fees(plan: Plan, block: Block, operated: Flags) -> Ints:
    """Fees by kind (stays × categories), in fen, that add up to the total cost of every stay exactly."""
    facts, total = block.facts, block.stays.column("total_cost").to_numpy()
    style, seed = facts.style, facts.seed + (np.int64(block.year) << 40)
    days = np.maximum(block.stays.column("los").to_numpy().astype(np.int64), 1)
    level = plan.places.level[facts.place]
    fees = np.zeros((len(total), len(CATEGORIES)), np.int64)
    for kind, price in ((BED, _BED_PRICE), (NURSING, _NURSING_PRICE)):
        # prices of a hospital, and of the room
        own = price[level] * (0.85 + 0.3 * chance(facts.place, 77, kind)) * (0.9 + 0.35 * chance(seed, 1, kind))
        fees[:, kind] = np.rint(own).astype(np.int64) * days
    hotel = fees.sum(axis=1)
    bare = style == BED_ONLY
    most = np.where(bare, 0.92, _MOST_HOTEL) * total
    scale = np.minimum(1.0, most / hotel) * np.where(style == TESTS_AND_DRUGS, 0.0, 1.0)
    scale = np.where(bare, most / hotel, scale) * np.where(style == TESTS_ONLY, 0.5, 1.0)
    fees[:, :2] = (fees[:, :2] * scale[:, None]).astype(np.int64)

    shares = _shares(plan)[facts.group].copy()
    plain = ~operated & (shares[:, 3] > 0)
    shares[plain, 3] = 0.0
    extra = operated & (shares[:, 3] == 0)
    shares[extra, 3], shares[extra, 5] = 0.15, 0.15
    factor = np.ones((CUT + 1, len(_REST)))
    for which, these in _STYLE.items():
        factor[which] = these
    noise = np.stack([chance(seed, 2, k) + chance(seed, 3, k) + chance(seed, 4, k) for k in _REST], axis=1) - 1.5
    shares *= factor[style] * np.exp(0.75 * noise)
    rising = np.cumsum(shares, axis=1)
    left = total - fees.sum(axis=1)
    reached = np.floor(left[:, None] * (rising / rising[:, -1:]) + 0.5).astype(np.int64)
    fees[:, list(_REST)] = np.diff(reached, axis=1, prepend=0)
    return fees


def make_charges(block: Block, fees: Ints, leave: Ints, operation_day: Ints) -> Any:
    """CHARGES of a block: what was charged on each day, adding up to the fees exactly. ``leave``: days on leave;
    ``operation_day``: days from admission to the first procedure, −1 where there is none."""
    parts = [
        _charges(block, fees, leave, operation_day, np.arange(a, min(a + _DAILY, len(fees))))
        for a in range(0, len(fees), _DAILY)
    ]
    return pa.Table.from_batches(parts).combine_chunks()


def _charges(block: Block, fees: Ints, leave: Ints, operation_day: Ints, mine: Ints) -> Any:
    facts = block.facts.take(mine)
    los = block.stays.column("los").to_numpy()[mine].astype(np.int64)
    admitted = block.stays.column("admission_date").cast(pa.int32()).to_numpy()[mine].astype(np.int64)
    before = np.where(facts.style == EARLY, facts.arg, 0)
    count = los + 1 + before
    ends = np.cumsum(count)
    of = np.repeat(np.arange(len(mine)), count)
    day = np.arange(int(ends[-1])) - np.repeat(ends - count, count) - before[of]
    weight = _weights(facts.style[of], facts.arg[of], facts.seed[of], day, los[of], leave[mine][of],
                      operation_day[mine][of])  # fmt: skip
    fee = fees[mine]
    first = np.flatnonzero(day == 0)
    sums = np.add.reduceat(weight, ends - count, axis=0)
    row, kind = np.nonzero((sums <= 0) & (fee > 0))
    weight[first[row], kind] = 1.0
    running = np.cumsum(weight, axis=0)
    base = (running - weight)[ends - count]
    last = running[ends - 1]
    here = (running - base[of]) / np.maximum(last - base, 1e-300)[of]
    here[ends - 1] = 1.0
    reached = np.floor(fee[of] * np.clip(here, 0.0, 1.0) + 0.5).astype(np.int64)
    amount = np.diff(reached, axis=0, prepend=0)
    starts = ends - count
    amount[starts] = reached[starts]
    at, kind = np.nonzero(amount)
    whose = mine[of[at]]
    columns = {
        "stay_id": block.stays.column("stay_id").take(pa.array(whose)),
        "person_id": block.stays.column("person_id").take(pa.array(whose)),
        "institution_id": block.stays.column("institution_id").take(pa.array(whose)),
        "charge_date": pa.array((admitted[of[at]] + day[at]).astype(np.int32)).cast(pa.date32()),
        "category": pa.DictionaryArray.from_arrays(pa.array(kind.astype(np.int32)), pa.array(CATEGORIES)),
        "amount": pa.array(amount[at, kind]),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in CHARGES.names], schema=CHARGES.schema)


def _weights(style: Ints, arg: Ints, seed: Ints, day: Ints, los: Ints, leave: Ints, operation: Ints) -> Floats:
    """How much of each fee falls on a day (days × categories)."""
    noise = np.stack([chance(seed, 11, day + 64, kind) for kind in range(len(CATEGORIES))], axis=1)
    night = (day < np.maximum(los, 1)) & (day >= 0)
    operation = np.where(operation < 0, np.minimum(1, los), operation)
    weight = np.zeros((len(day), len(CATEGORIES)))
    weight[:, BED] = night
    weight[:, NURSING] = night * (0.9 + 0.2 * noise[:, NURSING])
    chances = {
        EXAMINATION: np.select([day == 0, day == 1, day == 2], [0.85, 0.6, 0.3], 0.12),
        LABORATORY: np.select([day == 0, day == 1], [0.95, 0.6], 0.3),
        TREATMENT: np.where(day < los, 0.93, 0.3),
        DRUG: np.where(day < los, 0.96, 0.7),
        MATERIAL: np.full(len(day), 0.4),
        OTHER: np.where(day == 0, 0.8, 0.15),
    }
    again = style == REPEATED_TESTS
    for kind, p in chances.items():
        p = np.where(again & (day < los), 0.95, p) if kind in (EXAMINATION, LABORATORY) else p
        u = noise[:, kind]
        weight[:, kind] = np.where(u < p, 0.35 + u / np.maximum(p, 1e-9), 0.0)
    heavy = np.where(again, 1.0, np.where(day <= 1, 2.5, 1.0))
    weight[:, EXAMINATION] *= heavy
    weight[:, LABORATORY] *= heavy
    weight[:, SURGERY] = day == operation
    weight[:, MATERIAL] = np.where(day == operation, 6.0, 0.25 * weight[:, MATERIAL])
    _odd_days(weight, style, arg, seed, day, los, leave, operation)
    return weight


def _odd_days(
    weight: Floats, style: Ints, arg: Ints, seed: Ints, day: Ints, los: Ints, leave: Ints, operation: Ints
) -> None:
    """Days on leave, days that are posted with their neighbour, and what the styles leave out."""
    kept = np.zeros(len(CATEGORIES), bool)
    kept[BED] = True
    begin = np.maximum(1, (los - leave) // 2)
    away = (leave > 0) & (day >= begin) & (day < begin + leave)
    weight[np.ix_(away, ~kept)] = 0.0
    # now and then a day is posted with the next one
    quiet = (chance(seed, 12, day + 64) < 0.015) & (day > 0) & (day < los) & (day != operation)
    weight[quiet] = 0.0
    weight[np.ix_((style == BED_ONLY) & (day > arg), ~kept)] = 0.0
    weight[(style == GAP) & (day > arg) & (day < los)] = 0.0
    early = day < 0
    weight[early] = 0.0
    weight[np.ix_(early, [EXAMINATION, LABORATORY, DRUG])] = 0.8
