"""A run made again from what it was made from, into a working folder: what ``verify`` compares a run with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from drgpay.engine import Engine, Part, dataset, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.places import MANIFEST, REGION
from drgpay.runs import linked, money
from drgpay.runs.begin import run
from drgpay.runs.chain import before_of
from drgpay.runs.grouped import grouped_of
from drgpay.runs.late import LATE
from drgpay.runs.manifest import LEDGER, PRACTICE, REGISTERS, TABLES, file_digest, laws_of_run
from drgpay.runs.order import Order, Report, chain_of
from drgpay.runs.ready import Accepted
from drgpay.runs.region import Region, Registers, rows_digest, taken_since
from drgpay.runs.settle import Running
from drgpay.runs.shared_base import SHARED, find_base, read_base
from drgpay.scheme import Scheme
from drgpay.scheme import load as load_scheme
from drgpay.tables import (
    BATCHES,
    CLOSINGS,
    CORRECTIONS,
    ENROLMENT,
    EXPENDITURE_BY_MODE,
    FINDINGS,
    GROUPED,
    SHADOW_PRICES,
    STATEMENTS,
    STAY_MODES,
    VISITS,
    Table,
)
from drgpay.tables import modes as mode_tables

_BESIDE = 200
"""folders beside a run that are looked at for its region"""


@dataclass(frozen=True)
class Again:
    """A run made again: its folder; what is to be compared, by name below a run's folder (None: everything but the
    manifest); and what could not be made again, in both languages."""

    folder: Path
    only: frozenset[str] | None = None
    left_out: list[tuple[str, str]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    """parts of the manifest that were made again, where only some tables were"""


def find_region(folder: Path, manifest: Mapping[str, Any]) -> Path | None:
    """The region of a run among the folders beside it and beside the folder it is in: the one whose files have the
    digests the run recorded. None when there is none."""
    wanted = manifest["region"]["id"]
    for above in (folder.absolute().parent, folder.absolute().parent.parent):
        try:
            beside = sorted(p for p in above.iterdir() if not p.name.startswith("."))[:_BESIDE]
        except OSError:
            continue
        for place in beside:
            known = place.is_dir() and ((place / REGION).is_file() or place.name == wanted)
            if known and changed_input(place, manifest) is None:
                return place
    return None


def changed_input(region: Path, manifest: Mapping[str, Any]) -> str | None:
    """The first input whose file is missing from a region or has another digest; None when all are as recorded. A
    register that records days is told by the rows the run knew, the register of batches by its rows, which the run
    itself checks; rows a register has taken from a result since are a change too."""
    known_on = date.fromisoformat(manifest["known_on"]) if manifest["known_on"] else None
    inputs: Mapping[str, str] = manifest["inputs"]
    for name, digest in inputs.items():
        if name == BATCHES.name:
            continue
        path = region / name
        try:
            if file_digest(path) != digest and rows_digest(path, known_on) != digest:
                return name
        except (OSError, DrgpayError):
            return name
    return taken_since(region, inputs, known_on)


def from_region(
    folder: Path, manifest: Mapping[str, Any], region: Path, work: Path, engine: Engine, schemes: Path | None,
    reports: Sequence[Report],
) -> Again:  # fmt: skip
    """The whole run again, from the files it read. Raises BROKEN when one of them is not what was read."""
    changed = changed_input(region, manifest)
    if changed is not None:
        raise DrgpayError(
            Kind.BROKEN,
            zh="输入文件与运行时不同",
            en="an input is not what the run read",
            file=changed,
            fix_zh="用 --region 给出运行时的区域文件夹",
            fix_en="name with --region the folder the run was made from",
        )
    made = work / "again"
    run(_order(folder, manifest, region, schemes), made, engine, reports)
    return Again(made)


def _order(folder: Path, manifest: Mapping[str, Any], region: Path, schemes: Path | None) -> Order:
    known_on = date.fromisoformat(manifest["known_on"]) if manifest["known_on"] else None
    month = None if manifest["month"] is None else int(manifest["month"])
    before = before_of(folder, manifest)
    opened = manifest.get("reopens")
    rows = [row for row in manifest.get("ready", ()) if "accepted" in row]
    accept = Accepted(tuple(sorted({row["accepted"] for row in rows})), rows[0]["reason"] if rows else "")
    return Order(
        region, str(folder / PRACTICE), int(manifest["year"]), month, known_on, schemes, accept,
        after=None if opened else before, reopens=before if opened else None,
        reason=opened["reason"] if opened else "", batches=tuple(manifest.get("batches", ())), again=True,
        base=_base(folder, manifest), late=manifest.get(LATE, {}),
    )  # fmt: skip


def _base(folder: Path, manifest: Mapping[str, Any]) -> Path | None:
    """The base a first link took from outside; later ones have it from the book."""
    shared = None if manifest.get("after") else manifest.get(SHARED)
    return None if shared is None else find_base(folder, shared["digest"])


def from_run(folder: Path, manifest: Mapping[str, Any], work: Path, engine: Engine, schemes: Path | None) -> Again:
    """What follows from the grouped stays, registers and policy that a run keeps: groups from codes, and everything
    from the base period to the payments and the ledger."""
    made = work / "again"
    again = _Again(folder, manifest, made, engine, schemes)
    about = again.made(dataset(folder / TABLES, GROUPED))
    left: list[tuple[str, str]] = [
        ("问题清单、输入登记表和病例原始字段(需要区域文件夹:--region)",
         "findings, registers and what the stays were read from (they need the region's folder: --region)"),
    ]  # fmt: skip
    names = {p.name for p in made.iterdir() if p.is_file()}
    names |= {f"{TABLES}/{p.name}" for p in (made / TABLES).iterdir()}
    names -= {MANIFEST, f"{TABLES}/{FINDINGS.name}", f"{TABLES}/{CORRECTIONS.name}"}
    if again.needs_visits:
        beside = {table_path(Path(TABLES), t).as_posix() for t in _of_visits()}
        names -= {*beside, LEDGER}
        about = {name: about[name] for name in ("policy_digest", "scheme", "scheme_digest", "base")}
        left.append(
            ("门诊和参保相关的支付方式表、清算单、总账(需要 --region)",
             "payment modes of visits and enrolment, statements, and the ledger (they need --region)")
        )  # fmt: skip
    return Again(made, frozenset(names), left, about)


def _of_visits() -> list[Table]:
    """Tables that hang on visits or enrolment, which a run does not keep: of the modes, and the clearing, which
    shares out the deposits that those forfeit."""
    every = [t for t in vars(mode_tables).values() if isinstance(t, Table)]
    return [t for t in every if t not in (STAY_MODES, SHADOW_PRICES)] + [STATEMENTS, CLOSINGS, EXPENDITURE_BY_MODE]


class _Again(Running):
    """A run that starts from grouped stays and the registers a run kept."""

    def __init__(
        self, folder: Path, manifest: Mapping[str, Any], made: Path, engine: Engine, schemes: Path | None
    ) -> None:
        self.order = _order(folder, manifest, folder, schemes)
        self.folder, self.tables, self.work = made, made / TABLES, made / "work"
        self.tables.mkdir(parents=True)
        self.registers = Registers.read(folder / REGISTERS)
        about = {"id": manifest["region"]["id"], "title": manifest["region"]["title"]}
        self.region = Region(made / "none", about, self.registers)
        self.period = money.Period(self.order.year, self.order.months)
        self.shared = None if self.order.base is None else read_base(self.order.base)
        self.chain = chain_of(self.order, self.region.identity["id"])
        self.account = linked.Account(self.chain, self.registers, self.order.year, self.order.month)
        self.laws = laws_of_run(folder, dict(manifest))
        switches = frozenset(self.policy.codes_or_none("grouping.switches") or ())
        self.scheme: Scheme = load_scheme(self.policy.scheme, switches, folder=schemes)
        self.run_id = str(manifest["run"])
        self.engine = engine
        self.needs_visits = self.with_modes and any(
            name.split("/")[0].split(".")[0] in (ENROLMENT.name, VISITS.name) for name in manifest["inputs"]
        )

    def made(self, stored: Any) -> dict[str, Any]:
        """Everything after the checks, written; and what the manifest must say of it."""
        kernel = partial(_again_grouped, group=partial(grouped_of, scheme=self.scheme, years=self.years))
        out = [table_path(self.tables, GROUPED)]
        grouped = self.engine.map(stored, kernel, out, GROUPED.names, "check and group")[0]
        self._write_names()
        rules, conservation, _ = self._money(grouped)
        self._write_policy()
        return {
            "policy_digest": self.policy.digest,
            "scheme": self.scheme.id,
            "scheme_digest": self.scheme.digest,
            "base": {"mean_cost": rules.base.mean_cost, "scale": rules.base.scale},
            "conservation": [{"insurance_scheme": s, "sources": a, "uses": b} for s, a, b in conservation],
            "ledger": self.book,
        }


def _again_grouped(batch: Any, part: Part, group: Callable[[Any], Any]) -> Any:
    return group(batch)
