"""An account with footage to look around with, on an installation that nobody else can reach."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction
from django_q.tasks import async_task

from exports import first_project
from exports.models import User

NAME = "demo"
OPENS = "demo-password-opens"  # kept beside it: which password was found to open which hash


class Command(BaseCommand):
    help = "Makes the demo account and its sample film, once; refused on a production installation."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "LONGHAUL_URL is set: a production installation gets no demo account. Use createsuperuser."
            )
        path = Path(settings.HOME) / "demo-password"
        if not User.objects.filter(username=NAME).exists():
            password = secrets.token_urlsafe(9)
            with contextlib.suppress(IntegrityError):  # another start was first
                with transaction.atomic():
                    made = User.objects.create_superuser(NAME, password=password)
                    first_project.begin(made)
                    _keep(path, password)  # by who has made the account, before anybody else can see it
                _keep(path.with_name(OPENS), _seal(password, made))
        user = User.objects.get(username=NAME)
        if first_project.begun(user) is not None:
            async_task("exports.tasks.lay_out_first_project", user.pk)  # some seconds of work
        kept = path.read_text() if path.exists() else ""
        if kept and _opens(kept, user, path.with_name(OPENS)):
            self.stdout.write(f"Sign in as {NAME} with the password {kept} (also staff, for the admin).")
        else:
            self.stdout.write(
                f"The account {NAME} has a password of your own; `manage.py changepassword {NAME}` sets another."
            )


def _opens(password: str, user: User, found: Path) -> bool:
    """To try a password takes a third of a second, as it should; where both are what they were, each start is spared
    that."""
    seal = _seal(password, user)
    if found.exists() and found.read_text() == seal:
        return True
    if not user.check_password(password):
        return False
    user.refresh_from_db(fields=["password"])  # which a check makes anew where it was made in an older way
    _keep(found, _seal(password, user))
    return True


def _seal(password: str, user: User) -> str:
    return hashlib.sha256(f"{password}\0{user.password}".encode()).hexdigest()


def _keep(path: Path, password: str) -> None:
    path.unlink(missing_ok=True)
    with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(password)
