"""Triggers that refuse every change of what is in the trail; the chain starts."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

SQLITE = """
CREATE TRIGGER trail_event_{what} BEFORE {WHAT} ON trail_event
BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END;
"""
POSTGRESQL = """
CREATE FUNCTION trail_refuse() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'the trail is append-only'; END; $$ LANGUAGE plpgsql;
CREATE TRIGGER trail_event_change BEFORE UPDATE OR DELETE ON trail_event
FOR EACH ROW EXECUTE FUNCTION trail_refuse();
CREATE TRIGGER trail_event_truncate BEFORE TRUNCATE ON trail_event
FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse();
CREATE TRIGGER trail_head_delete BEFORE DELETE ON trail_head FOR EACH ROW EXECUTE FUNCTION trail_refuse();
CREATE TRIGGER trail_head_truncate BEFORE TRUNCATE ON trail_head
FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse();
"""
SQLITE_HEAD = """
CREATE TRIGGER trail_head_delete BEFORE DELETE ON trail_head
BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END;
"""


def guard(apps: Any, editor: Any) -> None:
    apps.get_model("trail", "Head").objects.using(editor.connection.alias).create(pk=1, number=0, digest="0" * 64)
    if editor.connection.vendor == "postgresql":
        editor.execute(POSTGRESQL)
        return
    for what in ("update", "delete"):
        editor.execute(SQLITE.format(what=what, WHAT=what.upper()))
    editor.execute(SQLITE_HEAD)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("trail", "0001_initial")]
    operations: ClassVar = [migrations.RunPython(guard, elidable=False)]
