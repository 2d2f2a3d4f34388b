from typing import Any

from django.db import migrations

from progress.report import clean


def make_readable(apps: Any, schema_editor: Any) -> None:
    """What was called so before such names were refused: each character that nobody sees becomes a space."""
    for model in ("Project", "Token"):
        rows = apps.get_model("exports", model).objects
        for pk, name in rows.values_list("pk", "name"):
            kept = clean(name) or "Untitled"
            if kept != name:
                rows.filter(pk=pk).update(name=kept)


class Migration(migrations.Migration):
    dependencies = (("exports", "0017_tallies_counted_whole"),)
    operations = (migrations.RunPython(make_readable, migrations.RunPython.noop, elidable=True),)
