"""A return of the bureau, or a vendor's groups, beside a hospital's own stays: files or a run in, differences out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import frame, read_manifest, table_path, write_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.coded_otherwise import coded_otherwise
from drgpay.runs.estimate import estimate_stays
from drgpay.runs.manifest import TABLES, root_of, write_manifest
from drgpay.scheme import Scheme, catalogue, load, switches_of
from drgpay.steps import grouping, intake, reconcile
from drgpay.steps.intake import Returned
from drgpay.steps.points import Published
from drgpay.tables import CASE_POINTS, GROUPED, RECONCILIATION, RECONCILIATION_TOTALS, RETURNED, STAY_PAYMENTS

Row = dict[str, Any]

_NAMED = 3
MOST_ASKED = 2_000
"""stays with another group for which causes are looked for"""


@dataclass(frozen=True)
class Own:
    """A hospital's stays as they are to be compared (columns of :data:`drgpay.steps.reconcile.OWN`), and the codes
    they were grouped by (Arrow table with stay_id), under ``scheme``."""

    rows: pl.DataFrame
    stays: Any = field(repr=False)
    scheme: Scheme = field(repr=False)
    switches: frozenset[str] = frozenset()
    findings: Any = None


@dataclass(frozen=True)
class Reconciled:
    """Rows of ``reconciliation`` and of ``reconciliation_totals``, findings on the return, columns it lacks (Chinese,
    English), and how many rows of it added up the others."""

    rows: list[Row]
    totals: list[Row]
    findings: Any
    lacks: tuple[tuple[str, str], ...]
    left_out: int


def own_of_files(
    parts: Iterable[tuple[str, intake.Intake]],
    scheme: Scheme,
    switches: frozenset[str] = frozenset(),
    rules: Published | None = None,
) -> Own:
    """Own stays of files, read with the need ``estimate`` and every column kept: the number of the record is looked
    for among them. ``rules``: what is published, so that class, points and payment can be compared too."""
    names = {intake.header_key(name) for name in (RETURNED["record_number"].zh, *RETURNED["record_number"].aliases)}
    tables, stays, found, records = [], [], [], []
    for file, part in parts:
        found.append(part.findings)
        stays.append(pa.Table.from_batches([part.stays]))
        heads = [head for head in part.kept if intake.header_key(head) in names]
        n = part.stays.num_rows
        record = part.kept[heads[0]].cast(pa.string()) if heads else pa.nulls(n, pa.string())
        records.append(record)
        tables.append((file, part))
    whole = pa.concat_tables(stays).unify_dictionaries().combine_chunks() if stays else None
    if whole is None or not whole.num_rows:
        raise DrgpayError(
            Kind.DATA, zh="没有可用的病例", en="no usable stay", fix_zh="用 drgpay check 查看问题",
            fix_en="see what is wrong with drgpay check",
        )  # fmt: skip
    rows = frame(whole.select(["stay_id", "admission_date", "discharge_date", "total_cost"]))
    record = pl.Series("record_number", pa.chunked_array(records), dtype=pl.String)
    if rules is not None:
        done = estimate_stays(tables, rules, scheme).stays
        names_of = ("drg", "case_class", "weight", "points", "coefficient")
        more = done.select(*names_of, payment=pl.col("expected_payment"))
    else:
        batch = whole.to_batches()[0]
        groups = frame(pa.Table.from_batches([grouping.group_batch(scheme, batch)]))
        more = groups.select("drg")
    return Own(_own(rows.with_columns(record).hstack(more)), whole, scheme, switches, intake.merge_findings(found))


def own_of_run(run: Path, institution: str = "", schemes: Path | None = None) -> Own:
    """Own stays of a settled run: of one institution, or of all. The payment is that of the
    whole stay, the patient's part included where the basis of the run is the total cost."""
    manifest = read_manifest(run)
    wanted = (pl.col("institution_id").cast(pl.String) == institution) if institution else pl.lit(True)

    def read(table: Any, *names: str) -> pl.DataFrame:
        path = table_path(run / TABLES, table)
        rows = pl.scan_parquet(path / "*.parquet").filter(wanted)
        there = rows.collect_schema().names()  # a run of before has no weight at admission
        wide = [pl.col(name) if name in there else pl.lit(None, pl.Int32).alias(name) for name in names]
        return rows.select(wide).collect()

    paid = "month_due" if manifest["kind"] == "month" else "year_due"
    cases = read(CASE_POINTS, "stay_id", "case_class", "points", "coefficient", "total_cost", "personal_paid")
    if not cases.height:
        raise DrgpayError(
            Kind.DATA, zh="结算运行里没有这家机构的病例", en="the run has no stay of the institution",
            value=institution or None, fix_zh="检查 --institution", fix_en="check --institution",
        )  # fmt: skip
    codes = ("dx", "proc", "sex", "age", "age_days", "birth_weight", "admission_weight", "los", "discharge_way")
    grouped = read(GROUPED, "stay_id", "admission_date", "discharge_date", "drg", *codes)
    rows = cases.join(grouped.select("stay_id", "admission_date", "discharge_date", "drg"), "stay_id")
    due = read(STAY_PAYMENTS, "stay_id", paid, paid.replace("due", "refused"))
    whole = pl.sum_horizontal(paid, paid.replace("due", "refused"))
    rows = rows.join(due.select("stay_id", payment=whole), "stay_id", how="left")
    if manifest["basis"] == "total":
        rows = rows.with_columns(pl.col("payment") + pl.col("personal_paid"))
    switches = frozenset(manifest["switches"])
    scheme = load(manifest["scheme"], switches, folder=schemes)
    stays = pa.table([_plain(grouped[f.name].to_arrow(), f.type) for f in intake.stays_schema("grouping")],
                     schema=intake.stays_schema("grouping"))  # fmt: skip
    return Own(_own(rows), stays, scheme, switches)


def _plain(column: Any, of_type: Any) -> Any:
    if pa.types.is_list(of_type):
        return pa.array(column.to_pylist(), of_type)
    return column.cast(pa.string()).dictionary_encode().cast(of_type) if pa.types.is_dictionary(of_type) else (
        column.cast(of_type)
    )  # fmt: skip


def _own(rows: pl.DataFrame) -> pl.DataFrame:
    types = {"points": pl.Int64, "coefficient": pl.Int64, "total_cost": pl.Int64, "payment": pl.Int64,
             "admission_date": pl.Date, "discharge_date": pl.Date}  # fmt: skip
    there = [
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(types.get(name, pl.String)).alias(name)
        for name in reconcile.OWN
    ]
    return rows.select(there)


def reconcile_return(
    returned: Returned,
    own: Own,
    tolerance: reconcile.Tolerance | None = None,
    *,
    schemes: Path | None = None,
) -> Reconciled:
    """Compare a return with own stays. Every line and every stay is in one kind; the kinds add up to the whole."""
    theirs = frame(returned.rows)
    texts = ("settlement_id", "record_number", "drg", "case_class", "weight", "remark")
    theirs = theirs.with_columns(pl.col(texts).cast(pl.String))
    rows = reconcile.compared(reconcile.matched(theirs, own.rows), tolerance or reconcile.Tolerance())
    astray = {r["stay_id"]: str(r["returned_drg"]) for r in rows if r["kind"] == "group"}
    asked = dict(list(astray.items())[:MOST_ASKED])
    rows = reconcile.explained(rows, _causes(own, asked, schemes) if asked else {})
    lacks = tuple((RETURNED[name].zh, name) for name in returned.absent)
    return Reconciled(rows, reconcile.totals(rows), returned.findings, lacks, returned.totals)


def reconcile_file(
    file: Path, run: Path, institution: str, out: Path, *, fen: int, points: int,
    aliases: Mapping[str, str] | None = None,
) -> Reconciled:  # fmt: skip
    """Compare a returned file with an institution's stays of a run, and write ``reconciliation`` and its totals as a
    folder of results that pages can browse. ``fen``, ``points`` (1/10,000): what is still the same; ``aliases``:
    header of the file -> column of ``returned``. Raises DATA for a file that cannot be read or a run without such
    stays."""
    returned = intake.read_returned(file, aliases)
    done = reconcile_return(returned, own_of_run(run, institution), reconcile.Tolerance(fen, points))
    write_table(out / TABLES, RECONCILIATION, RECONCILIATION.of(done.rows))
    write_table(out / TABLES, RECONCILIATION_TOTALS, RECONCILIATION_TOTALS.of(done.totals))
    about = read_manifest(run)
    of_run = {"run": root_of(about), "region": about.get("region"), "year": about["year"], "month": about["month"]}
    write_manifest(out, {"kind": "reconciliation", "institution": institution, "file": file.name, **of_run})
    return done


def _causes(own: Own, wanted: Mapping[str, str], schemes: Path | None) -> dict[str, tuple[str, str]]:
    """Why stays have another group: stay → (cause, what it names). Asked in this order: another scheme, other codes;
    another order or a code less; another reading of the own scheme."""
    ids = own.stays.column("stay_id").to_pylist()
    first = {one: at for at, one in reversed(list(enumerate(ids)))}
    taken = own.stays.take(pa.array([first[one] for one in wanted])).combine_chunks()
    stays = taken.unify_dictionaries().combine_chunks().to_batches()[0]
    rows = stays.to_pylist()
    found = _fitting(wanted, list(_other_schemes(own, stays, rows, schemes)), own.scheme.id.partition("-")[0])
    tried = [(stay, *one) for at, stay in enumerate(wanted) if stay not in found for one in coded_otherwise(rows[at])]
    if tried:
        got = _drgs(own.scheme, _batch([row for *_, row in tried], stays.schema))
        for (stay, cause, name, _), drg in zip(tried, got, strict=True):
            if drg == wanted[stay]:
                found.setdefault(stay, (cause, name))
    own_groups = {drg.code for drg in own.scheme.drgs}
    left = {stay: drg for stay, drg in wanted.items() if stay not in found and drg in own_groups}
    if left:
        at = [place for place, stay in enumerate(wanted) if stay in left]
        found |= _fitting(left, list(_other_switches(own, stays.take(pa.array(at)), schemes)), "")
    return found


_Reading = tuple[str, str, list[str]]
"""a cause, what it names, and the groups it leads to"""


def _other_schemes(own: Own, stays: Any, rows: list[Row], schemes: Path | None) -> Iterator[_Reading]:
    for entry in catalogue(schemes):
        if entry.id != own.scheme.id:
            yield "scheme", entry.id, _drgs(load(entry.id, folder=schemes), stays)
    yield "edition", "", _drgs(own.scheme, _batch([_converted(row) for row in rows], stays.schema))


def _other_switches(own: Own, stays: Any, schemes: Path | None) -> Iterator[_Reading]:
    for switch in sorted(set(switches_of(own.scheme.id, folder=schemes)) - own.switches):
        try:
            other = load(own.scheme.id, own.switches | {switch}, folder=schemes)
        except DrgpayError:
            continue  # two switches that exclude each other
        yield "switch", switch, _drgs(other, stays)


def _fitting(wanted: Mapping[str, str], readings: list[_Reading], family: str) -> dict[str, tuple[str, str]]:
    """The readings that lead to the group a stay was returned with; what explains most stays is named first."""
    targets = list(wanted.values())
    explains = Counter({(cause, name): sum(map(str.__eq__, got, targets)) for cause, name, got in readings})
    readings.sort(key=lambda r: (-explains[r[0], r[1]], r[0], not r[1].startswith(family), r[1]))
    found = {}
    for at, (stay, target) in enumerate(wanted.items()):
        fitting = [(cause, name) for cause, name, got in readings if got[at] == target]
        if fitting:
            cause = fitting[0][0]
            found[stay] = (cause, " / ".join([name for other, name in fitting if other == cause][:_NAMED]))
    return found


def _drgs(scheme: Scheme, batch: Any) -> list[str]:
    groups: list[str] = grouping.group_batch(scheme, batch).column("drg").cast(pa.string()).to_pylist()
    return groups


def _batch(rows: Sequence[Row], schema: Any) -> Any:
    return pa.RecordBatch.from_pylist(list(rows), schema=schema)


def _converted(row: Row) -> Row:
    way = intake.clinical()
    return {
        **row,
        "dx": [way.dx.to.get(code, code) for code in row["dx"] or ()],
        "proc": [way.proc.to.get(code, code) for code in row["proc"] or ()],
    }
