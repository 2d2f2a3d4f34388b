"""The stages of multi_clip: fetch the clips, render what is missing, join it, look at the film, keep it."""

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from modal_functions.batches import Batch, kept_as, make
from modal_functions.fan import MOST_TRIES, Lost
from modal_functions.media import child
from modal_functions.media.chunks import Chunk, plan
from modal_functions.media.errors import MediaError
from modal_functions.media.sound import Piece, plan_sound
from modal_functions.media.spec import Film, Unusable
from modal_functions.media.timeline import Timeline, lay_out
from modal_functions.runtime import Context, Failed
from modal_functions.side_by_side import Pieces, cores, side_by_side
from modal_functions.so_far import Counted, Telling
from modal_functions.store import Missing
from modal_functions.wire import SoFar, pack

MOST_AT_ONCE = 8  # chunks of one clip in one child: their source is then opened and sought once
ASKED_AT_ONCE = 16  # objects of the store
PUBLISHING = 3  # joining, looking, keeping: each goes once through the film's bytes


@dataclass(frozen=True, kw_only=True)
class Making:
    """One film on its way, with the files that are at hand here."""

    context: Context
    film: Film
    timeline: Timeline
    chunks: list[Chunk]
    sounds: list[Piece]
    sources: dict[str, Path]

    @property
    def output(self) -> dict[str, Any]:
        return self.film.output.as_wire()

    def batch(self, key: str, request: dict[str, Any], *parts: str) -> Batch:
        source = next(source for source in self.context.spec["sources"] if source["key"] == key)
        return Batch(source=source, request=request, parts=parts, kept=self.context.spec["chunks"])

    def kept(self, name: str) -> str:
        return kept_as(self.context.spec["chunks"], name)


def work(context: Context) -> dict[str, Any]:
    context.report.stage("start")
    try:
        film = Film.from_wire(context.spec["film"])
    except (Unusable, KeyError) as error:
        raise Failed("unsupported", f"This export cannot be made as it was asked for: {error}.") from error
    timeline = lay_out(film)
    making = Making(
        context=context,
        film=film,
        timeline=timeline,
        chunks=plan(timeline, film.output),
        sounds=plan_sound(timeline),
        sources=_fetch(context),
    )
    rendered = _process(making)
    try:
        return {**_publish(making), "rendered": rendered, "chunks": len(making.chunks)}
    except MediaError as error:
        raise Failed(error.code, error.sentence) from error


def _fetch(context: Context) -> dict[str, Path]:
    """The clips' files, in place where the store is on this machine. Other machines fetch what they need themselves."""
    sources, store, done = context.spec["sources"], context.store, 0
    if context.fan:
        context.report.stage("fetch", note="Each machine fetches the clip that it works on")
        return {}
    context.report.stage("fetch", total=sum(source["bytes"] for source in sources), unit="bytes")
    found = {}
    for number, source in enumerate(sources):
        context.border()
        path = store.in_place(source["key"])
        if path is None:
            path = context.folder / f"source-{number}"
            with _missing(source["name"]):
                store.fetch(source["key"], path, partial(_count_on, context, done))
        elif store.size(source["key"]) != source["bytes"]:
            raise _gone(source["name"])
        done += source["bytes"]
        context.report.units(done)
        found[source["key"]] = path
    return found


def _count_on(context: Context, before: int, count: int) -> None:
    context.report.units(before + count)


def _process(making: Making) -> int:
    """Renders the chunks that are not kept yet, and takes the sounds; returns how many chunks were rendered."""
    context = making.context
    context.report.stage("process", total=making.timeline.frames, unit="frames")
    kept = _kept_of(making)
    missing = [chunk for chunk in making.chunks if f"{chunk.key}.mp4" not in kept]
    quiet = {sound.key: sound for sound in making.sounds if f"{sound.key}.flac" not in kept}
    pieces = Pieces(kept=making.timeline.frames - sum(chunk.frames for chunk in missing), on_done=context.report.units)
    pieces.tell()
    context.border()
    workers = context.fan.at_once if context.fan else cores()
    batches = [_of_sound(making, sound) for sound in quiet.values()]
    batches += [_of_chunks(making, chunks) for chunks in batched(missing, workers)]
    telling = _telling(making, kept)
    try:
        side_by_side([partial(_make, making, batch, pieces, telling) for batch in batches], pieces, workers)
    finally:
        telling.tell()
    return len(missing)


def _telling(making: Making, kept: set[str]) -> Telling:
    """Each clip of the film is a piece: which of them are finished, and what they look like."""
    store, key = making.context.store, making.context.keys.so_far
    names = {source["key"]: source["name"] for source in making.context.spec["sources"]}
    counted = [
        Counted(
            name=names[clip.source],
            parts={f"{chunk.key}.mp4": chunk.frames for chunk in making.chunks if chunk.clip == place},
        )
        for place, clip in enumerate(making.film.clips)
    ]

    def write(so_far: SoFar) -> None:
        store.put(key, pack(so_far.as_wire()))

    return Telling(write, counted, kept=kept)


def _kept_of(making: Making) -> set[str]:
    """The names of the parts that are there already."""
    names = {f"{chunk.key}.mp4" for chunk in making.chunks} | {f"{sound.key}.flac" for sound in making.sounds}
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        sizes = {name: pool.submit(making.context.store.size, making.kept(name)) for name in names}
    return {name for name, size in sizes.items() if size.result() is not None}


def batched(missing: Sequence[Chunk], workers: int) -> Iterator[list[Chunk]]:
    """Neighbours of one clip together, but small enough that every worker has its share until the end."""
    most = max(1, min(MOST_AT_ONCE, math.ceil(len(missing) / (2 * workers))))
    batch: list[Chunk] = []
    seen: set[str] = set()
    for chunk in missing:
        if chunk.key in seen:  # the same part of the same source stands in the film twice
            continue
        seen.add(chunk.key)
        follows = batch and chunk.clip == batch[-1].clip and chunk.first == batch[-1].first + batch[-1].frames
        if batch and (len(batch) == most or not follows):
            yield batch
            batch = []
        batch.append(chunk)
    if batch:
        yield batch


def _of_chunks(making: Making, chunks: list[Chunk]) -> Batch:
    request = {"do": "render", "chunks": [chunk.as_wire() for chunk in chunks], "output": making.output}
    return making.batch(chunks[0].source, request, *(f"{chunk.key}.mp4" for chunk in chunks))


def _of_sound(making: Making, sound: Piece) -> Batch:
    return making.batch(sound.source, {"do": "sound", "piece": sound.as_wire()}, f"{sound.key}.flac")


def _make(making: Making, batch: Batch, pieces: Pieces, telling: Telling) -> None:
    """Here or on another machine: what is heard of it, and what it leaves, is the same."""
    context, began = making.context, time.monotonic()

    def hear(frames: int) -> None:
        pieces.check()
        pieces.under_way(batch.name, frames)

    with _named(making, batch.source["key"]):
        if context.fan:
            context.fan.make(batch, hear, context.border)
        else:
            source, folder, store = making.sources[batch.source["key"]], context.folder, context.store
            make(batch, source=source, folder=folder, store=store, hear=hear, border=context.border)
    pieces.finished(batch.name, sum(chunk.frames for chunk in making.chunks if f"{chunk.key}.mp4" in batch.parts))
    telling.made(batch.parts, seconds=time.monotonic() - began if context.fan else 0.0)


def _publish(making: Making) -> dict[str, Any]:
    """Joins without encoding, decodes the whole film to see that it is what was planned, and keeps it."""
    context, frames = making.context, making.timeline.frames
    context.report.stage("publish", unit="bytes", note="Joining")
    files = _all_at_hand(making, [f"{chunk.key}.mp4" for chunk in making.chunks])
    parts = [{"path": str(file), "frames": chunk.frames} for file, chunk in zip(files, making.chunks, strict=True)]
    track = _soundtrack(making)
    whole = sum(file.stat().st_size for file in files) + track.stat().st_size
    context.report.units(0, PUBLISHING * whole)
    film = context.folder / "film.mp4"
    child.run(
        {"do": "join", "parts": parts, "sound": str(track), "output": making.output, "to": str(film)},
        lambda progress: context.report.units(progress["bytes"]),
    )
    context.border()
    looked = child.run(
        {"do": "verify", "path": str(film), "output": making.output, "frames": frames},
        lambda progress: context.report.units(whole + whole * progress["frames"] // frames, note="Looking at the film"),
    )
    context.border()
    size = max(1, film.stat().st_size)
    stored = context.store.put_file(
        context.out("film.mp4"),
        film,
        lambda count: context.report.units(2 * whole + whole * count // size, note="Keeping the film"),
    )
    return {**looked, "key": stored.key, "bytes": stored.bytes, "sha256": stored.sha256}


def _soundtrack(making: Making) -> Path:
    """All sounds encoded in one go: joined after encoding, each would bring a gap of its own."""
    folder, track = making.context.folder / "sounds", making.context.folder / "sound.mp4"
    folder.mkdir(exist_ok=True)
    for name in {f"{sound.key}.flac" for sound in making.sounds}:
        (folder / name).symlink_to(_at_hand(making, name).resolve())
    pieces = [sound.as_wire() for sound in making.sounds]
    child.run({"do": "soundtrack", "pieces": pieces, "folder": str(folder), "to": str(track)})
    return track


def _all_at_hand(making: Making, names: list[str]) -> list[Path]:
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        found = {name: pool.submit(_at_hand, making, name) for name in set(names)}
    return [found[name].result() for name in names]


def _at_hand(making: Making, name: str) -> Path:
    key = making.kept(name)
    path = making.context.store.in_place(key)
    if path is not None:
        return path
    path = making.context.folder / name
    if not path.exists():
        making.context.store.fetch(key, path)
    return path


@contextlib.contextmanager
def _named(making: Making, key: str) -> Iterator[None]:
    """What is wrong with a file is said with its name and its place in the film."""
    place = next(number for number, clip in enumerate(making.film.clips, 1) if clip.source == key)
    name = next(source["name"] for source in making.context.spec["sources"] if source["key"] == key)
    try:
        yield
    except MediaError as error:
        said = f"We couldn't use clip {place} ({name}). {error.sentence} Replace it and try again."
        raise Failed(error.code, said) from error
    except Missing:
        raise _gone(name) from None
    except Lost as error:
        said = f"Machines that worked on clip {place} ({name}) ended {MOST_TRIES} times without an answer."
        raise Failed("internal", said) from error


@contextlib.contextmanager
def _missing(name: str) -> Iterator[None]:
    try:
        yield
    except Missing:
        raise _gone(name) from None


def _gone(name: str) -> Failed:
    return Failed(
        "input_missing", f"The file of {name} is no longer where it was uploaded to. Upload it again, then retry."
    )
