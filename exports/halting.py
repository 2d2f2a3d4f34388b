"""The switch that stops what is begun anew, with what runs left to go on, or paused and later resumed with it."""

import time
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from exports import kinds, queue
from exports.counted import counted
from exports.models import Export, Intake, IntakeChange, Lease, User
from exports.models.intake import ACCOUNT, EVERYTHING
from progress.models import Event, Job, Status, Wish

WISHES = ("wish_pause", "wish_run", "wish_cancel", "resumed")
PATIENCE = 100  # looks, a tenth of a second apart: longer than the right to decide lasts


@dataclass(frozen=True, kw_only=True)
class Switched:
    changed: bool
    moved: int = 0  # exports that were paused with it, or resumed

    def in_words(self, *, opens: bool) -> str:
        one = self.moved == 1
        verb = ("goes on" if one else "go on") if opens else ("is paused" if one else "are paused")
        return f"{counted(self.moved, 'export')} {verb}."


def close(name: str, *, sentence: str, why: str, actor: str, pause: bool = False) -> Switched:
    """Nothing more of it is begun. Closed already, it can still be told to pause what runs. Whoever opens it meanwhile
    has not seen all that is paused here, so that goes on at once."""
    change = Intake.switch(name, open=False, sentence=sentence, actor=actor, why=why)
    if not pause:
        return Switched(changed=change is not None)
    _wait_for_who_decides()
    signed = change or IntakeChange.objects.create(name=name, open=False, sentence=sentence, actor=actor, why=why)
    moved = sum(_paused(export, signed) for export in _under_way(name))
    if name not in Intake.closed():
        moved -= sum(export.resume(actor=signed.signature) for export in _paused_with(name))
    return _kept(signed, max(0, moved), changed=change is not None)


def open_again(name: str, *, why: str, actor: str) -> Switched:
    """What was paused with it goes on, unless its owner has wished something else meanwhile. Open already, it can still
    be told to let go on what it has left paused: whoever opened it may have been ended in the middle."""
    change = Intake.switch(name, open=True, sentence="", actor=actor, why=why)
    held = _paused_with(name)
    if change is None and not held:
        return Switched(changed=False)
    signed = change or IntakeChange.objects.create(name=name, open=True, actor=actor, why=why)
    moved = sum(export.resume(actor=signed.signature) for export in held)
    return _kept(signed, moved, changed=change is not None)


def scope(name: str) -> Q:
    """As a condition on exports."""
    if name == EVERYTHING:
        return Q()
    if name.startswith(ACCOUNT):
        return Q(job__owner=name.removeprefix(ACCOUNT))
    return Q(kind=name)


def names() -> dict[str, str]:
    """What can be switched without naming an account, as staff reads it."""
    return {EVERYTHING: "Everything", **{kind.key: kind.label for kind in kinds.registered()}}


def in_words(name: str) -> str:
    """Of one that is in the database, also of an account or a kind that is no more."""
    if not name.startswith(ACCOUNT):
        return names().get(name, name)
    found = User.objects.filter(pk=name.removeprefix(ACCOUNT)).first()
    return f"Account {found.username if found else name.removeprefix(ACCOUNT)}"


def _wait_for_who_decides() -> None:
    """Who decides at this moment what is begun may not have seen the switch: what they begin is to be paused too."""
    for _ in range(PATIENCE):
        with Lease.held(queue.LEASE, seconds=queue.SECONDS, now=timezone.now()) as mine:
            if mine:
                return
        time.sleep(0.1)


def _under_way(name: str) -> Any:
    running = Export.objects.filter(scope(name), job__in=Job.objects.active().filter(wish=Wish.RUN))
    return running.filter(attempts__gone_at__isnull=True, attempts__isnull=False).select_related("job").distinct()


def _paused(export: Export, change: IntakeChange) -> bool:
    return "pause" in export.actions and export.pause(actor=change.signature)


def _paused_with(name: str) -> list[Export]:
    """By who signed their pause, also where a closing was killed before it had counted them."""
    signatures = {change.signature for change in IntakeChange.objects.filter(name=name, open=False)}
    held = Export.objects.filter(scope(name)).filter(Q(job__status=Status.PAUSED) | Q(job__wish=Wish.PAUSE))
    held = held.filter(job__settled_at__isnull=True).select_related("job")
    return [export for export in held if _last_wish_of(export) in signatures] if signatures else []


def _last_wish_of(export: Export) -> str:
    wished = Event.objects.filter(job=export.pk, phase__in=WISHES)
    return wished.order_by("-pk").values_list("actor", flat=True).first() or ""


def _kept(change: IntakeChange, moved: int, *, changed: bool) -> Switched:
    IntakeChange.objects.filter(pk=change.pk).update(moved=moved)
    return Switched(changed=changed, moved=moved)
