"""What a poll costs: the variants, the look at each one's answers, and the windows in which they are timed."""

import random
from dataclasses import dataclass, replace
from typing import Literal

from tests.bench.load import Answer, Answered, Request, ask, pages, wrk
from tests.bench.processes import BenchError, Processes, cpu_seconds
from tests.bench.side import Side
from tests.bench.viewers import ARRIVING, WARMING

STALE = "0-0"
UPDATES = 500  # a second, where there are any
EVERY = 2.0  # seconds between two polls of a page
THEIR_EVERY = 0.5  # as celery-progress's own script asks
CROWD = 8  # pages of each job, where there are many
STEADY = 5  # so many times as long are pages watched
COMING = 2.0  # seconds until the process of the pages runs, and has made them
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
    part: str
    variant: str
    round: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Variant:
    name: str
    server: Literal["site", "memory", "celery", "memory twice", "celery twice"] = "site"
    jobs: Literal["one", "many"] = "many"
    updates: bool = False
    pages: bool = False  # each a connection that polls at its pace
    every: float = EVERY
    viewers: int = 1  # pages of each job

    @property
    def is_theirs(self) -> bool:
        return self.server.startswith("celery")

    @property
    def marks(self) -> str:
        return MARKS.get(self.name, "")

    @property
    def allowed(self) -> set[int]:
        return {"current": {204}, "follow": {200, 204}}.get(self.marks, {200})

    @property
    def named(self) -> str:
        memory = ", from memory" if self.server.startswith("memory") else ""
        pace = f", every {self.every} s" if self.every != EVERY else ""
        processes = ", two processes" if self.server.endswith("twice") else ""
        return f"{self.name}{memory}{pace}{processes}"

    @property
    def part(self) -> str:
        return "pages" if self.pages else "updates" if self.updates else "polls"

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
    ours = [Variant(name="changed", server=server) for server in ("site", "memory")]
    theirs = [Variant(name=name, server="celery") for name in (OPEN, SIGNED_IN)]
    return [replace(each, updates=True) for each in (Variant(name="bare"), *ours, *theirs)]


def _pages() -> list[Variant]:
    """Two processes where one could not answer so many: celery-progress at its own pace, and 8,000 pages of ours."""
    page = Variant(name="the job's page", server="memory")
    ours = [replace(page, server="site"), page, replace(page, server="memory twice", viewers=CROWD)]
    theirs = [Variant(name=name, server="celery") for name in (OPEN, SIGNED_IN)]
    theirs += [replace(each, server="celery twice", every=THEIR_EVERY) for each in theirs]
    return [replace(each, updates=True, pages=True) for each in (*ours, *theirs)]


def requests_of(side: Side, variant: Variant) -> list[Request]:
    made = side.tasks_made if variant.is_theirs else side.made
    marks = [STALE] * len(made["jobs"])
    if variant.marks in ("current", "follow"):
        marks = side.jobs.ask("marks")
    head, marked, tail = PATHS[variant.name].partition("{mark}")
    found = [
        Request(head=head.format(id=job), mark=mark if marked else "", tail=tail, cookie=cookie)
        for job, mark, cookie in zip(made["jobs"], marks, made["cookies"], strict=False)
    ]
    many = [
        replace(each, cookie=f"{each.cookie}; page={number}") for number in range(variant.viewers) for each in found
    ]
    return found[:1] if variant.jobs == "one" else many if variant.viewers > 1 else found


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
    if variant.is_theirs:
        return '"state": "PROGRESS"' in answer.body and '"percent": 2' in answer.body
    if answer.status == 204:
        return not answer.body
    job = request.head.split("/")[2]
    return f'id="job-{job}"' in answer.body and "of 100,000 frames" in answer.body


def _verify_locked(side: Side, variant: Variant, port: int, request: Request) -> None:
    strangers = [replace(request, cookie="")]
    if not variant.is_theirs:
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
        refusal = _refusal(window, len(side.made["jobs"]) * variant.viewers)
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
    wanted = pages / window.variant.every
    if window.variant.pages and window.rate < wanted / 2:
        return f"of {wanted:,.0f} polls a second only {window.rate:,.0f} were answered"
    return ""


def _window(processes: Processes, side: Side, variant: Variant, number: int, seconds: int) -> Window:
    server, writer = side.servers[variant.server], side.tasks if variant.is_theirs else side.jobs
    workers, requests = server.workers, requests_of(side, variant)
    length = seconds * STEADY + ARRIVING + variant.every * WARMING + COMING if variant.pages else seconds
    if variant.updates and writer:
        writer.begin("update", rate=UPDATES, seconds=length + 0.5)
    answered, spent = _timed(processes, side, variant, requests, seconds)
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


def _timed(
    processes: Processes, side: Side, variant: Variant, requests: list[Request], seconds: int
) -> tuple[Answered, list[float]]:
    """With the CPU seconds that it took while answers were counted."""
    port = side.servers[variant.server].port
    before = [_seconds(side, variant)]
    if variant.pages:

        def begin() -> None:
            before[0] = _seconds(side, variant)

        watched = seconds * STEADY
        answered = pages(processes, port, requests, seconds=watched, every=variant.every, begin=begin)
    else:
        answered = wrk(processes, port, requests, seconds=seconds)
    return answered, [after - start for after, start in zip(_seconds(side, variant), before[0], strict=True)]


def _seconds(side: Side, variant: Variant) -> tuple[float, float, float]:
    redis = side.redis_seconds() if variant.is_theirs else 0.0
    return cpu_seconds(side.servers[variant.server].process.pid), side.postgres_seconds(with_writer=False), redis
