"""Films of random cuts through sources of many sorts, of which as much is copied as can be; every frame is looked at.

python -m tests.modal_functions.media.cuts --films 500 --seed 1
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from modal_functions.media.chunks import COPY, ENCODE, Place
from modal_functions.media.join import Part, join
from modal_functions.media.render import render
from modal_functions.media.sound import compose, plan_sound, take
from modal_functions.media.sparing import Copied
from modal_functions.media.spec import Clip, Film, Output
from modal_functions.media.survey import NOTHING, survey
from modal_functions.media.timeline import lay_out
from modal_functions.media.verify import verify
from modal_functions.untouched import Untouched, that_fit

from .conftest import clip
from .reels import Reel, number_on, shoot

X264 = "x264-params"
NTSC = Fraction(30000, 1001)
# Of each, its frames can be copied unless it is said why not.
SORTS = {
    "usual.mp4": {"options": {"g": "25", "preset": "veryfast"}},
    "plain.mp4": {"options": {"g": "20", "bf": "0", "profile": "baseline"}},
    "main.mov": {"options": {"g": "15", "profile": "main", "preset": "fast"}, "sound": "aac"},
    "pyramid.mp4": {"options": {"g": "60", X264: "bframes=8:b-pyramid=normal:ref=4:b-adapt=0"}},
    "camera.mp4": {"options": {"g": "100", "bf": "0", "preset": "veryfast", "profile": "main"}},
    "streamed.mp4": {"options": {"g": "150", "preset": "superfast", "bf": "3"}},
    "temporal.mp4": {"options": {"g": "75", "preset": "veryfast", X264: "direct=temporal:b-adapt=0:bframes=2"}},
    "coarse.mp4": {"options": {"g": "90", "preset": "veryfast", X264: "cabac=0:slices=3:bframes=1"}},
    "alone.mp4": {"options": {"g": "1", "bf": "0"}},
    "pairs.mp4": {"options": {"g": "2", "bf": "0"}},
    "sliced.mp4": {"options": {"g": "24", X264: "slices=4:aud=1:repeat-headers=1"}},
    "drifting.mp4": {"options": {"g": "200", X264: "min-keyint=1:scenecut=100"}},
    "ntsc.mp4": {"rate": NTSC, "options": {"g": "30"}},
    "film.mp4": {"rate": Fraction(24000, 1001), "options": {"g": "24"}},
    "late.mov": {"options": {"g": "25"}, "picture_from": Fraction(2, 5), "sound_from": Fraction(1, 2)},
    "open.mp4": {"options": {"g": "25", X264: "open-gop=1:bframes=3"}},  # groups need those before them
    "gaps.mp4": {"options": {"g": "25"}, "gaps": (3, 4, 5, 61, 62, 63, 64, 120, 121)},  # of no steady rate, in places
    "held.mov": {"options": {"g": "25"}, "rotation": 90},  # has to be turned
    "large.mp4": {"options": {"g": "25"}, "size": (640, 360)},  # and made smaller
    "wide.mp4": {"options": {"g": "25"}, "size": (320, 240)},  # of another shape
    "deep.mp4": {"options": {"g": "25"}, "pixel_format": "yuv420p10le"},
    "whole.mp4": {"options": {"g": "25"}, "pixel_format": "yuv444p"},
    "fields.mp4": {"options": {"g": "25", "flags": "+ildct+ilme", X264: "tff=1"}},
    "steps.mkv": {"options": {"g": "25"}},  # its clock is too coarse to be trusted
}
BARE = {"held.mov", "wide.mp4"}  # with bars, and so another place for the number


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A film that was made, and what it was to show."""

    film: Film
    frames: int
    copied: int
    wrong: list[str]
    sources: Counter


def shot(folder: Path) -> dict[str, Reel]:
    return {name: shoot(folder / name, seconds=8, **tagged(sort)) for name, sort in SORTS.items()}


def tagged(sort: dict) -> dict:
    """As HD is: small pictures without it are taken for those of old television, and are changed."""
    options = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv"}
    return {**sort, "options": {**options, **sort["options"]}}


def drawn_up(chance: random.Random, reels: dict[str, Reel]) -> Film:
    """Cuts at random; some of them exactly at a frame or a keyframe, some next to one."""
    rate = chance.choice([Fraction(25)] * 4 + [NTSC, Fraction(24000, 1001)])
    names = chance.sample(sorted(reels), k=chance.randint(1, 3))
    clips = []
    for name in (chance.choice(names) for _ in range(chance.randint(1, 4))):
        begin = chance.choice(
            [chance.uniform(0, 6.5), chance.randint(0, 160) / 25, float(chance.randint(0, 190) / NTSC)]
        )
        length = chance.choice([chance.uniform(0.04, 7.9), chance.randint(1, 190) / 25])
        clips.append(clip(name, begin, min(7.9, begin + length)))
    output = Output(width=320, height=180, fps=(rate.numerator, rate.denominator), quality="original")
    return Film(output=output, clips=tuple(clips))


def made(film: Film, reels: dict[str, Reel], folder: Path) -> Shown:
    timeline = lay_out(film)
    output, chunks = film.output, []
    places = {span.index: (Place.of(span, output), span) for span in timeline.spans}
    untouched = [Untouched(place=place, chunks=list(place.encoded(0, span.frames))) for place, span in places.values()]
    found = that_fit(
        {each.place: survey(reels[each.place.source].path, [each.stretch], output)[0] for each in untouched}
    )
    for each in untouched:
        chunks += each.planned(found.get(each.place, NOTHING))
    for chunk in {chunk.key: chunk for chunk in chunks}.values():
        list(render(reels[chunk.source].path, [chunk], output, folder))
    pieces = plan_sound(timeline)
    for piece in pieces:
        take(reels[piece.source].path, piece, folder)
    compose(pieces, folder, folder / "sound.m4a")
    files = [folder / f"{chunk.key}.mp4" for chunk in chunks]
    parts = [
        Part(path=file, frames=chunk.frames, apart=chunk.how != ENCODE)
        for file, chunk in zip(files, chunks, strict=True)
    ]
    copied = [
        Copied(
            path=file,
            first=chunk.first,
            frames=chunk.frames,
            follows=before is not None and (before.how, before.clip) == (COPY, chunk.clip),
        )
        for file, before, chunk in zip(files, [None, *chunks], chunks, strict=False)
        if chunk.how == COPY
    ]
    join(parts, folder / "sound.m4a", output, folder / "film.mp4")
    verify(folder / "film.mp4", output, timeline.frames, None, copied)
    wrong = list(unlike(folder / "film.mp4", timeline, reels))
    sources = Counter({chunk.source: 0 for chunk in chunks})
    sources.update({chunk.source: chunk.frames for chunk in chunks if chunk.how == COPY})
    for path in folder.iterdir():
        path.unlink()
    return Shown(
        film=film, frames=timeline.frames, copied=sum(each.frames for each in copied), wrong=wrong, sources=sources
    )


def unlike(path: Path, timeline, reels: dict[str, Reel]):
    with av.open(str(path)) as film:
        frames = list(film.decode(video=0))
    if len(frames) != timeline.frames:
        yield f"{len(frames)} frames instead of {timeline.frames}"
    for span in timeline.spans:
        box = boxed(span.clip)
        for number in range(span.frames):
            frame = frames[span.first + number]
            wanted = reels[span.clip.source].number_at(Fraction(span.clip.in_us, 1_000_000) + number / timeline.rate)
            shown = number_on(frame, box)
            if shown != wanted:
                yield f"frame {number} of {span.clip} is {shown}, not {wanted}"
            if frame.pts * frame.time_base != (span.first + number) / timeline.rate:
                yield f"frame {number} of {span.clip} stands at {frame.pts * frame.time_base}"


def boxed(each: Clip) -> tuple[int, int, int, int] | None:
    return {"wide.mp4": (40, 0, 240, 180)}.get(each.source)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.modal_functions.media.cuts")
    parser.add_argument("--films", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    began, cuts, frames, copied, wrong, sources = time.monotonic(), 0, 0, 0, 0, Counter()
    with tempfile.TemporaryDirectory() as place:
        reels = shot(Path(place))
        folder = Path(place, "film")
        folder.mkdir()
        for number in range(asked.films):
            seed = asked.seed * 1_000_000 + number
            shown = made(drawn_up(random.Random(seed), reels), reels, folder)
            cuts, frames, copied = cuts + len(shown.film.clips), frames + shown.frames, copied + shown.copied
            sources.update(shown.sources)
            if shown.wrong:
                wrong += 1
                print(f"seed {seed}: {shown.wrong[:3]}\n  {shown.film}")
    print(f"{asked.films} films of {cuts} cuts: {frames:,} frames, {copied:,} of them copied, {wrong} films wrong.")
    print("Copied of each sort:", ", ".join(f"{name} {count:,}" for name, count in sorted(sources.items())))
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
