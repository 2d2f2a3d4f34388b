"""Accounts. A guest is an account that nobody can sign in to: it lives as long as the session that holds it."""

import secrets
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models, transaction

from exports.models.contact import Contact
from progress.models import Job
from progress.tracker import ProgressTracker


class Accounts(UserManager["User"]):
    def create_guest(self) -> "User":
        name = f"guest-{secrets.token_hex(6)}"
        return self.create(username=name, password=make_password(None), guest=True)


class User(AbstractUser):
    guest = models.BooleanField(default=False)
    minutes_a_day = models.PositiveIntegerField(
        null=True, blank=True, help_text="Minutes of work in 24 hours; empty: as the settings say; 0: no limit."
    )
    second_factor_since = models.DateTimeField(null=True, blank=True)  # asked for at each sign-in since then

    objects: ClassVar[Accounts] = Accounts()

    def adopt(self, guest: "User") -> int:
        """Takes over what a guest has made; returns how many jobs that were. The guest is no more."""
        from exports.models.notice import Notice  # noqa: PLC0415 - a notice is of an export, and that of an account

        if not guest.guest or guest.pk == self.pk:
            return 0
        with transaction.atomic():
            taken = ProgressTracker().hand_over(giver=guest, taker=self)
            guest.projects.update(owner=self)
            guest.tokens.update(owner=self)
            guest.worked.update(owner=self)
            Notice.hand_over(giver=guest, taker=self)
            self.tallies.all().delete()  # they know nothing of what came with the guest
            self.summaries.all().delete()
            Contact.hand_over(giver=guest, taker=self)
            guest.delete()
        return taken

    def get_session_auth_hash(self) -> str:
        return self._with_second_factor(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        yield from map(self._with_second_factor, super().get_session_auth_fallback_hash())

    def _with_second_factor(self, kept: str) -> str:
        """What a session keeps of its account: with a second factor, or where staff owes one, no session goes on that
        was begun without it; and none that was begun before it was replaced."""
        if self.second_factor_since is None and not self.owes_second_factor:
            return kept
        return sha256(f"{kept} {self.second_factor_since} {self.owes_second_factor}".encode()).hexdigest()

    @property
    def ends_sessions(self) -> tuple[object, ...]:
        """Whatever it is that ends every session of this account when it changes."""
        return (self.password, self.second_factor_since, self.owes_second_factor)

    @property
    def owes_second_factor(self) -> bool:
        required: bool = settings.STAFF_SECOND_FACTOR == "required"
        return required and self.is_staff and self.second_factor_since is None

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Of one job, also where this account may view the exports of owners who share a group with it."""
        if super().has_perm(perm, obj):
            return True
        return perm == "progress.view_job" and isinstance(obj, Job) and self._oversees(obj.owner_id)

    def _oversees(self, owner_id: Any) -> bool:
        if not self.is_staff or owner_id is None or not super().has_perm("exports.view_export"):
            return False
        return User.objects.filter(pk=owner_id, groups__in=self.groups.values("pk")).exists()

    @property
    def called(self) -> str:
        return "Guest" if self.guest else self.username
