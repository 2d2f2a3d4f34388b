"""Runs media work in a process of its own, so that a hostile file can kill nothing but that."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

from modal_functions.media.errors import CODES, TOLD_TO_STOP, TOO_LARGE, UNREAD_PART, MediaError

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "modal_functions.media")
PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR", "CUDA_VISIBLE_DEVICES")
OWN_FILES = frozenset({"soundtrack", "sew", "join", "verify"})  # they read what we wrote, not what someone brought
MOST_COMPLAINTS = 8192  # bytes of stderr that are kept, the last ones
# What an encoder gives back, the next one takes: the kernel would wipe all of it again, a hundred megabytes a chunk.
MEMORY = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
}

OnProgress = Callable[[dict[str, Any]], None]


class Process(Protocol):
    """As much of subprocess.Popen as is needed of one."""

    pid: int
    stdout: IO[bytes] | None
    stderr: IO[bytes] | None
    returncode: int | Any  # none while it runs

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


Start = Callable[[Sequence[str], IO[bytes]], Process]


@dataclass(frozen=True, kw_only=True)
class Limits:
    memory_bytes: int = 4 << 30
    cpu_seconds: int = 3600
    file_bytes: int = 64 << 30
    wall_seconds: float = 3600.0
    answer_bytes: int = 8 << 20

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value <= 0:
                raise ValueError(f"{name} is {value}; expected more than zero")


def executed(command: Sequence[str], letter: IO[bytes]) -> Process:
    """In a session of its own, so that all it may start can be killed with it."""
    return subprocess.Popen(
        command,
        stdin=letter,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=passed_on(),
        start_new_session=True,
    )


def passed_on() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | MEMORY


def run(
    request: Mapping[str, Any],
    on_progress: OnProgress | None = None,
    limits: Limits | None = None,
    command: Sequence[str] = COMMAND,
    start: Start = executed,
) -> dict[str, Any]:
    """The child's answer. What `on_progress` raises ends the child too; it is gone whenever this returns or raises.
    It also dies with the thread that called this, since that is what the kernel takes for a parent."""
    limits, verb = limits or Limits(), str(request.get("do"))
    talk = _Talk(limits, on_progress)
    with _letter(request, limits) as letter, _started(start(command, letter)) as process:
        try:
            talk.listen(process)
        except MediaError as error:
            error.add_note(talk.complaints)
            raise
        code = process.returncode
    if code == 0 and talk.answer is not None:
        return talk.answer
    refusal = _unblamed(talk.error, verb) if talk.error else _death(code, verb, limits)
    refusal.add_note(f"exit {code}\n{talk.complaints}")
    raise refusal


@contextlib.contextmanager
def _letter(request: Mapping[str, Any], limits: Limits) -> Iterator[IO[bytes]]:
    """A file, not a pipe: a child that does not read cannot keep us waiting."""
    with tempfile.TemporaryFile() as letter:
        letter.write(json.dumps({"parent": os.getpid(), "limits": asdict(limits), "request": dict(request)}).encode())
        letter.seek(0)
        yield letter


@contextlib.contextmanager
def _started(process: Process) -> Iterator[Process]:
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


class _Talk:
    """Listens to a child until it is gone: progress lines, then one answer or one error."""

    def __init__(self, limits: Limits, on_progress: OnProgress | None) -> None:
        self.limits, self.on_progress = limits, on_progress
        self.deadline = time.monotonic() + limits.wall_seconds
        self.answer: dict[str, Any] | None = None
        self.error: MediaError | None = None
        self._unread = b""
        self._complaints = b""

    @property
    def complaints(self) -> str:
        return self._complaints.decode(errors="replace")

    def listen(self, process: Process) -> None:
        with selectors.DefaultSelector() as selector:
            for stream, take in ((process.stdout, self._hear), (process.stderr, self._complain)):
                selector.register(stream, selectors.EVENT_READ, take)  # type: ignore[arg-type]
            while selector.get_map():
                for key, _ in selector.select(self._left()):
                    if heard := os.read(key.fd, 1 << 16):
                        key.data(heard)
                    else:
                        selector.unregister(key.fileobj)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self._left())
        if process.returncode is None:
            self._left()

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _too_slow(self.limits.wall_seconds)
        return left

    def _complain(self, heard: bytes) -> None:
        self._complaints = (self._complaints + heard)[-MOST_COMPLAINTS:]

    def _hear(self, heard: bytes) -> None:
        *lines, self._unread = (self._unread + heard).split(b"\n")
        if len(self._unread) > self.limits.answer_bytes:
            raise _nonsense()
        for line in lines:
            self._understand(line)

    def _understand(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _nonsense() from error
        match said:
            case {"progress": dict(progress)} if self.answer is None and self.error is None:
                if self.on_progress:
                    self.on_progress(progress)
            case {"answer": dict(answer)} if self.answer is None and self.error is None:
                self.answer = answer
            case {"error": {"code": str(code), "sentence": str(sentence), **more}} if (
                code in CODES and self.answer is None
            ):
                self.error = MediaError(code, sentence[:1000], _pictures(more.get("pictures")))
            case _:
                raise _nonsense()


def _pictures(told: Any) -> tuple[int, int] | None:
    match told:
        case [int(first), int(last)]:
            return first, last
    return None


def _unblamed(error: MediaError, verb: str) -> MediaError:
    """What we wrote ourselves and cannot read is nobody's file; it is tried again."""
    if error.code != "input_unreadable" or verb not in OWN_FILES:
        return error
    return MediaError("result_invalid", UNREAD_PART)


def _death(code: int, verb: str, limits: Limits) -> MediaError:
    """The signal says what happened."""
    if code == -signal.SIGXCPU:
        return _too_slow(limits.cpu_seconds)
    if code == -signal.SIGKILL:
        return MediaError("out_of_memory", "The work was stopped from outside; most likely the memory was used up.")
    if code in (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP):  # as when the machine is shut down: no file did that
        return MediaError("result_invalid", TOLD_TO_STOP)
    if code == -signal.SIGXFSZ:
        return MediaError("result_invalid", TOO_LARGE)
    if code < 0 and verb not in OWN_FILES:
        return MediaError("input_unreadable", "This file is damaged in a way that makes its decoder crash.")
    return MediaError("result_invalid", "The work ended without an answer.")


def _too_slow(seconds: float) -> MediaError:
    return MediaError("function_timeout", f"The work took longer than the {seconds:g} seconds it may take.")


def _nonsense() -> MediaError:
    return MediaError("result_invalid", "The work answered with something that cannot be understood.")
