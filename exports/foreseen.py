"""What is known of an export before it begins, told to those who estimate."""

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings

from exports import kinds
from exports.kinds import Around
from exports.models import Attempt, Export, Project, Source
from progress.estimate.shapes import Features

if TYPE_CHECKING:
    from exports.tools import Tools

NEVER = 10.0**6  # seconds
AT_ONCE_ON_MODAL = 32  # batches of one export, as the work there hands them out

Known = tuple[Features, bool]  # and whether it is a large one


def tell(export: Export, tools: "Tools") -> None:
    """Anew, since more is known than when it was asked for."""
    sources = kinds.get(export.kind).sources(export)
    features, large = known(export.kind, export.spec, sources, around(export.project, tools.clock()))
    tools.tracker.foresee(export.pk, features, large=large)


def known(kind: str, spec: Mapping[str, Any], sources: Iterable[Source], where: Around) -> Known:
    chosen, all_sources = kinds.get(kind), list(sources)
    parts = chosen.parts(spec, all_sources, where)
    return Features(pipeline=chosen.pipeline_of(spec).key, parts=parts), chosen.is_large(spec, all_sources)


def around(project: Project, now: datetime) -> Around:
    runner, cores = settings.RUNNER, len(os.sched_getaffinity(0))
    local = runner == "local"
    return Around(
        account=str(project.owner_id),
        project=str(project.pk),
        machine=f"local-{cores}" if local else runner,
        at_once=cores if local else AT_ONCE_ON_MODAL,
        idle=None if local else _idle(runner, now),
    )


def _idle(runner: str, now: datetime) -> float:
    """Where nothing ever ran, a start is as cold as one can be."""
    if Attempt.objects.filter(runner=runner, outcome="").exists():
        return 0.0
    ended = Attempt.objects.filter(runner=runner, decided_at__isnull=False).order_by("-pk")  # about the last one
    last = ended.values_list("decided_at", flat=True).first()
    return max(0.0, (now - last).total_seconds()) if last else NEVER
