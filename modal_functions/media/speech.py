# ruff: noqa: PLC0415 - recognisers and PyAV are imported only where they are used
"""Hears words in a source's sound: with faster-whisper where a model of it is named, else with PocketSphinx, whose
package brings its own model of English. Nothing is ever downloaded."""

import math
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from operator import mul
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from modal_functions.media.chunks import digest
from modal_functions.media.errors import MediaError
from modal_functions.media.listening import decoded_from, mono, resampled
from modal_functions.media.opening import opened, origin_us, sound_of
from modal_functions.media.transcript import Word

HEARER = 1  # raise it whenever the same sound would be heard differently
RATE = 16_000
SECONDS = 10  # of a piece
LEVEL = RATE // 50  # samples over which loudness is looked at: a fiftieth of a second
LIVELY = 6.0  # decibels by which speech gets louder and quieter at least; a hum or a tone does not
HISSING = 0.35  # of their mean, by which its crossings of zero vary; those of a melody hardly do
FASTER = {"fwdflat": False, "maxhmmpf": 6000, "maxwpf": 15}  # half the time, nearly the same words

FILLERS, PAUSES = ("[", "+"), ("", "<")  # what the names of sounds that are no words begin with

OnMilliseconds = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a source's sound, in milliseconds of its own clock."""

    key: str
    source: str
    begin: int
    end: int

    def as_wire(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Piece":
        return cls(**wire)


def pieces_of(source: str, sha256: str, borders: list[int], recogniser: str) -> list[Piece]:
    """`borders` in milliseconds."""
    named = {"hearer": HEARER, "source": sha256, "by": recogniser}
    return [
        Piece(key=digest({**named, "begin": begin, "end": end}), source=source, begin=begin, end=end)
        for begin, end in pairwise(borders)
    ]


def hear(path: Path, piece: Piece, model: str, on_done: OnMilliseconds | None = None) -> list[Word]:
    samples = sound_between(path, piece.begin, piece.end)
    if samples is None:
        return []
    heard = by_whisper(samples, model) if model else by_sphinx(samples)
    words = []
    for word in heard:
        begin, end = piece.begin + word.begin, min(piece.end, piece.begin + word.end)
        words.append(Word(text=word.text, begin=begin, end=max(begin + 1, end)))
        if on_done:
            on_done(word.end)
    return words


def sound_between(path: Path, begin: int, end: int) -> "array[int] | None":
    """One channel, 16 bits; silence where there is nothing. None where the source has no sound at all."""
    count = (end - begin) * RATE // 1000
    samples = array("h", bytes(2 * count))
    with opened(path) as container:
        stream = sound_of(container)
        if stream is None:
            return None
        start = Fraction(begin, 1000) + Fraction(origin_us(container), 1_000_000)
        for frame in resampled(decoded_from(container, stream, max(Fraction(0), start - 1)), _graph):
            first = int(((frame.pts or 0) * (frame.time_base or Fraction(0)) - start) * RATE)
            if first >= count:
                break
            block = array("h", bytes(frame.planes[0])[: frame.samples * 2])[max(0, -first) : count - first]
            samples[max(0, first) : max(0, first) + len(block)] = block
    return samples


def _graph(frame: Any) -> Any:
    return mono(frame, RATE)


# PocketSphinx


def by_sphinx(samples: "array[int]") -> Iterator[Word]:
    for begin, spoken in utterances(samples):
        if is_lively(spoken):
            yield from _decoded(begin, spoken)


def utterances(samples: "array[int]") -> Iterator[tuple[int, "array[int]"]]:
    """The parts in which somebody may be speaking, each with the sample it begins at."""
    from pocketsphinx import Endpointer

    looks = Endpointer(sample_rate=RATE)
    whole, size, spoken = samples.tobytes(), looks.frame_bytes, b""
    for first in range(0, len(whole), size):
        frame = whole[first : first + size]
        found = looks.process(frame) if len(frame) == size else looks.end_stream(frame)
        spoken += found or b""
        if spoken and not looks.in_speech:
            yield round(looks.speech_start * RATE), array("h", spoken)
            spoken = b""
    if spoken:
        yield round(looks.speech_start * RATE), array("h", spoken)


def is_lively(samples: "array[int]") -> bool:
    """Syllables rise and fall, and hiss between vowels that hum. What sounds steadily is no speech, whatever its tone,
    and neither is what keeps its pitch while it gets louder and quieter."""
    parts = [samples[first : first + LEVEL] for first in range(0, len(samples) - LEVEL + 1, LEVEL)]
    if not parts:
        return False
    levels = sorted(math.log10(1 + sum(map(mul, part, part)) / LEVEL) for part in parts)
    low, high = levels[len(levels) // 5], levels[len(levels) * 9 // 10]
    crossings = [sum((one < 0) != (other < 0) for one, other in pairwise(part)) for part in parts]
    return 10 * (high - low) >= LIVELY and pstdev(crossings) >= HISSING * max(1.0, fmean(crossings))


def _decoded(begin: int, spoken: "array[int]") -> Iterator[Word]:
    """Each by itself and as a whole, so that it is heard the same whatever was heard before. Where most of it is no
    word in the recogniser's own opinion, the rest is none either."""
    decoder = _decoder()
    decoder.start_utt()
    decoder.process_raw(spoken.tobytes(), full_utt=True)
    decoder.end_utt()
    if decoder.hyp() is None:
        return
    frame, offset, fillers = 1000 / decoder.config["frate"], begin * 1000 // RATE, 0
    words = []
    for part in decoder.seg():
        text = part.word.partition("(")[0]
        first, last = offset + round(part.start_frame * frame), offset + round((part.end_frame + 1) * frame)
        if text[:1] in FILLERS:
            fillers += last - first
        elif text[:1] not in PAUSES:
            words.append(Word(text=text, begin=first, end=last))
    if sum(word.end - word.begin for word in words) > fillers:
        yield from words


@cache
def _decoder() -> Any:
    from pocketsphinx import Decoder

    return Decoder(samprate=RATE, loglevel="FATAL", **FASTER)


# faster-whisper


def by_whisper(samples: "array[int]", model: str) -> Iterator[Word]:
    import numpy
    from ctranslate2 import set_random_seed

    set_random_seed(HEARER)  # where it is unsure it tries again by chance, and the same sound is to give the same words
    sound = numpy.frombuffer(samples.tobytes(), dtype=numpy.int16).astype(numpy.float32) / 32768
    parts, _ = _whisper(model).transcribe(sound, word_timestamps=True, vad_filter=True, beam_size=5)
    for part in parts:
        for word in part.words or ():
            text = word.word.strip()
            if text:
                begin = max(0, round(word.start * 1000))
                yield Word(text=text, begin=begin, end=max(begin + 1, round(word.end * 1000)))


@cache
def _whisper(model: str) -> Any:
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(model, device="auto", compute_type="default", local_files_only=True)
    except (RuntimeError, ValueError, OSError) as error:
        raise MediaError("unsupported", f"The model of faster-whisper cannot be loaded: {str(error)[:200]}") from error
