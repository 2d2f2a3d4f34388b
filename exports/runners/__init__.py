"""The runners of this installation, by name."""

from functools import cache
from pathlib import Path

from django.conf import settings

from exports import stores
from exports.runners.base import Runner
from exports.runners.local import LocalRunner


def runs() -> Path:
    """Where each attempt on this machine has a folder."""
    return Path(settings.HOME) / "runs"


@cache
def get(name: str) -> Runner:
    """One a process, made at its first use: what talks to Modal cannot be handed on to a fork."""
    if name == "local":
        return LocalRunner(grant=stores.grant, runs=runs(), at_once=settings.RUNNING_AT_ONCE)
    if name == "modal":
        from exports.posts import site_for  # noqa: PLC0415 - it needs the models, which need what a runner is
        from exports.runners.modal import ModalRunner  # noqa: PLC0415 - takes a second, and memory, only where it is used

        return ModalRunner(
            app=settings.MODAL_APP,
            environment=settings.MODAL_ENVIRONMENT,
            at_once=settings.MODAL_AT_ONCE,
            grant=stores.grant_elsewhere,
            site_for=site_for,
        )
    raise ValueError(f"runner: expected 'local' or 'modal', got {name!r}")
