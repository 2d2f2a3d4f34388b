# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""What a page shows of a source: one picture of it, and how loud it is over time."""

from array import array
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from modal_functions.media.errors import MediaError
from modal_functions.media.footage import shown_from
from modal_functions.media.listening import WHISPER_RATE, decoded_from, resampled, whisper
from modal_functions.media.opening import opened, origin_us, sight_of, sound_of
from modal_functions.media.picture import Conformer, fit, matrix_of, turns_of
from modal_functions.media.probe import length_of
from modal_functions.media.spec import Unusable

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

LARGEST = 480
GLANCE = 256
PLACES = (Fraction(1, 10), Fraction(3, 10), Fraction(1, 2))
DARK = 32  # many films begin black
MOST_DECODED = 250  # frames: the moment is about right, a thumbnail must not take seconds
MOST_BUCKETS = 10_000


def thumbnail(path: Path) -> bytes:
    """A JPEG of a moment near the beginning that is not all dark."""
    pictures: list[VideoFrame] = []
    for place in PLACES:
        pictures.append(_small(path, place))
        if _brightness(pictures[-1]) >= DARK:
            return jpeg(pictures[-1])
    return jpeg(max(pictures, key=_brightness))


def picture_at(path: Path, seconds: Fraction) -> bytes:
    """A JPEG of what is on show then."""
    with opened(path) as container:
        return jpeg(_fitted(container, sight_of(container), seconds))


def _small(path: Path, place: Fraction) -> "VideoFrame":
    with opened(path) as container:
        stream = sight_of(container)
        return _fitted(container, stream, length_of(container, stream) * place, most=MOST_DECODED)


def _fitted(
    container: "InputContainer", stream: "VideoStream", moment: Fraction, *, most: int | None = None
) -> "VideoFrame":
    frame = None
    for shown in islice(shown_from(container, stream, moment), most):
        frame = shown.frame
        if shown.until > moment:
            break
    if frame is None:
        raise MediaError("input_unreadable", "No picture can be read from this file.")
    shape = stream.sample_aspect_ratio or Fraction(1)
    across = any(name == "transpose" for name, _ in turns_of(matrix_of(frame)))
    size = (frame.height, frame.width, 1 / shape) if across else (frame.width, frame.height, shape)
    fitted = fit(*size, LARGEST, LARGEST)
    return Conformer(width=fitted.width, height=fitted.height, shape=shape)(frame)


def _brightness(frame: "VideoFrame") -> float:
    luma = bytes(frame.planes[0])
    return sum(luma[::97]) / len(luma[::97])


def glance(frame: "VideoFrame") -> bytes:
    """A small JPEG of a picture that is at hand."""
    fitted = fit(frame.width, frame.height, Fraction(1), GLANCE, GLANCE)
    return jpeg(frame.reformat(width=fitted.width, height=fitted.height))


def jpeg(frame: "VideoFrame") -> bytes:
    from av.codec.context import CodecContext

    context = CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = frame.width, frame.height, "yuvj420p"
    context.time_base = Fraction(1, 25)
    context.qmin, context.qmax = 2, 4
    picture = frame.reformat(
        format="yuvj420p", src_colorspace="itu709", dst_colorspace="itu601", src_color_range=1, dst_color_range=2
    )
    picture.pts, picture.time_base = 0, Fraction(1, 25)
    return b"".join(bytes(packet) for packet in (*context.encode(picture), *context.encode(None)))


def waveform(path: Path, buckets: int) -> list[int]:
    """The loudest moment of each of `buckets` equal parts, from 0 to 255; nothing where there is no sound."""
    if not 1 <= buckets <= MOST_BUCKETS:
        raise Unusable("buckets", buckets, f"1 to {MOST_BUCKETS}")
    peaks = [0] * buckets
    with opened(path) as container:
        stream = sound_of(container)
        if stream is None:
            return peaks
        origin = Fraction(origin_us(container), 1_000_000)
        total = max(1, int(length_of(container, sight_of(container)) * WHISPER_RATE))
        for frame in resampled(decoded_from(container, stream, origin), whisper):
            first = int(((frame.pts or 0) * (frame.time_base or Fraction(0)) - origin) * WHISPER_RATE)
            values = array("h", bytes(frame.planes[0])[: frame.samples * 2])
            _raise(peaks, values, first, total)
    return [min(255, peak // 128) for peak in peaks]


def _raise(peaks: list[int], values: "array[int]", first: int, total: int) -> None:
    """Each sample counts in the bucket in which it lies."""
    last = len(peaks) - 1
    done = 0
    while done < len(values):
        bucket = min(last, max(0, first + done) * len(peaks) // total)
        border = -(-(bucket + 1) * total // len(peaks)) - first
        upto = len(values) if bucket == last else max(done + 1, border)
        part = values[done:upto]
        low, high = min(part), max(part)
        peaks[bucket] = max(peaks[bucket], high, -low)
        done = upto
