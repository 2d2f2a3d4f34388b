"""snapshot(job): the one read model. Every page, API dialect and message is made from it."""

import uuid
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils import timezone
from django.utils.functional import cached_property

from progress import place, spoken, wording
from progress.fold import PERCENT
from progress.isolating import isolated
from progress.models import Job, Status, Wish
from progress.pipelines import Pipeline, Stage
from progress.place import gettext as _
from progress.stage_lines import StageLine, stage_lines
from progress.strip import Strip, strip
from progress.tracks import TrackLine

LONGEST = 10  # digits of a version
QUIET_AFTER = 60.0  # seconds, or three times the usual gap
Verdict = Literal["", "quiet", "stuck", "unreachable"]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    job: Job
    pipeline: Pipeline | None
    now: datetime

    @property
    def id(self) -> uuid.UUID:
        return self.job.pk

    @cached_property
    def status(self) -> Status:
        return Status(self.job.status)

    @property
    def settled(self) -> bool:
        return self.job.settled

    @property
    def percent(self) -> int:
        return self.job.percent

    @cached_property
    def heading(self) -> str:
        """What is happening, in the pipeline's own words."""
        if self.status in (Status.UPLOADING, Status.RUNNING, Status.FINALIZING) and self.pipeline:
            return self.pipeline.title
        return wording.status(self.status)

    @cached_property
    def measurable(self) -> bool:
        """False while nothing can be counted, as in a cold start: then a moving stripe says so, not a number."""
        if self.settled or self.status in (Status.QUEUED, Status.PAUSED):
            return True
        return self.stage is None or self.stage.unit is not None

    @cached_property
    def stage(self) -> Stage | None:
        return self.pipeline.stages[self.index] if self.pipeline else None

    @cached_property
    def percent_words(self) -> str:
        return _("<1 %%") % () if 0 < self.job.bp < 100 else wording.percent(self.percent)

    @cached_property
    def finish(self) -> datetime | None:
        return None if self.settled or self.status == Status.PAUSED else self.job.finish

    @cached_property
    def eta_seconds(self) -> float | None:
        """What the clock alone has brought near, without a word from the work, is not as near as that: it is somewhere
        in what is left of its range."""
        left, rest = _seconds_to(self.finish, self.now), _seconds_to(self.job.finish_high, self.now)
        if left is None or rest is None or left > wording.ALMOST_DONE or not self._was_far:
            return left
        return max(left, rest / 2)

    @cached_property
    def eta(self) -> str:
        """The sentence under the bar."""
        if self.settled:
            return self._ending
        if self.job.unreachable_since:
            return wording.unreachable(self.job.unreachable_part)
        if self.status == Status.PAUSED:
            return wording.paused(self._work_left)
        if self.job.wish == Wish.CANCEL:
            return wording.cancelling()
        if self.job.wish == Wish.PAUSE:
            return wording.pausing()
        if self.status == Status.QUEUED:
            return wording.queued(self.job.queue_position, *self._starts)
        return self._time_left

    @cached_property
    def verdict(self) -> Verdict:
        """Quiet: no report lately. Stuck: quiet, and past the end of its own range. Neither is proof of death."""
        if self.settled or self.status not in (Status.RUNNING, Status.FINALIZING):
            return ""
        if self.job.unreachable_since:
            return "unreachable"
        if self.silence <= self._patience:
            return ""
        return "stuck" if self._latest and self.now > self._latest else "quiet"

    @cached_property
    def silence(self) -> float:
        return max(0.0, (self.now - self._heard).total_seconds())

    @cached_property
    def verdict_words(self) -> str:
        return self._judged_after(self.silence)

    @cached_property
    def held(self) -> str:
        """Nothing where it is behind by less than can be told."""
        job, own = self.job, self.job.own_bp // 100
        if self.settled or self.status == Status.PAUSED or own >= self.percent:
            return ""
        return wording.held(self.percent, own, job.attempt, run=job.run, waiting=self.status == Status.QUEUED)

    @cached_property
    def message(self) -> str:
        if self.settled or self.status in (Status.QUEUED, Status.PAUSED):
            return ""
        if self.stage and self.stage.unit is None:
            return self.job.message or self.stage.waiting
        return self.job.message

    @cached_property
    def unit_words(self) -> str:
        if self.job.done is None or not self.job.total or self.job.unit == PERCENT:
            return ""
        return wording.units(self.job.done, self.job.total, self.job.unit)

    @cached_property
    def index(self) -> int:
        return self.pipeline.numbers.get(self.job.stage, 0) if self.pipeline else 0

    @property
    def is_unheard_of(self) -> bool:
        """Nobody has begun to upload, and perhaps nobody has to."""
        return self.status == Status.UPLOADING and self.job.heard_at is None

    @cached_property
    def language(self) -> str | None:
        return place.language()

    @cached_property
    def stages(self) -> list[StageLine]:
        return stage_lines(self)

    @cached_property
    def tracks(self) -> list[TrackLine]:
        """Of what makes several results that take long. Once all is done, the results themselves are there."""
        if self.status in (Status.COMPLETE, Status.EXPIRED):
            return []
        return [TrackLine(name=name, done=done, total=total) for name, done, total in self.job.tracks]

    @cached_property
    def strip(self) -> Strip | None:
        """Where the time goes; not for what came to nothing."""
        if self.pipeline is None or self.status in (Status.FAILED, Status.CANCELLED, Status.EXPIRED):
            return None
        return strip(self.job, self.pipeline, self.now)

    @cached_property
    def bar_words(self) -> str:
        """What a screen reader says of the bar."""
        doing = self.stage.label.lower() if self.stage and self.status == Status.RUNNING else self.heading.lower()
        spoken = (_("%(percent)d percent") % {"percent": self.percent}, doing, self.eta[:1].lower() + self.eta[1:])
        return ", ".join(part for part in spoken if part)

    @cached_property
    def announcement(self) -> str:
        """What is worth saying aloud; it changes at most at stages, quarters, verdicts and endings."""
        if self.status == Status.PAUSED:
            return f"{self.job.title}: {self.eta}"
        if self.settled:
            return f"{self.job.title}: {self.heading}. {self.eta}"
        label = self.stage.label if self.stage and self.status != Status.QUEUED else self.heading
        quarter = 0 if self.held else self.percent // 25 * 25  # what was reached before is no news
        reached = _("%(percent)d percent reached.") % {"percent": quarter} if quarter else ""
        return " ".join(part for part in (f"{label}.", reached, self._verdict_aloud) if part)

    @cached_property
    def in_brief(self) -> str:
        """Nothing where its own page tells of no time either."""
        if self.job.unreachable_since or self.job.wish != Wish.RUN or self._is_overdue:
            return ""
        return wording.in_brief(self.eta_seconds, **self._range)

    @cached_property
    def in_one_line(self) -> str:
        doing = self.stage.label if self.stage and self.status == Status.RUNNING else self.heading
        return doing if self.settled else f"{doing} · {self.percent_words}"

    @cached_property
    def page_title(self) -> str:
        title = isolated(self.job.title)
        if self.status == Status.COMPLETE:
            return _("Done · %(title)s") % {"title": title}
        if self.status == Status.FAILED:
            return _("Problem · %(title)s") % {"title": title}
        if self.settled or self.status == Status.PAUSED:
            return f"{self.heading} · {title}"
        return f"{self.percent}% · {title}"

    @cached_property
    def mark(self) -> str:
        """Changes whenever the fragment would: with the row, and with the words that time alone changes."""
        words = f"{self.eta}|{self.verdict_words}|{place.zone_name()}|{self.language}"
        return f"{self.job.version}-{zlib.crc32(words.encode()):x}"

    @property
    def _starts(self) -> tuple[float | None, float | None]:
        """The seconds between which its turn comes; nothing is said of a time that has passed."""
        low, high = (_seconds_to(moment, self.now) for moment in (self.job.starts_low, self.job.starts_high))
        return (low, high) if high else (None, None)

    @property
    def _work_left(self) -> float | None:
        if self.job.finish is None or self.job.paused_at is None:
            return None
        return max(0.0, (self.job.finish - self.job.paused_at).total_seconds())

    @property
    def _time_left(self) -> str:
        last = len(self.pipeline.stages) - 1 if self.pipeline else 0
        if self.status == Status.FINALIZING or 0 < last == self.index:
            return wording.almost_done()
        if self.eta_seconds is None:
            return wording.estimating()
        if self._is_overdue:
            going_on = (self.job.done, self.job.total) if self.unit_words and not self.verdict else (None, None)
            return wording.overdue(*going_on, self.job.unit)
        return wording.remaining(self.eta_seconds, **self._range, now=self.now)

    @property
    def _range(self) -> dict[str, float | None]:
        ends = {"low": self.job.finish_low, "high": self.job.finish_high}
        return {end: _seconds_to(moment, self.now) for end, moment in ends.items()}

    @property
    def _was_far(self) -> bool:
        """By the last report of work that is under way."""
        heard, finish = self.job.heard_at, self.finish
        if self.status != Status.RUNNING or heard is None or finish is None:
            return False
        return (finish - heard).total_seconds() > wording.ALMOST_DONE

    @property
    def _is_overdue(self) -> bool:
        return bool(self.job.finish_high and self.now > self.job.finish_high)

    @property
    def _latest(self) -> datetime | None:
        return self.job.finish_high or self.job.finish

    @property
    def _heard(self) -> datetime:
        return self.job.heard_at or self.job.started_at or self.job.created_at

    @property
    def _patience(self) -> float:
        return max(QUIET_AFTER, 3 * self.job.gap)

    def _judged_after(self, silence: float) -> str:
        """To the half minute, so that the words don't change with every poll."""
        coarse = silence // 30 * 30
        if self.verdict == "stuck" and self._latest:
            return wording.stuck(coarse, self.job.gap, self._latest)
        return wording.quiet(coarse, self.job.gap) if self.verdict == "quiet" else ""

    @property
    def _verdict_aloud(self) -> str:
        """As it was reached: a silence that only grows is no news."""
        if self.verdict == "unreachable":
            return self.eta
        past = (self._latest - self._heard).total_seconds() if self.verdict == "stuck" and self._latest else 0.0
        return self._judged_after(max(self._patience, past))

    @property
    def _ending(self) -> str:
        if self.status == Status.COMPLETE:
            return _("Finished in %(time)s.") % {"time": wording.took(self.job.active_seconds(self.now))}
        if self.status == Status.EXPIRED:
            return self.job.cause_text or _("It is no longer kept.")
        return " ".join(part for part in (f"{wording.stopped_at(self.percent)}.", self.job.cause_text) if part)


def snapshot(job: Job, now: datetime | None = None) -> Snapshot:
    return Snapshot(job=job, pipeline=spoken.find(job.pipeline), now=now or timezone.now())


def version_of(mark: str) -> int:
    """Of the row from which the fragment with this mark was made; 0 for what is no mark."""
    version = mark.partition("-")[0]
    return int(version) if version.isdecimal() and len(version) < LONGEST else 0


def _seconds_to(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, (moment - now) / timedelta(seconds=1))
