"""The public holidays the office is delivered with."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def enter(apps: Any, editor: Any) -> None:
    from drgpay_web.flow.calendar import seed

    seed(apps.get_model("flow", "WorkingDay"), editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("flow", "0001_initial")]
    operations = [migrations.RunPython(enter, migrations.RunPython.noop)]
