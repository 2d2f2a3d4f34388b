"""What kinds that begin with a story have in common: its plan, what the work is told of it, and how it is worded."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_noop as _

from exports import stories
from exports.kinds.base import Unplannable, known
from exports.kinds.footage import RATES, FootageKind, film_in, told_of
from modal_functions.editing.cut import Unreadable
from modal_functions.editing.timecode import Counting
from progress.pipelines import Stage

if TYPE_CHECKING:
    from exports.models import Export, Project


class StoryKind(FootageKind):
    """A plan of one of these has `clips`, with a note each in `notes`, and the rate at which they are counted."""

    template = "kinds/story.html"
    pieces = _("shots")
    several = True

    def story(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        rate = RATES[known("rate", str(options.get("rate", "25")), RATES)]
        drop = options.get("drop", False) is True
        if not options.get("shots"):
            clips = film_in(project)
            notes = [""] * len(clips)
        else:
            try:
                shots = stories.shots_from(options["shots"])
                clips, notes = stories.clips_of(project, shots), [shot.note for shot in shots]
            except Unreadable as error:
                raise Unplannable(str(error), option="shots") from error
        try:
            Counting(rate=Fraction(*rate), drop=drop)
        except ValueError as error:
            raise Unplannable(str(error), option="rate") from error
        return {"clips": clips, "notes": notes, "rate": list(rate), "drop": drop}

    def shots(self, spec: Mapping[str, Any]) -> int:
        return len(spec["clips"])

    def spec(self, export: "Export") -> dict[str, Any]:
        told, plan = told_of(export, self.sources(export)), export.spec
        clips = told.clips(plan["clips"])
        shots = [{"clip": clip, "note": note} for clip, note in zip(clips, plan["notes"], strict=True)]
        story = {"title": export.job.title, "project": export.project.name, "rate": plan["rate"], "drop": plan["drop"]}
        story["timecodes"] = {
            source.key: own for source in told.sources.values() if (own := source.facts.get("timecode")) is not None
        }
        return {**told.as_wire(), "story": {**story, "shots": shots}}


UPLOADING = _("Most of it is the upload: a faster connection or shorter clips would help most.")
STEPS = {
    "upload": Stage(key="upload", label=_("Validate input parameters"), start=0, end=5, unit="bytes", seconds=5,
                    faster=UPLOADING),
    "load": Stage(key="load", label=_("Load and validate source files"), start=5, end=10, unit="bytes", seconds=2),
    "metadata": Stage(key="metadata", label=_("Extract story metadata"), start=10, end=15, unit=_("clips"), seconds=1),
    "edl": Stage(key="edl", label=_("Generate EDL file"), start=15, end=20, unit=_("files"), seconds=2),
    "cleanup": Stage(key="cleanup", label=_("Cleanup temporary files"), start=65, end=70, unit=_("files"), seconds=0.1),
    "notify": Stage(key="notify", label=_("Send completion notification"), start=70, end=100, unit=_("steps"),
                    seconds=0.2),
}  # fmt: skip


def by_seconds(steps: Sequence[Stage]) -> tuple[Stage, ...]:
    """The same steps, in bands as wide as the seconds that they usually take, and one percent at least."""
    spare, whole = 100 - len(steps), sum(step.seconds for step in steps)
    ends = [
        number + round(spare * sum(step.seconds for step in steps[:number]) / whole) for number in range(len(steps) + 1)
    ]
    bands = pairwise(ends)
    return tuple(replace(step, start=start, end=end) for step, (start, end) in zip(steps, bands, strict=True))
