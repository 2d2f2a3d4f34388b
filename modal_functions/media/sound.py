# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""The film's sound, to the sample: each clip's taken once and kept without loss, all of it encoded in one go."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.media.chunks import RENDERER, digest
from modal_functions.media.errors import DAMAGED_PART, MediaError
from modal_functions.media.landing import landing
from modal_functions.media.listening import SAMPLE_BYTES, heard_from
from modal_functions.media.opening import FOOTAGE, SOUND, opened, sound_of
from modal_functions.media.spec import Clip, Unusable
from modal_functions.media.timeline import SAMPLE_RATE, Timeline, nearest

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

LONGEST_BLOCK = SAMPLE_RATE
FADE = SAMPLE_RATE * 5 // 1000  # at both ends of every clip, against clicks

OnSamples = Callable[[int], None]
CODECS: dict[str, tuple[str, dict[str, str]]] = {
    "flac": ("flac", {}),
    "mp4": ("aac", {"b": "192k"}),
    "webm": ("libopus", {"b": "160k"}),
    "mov": ("pcm_s16le", {}),
}


@dataclass(frozen=True, kw_only=True)
class Piece:
    """The sound under one clip, from `start` on its source's clock: `samples` of it in the film. `kept` may be one
    more, so that the file stays the same wherever in the film the clip stands."""

    key: str
    source: str
    start: Fraction
    kept: int
    samples: int

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= self.kept:
            raise Unusable("samples", self.samples, f"1 to {self.kept}")
        if not self.key.isalnum():  # it becomes the name of a file
            raise Unusable("key", self.key, "letters and digits")

    def as_wire(self) -> dict[str, Any]:
        return {**vars(self), "start": str(self.start)}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Piece":
        return cls(**{**wire, "start": Fraction(wire["start"])})


def plan_sound(timeline: Timeline) -> list[Piece]:
    return [_piece(span.clip, span.frames, span.samples, timeline.rate) for span in timeline.spans]


def _piece(clip: Clip, frames: int, samples: int, rate: Fraction) -> Piece:
    start, kept = Fraction(clip.in_us, 1_000_000), -int(-frames * SAMPLE_RATE // rate)
    key = digest({"renderer": RENDERER, "how": "sound", "source": clip.sha256, "start": str(start), "samples": kept})
    return Piece(key=key, source=clip.source, start=start, kept=kept, samples=samples)


def take(
    source: Path, piece: Piece, folder: Path, on_samples: OnSamples | None = None, *, undecoded: bool = False
) -> Path:
    """Writes what a piece keeps, as FLAC. `undecoded` spares a source the trial of its pictures, where its sound is
    known without."""
    path = folder / f"{piece.key}.flac"
    with landing(path) as beside:
        blocks = read(source, FOOTAGE, piece.start, piece.kept, undecoded=undecoded)
        write(beside, "flac", blocks, on_samples)
    return path


def compose(
    pieces: Sequence[Piece], folder: Path, path: Path, on_samples: OnSamples | None = None, container: str = "mp4"
) -> int:
    """Encodes the pieces that were taken, one after the other, as they are in such a film; returns their samples."""
    total = sum(piece.samples for piece in pieces)
    with landing(path) as beside:
        written = write(beside, container, (block for piece in pieces for block in _in_film(piece, folder)), on_samples)
    if written != total:
        raise MediaError("result_invalid", f"The sound has {written} samples instead of {total}.")
    return total


def _in_film(piece: Piece, folder: Path) -> Iterator[bytes]:
    return faded(read_kept(folder / f"{piece.key}.flac", piece.samples), piece.samples)


def read(path: Path, formats: str, start: Fraction | None, samples: int, *, undecoded: bool = False) -> Iterator[bytes]:
    with opened(path, formats, undecoded=undecoded) as container:
        stream = sound_of(container)
        yield from fitted(heard_from(container, stream, start) if stream else iter(()), samples)


def read_kept(path: Path, samples: int) -> Iterator[bytes]:
    """What was taken, if all of it is there: silence in place of what is damaged is for files of others."""
    with opened(path, SOUND) as container:
        stream = container.streams.audio[0]
        stream.codec_context.options = {**stream.codec_context.options, "err_detect": "crccheck+explode"}
        yield from fitted(_unbroken(heard_from(container, stream), samples), samples)


def _unbroken(placed: Iterator[tuple[int, bytes]], samples: int) -> Iterator[tuple[int, bytes]]:
    following = 0
    for position, block in placed:
        if position != following:
            break
        yield position, block
        following += len(block) // SAMPLE_BYTES
    if following < samples:
        raise MediaError("result_invalid", DAMAGED_PART)


def fitted(placed: Iterator[tuple[int, bytes]], samples: int) -> Iterator[bytes]:
    """Exactly `samples` of them: what lies before or after is cut off, what is missing is silence."""
    written = 0
    for position, block in placed:
        if position > written:
            yield from silence(min(position, samples) - written)
            written = min(position, samples)
        part = block[max(0, written - position) * SAMPLE_BYTES : max(0, samples - position) * SAMPLE_BYTES]
        if part:
            yield part
            written += len(part) // SAMPLE_BYTES
        if written >= samples:
            return
    yield from silence(samples - written)


def silence(samples: int) -> Iterator[bytes]:
    for first in range(0, samples, LONGEST_BLOCK):
        yield bytes(SAMPLE_BYTES * min(LONGEST_BLOCK, samples - first))


def faded(blocks: Iterator[bytes], samples: int, position: int = 0) -> Iterator[bytes]:
    """The blocks are those of a clip of `samples` from `position` on."""
    for block in blocks:
        count = len(block) // SAMPLE_BYTES
        rising = range(position, min(position + count, FADE))
        falling = range(max(position, samples - FADE), position + count)
        yield _dimmed(block, position, samples, {*rising, *falling}) if rising or falling else block
        position += count


def _dimmed(block: bytes, position: int, samples: int, where: set[int]) -> bytes:
    values = array("f", block)
    for each in where:
        gain = min(1.0, (each + 0.5) / FADE, (samples - each - 0.5) / FADE)
        values[2 * (each - position)] *= gain
        values[2 * (each - position) + 1] *= gain
    return values.tobytes()


def write(path: Path, container_format: str, blocks: Iterator[bytes], on_samples: OnSamples | None = None) -> int:
    """Encodes to the one codec of this format. `on_samples` hears how many are in the file; in the end all are."""
    import av

    done = 0
    clock = {"movie_timescale": str(SAMPLE_RATE)} if container_format in ("mp4", "mov") else {}
    with av.open(str(path), "w", format=container_format, container_options=clock) as container:
        for done in _encoded(container, container_format, blocks):
            if on_samples:
                on_samples(done)
    return done


def _encoded(container: "OutputContainer", container_format: str, blocks: Iterator[bytes]) -> Iterator[int]:
    from av.audio.stream import AudioStream

    codec, options = CODECS[container_format]
    stream = container.add_stream(codec, rate=SAMPLE_RATE, layout="stereo", options=options)
    assert isinstance(stream, AudioStream)  # noqa: S101 - tells mypy what the codec's name tells us
    for frame in frames(blocks):
        yield from _muxed(container, stream, frame)
    yield from _muxed(container, stream, None)


def _muxed(container: "OutputContainer", stream: "AudioStream", frame: "AudioFrame | None") -> Iterator[int]:
    """AAC's first packet lies before zero: what matters is where the last one ends."""
    for packet in stream.encode(frame):
        end = ((packet.pts or 0) + (packet.duration or 0)) * packet.time_base
        container.mux(packet)
        yield nearest(end * SAMPLE_RATE)


def frames(blocks: Iterator[bytes]) -> Iterator["AudioFrame"]:
    from av.audio.frame import AudioFrame

    position = 0
    for block in blocks:
        frame = AudioFrame(format="flt", layout="stereo", samples=len(block) // SAMPLE_BYTES)
        frame.planes[0].update(block)
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, position, Fraction(1, SAMPLE_RATE)
        position += frame.samples
        yield frame
