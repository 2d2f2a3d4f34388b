"""The footage of the bench, drawn anew for every run, and the cuts that are made of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.filter import Graph

US = 1_000_000
RATE = 25
KEYFRAMES = 2 * RATE  # from one to the next: two seconds
SIZES = ((1920, 1080), (1280, 720), (1920, 1080), (1280, 720))
OFF, STEP = 280_000, 400_000  # by how far the first source's trims miss a keyframe, and each further source's more
SOUND_RATE = 48_000


@dataclass(frozen=True, kw_only=True)
class Cut:
    """From `in_us` up to `out_us` of the source of this number."""

    source: int
    in_us: int
    out_us: int

    @property
    def seconds(self) -> Fraction:
        return Fraction(self.out_us - self.in_us, US)

    @property
    def frames(self) -> int:
        return int(self.seconds * RATE)


def cut_list(count: int, length: int) -> list[Cut]:
    """The sources in turn, each time a bit further on: no picture is taken twice."""
    turns = [divmod(number, len(SIZES)) for number in range(count)]
    begins = [(source, _round_up(length) * turn * US + OFF + STEP * source) for turn, source in turns]
    return [Cut(source=source, in_us=begin, out_us=begin + length * US) for source, begin in begins]


def moved(cut: Cut) -> Cut:
    """The same clip a fifth of a second later: another one to whoever keeps parts."""
    return Cut(source=cut.source, in_us=cut.in_us + US // 5, out_us=cut.out_us + US // 5)


def _round_up(length: int) -> int:
    """To the next keyframe but one, so that every turn misses it by the same and `moved` has room."""
    return 2 * (length // 2 + 1)


def seconds_needed(cuts: Sequence[Cut], source: int) -> int:
    """With a second to spare, into which a cut may be moved."""
    return max(-(-cut.out_us // US) for cut in cuts if cut.source == source) + 1


def shoot_all(folder: Path, cuts: Sequence[Cut]) -> list[Path]:
    paths = [folder / f"{number}-{height}p.mp4" for number, (_, height) in enumerate(SIZES)]
    for number, path in enumerate(paths):
        _shoot(path, number, seconds_needed(cuts, number))
    return paths


def shoot_one(path: Path, seconds: int) -> Path:
    _shoot(path, 0, seconds)
    return path


def _shoot(path: Path, number: int, seconds: int) -> None:
    """H.264 as a camera might give it: keyframes every two seconds, frames that refer to later ones, and AAC."""
    width, height = SIZES[number]
    options = {"preset": "superfast", "crf": "20", "bf": "2", "g": str(KEYFRAMES), "sc_threshold": "0"}
    with av.open(str(path), "w") as film:
        picture = film.add_stream("libx264", rate=RATE, options=options)
        picture.width, picture.height, picture.pix_fmt = width, height, "yuv420p"
        sound = film.add_stream("aac", rate=SOUND_RATE, layout="stereo", options={"b": "160k"})
        for index, frame in enumerate(_pictures(width, height, number, seconds)):
            frame.pts, frame.time_base, frame.pict_type = index, Fraction(1, RATE), 0
            film.mux(picture.encode(frame))
        film.mux(picture.encode(None))
        for frame in _sounds(number, seconds):
            film.mux(sound.encode(frame))
        film.mux(sound.encode(None))


def _pictures(width: int, height: int, number: int, seconds: int) -> Iterator[Any]:
    """One picture full of detail, over which a camera moves, with a little grain. An encoder needs as long for a frame
    of it as for one of ordinary footage."""
    detail = f"size={width * 5 // 4}x{height * 5 // 4}:rate={RATE}:start_scale={0.02 * (number + 1)}"
    across, down = f"(iw-ow)/2*(1+sin(n/{17 + number}))", f"(ih-oh)/2*(1+cos(n/{23 + number}))"
    yield from _pulled(
        ("mandelbrot", f"{detail}:end_scale=0.0001:maxiter=400:inner=convergence"),
        ("trim", "end_frame=1"),
        ("loop", f"loop={seconds * RATE - 1}:size=1"),
        ("format", "yuv420p"),
        ("crop", f"{width}:{height}:{across}:{down}"),
        ("noise", "alls=2:allf=t"),
        ("format", "yuv420p"),
        ("buffersink", None),
    )


def _sounds(number: int, seconds: int) -> Iterator[Any]:
    tone = f"0.2*sin({220 + 110 * number}*2*PI*t)*(1+sin(t))"
    yield from _pulled(
        ("aevalsrc", f"{tone}|{tone}:s={SOUND_RATE}:d={seconds}"),
        ("aformat", "sample_fmts=fltp:channel_layouts=stereo"),
        ("abuffersink", None),
    )


def _pulled(*steps: tuple[str, str | None]) -> Iterator[Any]:
    graph = Graph()
    graph.link_nodes(*(graph.add(name, given) for name, given in steps)).configure()
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, EOFError):
            return
