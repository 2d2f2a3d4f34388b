# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""The only place that opens media. A file's name and its maker are never trusted, only what is listed here."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modal_functions.media.errors import MediaError, unwritten

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

# Without the first list a playlist named .mp4 opens other files and addresses; the second alone does not stop it.
FOOTAGE: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi"
SOUND: Final = "flac"
PROTOCOLS: Final = "file"
MAX_PIXELS: Final = 8192 * 8192
MOST_STREAMS: Final = 64
# Where time zero is the first packet, not the clock's own zero.
CLOCKS_THAT_START_ANYWHERE: Final = frozenset({"mpegts", "mpeg", "avi"})


@contextmanager
def opened(path: Path, formats: str = FOOTAGE, *, undecoded: bool = False) -> Iterator["InputContainer"]:
    """Whatever goes wrong with the file in this block is told as a MediaError. `undecoded` spares a chunk the
    trial of its first pictures, which is most of what opening takes; then only its packets and headers are known."""
    if not path.is_absolute():
        raise ValueError(f"media is opened by its absolute path, not {str(path)!r}")
    with unreadable(), _container(path, formats, undecoded=undecoded) as container:
        if len(container.streams) > MOST_STREAMS:
            said = f"This file has {len(container.streams)} tracks; at most {MOST_STREAMS} can be used."
            raise MediaError("unsupported", said)
        for stream in container.streams:
            if stream.codec_context is not None:  # a stream of an unknown codec has none
                stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
                stream.codec_context.thread_count = 1  # what runs at once is chunks
        yield container


def _container(path: Path, formats: str, *, undecoded: bool) -> "InputContainer":
    import av

    options = {"format_whitelist": formats, "protocol_whitelist": PROTOCOLS, "max_pixels": str(MAX_PIXELS)}
    read = partial(av.open, f"file:{path}", mode="r", options=options, metadata_errors="replace")
    if undecoded:
        with suppress(ValueError):  # of some formats, MPEG for one, the trial is what finds the tracks
            return read(stream_options=[{"skip_frame": "all"}])
    return read()


@contextmanager
def unreadable() -> Iterator[None]:
    """What PyAV has been seen to raise about a broken file, in one shape."""
    import av

    try:
        yield
    except MemoryError as error:  # av.error.MemoryError is one
        raise MediaError("out_of_memory", "Reading this file takes more memory than there is for it.") from error
    except (av.FFmpegError, EOFError, IndexError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and (full := unwritten(error.errno)):
            raise full from error
        raise MediaError("input_unreadable", "This file is damaged, or is no video that can be read here.") from error


def sight_of(container: "InputContainer") -> "VideoStream":
    """The first real picture: a cover is also a video stream, of one frame."""
    from av.stream import Disposition

    real = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    for stream in real:
        if _can_be_decoded(stream):
            return stream
    if real:
        raise MediaError("unsupported", "The picture in this file is of a sort that cannot be read here.")
    if container.streams.audio:
        raise MediaError("unsupported", "This file has sound but no picture.")
    raise MediaError("input_unreadable", "There is neither picture nor sound in this file.")


def sound_of(container: "InputContainer") -> "AudioStream | None":
    from av.stream import Disposition

    usable = [stream for stream in container.streams.audio if _can_be_decoded(stream) and stream.codec_context.channels]
    preferred = [stream for stream in usable if stream.disposition & Disposition.default]
    return next(iter(preferred or usable), None)


def _can_be_decoded(stream: "VideoStream | AudioStream") -> bool:
    return stream.codec_context is not None and bool(stream.time_base)


def only(container: "InputContainer", stream: "Stream") -> None:
    """Spares the reading of everything else."""
    from av.stream import Discard

    for each in container.streams:
        each.discard = Discard.default if each.index == stream.index else Discard.all


def origin_us(container: "InputContainer") -> int:
    """Where a source's time zero lies on its container's clock."""
    anywhere = CLOCKS_THAT_START_ANYWHERE & set(container.format.name.split(","))
    return (container.start_time or 0) if anywhere else 0


def is_counted(container: "InputContainer") -> bool:
    """AVI knows no time of showing: there, pictures are counted as they stand in the file."""
    return container.format.name == "avi"


def readable_packets(container: "InputContainer", *streams: "Stream") -> Iterator["Packet[Stream]"]:
    """Until the file ends or breaks off; the last one is empty."""
    import av

    try:
        yield from container.demux(*streams)
    except MemoryError:
        raise
    except (av.FFmpegError, EOFError):
        return
