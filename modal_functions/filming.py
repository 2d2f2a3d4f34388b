"""Films from clips: what every kind that makes one does. Fetch, render what is missing, join, look at it, keep it.

A kind may give chunks a look: what is done to their pictures. Chunks without one are the same for all kinds, and kept
once for all of them."""

import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from modal_functions.batches import Batch
from modal_functions.instead import instead
from modal_functions.joining import Joined, soundtrack
from modal_functions.media.chunks import COPY, Chunk, plan
from modal_functions.media.errors import MediaError
from modal_functions.media.passages import Passage
from modal_functions.media.sound import Piece, plan_sound
from modal_functions.media.spec import Film, Unusable
from modal_functions.media.timeline import Timeline, lay_out
from modal_functions.parts import Parts, fetched
from modal_functions.rendering import rendering_of
from modal_functions.runtime import Context, Failed
from modal_functions.side_by_side import Awaited
from modal_functions.so_far import Counted, Telling
from modal_functions.soundtracks import Check, Grids, files_of, passages_of, sound_file
from modal_functions.store import Missing
from modal_functions.untouched import with_copies, without
from modal_functions.wire import pack

T = TypeVar("T")
PUBLISHING = 3  # joining, looking, keeping: each goes once through the film's bytes


@dataclass(frozen=True, kw_only=True)
class Making:
    """One film on its way."""

    context: Context
    film: Film
    timeline: Timeline
    chunks: Sequence[Chunk]
    parts: Parts
    uses: Sequence[str] = ()  # kept parts that the looks take
    names: Sequence[str] = ()  # of its clips, for who waits; else those of their sources
    grids: Grids | None = None  # where it may have copies

    @cached_property
    def sounds(self) -> list[Piece]:
        return plan_sound(self.timeline)

    @cached_property
    def passages(self) -> list[Passage]:
        """What it has in their place, where it may have copies."""
        return [] if self.grids is None else passages_of(self.timeline, self.grids)

    @property
    def sound_files(self) -> list[str]:
        return files_of(self.passages) or [sound_file(each) for each in self.sounds]

    @property
    def copied(self) -> int:
        """How many frames are their source's own."""
        return sum(chunk.frames for chunk in self.chunks if chunk.how == COPY)

    @property
    def output(self) -> dict[str, Any]:
        return self.film.output.as_wire()


Looks = Callable[[Making], Making]  # the same, with chunks that have their looks
Heard = Callable[[int, int], None]


def make(context: Context, looks: Looks | None = None) -> dict[str, Any]:
    """`looks` is asked once the sources are at hand; it may enter a stage of its own to find out."""
    making = begin(context)
    if looks is not None:
        making = looks(making)
    film = sparing(making)
    _processing(film)
    film, copies = _copied(film)
    film, made = _rendered(film, copies)
    published, tried = None, 0
    while published is None:
        context.report.stage("publish", unit="bytes", note="Joining")
        tried += 1
        try:
            published = _published(film)
        except MediaError as error:
            film = instead(film, making, error, tried)
            _processing(film, "Encoding what could not be copied")  # the bar stays, and says where the work really is
            film, made = _rendered(film, made)
    told = {"copied": film.copied} if film.film.output.copies else {}
    return {**published, **told, "rendered": made.of(film.chunks), "chunks": len(film.chunks)}


def _processing(film: Making, note: str = "") -> None:
    film.context.report.stage("process", total=film.timeline.frames, unit="frames", note=note)


def begin(context: Context) -> Making:
    context.report.stage("start")
    film = as_asked(lambda: Film.from_wire(context.spec["film"]))
    return making_of(film, context, fetched(context))


def sparing(making: Making) -> Making:
    """With copies in place of chunks that would only be encoded to look the same, where that is asked for."""
    if not making.film.output.copies:
        return making
    making.context.report.note("Looking at what can be copied")
    spared = with_copies(making.chunks, making.film, making.parts)
    return replace(making, chunks=spared.chunks, grids=spared.grids)


def as_asked(read: Callable[[], T]) -> T:
    """What was asked for, read; what makes no sense ends the attempt with what was expected instead."""
    try:
        return read()
    except (Unusable, KeyError, TypeError, ValueError) as error:
        raise Failed("unsupported", f"This export cannot be made as it was asked for: {error}.") from error


def making_of(film: Film, context: Context, sources: dict[str, Path]) -> Making:
    timeline = lay_out(film)

    def called(key: str) -> str:
        place = next(number for number, clip in enumerate(film.clips, 1) if clip.source == key)
        return f"clip {place} ({next(each['name'] for each in context.spec['sources'] if each['key'] == key)})"

    parts = Parts(context=context, sources=sources, called=called)
    return Making(context=context, film=film, timeline=timeline, chunks=plan(timeline, film.output), parts=parts)


@dataclass(frozen=True, kw_only=True)
class Made:
    """What this attempt has rendered: parts, and the seconds that other machines have worked for them."""

    parts: frozenset[str] = frozenset()
    seconds: float = 0.0

    def of(self, chunks: Sequence[Chunk]) -> int:
        """How many of these; one that stands in the film twice counts twice."""
        return sum(chunk.file in self.parts for chunk in chunks)


def _copied(making: Making) -> tuple[Making, Made]:
    """Makes its copies, before all else: they say nothing about how long encoding takes. What cannot be copied after
    all is to be encoded."""
    rendering, made = rendering_of(making), set[str]()
    if not rendering.copies:
        return making, Made()
    telling = telling_of(making, rendering.there, Made())

    def worth(batch: Batch) -> int:
        there = making.parts.there(batch.parts)
        made.update(there)
        return _shown(making, there)

    try:
        making.parts.make(
            (),
            done=rendering.kept,
            worth=worth,
            made=lambda batch, seconds: telling.made(made.intersection(batch.parts), seconds),
            dispensable=rendering.copies,
        )
    finally:
        telling.tell()
    there = rendering.there | made
    refused = {chunk.key for chunk in making.chunks if chunk.how == COPY and chunk.file not in there}
    chunks = without(refused, making.chunks, making.film)
    return replace(making, chunks=chunks), Made(parts=frozenset(made), seconds=telling.seconds)


def _rendered(film: Making, before: Made) -> tuple[Making, Made]:
    """Where its sound cannot be made so that it goes with copies, as when that ends whoever tries, it is encoded like
    that of any other film."""
    made = render(film, sounding=True, before=before)
    if film.passages and not film.parts.there(film.sound_files).issuperset(film.sound_files):
        film = replace(film, grids=None)
        made = render(film, sounding=True, before=made)
    return film, made


def render(making: Making, heard: Heard | None = None, *, sounding: bool = False, before: Made | None = None) -> Made:
    """Renders the chunks that are not kept yet, and takes the sounds, in whatever stage it is; returns that with what
    was made `before`. `heard` is told of frames, and of clips that are finished, where the stage counts something
    else. With `sounding` who has nothing left to render makes the film's soundtrack meanwhile."""
    before = before or Made()
    rendering = rendering_of(making)
    telling = telling_of(making, rendering.there, before)
    sounds = Awaited(set(making.sound_files) - rendering.there)

    def made(batch: Batch, seconds: float) -> None:
        telling.made(batch.parts, seconds)
        sounds.made(batch.parts)

    def then(check: Check) -> None:
        sounds.wait(check)
        with contextlib.suppress(MediaError, Missing):  # where the film is joined it is told, and can be helped
            soundtrack(making, check)

    try:
        making.parts.make(
            rendering.batches,
            done=rendering.kept,
            worth=lambda batch: _shown(making, batch.parts),
            made=made,
            heard=heard and (lambda count: heard(count, telling.finished)),
            then=then if sounding else None,
            dispensable=rendering.passages,
        )
    finally:
        telling.tell()
    if heard:
        heard(making.timeline.frames, telling.finished)
    return Made(parts=before.parts | rendering.missing, seconds=telling.seconds)


def telling_of(making: Making, there: set[str], before: Made | None = None) -> Telling:
    """For so_far.json. Each clip of the film is a piece: which of them are finished, and what they look like."""
    context, before = making.context, before or Made()
    names = {source["key"]: source["name"] for source in context.spec["sources"]}
    pieces = [
        Counted(
            name=making.names[place] if making.names else names[clip.source],
            parts={chunk.file: chunk.frames for chunk in making.chunks if chunk.clip == place},
        )
        for place, clip in enumerate(making.film.clips)
    ]
    return Telling(
        lambda told: context.store.jot(context.keys.so_far, pack(told.as_wire())),
        pieces,
        kept=there - before.parts,
        made=before.parts,
        seconds=before.seconds,
        copies=[chunk.file for chunk in making.chunks if chunk.how == COPY],
    )


def _shown(making: Making, parts: Collection[str]) -> int:
    """A chunk that stands in the film twice is rendered once, and both are done then."""
    return sum(chunk.frames for chunk in making.chunks if chunk.file in parts)


def _published(making: Making) -> dict[str, Any]:
    context = making.context
    pieces = Joined.of(making)
    whole = pieces.bytes
    context.report.units(0, PUBLISHING * whole)
    film = context.folder / "film.mp4"
    film.unlink(missing_ok=True)  # one that was refused: its place is held against whoever writes beside it
    looked = pieces.together(film, lambda done, note: context.report.units(done, note=note))
    size = max(1, film.stat().st_size)
    stored = context.store.take(
        context.out("film.mp4"),
        film,
        lambda count: context.report.units(2 * whole + whole * count // size, note="Keeping the film"),
    )
    return {**looked, "key": stored.key, "bytes": stored.bytes, "sha256": stored.sha256}
