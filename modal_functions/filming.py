"""Films from clips: what every kind that makes one does. Fetch, render what is missing, join, look at it, keep it.

A kind may give chunks a look: what is done to their pictures. Chunks without one are the same for all kinds, and kept
once for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from modal_functions.batches import Batch
from modal_functions.batching import batched
from modal_functions.media import child
from modal_functions.media.child import Start
from modal_functions.media.chunks import COPY, ENCODE, Chunk, plan
from modal_functions.media.passages import Passage
from modal_functions.media.sound import Piece, plan_sound
from modal_functions.media.spec import Film, Unusable
from modal_functions.media.timeline import Timeline, lay_out
from modal_functions.parts import Parts, fetched
from modal_functions.runtime import Context, Failed
from modal_functions.side_by_side import Awaited
from modal_functions.so_far import Counted, Telling
from modal_functions.soundtracks import Check, Grids, batches_of, encoded, files_of, passages_of, sewn, sound_file
from modal_functions.untouched import with_copies
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
Tell = Callable[[int, str], None]


def make(context: Context, looks: Looks | None = None) -> dict[str, Any]:
    """`looks` is asked once the sources are at hand; it may enter a stage of its own to find out."""
    making = begin(context)
    if looks is not None:
        making = looks(making)
    making = sparing(making)
    rendered = _process(making)
    told = {"copied": making.copied} if making.film.output.copies else {}
    return {**_publish(making), **told, "rendered": rendered, "chunks": len(making.chunks)}


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


def _process(making: Making) -> int:
    """Renders the chunks that are not kept yet, and takes the sounds; returns how many chunks were rendered."""
    making.context.report.stage("process", total=making.timeline.frames, unit="frames")
    return render(making, sounding=True)


def render(making: Making, heard: Heard | None = None, *, sounding: bool = False) -> int:
    """As above, in whatever stage it is. `heard` is told of frames, and of clips that are finished, where the stage
    counts something else. With `sounding` who has nothing left to render makes the film's soundtrack meanwhile."""
    rendering = rendering_of(making)
    telling = telling_of(making, rendering.there)
    sounds = Awaited(set(making.sound_files) - rendering.there)

    def made(batch: Batch, seconds: float) -> None:
        telling.made(batch, seconds)
        sounds.made(batch.parts)

    def then(check: Check) -> None:
        sounds.wait(check)
        soundtrack(making, check)

    try:
        for batches, done in ((rendering.copies, rendering.kept), (rendering.batches, rendering.known)):
            making.parts.make(
                batches,
                done=done,
                worth=partial(_shown, making),
                made=made,
                heard=heard and (lambda count: heard(count, telling.finished)),
                then=then if sounding and batches is rendering.batches else None,
            )
    finally:
        telling.tell()
    if heard:
        heard(making.timeline.frames, telling.finished)
    return rendering.missing


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """What is still to be made of a film: chunks that are not kept yet, and sounds. `kept` frames are. Copies are made
    first, and then stand with what is kept: they say nothing about how long encoding takes."""

    batches: Sequence[Batch]
    there: set[str]
    kept: int
    missing: int
    copies: Sequence[Batch] = ()
    copied: int = 0  # frames of these

    @property
    def known(self) -> int:
        return self.kept + self.copied


def rendering_of(making: Making) -> Rendering:
    parts, frames = making.parts, making.timeline.frames
    there = parts.there([_file(chunk) for chunk in making.chunks] + making.sound_files)
    missing = [chunk for chunk in making.chunks if _file(chunk) not in there]
    quiet = {sound.key: sound for sound in making.sounds if sound_file(sound) not in there}
    batches = [
        parts.batch(sound.source, {"do": "sound", "piece": sound.as_wire()}, [sound_file(sound)])
        for sound in (() if making.passages else quiet.values())
    ]
    batches += batches_of(making.passages, there, parts)
    ours, copied = ([chunk for chunk in missing if (chunk.how == COPY) == copies] for copies in (False, True))
    here = parts.context.fan is None
    batches += [
        _of_chunks(making, chunks)
        for chunks in batched(ours, parts.workers, apart=making.film.output.copies, tapering=here)
    ]
    return Rendering(
        batches=batches,
        there=there,
        kept=frames - sum(chunk.frames for chunk in missing),
        missing=len(missing),
        copies=[_of_chunks(making, chunks) for chunks in batched(copied, parts.workers, apart=True)],
        copied=sum(chunk.frames for chunk in copied),
    )


def telling_of(making: Making, there: set[str]) -> Telling:
    """For so_far.json. Each clip of the film is a piece: which of them are finished, and what they look like."""
    context = making.context
    names = {source["key"]: source["name"] for source in context.spec["sources"]}
    pieces = [
        Counted(
            name=making.names[place] if making.names else names[clip.source],
            parts={_file(chunk): chunk.frames for chunk in making.chunks if chunk.clip == place},
        )
        for place, clip in enumerate(making.film.clips)
    ]
    return Telling(
        lambda told: context.store.put(context.keys.so_far, pack(told.as_wire())),
        pieces,
        kept=there,
        copies=[_file(chunk) for chunk in making.chunks if chunk.how == COPY],
    )


def _shown(making: Making, batch: Batch) -> int:
    """A chunk that stands in the film twice is rendered once, and both are done then."""
    return sum(chunk.frames for chunk in making.chunks if _file(chunk) in batch.parts)


def _file(chunk: Chunk) -> str:
    return f"{chunk.key}.mp4"


def _of_chunks(making: Making, chunks: Sequence[Chunk]) -> Batch:
    request: dict[str, Any] = {"do": "render", "chunks": [chunk.as_wire() for chunk in chunks], "output": making.output}
    if chunks[0].enlarges:
        request["enlarges"] = True
    return making.parts.batch(chunks[0].source, request, [_file(chunk) for chunk in chunks], making.uses)


def _publish(making: Making) -> dict[str, Any]:
    context = making.context
    context.report.stage("publish", unit="bytes", note="Joining")
    pieces = Joined.of(making)
    whole = pieces.bytes
    context.report.units(0, PUBLISHING * whole)
    film = context.folder / "film.mp4"
    looked = pieces.together(film, lambda done, note: context.report.units(done, note=note))
    size = max(1, film.stat().st_size)
    stored = context.store.take(
        context.out("film.mp4"),
        film,
        lambda count: context.report.units(2 * whole + whole * count // size, note="Keeping the film"),
    )
    return {**looked, "key": stored.key, "bytes": stored.bytes, "sha256": stored.sha256}


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The chunks of a film and its sound, at hand."""

    making: Making
    files: Sequence[Path]
    track: Path

    @classmethod
    def of(cls, making: Making) -> "Joined":
        files = making.parts.all_at_hand([_file(chunk) for chunk in making.chunks])
        return cls(making=making, files=files, track=soundtrack(making))

    @property
    def start(self) -> Start:
        return self.making.context.start

    @cached_property
    def bytes(self) -> int:
        return sum(file.stat().st_size for file in self.files) + self.track.stat().st_size

    @property
    def known(self) -> list[dict[str, Any]]:
        """For who looks at the film: where its chunks are. Those that were copied say whether they follow another."""
        chunks, first = self.making.chunks, self.making.chunks[0].first
        return [
            {"path": str(file), "first": chunk.first - first, "frames": chunk.frames}
            | ({"follows": _follows(before, chunk)} if chunk.how == COPY else {})
            for file, before, chunk in zip(self.files, [None, *chunks], chunks, strict=False)
        ]

    def to(self, film: Path, hear: Callable[[int], None]) -> Path:
        """Without encoding anything again; hears of their bytes."""
        chunks = zip(self.files, self.making.chunks, strict=True)
        parts = [{"path": str(file), "frames": chunk.frames, "apart": chunk.how != ENCODE} for file, chunk in chunks]
        request = {"do": "join", "parts": parts, "sound": str(self.track), "to": str(film)}
        child.run({**request, "output": self.making.output}, lambda progress: hear(progress["bytes"]), start=self.start)
        return film

    def together(self, film: Path, tell: Tell) -> dict[str, Any]:
        """Joined, then looked at from end to end to see that it is what was planned. `tell` hears of the bytes that are
        gone through, of twice what there are."""
        whole, frames, context = self.bytes, self.making.timeline.frames, self.making.context
        self.to(film, lambda done: tell(done, "Joining"))
        context.border()
        looked = child.run(
            {"do": "verify", "path": str(film), "output": self.making.output, "frames": frames, "known": self.known},
            lambda progress: tell(whole + whole * progress["frames"] // frames, "Looking at the film"),
            start=self.start,
        )
        context.border()
        return looked


def _follows(before: Chunk | None, chunk: Chunk) -> bool:
    return before is not None and before.how == COPY and before.clip == chunk.clip


def soundtrack(making: Making, check: Check = lambda: None) -> Path:
    """Made once, from sounds that are kept."""
    parts, folder = making.parts, making.context.folder
    if making.passages:
        return sewn(making.passages, parts, folder, check)
    return encoded(making.sounds, parts, folder, making.film.output.container, check)
