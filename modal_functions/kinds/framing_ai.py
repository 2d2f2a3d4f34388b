"""framing_ai: a film in another shape, cropped so that what moves stays in it. Motion is all that it looks for.

All frames are looked at first; then the way of the crop is planned, once; then the film is made of chunks as ever."""

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions import filming
from modal_functions.enlarging import asked
from modal_functions.enlarging.enlarger import enlarger_of
from modal_functions.filming import Making
from modal_functions.media.chunks import Chunk
from modal_functions.media.entry import Say
from modal_functions.media.following import MIDDLE, PLANNER, Place, follow
from modal_functions.media.framing import Framer
from modal_functions.media.motion import Piece, Seen, look, pieces_of
from modal_functions.media.picture import Conformer
from modal_functions.media.verbs import counting
from modal_functions.needs import Needs
from modal_functions.runtime import Context, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame

NEEDS = Needs(enlarges=True)
FOLLOWS = ("motion", "middle")


def work(context: Context) -> dict[str, Any]:
    follows = context.spec.get("follow")
    if follows not in FOLLOWS:
        raise Failed("unsupported", f"This export cannot be made as it was asked for: follow is {follows!r}.")
    weights = asked.weights_of(context)
    looks = _following if follows == "motion" else _in_the_middle
    return filming.make(context, lambda making: looks(asked.brought(making, weights), weights))


def _in_the_middle(making: Making, weights: str) -> Making:
    return _framed(making, [[MIDDLE] * span.frames for span in making.timeline.spans], weights)


def _following(making: Making, weights: str) -> Making:
    """The stage of its own: `analyse`."""
    rate, output = making.film.output.rate, making.film.output
    clips = [list(pieces_of(span.clip, span.frames, rate)) for span in making.timeline.spans]
    _look_at([piece for pieces in clips for piece in pieces], making)
    aspect = Fraction(output.width, output.height)
    return _framed(making, [follow(_whole(pieces, making), rate, aspect) for pieces in clips], weights)


def _look_at(pieces: Sequence[Piece], making: Making) -> None:
    parts, frames = making.parts, making.timeline.frames
    making.context.report.stage("analyse", total=frames, unit="frames")
    there = parts.there([_file(piece) for piece in pieces])
    missing = {piece.key: piece for piece in pieces if _file(piece) not in there}
    count = {key: sum(piece.frames for piece in pieces if piece.key == key) for key in missing}
    batches = {key: parts.batch(piece.source, _request(piece), [_file(piece)]) for key, piece in missing.items()}
    parts.make(batches.values(), done=frames - sum(count.values()), worth=lambda batch: count[batch.name])


def _request(piece: Piece) -> dict[str, Any]:
    return {"do": "framing_ai.look", "piece": piece.as_wire(), "units": piece.frames}


def _file(piece: Piece) -> str:
    return f"{piece.key}.json"


def _whole(pieces: Sequence[Piece], making: Making) -> Seen:
    making.parts.all_at_hand([_file(piece) for piece in pieces])
    seen = [Seen.from_wire(making.parts.told(_file(piece))) for piece in pieces]
    return Seen(aspect=seen[0].aspect, moved=tuple(each for piece in seen for each in piece.moved))


def _framed(making: Making, ways: Sequence[Sequence[Place]], weights: str) -> Making:
    firsts = [span.first for span in making.timeline.spans]
    chunks = [_looking(chunk, ways[chunk.clip][chunk.first - firsts[chunk.clip] :], weights) for chunk in making.chunks]
    return replace(making, chunks=chunks)


def _looking(chunk: Chunk, way: Sequence[Place], weights: str) -> Chunk:
    places = [[place.x, place.y] for place in way[: chunk.frames]]
    still = all(place == places[0] for place in places)
    look = {"by": "framing_ai", "planner": PLANNER, "way": places[:1] if still else places}
    return chunk.looking(look | asked.look_of(weights))


# In the child processes


def pictures(
    frames: "Iterator[VideoFrame]", look: dict[str, Any], conformer: Conformer, folder: Path
) -> "Iterator[VideoFrame]":
    way = [Place(x=x, y=y) for x, y in look["way"]]
    framer = Framer(size=conformer.size, shape=conformer.shape, enlarge=enlarger_of(look, folder))
    for number, frame in enumerate(frames):
        yield framer(frame, way[number if len(way) > 1 else 0])


def _look(request: dict[str, Any], say: Say) -> dict[str, Any]:
    piece = Piece.from_wire(request["piece"])
    seen = look(Path(request["path"]), piece, counting("done", say))
    Path(request["folder"], _file(piece)).write_text(json.dumps(seen.as_wire(), separators=(",", ":")))
    return {"frames": len(seen.moved)}


VERBS = {"look": _look}
