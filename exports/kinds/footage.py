"""What kinds that work on footage have in common: which clips are meant, and what the work is told of them."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from exports.kinds import enlarging
from exports.kinds.asking import FILM
from exports.kinds.base import Around, Kind, Unplannable
from exports.kinds.film_work import FilmWork
from modal_functions.wire import chunks_of
from progress.estimate.shapes import Part
from progress.pipelines import Stage

if TYPE_CHECKING:
    from exports.models import Clip, Export, Project, Source

US = 1_000_000
HELD_US = US  # for so long the last picture of a clip may stay
RATES = {
    "23.976": (24000, 1001),
    "24": (24, 1),
    "25": (25, 1),
    "29.97": (30000, 1001),
    "30": (30, 1),
    "50": (50, 1),
    "59.94": (60000, 1001),
    "60": (60, 1),
}
QUALITIES = {
    "draft": gettext_lazy("Draft, fast"),
    "standard": gettext_lazy("Standard"),
    "high": gettext_lazy("High, slower"),
}
# Where clips may stand as they are: the bytes are then those of the clips, whatever their quality is.
QUALITIES_OF_FILMS = {**QUALITIES, "original": gettext_lazy("Original: copied where nothing changes, fast")}


class FootageKind(Kind):
    """A plan of one of these has `clips`: each with its source, and its in and out point; no out point is its end."""

    def check(self, options: Mapping[str, Any]) -> None:
        super().check(options)
        enlarging.planned(str(options.get("enlarging") or enlarging.LANCZOS))

    def made_of(self, spec: Mapping[str, Any]) -> set[str]:
        return {clip["source"] for clip in spec["clips"]}

    def parts(self, spec: Mapping[str, Any], sources: "Iterable[Source]", around: Around) -> tuple[Part, ...]:
        if "output" not in spec:
            return super().parts(spec, sources, around)
        return FilmWork.of(spec, sources).parts(self.pipeline, around)

    def is_large(self, spec: Mapping[str, Any], sources: "Iterable[Source]") -> bool:
        return "output" in spec and FilmWork.of(spec, sources).is_large

    def spec(self, export: "Export") -> dict[str, Any]:
        told = told_of(export, self.sources(export))
        film = {"output": export.spec["output"], "clips": told.clips(export.spec["clips"])}
        return {**told.as_wire(), "film": film, **enlarging.told(export.spec)}

    def brings(self, export: "Export", kept: str) -> dict[str, Path]:
        return enlarging.brings(export.spec, kept)

    def described(self, export: "Export") -> tuple[tuple[str, str], ...]:
        return (*super().described(export), *enlarging.described(export.spec))


# Planning


def clips_in(project: "Project", footage: str = FILM) -> list[dict[str, Any]]:
    """Of the film as it is arranged, or of one source, whole."""
    if footage == FILM:
        return film_in(project)
    source_id = _uuid(footage)
    source = project.sources.filter(pk=source_id).first() if source_id else None
    if source is None:
        raise Unplannable(
            _("Footage: expected a clip that is in the project, and this one is not any more. Choose another."),
            option="footage",
        )
    if source.state == source.State.REFUSED:
        said = _("%(name)s cannot be used: %(why)s Choose another.")
        raise Unplannable(said % {"name": source.name, "why": source.refusal}, option="footage")
    if not source.is_footage:
        said = _("Footage: expected a clip, and %(name)s is none. Choose another.")
        raise Unplannable(said % {"name": source.name}, option="footage")
    return [{"source": str(source.pk), "in_us": 0, "out_us": None}]


def film_in(project: "Project") -> list[dict[str, Any]]:
    clips = [
        {"source": str(clip.source_id), "in_us": clip.in_us, "out_us": clip.out_us}
        for clip in project.clips.select_related("source")
        if _checked(clip)
    ]
    if not clips:
        raise Unplannable(_("There is no clip in the film yet. Add one from the library, then export."))
    return clips


def length_in(project: "Project", clips: Sequence[Mapping[str, Any]]) -> int | None:
    """Microseconds of these, one after the other; nothing while one of them was not looked at yet."""
    lengths = {str(source.pk): source.length_us for source in project.sources.all()}
    ends = [lengths.get(clip["source"]) if clip["out_us"] is None else int(clip["out_us"]) for clip in clips]
    known = [end for end in ends if end is not None]
    return sum(known) - sum(int(clip["in_us"]) for clip in clips) if len(known) == len(ends) else None


def footage_of(spec: Mapping[str, Any]) -> str:
    """What was chosen for these clips, as far as it can be told from them."""
    clips = spec["clips"]
    whole = len(clips) == 1 and clips[0]["in_us"] == 0 and clips[0]["out_us"] is None
    return str(clips[0]["source"]) if whole else FILM


def _checked(clip: "Clip") -> bool:
    source, start, end = clip.source, clip.in_us, clip.out_us
    if source.state == source.State.REFUSED:
        said = _("%(name)s cannot be used: %(why)s Take it out of the film, then export.")
        raise Unplannable(said % {"name": source.name, "why": source.refusal})
    if not source.is_footage:
        said = _("%(name)s is no footage. Take it out of the film, then export.")
        raise Unplannable(said % {"name": source.name})
    length = source.length_us
    if end is not None and length is not None and end > length + HELD_US:
        said = _("%(name)s is %(length)s s long: expected an out point by then, got %(to)s s.")
        raise Unplannable(said % {"name": source.name, "length": f"{length / US:g}", "to": f"{end / US:g}"})
    end = length if end is None else end
    if end is not None and start >= end:
        said = _("%(name)s: expected an in point before the out point, got %(from)s s to %(to)s s.")
        raise Unplannable(said % {"name": source.name, "from": f"{start / US:g}", "to": f"{end / US:g}"})
    return True


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


# Telling the work


@dataclass(frozen=True, kw_only=True)
class Told:
    """`sources` by the id that the plan knows them by."""

    project: str
    sources: "dict[str, Source]"
    afresh: str = ""  # the name of a place of its own for parts: one that others have made may be what is wrong

    def as_wire(self) -> dict[str, Any]:
        """What every spec begins with: where parts are kept, and what is fetched."""
        each = self.sources.values()
        return {
            "chunks": f"{chunks_of(self.project)}/{self.afresh}".rstrip("/"),
            "sources": [
                {"key": source.key, "name": source.name, "bytes": source.bytes}
                | ({"deleted": True} if source._state.adding else {})
                for source in each
            ],
        }

    def clips(self, planned: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [_clip(clip, self.sources[clip["source"]]) for clip in planned]


def told_of(export: "Export", found: "list[Source]") -> Told:
    sources = _newest(found)
    for source_id in sorted(_named(export)):
        sources.setdefault(source_id, _deleted(export, source_id))
    return Told(project=str(export.project_id), sources=sources, afresh=str(export.spec.get("afresh", "")))


def _named(export: "Export") -> set[str]:
    from exports import kinds  # noqa: PLC0415 - which is made of its kinds

    return kinds.get(export.kind).made_of(export.spec)


def _newest(sources: "list[Source]") -> "dict[str, Source]":
    """By id, each as it was uploaded last: so a retry finds bytes that were lost and uploaded again."""
    known = {source.sha256 for source in sources if source.usable}
    same = sources[0].project.sources.filter(sha256__in=known, state="ready").order_by("created_at") if known else ()
    latest = {(source.sha256, source.bytes): source for source in same}
    return {str(source.pk): latest.get((source.sha256, source.bytes), source) for source in sources}


def _deleted(export: "Export", source_id: str) -> "Source":
    """Stands for a source that is no more, so that the work finds it missing and says so."""
    from exports import kinds  # noqa: PLC0415 - which is made of its kinds
    from exports.models import Source  # noqa: PLC0415 - the models know the kinds

    name = kinds.get(export.kind).name_of(source_id, export)
    return Source(pk=source_id, project_id=export.project_id, name=name, bytes=1, sha256="0" * 64)


def _clip(clip: Mapping[str, Any], source: "Source") -> dict[str, Any]:
    return {
        "source": source.key,
        "sha256": source.sha256,
        "in_us": clip["in_us"],
        "out_us": clip["out_us"] if clip["out_us"] is not None else clip["in_us"] + _rest_us(clip, source),
    }


def _rest_us(clip: Mapping[str, Any], source: "Source") -> int:
    return max(1, round((source.seconds or 0) * US) - int(clip["in_us"]))


# Stages


def stages(*between: Stage) -> tuple[Stage, ...]:
    """Of every kind that makes a film; what lies from 18 to 90 percent is the kind's own."""
    waiting, slow = (
        gettext_noop("Waiting for a machine."),
        gettext_noop("Most of it is waiting for a machine to start."),
    )
    line = gettext_noop("Most of it is the upload: a faster connection or shorter clips would help most.")
    return (
        Stage(key="upload", label=gettext_noop("Uploading"), start=0, end=10, unit="bytes", seconds=30, faster=line),
        Stage(
            key="start",
            label=gettext_noop("Starting"),
            start=10,
            end=12,
            unit=None,
            seconds=2,
            waiting=waiting,
            faster=slow,
        ),
        Stage(key="fetch", label=gettext_noop("Fetching clips"), start=12, end=18, unit="bytes", seconds=3),
        *between,
        Stage(key="publish", label=gettext_noop("Joining and saving"), start=90, end=95, unit="bytes", seconds=5),
        Stage(
            key="finalize", label=gettext_noop("Finishing"), start=95, end=100, unit=gettext_noop("steps"), seconds=1
        ),
    )
