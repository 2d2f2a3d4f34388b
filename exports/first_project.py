"""A project to begin with: three clips made here and put in order, so that the first export is one click away."""

import logging
import tempfile
from pathlib import Path

from exports import sample, sources, store_said
from exports.models import Clip, Project, User
from exports.tools import Tools
from modal_functions.store import StoreError

logger = logging.getLogger("exports")

NAME = "Sample film"
CLIPS = ((1, "Blue waves.mp4"), (2, "Green drift.mp4"), (3, "Pink pulse.mp4"))


def is_there(owner: User) -> bool:
    return Clip.objects.filter(project__owner=owner, project__name=NAME).count() >= len(CLIPS)


def lay_out(owner: User, tools: Tools) -> int:
    """Makes what is missing of it, and returns how much that was: broken off, it is gone on with."""
    project, _ = Project.objects.get_or_create(owner=owner, name=NAME)
    missing = [(number, name) for number, name in CLIPS if not project.clips.filter(source__name=name).exists()]
    for number, name in missing:
        with tempfile.TemporaryDirectory(prefix="longhaul-sample-") as folder:
            path = Path(folder, name)
            sample.make(path, number)
            try:
                source = sources.take_in(project, path, tools)
            except StoreError as error:
                logger.warning("The sample film waits for the next start. %s", store_said.told(error))
                return 0
        Clip.objects.get_or_create(project=project, source=source, defaults={"position": number})
    return len(missing)
