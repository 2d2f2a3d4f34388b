"""One database with everything that is asked on it: Longhaul twice, celery-progress once, and who writes there."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

from tests.bench.processes import Processes, await_port, cpu_seconds, environment, family, free_port
from tests.bench.talk import Partner

FRESH_FOR = 20.0  # seconds; a job without news for a minute is shown as quiet
SEEN_AFTER = 1.0  # seconds until rows kept in memory have surely been looked at again


@dataclass
class Server:
    """A web server as `manage.py serve` starts it, of one process or two."""

    port: int
    process: subprocess.Popen[str]

    @property
    def workers(self) -> list[int]:
        return sorted(each.pid for each in family(self.process.pid))


@dataclass
class Side:
    name: str  # sqlite or postgres
    servers: dict[str, Server]
    jobs: Partner
    tasks: Partner | None
    made: dict[str, Any]
    tasks_made: dict[str, Any]
    postgres: int | None = None
    redis: int | None = None
    writer: int | None = None
    freshened: float = float("-inf")  # on a busy machine jobs are made long before they are looked at

    def keep_fresh(self) -> None:
        if time.monotonic() - self.freshened > FRESH_FOR:
            self.jobs.ask("freshen")
            self.freshened = time.monotonic()
            time.sleep(SEEN_AFTER)

    def postgres_seconds(self, *, with_writer: bool) -> float:
        without = None if with_writer else self.writer
        return cpu_seconds(self.postgres, without=without) if self.postgres else 0.0

    def redis_seconds(self) -> float:
        return cpu_seconds(self.redis) if self.redis else 0.0


@dataclass(frozen=True, kw_only=True)
class Redis:
    pid: int
    port: int


def start_redis(processes: Processes) -> Redis:
    port = free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(processes.folder)]
    command += ["--save", "", "--appendonly", "no"]
    process = processes.start("redis", command, environment())
    await_port(port, process, "redis-server")
    return Redis(pid=process.pid, port=port)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A side whose writers are still making accounts, jobs and tasks."""

    name: str
    url: str
    ours: dict[str, str]
    theirs: dict[str, str]
    jobs: Partner
    tasks: Partner | None


def open_side(processes: Processes, name: str, url: str, jobs: int, redis: Redis | None, number: int) -> Opened:
    home = processes.folder / name
    home.mkdir()
    ours, theirs = _environments(home, url, redis, number)
    partner = _partner(processes, f"{name}-jobs", "tests.bench.jobs", ours)
    partner.begin("prepare", count=jobs)
    tasks = None
    if redis:
        tasks = _partner(processes, f"{name}-tasks", "tests.bench.celery_site.tasks", theirs)
        tasks.begin("prepare", count=jobs)
    return Opened(name=name, url=url, ours=ours, theirs=theirs, jobs=partner, tasks=tasks)


def start_side(processes: Processes, opened: Opened, redis: Redis | None, *, twice: bool) -> Side:
    """`twice`: with servers of two processes, too."""
    name, made = opened.name, opened.jobs.answer()
    command = opened.jobs.ask("web_command", port=0)
    servers = {
        "site": _serve(processes, f"{name}-site", command, opened.ours | {"LONGHAUL_POLLS_FROM_MEMORY": "off"}),
        "memory": _serve(processes, f"{name}-memory", command, opened.ours),
    }
    if opened.tasks:
        servers["celery"] = _serve(processes, f"{name}-celery", _for_celery(command), opened.theirs)
    if twice:
        servers["memory twice"] = _serve(processes, f"{name}-memory-twice", _of_two(command), opened.ours)
    if twice and opened.tasks:
        both = _of_two(_for_celery(command))
        servers["celery twice"] = _serve(processes, f"{name}-celery-twice", both, opened.theirs)
    return Side(
        name=name,
        servers=servers,
        jobs=opened.jobs,
        tasks=opened.tasks,
        made=made,
        tasks_made=opened.tasks.answer() if opened.tasks else {},
        postgres=_postmaster(opened.url) if opened.url else None,
        redis=redis.pid if redis else None,
        writer=opened.jobs.ask("connection"),
    )


def _for_celery(command: list[str]) -> list[str]:
    return ["tests.bench.celery_site.wsgi:application" if ":application" in each else each for each in command]


def _of_two(command: list[str]) -> list[str]:
    at = command.index("--workers") + 1
    return [*command[:at], "2", *command[at + 1 :]]


def _environments(home: Path, url: str, redis: Redis | None, number: int) -> tuple[dict[str, str], dict[str, str]]:
    """A database each, since both have Django's own tables in them."""
    urls = {each: f"sqlite:///{home / each}.sqlite3" for each in ("longhaul", "celery_progress")}
    if url:
        urls = {each: _made_database(url, each) for each in urls}
    ours = environment(
        DJANGO_SETTINGS_MODULE="tests.bench.settings",
        LONGHAUL_HOME=str(home),
        DATABASE_URL=urls["longhaul"],
    )
    theirs = environment(
        DJANGO_SETTINGS_MODULE="tests.bench.celery_site.settings",
        BENCH_FOLDER=str(home),
        BENCH_REDIS=f"redis://127.0.0.1:{redis.port}/{number}" if redis else "",
        DATABASE_URL=urls["celery_progress"],
    )
    return ours, theirs


def _made_database(url: str, name: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{url.rpartition('/')[0]}/{name}"


def _postmaster(url: str) -> int:
    folder = Path(unquote(urlsplit(url).netloc.rpartition("@")[2].rpartition(":")[0]))
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def _partner(processes: Processes, name: str, module: str, given: dict[str, str]) -> Partner:
    command = [sys.executable, "-m", module]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return Partner(name, processes.start(name, command, given, **pipes))


def _serve(processes: Processes, name: str, command: list[str], given: dict[str, str]) -> Server:
    port = free_port()
    at = command.index("--port") + 1
    process = processes.start(name, [*command[:at], str(port), *command[at + 1 :]], given)
    await_port(port, process, f"web server of {name}")
    return Server(port=port, process=process)


def load_average() -> list[float]:
    return [round(each, 2) for each in os.getloadavg()]
