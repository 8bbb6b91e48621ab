"""Base points of a city (市级基准点数): one base period from the stays of several pooling areas, which then each find
their own point value. The province's standard is the practice; the areas take the published base by its digest."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from drgpay import __version__
from drgpay.engine import MANIFEST, Dataset, Engine, dataset, new_folder, table_path, write_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, practice_text
from drgpay.runs import ready
from drgpay.runs.manifest import POLICY, PRACTICE, TABLES, write_json, write_manifest
from drgpay.runs.order import Order
from drgpay.runs.settle import Running
from drgpay.runs.shared_base import BASE, law_of_base
from drgpay.runs.steps import quiet
from drgpay.steps import fund, points
from drgpay.tables import BASE_GROUPS, BASE_SUMS, BASE_YEARS, FINDINGS, GROUP_NAMES, GROUPED, INSTITUTIONS


@dataclass(frozen=True)
class BaseOrder:
    """What to compute: folders of the areas, practice, and the settlement year whose law of 1 January holds."""

    regions: tuple[Path, ...]
    policy: str
    year: int
    known_on: date | None = None
    schemes: Path | None = None
    accept: ready.Accepted = field(default_factory=ready.Accepted)


class Area(Running):
    """One area on its way: checked and grouped, the stays of the base years only."""

    @property
    def years(self) -> frozenset[int]:
        """The base years."""
        return frozenset(year for year, _ in self.policy.years("points.base_years"))

    def grouped(self) -> Dataset:
        """Its grouped stays. Raises DATA when the area has none in one of the base years."""
        its, counts = self._group(replace(self.facts(), year=max(self.years), months=fund.MONTHS))
        self.counted = counts
        return its


def run_base(order: BaseOrder, out: Path, engine: Engine, *, overwrite: bool = False) -> Path:
    """Base points of all areas together, left in ``out`` whole or not at all: tables ``base_groups``, ``base_years``,
    ``base_sums`` (of every institution of every area), ``institutions``, ``group_names`` and each area's findings.

    Raises DATA when an area is named twice, an institution stands in two areas, or an area has no stay in one of the
    base years.
    """
    with new_folder(out, replace=overwrite) as draft:
        made = _areas(order, draft, engine)
        first = next(iter(made.values()))
        check_by_points(first.policy)
        parts = [part for area in made.values() for part in dataset(area.tables, GROUPED).paths]
        base = points.base_period(engine, Dataset(tuple(parts)), first.policy, first.laws.opening)
        _check_years(made, base)
        _write(draft, first, made, base)
        manifest = _manifest(order, first, made, base)
        for area in made.values():
            area.watch.check(area.region.files(modes=area.with_modes, details=area.by_benefit))
            shutil.rmtree(area.work)
            shutil.rmtree(area.tables)
        write_json(draft / MANIFEST, manifest)
        write_manifest(draft, manifest)
    return out


def check_by_points(policy: Policy) -> None:
    """Raise POLICY where stays are paid by rates: there is no base period."""
    if policy.choice_or_none("points.pricing") == "rate":
        raise DrgpayError(
            Kind.POLICY, zh="费率法没有基期,不能测算基准点数", en="by rate there is no base period",
            field="points.pricing", value="rate", fix_zh="用点数法的政策", fix_en="use a practice by points",
        )  # fmt: skip


def _areas(order: BaseOrder, draft: Path, engine: Engine) -> dict[str, Area]:
    made: dict[str, Area] = {}
    home: dict[str, str] = {}
    for number, region in enumerate(order.regions):
        asked = Order(region, order.policy, order.year, 1, order.known_on, order.schemes, order.accept)
        folder = draft / "areas" / f"{number:02d}"
        folder.mkdir(parents=True)
        area = Area(asked, folder, engine, quiet)
        name = area.region.identity["id"]
        if name in made:
            raise _twice("统筹区", "pooling area", name, region.name, "--regions")
        for institution in area.registers[INSTITUTIONS]["institution_id"].to_list():
            if institution in home:
                raise _twice("机构", "institution", institution, f"{home[institution]}、{name}", "institution_id")
            home[institution] = name
        area.grouped()
        made[name] = area
    return made


def _twice(zh: str, en: str, what: str, where: str, field: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA,
        zh=f"{zh}出现两次({where})",
        en=f"the {en} is there twice ({where})",
        field=field,
        value=what,
        fix_zh="每个统筹区只给一次,每家机构只登记在一个统筹区",
        fix_en="name every area once, and register every institution in one area only",
    )


def _check_years(made: Mapping[str, Area], base: points.Base) -> None:
    """Every area has stays in every base year that any of them has."""
    years = sorted({row["year"] for row in base.years})
    for name, area in made.items():
        columns = pl.scan_parquet(list(dataset(area.tables, GROUPED).paths)).select("year").unique().collect()
        lacking = sorted(set(years) - set(columns["year"].to_list()))
        if lacking:
            raise DrgpayError(
                Kind.DATA,
                zh=f"统筹区 {name} 在基期年份中没有病例",
                en=f"the area {name} has no stays in a base year",
                file=area.region.folder.name,
                field="discharge_date",
                value=", ".join(map(str, lacking)),
                fix_zh="补交这些年份的病例;各统筹区的基期年份必须一致",
                fix_en="bring the stays of those years; the areas must have the same base years",
            )


def _write(draft: Path, first: Area, made: Mapping[str, Area], base: points.Base) -> None:
    tables = draft / TABLES
    tables.mkdir()
    fixed = dict.fromkeys(("fixed_coefficient", "fixed_by"))
    write_table(tables, BASE_GROUPS, BASE_GROUPS.of([asdict(g) | fixed for g in base.groups.values()]))
    write_table(tables, BASE_YEARS, BASE_YEARS.of(base.years))
    write_table(tables, BASE_SUMS, base.institution_sums.to_arrow())
    names = [{"drg": drg, "name": name} for drg, name in first.scheme.group_names.items()]
    write_table(tables, GROUP_NAMES, GROUP_NAMES.of(names))
    rows = [row for area in made.values() for row in area.registers[INSTITUTIONS].to_dicts()]
    write_table(tables, INSTITUTIONS, INSTITUTIONS.of(rows))
    write_json(draft / POLICY, {name: asdict(value) for name, value in first.policy.kept().items()})
    text, _ = practice_text(first.order.policy)
    (draft / PRACTICE).write_text(text, encoding="utf-8")
    for area in made.values():
        shutil.move(table_path(area.tables, FINDINGS), area.folder / FINDINGS.name)


def _manifest(order: BaseOrder, first: Area, made: Mapping[str, Area], base: points.Base) -> dict[str, Any]:
    return {
        "software": f"drgpay {__version__}",
        "kind": BASE,
        "year": order.year,
        "practice": first.policy.practice,
        "on": first.policy.on.isoformat(),
        "known_on": order.known_on.isoformat() if order.known_on else None,
        "policy_digest": first.policy.digest,
        "scheme": first.scheme.id,
        "switches": sorted(first.scheme.switches),
        "scheme_digest": first.scheme.digest,
        "base": {"mean_cost": base.mean_cost, "scale": base.scale, "law": law_of_base(first.laws.opening)},
        "inputs": {f"{name}/{f}": d for name, area in made.items() for f, d in area.made_from["inputs"].items()},
        "areas": [
            {**area.region.identity, "counts": area.counted, "batches": [b.number for b in area.region.batches]}
            for area in made.values()
        ],
    }
