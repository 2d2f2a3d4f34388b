"""The sound of a film with copies: the passages that it is made of, who makes them, and how they are sewn together."""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path

from modal_functions.batches import Batch
from modal_functions.media import child
from modal_functions.media.aac import FRAME
from modal_functions.media.chunks import COPY, ENCODE
from modal_functions.media.passages import Passage
from modal_functions.media.sound import Piece
from modal_functions.media.timeline import SAMPLE_RATE, Span, Timeline, nearest
from modal_functions.parts import Parts

Check = Callable[[], None]  # raises where something is no longer wanted
Grids = Mapping[str, int | None]  # of sources: where their packets of sound begin, if those can stand in a film


def passages_of(timeline: Timeline, grids: Grids) -> list[Passage]:
    """A film has one grid: the one on which most of its sources' own packets lie."""
    shares: dict[int, int] = {}
    for span in timeline.spans:
        own = _own(span, grids)
        if own is not None:
            grid = (own + span.first_sample) % FRAME
            shares[grid] = shares.get(grid, 0) + span.samples
    film = max(sorted(shares), key=shares.__getitem__, default=0)
    return [_passage(span, (film - span.first_sample) % FRAME, grids) for span in timeline.spans]


def _own(span: Span, grids: Grids) -> int | None:
    grid = grids.get(span.clip.source)
    return None if grid is None else nearest(grid - Fraction(span.clip.in_us, 1_000_000) * SAMPLE_RATE) % FRAME


def _passage(span: Span, grid: int, grids: Grids) -> Passage:
    clip = span.clip
    return Passage(
        how=COPY if _own(span, grids) == grid else ENCODE,
        source=clip.source,
        sha256=clip.sha256,
        start=Fraction(clip.in_us, 1_000_000),
        samples=span.samples,
        grid=grid,
    )


def files_of(passages: Sequence[Passage]) -> list[str]:
    return [name for passage in passages for name in passage.files]


def batches_of(passages: Sequence[Passage], there: set[str], parts: Parts) -> Iterator[Batch]:
    """Of what is not there, each source's in as many shares as there are workers."""
    missing = {each.key: each for each in passages if not there >= set(each.files)}.values()
    for source, group in groupby(sorted(missing, key=lambda each: each.source), key=lambda each: each.source):
        own = list(group)
        size = math.ceil(len(own) / parts.workers)
        for share in (own[first : first + size] for first in range(0, len(own), size)):
            request = {"do": "passages", "passages": [each.as_wire() for each in share]}
            yield parts.batch(source, request, files_of(share))


def sound_file(piece: Piece) -> str:
    return f"{piece.key}.flac"


def encoded(pieces: Sequence[Piece], parts: Parts, folder: Path, container: str, check: Check) -> Path:
    """All sounds encoded in one go: joined after encoding, each would bring a gap of its own."""
    names = [sound_file(each) for each in pieces]
    track, own = folder / f"sound.{container}", _at_hand(names, parts, folder)
    if not track.exists():
        wire = [piece.as_wire() for piece in pieces]
        request = {"do": "soundtrack", "pieces": wire, "folder": str(own), "to": str(track), "container": container}
        with parts.reading(names):
            child.run(request, lambda progress: check(), start=parts.context.start)
    return track


def sewn(passages: Sequence[Passage], parts: Parts, folder: Path, check: Check) -> Path:
    names = files_of(passages)
    track, own = folder / "sewn.mp4", _at_hand(names, parts, folder)
    if not track.exists():
        request = {"do": "sew", "passages": [each.as_wire() for each in passages], "folder": str(own), "to": str(track)}
        with parts.reading(names):
            child.run(request, lambda progress: check(), start=parts.context.start)
    return track


def _at_hand(names: Sequence[str], parts: Parts, folder: Path) -> Path:
    own = folder / "sounds"
    own.mkdir(exist_ok=True)
    for name in set(names):
        with contextlib.suppress(FileExistsError):  # another film of the same shots has put it there
            (own / name).symlink_to(parts.at_hand(name).resolve())
    return own
