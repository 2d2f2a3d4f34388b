"""What a child can be asked to do. Each verb takes a plain request and gives a plain answer."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modal_functions.media.chunks import Chunk
from modal_functions.media.confinement import held
from modal_functions.media.entry import Say
from modal_functions.media.join import Part, join
from modal_functions.media.passages import Passage, grid_in, keep
from modal_functions.media.preview import thumbnail, waveform
from modal_functions.media.probe import probe
from modal_functions.media.render import Rendered, render
from modal_functions.media.seams import sew
from modal_functions.media.sound import Piece, compose, take
from modal_functions.media.sparing import known_from_wire
from modal_functions.media.spec import Output, Unusable
from modal_functions.media.survey import Stretch, survey
from modal_functions.media.verify import verify

Wire = dict[str, Any]
Verb = Callable[[Wire, Say], Wire]
EVERY = 0.5  # seconds between two counts of one piece of work; a picture of all of them is written each second


def perform(request: Wire, say: Say) -> Wire:
    asked = str(request.get("do"))
    kind, dot, _ = asked.partition(".")
    verb = _of_kind(kind).get(asked.removeprefix(f"{kind}.")) if dot else VERBS.get(asked)
    if verb is None:
        raise Unusable("do", request.get("do"), f"one of {', '.join(VERBS)}, or kind.verb")
    return verb(request, say)


def _of_kind(kind: str) -> dict[str, Verb]:
    from modal_functions import kinds  # noqa: PLC0415 - only who asks for one of them

    return getattr(kinds.module(kind), "VERBS", {}) if kind in kinds.NAMES else {}


def _probe(request: Wire, _: Say) -> Wire:
    return probe(Path(request["path"])).as_wire()


def _thumbnail(request: Wire, _: Say) -> Wire:
    return {"jpeg": base64.b64encode(thumbnail(Path(request["path"]))).decode()}


def _waveform(request: Wire, _: Say) -> Wire:
    return {"peaks": waveform(Path(request["path"]), request["buckets"])}


def _render(request: Wire, say: Say) -> Wire:
    chunks = [Chunk.from_wire(chunk) for chunk in request["chunks"]]
    output, folder = Output.from_wire(request["output"]), Path(request["folder"])
    done = []
    for rendered in render(Path(request["path"]), chunks, output, folder, counting("frames", say)):
        done.append(_told(rendered))
        say({"chunk": done[-1]})
    return {"chunks": done}


def _told(rendered: Rendered) -> Wire:
    return {"key": rendered.key, "path": str(rendered.path), "frames": rendered.frames, "bytes": rendered.bytes}


def _survey(request: Wire, _: Say) -> Wire:
    """What it finds of each is a part, as all that is kept."""
    stretches = [Stretch.from_wire(stretch) for stretch in request["stretches"]]
    found = survey(Path(request["path"]), stretches, Output.from_wire(request["output"]))
    grid = grid_in(Path(request["path"]))
    for key, each in zip(request["keys"], found, strict=True):
        told = json.dumps({"found": each.as_wire(), "grid": grid}, separators=(",", ":"))
        Path(request["folder"], f"{key}.json").write_text(told)
    return {"frames": sum(each.frames for each in found)}


def _sound(request: Wire, say: Say) -> Wire:
    piece, source = Piece.from_wire(request["piece"]), Path(request["path"])
    known = grid_in(source) is not None
    path = take(source, piece, Path(request["folder"]), counting("samples", say), undecoded=known)
    return {"path": str(path), "samples": piece.kept}


def _passages(request: Wire, _: Say) -> Wire:
    passages = [Passage.from_wire(each) for each in request["passages"]]
    for passage in passages:
        keep(Path(request["path"]), passage, Path(request["folder"]))
    return {"samples": sum(passage.samples for passage in passages)}


def _sew(request: Wire, say: Say) -> Wire:
    passages, to = [Passage.from_wire(each) for each in request["passages"]], Path(request["to"])
    return {"path": str(to), "samples": sew(passages, Path(request["folder"]), to, counting("samples", say))}


def _soundtrack(request: Wire, say: Say) -> Wire:
    pieces = [Piece.from_wire(piece) for piece in request["pieces"]]
    to, container = Path(request["to"]), request.get("container", "mp4")
    samples = compose(pieces, Path(request["folder"]), to, counting("samples", say), container)
    return {"path": str(to), "samples": samples}


def _join(request: Wire, say: Say) -> Wire:
    parts = [
        Part(path=Path(part["path"]), frames=part["frames"], apart=part.get("apart", False))
        for part in request["parts"]
    ]
    output, to = Output.from_wire(request["output"]), Path(request["to"])
    return {"path": str(to), "bytes": join(parts, Path(request["sound"]), output, to, counting("bytes", say))}


def _verify(request: Wire, say: Say) -> Wire:
    output = Output.from_wire(request["output"])
    known = [known_from_wire(each) for each in request.get("known", ())]
    return verify(Path(request["path"]), output, request["frames"], counting("frames", say), known).as_wire()


def _held(_: Wire, __: Say) -> Wire:
    return held()


def counting(unit: str, say: Say, clock: Callable[[], float] | None = None) -> Callable[[int], None]:
    """Says no more than anybody could see: a line for each frame would cost more than all the rest of the telling."""
    clock = clock or time.monotonic
    due = clock()

    def count(done: int) -> None:
        nonlocal due
        now = clock()
        if now >= due:
            due = now + EVERY
            say({unit: done})

    return count


VERBS: dict[str, Verb] = {
    "probe": _probe,
    "thumbnail": _thumbnail,
    "waveform": _waveform,
    "render": _render,
    "survey": _survey,
    "sound": _sound,
    "passages": _passages,
    "soundtrack": _soundtrack,
    "sew": _sew,
    "join": _join,
    "verify": _verify,
    "held": _held,
}
