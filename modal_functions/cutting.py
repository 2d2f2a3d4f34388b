"""Clips out of one video, cut at whole frames, with what is said burned in; each is a result once it is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from modal_functions import filming
from modal_functions.batches import preview_of
from modal_functions.filming import PUBLISHING, Making
from modal_functions.joining import Joined
from modal_functions.media.chunks import Chunk, plan
from modal_functions.media.following import PLANNER, Place, follow
from modal_functions.media.items import LONGEST_TEXT, Item
from modal_functions.media.lettering import DRAWER
from modal_functions.media.letters import missing_letters
from modal_functions.media.moments import Moment
from modal_functions.media.motion import Seen
from modal_functions.media.spec import Clip, Film, Output
from modal_functions.media.timeline import Span, lay_out, nearest
from modal_functions.media.transcript import Cue, Word, cues
from modal_functions.obtaining import Footage
from modal_functions.parts import Parts
from modal_functions.understanding import Understood

CAPTION = 28  # letters in a line that is burned in
LONGEST_LABEL = 200


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How the clips look. Without an aspect they are of the video's own."""

    aspect: Fraction | None
    side: int  # pixels of the shorter side, at most
    quality: str
    captions: bool

    def output(self, footage: Footage) -> Output:
        own = Fraction(footage.facts["width"], footage.facts["height"])
        side = self.side if self.aspect else min(self.side, footage.facts["width"], footage.facts["height"])
        aspect = self.aspect or own
        across, down = (side * aspect, Fraction(side)) if aspect >= 1 else (Fraction(side), side / aspect)
        fps = (footage.rate.numerator, footage.rate.denominator)
        return Output(width=_even(across), height=_even(down), fps=fps, quality=self.quality)


def _even(side: Fraction) -> int:
    return max(16, 2 * nearest(side / 2))


@dataclass(frozen=True, kw_only=True)
class Cutting:
    """The clips, all of them in one film while they are rendered, and each a film of its own when it is joined."""

    making: Making
    moments: Sequence[Moment]

    def rendered(self) -> int:
        """The stage `processing`; how many chunks were rendered."""
        report, clips = self.making.context.report, len(self.moments)
        report.stage("processing", total=clips, unit="clips")
        frames = self.making.timeline.frames

        def heard(done: int, finished: int) -> None:
            report.units(finished, note=f"{done:,} of {frames:,} frames")

        return filming.render(self.making, heard).of(self.making.chunks)

    def published(self) -> list[dict[str, Any]]:
        """The stage `uploading_clips`: one by one."""
        report = self.making.context.report
        report.stage("uploading_clips", unit="bytes", note="Joining")
        gathered = [Joined.of(self._alone(number)) for number in range(len(self.moments))]
        total = PUBLISHING * sum(each.bytes for each in gathered)
        report.units(0, total)
        return [
            self._put_out(number, each, PUBLISHING * sum(other.bytes for other in gathered[:number]))
            for number, each in enumerate(gathered)
        ]

    def _alone(self, number: int) -> Making:
        making, clip = self.making, self.making.film.clips[number]
        film = Film(output=making.film.output, clips=(clip,))
        folder = making.context.folder / f"clip-{number + 1}"
        folder.mkdir()
        return replace(
            making,
            context=replace(making.context, folder=folder),
            film=film,
            timeline=lay_out(film),
            chunks=[chunk for chunk in making.chunks if chunk.clip == number],
        )

    def _put_out(self, number: int, gathered: Joined, before: int) -> dict[str, Any]:
        context, moment, called = self.making.context, self.moments[number], f"Clip {number + 1}"
        path = gathered.making.context.folder / "film.mp4"
        looked = gathered.together(
            path, lambda done, note: context.report.units(before + done, note=f"{called}: {note[0].lower()}{note[1:]}")
        )
        label = f"{moment.score} of 100. {moment.why}"[:LONGEST_LABEL]
        facts: dict[str, Any] = {**moment.as_wire(), "shows": _picture_of(gathered.making.chunks), **looked}
        told = context.ready(path, place=number + 1, name=f"clip-{number + 1:02}.mp4", label=label, **facts)
        path.unlink()
        context.report.units(before + PUBLISHING * gathered.bytes, note=f"{called} can be downloaded")
        return told


def _picture_of(chunks: Sequence[Chunk]) -> str:
    """The small picture of its middle, by its name among the project's parts: where that is not, a page shows none."""
    return preview_of(chunks[len(chunks) // 2].key)


def cutting(parts: Parts, understood: Understood, moments: Sequence[Moment], shape: Shape) -> Cutting:
    footage = understood.footage
    output = shape.output(footage)
    grid = [_frames(moment, footage) for moment in moments]
    clips = tuple(_clip(begin, end, footage) for begin, end in grid)
    film = Film(output=output, clips=clips)
    timeline = lay_out(film)
    ways = [_way(begin, end, understood, output) if shape.aspect else None for begin, end in grid]
    texts = [captions(understood.words, clip) if shape.captions else [] for clip in clips]
    chunks = [
        looking(chunk, timeline.spans[chunk.clip], ways[chunk.clip], texts[chunk.clip], timeline.rate)
        for chunk in plan(timeline, output)
    ]
    names = [f"Clip {number}" for number in range(1, len(clips) + 1)]
    making = Making(context=parts.context, film=film, timeline=timeline, chunks=chunks, parts=parts, names=names)
    return Cutting(making=making, moments=moments)


def _frames(moment: Moment, footage: Footage) -> tuple[int, int]:
    """The moment on the grid of the video's own frames."""
    whole = max(1, nearest(Fraction(footage.length_us, 1_000_000) * footage.rate))
    begin = min(whole - 1, nearest(Fraction(moment.begin, 1000) * footage.rate))
    return begin, max(begin + 1, min(whole, nearest(Fraction(moment.end, 1000) * footage.rate)))


def _clip(begin: int, end: int, footage: Footage) -> Clip:
    return footage.clip(*(nearest(frame * 1_000_000 / footage.rate) for frame in (begin, end)))


def _way(begin: int, end: int, understood: Understood, output: Output) -> list[Place]:
    """Of the crop, after what moves."""
    part = Seen(aspect=understood.seen.aspect, moved=understood.seen.moved[begin:end])
    return follow(part, output.rate, Fraction(output.width, output.height))


def captions(words: Sequence[Word], clip: Clip) -> list[Item]:
    """What is said in a clip, without letters that cannot be drawn."""
    first, last = clip.in_us // 1000, clip.out_us // 1000
    spoken = [word for word in words if word.begin < last and word.end > first]
    return [item for cue in cues(spoken, letters=CAPTION) if (item := _caption(cue, first, last)) is not None]


def _caption(cue: Cue, first: int, last: int) -> Item | None:
    missing = missing_letters(cue.text)
    text = "".join(letter for letter in cue.text if letter not in missing).strip()[:LONGEST_TEXT]
    if not text:
        return None
    begin, end = max(0, cue.begin - first), min(last, cue.end) - first
    return Item(what="title", from_us=1000 * begin, to_us=1000 * max(begin + 1, end), place="bottom", text=text)


def looking(chunk: Chunk, span: Span, way: Sequence[Place] | None, texts: Sequence[Item], rate: Fraction) -> Chunk:
    """With what is seen in it and nothing else, so that it stays the same while nothing that is seen changes."""
    first = chunk.first - span.first
    look: dict[str, Any] = {}
    if way is not None:
        places = [[place.x, place.y] for place in way[first : first + chunk.frames]]
        still = all(place == places[0] for place in places)
        look |= {"planner": PLANNER, "way": places[:1] if still else places}
    seen = [(item, item.levels(first, chunk.frames, rate=rate, length=span.frames)) for item in texts]
    laid = [{"drawing": item.drawing(), "levels": levels} for item, levels in seen if any(levels)]
    if laid:
        look |= {"drawer": DRAWER, "laid": laid}
    return chunk.looking({"by": "clip_it", **look}) if look else chunk
