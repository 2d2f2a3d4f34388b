"""The runners of this installation, by name."""

from functools import cache

from django.conf import settings

from exports.runners.base import Runner
from exports.runners.local import LocalRunner


@cache
def get(name: str) -> Runner:
    if name != LocalRunner.name:
        raise ValueError(f"runner: expected 'local', got {name!r}")
    return LocalRunner(store_root=settings.STORE_ROOT, runs=settings.HOME / "runs", at_once=settings.RUNNING_AT_ONCE)
