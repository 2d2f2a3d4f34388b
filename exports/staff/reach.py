"""Whether runner and store answer: asked in bounded time, and remembered, so that no page has to wait for it."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from exports import kinds, store_said
from exports.runners.base import RunnerError
from exports.together import in_time
from exports.tools import Tools
from modal_functions.store import StoreError

SECONDS = 6.0


@dataclass(frozen=True, kw_only=True)
class Reached:
    part: str
    ok: bool | None  # None: nobody can say
    said: str
    took: float
    at: datetime


_lock = threading.Lock()
_last: dict[str, Reached] = {}  # of this process; another may have been answered otherwise


def last() -> list[Reached]:
    with _lock:
        return [_last[part] for part in sorted(_last)]


def ask(tools: Tools, *, seconds: float = SECONDS) -> list[Reached]:
    found = [_asked(part, look, tools, seconds) for part, look in PARTS]
    with _lock:
        _last.update({each.part: each for each in found})
    return found


def _asked(part: str, look: "Callable[[Tools], str]", tools: Tools, seconds: float) -> Reached:
    began = time.monotonic()
    late = (None, f"It did not answer within {seconds:.0f} s.")
    ok, said = in_time(lambda: _looked(look, tools), late, seconds=seconds)
    return Reached(part=part, ok=ok, said=said, took=time.monotonic() - began, at=tools.clock())


def _looked(look: "Callable[[Tools], str]", tools: Tools) -> tuple[bool | None, str]:
    try:
        wrong = look(tools)
    except RunnerError as error:
        return False, str(error)
    except StoreError as error:
        return False, str(store_said.told(error))
    return not wrong, wrong or "It answers."


def _runner(tools: Tools) -> str:
    """While nothing answers, most calls are not even sent: the breaker says what is known."""
    lacking = tools.runner(settings.RUNNER).lacks([kind.key for kind in kinds.registered()])
    return " ".join(lacking) if lacking else ""


def _store(tools: Tools) -> str:
    """For an object that nobody has: an answer is an answer."""
    tools.store.get(f"doctor/{uuid.uuid4()}/object")
    return ""


PARTS: tuple[tuple[str, Callable[[Tools], str]], ...] = (("runner", _runner), ("store", _store))
