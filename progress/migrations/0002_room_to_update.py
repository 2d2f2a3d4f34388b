from django.db import migrations


def leave_room(apps, schema_editor):
    """On Postgres, room on each page for the next version of a row: a report then touches no index (HOT)."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE progress_job SET (fillfactor = 70)")


def take_back(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE progress_job RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("progress", "0001_initial")]
    operations = [migrations.RunPython(leave_room, take_back)]
