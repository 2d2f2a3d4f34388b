"""How fast an export is made: shots a minute, megabytes a second. Reckoned from what its work has reported, less what
an earlier attempt had made; where that says nothing, there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from exports import kinds
from exports.models import Export
from progress.models import Job, StageRun, Status

MEGABYTE = 1_000_000
LEAST = 2.0  # seconds; what was measured for less is no speed


@dataclass(frozen=True, kw_only=True)
class Speed:
    shots: float | None = None  # a minute, in all formats that are made at the time
    megabytes: float | None = None  # a second

    @property
    def said(self) -> list[str]:
        shots = _("%(count)s shots a minute") % {"count": _short(self.shots)} if self.shots else ""
        size = _("%(count)s MB a second") % {"count": _short(self.megabytes)} if self.megabytes else ""
        return [each for each in (shots, size) if each]


NONE = Speed()


def of_running(job: Job) -> Speed:
    """Of the stage that is under way, where that makes something of shots."""
    if job.status != Status.RUNNING:
        return NONE
    found, seconds = _shots_in(job.pk, job.pipeline), seconds_of(job)
    if found is None or job.stage not in found.stages or seconds < LEAST:
        return NONE
    return Speed(
        shots=_shots_a_minute(found.count, (job.done or 0) - (job.kept or 0), job.total or 0, seconds),
        megabytes=_rate(bytes_made(job) or 0, seconds),
    )


def of_job(job: Job) -> Speed:
    """As of_finished; nothing is asked where it is made of no shots."""
    export = Export.objects.select_related("job").filter(pk=job.pk).first() if _shots_in(job.pk, job.pipeline) else None
    return of_finished(export) if export else NONE


def of_finished(export: Export) -> Speed:
    """Of all its attempts together; how many bytes were made is known only where one of them made all."""
    kind = kinds.get(export.kind)
    shots = kind.shots(export.spec)
    if not shots or export.job.status != Status.COMPLETE:
        return NONE
    runs = [run for run in export.job.stage_runs.all() if run.stage in kind.makes and run.total]
    seconds = sum(run.seconds for run in runs)
    if seconds < LEAST:
        return NONE
    made = sum((run.done or 0) - (run.kept or 0) for run in runs)
    whole = sum({run.stage: run.total or 0 for run in runs}.values())
    return Speed(
        shots=_shots_a_minute(shots, made, whole, seconds),
        megabytes=_rate(_bytes_of(export), seconds) if _alone(runs) else None,
    )


def seconds_of(job: Job) -> float:
    """For which the stage was under way when it was last heard of."""
    if job.stage_began is None or job.heard_at is None:
        return 0.0
    return (job.heard_at - job.stage_began).total_seconds()


def bytes_made(job: Job) -> int | None:
    """In the stage that is under way, as far as they are counted."""
    if job.unit != "bytes":
        return job.bytes
    return None if job.done is None else job.done - (job.kept or 0)


@dataclass(frozen=True, kw_only=True)
class _Shots:
    count: int
    stages: frozenset[str]


@lru_cache(maxsize=16_384)
def _shots_in(job_id: Any, pipeline: str) -> _Shots | None:
    """What is asked for never changes, so a stream of news need not ask for it again: where it is
    told, in the event loop, it may not."""
    kind = next((kind for kind in kinds.registered() for each in kind.pipelines if each.key == pipeline), None)
    if kind is None or type(kind).shots is kinds.Kind.shots:
        return None
    spec = Export.objects.filter(pk=job_id).values_list("spec", flat=True).first()
    return _Shots(count=kind.shots(spec), stages=kind.makes) if spec else None


def _alone(runs: Sequence[StageRun]) -> bool:
    return len({run.stage for run in runs}) == len(runs) and not any(run.kept for run in runs)


def _bytes_of(export: Export) -> int:
    return sum(result.bytes for result in export.results.all()) or export.result_bytes or 0


def _shots_a_minute(shots: int, made: int, whole: int, seconds: float) -> float | None:
    """A shot counts by its share of the frames."""
    return round(shots * made / whole / seconds * 60, 2) if made > 0 and whole else None


def _rate(count: int, seconds: float) -> float | None:
    return round(count / seconds / MEGABYTE, 2) if count > 0 else None


def _short(value: float | None) -> str:
    return f"{value:.1f}" if value is not None and value < 10 else f"{value:.0f}"
