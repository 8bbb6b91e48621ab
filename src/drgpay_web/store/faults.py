"""What ``drgpay-web check`` finds of the record: folders against the catalogue, seals, rows that no longer fit."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from drgpay import runs
from drgpay.errors import DrgpayError
from drgpay_web import inbox
from drgpay_web.store.catalogue import LOST, SEALED, folder
from drgpay_web.store.coded import decoded
from drgpay_web.store.known import known_of
from drgpay_web.store.laws import KIND, practice_source
from drgpay_web.store.models import Area, Received, RegisterRow, Result
from drgpay_web.store.places import folder_of_kind, record
from drgpay_web.store.reads import kept
from drgpay_web.ui import w


def faults() -> list[tuple[str, str]]:
    """Every fault in Chinese and English; nothing where all is whole."""
    return [*_results(), *_practices(), *_records(), *_inbox(), *unfit()]


def _said(key: str, **values: object) -> tuple[str, str]:
    return w(f"store.{key}", "zh", **values), w(f"store.{key}", "en", **values)


def _results() -> list[tuple[str, str]]:
    found = []
    for result in Result.objects.exclude(state=LOST).exclude(kind=KIND).order_by("pk"):
        try:
            same = runs.root_of(runs.read_manifest(folder(result))) == result.digest
        except DrgpayError:
            found.append(_said("result_gone", name=result.name))
            continue
        if not same:
            found.append(_said("result_other", name=result.name))
    for area in Area.objects.values_list("code", flat=True):
        place = folder_of_kind(area, "run")
        try:
            seals = {seal.run for seal in runs.read_seals(place)}
        except DrgpayError:
            found.append(_said("seals_broken", area=area))
            continue
        sealed = set(Result.objects.filter(area=area, kind="run", state=SEALED).values_list("name", flat=True))
        found += [_said("seal_unlike", name=name) for name in sorted(seals ^ sealed)]
    return found


def _practices() -> list[tuple[str, str]]:
    """Adopted versions of practices whose file is gone or another."""
    found = []
    for row in Result.objects.filter(kind=KIND).order_by("pk"):
        file = Path(practice_source(row.area, row.name))
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != row.digest:
            found.append(_said("practice_other", name=row.name))
    return found


def _records() -> list[tuple[str, str]]:
    """Areas with register rows and no record."""
    areas = RegisterRow.objects.values_list("area", flat=True).distinct().order_by("area")
    return [_said("record_gone", area=area) for area in areas if not record(area).is_dir()]


def _inbox() -> list[tuple[str, str]]:
    found = []
    for received in Received.objects.order_by("pk"):
        path = inbox.path_of(received.stored)
        if not path.is_file() or path.stat().st_size != received.size:
            found.append(_said("received_gone", name=received.name))
    return found


def unfit() -> list[tuple[str, str]]:
    """Rows in force that were checked by another declaration than the table has now, and do not fit it."""
    found = []
    groups = RegisterRow.objects.filter(current=True, values__isnull=False)
    for area, owner, name in (
        groups.values_list("area", "owner", "table").distinct().order_by("area", "owner", "table")
    ):
        one = kept(name)
        if one is None:
            found.append(_said("register_unknown", table=name))
            continue
        old = groups.filter(area=area, owner=owner, table=name).exclude(
            declaration=runs.declaration_digest(one.table)
        )
        rows = [decoded(one.table, row.values) for row in old]
        wrong = runs.check_rows(one.table, rows, known_of(area, one.table, rows, owner)).findings if rows else []
        for field, count in sorted(Counter(finding.field for finding in wrong).items()):
            zh = one.table[field].zh if field in one.table.names else field
            found.append(
                _said("rows_unfit", table_zh=one.table.zh, table=name, field_zh=zh, field=field, count=count)
            )
    return found
