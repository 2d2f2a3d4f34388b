"""edl: a story as other editing programs read it: CMX 3600, OpenTimelineIO, Final Cut XML. Nothing is rendered."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_noop

from exports.kinds.story_form import StoryForm
from exports.kinds.story_kind import STEPS, StoryKind, by_seconds
from progress.pipelines import Pipeline, register

if TYPE_CHECKING:
    from exports.models import Project

SIX = tuple(STEPS[key] for key in ("upload", "load", "metadata", "edl", "cleanup", "notify"))


class EditList(StoryKind):
    key = "edl"
    label = gettext_noop("Edit list")
    job_type = "edl"
    noun = gettext_noop("Edit List")
    told = gettext_noop(
        "Your story as an EDL, an OpenTimelineIO timeline and Final Cut XML, for other editing programs."
    )
    order = 40
    form = StoryForm
    pipeline = register(
        Pipeline(
            name="edl",
            version=1,
            title=gettext_noop("Writing your edit list..."),
            pausable=True,
            keeps_parts=True,
            stages=by_seconds(SIX),
        )
    )

    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        return self.story(project, options)


KIND = EditList()
