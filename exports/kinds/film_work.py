"""How much work a film from clips is, in each of its stages; reckoned from its spec and its sources alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from progress.estimate.critical import longest
from progress.estimate.shapes import Part

if TYPE_CHECKING:
    from exports.kinds.base import Around
    from exports.models import Source
    from progress.pipelines import Pipeline, Stage

US = 1_000_000
MEGA = 1e6
CHUNK_SECONDS = 2
GUESSED_BYTES_A_SECOND = 1e6  # of a source that nobody has looked into yet
BYTES_A_PIXEL = {"draft": 0.005, "standard": 0.01, "high": 0.02, "original": 0.03}
USUAL_BYTES = BYTES_A_PIXEL["standard"]
LARGE = 20  # chunks


@dataclass(frozen=True, kw_only=True)
class FilmWork:
    """Frames and chunks as the work will plan them, give or take a frame a clip."""

    frames: int
    chunks: tuple[int, ...]  # the frames of each
    width: int
    height: int
    source_bytes: int
    missing_bytes: int
    quality: str
    enlarged: bool = False  # by a network, which takes so long that nothing else can be compared with it

    @classmethod
    def of(cls, spec: Mapping[str, Any], sources: "Iterable[Source]") -> "FilmWork":
        output, known = spec["output"], {str(source.pk): source for source in sources}
        rate = Fraction(*output["fps"])
        frames = [max(1, round(_length_us(clip, known.get(clip["source"])) * rate / US)) for clip in spec["clips"]]
        size = max(1, round(CHUNK_SECONDS * rate))
        used = [known[pk] for pk in {clip["source"] for clip in spec["clips"]} & known.keys()]
        return cls(
            frames=sum(frames),
            chunks=tuple(part for each in frames for part in _split(each, size)),
            width=output["width"],
            height=output["height"],
            source_bytes=sum(source.bytes for source in used),
            missing_bytes=sum(
                source.bytes - source.stored_bytes for source in used if source.state == source.State.UPLOADING
            ),
            quality=str(output.get("quality", "standard")),
            enlarged="weights" in spec,
        )

    @property
    def megapixels(self) -> float:
        return self.frames * self.width * self.height / MEGA

    @property
    def is_large(self) -> bool:
        return len(self.chunks) >= LARGE

    def parts(self, pipeline: "Pipeline", around: "Around") -> tuple[Part, ...]:
        return tuple(self._part(stage, f"kind={pipeline.name}", around) for stage in pipeline.stages)

    def _part(self, stage: "Stage", kind: str, around: "Around") -> Part:
        machine, project = f"machine={around.machine}", f"project={around.project}"
        settings = (f"settings={self.quality}", f"settings at size={self.quality} {self.width}x{self.height}")
        critical = longest((), self.chunks, around.at_once) * self.width * self.height / MEGA
        told: dict[str, tuple[float, tuple[str, ...]]] = {
            "upload": (self.source_bytes / MEGA if self.missing_bytes else 0.0, (f"network={around.account}",)),
            "fetch": (self.source_bytes / MEGA, (machine,)),
            "process": (critical, (machine, project, *settings)),
            "publish": (self.megapixels * BYTES_A_PIXEL.get(self.quality, USUAL_BYTES), (machine,)),
        }
        of_frames = (critical, (machine, project)) if stage.unit == "frames" else (1.0, (machine,))
        work, levels = told.get(stage.key, of_frames)
        if self.enlarged and stage.key == "process":
            levels = tuple(f"{level} enlarged" for level in levels)
            kind = f"{kind} enlarged"
        idle = around.idle if stage.key == "start" else None
        return Part(stage=stage.key, usual=stage.seconds, work=work, levels=(kind, *levels), idle=idle)


def _split(frames: int, size: int) -> list[int]:
    full, rest = divmod(frames, size)
    return [size] * full + [rest] * (rest > 0)


def _length_us(clip: Mapping[str, Any], source: "Source | None") -> int:
    """Of a clip whose source was not looked at yet, by the size of its file."""
    if clip["out_us"] is not None:
        return max(1, int(clip["out_us"]) - int(clip["in_us"]))
    if source is None:
        return US
    seconds = source.seconds if source.seconds is not None else source.bytes / GUESSED_BYTES_A_SECOND
    return max(1, round(seconds * US) - int(clip["in_us"]))
