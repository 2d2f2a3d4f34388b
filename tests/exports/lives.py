"""Exports whose whole life is played through the tracker, by a clock of their own: what statistics are made of."""

import random
from dataclasses import dataclass
from datetime import timedelta

from exports.kinds import Around
from exports.kinds.multi_clip import Choice, MultiClip
from exports.models import Attempt, Export
from progress.estimate.shapes import Features
from progress.report import Passed, Report
from tests.exports.footage import project_of, source_in

MACHINE = Around(account="1", project="1", machine="local-4", at_once=4)


@dataclass
class Lives:
    """`pace`: seconds for a megapixel; `luck`: by how much that differs from one export to the next."""

    tracker: object
    clock: object
    pace: float = 0.02
    luck: random.Random = None

    def project(self, owner, name="Lofoten", seconds=60.0):
        project = project_of(owner, name)
        project.append([source_in(project, seconds=seconds)])
        return project

    def begin(self, project, *, seconds=60.0, size="720p", quality="standard"):
        """Asked for, and in the queue."""
        kind, source = MultiClip(), project.sources.first()
        clip = {"source": str(source.pk), "in_us": 0, "out_us": round(seconds * 1e6)}
        spec = {"clips": [clip], "output": Choice(size=size, quality=quality).output()}
        around = Around(**{**vars(MACHINE), "account": str(project.owner_id), "project": str(project.pk)})
        features = Features(pipeline=kind.pipeline.key, parts=kind.parts(spec, [source], around))
        job = self.tracker.create(
            kind.pipeline.key, title=project.name, owner=project.owner, uploading=True, uploaded=1.0,
            features=features, large=kind.is_large(spec, [source]),
        )  # fmt: skip
        export = Export.objects.create(job=job, project=project, kind=kind.key, spec=spec, next_due_at=None)
        self.tracker.update_progress_incremental(job.pk, 0, source.bytes, "bytes", stage="upload")
        self.clock.pass_by(3)
        self.tracker.update_progress_incremental(job.pk, source.bytes, source.bytes, "bytes", stage="upload")
        self.tracker.uploaded(job.pk)
        return export

    def run(self, export, *, looks=8, until=1.0):
        """Through its stages, with a report each time that so much more of it is done."""
        features = self.tracker.foresight.features(export.job)
        work = {part.stage: part.work for part in features.parts}
        chance = self.luck.uniform(0.9, 1.1) if self.luck else 1.0
        frames = round(work["process"] * MACHINE.at_once * 1e6 / (1280 * 720))
        took = {"start": 1.0, "fetch": 1.0, "process": work["process"] * self.pace * chance, "publish": 2.0}
        self.clock.pass_by(2)
        self.tracker.start(export.pk)
        Attempt.objects.create(export=export, number=1, runner="local", outcome="ok", gone_at=self.clock())
        self.seq, passed = 0, []
        for stage, unit, total in (
            ("start", None, None), ("fetch", "bytes", 100), ("process", "frames", frames), ("publish", "bytes", 300)
        ):  # fmt: skip
            began = self.clock()
            for look in range(looks + 1):
                done = None if total is None else round(total * look / looks)
                if stage == "process" and look / looks > until:
                    return
                self.tell(export, stage, began, done, total, unit, passed)
                self.clock.pass_by(took[stage] / looks)
            passed.append(Passed(stage=stage, began=began, ended=self.clock(), done=total, total=total, kept=None))
        self.tracker.finalize(export.pk)
        self.tell(export, "finalize", self.clock(), 0, 1, "steps", passed)
        self.clock.pass_by(1)

    def end(self, export, size=5_000_000):
        self.tracker.complete(export.pk)
        Export.objects.filter(pk=export.pk).update(result_bytes=size, result_key="x")

    def whole(self, owner_or_project, **more):
        """From pressing Export to the film."""
        project = owner_or_project if hasattr(owner_or_project, "sources") else self.project(owner_or_project)
        export = self.begin(project, **more)
        self.run(export)
        self.end(export)
        self.clock.pass_by(timedelta(minutes=5).total_seconds())
        return export

    def tell(self, export, stage, began, done, total, unit, passed):
        self.seq += 1
        self.tracker.observe(
            Report(
                job=export.pk, attempt=1, run=1, seq=self.seq, stage=stage, at=self.clock(), began=began, done=done,
                total=total, unit=unit, passed=tuple(passed),
            )
        )  # fmt: skip
