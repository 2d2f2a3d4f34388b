"""What is on record of jobs that are complete, in the order in which they ended: to learn from it once more."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from progress import outlook, teaching
from progress.estimate.shapes import Features, Measured, Observation
from progress.models import Job, Outlook, StageRun
from progress.report import Passed

AT_ONCE = 200  # jobs that are in memory


@dataclass(frozen=True, kw_only=True)
class Recorded:
    job: Job
    features: Features
    trace: tuple[Observation, ...]
    runs: tuple[StageRun, ...]
    seconds: float

    def measured(self) -> list[Measured]:
        """As it was when each stage ended."""
        passed = [_passed(run) for run in self.runs if run.finished and not self.is_redone(run)]
        return teaching.lessons(passed, self.features, self.trace)

    def is_redone(self, run: StageRun) -> bool:
        return sum(other.stage == run.stage for other in self.runs) > 1

    def line(self, slots: int) -> dict[str, Any]:
        """As a line of JSON that the replay harness of the tests reads; seconds on the clock of the site."""
        numbers = {part.stage: number for number, part in enumerate(self.features.parts)}
        known = [run for run in sorted(self.runs, key=lambda run: run.began) if run.stage in numbers]
        return {
            "pipeline": self.features.pipeline,
            "created": self.job.created_at.timestamp(),
            "place": _place(self.features),
            "slots": slots,
            "tags": ["retry"] if self.job.attempt > 1 else [],
            "parts": outlook.as_json(self.features)["parts"],
            "runs": [self._run(run, numbers[run.stage]) for run in known],
        }

    def _run(self, run: StageRun, number: int) -> dict[str, Any]:
        began, seconds = run.began.timestamp(), run.seconds
        kept = run.kept / run.total if run.kept and run.total else 0.0
        seen = [each for each in self.trace if each.part == number and 0 <= each.at - each.began <= seconds]
        marks = [(began, kept), *((began + each.at - each.began, each.done) for each in seen if each.done > kept)]
        return {
            "part": number,
            "began": began,
            "ended": began + seconds,
            "finished": run.finished,
            "clean": not self.is_redone(run),
            "kept": kept,
            "units": run.total or 0,
            "marks": [*marks, (began + seconds, 1.0)] if run.finished and run.total else marks,
        }


def newest(limit: int, *, pipeline: str = "") -> Iterator[Recorded]:
    """So many of the last that are complete; the oldest of them first, and few in memory at a time."""
    complete = Outlook.objects.filter(complete_at__isnull=False).order_by("-complete_at", "-pk")
    complete = complete.filter(pipeline=pipeline) if pipeline else complete
    ids = list(complete.values_list("pk", flat=True)[:limit])[::-1]
    for start in range(0, len(ids), AT_ONCE):
        yield from _read(ids[start : start + AT_ONCE])


def _read(ids: Sequence[Any]) -> Iterator[Recorded]:
    rows = Outlook.objects.select_related("job").in_bulk(ids)
    runs: dict[Any, list[StageRun]] = defaultdict(list)
    for run in StageRun.objects.filter(job_id__in=ids).order_by("id"):
        runs[run.job_id].append(run)
    for pk in ids:
        row = rows.get(pk)
        if row is not None and row.seconds is not None:
            yield Recorded(
                job=row.job,
                features=outlook.from_json(row.features),
                trace=tuple(outlook.seen_from_json(each) for each in row.trace),
                runs=tuple(runs[pk]),
                seconds=row.seconds,
            )


def _passed(run: StageRun) -> Passed:
    return Passed(stage=run.stage, began=run.began, ended=run.ended, done=run.done, total=run.total, kept=run.kept)


def _place(features: Features) -> str:
    levels = (level for part in features.parts for level in part.levels if level.startswith("machine="))
    return next(levels, "").partition("=")[2]
