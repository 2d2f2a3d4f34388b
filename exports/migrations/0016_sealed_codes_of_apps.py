from typing import Any

from django.db import migrations

from exports.sealing import MARK, opened_bytes, sealed_bytes


def seal(apps: Any, schema_editor: Any) -> None:
    kept = apps.get_model("otp_totp", "TOTPDevice").objects
    for device in kept.exclude(key__startswith=MARK):
        sealed = sealed_bytes(bytes.fromhex(device.key), of=str(device.user_id))
        kept.filter(pk=device.pk, key=device.key).update(key=sealed)


def open_again(apps: Any, schema_editor: Any) -> None:
    """What cannot be opened stays as it is: the version before refuses it."""
    kept = apps.get_model("otp_totp", "TOTPDevice").objects
    for device in kept.filter(key__startswith=MARK):
        secret = opened_bytes(device.key, of=str(device.user_id))
        if secret is not None:
            kept.filter(pk=device.pk, key=device.key).update(key=secret.hex())


class Migration(migrations.Migration):

    dependencies = [
        ("exports", "0015_worked"),
        ("otp_totp", "0003_add_timestamps"),
    ]

    operations = [
        migrations.CreateModel(
            name="CodesOfApp",
            fields=[],
            options={"proxy": True, "default_permissions": (), "indexes": [], "constraints": []},
            bases=("otp_totp.totpdevice",),
        ),
        migrations.RunPython(seal, open_again),
    ]
