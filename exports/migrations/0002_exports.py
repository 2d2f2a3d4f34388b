import datetime
import django.db.models.deletion
import django.utils.timezone
import exports.models.delivery
import exports.signing
import uuid
from django.conf import settings
from django.db import migrations, models


SCHEDULES = {
    'beat': 1,  # it says that the cluster is alive
    'drive': 1,
    'tend_sources': 1,
    'deliver': 1,  # what is to be sent and was not rung for: a message that waits, or a digest
    'expire': 10,  # lets finished films go whose time is over
    'renew_connections': 10,
    'tally': 60,  # counts how exports have ended
}


def add(apps, schema_editor):
    """What the cluster does by itself, each so many minutes; for exports and sources that nobody looks after, too."""
    for name, minutes in SCHEDULES.items():
        told = {"func": f"exports.tasks.{name}", "schedule_type": "I", "minutes": minutes, "repeats": -1}
        apps.get_model("django_q", "Schedule").objects.update_or_create(name=name, defaults=told)


def remove(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.filter(name__in=SCHEDULES).delete()


class Migration(migrations.Migration):

    initial = True

    replaces = [  # a database that has had all of these is as this leaves one
        ('exports', '0002_schedules'),
        ('exports', '0003_exports'),
        ('exports', '0004_drill'),
        ('exports', '0005_results'),
        ('exports', '0006_tokens_and_answers'),
        ('exports', '0007_outbox'),
        ('exports', '0008_shares_and_expiry'),
        ('exports', '0009_acts_of_staff'),
        ('exports', '0010_keep_until'),
        ('exports', '0011_notices_of_owners_and_tallies'),
        ('exports', '0012_connections_and_postings'),
        ('exports', '0013_doors'),
        ('exports', '0014_summaries_and_holders'),
        ('exports', '0015_worked'),
        ('exports', '0016_sealed_codes_of_apps'),
        ('exports', '0017_tallies_counted_whole'),
        ('exports', '0018_readable_names'),
        ('progress', '0002_room_to_update'),
        ('progress', '0003_news'),
        ('progress', '0004_what_does_not_answer'),
        ('progress', '0005_outlooks_and_rates'),
        ('progress', '0006_lists_for_staff'),
        ('progress', '0007_how_far_each_result_is'),
        ('progress', '0008_usual_seconds'),
        ('progress', '0009_under_way_and_ended'),
        ('progress', '0010_what_was_there_before'),
    ]

    dependencies = [
        ('contenttypes', '0002_remove_content_type_name'),
        ('otp_totp', '0003_add_timestamps'),
        ('django_q', '0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more'),
        ('exports', '0001_initial'),
        ('progress', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Allowance',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120, unique=True)),
                ('began', models.DateTimeField()),
                ('used', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='GuardedSignIn',
            fields=[
            ],
            options={
                'verbose_name': 'guarded sign-in',
                'verbose_name_plural': 'guarded sign-ins',
                'proxy': True,
            },
            bases=('exports.allowance',),
        ),
        migrations.CreateModel(
            name='Answered',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('owner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('key', models.CharField(max_length=200)),
                ('asked', models.CharField(max_length=64)),
                ('code', models.PositiveSmallIntegerField(null=True)),
                ('body', models.JSONField(null=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('owner', 'key'), name='answered_once')],
            },
        ),
        migrations.CreateModel(
            name='Hours',
            fields=[
                ('owner', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='hours', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('zone', models.CharField(blank=True, max_length=64)),
                ('quiet_from', models.TimeField(blank=True, null=True)),
                ('quiet_until', models.TimeField(blank=True, null=True)),
                ('digest_hour', models.PositiveSmallIntegerField(default=8)),
            ],
        ),
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('done', models.BooleanField(default=False, verbose_name='when done')),
                ('failed', models.BooleanField(default=False, verbose_name='if it fails')),
                ('stuck', models.BooleanField(default=False, verbose_name='if it looks stuck')),
                ('soon', models.BooleanField(default=False, verbose_name='two minutes before')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contacts', to=settings.AUTH_USER_MODEL)),
                ('channel', models.CharField(choices=[('mail', 'Email'), ('sms', 'Text message'), ('chat', 'Chat'), ('webhook', 'Webhook')], max_length=8)),
                ('address', models.CharField(max_length=1000)),
                ('address_hash', models.CharField(max_length=64)),
                ('digest', models.BooleanField(default=False, verbose_name='once a day, what has ended')),
                ('digest_from', models.DateTimeField(blank=True, null=True)),
                ('digest_due_at', models.DateTimeField(blank=True, null=True)),
                ('secret', models.CharField(default=exports.signing.new_secret, max_length=80)),
                ('old_secret', models.CharField(blank=True, max_length=80)),
                ('old_secret_until', models.DateTimeField(blank=True, null=True)),
                ('code_at', models.DateTimeField(blank=True, null=True)),
                ('code_tries', models.PositiveSmallIntegerField(default=0)),
                ('verified_at', models.DateTimeField(blank=True, null=True)),
                ('stopped_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('used_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ('created_at',),
                'indexes': [models.Index(condition=models.Q(('digest_due_at__isnull', False)), fields=['digest_due_at'], name='contact_digest'), models.Index(fields=['channel', 'address_hash'], name='contact_by_hash')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'channel', 'address_hash'), name='contact_once')],
            },
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('token', models.UUIDField(blank=True, null=True)),
                ('until', models.DateTimeField(blank=True, null=True)),
                ('holder', models.CharField(blank=True, db_default='', default='', max_length=120)),
            ],
        ),
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='projects', to=settings.AUTH_USER_MODEL)),
                ('name', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ('-created_at',),
            },
        ),
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sources', to='exports.project')),
                ('name', models.CharField(max_length=255)),
                ('state', models.CharField(choices=[('uploading', 'Uploading'), ('stored', 'Being looked at'), ('ready', 'Ready'), ('refused', 'Cannot be used')], default='uploading', max_length=12)),
                ('bytes', models.PositiveBigIntegerField()),
                ('stored_bytes', models.PositiveBigIntegerField(default=0)),
                ('upload', models.CharField(blank=True, max_length=1024)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('facts', models.JSONField(blank=True, default=dict)),
                ('refusal', models.CharField(blank=True, max_length=500)),
                ('looked_at_times', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('heard_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ('created_at',),
            },
        ),
        migrations.CreateModel(
            name='Clip',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='clips', to='exports.project')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='clips', to='exports.source')),
                ('position', models.PositiveIntegerField()),
                ('in_us', models.PositiveBigIntegerField(default=0)),
                ('out_us', models.PositiveBigIntegerField(blank=True, null=True)),
            ],
            options={
                'ordering': ('position', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Export',
            fields=[
                ('next_due_at', models.DateTimeField(blank=True, default=datetime.datetime(2000, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), null=True)),
                ('lease_token', models.UUIDField(blank=True, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='export', serialize=False, to='progress.job')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exports', to='exports.project')),
                ('kind', models.CharField(max_length=40)),
                ('spec', models.JSONField()),
                ('errors', models.PositiveSmallIntegerField(default=0)),
                ('interruptions', models.PositiveSmallIntegerField(default=0)),
                ('stop_asked_at', models.DateTimeField(blank=True, null=True)),
                ('stopped_at', models.DateTimeField(blank=True, null=True)),
                ('stop_hard', models.BooleanField(db_default=False, default=False)),
                ('priority', models.SmallIntegerField(db_default=0, default=0)),
                ('result_key', models.CharField(blank=True, max_length=512)),
                ('result_bytes', models.PositiveBigIntegerField(blank=True, null=True)),
                ('result_sha256', models.CharField(blank=True, max_length=64)),
                ('result_facts', models.JSONField(blank=True, default=dict)),
                ('keep_until', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'permissions': (('check_export', 'Can let an export be checked now'), ('reattach_export', 'Can re-attach the call of an export'), ('adopt_export', 'Can adopt the result of an export'), ('retry_export', 'Can retry an export'), ('again_export', 'Can run an export again from scratch'), ('pause_export', 'Can pause and resume an export'), ('cancel_export', 'Can cancel an export'), ('stop_export', 'Can cancel an export and stop its containers'), ('fail_export', 'Can mark an export failed'), ('lose_export', 'Can mark an export lost'), ('force_export', 'Can end an export though its runner says that it runs'), ('release_export', 'Can release the lease of an export'), ('queue_export', 'Can move an export in the queue'), ('keep_export', 'Can keep the results of an export longer'), ('unshare_export', 'Can close the share link of an export'), ('blackbox_export', 'Can download the black box of an export')),
                'indexes': [models.Index(condition=models.Q(('next_due_at__isnull', False)), fields=['next_due_at'], name='export_due')],
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('done', models.BooleanField(default=False, verbose_name='when done')),
                ('failed', models.BooleanField(default=False, verbose_name='if it fails')),
                ('stuck', models.BooleanField(default=False, verbose_name='if it looks stuck')),
                ('soon', models.BooleanField(default=False, verbose_name='two minutes before')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('export', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='exports.export')),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='exports.contact')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('export', 'contact'), name='subscription_once')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('export', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='exports.export')),
                ('number', models.PositiveIntegerField()),
                ('token', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('runner', models.CharField(max_length=20)),
                ('call_id', models.CharField(blank=True, max_length=120)),
                ('begun_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('spawned_at', models.DateTimeField(blank=True, null=True)),
                ('asked', models.CharField(blank=True, max_length=8)),
                ('greeted_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, max_length=8)),
                ('cause', models.CharField(blank=True, max_length=40)),
                ('sentence', models.CharField(blank=True, max_length=500)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('gone_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('number',),
                'indexes': [models.Index(condition=models.Q(('outcome', '')), fields=['runner'], name='attempt_open'), models.Index(condition=models.Q(('gone_at__isnull', True)), fields=['runner'], name='attempt_not_gone'), models.Index(fields=['call_id'], name='attempt_call')],
                'constraints': [models.UniqueConstraint(fields=('export', 'number'), name='attempt_numbered_once'), models.UniqueConstraint(condition=models.Q(('outcome', '')), fields=('export',), name='attempt_one_open')],
            },
        ),
        migrations.CreateModel(
            name='Bulk',
            fields=[
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='bulk', serialize=False, to='progress.job')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('act', models.CharField(max_length=40)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('given', models.CharField(blank=True, max_length=120)),
            ],
            options={
                'verbose_name': 'bulk act',
            },
        ),
        migrations.CreateModel(
            name='BulkRow',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('bulk', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='exports.bulk')),
                ('export', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='exports.export')),
                ('at', models.DateTimeField(blank=True, null=True)),
                ('ok', models.BooleanField(blank=True, null=True)),
                ('said', models.CharField(blank=True, max_length=500)),
            ],
            options={
                'ordering': ('pk',),
                'constraints': [models.UniqueConstraint(fields=('bulk', 'export'), name='bulk_row_once')],
            },
        ),
        migrations.CreateModel(
            name='CodesOfApp',
            fields=[
            ],
            options={
                'proxy': True,
                'default_permissions': (),
            },
            bases=('otp_totp.totpdevice',),
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='connections', to=settings.AUTH_USER_MODEL)),
                ('platform', models.CharField(choices=[('tiktok', 'TikTok'), ('instagram', 'Instagram')], max_length=12)),
                ('account_id', models.CharField(blank=True, max_length=100)),
                ('name', models.CharField(max_length=100)),
                ('secrets', models.TextField()),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('renewable', models.BooleanField(default=False)),
                ('renewing_at', models.DateTimeField(blank=True, null=True)),
                ('facts', models.JSONField(blank=True, default=dict)),
                ('connected_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ('platform',),
                'indexes': [models.Index(condition=models.Q(('renewable', True)), fields=['expires_at'], name='connection_ends')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'platform'), name='connection_once')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to=settings.AUTH_USER_MODEL)),
                ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='exports.contact')),
                ('export', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='exports.export')),
                ('event', models.CharField(choices=[('done', 'Done'), ('failed', 'Failed'), ('stuck', 'Looks stuck'), ('soon', 'Two minutes before'), ('digest', 'What ended in a day'), ('verify', 'Confirmation')], max_length=8)),
                ('attempt', models.PositiveIntegerField(default=0)),
                ('again', models.PositiveSmallIntegerField(default=0)),
                ('channel', models.CharField(choices=[('mail', 'Email'), ('sms', 'Text message'), ('chat', 'Chat'), ('webhook', 'Webhook')], max_length=8)),
                ('address_hash', models.CharField(max_length=64)),
                ('facts', models.JSONField(default=dict)),
                ('key', models.CharField(default=exports.models.delivery.new_key, max_length=16, unique=True)),
                ('key_until', models.DateTimeField(blank=True, null=True)),
                ('state', models.CharField(choices=[('pending', 'To be sent'), ('sending', 'Being sent'), ('sent', 'Sent'), ('failed', 'Not sent'), ('unknown', 'Unknown')], default='pending', max_length=8)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('token', models.UUIDField(blank=True, null=True)),
                ('sending_since', models.DateTimeField(blank=True, null=True)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('answer', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ('-created_at',),
                'permissions': (('resend_delivery', 'Can send a delivery again'),),
                'indexes': [models.Index(condition=models.Q(('state', 'pending')), fields=['due_at'], name='delivery_due'), models.Index(condition=models.Q(('state', 'sending')), fields=['sending_since'], name='delivery_sending'), models.Index(fields=['owner', '-created_at'], name='delivery_recent'), models.Index(fields=['address_hash', 'created_at'], name='delivery_to'), models.Index(condition=models.Q(('event', 'verify')), fields=['created_at'], name='delivery_verify')],
                'constraints': [models.UniqueConstraint(fields=('export', 'event', 'attempt', 'channel', 'address_hash', 'again'), name='delivery_owed_once')],
            },
        ),
        migrations.CreateModel(
            name='Drill',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.CharField(max_length=40)),
                ('runner', models.CharField(max_length=20)),
                ('results', models.JSONField(blank=True, default=list)),
                ('ok', models.BooleanField(blank=True, null=True)),
                ('account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-at',),
            },
        ),
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Intake',
            fields=[
                ('name', models.CharField(db_column='kind', max_length=40, primary_key=True, serialize=False)),
                ('open', models.BooleanField(default=True)),
                ('sentence', models.CharField(blank=True, max_length=200)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('actor', models.CharField(blank=True, max_length=80)),
            ],
            options={
                'verbose_name_plural': 'intakes',
            },
        ),
        migrations.CreateModel(
            name='IntakeChange',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('name', models.CharField(max_length=40, verbose_name='of')),
                ('open', models.BooleanField()),
                ('sentence', models.CharField(blank=True, max_length=200, verbose_name='said to people')),
                ('why', models.CharField(blank=True, max_length=300)),
                ('actor', models.CharField(max_length=80, verbose_name='by')),
                ('moved', models.PositiveIntegerField(default=0, verbose_name='paused or resumed with it')),
            ],
            options={
                'verbose_name': 'change of an intake',
                'verbose_name_plural': 'changes of intakes',
                'ordering': ('-at', '-id'),
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('export', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='exports.export')),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL)),
                ('event', models.CharField(choices=[('done', 'Done'), ('failed', 'Failed')], max_length=12)),
                ('attempt', models.PositiveIntegerField()),
                ('text', models.CharField(max_length=500)),
                ('owed_since', models.DateTimeField(default=django.utils.timezone.now)),
                ('told_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('id',),
                'indexes': [models.Index(condition=models.Q(('told_at__isnull', True)), fields=['owner', 'id'], name='notice_untold')],
                'constraints': [models.UniqueConstraint(fields=('export', 'event', 'attempt'), name='notice_owed_once')],
            },
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('clip_of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='postings', to='exports.export')),
                ('place', models.PositiveIntegerField()),
                ('platform', models.CharField(choices=[('tiktok', 'TikTok'), ('instagram', 'Instagram')], max_length=12)),
                ('export_id', models.UUIDField()),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('let_go_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('id',),
                'indexes': [models.Index(fields=['export_id'], name='posting_by_export')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('let_go_at__isnull', True)), fields=('clip_of', 'place', 'platform'), name='posting_once')],
            },
        ),
        migrations.CreateModel(
            name='Result',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('export', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='results', to='exports.export')),
                ('place', models.PositiveIntegerField()),
                ('name', models.CharField(max_length=255)),
                ('label', models.CharField(blank=True, max_length=200)),
                ('key', models.CharField(max_length=512)),
                ('bytes', models.PositiveBigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('facts', models.JSONField(blank=True, default=dict)),
                ('ready_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ('place',),
                'constraints': [models.UniqueConstraint(fields=('export', 'place'), name='result_placed_once')],
            },
        ),
        migrations.CreateModel(
            name='Share',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('export', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='share', to='exports.export')),
                ('may_download', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Silenced',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('mail', 'Email'), ('sms', 'Text message'), ('chat', 'Chat'), ('webhook', 'Webhook')], max_length=8)),
                ('address_hash', models.CharField(max_length=64)),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('channel', 'address_hash'), name='silenced_once')],
            },
        ),
        migrations.CreateModel(
            name='Summary',
            fields=[
                ('key', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='summaries', to=settings.AUTH_USER_MODEL)),
                ('ended', models.PositiveIntegerField()),
                ('measured', models.JSONField()),
                ('begun', models.JSONField()),
                ('counted_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('key', models.CharField(max_length=120, primary_key=True, serialize=False)),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tallies', to=settings.AUTH_USER_MODEL)),
                ('status', models.CharField(max_length=12)),
                ('cause', models.CharField(blank=True, max_length=40)),
                ('count', models.PositiveIntegerField()),
                ('timed', models.PositiveIntegerField()),
                ('seconds', models.FloatField()),
                ('counted_at', models.DateTimeField()),
                ('whole_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to=settings.AUTH_USER_MODEL)),
                ('name', models.CharField(max_length=80)),
                ('scope', models.CharField(choices=[('read', 'See exports and projects'), ('write', 'See and change them')], default='read', max_length=8)),
                ('prefix', models.CharField(editable=False, max_length=16, unique=True)),
                ('digest', models.CharField(editable=False, max_length=64)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='Worked',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='worked', to=settings.AUTH_USER_MODEL)),
                ('began', models.DateTimeField()),
                ('ended', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'worked',
            },
        ),
        migrations.AddField(
            model_name='Project',
            name='film',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='exports.export'),
        ),
        migrations.RunPython(add, remove),
    ]
