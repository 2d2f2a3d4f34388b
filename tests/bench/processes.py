"""The processes that a run starts, what they cost, and their end, however the run ends."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.databases import tied_to_us

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 6.0  # seconds to end by oneself; less than tests.databases gives this whole run


class BenchError(Exception):
    """Says in a sentence why there is no figure."""


class Processes:
    """All are told to end at once and then awaited; should the run be killed, the kernel tells them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.started:
            process.terminate()
        deadline = time.monotonic() + PATIENCE
        for process in self.started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], **pipes: int
    ) -> subprocess.Popen[str]:
        """In a session of its own, so that Ctrl-C reaches it only through the run."""
        with self.log(name).open("a") as log:
            process = subprocess.Popen(
                command,
                stdin=pipes.get("stdin", subprocess.DEVNULL),
                stdout=pipes.get("stdout", log),
                stderr=log,
                cwd=ROOT,
                env=environment,
                text=True,
                start_new_session=True,
                preexec_fn=tied_to_us(signal.SIGTERM),  # noqa: PLW1509
            )
        self.started.append(process)
        return process

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def said(self, name: str) -> str:
        return self.log(name).read_text(errors="replace")[-1500:]


def environment(**given: str) -> dict[str, str]:
    """Ours, without what would change the settings under load."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LONGHAUL_", "GRANIAN_"))
        and name not in ("SECRET_KEY", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    }
    return ours | given


def many_connections() -> None:
    """For us and all that is started from here on: a thousand pages have a connection each."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_port(port: int, process: subprocess.Popen[str], what: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchError(f"The {what} did not start.")
        time.sleep(0.05)


def family(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu_seconds(pid: int, *, without: int | None = None) -> float:
    """User and system time of a process and all its children, ended ones included."""
    total = 0.0
    for process in family(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.pid != without:
                total += sum(process.cpu_times()[:4])
    return total
