"""The list of stages: what each is, and how it stands in a word and in units or time."""

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from progress import wording
from progress.models import Status
from progress.pipelines import Stage
from progress.place import gettext as _
from progress.strip import stage_seconds

if TYPE_CHECKING:
    from progress.snapshot import Snapshot

LINES = 4_000  # of stages that are over or to come, which most reports leave as they are
State = Literal["done", "current", "waiting", "stopped"]


class StageLine(NamedTuple):
    key: str
    label: str
    state: State
    said: str
    note: str
    again: bool
    current: bool


def stage_lines(seen: "Snapshot") -> list[StageLine]:
    if seen.pipeline is None:
        return []
    return [_line(seen, number, stage) for number, stage in enumerate(seen.pipeline.stages)]


def _line(seen: "Snapshot", number: int, stage: Stage) -> StageLine:
    if stage.optional and stage_seconds(seen.job, stage) == 0:
        return _not_asked_for(stage)
    if number < seen.index or seen.status in (Status.COMPLETE, Status.EXPIRED):
        passed = seen.job.passed.get(stage.key)
        if stage.optional and not passed:
            return _not_asked_for(stage)
        return _behind(stage.key, stage.label, int(passed[0]) if passed else None, seen.language)
    if number > seen.index or seen.status == Status.QUEUED or seen.is_unheard_of:
        if seen.settled:
            return _told(stage, "waiting", _("not reached"))
        if number == seen.index and seen.is_unheard_of:
            return _told(stage, "waiting", _("to come"))
        return _ahead(stage.key, stage.label, stage_seconds(seen.job, stage), seen.language)
    if seen.settled:
        return _told(stage, "stopped", _("stopped here"), seen.unit_words)
    return _current(seen, stage)


def _current(seen: "Snapshot", stage: Stage) -> StageLine:
    again = _("attempt %(number)d") % {"number": seen.job.attempt} if seen.job.attempt > 1 else ""
    note = " · ".join(part for part in (seen.unit_words, again) if part)
    said = _("paused here") if seen.status == Status.PAUSED else _("under way")
    return StageLine(stage.key, stage.label, "current", said, note, bool(again), current=True)


def _not_asked_for(stage: Stage) -> StageLine:
    return _told(stage, "waiting", _("not asked for"))


def _told(stage: Stage, state: State, said: str, note: str = "") -> StageLine:
    return StageLine(stage.key, stage.label, state, said, note, again=False, current=False)


@lru_cache(maxsize=LINES)
def _behind(key: str, label: str, seconds: int | None, language: str | None) -> StageLine:
    note = "" if seconds is None else wording.took(seconds)
    return StageLine(key, label, "done", _("done"), note, again=False, current=False)


@lru_cache(maxsize=LINES)
def _ahead(key: str, label: str, seconds: float, language: str | None) -> StageLine:
    return StageLine(key, label, "waiting", _("to come"), wording.usually(seconds), again=False, current=False)
