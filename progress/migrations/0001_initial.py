import datetime
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


ROOM = "ALTER TABLE progress_job SET (fillfactor = 70);"  # for the next version of a row: a report then touches no index (HOT)
NEWS = """
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

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('pipeline', models.CharField(max_length=60)),
                ('title', models.CharField(max_length=200)),
                ('owner', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to=settings.AUTH_USER_MODEL)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='children', to='progress.job')),
                ('status', models.CharField(choices=[('uploading', 'Uploading'), ('queued', 'Waiting to start'), ('running', 'Running'), ('finalizing', 'Finishing'), ('complete', 'Complete'), ('paused', 'Paused'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('expired', 'Expired')], default='queued', max_length=12)),
                ('wish', models.CharField(choices=[('run', 'Run'), ('pause', 'Pause'), ('cancel', 'Cancel')], default='run', max_length=8)),
                ('version', models.PositiveBigIntegerField(default=1)),
                ('unseen', models.BooleanField(default=True)),
                ('attempt', models.PositiveIntegerField(default=0)),
                ('run', models.PositiveIntegerField(default=0)),
                ('seq', models.PositiveBigIntegerField(default=0)),
                ('stage', models.CharField(max_length=40)),
                ('stage_began', models.DateTimeField(blank=True, null=True)),
                ('done', models.PositiveBigIntegerField(blank=True, null=True)),
                ('total', models.PositiveBigIntegerField(blank=True, null=True)),
                ('kept', models.PositiveBigIntegerField(blank=True, null=True)),
                ('unit', models.CharField(blank=True, max_length=40)),
                ('bytes', models.PositiveBigIntegerField(blank=True, null=True)),
                ('message', models.CharField(blank=True, max_length=300)),
                ('passed', models.JSONField(blank=True, default=dict)),
                ('gap', models.FloatField(default=0)),
                ('tracks', models.JSONField(blank=True, db_default=[], default=list)),
                ('bp', models.PositiveSmallIntegerField(default=0)),
                ('own_bp', models.PositiveSmallIntegerField(default=0)),
                ('plan', models.JSONField()),
                ('usual', models.JSONField(blank=True, default=dict)),
                ('finish_low', models.DateTimeField(blank=True, null=True)),
                ('finish', models.DateTimeField(blank=True, null=True)),
                ('finish_high', models.DateTimeField(blank=True, null=True)),
                ('later', models.PositiveSmallIntegerField(default=0)),
                ('worsened', models.PositiveIntegerField(default=0)),
                ('queue_position', models.PositiveIntegerField(blank=True, null=True)),
                ('starts_low', models.DateTimeField(blank=True, null=True)),
                ('starts_high', models.DateTimeField(blank=True, null=True)),
                ('polls', models.PositiveIntegerField(default=0)),
                ('unreachable_since', models.DateTimeField(blank=True, null=True)),
                ('unreachable_part', models.CharField(blank=True, choices=[('runner', 'The render service'), ('store', 'The store'), ('refused', 'What the store lets us do'), ('room', 'Room in the store'), ('site', 'This site')], max_length=8)),
                ('cause', models.CharField(blank=True, max_length=40)),
                ('cause_text', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('heard_at', models.DateTimeField(blank=True, null=True)),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('paused_for', models.DurationField(default=datetime.timedelta)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-created_at',),
                'indexes': [models.Index(fields=['owner', '-created_at'], name='job_history'), models.Index(condition=models.Q(('unseen', True)), fields=['owner', '-created_at'], name='job_tray'), models.Index(condition=models.Q(('settled_at__isnull', True)), fields=['created_at'], name='job_active'), models.Index(condition=models.Q(('settled_at__isnull', True)), fields=['owner', '-created_at', '-id'], name='job_under_way'), models.Index(condition=models.Q(('settled_at__isnull', False)), fields=['owner', '-settled_at'], name='job_ended'), models.Index(fields=['-created_at', '-id'], name='job_newest'), models.Index(fields=['status', '-created_at', '-id'], name='job_by_status'), models.Index(fields=['pipeline', '-created_at', '-id'], name='job_by_pipeline'), models.Index(condition=models.Q(('settled_at__isnull', False)), fields=['settled_at'], name='job_settled')],
                'constraints': [models.CheckConstraint(condition=models.Q(('bp__lte', 10000)), name='job_bar_within_bounds'), models.CheckConstraint(condition=models.Q(('bp__lt', 10000), ('status__in', ('complete', 'expired')), _connector='OR'), name='job_full_only_when_complete')],
            },
        ),
        migrations.CreateModel(
            name='StageRun',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='stage_runs', to='progress.job')),
                ('attempt', models.PositiveIntegerField()),
                ('run', models.PositiveIntegerField()),
                ('stage', models.CharField(max_length=40)),
                ('began', models.DateTimeField()),
                ('ended', models.DateTimeField()),
                ('done', models.PositiveBigIntegerField(blank=True, null=True)),
                ('total', models.PositiveBigIntegerField(blank=True, null=True)),
                ('kept', models.PositiveBigIntegerField(blank=True, null=True)),
                ('finished', models.BooleanField()),
            ],
            options={
                'ordering': ('id',),
                'constraints': [models.UniqueConstraint(fields=('job', 'attempt', 'run', 'stage'), name='stage_run_once')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='progress.job')),
                ('phase', models.CharField(max_length=40)),
                ('at', models.DateTimeField()),
                ('elapsed', models.FloatField()),
                ('since_start', models.FloatField()),
                ('from_status', models.CharField(blank=True, max_length=12)),
                ('status', models.CharField(max_length=12)),
                ('wish', models.CharField(max_length=8)),
                ('stage', models.CharField(max_length=40)),
                ('attempt', models.PositiveIntegerField()),
                ('bp', models.PositiveSmallIntegerField()),
                ('cause', models.CharField(blank=True, max_length=40)),
                ('actor', models.CharField(blank=True, max_length=80)),
                ('note', models.CharField(blank=True, max_length=500)),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='Forecast',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='forecasts', to='progress.job')),
                ('estimator', models.CharField(max_length=40)),
                ('made_at', models.DateTimeField()),
                ('percent', models.PositiveSmallIntegerField()),
                ('active', models.FloatField(default=0)),
                ('low', models.DateTimeField(blank=True, null=True)),
                ('finish', models.DateTimeField()),
                ('high', models.DateTimeField(blank=True, null=True)),
                ('shown', models.BooleanField(default=False)),
                ('bucket', models.CharField(blank=True, max_length=200)),
                ('pipeline', models.CharField(blank=True, max_length=60)),
                ('large', models.BooleanField(default=False)),
                ('error', models.FloatField(blank=True, null=True)),
                ('inside', models.BooleanField(blank=True, null=True)),
                ('scored_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('id',),
                'indexes': [models.Index(condition=models.Q(('scored_at__isnull', False)), fields=['pipeline', 'large', '-scored_at'], name='forecast_scored')],
                'constraints': [models.UniqueConstraint(fields=('job', 'estimator', 'percent'), name='forecast_once_a_checkpoint')],
            },
        ),
        migrations.CreateModel(
            name='Outlook',
            fields=[
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='outlook', serialize=False, to='progress.job')),
                ('features', models.JSONField()),
                ('large', models.BooleanField(default=False)),
                ('trace', models.JSONField(blank=True, default=list)),
                ('pipeline', models.CharField(max_length=60)),
                ('seconds', models.FloatField(blank=True, null=True)),
                ('complete_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('complete_at__isnull', False)), fields=['pipeline', '-complete_at'], name='outlook_complete')],
            },
        ),
        migrations.CreateModel(
            name='Rate',
            fields=[
                ('key', models.CharField(max_length=255, primary_key=True, serialize=False)),
                ('mean', models.FloatField()),
                ('variance', models.FloatField()),
                ('count', models.FloatField(default=0)),
                ('version', models.PositiveBigIntegerField(default=1)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ('key',),
            },
        ),
        migrations.RunPython(on_postgres(ROOM), migrations.RunPython.noop),
        migrations.RunPython(on_postgres(NEWS), on_postgres(SILENT)),  # a job that changes says so to whoever listens
    ]
