"""What a poll costs: the variants, the look at each one's answers, and the windows in which they are timed."""

import random
from dataclasses import dataclass, replace
from typing import Literal

from tests.bench.load import Answer, Answered, Request, ask, wrk
from tests.bench.processes import BenchError, Processes, cpu_seconds
from tests.bench.side import Side

STALE = "0-0"
UPDATES = 500  # a second, where there are any
EVERY = 2.0  # seconds between two polls of a page
LOOKED_AT = 100  # answers of each variant, before it is timed; while it is timed their statuses are counted
TRIES = 3  # the words about time may change in the middle of a window, and with them the marks

OPEN, SIGNED_IN = "celery-progress, open", "celery-progress, signed in"
PATHS = {
    "bare": "/bench/constant",
    "changed": "/exports/{id}/fragment?v={mark}",
    "unchanged": "/exports/{id}/fragment?v={mark}",
    "changed, with the indicator": "/exports/{id}/fragment?v={mark}&nav",
    "the job's page": "/exports/{id}/fragment?v={mark}&nav",
    OPEN: "/celery-progress/{id}/",
    SIGNED_IN: "/signed-in/{id}/",
}
MARKS = {"changed": "stale", "changed, with the indicator": "stale", "unchanged": "current", "the job's page": "follow"}


class NoFigureError(BenchError):
    """What was timed is not what its name says; the run goes on without it."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    database: str
    variant: str
    round: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Variant:
    name: str
    server: Literal["site", "memory", "celery"] = "site"
    jobs: Literal["one", "many"] = "many"
    updates: bool = False
    pages: bool = False  # as many connections as jobs, each polling at its pace

    @property
    def marks(self) -> str:
        return MARKS.get(self.name, "")

    @property
    def allowed(self) -> set[int]:
        return {"current": {204}, "follow": {200, 204}}.get(self.marks, {200})

    @property
    def named(self) -> str:
        return f"{self.name}{', from memory' if self.server == 'memory' else ''}"

    @property
    def kind(self) -> str:
        pace = " (pages)" if self.pages else " (while reports are written)" if self.updates else ""
        return f"{self.named}{pace}"


@dataclass(frozen=True, kw_only=True)
class Window:
    """One variant timed once."""

    database: str
    variant: Variant
    round: int
    answered: Answered
    web: float  # CPU milliseconds a poll: of the web server, …
    postgres: float  # … of Postgres, …
    redis: float  # … of Redis, …
    updates: float  # … and the updates a second meanwhile
    tries: int = 1

    @property
    def rate(self) -> float:
        return self.answered.polls / self.answered.seconds

    @property
    def store(self) -> float:
        return self.postgres + self.redis

    @property
    def cost(self) -> float:
        return self.web + self.store

    @property
    def cores(self) -> float:
        return self.cost * self.rate / 1000

    @property
    def unchanged(self) -> float:
        return self.answered.statuses.get(204, 0) / max(1, self.answered.polls)


def variants(part: str | None = None, *, quick: bool = False) -> list[Variant]:
    parts = {"polls": _polls(), "updates": _with_updates(), "pages": _pages()}
    found = [each for name, these in parts.items() if part in (None, name) for each in these]
    return [each for each in found if each.jobs == "many"] if quick else found


def _polls() -> list[Variant]:
    found = [Variant(name="bare"), Variant(name="changed, with the indicator")]
    for jobs in ("one", "many"):
        for server in ("site", "memory"):
            found += [Variant(name=name, server=server, jobs=jobs) for name in ("changed", "unchanged")]
        found += [Variant(name=name, server="celery", jobs=jobs) for name in (OPEN, SIGNED_IN)]
    return found


def _with_updates() -> list[Variant]:
    return [Variant(name="changed", server=server, updates=True) for server in ("site", "memory")]


def _pages() -> list[Variant]:
    ours = [Variant(name="the job's page", server=server) for server in ("site", "memory")]
    theirs = [Variant(name=name, server="celery") for name in (OPEN, SIGNED_IN)]
    return [replace(each, updates=True, pages=True) for each in (*ours, *theirs)]


def requests_of(side: Side, variant: Variant) -> list[Request]:
    made = side.tasks_made if variant.server == "celery" else side.made
    marks = [STALE] * len(made["jobs"])
    if variant.marks in ("current", "follow"):
        marks = side.jobs.ask("marks")
    head, marked, tail = PATHS[variant.name].partition("{mark}")
    found = [
        Request(head=head.format(id=job), mark=mark if marked else "", tail=tail, cookie=cookie)
        for job, mark, cookie in zip(made["jobs"], marks, made["cookies"], strict=False)
    ]
    return found[:1] if variant.jobs == "one" else found


def verify(side: Side, variant: Variant) -> None:
    """Its answers are what its name says; and without a session, or with another's, nobody gets them."""
    side.keep_fresh()
    port, requests = side.servers[variant.server].port, requests_of(side, variant)
    chosen = random.sample(requests, min(LOOKED_AT, len(requests)))
    for request, answer in zip(chosen, ask(port, chosen), strict=True):
        if answer.status not in variant.allowed or not _is_right(variant, request, answer):
            raise _wrong(side, variant, request, answer)
    if variant.name not in ("bare", OPEN):
        _verify_locked(side, variant, port, chosen[0])


def _is_right(variant: Variant, request: Request, answer: Answer) -> bool:
    if variant.name == "bare":
        return answer.body == "constant"
    if variant.server == "celery":
        return '"state": "PROGRESS"' in answer.body and '"percent": 2' in answer.body
    if answer.status == 204:
        return not answer.body
    job = request.head.split("/")[2]
    return f'id="job-{job}"' in answer.body and "of 100,000 frames" in answer.body


def _verify_locked(side: Side, variant: Variant, port: int, request: Request) -> None:
    strangers = [replace(request, cookie="")]
    if variant.server != "celery":
        strangers.append(replace(request, cookie=side.made["cookies"][-1]))
    for answer in ask(port, strangers):
        if answer.status not in (200, 286, 302) or "frames" in answer.body or "PROGRESS" in answer.body:
            raise _wrong(side, variant, request, answer)


def _wrong(side: Side, variant: Variant, request: Request, answer: Answer) -> BenchError:
    where = f"{side.name}, {variant.named}: {request.address}"
    return BenchError(f"{where} answered {answer.status} {answer.body[:200]!r}, so there is no figure.")


def measure(processes: Processes, side: Side, variant: Variant, number: int, seconds: int) -> Window:
    for tries in range(1, TRIES + 1):
        side.keep_fresh()
        window = _window(processes, side, variant, number, seconds)
        refusal = _refusal(window, len(side.made["jobs"]))
        if not refusal:
            return replace(window, tries=tries)
        if variant.marks != "current":
            break
    raise NoFigureError(refusal)


def _refusal(window: Window, pages: int) -> str:
    answered, allowed = window.answered, window.variant.allowed
    if not set(answered.statuses) <= allowed:
        only = " and ".join(map(str, sorted(allowed)))
        return f"not all answers were {only} but {answered.statuses}, which began {answered.samples}"
    if answered.failed:
        return f"{answered.failed} requests failed or waited more than five seconds"
    if window.variant.pages and window.rate < pages / EVERY / 2:
        return f"of {pages / EVERY:.0f} polls a second only {window.rate:.0f} were answered"
    return ""


def _window(processes: Processes, side: Side, variant: Variant, number: int, seconds: int) -> Window:
    server, requests = side.servers[variant.server], requests_of(side, variant)
    writer = side.tasks if variant.server == "celery" else side.jobs
    length = seconds * 2 if variant.pages else seconds
    if variant.updates and writer:
        writer.begin("update", rate=UPDATES, seconds=length + 0.5)
    workers, before = server.workers, _seconds(side, variant)
    every = EVERY if variant.pages else None
    follow = variant.marks == "follow"
    answered = wrk(processes, server.port, requests, seconds=length, follow=follow, every=every)
    spent = [after - start for after, start in zip(_seconds(side, variant), before, strict=True)]
    updates = writer.answer() / (length + 0.5) if variant.updates and writer else 0.0
    if server.workers != workers:
        raise BenchError(f"{side.name}, {variant.named}: the web server was started anew in mid-window.")
    web, postgres, redis = (each * 1000 / max(1, answered.polls) for each in spent)
    return Window(
        database=side.name,
        variant=variant,
        round=number,
        answered=answered,
        web=web,
        postgres=postgres,
        redis=redis,
        updates=updates,
    )


def _seconds(side: Side, variant: Variant) -> tuple[float, float, float]:
    redis = side.redis_seconds() if variant.server == "celery" else 0.0
    return cpu_seconds(side.servers[variant.server].process.pid), side.postgres_seconds(with_writer=False), redis
