"""What oversight reads of a region: tables beside the stays, and people's registers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from drgpay.engine import Dataset, Engine, Source, frame
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.named import check_named, homes_of, names_of
from drgpay.runs.region import Region, Registers, known_codes, known_places, register_file
from drgpay.steps import intake
from drgpay.tables import INSTITUTIONS, Table


def campuses(institutions: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """``institution_id``, ``link``: the register's links, and those that names show: an institution whose name begins
    with the whole name of another is a campus of it (院区、分院). What the register says of an institution stands."""
    named = [(r["institution_id"], r["name"]) for r in institutions.to_dicts() if r["name"]]
    told, found = set(links["institution_id"]), {}
    for child, name in named:
        parents = [(len(whole), parent) for parent, whole in named if name != whole and name.startswith(whole)]
        if parents and child not in told:
            found[child] = max(parents)[1]
    rows = [(child, f"={parent}") for child, parent in found.items()]
    rows += [(parent, f"={parent}") for parent in sorted(set(found.values()) - told)]
    own = pl.DataFrame(rows, orient="row", schema={"institution_id": pl.String, "link": pl.String})
    return pl.concat([links.select(pl.col("institution_id", "link").cast(pl.String)), own]).unique().sort(pl.all())


@dataclass
class Inputs:
    """The region's tables beside the stays, and its small registers."""

    region: Region
    work: Path
    tables: dict[str, Dataset] = field(default_factory=dict)
    brought: set[str] = field(default_factory=set)
    engine: Engine | None = None
    grouped: Dataset | None = None
    """stays of the run, in which the stays registers name are looked up first; None: they are not looked up"""

    def bring(self, table: Table) -> None:
        """Read a table of stays, charges, visits or persons where the region has it."""
        beside = self.region.table(table, self.work)
        if beside is not None:
            self.tables[table.name] = beside.data
            self.brought |= {f"{table.name}.{column}" for column in beside.brought}

    def sources(self, *wanted: tuple[Table, Sequence[str], Sequence[str]]) -> dict[str, Source]:
        """Of tables with their columns and their order, those that were brought, by name."""
        return {
            table.name: Source(self.tables[table.name], tuple(columns), tuple(order))
            for table, columns, order in wanted
            if table.name in self.tables
        }

    def has(self, table: Table) -> bool:
        """Whether the region's folder holds the register."""
        return register_file(self.region.folder, table) is not None

    def register(self, table: Table) -> pl.DataFrame:
        """A small register; one that was not brought is empty."""
        path = register_file(self.region.folder, table)
        if path is None:
            return frame(table.schema.empty_table())
        self.brought |= {f"{table.name}.{column}" for column in table.names}
        rows = frame(intake.read_register(path, table, known_places(self.region.folder)))
        if names_of(table, "stay") and names_of(table, "institution"):
            self._look_up(table, rows)
        return rows

    def _look_up(self, table: Table, rows: pl.DataFrame) -> None:
        """The stays a register names, in the run and, for those of other years, in the region."""
        if self.engine is None or self.grouped is None:
            return
        wanted = {str(stay) for name in names_of(table, "stay") for stay in rows[name]}
        there = homes_of(self.engine, self.grouped, wanted)
        data = self._stays(table) if wanted - set(there) else self.grouped
        check_named(self.engine, data, self.region.folder, Registers({table.name: rows}), (table,), kept_out=there)

    def _stays(self, table: Table) -> Dataset:
        """All stays of the region, to find those that a register names."""
        known = frozenset(self.region.registers[INSTITUTIONS]["institution_id"])
        context = intake.CheckContext("settlement", known_codes(), known)
        return self.region.stays(self.work / f"named-{table.name}", context).data

    def of_run(self, table: Table) -> pl.DataFrame:
        """Of a register of single stays, kept look after look, the rows of stays this run has. DATA for a stay that
        neither the run nor the region has."""
        rows = self.register(table)
        if self.engine is None or self.grouped is None or rows.height == 0:
            return rows
        wanted = set(rows["stay_id"])
        there = set(homes_of(self.engine, self.grouped, wanted))
        if wanted - there:
            unknown = wanted - there - set(homes_of(self.engine, self._stays(table), wanted - there))
            if unknown:
                raise DrgpayError(
                    Kind.DATA, zh="复核编码的病例在本次运行和本统筹区中都没有",
                    en="second codings of stays that neither this run nor the region has", file=table.name,
                    field="stay_id", value=", ".join(sorted(unknown)[:5]), fix_zh="核对病例号",
                    fix_en="check the ids",
                )  # fmt: skip
        return rows.filter(pl.col("stay_id").is_in(list(there)))
