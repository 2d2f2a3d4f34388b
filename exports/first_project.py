"""A project to begin with: three clips made here and put in order, so that the first export is one click away."""

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.db import transaction

from exports import sample, sources, store_said
from exports.models import Clip, Project, Source, User
from exports.tools import Tools
from modal_functions.store import StoreError

logger = logging.getLogger("exports")

NAME = "Sample film"
CLIPS = ((1, "Blue waves.mp4"), (2, "Green drift.mp4"), (3, "Pink pulse.mp4"))


def is_there(owner: User) -> bool:
    return Clip.objects.filter(project__owner=owner, project__name=NAME).count() >= len(CLIPS)


def lay_out(owner: User, tools: Tools) -> int:
    """Makes what is missing of it, and returns how much that was: broken off, it is gone on with."""
    with _alone(owner):
        project, _ = Project.objects.get_or_create(owner=owner, name=NAME)
    missing = [(number, name) for number, name in CLIPS if not project.clips.filter(source__name=name).exists()]
    for number, name in missing:
        with tempfile.TemporaryDirectory(prefix="longhaul-sample-") as folder:
            path = Path(folder, name)
            sample.make(path, number)
            source = _source_of(project, path)
            try:
                if source.state != Source.State.READY:
                    sources.fill(source, path, tools)
            except StoreError as error:
                logger.warning("The sample film waits for the next start. %s", store_said.told(error))
                return 0
        with _alone(owner):
            Clip.objects.get_or_create(project=project, source=source, defaults={"position": number})
    return len(missing)


def _source_of(project: Project, path: Path) -> Source:
    """A site that was stopped at once and started again lays it out twice at the same time, in part from before."""
    with _alone(project.owner):
        begun = project.sources.filter(name=path.name).first()
        return begun or Source.objects.create(project=project, name=path.name, bytes=path.stat().st_size)


@contextlib.contextmanager
def _alone(owner: User) -> Iterator[None]:
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        yield
