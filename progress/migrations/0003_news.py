"""On Postgres, a job that changes says so to whoever listens."""

from django.db import migrations

TELLS = """
CREATE FUNCTION progress_job_moved() RETURNS trigger AS $$
BEGIN PERFORM pg_notify('progress_job', NEW.id::text); RETURN NULL; END
$$ LANGUAGE plpgsql;
CREATE TRIGGER progress_job_moved AFTER UPDATE OF version ON progress_job
FOR EACH ROW EXECUTE FUNCTION progress_job_moved();
"""
SILENT = "DROP TRIGGER progress_job_moved ON progress_job; DROP FUNCTION progress_job_moved();"


def on_postgres(statement):
    def act(apps, editor):
        if editor.connection.vendor == "postgresql":
            editor.execute(statement)

    return act


class Migration(migrations.Migration):
    dependencies = [("progress", "0002_room_to_update")]
    operations = [migrations.RunPython(on_postgres(TELLS), on_postgres(SILENT))]
