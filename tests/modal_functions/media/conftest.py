import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from modal_functions.media.chunks import Chunk, plan
from modal_functions.media.join import Part, join
from modal_functions.media.render import render
from modal_functions.media.sound import Piece, compose, plan_sound, take
from modal_functions.media.spec import Clip, Film, Output
from modal_functions.media.timeline import Timeline, lay_out

from .reels import Reel, shoot

KINDS = {
    "cinema.mov": {"rate": Fraction(24000, 1001), "sound": "aac"},
    "sixty.mkv": {"rate": Fraction(60), "size": (640, 360)},
    "deep.mp4": {"rate": Fraction(30), "codec": "libx265", "pixel_format": "yuv420p10le", "sound": "aac"},
    "held.mov": {"rotation": 90},
    "odd.mkv": {"size": (321, 181), "pixel_format": "yuv444p", "layout": "5.1"},
    "phone.mp4": {
        "rate": Fraction(30),
        "gaps": (3, 4, 5, 20, 50, 51, 52, 53, 54, 55, 80),
        "sound": "aac",
        "layout": "mono",
        "sound_rate": 44100,
    },
    "mute.mov": {"layout": None},
    "square.mp4": {"size": (180, 180), "sound": "aac"},
    "fields.mov": {"options": {"flags": "+ildct+ilme", "x264-params": "tff=1"}},
    "late.mov": {"picture_from": Fraction(2, 5), "sound_from": Fraction(1, 2)},
}


def sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def clip(name: str, begin: float, end: float) -> Clip:
    return Clip(source=name, sha256=sha(name), in_us=round(begin * 1e6), out_us=round(end * 1e6))


@pytest.fixture(scope="session")
def reels(tmp_path_factory) -> dict[str, Reel]:
    folder = tmp_path_factory.mktemp("reels")
    return {name: shoot(folder / name, **kind) for name, kind in KINDS.items()}


@dataclass(frozen=True, kw_only=True)
class Made:
    film: Film
    timeline: Timeline
    chunks: list[Chunk]
    pieces: list[Piece]
    folder: Path
    path: Path
    frames_heard: list[int]
    bytes_heard: list[int]


TEN = (
    ("cinema.mov", 0.333337, 2.000001),
    ("sixty.mkv", 1.017, 3.49),
    ("deep.mp4", 0.71, 2.9),
    ("held.mov", 1.23, 2.34),
    ("odd.mkv", 0.05, 1.999),
    ("phone.mp4", 0.111, 3.2),
    ("mute.mov", 2.0, 2.9),
    ("cinema.mov", 2.5, 3.9),
    ("fields.mov", 0.4, 3.1),
    ("square.mp4", 1.5, 1.51),
)


@pytest.fixture(scope="session")
def made(reels, tmp_path_factory) -> Made:
    folder = tmp_path_factory.mktemp("film")
    film = Film(output=Output(width=320, height=180, fps=(30000, 1001)), clips=tuple(clip(*each) for each in TEN))
    timeline = lay_out(film)
    chunks, pieces = plan(timeline, film.output), plan_sound(timeline)
    frames_heard, bytes_heard = [], []
    for span in timeline.spans:
        mine = [chunk for chunk in chunks if chunk.clip == span.index]
        list(render(reels[span.clip.source].path, mine, film.output, folder, frames_heard.append))
    for piece in pieces:
        take(reels[piece.source].path, piece, folder)
    compose(pieces, folder, folder / "sound.m4a")
    parts = [Part(path=folder / f"{chunk.key}.mp4", frames=chunk.frames) for chunk in chunks]
    join(parts, folder / "sound.m4a", film.output, folder / "film.mp4", bytes_heard.append)
    return Made(
        film=film,
        timeline=timeline,
        chunks=chunks,
        pieces=pieces,
        folder=folder,
        path=folder / "film.mp4",
        frames_heard=frames_heard,
        bytes_heard=bytes_heard,
    )
