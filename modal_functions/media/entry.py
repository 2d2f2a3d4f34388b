"""The child's own first and last acts: it limits itself before it looks at anything, then does what its letter asks."""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import IO, Any

from modal_functions.media.confinement import confine
from modal_functions.media.errors import MediaError, unwritten
from modal_functions.media.spec import Unusable

PR_SET_PDEATHSIG = 1
MOST_OPEN = 512  # files at once

Say = Callable[[dict[str, Any]], None]
Perform = Callable[[dict[str, Any], Say], dict[str, Any]]


def serve(perform: Perform, confine: Callable[[dict[str, Any]], object] = confine, parent: int | None = None) -> None:
    """`parent` is the process to die with, where that is not who wrote the letter."""
    _die_with_parent()
    letter = json.load(sys.stdin)
    if os.getppid() != (parent or letter["parent"]):
        return  # it was gone before we asked to go with it
    _limit(letter["limits"])
    confine(letter["request"])
    with _own_voice() as voice:
        _say(voice, _outcome(perform, letter["request"], lambda progress: _say(voice, {"progress": progress})))


def _die_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _limit(limits: dict[str, Any]) -> None:
    for what, most, spare in (
        (resource.RLIMIT_AS, limits["memory_bytes"], 0),
        (resource.RLIMIT_FSIZE, limits["file_bytes"], 0),
        (resource.RLIMIT_CPU, limits["cpu_seconds"], 5),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, MOST_OPEN, 0),
    ):
        ceiling = resource.getrlimit(what)[1]
        allowed = most + spare if ceiling == resource.RLIM_INFINITY else min(most + spare, ceiling)
        resource.setrlimit(what, (min(most, allowed), allowed))


def _own_voice() -> IO[str]:
    """Whatever a library prints goes to stderr, so that stdout carries our lines only."""
    sys.stdout.flush()
    voice = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return voice


def _say(voice: IO[str], what: dict[str, Any]) -> None:
    voice.write(json.dumps(what, separators=(",", ":")) + "\n")
    voice.flush()


def _outcome(perform: Perform, request: dict[str, Any], say: Say) -> dict[str, Any]:
    try:
        return {"answer": perform(request, say)}
    except MediaError as error:
        return _refusal(error.code, error.sentence, error.pictures)
    except Unusable as error:
        return _refusal("unsupported", f"This cannot be made as it was asked for: {error}.")
    except MemoryError:
        return _refusal("out_of_memory", "The work needs more memory than there is for it.")
    except OSError as error:
        full = unwritten(error.errno)
        if full is None:
            raise
        return _refusal(full.code, full.sentence)


def _refusal(code: str, sentence: str, pictures: tuple[int, int] | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "sentence": sentence} | ({"pictures": pictures} if pictures else {})}
