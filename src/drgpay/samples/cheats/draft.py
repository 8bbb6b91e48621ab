"""A block of stays while violations are put into it: who is chosen, what is changed, what is added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from drgpay.samples.details import next_stay
from drgpay.samples.lives import NEVER
from drgpay.samples.people import day_number
from drgpay.samples.places import DEPARTMENTS
from drgpay.samples.plan import CHEATS as STREAM
from drgpay.samples.plan import HABITS, Plan, source
from drgpay.samples.stays import Block, Facts, ages, numbered
from drgpay.samples.visits import OBSERVED, Visits, vocabulary
from drgpay.tables import CHEATS, SCHEMES, STAYS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Row = dict[str, Any]
"""a stay as a plain row: the columns of STAYS (days as numbers since 1970), the facts, and its ``key``"""

_FACTS = tuple(f.name for f in fields(Facts))
_OFFENDERS = 0.25
"""share of institutions that do a violation much more often than the others"""
_MORE = 8.0


def habits(plan: Plan, violation: str) -> Floats:
    """How often an institution commits a violation, against the others: a few do it much more, all a little."""
    rng = source(plan.seed, HABITS, CHEATS.index(violation))
    count = len(plan.places.level)
    result = rng.lognormal(0.0, 0.4, count)
    result[rng.random(count) < _OFFENDERS] *= _MORE
    return result


@dataclass
class Label:
    """What was done: keys of the stays it shows in, of other stays of the case, and places of its visits."""

    violation: str
    form: str
    place: int
    stays: list[int]
    related: list[int] = field(default_factory=list)
    visits: list[int] = field(default_factory=list)
    note: str = ""


class Draft:
    """A block being changed. A person takes part in one case at most."""

    def __init__(self, plan: Plan, block: Block, persons: Ints, death: Ints) -> None:
        self.plan, self.block, self.persons, self.death = plan, block, persons, death.copy()
        self.rng = source(plan.seed, STREAM, block.year, block.number)
        stays, facts = block.stays, block.facts
        self.rows = stays.num_rows
        self.admitted, self.left = (
            stays.column(f"{name}_date").cast(pa.int32()).to_numpy().astype(np.int64)
            for name in ("admission", "discharge")
        )
        self.los = stays.column("los").to_numpy().astype(np.int64)
        self.total = stays.column("total_cost").to_numpy()
        self.age = stays.column("age").to_numpy().astype(np.int64)
        self.group, self.place, self.person = facts.group, facts.place, facts.person
        self.weight = plan.cost[self.group] / plan.cost.mean()
        """cost of the group against the mean of the groups"""
        self.surgical = plan.surgical[self.group]
        self.letter = plan.mdc[self.group]
        self.cyclic = plan.repeats[self.group] == 2
        self.begin, self.end = day_number(block.year), day_number(block.year + 1) - 1
        order, after = next_stay(self.person, self.admitted)
        self.room = np.where(after >= 0, self.admitted[after], self.end + 1) - self.left
        """days from discharge to the next stay of the person, or to the end of the year"""
        before = np.full(self.rows, -1, np.int64)
        before[after[after >= 0]] = np.flatnonzero(after >= 0)
        self.alone = (after < 0) & (before < 0)
        self.since = self.admitted - np.where(before >= 0, self.left[before], self.begin)
        dies = self.death[np.searchsorted(persons, self.person)]
        self.lives = dies >= NEVER
        self.adult = (self.age >= 15) & ~np.isin(self.letter, [ord("P") - 65, ord("O") - 65])
        self.medical = ~self.surgical & self.adult & ~self.cyclic
        self._order = order
        self.free = np.ones(len(plan.people.birth), bool)
        """persons who are in no case yet"""
        patient = np.zeros(len(plan.people.birth), bool)
        patient[self.person] = True
        self._strangers = persons[~patient[persons] & (death >= NEVER)]
        self.changed: dict[int, list[Row]] = {}
        self.added: list[Row] = []
        self.visits: list[dict[str, int]] = []
        self.labels: list[Label] = []
        self._keys: int = self.rows
        self._words = {word: n for n, word in enumerate(vocabulary(plan.templates.dx_codes))}

    # choosing

    def many(self, rate: float, forms: dict[str, float]) -> dict[str, int]:
        """How many cases of each form, about ``rate`` per stay."""
        total = int(self.rows * rate + self.rng.random())
        odds = np.array(list(forms.values()))
        return dict(zip(forms, self.rng.multinomial(total, odds / odds.sum()).tolist(), strict=True))

    def pick(self, violation: str, fit: Flags, count: int) -> list[int]:
        """Up to ``count`` fitting stays of different free persons, most where the institution has the habit."""
        at = np.flatnonzero(fit & self.free[self.person])
        if count <= 0 or len(at) == 0:
            return []
        odds = habits(self.plan, violation)[self.place[at]]
        order = np.argsort(-np.log(self.rng.random(len(at))) / odds, kind="stable")
        at = at[order]
        _, first = np.unique(self.person[at], return_index=True)
        chosen: list[int] = at[np.sort(first)][:count].tolist()
        return chosen

    def stranger(self, male: bool | None, low: int, high: int) -> int | None:
        """A free person without a stay this year, of this sex and age; None when there is none."""
        born = self.block.year - self.plan.people.birth_year[self._strangers].astype(np.int64)
        fit = (born >= low) & (born <= high) & self.free[self._strangers]
        if male is not None:
            fit &= self.plan.people.sex[self._strangers] == (0 if male else 1)
        at = np.flatnonzero(fit)
        if len(at) == 0:
            return None
        person = int(self._strangers[at[int(self.rng.integers(len(at)))]])
        self.free[person] = False
        return person

    def other_place(self, place: int, levels: Sequence[int] = (0, 1)) -> int:
        """Another institution, of these levels if there is one."""
        odds = self.plan.places.size * np.isin(self.plan.places.level, levels)
        odds[place] = 0.0
        if odds.sum() == 0:
            odds = self.plan.places.size.copy()
            odds[place] = 0.0
        if odds.sum() == 0:
            return place
        return int(self.rng.choice(len(odds), p=odds / odds.sum()))

    def like(self, i: int, fit: Flags) -> int:
        """A fitting stay of a person of the same sex and about the same age; ``i`` itself when there is none."""
        sex = self.plan.people.sex[self.person]
        near = fit & (sex == sex[i]) & (np.abs(self.age - self.age[i]) <= 8)
        at = np.flatnonzero(near)
        return int(at[int(self.rng.integers(len(at)))]) if len(at) else i

    # changing

    def row(self, i: int) -> Row:
        """A stay as a plain row with a key of its own."""
        one = self.block.stays.slice(i, 1)
        row = {name: one.column(name)[0].as_py() for name in STAYS.names if not name.endswith("_date")}
        row |= {"admission": int(self.admitted[i]), "discharge": int(self.left[i])}
        row |= {name: int(getattr(self.block.facts, name)[i]) for name in _FACTS}
        return row | {"key": self._key(), "proc": row["proc"] or []}

    def _key(self) -> int:
        self._keys += 1
        return self._keys

    def again(self, row: Row) -> Row:
        """Another stay like this one, with a key and small differences of its own."""
        key = self._key()
        return {**row, "dx": list(row["dx"]), "proc": list(row["proc"]), "key": key, "seed": key + (1 << 24)}

    def put(self, i: int, *rows: Row) -> None:
        """Let these rows stand for stay ``i``; its person is taken."""
        self.changed[i] = list(rows)
        self.free[self.person[i]] = False

    def label(self, violation: str, form: str, stays: Sequence[Row], **more: Any) -> None:
        """Say what was done."""
        place = more.pop("place", stays[0]["place"] if stays else -1)
        self.labels.append(Label(violation, form, place, [row["key"] for row in stays], **more))

    def visit(
        self, person: int, place: int, department: int, day: int, kind: int, dx: str, total: int, *,
        drug: float = 0.5, test: float = 0.3, hours: int = -1,
    ) -> int:  # fmt: skip
        """Add a visit; returns its place among the added ones. ``drug`` and ``test``: shares of the total."""
        places = self.plan.places
        department = int(places.department_of[place, department])
        doctor = places.doctor_first[place, department] + int(
            self.rng.integers(places.doctor_count[place, department])
        )
        own = float(np.clip(self.rng.normal(0.42 if kind != OBSERVED else 0.36, 0.08), 0.05, 0.95))
        self.visits.append(
            {
                "person": person, "place": place, "department": department, "doctor": int(doctor), "day": day,
                "kind": kind, "internet": 0, "hours": hours, "dx": self._words.get(dx, -1),
                "second": -1, "total": total, "own": round(total * own), "drug": int(total * drug),
                "test": int(total * test),
            }
        )  # fmt: skip
        return len(self.visits) - 1

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends in."""
        return int(self.rng.integers(low, max(high, low) + 1))

    def share(self, low: float, high: float) -> float:
        """A number between two others."""
        return float(self.rng.uniform(low, high))

    # the end

    def finished(self) -> tuple[Block, dict[int, int]]:
        """The block with everything in it, in the order of discharge with new ids, and key → place."""
        plain = np.setdiff1d(np.arange(self.rows), np.array(list(self.changed), np.int64))
        rows = [row for those in self.changed.values() for row in those] + self.added
        extra = _batch(rows)
        kept = self.block.stays.take(pa.array(plain))
        whole = pa.Table.from_batches([kept, extra]).unify_dictionaries().combine_chunks()
        facts = Facts(
            *(
                np.concatenate([getattr(self.block.facts, name)[plain], np.array([r[name] for r in rows], np.int64)])
                for name in _FACTS
            )
        )
        left = whole.column("discharge_date").cast(pa.int32()).to_numpy()
        order = np.lexsort((facts.seed, facts.person, left))
        batch = whole.take(pa.array(order)).combine_chunks().to_batches()[0]
        # ids say nothing of what was added: they are given anew, in the order of discharge
        ids = numbered(f"S{self.block.year}", self.block.number * (1 << 18) + np.arange(1, len(order) + 1), 9)
        columns = [ids if name == "stay_id" else batch.column(name) for name in STAYS.names]
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        where = {row["key"]: int(place[len(plain) + n]) for n, row in enumerate(rows)}
        stays = pa.RecordBatch.from_arrays(columns, schema=STAYS.schema)
        return replace(self.block, stays=stays, facts=facts.take(order)), where

    def extra_visits(self) -> Visits:
        """The visits that were added."""
        return Visits.of(self.visits)

    # words

    def department(self, name: str) -> int:
        """The number of a department."""
        return [title for _, title in DEPARTMENTS].index(name)

    # parts of a row

    def dated(self, row: Row, admission: int, los: int) -> Row:
        """The row with other dates; age and all else that hangs on them follow."""
        row |= {"admission": admission, "discharge": admission + los, "los": los}
        return self.aged(row)

    def aged(self, row: Row) -> Row:
        """The row with the age its person has on admission."""
        birth = self.plan.people.birth[row["person"]]
        row["age"] = int(ages(np.array([birth]), np.array([row["admission"]]))[0])
        if row["age"] >= 1:
            row["age_days"] = row["birth_weight"] = row["admission_weight"] = None
        elif row["age_days"] is not None:
            row["age_days"] = int(row["admission"] - birth)
        return row

    def priced(self, row: Row, total: float) -> Row:
        """The row with another total cost, paid in the same proportions."""
        new, old = max(round(total), 10_000), max(row["total_cost"], 1)
        own = min(round(new * row["personal_paid"] / old), new)
        fund = min(round(new * row["fund_by_item"] / old), new - own)
        row |= {"total_cost": new, "personal_paid": own, "fund_by_item": fund}
        return row

    def moved(self, row: Row, place: int) -> Row:
        """The row in another institution, with one of its doctors."""
        places = self.plan.places
        department = int(places.department_of[place, row["department"]])
        doctor = int(places.doctor_first[place, department]) + self.between(
            0, int(places.doctor_count[place, department]) - 1
        )
        row |= {
            "place": place, "department": department, "doctor": doctor,
            "institution_id": places.institutions[place]["institution_id"],
            "department_id": DEPARTMENTS[department][0], "doctor_id": places.doctors[doctor]["doctor_id"],
        }  # fmt: skip
        return row

    def borne_by(self, row: Row, person: int) -> Row:
        """The row under the name of another person, with the sex, age and insurance of that person."""
        people = self.plan.people
        row |= {
            "person": person, "person_id": numbered("P", np.array([person + 1]), 9)[0].as_py(),
            "sex": ("male", "female")[people.sex[person]], "insurance_scheme": SCHEMES[people.scheme[person]],
        }  # fmt: skip
        return self.aged(row)


def _batch(rows: list[Row]) -> Any:
    epoch = np.datetime64(0, "D")
    plain = []
    for row in rows:
        days = {f"{name}_date": (epoch + row[name]).astype(object) for name in ("admission", "discharge")}
        plain.append({name: days.get(name, row.get(name, "")) for name in STAYS.names})
    return pa.RecordBatch.from_pylist(plain, schema=STAYS.schema)
