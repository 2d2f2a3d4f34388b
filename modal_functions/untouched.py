"""What of a film can stand in it as it is: asked of its sources before anything is rendered, and planned as copies."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from modal_functions.batches import Batch
from modal_functions.media.avc import ParameterSets, parameter_sets
from modal_functions.media.chunks import COPY, EDGE, Chunk, Place
from modal_functions.media.spec import Film
from modal_functions.media.survey import NOTHING, Found, Stretch, survey_key
from modal_functions.parts import Parts


@dataclass(frozen=True, kw_only=True)
class Untouched:
    """Chunks of one clip that follow each other and have no look: nothing is done to their pictures but to fit them."""

    place: Place
    chunks: Sequence[Chunk]

    @property
    def stretch(self) -> Stretch:
        return Stretch(start=self.place.start, frames=sum(chunk.frames for chunk in self.chunks))

    def planned(self, found: Found) -> Iterator[Chunk]:
        """What can be copied as copies, and what lies between as edges; all as it was where there is nothing."""
        done, total = 0, self.stretch.frames
        for first, frames in found.pieces:
            if first > done:
                yield from self.place.encoded(done, first - done, EDGE)
            yield self.place.chunk(first, frames, COPY)
            done = first + frames
        if done == 0:
            yield from self.chunks
        elif done < total:
            yield from self.place.encoded(done, total - done, EDGE)


@dataclass(frozen=True, kw_only=True)
class Spared:
    """The same pictures in the same order, as far as can be copied; and where on their clocks the packets of its
    sources' sound begin."""

    chunks: list[Chunk]
    grids: Mapping[str, int | None]


def with_copies(chunks: Sequence[Chunk], film: Film, parts: Parts) -> Spared:
    groups = [_untouched(list(group), film) for _, group in groupby(chunks, key=_sort)]
    found, grids = _found([each for each in groups if isinstance(each, Untouched)], film, parts)
    planned = (each.planned(found[each.place]) if isinstance(each, Untouched) else each for each in groups)
    return Spared(chunks=[chunk for each in planned for chunk in each], grids=grids)


def _sort(chunk: Chunk) -> tuple[int, bool]:
    return chunk.clip, bool(chunk.look)


def _untouched(chunks: list[Chunk], film: Film) -> Untouched | list[Chunk]:
    return chunks if chunks[0].look else Untouched(place=_place(chunks[0], film), chunks=chunks)


def _place(chunk: Chunk, film: Film) -> Place:
    return Place(
        clip=chunk.clip,
        source=chunk.source,
        sha256=film.clips[chunk.clip].sha256,
        start=chunk.start,
        first=chunk.first,
        output=film.output,
    )


def without(refused: Collection[str], chunks: Sequence[Chunk], film: Film) -> list[Chunk]:
    """The same pictures, encoded where their copy has one of these keys."""
    return [
        each
        for chunk in chunks
        for each in (_place(chunk, film).encoded(0, chunk.frames) if chunk.key in refused else (chunk,))
    ]


def _found(all_of_them: list[Untouched], film: Film, parts: Parts) -> tuple[dict[Place, Found], dict[str, int | None]]:
    keys = {each.place: survey_key(each.place.sha256, each.stretch, film.output) for each in all_of_them}
    there = parts.there([_file(key) for key in keys.values()])
    missing = {keys[each.place]: each for each in all_of_them if _file(keys[each.place]) not in there}
    parts.make((), done=0, heard=lambda done: None, dispensable=_batches(missing, film, parts))
    there |= parts.there([_file(key) for key in missing])
    found: dict[Place, Found] = {}
    grids: dict[str, int | None] = {}
    for each in all_of_them:
        if _file(keys[each.place]) not in there:  # what cannot be looked at is encoded, or refused, like all else
            found[each.place] = NOTHING
            continue
        told = parts.told(_file(keys[each.place]))
        grids[each.place.source], found[each.place] = told["grid"], Found.from_wire(told["found"])
    return that_fit(found), grids


def _file(key: str) -> str:
    return f"{key}.json"


def _batches(missing: Mapping[str, Untouched], film: Film, parts: Parts) -> Iterator[Batch]:
    """Those of a source in as many shares as there are workers here; another machine fetches all of it."""
    by_source: dict[str, list[str]] = {}
    for key, each in missing.items():
        by_source.setdefault(each.place.source, []).append(key)
    shares = 1 if parts.context.fan else parts.workers
    for source, keys in by_source.items():
        size = math.ceil(len(keys) / shares)
        for share in (keys[first : first + size] for first in range(0, len(keys), size)):
            stretches = [missing[key].stretch.as_wire() for key in share]
            request = {"do": "survey", "keys": share, "stretches": stretches, "output": film.output.as_wire()}
            yield parts.batch(source, request, [_file(key) for key in share])


def that_fit(found: Mapping[Place, Found]) -> dict[Place, Found]:
    """Sources whose parameters have the same numbers cannot stand in one film: the one with more to copy does."""
    weight: dict[bytes, int] = {}
    for each in found.values():
        if each.frames:
            weight[each.header] = weight.get(each.header, 0) + each.frames
    kept: set[bytes] = set()
    together: ParameterSets | None = None
    for header in sorted(weight, key=lambda header: (-weight[header], header)):
        sets = parameter_sets(header)
        if together is None or together.fits(sets):
            together, kept = sets.with_all_of(together) if together else sets, kept | {header}
    return {place: each if each.header in kept else NOTHING for place, each in found.items()}
