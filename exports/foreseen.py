"""What is known of an export before it begins, told to those who estimate."""

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from exports import kinds
from exports.kinds import Around
from exports.models import Attempt, Export, Source
from progress.estimate.shapes import Features

NEVER = 10.0**6  # seconds
AT_ONCE_ON_MODAL = 32  # batches of one export, as the work there hands them out


def around(account: Any, project: Any, now: datetime) -> Around:
    runner = settings.RUNNER
    cores = len(os.sched_getaffinity(0))
    local = runner == "local"
    return Around(
        account=str(account),
        project=str(project),
        machine=f"local-{cores}" if local else runner,
        at_once=cores if local else AT_ONCE_ON_MODAL,
        idle=None if local else _idle(runner, now),
    )


def features(kind: str, spec: Mapping[str, Any], sources: Iterable[Source], where: Around) -> Features:
    chosen = kinds.get(kind)
    return Features(pipeline=chosen.pipeline.key, parts=chosen.parts(spec, sources, where))


def of(export: Export, now: datetime) -> tuple[Features, bool]:
    """Its features, and whether it is a large one."""
    kind, sources = kinds.get(export.kind), kinds.get(export.kind).sources(export)
    where = around(export.project.owner_id, export.project_id, now)
    return features(export.kind, export.spec, sources, where), kind.is_large(export.spec, sources)


def _idle(runner: str, now: datetime) -> float:
    """Where nothing ever ran, a start is as cold as one can be."""
    if Attempt.objects.filter(runner=runner, outcome="").exists():
        return 0.0
    ended = Attempt.objects.filter(runner=runner, decided_at__isnull=False).order_by("-pk")  # about the last one
    last = ended.values_list("decided_at", flat=True).first()
    return max(0.0, (now - last).total_seconds()) if last else NEVER
