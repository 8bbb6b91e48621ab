"""Getting ready: Django set up on the office that ``DRGPAY_HOME`` names."""

from __future__ import annotations

import os
from pathlib import Path

from drgpay.errors import DrgpayError, Kind
from drgpay_web.project.places import home


def start() -> Path:
    """Set Django up; the office's folder."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drgpay_web.project.settings")
    django.setup()
    return home()


def existing() -> Path:
    """The same for an office that must be there, with its tables as this version wants them."""
    if not (home() / "secret").is_file():
        raise DrgpayError(
            Kind.USAGE, zh="这里还没有工作台", en="there is no office here yet", value=home().name,
            fix_zh="先运行 drgpay-web init,或用 DRGPAY_HOME 指明位置",
            fix_en="run drgpay-web init first, or name its place with DRGPAY_HOME",
        )  # fmt: skip
    folder = start()
    if pending():
        raise DrgpayError(
            Kind.USAGE, zh="数据库结构不是本版本的", en="the data base is of another version",
            fix_zh="先备份，再运行 drgpay-web migrate", fix_en="back up, then run drgpay-web migrate",
        )  # fmt: skip
    return folder


def pending() -> list[str]:
    """The migrations of this version that the data base lacks."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _ in plan]
