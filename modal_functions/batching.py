"""Which chunks are made in one go: few children, and work for every worker until the end."""

import math
from collections.abc import Iterator, Sequence

from modal_functions.media.chunks import Chunk

MOST_AT_ONCE = 8  # chunks of one source in one child: it is then opened once, and sought once where they follow


def batched(
    missing: Sequence[Chunk], workers: int, *, apart: bool = False, tapering: bool = False
) -> Iterator[list[Chunk]]:
    """Neighbours of one clip together, but small enough that every worker has its share until the end; with `apart`
    others of the same source too, as where most of what lay between is copied. With `tapering` they are a share of what
    is left: where a batch costs little beside its frames, all workers then end at about the same time."""
    chunks = list({chunk.key: chunk for chunk in missing}.values())  # a part of a source may stand in the film twice
    batch: list[Chunk] = []
    for place, chunk in enumerate(chunks):
        left = len(chunks) - place + len(batch) if tapering else len(chunks)
        most = max(1, min(MOST_AT_ONCE, math.ceil(left / (2 * workers))))
        if batch and (len(batch) >= most or not _together(batch[-1], chunk, apart=apart)):
            yield batch
            batch = []
        batch.append(chunk)
    if batch:
        yield batch


def _together(before: Chunk, chunk: Chunk, *, apart: bool) -> bool:
    follows = chunk.clip == before.clip and chunk.first == before.first + before.frames
    return follows or (apart and chunk.source == before.source)
