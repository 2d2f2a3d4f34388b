"""What is still to be made of a film, in batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modal_functions.batches import Batch
from modal_functions.batching import batched
from modal_functions.media.chunks import COPY, Chunk
from modal_functions.soundtracks import batches_of, sound_file

if TYPE_CHECKING:
    from modal_functions.filming import Making


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """What is still to be made of a film: chunks that are not kept yet, copies apart from the others, and sounds.
    `kept` frames are."""

    batches: Sequence[Batch]
    there: set[str]
    kept: int
    missing: frozenset[str]
    copies: Sequence[Batch] = ()
    passages: Sequence[Batch] = ()


def rendering_of(making: "Making") -> Rendering:
    parts, frames = making.parts, making.timeline.frames
    there = parts.there([chunk.file for chunk in making.chunks] + making.sound_files)
    missing = [chunk for chunk in making.chunks if chunk.file not in there]
    quiet = {sound.key: sound for sound in making.sounds if sound_file(sound) not in there}
    batches = [
        parts.batch(sound.source, {"do": "sound", "piece": sound.as_wire()}, [sound_file(sound)])
        for sound in (() if making.passages else quiet.values())
    ]
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
        missing=frozenset(chunk.file for chunk in missing),
        copies=[_of_chunks(making, chunks) for chunks in batched(copied, parts.workers, apart=True)],
        passages=list(batches_of(making.passages, there, parts)),
    )


def _of_chunks(making: "Making", chunks: Sequence[Chunk]) -> Batch:
    request: dict[str, Any] = {"do": "render", "chunks": [chunk.as_wire() for chunk in chunks], "output": making.output}
    if chunks[0].enlarges:
        request["enlarges"] = True
    return making.parts.batch(chunks[0].source, request, [chunk.file for chunk in chunks], making.uses)
