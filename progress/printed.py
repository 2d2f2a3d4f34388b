"""What polls were answered with last: made once for all who ask within half a second, and kept for as long as it holds.

Nothing here decides who may read it; that is decided before.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils.text import compress_string

from progress import markup
from progress.models import Job
from progress.place import Place
from progress.snapshot import Snapshot, snapshot
from progress.tray import Tray

AGREES_FOR = 0.5  # seconds for which words about time are not made anew; rows in memory are as old
MOST = 4_000  # some ten kilobytes each
PADDING = 100  # random bytes at most, so that the length of what is compressed tells nothing of a token in it

Listed = tuple[Snapshot, ...]


class Body:
    def __init__(self, plain: bytes, *, secret: bool) -> None:
        self.plain = plain
        self.secret = secret
        self._small = b""

    @property
    def small(self) -> bytes:
        """Compressed; what has a token in it anew for each answer, with a length of its own."""
        small = self._small or compress_string(self.plain, max_random_bytes=PADDING)
        if not self.secret:
            self._small = small
        return small


@dataclass(frozen=True, kw_only=True)
class Made:
    """A body, and all that it was made from beside the card."""

    listed: Listed | None
    token: str
    tray: Tray | None
    body: Body

    def serves(self, listed: Listed | None, token: str) -> bool:
        return self.listed == listed and self.token == token

    def holds(self, tray: Tray | None, token: str) -> bool:
        return self.token == token and _told(self.tray) == _told(tray)


class Print:
    """One row at one moment, as it is read in one place."""

    def __init__(self, job: Job, place: Place, made: float, bodies: dict[bool, Made]) -> None:
        self.place, self.made = place, made
        with place:
            self.seen = snapshot(job)
            self.mark = self.seen.mark
        self.bodies = bodies  # without the indicator, and with it

    def body(self, listed: Listed | None, token: str) -> Body:
        """`listed`: what its owner's indicator shows, where that is asked for."""
        known = self.bodies.get(listed is not None)
        if known is None or not known.serves(listed, token):
            known = self.bodies[listed is not None] = self._made(known, listed, token)
        return known.body

    def _made(self, known: Made | None, listed: Listed | None, token: str) -> Made:
        tray = None if listed is None else Tray(seen=listed, may_poll=False)
        with self.place:
            if known and known.holds(tray, token):
                return Made(listed=listed, token=token, tray=tray, body=known.body)
            shown = markup.fragment(self.seen, tray, token=lambda: token)
        body = Body(shown.encode(), secret=bool(token))
        return Made(listed=listed, token=token, tray=tray, body=body)


Key = tuple[UUID, Place]


class Prints:
    """Of rows in memory, which are not changed but exchanged: none outlives the row that it is of."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._prints: dict[Key, Print] = {}

    def of(self, job: Job, place: Place) -> Print:
        known, now = self._prints.get((job.pk, place)), self.clock()
        same = known is not None and known.seen.job is job
        if known and same and now - known.made < AGREES_FOR:
            return known
        made = Print(job, place, now, {})
        if known and same and known.mark == made.mark:
            made.bodies = known.bodies
        if len(self._prints) >= MOST:
            self._prints.clear()
        self._prints[job.pk, place] = made
        return made

    def listed(self, jobs: Iterable[Job], place: Place) -> Listed:
        return tuple(self.of(job, place).seen for job in jobs)


def _told(tray: Tray | None) -> object:
    return tray and (tray.face, tray.soonest and tray.soonest.id, [(each.id, each.job.version) for each in tray.seen])
