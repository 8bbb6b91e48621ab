"""From SQLite to PostgreSQL: every row as it is, in one transaction, counted and checked before it holds."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connections, transaction

from drgpay.errors import DrgpayError, Kind
from drgpay_web.project.places import data_base_at

TARGET = "target"
AT_ONCE = 2000
LEFT = ("sessions.session", "contenttypes.contenttype", "auth.permission", "auth.group")
"""people sign in again; the last three are written by the data base's own set-up"""


def move(address: str) -> int:
    """Copy the office's data base into an empty PostgreSQL and count its rows. The files stay where they are; the old
    data base is left as it is. Raises USAGE where the office is not on SQLite or the other holds an office; ENGINE
    where it cannot be reached; BROKEN where the copy is not the same (then nothing of it is kept)."""
    from django.core.management import call_command
    from django.db.utils import OperationalError

    if connections["default"].vendor != "sqlite":
        raise _usage(
            "工作台不在 SQLite 上", "the office is not on SQLite", "取消 DRGPAY_DATABASE", "unset DRGPAY_DATABASE"
        )
    connections.databases[TARGET] = connections["default"].settings_dict | data_base_at(address)
    try:
        call_command("migrate", database=TARGET, verbosity=0, interactive=False)
    except OperationalError as error:
        raise DrgpayError(
            Kind.ENGINE, zh="连不上 PostgreSQL", en="PostgreSQL cannot be reached",
            value=str(error).splitlines()[0][:200],
            fix_zh="检查地址、用户与库名", fix_en="check address, user and data base",
        ) from error  # fmt: skip
    try:
        with transaction.atomic(using="default"), transaction.atomic(using=TARGET):
            return _copied()
    finally:
        connections[TARGET].close()


def _models() -> list[Any]:
    found = [one for one in apps.get_models(include_auto_created=True) if one._meta.managed and not one._meta.proxy]
    return [one for one in found if one._meta.label_lower not in LEFT]


def _copied() -> int:
    people = apps.get_model("people", "Person")
    if people._base_manager.using(TARGET).exists():
        raise _usage(
            "目标数据库里已有工作台", "the other data base holds an office", "换一个空库", "name an empty one"
        )
    total = 0
    for model in _models():
        total += _rows(model)
    for model in _models():
        own, its = (model._base_manager.using(one).count() for one in ("default", TARGET))
        if own != its:
            raise _broken(model._meta.label, f"{own} {its}")
    _follow_numbers()
    return total


def _rows(model: Any) -> int:
    """Every row of a table; what the set-up has put there already is replaced, the head of the trail written over."""
    there = model._base_manager.using(TARGET)
    if model._meta.label_lower == "trail.head":
        return sum(
            there.filter(pk=row.pk).update(number=row.number, digest=row.digest)
            for row in model._base_manager.using("default").all()
        )
    if there.exists():
        there.all()._raw_delete(TARGET)
    count, part = 0, []
    for row in model._base_manager.using("default").order_by("pk").iterator(AT_ONCE):
        part.append(row)
        if len(part) == AT_ONCE:
            count += len(there.bulk_create(part))
            part = []
    return count + len(there.bulk_create(part))


def _follow_numbers() -> None:
    """Let the numbers that the data base gives go on after those that were copied."""
    from django.core.management.color import no_style

    connection = connections[TARGET]
    with connection.cursor() as cursor:
        for line in connection.ops.sequence_reset_sql(no_style(), _models()):
            cursor.execute(line)


def _usage(zh: str, en: str, fix_zh: str, fix_en: str) -> DrgpayError:
    return DrgpayError(Kind.USAGE, zh=zh, en=en, fix_zh=fix_zh, fix_en=fix_en)


def _broken(table: str, value: str) -> DrgpayError:
    return DrgpayError(
        Kind.BROKEN, zh="复制的行数不一致", en="the copy has another number of rows", file=table, value=value,
        fix_zh="确认没有人在办理后重做", fix_en="see that nobody is at work, and do it again",
    )  # fmt: skip
