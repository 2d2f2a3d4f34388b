"""One installation in a folder of its own: its processes, told apart, and an operator who starts it again."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.bench.processes import ROOT, environment, free_port
from tests.databases import tied_to_us

LEFT_ALONE = 15.0  # seconds that what a dead `serve` leaves behind has to end by itself
GROWN_UP = 5.0  # seconds after which a process has begun the program that it was started for
IN_ORDER = ("worker", "worker", "monitor", "pusher")  # as django-q2's sentinel starts them, with two workers


def environment_of(folder: Path, url: str) -> dict[str, str]:
    """TMPDIR goes down to the last process that renders: by it, everything of this installation is found."""
    for name in ("home", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    return {
        "LONGHAUL_HOME": str(folder / "home"),
        "LONGHAUL_BIND": f"127.0.0.1:{free_port()}",
        "LONGHAUL_RUNNING_AT_ONCE": "3",
        "DATABASE_URL": url,
        "TMPDIR": str(folder / "tmp"),
    }


@dataclass
class Installation:
    folder: Path
    environment: dict[str, str]
    silence: float = 30.0  # seconds, after which the product itself starts a hung cluster or web server again
    notes: Counter[str] = field(default_factory=Counter)
    process: subprocess.Popen[bytes] | None = None
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    died: float | None = None
    crew: dict[int, str] = field(default_factory=dict)  # the cluster's inner processes, as they were first seen
    strangers: set[psutil.Process] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"http://{self.environment['LONGHAUL_BIND']}"

    @property
    def store(self) -> Path:
        return self.folder / "home" / "store"

    def start(self, *options: str) -> None:
        self.process = self.run("serve", "--silence", f"{self.silence:g}", *options)
        self.died = None

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=environment(**self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=tied_to_us(signal.SIGTERM),  # noqa: PLW1509
            )
        self.started.append(process)
        return process

    def tend(self) -> None:
        """What systemd would do: end what is left of a dead `serve`, then start it again."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        if self.died is None:
            self.died = now
            self.notes["restarted by the operator"] += 1
        left = [process for role, process in self.told_apart() if role not in ("attempt", "media")]
        if left and now - self.died < LEFT_ALONE:
            return
        for process in left:
            self.notes[f"left behind by a dead serve: {process.name()}"] += 1
            _send(process, signal.SIGKILL)
        self.start()

    def end(self) -> None:
        """Everything, also what is frozen; twice, since something may be starting something."""
        for _ in range(2):
            for process in self.processes():
                _send(process, signal.SIGKILL)
            for each in self.started:
                each.wait()

    def processes(self) -> list[psutil.Process]:
        """Whoever once was seen to be a stranger stays one: to ask all of a busy machine each time takes too long."""
        ours, everybody = str(self.folder / "tmp"), set(psutil.process_iter())
        self.strangers &= everybody
        found = []
        for process in everybody - self.strangers:
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and process.environ().get("TMPDIR") == ours:
                    found += [process] if process.status() != psutil.STATUS_ZOMBIE else []
                elif time.time() - process.create_time() > GROWN_UP:
                    self.strangers.add(process)
        return sorted(found, key=lambda process: process.pid)

    def told_apart(self) -> Iterator[tuple[str, psutil.Process]]:
        found = {process.pid: process for process in self.processes()}
        lines: dict[int, list[str]] = {}
        parents: dict[int, int] = {}
        for pid, process in found.items():
            with contextlib.suppress(psutil.Error):
                lines[pid], parents[pid] = process.cmdline(), process.ppid()
        self._know_the_crew(lines, parents)
        for pid in lines:
            role = self._role(pid, lines, parents)
            if role:
                yield role, found[pid]

    def _role(self, pid: int, lines: dict[int, list[str]], parents: dict[int, int]) -> str:
        line, above = lines[pid], lines.get(parents[pid], [])
        if "serve" in line:
            return "serve"
        if "granian" in line:
            return "web worker" if "granian" in above else "web server"
        if "modal_functions.local" in line:
            return "attempt"
        if "modal_functions.media" in line:
            return "media"
        if "qcluster" in line:
            return self.crew.get(pid) or ("sentinel" if "qcluster" in above else "cluster")
        return ""

    def _know_the_crew(self, lines: dict[int, list[str]], parents: dict[int, int]) -> None:
        """Nothing names them, but they begin in a known order, and who comes later takes a dead one's place."""
        clusters = {pid for pid, line in lines.items() if "qcluster" in line}
        sentinels = {pid for pid in clusters if parents[pid] in clusters and parents[parents[pid]] not in clusters}
        for sentinel in sentinels:
            inner = sorted(pid for pid in clusters if parents[pid] == sentinel)
            known = [self.crew[pid] for pid in inner if pid in self.crew]
            missing = list(IN_ORDER)
            for role in known:
                if role in missing:
                    missing.remove(role)
            newcomers = [pid for pid in inner if pid not in self.crew]
            self.crew.update(zip(newcomers, missing, strict=False))


def _send(process: psutil.Process, number: int) -> bool:
    try:
        process.send_signal(number)
    except (psutil.Error, ProcessLookupError):
        return False
    return True
