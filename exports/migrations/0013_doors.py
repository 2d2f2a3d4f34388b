import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("exports", "0012_connections_and_postings"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(  # the column stays: what runs beside this version knows it by its name
            state_operations=[
                migrations.RenameField(model_name="intake", old_name="kind", new_name="name"),
                migrations.AlterField(
                    model_name="intake",
                    name="name",
                    field=models.CharField(db_column="kind", max_length=40, primary_key=True, serialize=False),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GuardedSignIn",
            fields=[],
            options={
                "verbose_name": "guarded sign-in",
                "verbose_name_plural": "guarded sign-ins",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("exports.allowance",),
        ),
        migrations.CreateModel(
            name="IntakeChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("name", models.CharField(max_length=40, verbose_name="of")),
                ("open", models.BooleanField()),
                ("sentence", models.CharField(blank=True, max_length=200, verbose_name="said to people")),
                ("why", models.CharField(blank=True, max_length=300)),
                ("actor", models.CharField(max_length=80, verbose_name="by")),
                ("moved", models.PositiveIntegerField(default=0, verbose_name="paused or resumed with it")),
            ],
            options={
                "verbose_name": "change of an intake",
                "verbose_name_plural": "changes of intakes",
                "ordering": ("-at", "-id"),
            },
        ),
        migrations.AddField(
            model_name="user",
            name="minutes_a_day",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Minutes of work in 24 hours; empty: as the settings say; 0: no limit.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="second_factor_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
