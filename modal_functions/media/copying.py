# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""Chunks that are a source's own packets: nothing of them is encoded anew."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from modal_functions.media.avc import NotPlain, parameter_sets
from modal_functions.media.chunks import Chunk
from modal_functions.media.errors import MediaError
from modal_functions.media.footage import tolerance
from modal_functions.media.groups import alone, delay, groups_from, in_step
from modal_functions.media.join import timed
from modal_functions.media.landing import landing
from modal_functions.media.opening import only, opened, sight_of
from modal_functions.media.preview import glance
from modal_functions.media.spec import Output

if TYPE_CHECKING:
    from fractions import Fraction

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

OnPacket = Callable[[], None]


def copy(source: Path, chunk: Chunk, output: Output, folder: Path, on_packet: OnPacket) -> Path:
    """As the survey has found it. What was written is read once more, and compared."""
    path = folder / chunk.file
    with opened(source, undecoded=True) as container:
        stream = sight_of(container)
        only(container, stream)
        packets = _wanted(container, stream, chunk, output)
        sums = [zlib.crc32(packet) for packet in packets]
        (folder / f"{chunk.key}.jpg").write_bytes(_glance(stream, packets[0]))
        with landing(path) as beside:
            _write(beside, stream, packets, output, on_packet)
            _compare(beside, sums)
    return path


def _wanted(
    container: "InputContainer", stream: "VideoStream", chunk: Chunk, output: Output
) -> "list[Packet[VideoStream]]":
    """From the group whose first picture is the one on show when the chunk begins."""
    moment = chunk.start + tolerance(stream)
    packets: list[Packet[VideoStream]] = []
    times: list[Fraction] = []
    try:
        sets = parameter_sets(stream.codec_context.extradata)
    except NotPlain as error:
        raise _elsewhere() from error
    for group in groups_from(container, stream, moment, sets, keep=True):
        if not packets and not in_step(sorted(group.times), group.following, moment, output.rate):
            continue
        if not group.plain:
            break
        packets += group.packets
        times += group.times
        if len(packets) >= chunk.frames:
            _check_times(times, group.following, moment, chunk, output)
            return packets[: chunk.frames]
    raise _elsewhere()


def _check_times(
    times: "list[Fraction]", following: "Fraction | None", moment: "Fraction", chunk: Chunk, output: Output
) -> None:
    """All of its pictures are those that are on show at the chunk's moments, and none of them comes later."""
    if alone(times, chunk.frames) != chunk.frames or chunk.frames > in_step(
        sorted(times), following, moment, output.rate
    ):
        raise _elsewhere()


def _elsewhere() -> MediaError:
    return MediaError("result_invalid", "What was to be copied of this file is not where it was.")


def _glance(stream: "VideoStream", packet: "Packet[VideoStream]") -> bytes:
    """Of its first picture, which needs no other."""
    frames = [*stream.codec_context.decode(packet), *stream.codec_context.decode(None)]
    if not frames:
        raise _elsewhere()
    return glance(frames[0])


def _write(
    path: Path, stream: "VideoStream", packets: "list[Packet[VideoStream]]", output: Output, on_packet: OnPacket
) -> None:
    import av

    ahead = delay((packet.pts or 0) * packet.time_base for packet in packets)
    clock = {"video_track_timescale": str(output.rate.numerator)}
    with av.open(str(path), "w", format="mp4", container_options=clock) as film:
        track = film.add_stream_from_template(stream)
        track.time_base = 1 / output.rate
        for packet in timed(packets, 0, ahead, 1 / output.rate):
            packet.stream = track
            film.mux(packet)
            on_packet()


def _compare(path: Path, sums: list[int]) -> None:
    with opened(path, undecoded=True) as chunk:
        found = [zlib.crc32(packet) for packet in chunk.demux(chunk.streams.video[0]) if packet.size]
    if found != sums:
        raise MediaError("result_invalid", "What was copied of this file is not what is in it.")
