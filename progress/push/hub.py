"""Who waits for news of which job, and how news gets to them. One hub a process, in one event loop."""

import asyncio
import json
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from progress.models import Job

Look = Callable[[Collection[uuid.UUID], Mapping[uuid.UUID, int]], Awaitable[list[Job]]]
Tell = Callable[[Job], bytes]

TURNS = 10
AT_ONCE = 20  # rows that are told before who waits for them is let on


@dataclass(frozen=True, kw_only=True)
class News:
    """A job as it stands, told as bytes: made once, however many wait for it."""

    job: uuid.UUID
    version: int
    settled: bool
    told: bytes

    @cached_property
    def alone(self) -> bytes:
        """The event of a stream that waits for this job only, which is nearly every one."""
        return event({self.job: self.version}, self.told)


def event(known: Mapping[uuid.UUID, int], told: bytes) -> bytes:
    """Its id says what the reader knows by now of each job: given back as Last-Event-ID, only what is new is sent."""
    pairs = json.dumps({str(job): version for job, version in known.items()}, separators=(",", ":"))
    return b"id: %s\nevent: progress_update\ndata: %s\n\n" % (pairs.encode(), told)


@dataclass(eq=False, kw_only=True, slots=True)
class Watch:
    """One stream. It keeps only the latest of each job: who reads slowly misses what is old, and holds up nobody."""

    jobs: tuple[uuid.UUID, ...]
    known: dict[uuid.UUID, int]  # the version that was sent last
    turn: int = 0  # of TURNS: with which beat it is woken
    latest: dict[uuid.UUID, News] = field(default_factory=dict)
    settled: frozenset[uuid.UUID] = frozenset()  # of its jobs, those whose end was told
    over: bool = False
    waits: asyncio.Future[None] | None = None
    was_told: bool = False  # since the last beat

    def hear(self, news: News) -> None:
        """Two looks may be told crosswise: what is older than what waits here already is no news either."""
        waiting = self.latest.get(news.job)
        if news.version > (waiting.version if waiting else self.known.get(news.job, 0)):
            self.latest[news.job] = news
            self.wake()
        elif news.settled and news.version == self.known.get(news.job):  # it knew the end when it came
            self.settled |= {news.job}

    async def next(self) -> list[News]:
        """What is new; nothing where it is over, or was woken only to show that it lives."""
        if not self.latest and not self.over:
            self.waits = asyncio.get_running_loop().create_future()
            try:
                await self.waits
            finally:
                self.waits = None
        news, self.latest = list(self.latest.values()), {}
        for each in news:
            self.known[each.job] = each.version
            if each.settled:
                self.settled |= {each.job}
        self.was_told = True
        return news

    @property
    def has_heard_all(self) -> bool:
        return len(self.settled) == len(self.jobs)

    def wake(self) -> None:
        if self.waits is not None and not self.waits.done():
            self.waits.set_result(None)

    def end(self) -> None:
        self.over = True
        self.wake()


class Hub:
    def __init__(self, look: Look, tell: Tell) -> None:
        self.look, self.tell = look, tell
        self.watches: dict[uuid.UUID, set[Watch]] = defaultdict(set)
        self.versions: dict[uuid.UUID, int] = {}  # of the watched jobs, as they were told last
        self.closing = False
        self._joined = 0

    async def join(self, jobs: Iterable[uuid.UUID], known: Mapping[uuid.UUID, int]) -> Watch:
        """From here on it hears; what it does not know yet it hears at once. So do all others: what was read for it is
        not looked at again."""
        self._joined += 1
        watch = Watch(jobs=tuple(dict.fromkeys(jobs)), known=dict(known), turn=self._joined % TURNS, over=self.closing)
        for job in watch.jobs:
            self.watches[job].add(watch)
        try:
            for row in await self.look(watch.jobs, {}):
                self._tell(row)
        except BaseException:  # nobody has it yet, who could leave
            self.leave(watch)
            raise
        return watch

    def leave(self, watch: Watch) -> None:
        for job in watch.jobs:
            self.watches[job].discard(watch)
            if not self.watches[job]:
                del self.watches[job]
                self.versions.pop(job, None)

    async def rung(self, moved: frozenset[uuid.UUID] | None) -> None:
        """These have moved, or nobody knows which. Only what somebody waits for is read."""
        wanted = self.watches.keys() if moved is None else moved & self.watches.keys()
        if wanted:
            for number, row in enumerate(await self.look(list(wanted), self.versions if moved is None else {}), 1):
                self._tell(row)
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)  # who was woken goes first

    def beat(self, turn: int) -> None:
        """Wakes each stream of this turn that was told nothing since its last one. Never all at once: thousands that
        have nothing to hear are not to hold up who has."""
        for watch in self._all():
            if watch.turn == turn:
                if not watch.was_told:
                    watch.wake()
                watch.was_told = False

    def close(self) -> None:
        """Ends every stream, now and from now on."""
        self.closing = True
        for watch in self._all():
            watch.end()

    def _all(self) -> set[Watch]:
        return {watch for these in self.watches.values() for watch in these}

    def _tell(self, row: Job) -> None:
        """To all who wait for it, as far as somebody still does."""
        watches = self.watches.get(row.pk)
        if watches:
            news = News(job=row.pk, version=row.version, settled=row.settled, told=self.tell(row))
            for watch in watches:
                watch.hear(news)
            self.versions[row.pk] = row.version
