# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""What a source is, and whether it can be used; what cannot be is refused in a sentence for its owner."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.editing.timecode import Own
from modal_functions.media.errors import MediaError
from modal_functions.media.footage import first_of
from modal_functions.media.opening import is_counted, only, opened, origin_us, readable_packets, sight_of, sound_of
from modal_functions.media.picture import BT2020, HLG, PQ, matrix_of, turns_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

SMALLEST_SIDE, LARGEST_SIDE = 16, 8192
LONGEST_SECONDS = 24 * 60 * 60
TAIL = 5  # seconds, in which the last picture is looked for
MISSING = Fraction(1)  # seconds by which a file may end before it says
MOST_NUMBERS = 99  # of two digits, that a second of timecode can have
NUMBER = 4  # bytes, of a frame in a track of timecode
LOOKED_AT = 300  # packets, to tell a variable rate from a constant one
PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml", b"<MPD", b"<smil", b"<asx")

INCOMPLETE = "This file is incomplete or damaged. Copy it once more from where it came."
CUT_OFF = "The end of this file is missing. Copy it once more from where it came."


@dataclass(frozen=True, kw_only=True)
class Source:
    """`width` and `height` are those of the upright picture. `duration_us` is how long there is a picture. `timecode`
    is what the camera has counted, where it says."""

    container: str
    bytes: int
    duration_us: int
    width: int
    height: int
    rotation: int
    fps: tuple[int, int]
    variable: bool
    codec: str
    pixels: str
    hdr: bool
    interlaced: bool
    sound: str | None
    channels: int
    sample_rate: int
    timecode: Own | None

    def as_wire(self) -> dict[str, Any]:
        timecode = self.timecode.as_wire() if self.timecode else None
        return {**vars(self), "fps": list(self.fps), "timecode": timecode}


def probe(path: Path) -> Source:
    beginning = _beginning(path)
    try:
        with opened(path) as container:
            return _described(path, container)
    except MediaError as error:
        raise _explained(error, beginning) from error


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        beginning = file.read(4096)
    if not beginning:
        raise MediaError("input_unreadable", "This file is empty.")
    if beginning.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(PLAYLISTS):
        raise MediaError("unsupported", "This is a playlist: it only names other files. Bring the video itself.")
    if _is_text(beginning):
        raise MediaError("unsupported", "This is a text file, not a video.")
    return beginning


def _is_text(beginning: bytes) -> bool:
    control = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
    return not beginning.translate(None, delete=bytes(set(range(256)) - set(control)))


def _explained(error: MediaError, beginning: bytes) -> MediaError:
    """Only what nothing better is known of is said anew."""
    if error.code != "input_unreadable" or not error.__cause__:
        return error
    if beginning[4:8] == b"ftyp" or beginning.startswith(b"\x1aE\xdf\xa3"):
        return MediaError("input_unreadable", INCOMPLETE)
    return MediaError("unsupported", "This is no video that can be read here. MP4, MOV, MKV, WebM, AVI and MPEG can.")


def _described(path: Path, container: "InputContainer") -> Source:
    stream = sight_of(container)
    _check_size(stream.codec_context.width, stream.codec_context.height)
    sound = sound_of(container)
    duration = length_of(container, stream)
    variable = _is_variable(container, stream)
    rate = (stream.average_rate if variable else stream.guessed_rate) or Fraction(25)
    frame = first_of(container, stream)
    _check_size(frame.width, frame.height)  # only now is it known
    across = any(name == "transpose" for name, _ in turns_of(matrix_of(frame)))
    shape = stream.sample_aspect_ratio or Fraction(1)
    width, height = max(1, round(frame.width * shape)), frame.height
    return Source(
        container=container.format.name.partition(",")[0],
        bytes=path.stat().st_size,
        duration_us=int(duration * 1_000_000),
        width=height if across else width,
        height=width if across else height,
        rotation=frame.rotation % 360,
        fps=(rate.numerator, rate.denominator),
        variable=variable,
        codec=stream.codec_context.name,
        pixels=frame.format.name,
        hdr=frame.color_trc in {PQ, HLG} or frame.color_primaries == BT2020,
        interlaced=frame.interlaced_frame,
        sound=sound.codec_context.name if sound else None,
        channels=sound.codec_context.channels if sound else 0,
        sample_rate=sound.codec_context.sample_rate if sound else 0,
        timecode=_timecode(container, stream, round(rate)),
    )


def _timecode(container: "InputContainer", stream: "VideoStream", nominal: int) -> Own | None:
    """That of the picture goes before that of a track of its own, or of the file. Such a track also has its number,
    which tells how many a second has: of 50 pictures a second, some cameras count each two as one."""
    tracks = [each for each in container.streams if each.type == "data"]
    places = (stream.metadata, *(each.metadata for each in tracks), container.metadata)
    told = [begin for metadata in places for begin in _told_timecodes(metadata)]
    number = next(filter(None, (_number(container, each) for each in tracks if _told_timecodes(each.metadata))), None)
    rates = [nominal, *range(MOST_NUMBERS, 0, -1)] if number is not None else [nominal]
    found = (Own.from_wire({"begin": begin, "nominal": rate}) for begin in told for rate in rates)
    return next((own for own in found if own is not None and number in (None, own.number)), None)


def _told_timecodes(metadata: Mapping[str, str]) -> list[str]:
    """Each format spells it as it likes."""
    return [value for name, value in metadata.items() if name.lower() == "timecode"]


def _number(container: "InputContainer", track: "Stream") -> int | None:
    _go_to(container, Fraction(0))
    only(container, track)
    first = next(readable_packets(container, track), None)
    return int.from_bytes(bytes(first), "big") if first is not None and first.size == NUMBER else None


def _check_size(width: int, height: int) -> None:
    if not (min(width, height) >= SMALLEST_SIDE and max(width, height) <= LARGEST_SIDE):
        limits = f"{SMALLEST_SIDE} to {LARGEST_SIDE} on each side"
        raise MediaError("unsupported", f"The picture is {width} × {height} pixels; {limits} can be used.")


def length_of(container: "InputContainer", stream: "VideoStream") -> Fraction:
    """Up to the end of the last picture that is really there. A file that was cut off still claims its whole length."""
    claimed, start = (Fraction(us, 1_000_000) for us in (container.duration or 0, container.start_time or 0))
    origin = Fraction(origin_us(container), 1_000_000)
    begin = max(min(origin, Fraction(0)), start)
    _check_length(claimed)
    pictures, anything = _ends(container, stream, begin + claimed - TAIL)
    if claimed and anything + MISSING < begin + claimed:
        raise MediaError("input_unreadable", CUT_OFF)
    if pictures is None:  # the sound goes on for longer than was looked at
        pictures, _ = _ends(container, stream, _earliest(container))
    duration = (pictures or Fraction(0)) - origin
    _check_length(duration)
    if duration <= 0:
        raise MediaError("input_unreadable", "No picture can be read from this file.")
    return duration


def _check_length(seconds: Fraction) -> None:
    if seconds > LONGEST_SECONDS:
        raise MediaError("too_long", f"This video lasts {float(seconds) / 3600:.1f} hours; at most 24 can be used.")


def _ends(container: "InputContainer", stream: "VideoStream", start: Fraction) -> tuple[Fraction | None, Fraction]:
    """When the last picture ends, and when the last of anything does, looking from `start` on."""
    _go_to(container, start)
    usual = 1 / (stream.average_rate or stream.guessed_rate or Fraction(25))
    pictures, anything = None, start
    counted = is_counted(container)
    for packet in readable_packets(container, *_read(container)):
        is_picture = packet.stream_index == stream.index
        stamp = packet.dts if counted and is_picture else packet.pts
        if stamp is None or not packet.size or packet.is_corrupt:
            continue
        length = (packet.duration or 0) * packet.time_base
        end = stamp * packet.time_base + (length or (usual if is_picture else Fraction(0)))
        anything = max(anything, end)
        if is_picture:
            pictures = max(pictures or end, end)
    return pictures, anything


def _read(container: "InputContainer") -> list["Stream"]:
    return [stream for stream in container.streams if stream.type in {"video", "audio"}]


def _go_to(container: "InputContainer", start: Fraction) -> None:
    import av

    try:
        container.seek(int(max(_earliest(container), start) * 1_000_000))
    except av.FFmpegError:  # without an index: read on from where it is
        container.seek(container.start_time or 0)


def _earliest(container: "InputContainer") -> Fraction:
    """No picture lies before it. Of a recording whose clock begins anew within its first minute, what comes before that
    has times below zero."""
    origin = Fraction(origin_us(container), 1_000_000)
    return origin - 1 if origin < 0 else Fraction(0)


def _is_variable(container: "InputContainer", stream: "VideoStream") -> bool:
    """Steps that differ by more than rounding does, at the beginning or on the whole."""
    average, base = stream.average_rate, stream.guessed_rate
    if average and base and not Fraction(99, 100) < average / base < Fraction(101, 100):
        return True
    _go_to(container, _earliest(container))
    only(container, stream)
    packets = islice(readable_packets(container, stream), LOOKED_AT)
    times = sorted(packet.pts for packet in packets if packet.pts is not None)
    steps = [after - before for before, after in pairwise(times)]
    return bool(steps) and max(steps) - min(steps) > max(2, max(steps) // 20)
