"""What is said in a video, how loud it is and where its shots begin: found out in parts that are each made once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from modal_functions.batches import Batch
from modal_functions.media import loudness, motion, speech
from modal_functions.media.chunks import digest
from modal_functions.media.following import cuts
from modal_functions.media.motion import Seen
from modal_functions.media.timeline import frames_of
from modal_functions.media.transcript import Word
from modal_functions.obtaining import Footage
from modal_functions.parts import Parts
from modal_functions.recognisers import recogniser

REACH = 2 * loudness.A_SECOND  # around a border, in which a quieter place is looked for


@dataclass(frozen=True, kw_only=True)
class Understood:
    """`seen` has every frame of the film's grid."""

    footage: Footage
    words: Sequence[Word]
    levels: Sequence[int]
    seen: Seen

    @cached_property
    def cuts(self) -> list[int]:
        """In milliseconds."""
        frames = cuts([each.difference for each in self.seen.moved])
        return [round(1000 * frame / self.footage.rate) for frame in frames]


def understood(parts: Parts, footage: Footage, *, model: str) -> Understood:
    """The stages processing_started, transcribing and analyzing."""
    levels = _levels(parts, footage)
    words = _words(parts, footage, levels, model)
    return Understood(footage=footage, words=words, levels=levels, seen=_seen(parts, footage))


def _levels(parts: Parts, footage: Footage) -> list[int]:
    parts.context.report.stage("processing_started", note="Listening to how loud it is")
    count = -(-footage.length_us * loudness.A_SECOND // 1_000_000)
    name = f"{digest({'listener': loudness.LISTENER, 'source': footage.sha256, 'levels': count})}.json"
    batch = parts.batch(footage.key, {"do": "clip_it.listen", "levels": count, "to": name, "units": 1}, [name])
    if name not in parts.there([name]):
        parts.make([batch], done=0, heard=lambda _: None)
    return list(parts.told(name)["levels"])


def _words(parts: Parts, footage: Footage, levels: Sequence[int], model: str) -> list[Word]:
    if not footage.has_sound:
        parts.context.report.stage("transcribing", note="It has no sound")
        return []
    borders = loudness.quiet_borders(levels, every=speech.SECONDS * loudness.A_SECOND, reach=REACH)
    moments = [min(1000 * border // loudness.A_SECOND, footage.length_us // 1000) for border in borders]
    pieces = speech.pieces_of(footage.key, footage.sha256, moments, recogniser(model))
    seconds = [max(1, round(piece.end / 1000) - round(piece.begin / 1000)) for piece in pieces]
    parts.context.report.stage("transcribing", total=sum(seconds), unit="audio seconds")
    asked = [
        {"do": "clip_it.hear", "piece": piece.as_wire(), "model": model, "units": count}
        for piece, count in zip(pieces, seconds, strict=True)
    ]
    _make(parts, footage, asked, lambda batch: batch.units)
    return [Word.from_wire(word) for piece in pieces for word in parts.told(f"{piece.key}.json")["words"]]


def _seen(parts: Parts, footage: Footage) -> Seen:
    clip = footage.clip(0, footage.length_us)
    pieces = list(motion.pieces_of(clip, frames_of(clip, footage.rate), footage.rate))
    parts.context.report.stage("analyzing", total=len(pieces), unit="windows")
    asked = [{"do": "clip_it.look", "piece": piece.as_wire(), "units": 1} for piece in pieces]
    _make(parts, footage, asked, lambda batch: batch.units)
    seen = [Seen.from_wire(parts.told(f"{piece.key}.json")) for piece in pieces]
    return Seen(aspect=seen[0].aspect if seen else Fraction(1), moved=tuple(each for one in seen for each in one.moved))


def _make(parts: Parts, footage: Footage, asked: Sequence[dict[str, Any]], worth: Callable[[Batch], int]) -> None:
    """Those that are not kept yet, each a batch of its own."""
    batches = [parts.batch(footage.key, each, [f"{each['piece']['key']}.json"]) for each in asked]
    there = parts.there([batch.parts[0] for batch in batches])
    missing = {batch.name: batch for batch in batches if batch.parts[0] not in there}
    done = sum(batch.units for batch in batches) - sum(batch.units for batch in missing.values())
    parts.make(missing.values(), done=done, worth=worth)
