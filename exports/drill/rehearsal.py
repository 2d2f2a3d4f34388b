"""The rehearsal itself: two small exports, of which one survives everything and the other is cancelled."""

import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from django.urls import reverse

from exports.drill.ground import Ground
from exports.drill.items import NotHeld, NotTried, Result
from exports.models import Attempt, Export, Heartbeat, Notice
from exports.models.heartbeat import CLUSTER
from exports.reconcile import reconcile
from exports.steps import Name
from progress.models import Away, Status

AHEAD = (timedelta(minutes=40), timedelta(days=1))
STDERR = 2
DEADLY: frozenset[Name] = frozenset({"abort", "cancel"})
OF_THE_FILM = ("refresh", "elsewhere", "return", "killed", "restart", "patience")


class Rehearsal(Ground):
    def all(self) -> list[Result]:
        try:
            if set(self.items) & set(OF_THE_FILM):
                self._film()
            self._try("cancel", self._cancel)
        finally:
            self._stop_driving()
        return self.results

    def _try(self, item: str, act: Callable[[], str]) -> None:
        if item not in self.items:
            return
        try:
            self._note(Result(item=item, verdict="held", sentence=act()))
        except NotTried as why:
            self._note(Result(item=item, verdict="not tried", sentence=str(why)))
        except NotHeld as why:
            self._note(Result(item=item, verdict="did not hold", sentence=str(why)))

    def _note(self, result: Result) -> None:
        self.results.append(result)
        self.say(result)

    # The film that survives

    def _film(self) -> None:
        export = self._requested("30")
        broken: dict[str, Exception] = {}
        told: dict[str, str] = {}
        try:
            self._rendering(export)
        except (NotHeld, NotTried) as why:
            broken = dict.fromkeys(OF_THE_FILM, why)
        self._part(broken, told, "patience", lambda: self._patience(export))
        self._part(broken, told, "refresh", lambda: self._refresh(export))
        self._part(broken, told, "elsewhere", self._elsewhere)
        self._part(broken, told, "return", self._close)
        kept = self._kept()
        self._part(broken, told, "killed", lambda: self._kill(export))
        self._part(broken, told, "restart", lambda: self._restart(export))
        self._part(broken, told, "complete", lambda: self._completes(export, kept))
        self._part(broken, told, "return", lambda: f"{told['return']} {self._return(export)}")
        for item in OF_THE_FILM:
            self._try(item, lambda item=item: self._judged(item, broken, told))  # type: ignore[misc]

    def _part(self, broken: dict[str, Exception], told: dict[str, str], name: str, act: Callable[[], str]) -> None:
        if name in broken or name not in (*self.items, "complete"):
            return
        try:
            told[name] = act()
        except (NotHeld, NotTried) as why:
            broken[name] = why

    def _judged(self, item: str, broken: dict[str, Exception], told: dict[str, str]) -> str:
        if item in broken:
            raise broken[item]
        if item in ("refresh", "patience"):
            return told[item]
        if "complete" in broken:
            raise NotHeld(f"{told[item]} {broken['complete']}")
        return f"{told[item]} {told['complete']}"

    def _rendering(self, export: Export) -> None:
        """Until it is in the middle: frames are done, and are not all done."""
        if self._wait(lambda: self._is_rendering(export)):
            job = self._row(export)
            if job.unreachable_part == Away.ROOM:
                raise NotTried("There is no room on the disk, so what is asked for waits until somebody makes some.")
            if job.status == Status.COMPLETE:
                raise NotTried("The film was complete before anything could be tried: ask for a longer --film.")
            if job.settled:
                raise NotHeld(f"The export ended {job.status} before anything was tried: {job.cause_text}")
            return
        job = self._row(export)
        if job.status == Status.QUEUED and not job.begun:
            raise NotTried(f"It still waits for its turn after {self.patience:.0f} s: other exports run.")
        raise NotHeld(f"After {self.patience:.0f} s it is {job.status} at {job.percent} %, with no part rendered.")

    def _is_rendering(self, export: Export) -> bool:
        """Or will not be, however long it is waited for."""
        job = self._row(export)
        return bool(job.settled or job.unreachable_part == Away.ROOM or (job.bp > 2_000 and self._kept()))

    def _patience(self, export: Export) -> str:
        """Only planned, and nothing applied: what would be done if that much time had passed in silence."""
        for ahead in AHEAD:
            tools = replace(self.tools, clock=lambda ahead=ahead: self.tools.clock() + ahead)  # type: ignore[misc]
            step = reconcile(export.pk, tools, apply=False)
            if step.name in DEADLY:
                raise NotHeld(f"With a clock {_hours(ahead)} ahead, the next step would be {step.name!r}: {step.why}.")
        return "By the plan of its next step, with a clock set ahead; nothing was waited for."

    def _refresh(self, export: Export) -> str:
        browser, page = self._signed_in(), reverse("export", args=[export.pk])
        seen = []
        for _ in range(2):
            opened = browser.get(page)
            fragment = f"{reverse('progress:fragment', args=[export.pk])}?v="
            if opened.status != 200 or (fragment not in opened.text and not self._row(export).settled):
                raise NotHeld(f"The page answers {opened.status} without a bar that goes on by itself.")
            seen.append(_percent(opened.text))
        if None not in seen and seen != sorted(seen, key=lambda each: each or 0):
            raise NotHeld(f"The page showed {seen[0]} %, and {seen[1]} % after the refresh.")
        return f"It showed {seen[0]} %, then {seen[1]} %."

    def _elsewhere(self) -> str:
        opened = self._signed_in().get(reverse("dashboard"))
        if opened.status != 200:
            raise NotHeld(f"The other page answers {opened.status}.")
        return "From here on nobody asked for its page."

    def _close(self) -> str:
        self._signed_in()
        return "The browser was closed."

    def _kill(self, export: Export) -> str:
        """Its own only: a driver that was started for it and has its lease, and the attempt that renders it."""
        holding = self.drivers.holding(export.pk)
        try:
            if not self._wait(lambda: self._is_held(export) or self._row(export).settled):
                raise NotTried("The lease on it was never free to be taken.")
        finally:
            holding.kill()
        self._stop_driving()
        attempt = export.latest_attempt
        if attempt is None or not attempt.open or self._row(export).status != Status.RUNNING:
            self._drive(export)
            raise NotTried("It was no longer rendering: ask for a longer --film.")
        self.tools.runner(attempt.runner).stop(attempt.ordered, hard=True)
        at = self._row(export).percent
        self._drive(export)
        if not self._wait(lambda: not Attempt.objects.filter(pk=attempt.pk, outcome="").exists()):
            raise NotHeld(f"Both were killed at {at} %, and {self.patience:.0f} s later nobody has noticed.")
        attempt.refresh_from_db()
        if attempt.outcome == "ok":
            raise NotTried("Its attempt was done before it could be killed: ask for a longer --film.")
        return f"Both were killed at {at} %; attempt {attempt.number} was taken for {attempt.cause or attempt.outcome}."

    def _restart(self, export: Export) -> str:
        if not self.restart:
            raise NotTried("Say how they are restarted: --restart-command.")
        if self._row(export).settled:
            raise NotTried("It was complete before the restart: ask for a longer --film.")
        began = self.tools.clock()
        try:
            ended = subprocess.run(
                self.restart,
                timeout=self.patience,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=STDERR,  # what it says is no part of the report
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotTried(f"The command could not be run: {error}") from error
        if ended.returncode:
            raise NotTried(f"The command ended with {ended.returncode}.")
        returned = self.tools.clock()  # a beat before that may be one of those that ended
        if not self._wait(lambda: self._is_back(returned)):
            raise NotHeld(f"{self.patience:.0f} s after the restart they do not both answer.")
        return f"Both answered again after {(self.tools.clock() - began).total_seconds():.0f} s."

    def _is_back(self, since: datetime) -> bool:
        beat = Heartbeat.last(CLUSTER)
        return (self.site is None or self.site.answers) and beat is not None and beat > since

    def _completes(self, export: Export, kept: dict[str, datetime]) -> str:
        if not self._wait(lambda: self._is_over(export)):
            job = self._row(export)
            raise NotHeld(f"After {self.patience:.0f} s more it is {job.status} at {job.percent} %: {job.cause_text}")
        job, now = self._row(export), self._kept()
        if job.status != Status.COMPLETE:
            raise NotHeld(f"It ended {job.status}: {job.cause_text}")
        if self.fell:
            raise NotHeld(self.fell)
        again = [key for key, at in kept.items() if now.get(key, at) != at]
        if again:
            raise NotHeld(f"{len(again)} parts that were kept were rendered again.")
        found = Export.objects.get(pk=export.pk)
        if self.tools.store.size(found.result_key) != found.result_bytes:
            raise NotHeld("Its result is not in the store.")
        oks = found.attempts.filter(outcome="ok").count()
        owed = Notice.objects.filter(export=found, event=Notice.Event.DONE).count()
        if (oks, owed) != (1, 1):
            raise NotHeld(f"{oks} attempts ended well, and {owed} notices are owed.")
        took = (job.settled_at - job.created_at).total_seconds() if job.settled_at else 0
        return f"It was complete once, after {took:.0f} s and {job.attempt} attempts; {len(kept)} parts were kept."

    def _return(self, export: Export) -> str:
        browser = self._signed_in()
        page = browser.get(reverse("export", args=[export.pk]))
        if reverse("download", args=[export.pk]) not in page.text:
            raise NotHeld("Its page does not offer the film.")
        film = browser.get(reverse("download", args=[export.pk]))
        if hashlib.sha256(film.body).hexdigest() != Export.objects.get(pk=export.pk).result_sha256:
            raise NotHeld(f"The film that is downloaded ({film.status}) is not the one that was made.")
        return f"The film ({len(film.body):,} bytes) was downloaded and is the one that was made."

    # The film that is cancelled

    def _cancel(self) -> str:
        export = self._requested("25")
        self._rendering(export)
        self._press_cancel(export)
        if not self._wait(lambda: self._is_over(export)):
            raise NotHeld(f"{self.patience:.0f} s after the cancel something still runs for it.")
        found, attempt = Export.objects.get(pk=export.pk), export.latest_attempt
        job = self._row(export)
        if job.status == Status.COMPLETE:
            raise NotTried("It was complete before the cancel arrived: ask for a longer --film.")
        if job.status != Status.CANCELLED:
            raise NotHeld(f"It ended {job.status}: {job.cause_text}")
        if attempt is None or (life := self.tools.runner(attempt.runner).look(attempt.ordered)) != "gone":
            raise NotHeld(f"The runner says of its attempt: {life if attempt else 'there is none'}.")
        asked, stopped = found.stop_asked_at, found.stopped_at
        took = f" {(stopped - asked).total_seconds():.1f} s after it was asked" if asked and stopped else ""
        return f"The runner says that nothing of it runs{took}."

    def _press_cancel(self, export: Export) -> None:
        if self.site is None:
            export.cancel(actor=f"user {self.staged.account.pk}")
            return
        browser = self._signed_in()
        browser.get(reverse("export", args=[export.pk]))
        answer = browser.post(reverse("cancel", args=[export.pk]), {})
        if answer.status != 302:
            raise NotHeld(f"The button answers {answer.status}.")


def _percent(page: str) -> int | None:
    _, mark, rest = page.partition('aria-valuenow="')
    return int(rest.partition('"')[0]) if mark else None


def _hours(ahead: timedelta) -> str:
    return (
        f"{ahead.total_seconds() / 3600:.0f} hours" if ahead >= timedelta(hours=1) else f"{ahead.seconds // 60} minutes"
    )
