"""Simulation: a year run settled again under another policy, from its grouped stays; nothing is written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

import pyarrow as pa

from drgpay.engine import Dataset, Engine, Part, dataset, frame, open_parquet, read_manifest, read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Laws, Policy, dictionary, laws, parse_setting
from drgpay.runs import modes, money
from drgpay.runs.compare import Comparison, Outcome, Sweep, compare
from drgpay.runs.fit import check_scheme, scheme_of
from drgpay.runs.laws import Segments, scoring
from drgpay.runs.manifest import REGISTERS, TABLES, laws_of_run
from drgpay.runs.rate import with_weights
from drgpay.runs.region import Registers
from drgpay.runs.remember import Remembering
from drgpay.runs.shared_base import SHARED, base_of_run, check_same_base
from drgpay.scheme import Scheme
from drgpay.steps import fund, points
from drgpay.steps.grouping import group_batch
from drgpay.tables import GROUPED, INSTITUTIONS, MODE_PAYMENTS, STATEMENTS
from drgpay.units import half_up, parse_coefficient, parse_fen, parse_scaled, show_coefficient, show_fen

REASON = "what-if"
"""source of a value that was changed for a simulation"""
_DECIDE = ("modes", "bed_day", "single_disease", "quota", "fund.basis")
"""parameters and their topics that decide which stays go on to the points, and what the others are owed"""
STEPS = 10
"""steps of a sweep when no step is given"""
_MOST = 200
_RANGE = re.compile(r"(.+?)\.\.([^:]+)(?::(.+))?")
_READ: dict[str, Callable[[str], int]] = {
    "ratio": parse_coefficient,
    "yuan": parse_fen,
    "integer": partial(parse_scaled, decimals=0),
}
_SHOW: dict[str, Callable[[int], str]] = {
    "ratio": show_coefficient,
    "yuan": partial(show_fen, group=False),
    "integer": str,
}
"""numbers of a policy that a sweep can run over: how their texts are read and written"""


def what_if(
    run: Path,
    engine: Engine,
    changes: Mapping[str, object] | None = None,
    policy: str | Path | None = None,
    schemes: Path | None = None,
) -> Comparison:
    """The year run in folder ``run`` under another policy, beside its own.

    ``changes``: parameters as in :meth:`Policy.amend`, made to all laws of the run's year, or to those of another
    practice ``policy``. Under another scheme, or other switches of it, the run's stays are grouped again; ``schemes``
    is a folder of schemes besides those shipped. Raises USAGE (a month run, a year the run did not keep), POLICY,
    SCHEME, DATA (no run), BROKEN when the run's statements do not follow from its own stays and policy.
    """
    with Simulation(run, engine, schemes) as simulation:
        return simulation.compare(simulation.alternative(changes or {}, policy))


def sweep(
    run: Path,
    engine: Engine,
    over: str,
    changes: Mapping[str, object] | None = None,
    policy: str | Path | None = None,
    schemes: Path | None = None,
) -> Sweep:
    """The same for every value of a range: ``points.max_cv=0.6..1.2:0.1``; without a step in ten steps.

    Both ends count. The range is over one number of the policy; a value outside its bounds is a POLICY failure.
    """
    with Simulation(run, engine, schemes) as simulation:
        start = simulation.alternative(changes or {}, policy)
        name, texts = sweep_values(over, start.policy)
        alternatives = [start.amend({name: text}, REASON) for text in texts]
        return Sweep(
            name,
            simulation.policy.source(name).value,
            [(each.policy.source(name).value, simulation.compare(each)) for each in alternatives],
        )


@dataclass(frozen=True)
class _Scored:
    """Stays that go on to the points, how they are scored, what they earn, and the folder of their modes."""

    pooled: Dataset
    scoring: money.Scoring
    earned: money.Earned
    folder: Path


class Simulation:
    """A year run held ready: its baseline is settled once, and alternatives reuse all that they cannot change.

    Sums over the stays are kept by what they were made from (:class:`Remembering`); base points, coefficients and the
    clearing are small tables and made anew. Use it in a ``with``: it keeps a working folder outside the run.
    """

    def __init__(self, run: Path, engine: Engine, schemes: Path | None = None) -> None:
        manifest = read_manifest(run)
        if manifest["kind"] != "year":
            raise DrgpayError(
                Kind.USAGE,
                zh="月度运行没有清算,不能模拟",
                en="a month's run has no clearing: nothing to simulate",
                file=run,
                fix_zh="给出 drgpay run year 的输出文件夹",
                fix_en="name the output folder of drgpay run year",
            )
        self.laws = laws_of_run(run, manifest)
        self.policy = self.laws.policy
        self._run, self._manifest = run, manifest
        self._registers = _registers(run)
        self._period = money.Period(manifest["year"], fund.MONTHS)
        self._engine = Remembering(engine)
        self._schemes = schemes
        self._grouped = dataset(run / TABLES, GROUPED)
        stored = table_path(run / TABLES, MODE_PAYMENTS).exists()
        rows = read_table(run / TABLES, MODE_PAYMENTS).to_dicts() if stored else []
        self._mode_months = [row for row in rows if row["month"] != fund.YEAR]
        self._outcomes = 0

    def __enter__(self) -> Simulation:
        """Settle the run's own year, and stop unless that gives the run's statements."""
        self._work = TemporaryDirectory(prefix="drgpay-")
        try:
            self.baseline = self.settle(self.laws)
            self._same_as_run()
        except BaseException:
            self._work.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._work.cleanup()

    def alternative(self, changes: Mapping[str, object], policy: str | Path | None = None) -> Laws:
        """The laws of the run's year, or those of another practice, with some values changed in all of them alike."""
        known_on = self.policy.known_on
        other = laws(policy, self._period.year, known_on=known_on) if policy else self.laws
        return other.amend(changes, REASON) if changes else other

    def compare(self, others: Laws) -> Comparison:
        """The run's year under other laws, beside the run."""
        policy = others.policy
        self._answerable(others)
        before = len(self._engine.scanned)
        new = self.settle(others)
        names = dict(self._registers[INSTITUTIONS].select("institution_id", "name").rows())
        identity = {"region": self._manifest["region"], "year": self._period.year, "scheme": self.policy.scheme}
        if policy.scheme != self.policy.scheme:
            identity |= {"scheme_new": policy.scheme}
        identity |= {"practice_old": self.policy.practice, "practice_new": policy.practice}
        return compare(identity, self.baseline, new, names, self._engine.scanned[before:])

    def beside(self, stays: Dataset) -> Comparison:
        """The run's year with other costs of its stays, beside the run. ``stays``: GROUPED, the same stays."""
        kept, self._grouped = self._grouped, stays
        try:
            new = self.settle(self.laws)
        finally:
            self._grouped = kept
        names = dict(self._registers[INSTITUTIONS].select("institution_id", "name").rows())
        identity = {"region": self._manifest["region"], "year": self._period.year, "scheme": self.policy.scheme}
        return compare(identity, self.baseline, new, names, [])

    def settle(self, others: Laws) -> Outcome:
        """The run's year under some laws; only scans whose question is new are made."""
        self._outcomes += 1
        work = Path(self._work.name, str(self._outcomes))
        cleared, paid_by = scoring(others)
        found = self._scored(others, cleared, work)
        by_month = found if paid_by is None else self._scored(others, paid_by, work / "months")
        common = (with_weights(self._registers, others.policy), self._period)
        forfeited = modes.simulated_forfeits(self._engine, self._mode_months, by_month.folder, others, *common)
        settled = money.settle(
            self._engine, found.pooled, others, *common, found.earned, work,
            None if paid_by is None else by_month.earned, forfeited,
        )  # fmt: skip
        return Outcome(others.policy, found.scoring.rules, settled)

    def _scored(self, others: Laws, segments: Segments, work: Path) -> _Scored:
        """The stays that go on to the points, how they are scored, and what they earn."""
        registers, period = with_weights(self._registers, others.policy), self._period
        # Laws that decide the modes alike share the stays that go on to the points.
        decided = [
            (
                str(s.first),
                {n: v.value for n, v in s.policy.kept().items() if {n, n.partition(".")[0]} & {*_DECIDE}},
            )
            for s in segments
        ]
        grouped = self._grouped_by(others.policy)
        decided.append((str(grouped.paths[0].parent), {}))
        folder = Path(self._work.name, "modes-" + hashlib.sha256(repr(decided).encode()).hexdigest())
        pooled = modes.pooled(self._engine, grouped, segments, registers, period, folder)
        of_year = holding(grouped, period.year) if pooled is grouped else pooled
        kept = partial(base_of_run, self._run, self._manifest) if SHARED in self._manifest else None
        scheme = scheme_of(others.policy, self._schemes)
        scoring = money.scoring(self._engine, pooled, segments, others.opening, registers, period, work, kept, scheme)
        capped = points.within_cap(self._engine, of_year, scoring.tables, others.policy)
        sums = points.tally(self._engine, of_year, capped, others.policy)
        return _Scored(pooled, scoring, money.Earned(sums, money.scored(capped, of_year)), folder)

    def _grouped_by(self, policy: Policy) -> Dataset:
        """The run's stays with their groups: grouped again, once, under another scheme or other switches."""
        switches = _switches(policy)
        if (policy.scheme, switches) == (self.policy.scheme, _switches(self.policy)):
            return self._grouped
        folder = Path(self._work.name, "grouped-" + "+".join((policy.scheme, *sorted(switches))))
        if folder.is_dir():
            return Dataset.of(folder)
        scheme = scheme_of(policy, self._schemes)
        return self._engine.map(self._grouped, partial(_regrouped, scheme=scheme), [folder], GROUPED.names, "group")[
            0
        ]

    def _same_as_run(self) -> None:
        stored = read_table(self._run / TABLES, STATEMENTS).to_dicts()
        made = frame(STATEMENTS.of(self.baseline.statements)).sort(STATEMENTS.key).to_dicts()
        for old, new in zip(stored, made, strict=False):
            for column, value in old.items():
                if new[column] != value:
                    raise _not_the_run(
                        "/".join(new[key] for key in STATEMENTS.key), f"{column}: {value} ≠ {new[column]}"
                    )
        if len(stored) != len(made):
            raise _not_the_run(None, f"{len(stored)} ≠ {len(made)}")

    def _answerable(self, others: Laws) -> None:
        """The alternative needs only years the run kept, groups of its scheme, and a scheme it allows."""
        policy = others.policy
        again_zh = "按新政策另跑一年:drgpay run year --policy …,再比较两次运行的报告"
        again_en = "run the year under the other policy (drgpay run year --policy …) and compare the two reports"
        missing = sorted(_years(others, self._period.year) - _years(self.laws, self._period.year))
        if missing:
            raise DrgpayError(
                Kind.USAGE,
                zh="运行结果里没有这些年度的病例",
                en="the run did not keep the stays of these years",
                field="points.base_years / fund.seasonality",
                value=", ".join(map(str, missing)),
                fix_zh=again_zh,
                fix_en=again_en,
            )
        if SHARED in self._manifest:
            check_same_base(self._manifest, self.laws.opening, others.opening)
        same_scheme = policy.scheme == self.policy.scheme
        if (
            not same_scheme
            or policy.flag("grouping.certified")
            or money.groups_named(policy) != money.groups_named(self.policy)
        ):
            scheme = scheme_of(policy, self._schemes)
            check_scheme(policy, scheme, self._schemes)
            money.check_groups(policy, scheme)


def _switches(policy: Policy) -> frozenset[str]:
    return frozenset(policy.codes_or_none("grouping.switches") or ())


def _regrouped(batch: Any, part: Part, scheme: Scheme) -> tuple[Any]:
    """Grouped stays (GROUPED) under another scheme."""
    groups = group_batch(scheme, batch)
    own = dict(zip(groups.schema.names, groups.columns, strict=True))
    columns = {name: own[name] if name in own else batch.column(name) for name in GROUPED.names}
    return (pa.table(columns).cast(GROUPED.schema),)


def _registers(run: Path) -> Registers:
    try:
        return Registers.read(run / REGISTERS)
    except DrgpayError as error:
        raise DrgpayError(
            Kind.DATA,
            zh="运行结果里的登记表不全",
            en="this run does not hold all of its registers",
            file=run,
            field=f"{REGISTERS}/{error.file}",
            fix_zh="用当前版本重新运行 drgpay run year",
            fix_en="run drgpay run year again with this version",
        ) from error


def _years(of_year: Laws, year: int) -> set[int]:
    """Years of stays that a year run under these laws keeps."""
    last = any(policy.choice("fund.seasonality") == "last_year" for policy in of_year.all())
    return {year, *(y for y, _ in of_year.policy.years("points.base_years")), *({year - 1} if last else set())}


def holding(grouped: Dataset, year: int) -> Dataset:
    """The files that may hold stays of a year, by the bounds in their footers; all files when none does."""

    def may(path: Path) -> bool:
        meta = open_parquet(path).metadata
        place = meta.schema.to_arrow_schema().get_field_index("year")
        bounds = [meta.row_group(i).column(place).statistics for i in range(meta.num_row_groups)]
        return any(b is None or not b.has_min_max or b.min <= year <= b.max for b in bounds)

    return Dataset(tuple(path for path in grouped.paths if may(path)) or grouped.paths)


def _not_the_run(field: str | None, value: str) -> DrgpayError:
    return DrgpayError(
        Kind.BROKEN,
        zh="按运行自己的政策重算,与其清算单不一致",
        en="settled again under its own policy, the run gives other statements",
        file="tables/statements.parquet",
        field=field,
        value=value,
        fix_zh="先用 drgpay verify 复核;若是旧版本的结果,用当前版本重新运行",
        fix_en="check it with drgpay verify; if another version made it, run the year again with this one",
    )


def sweep_values(over: str, policy: Policy) -> tuple[str, Sequence[str]]:
    """Name and values of a sweep from ``name=first..last[:step]``, as texts the policy reads. USAGE when it is not
    a range of numbers; an unknown name fails as everywhere."""
    name, said = parse_setting(over)
    policy.source(name)
    kind = dictionary()[name].type
    if kind not in _READ:
        raise _no_range(over, "只能扫描数值参数", "only a number can be swept")
    match = _RANGE.fullmatch(said)
    if match is None:
        raise _no_range(over, "扫描范围须写成 参数=起..止[:步长]", "a sweep is written name=first..last[:step]")
    first, last = _READ[kind](match[1]), _READ[kind](match[2])
    step = _READ[kind](match[3]) if match[3] else None
    if last < first or (step is not None and (step <= 0 or (last - first) // step >= _MOST)):
        raise _no_range(
            over, f"须由小到大、步长为正、至多 {_MOST} 个值", f"upwards, by a step above 0, at most {_MOST}"
        )
    if step is None:
        found: Sequence[int] = sorted({half_up(first * STEPS + i * (last - first), STEPS) for i in range(STEPS + 1)})
    else:
        found = range(first, last + 1, step)
    return name, [_SHOW[kind](value) for value in found]


def _no_range(over: str, zh: str, en: str) -> DrgpayError:
    right = "points.max_cv=0.6..1.2:0.1"
    return DrgpayError(
        Kind.USAGE, zh=zh, en=en, field="--sweep", value=over, fix_zh=f"例如 {right}", fix_en=f"for example {right}"
    )
