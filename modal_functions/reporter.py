"""The writer of progress.json: the whole picture, at most once a second, and the last word awaited.

Work calls it as often as it likes. A write that fails loses nothing but freshness, so it is never the work's trouble.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from modal_functions.wire import PassedStage, ProgressReport, Track

EVERY = 1.0  # seconds: what one key of an object store may be written


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Reporter:
    def __init__(
        self,
        *,
        job: str,
        attempt: int,
        run: int,
        write: Callable[[ProgressReport], None],
        every: float = EVERY,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._write, self._every, self._now = write, every, now
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._over = threading.Condition(self._lock)  # one of its own: a word while the writer rests wakes nobody
        self._picture = ProgressReport(job=job, attempt=attempt, run=run, seq=0, stage="", at=now())
        self._written = 0  # the number of the last picture that was handed to `write`
        self._closing = False
        self._thread: threading.Thread | None = None
        self._begin()

    def stage(self, key: str, *, total: int | None = None, unit: str | None = None, note: str = "") -> None:
        """The work enters a stage; the one before is passed."""
        now = self._now()
        with self._lock:
            before, passed = self._picture, self._picture.passed
            if before.stage and before.began:
                left = PassedStage(
                    stage=before.stage,
                    began=before.began,
                    ended=max(before.began, now),
                    done=before.done,
                    total=before.total,
                    kept=before.kept,
                )
                passed = (*passed, left)
            done = None if total is None else 0
            self._tell(
                stage=key, began=now, at=now, done=done, total=total, kept=None, unit=unit, bytes=None, note=note,
                passed=passed,
            )  # fmt: skip

    def kept(self, count: int) -> None:
        """So much of the stage is there already: it is done, but nobody learns from it how fast the work is."""
        with self._lock:
            total = self._picture.total
            count = count if total is None else min(count, total)
            done = None if total is None else max(self._picture.done or 0, count)
            self._tell(at=self._now(), kept=count, done=done)

    def units(self, done: int, total: int | None = None, *, bytes: int | None = None, note: str | None = None) -> None:  # noqa: A002
        """So much of the stage is done; of the same whole never less than was told before. While nobody knows how much
        there is in all, only the words are told: a count alone is refused by whoever reads it."""
        with self._lock:
            picture = self._picture
            total = picture.total if total is None else total
            done = max(picture.done or 0, done) if total == picture.total else done
            self._tell(
                at=self._now(),
                done=None if total is None else min(done, total),
                total=total,
                bytes=picture.bytes if bytes is None else bytes,
                note=picture.note if note is None else note,
            )

    def note(self, note: str) -> None:
        """What it does that has no units."""
        with self._lock:
            self._tell(at=self._now(), note=note)

    def tracks(self, *tracks: Track) -> None:
        """How far each of several results is. They stay through the stages, until they are told anew."""
        with self._lock:
            self._tell(at=self._now(), tracks=tracks)

    def close(self) -> None:
        """Waits until the last picture is written, or could not be."""
        with self._lock:
            self._closing = True
            self._changed.notify()
            self._over.notify()
        if self._thread is not None:
            self._thread.join()

    @property
    def picture(self) -> ProgressReport:
        with self._lock:
            return self._picture

    def _tell(self, **changes: object) -> None:
        self._picture = replace(self._picture, seq=self._picture.seq + 1, **changes)  # type: ignore[arg-type]
        self._changed.notify()

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._keep_writing, name="reporter", daemon=True)
        self._thread.start()

    def _keep_writing(self) -> None:
        while True:
            with self._lock:
                self._changed.wait_for(lambda: self._closing or self._picture.seq > self._written)
                picture, last = self._picture, self._closing
                news = picture.seq > self._written
                self._written = picture.seq
            if news:
                self._try(picture)
            if last and picture.seq == self.picture.seq:
                return
            self._rest()

    def _try(self, picture: ProgressReport) -> None:
        try:
            self._write(picture)
        except Exception:  # noqa: BLE001 - whatever the store says, the work goes on and the next picture has it all
            with self._lock:
                if not self._closing:
                    self._written = picture.seq - 1

    def _rest(self) -> None:
        """A second between two writes; the end does not wait for it."""
        until = time.monotonic() + self._every
        with self._lock:
            self._over.wait_for(lambda: self._closing, timeout=max(0.0, until - time.monotonic()))
