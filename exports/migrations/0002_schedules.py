from django.db import migrations

NAMES = ("beat", "drive", "tend_sources")


def add(apps, schema_editor):
    """Each minute the cluster says that it is alive, and looks for exports and sources that nobody looks after."""
    for name in NAMES:
        told = {"func": f"exports.tasks.{name}", "schedule_type": "I", "minutes": 1, "repeats": -1}
        apps.get_model("django_q", "Schedule").objects.update_or_create(name=name, defaults=told)


def remove(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.filter(name__in=NAMES).delete()


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_initial"), ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more")]
    operations = [migrations.RunPython(add, remove)]
