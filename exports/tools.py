"""What a step works with: the store, the runners, the tracker and the clock. Tests bring their own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from django.utils import timezone

from exports import runners, stores
from exports.remembered import Remembered
from exports.runners.base import Runner
from exports.together import Together, in_threads
from modal_functions.store import Store
from progress.tracker import ProgressTracker


@dataclass(frozen=True, kw_only=True)
class Tools:
    store: Store
    runner: Callable[[str], Runner]
    tracker: ProgressTracker = field(default_factory=ProgressTracker)
    clock: Callable[[], datetime] = timezone.now
    together: Together = in_threads
    remembered: Remembered = field(default_factory=Remembered)


@cache
def tools() -> Tools:
    """This installation's own, made once a process and never before a fork."""
    return Tools(store=stores.own(), runner=runners.get)
