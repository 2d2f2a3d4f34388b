"""A project to begin with: three clips made here and put in order, so that the first export is one click away."""

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import transaction

from exports import sample, sources, store_said
from exports.models import Clip, Project, Source, User
from exports.tools import Tools
from modal_functions.store import StoreError

logger = logging.getLogger("exports")

NAME = "Sample film"
CLIPS = ((1, "Blue waves.mp4"), (2, "Green drift.mp4"), (3, "Pink pulse.mp4"))

Make = Callable[[Path, int], None]


def begin(owner: User) -> Project:
    return Project.objects.create(owner=owner, name=NAME)


def begun(owner: User) -> Project | None:
    """It, where nothing is in its film yet, or no more. What its owner has deleted does not come back, nor does a clip
    that was taken out while others are in."""
    return owner.projects.filter(name=NAME, clips__isnull=True, exports__isnull=True).order_by("created_at").first()


def lay_out(owner: User, tools: Tools, make: Make = sample.make) -> int:
    """Makes what is missing of it, and puts all into its film at last: broken off, it is gone on with. Returns how
    many clips are in the film by that."""
    project = begun(owner)
    if project is None:
        return 0
    try:
        made = [_made(project, number, name, tools, make) for number, name in CLIPS]
    except StoreError as error:
        logger.warning("The sample film waits for the next start. %s", store_said.told(error))
        return 0
    with _alone(owner):
        if begun(owner) != project:  # another start was quicker, or its owner
            return 0
        placed = enumerate(made, 1)
        return len(Clip.objects.bulk_create(Clip(project=project, source=each, position=at) for at, each in placed))


def makes_one(owner: User, tools: Tools, make: Make = sample.make) -> bool:
    """A clip that is missing of it: to make all three may take a slow machine longer than a task may. False where none
    was made."""
    project = begun(owner)
    missing = [clip for clip in CLIPS if _ready(project, clip[1]) is None] if project else []
    if project is None or not missing:
        return False
    with contextlib.suppress(StoreError):
        return _made(project, *missing[0], tools, make).state == Source.State.READY
    return False


def _made(project: Project, number: int, name: str, tools: Tools, make: Make) -> Source:
    if (ready := _ready(project, name)) is not None:
        return ready
    with tempfile.TemporaryDirectory(prefix="longhaul-sample-") as folder:
        path = Path(folder, name)
        make(path, number)
        return sources.fill(_source_of(project, path), path, tools)


def _ready(project: Project, name: str) -> Source | None:
    return project.sources.filter(name=name, state=Source.State.READY).first()


def _source_of(project: Project, path: Path) -> Source:
    """A site that was stopped at once and started again lays it out twice at the same time, in part from before."""
    with _alone(project.owner):
        there = project.sources.filter(name=path.name).first()
        return there or Source.objects.create(project=project, name=path.name, bytes=path.stat().st_size)


@contextlib.contextmanager
def _alone(owner: User) -> Iterator[None]:
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        yield
