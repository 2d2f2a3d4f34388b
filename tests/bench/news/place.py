"""One installation under load: its database, its processes, and those that stand in for work and for browsers."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.bench.drive.run import emptied
from tests.bench.processes import Processes, await_port, cpu_seconds, environment, family, free_port
from tests.bench.side import _postmaster
from tests.bench.talk import Partner

SITE, WORK, LISTEN = (f"tests.bench.news.{name}" for name in ("site", "work", "listen"))
PREPARING = 900.0  # seconds
SECRET = "only-for-the-length-of-one-benchmark-and-known-to-everybody"


@dataclass(frozen=True, kw_only=True)
class Place:
    processes: Processes
    given: dict[str, str]
    made: dict[str, Any]
    site: Partner  # writes and looks at rows
    web: int  # ports
    push: int
    postmaster: int | None

    @property
    def store(self) -> str:
        return f"{self.given['LONGHAUL_HOME']}/store"

    def partner(self, name: str, module: str) -> Partner:
        command = [sys.executable, "-m", module]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return Partner(name, self.processes.start(name, command, self.given, **pipes))

    def second(self, name: str, jobs: list[str]) -> Partner:
        """Another process of the same site."""
        partner = self.partner(name, SITE)
        partner.ask("know", jobs=jobs)
        return partner

    def serve(self, name: str) -> int:
        """The web server or the one that pushes, exactly as `manage.py serve` starts it; returns its process."""
        process = self.processes.start(name, self.made["commands"][name], self.given)
        await_port(self.web if name == "web" else self.push, process, name)
        return process.pid

    def store_seconds(self) -> float:
        """CPU of Postgres; SQLite works within the processes that use it."""
        return cpu_seconds(self.postmaster) if self.postmaster else 0.0


@contextmanager
def opened(database: str, jobs: int, web_processes: int = 1) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="longhaul-bench-") as folder, Processes(Path(folder)) as processes:
        web, push, url = free_port(), free_port(), os.environ.get("DATABASE_URL", "")
        given = environment(
            DJANGO_SETTINGS_MODULE="tests.bench.settings",
            LONGHAUL_HOME=folder,
            LONGHAUL_LOG_LEVEL="WARNING",
            LONGHAUL_URL=f"http://127.0.0.1:{web}",
            LONGHAUL_BIND=f"127.0.0.1:{web}",
            LONGHAUL_PUSH="on",
            LONGHAUL_PUSH_BIND=f"127.0.0.1:{push}",
            LONGHAUL_WEB_PROCESSES=str(web_processes),
            SECRET_KEY=SECRET,
        )
        if database == "postgres":
            emptied(url)
            given["DATABASE_URL"] = url
        command = [sys.executable, "-m", SITE]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        site = Partner("site", processes.start("site", command, given, **pipes))
        site.begin("prepare", count=jobs)
        yield Place(
            processes=processes,
            given=given,
            made=site.answer(within=PREPARING),
            site=site,
            web=web,
            push=push,
            postmaster=_postmaster(url) if database == "postgres" else None,
        )


def memory(pid: int) -> int:
    """Bytes that a process and its children have in memory."""
    return sum(each.memory_info().rss for each in family(pid) if isinstance(each, psutil.Process))
