"""multi_clip: clips in order, each trimmed, made into one film."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from exports.kinds.base import Error, Kind, Unplannable
from progress.pipelines import Pipeline, Stage, register

if TYPE_CHECKING:
    from exports.models import Attempt, Clip, Export, Project, Source
    from progress.tracker import ProgressTracker

SIZES = {
    "720p": ("720p (1280 × 720)", 1280, 720),
    "1080p": ("1080p (1920 × 1080)", 1920, 1080),
    "2160p": ("4K (3840 × 2160)", 3840, 2160),
    "square": ("Square (1080 × 1080)", 1080, 1080),
    "portrait": ("Portrait (1080 × 1920)", 1080, 1920),
    "360p": ("360p (640 × 360), for a quick look", 640, 360),
}
RATES = {
    "23.976": (24000, 1001),
    "24": (24, 1),
    "25": (25, 1),
    "29.97": (30000, 1001),
    "30": (30, 1),
    "50": (50, 1),
    "60": (60, 1),
}
QUALITIES = {"draft": "Draft, fast", "standard": "Standard", "high": "High, slower"}
US = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person chose of the output."""

    size: str = "1080p"
    rate: str = "30"
    quality: str = "standard"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("size", self.size, SIZES),
            ("rate", self.rate, RATES),
            ("quality", self.quality, QUALITIES),
        ):
            if value not in known:
                raise Unplannable(f"{name.capitalize()}: expected one of {', '.join(known)}, got {value!r}.")

    def output(self) -> dict[str, Any]:
        _, width, height = SIZES[self.size]
        return {"width": width, "height": height, "fps": list(RATES[self.rate]), "quality": self.quality}


class MultiClip(Kind):
    key = "multi_clip"
    label = "Film from clips"
    pieces = "clips"
    pipeline = register(
        Pipeline(
            name="multi_clip",
            version=1,
            title="Rendering your film...",
            pausable=True,
            keeps_parts=True,
            stages=(
                Stage(
                    key="upload",
                    label="Uploading",
                    start=0,
                    end=10,
                    unit="bytes",
                    seconds=30,
                    faster="Most of it is the upload: a faster connection or shorter clips would help most.",
                ),
                Stage(
                    key="start",
                    label="Starting",
                    start=10,
                    end=12,
                    unit=None,
                    seconds=2,
                    waiting="Waiting for a machine.",
                    faster="Most of it is waiting for a machine to start.",
                ),
                Stage(key="fetch", label="Fetching clips", start=12, end=18, unit="bytes", seconds=3),
                Stage(
                    key="process",
                    label="Rendering",
                    start=18,
                    end=90,
                    unit="frames",
                    seconds=120,
                    faster="Most of it is rendering: a smaller size, fewer frames or draft quality would help most.",
                ),
                Stage(key="publish", label="Joining and saving", start=90, end=95, unit="bytes", seconds=5),
                Stage(key="finalize", label="Finishing", start=95, end=100, unit="steps", seconds=1),
            ),
        )
    )
    errors = {
        "input_unreadable": Error(retryable=False),
        "input_missing": Error(retryable=False),
        "unsupported": Error(retryable=False),
        "too_long": Error(retryable=False),
        "poison": Error(retryable=False),
        "out_of_memory": Error(retryable=True),
        "function_timeout": Error(retryable=True),
        "result_invalid": Error(retryable=True),
        "store": Error(retryable=True),
        "internal": Error(retryable=True),
    }

    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        choice = Choice(**{name: str(value) for name, value in options.items()})
        clips = [
            {"source": str(clip.source_id), "in_us": clip.in_us, "out_us": clip.out_us}
            for clip in project.clips.select_related("source")
            if _checked(clip)
        ]
        if not clips:
            raise Unplannable("There is no clip in the film yet. Add one from the library, then export.")
        return {"clips": clips, "output": choice.output()}

    def sources(self, export: "Export") -> "list[Source]":
        wanted = {clip["source"] for clip in export.spec["clips"]}
        return list(export.project.sources.filter(pk__in=wanted))

    def spec(self, export: "Export") -> dict[str, Any]:
        sources = _newest(self.sources(export))
        for clip in export.spec["clips"]:
            sources.setdefault(clip["source"], _deleted(export, clip["source"]))
        return {
            "chunks": f"projects/{export.project_id}/chunks",
            "sources": [{"key": source.key, "name": source.name, "bytes": source.bytes} for source in sources.values()],
            "film": {
                "output": export.spec["output"],
                "clips": [_clip(clip, sources[clip["source"]]) for clip in export.spec["clips"]],
            },
        }

    def finalize(self, export: "Export", attempt: "Attempt", tracker: "ProgressTracker") -> bool:
        from exports.models import Export, Notice, Project  # noqa: PLC0415 - the models know the kinds

        result = export.result_facts
        with transaction.atomic():
            if not tracker.complete(export.pk):
                return False
            Export.objects.filter(pk=export.pk).update(
                result_key=result["key"], result_bytes=result["bytes"], result_sha256=result["sha256"]
            )
            Project.objects.filter(pk=export.project_id).update(film=export)
            Notice.owe(export, Notice.Event.DONE, attempt=attempt.number, text=f"“{export.job.title}” is ready.")
        return True


def _checked(clip: "Clip") -> bool:
    source, start, end = clip.source, clip.in_us, clip.out_us
    if source.state == source.State.REFUSED:
        raise Unplannable(f"{source.name} cannot be used: {source.refusal} Take it out of the film, then export.")
    if end is None and source.seconds is not None:
        end = round(source.seconds * US)
    if end is not None and start >= end:
        raise Unplannable(
            f"{source.name}: expected an in point before the out point, got {start / US:g} s to {end / US:g} s."
        )
    return True


def _newest(sources: "list[Source]") -> "dict[str, Source]":
    """By id, each as it was uploaded last: so a retry finds bytes that were lost and uploaded again."""
    known = {source.sha256 for source in sources if source.usable}
    same = sources[0].project.sources.filter(sha256__in=known, state="ready").order_by("created_at") if known else ()
    latest = {(source.sha256, source.bytes): source for source in same}
    return {str(source.pk): latest.get((source.sha256, source.bytes), source) for source in sources}


def _deleted(export: "Export", source_id: str) -> "Source":
    """Stands for a source that is no more, so that the work finds it missing and says so."""
    from exports.models import Source  # noqa: PLC0415 - the models know the kinds

    return Source(pk=source_id, project_id=export.project_id, name="a clip that was deleted", bytes=1, sha256="0" * 64)


def _clip(clip: dict[str, Any], source: "Source") -> dict[str, Any]:
    return {
        "source": source.key,
        "sha256": source.sha256,
        "in_us": clip["in_us"],
        "out_us": clip["out_us"] if clip["out_us"] is not None else clip["in_us"] + _rest_us(clip, source),
    }


def _rest_us(clip: dict[str, Any], source: "Source") -> int:
    return max(1, round((source.seconds or 0) * US) - int(clip["in_us"]))
