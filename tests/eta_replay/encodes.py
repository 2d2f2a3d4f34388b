"""The real encodes that the replay learns from and is judged on: seconds of x264, by video and by settings."""

import csv
import gzip
import os
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from progress.estimate.shapes import Part
from tests.eta_replay.trace import Run, Trace

ROOT = Path(__file__).parents[2]
PLACES = (ROOT / "var" / "x264" / "encodes.csv.gz", ROOT.parent / "shared" / "data" / "x264" / "encodes.csv.gz")


@dataclass(frozen=True, slots=True)
class Encode:
    video: str
    category: str
    size: str
    config: str
    search: str  # how it looks for motion: of its settings, what makes the most difference
    frames: int
    megapixels: float  # of all frames
    seconds: float


def found() -> Path | None:
    named = os.environ.get("LONGHAUL_X264")
    places = (Path(named), *PLACES) if named else PLACES
    return next((place for place in places if place.is_file()), None)


@cache
def encodes(path: Path) -> tuple[Encode, ...]:
    with gzip.open(path, "rt") as file:
        return tuple(_encode(row) for row in csv.DictReader(file))


def _encode(row: dict[str, str]) -> Encode:
    width, height, frames = int(row["width"]), int(row["height"]), int(row["frames"])
    return Encode(
        video=row["video"],
        category=row["category"],
        size=f"{width}x{height}",
        config=row["config"],
        search=row["me"],
        frames=frames,
        megapixels=width * height * frames / 1e6,
        seconds=float(row["seconds"]),
    )


def halves(path: Path, seed: int) -> tuple[list[Encode], list[Encode]]:
    """To learn from, and of other videos to be judged on. The file is in no order of time: each half is shuffled."""
    chance = random.Random(seed)
    videos = sorted({encode.video for encode in encodes(path)})
    chance.shuffle(videos)
    first = set(videos[: len(videos) // 2])
    learned = [encode for encode in encodes(path) if encode.video in first]
    judged = [encode for encode in encodes(path) if encode.video not in first]
    chance.shuffle(learned)
    chance.shuffle(judged)
    return learned, judged


def part(encode: Encode, *, finer: bool = True) -> Part:
    """`finer`: with what settings do at this size, and what this video does with that way of searching."""
    levels = ("kind=x264", f"settings={encode.config}", f"project={encode.video}")
    if finer:
        levels += (
            f"settings at size={encode.config} {encode.size}",
            f"project with search={encode.video} {encode.search}",
        )
    return Part(stage="process", usual=3.0, work=encode.megapixels, levels=levels)


def trace(encode: Encode, at: float) -> Trace:
    run = Run(part=0, began=at, ended=at + encode.seconds, units=encode.frames)
    return Trace(pipeline="x264", created=at, parts=(part(encode),), runs=(run,))
