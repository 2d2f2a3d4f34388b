# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""Chunks that begin in the midst of a group: one picture is encoded in place of all that came before it, and what
follows it there are the source's own packets, renumbered."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

from modal_functions.media.avc import (
    INSTANT_REFRESH,
    LENGTH,
    PICTURE,
    SEQUENCE,
    SLICE,
    Bits,
    NotPlain,
    ParameterSets,
    parameter_sets,
    units,
)
from modal_functions.media.chunks import Chunk
from modal_functions.media.encoders import steady_code
from modal_functions.media.footage import tolerance
from modal_functions.media.groups import Group, alone, delay, groups_from, in_step
from modal_functions.media.join import timed
from modal_functions.media.landing import landing
from modal_functions.media.opening import only, opened, sight_of
from modal_functions.media.preview import glance
from modal_functions.media.slices import ALONE, Order, Way, escaped, grown, read, shifted, unescaped
from modal_functions.media.spec import Output
from modal_functions.media.succession import Coded, Renumbered, going_on, meant
from modal_functions.media.verify import decode_no_more_than_is_read

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Of pictures that stand in for others: which numbers their parameters have, one for each sequence there may be.
FIRST_NUMBER = 64
NUMBERS = range(FIRST_NUMBER, FIRST_NUMBER + 32)
FEWEST = 8  # pictures; fewer are not worth it
MOST_TRIED = 40  # places at which to begin
COMPARED = 4  # pictures
SMALL, ALIKE = 64, 8  # of both: to so many dots, of which none is further from its own than that
SAME_SORT = 5  # of all slices of a picture
FINE = 8  # how coarse: what follows shows what was lost here too
REFRESHED = 2  # its number among such pictures, which is not that of one beside it


@dataclass(frozen=True, kw_only=True)
class Graft:
    """`first` is the film's picture that the one shows that is encoded, `at` when it is on show in its source. What
    follows it stands in the order of decoding, with its moments."""

    first: int
    at: Fraction
    sequence: int
    order: Order
    group: Sequence[Coded]
    kept: Sequence[tuple[Renumbered, bytes]]

    @property
    def frames(self) -> int:
        return 1 + len(self.kept)

    def packets(self) -> "Iterator[tuple[bytes, Fraction]]":
        for each, packet in self.kept:
            yield _with(packet, each.slices()), each.coded.at


def graft_in(group: Group, sets: ParameterSets, moment: Fraction, rate: Fraction, most: int) -> Graft:
    """The first in a group from whose midst a film goes on, its first picture at `moment`: of `most` pictures of the
    film at most. NotPlain where there is none."""
    if not group.plain:
        raise NotPlain("there is something in it that is not copied")
    order, ways = _ways(sets)
    pictures = [_coded(*each, ways) for each in zip(count(), group.times, group.packets, strict=False)]
    if len({each.at for each in pictures}) != len(pictures):
        raise NotPlain("two of its pictures have one moment")
    tries = [each for each in pictures if each.refers and each.at > moment - 1 / rate]
    for start in tries[:MOST_TRIED]:
        with suppress(NotPlain):
            kept = going_on(pictures, start.place)
            first = math.ceil((start.at - moment) * rate)
            times = [start.at, *(each.coded.at for each in kept)]
            shown = in_step(sorted(times), group.following, moment + first / rate, rate)
            frames = alone(times, max(0, min(shown, most - first)))
            if frames >= FEWEST:
                found = [(each, bytes(group.packets[each.coded.place])) for each in kept[: frames - 1]]
                return Graft(
                    first=first,
                    at=start.at,
                    sequence=next(iter(sets.sequences)),
                    order=order,
                    group=pictures,
                    kept=found,
                )
    raise NotPlain("what follows always needs more than one picture")


def _ways(sets: ParameterSets) -> tuple[Order, dict[int, Way]]:
    if len(sets.sequences) != 1:
        raise NotPlain("its pictures may be of several sorts")
    order = Order.of(next(iter(sets.sequences.values())))
    return order, {number: Way.of(picture, order) for number, picture in sets.pictures.items()}


def _coded(place: int, at: Fraction, packet: "Packet[VideoStream]", ways: dict[int, Way]) -> Coded:
    slices = [read(unit, ways) for unit in units(memoryview(packet)) if _is_slice(unit)]
    if not slices:
        raise NotPlain("there is no picture in a packet of it")
    return Coded(place=place, at=at, slices=slices)


def _is_slice(unit: memoryview) -> bool:
    return unit[0] & 31 in (SLICE, INSTANT_REFRESH)


def _with(packet: bytes, slices: Sequence[bytes]) -> bytes:
    """The packet with these in place of its slices."""
    own = iter(slices)
    found = (next(own) if _is_slice(unit) else bytes(unit) for unit in units(packet))
    return b"".join(len(unit).to_bytes(LENGTH, "big") + unit for unit in found)


def graft(source: Path, chunk: Chunk, output: Output, folder: Path, pictures: "Sequence[VideoFrame]") -> Path:
    """As the survey has found it; `pictures` are the first of the chunk. NotPlain where it does not show them."""
    path = folder / f"{chunk.key}.mp4"
    with opened(source, undecoded=True) as container:
        stream = sight_of(container)
        only(container, stream)
        sets = parameter_sets(stream.codec_context.extradata)
        found = _found(container, stream, sets, chunk, output)
        (folder / f"{chunk.key}.jpg").write_bytes(glance(pictures[0]))
        header, packet = stand_in(pictures[0], found)
        with landing(path) as beside:
            packets, together = [(packet, found.at), *found.packets()], sets.with_all_of(header)
            _write(beside, stream, together.header(), packets, output)
            _read_back(beside, together, found)
            _compare(beside, pictures)
    return path


def _found(
    container: "InputContainer", stream: "VideoStream", sets: ParameterSets, chunk: Chunk, output: Output
) -> Graft:
    moment = chunk.start + tolerance(stream)
    for group in groups_from(container, stream, moment, sets, keep=True):
        if group.following is None or group.following > moment:
            found = graft_in(group, sets, moment, output.rate, chunk.frames)
            if (found.first, found.frames) != (0, chunk.frames):
                break
            return found
    raise NotPlain("what was to be copied of this file is not where it was")


def stand_in(picture: "VideoFrame", graft: Graft) -> tuple[ParameterSets, bytes]:
    """A packet that shows this picture where a group of the source would begin, and the parameters that it needs
    beside the source's."""
    encoded = [unit.rstrip(b"\0") for unit in _encoded(picture).split(b"\0\0\1") if unit.rstrip(b"\0")]
    sequence, own, unit = (_only(encoded, sort) for sort in (SEQUENCE, PICTURE, INSTANT_REFRESH))
    head = read(unit, {0: Way.of(own, Order.of(sequence))})
    number = FIRST_NUMBER + graft.sequence
    bits = f"{unit[0]:08b}" + "".join(map(grown, (0, SAME_SORT + ALONE, number)))
    bits += "0" * graft.order.frame_bits + grown(REFRESHED) + "0" * graft.order.order_bits
    body = escaped(shifted(bits, unescaped(unit), head.behind_number))
    sets = ParameterSets(level=0, sequences={}, pictures={number: _renamed(own, number, graft.sequence)})
    return sets, len(body).to_bytes(LENGTH, "big") + body


def _only(encoded: list[bytes], sort: int) -> bytes:
    found = [unit for unit in encoded if unit[0] & 31 == sort]
    if len(found) != 1:
        raise NotPlain(f"there are {len(found)} units of the sort {sort} instead of one")
    return found[0]


def _renamed(own: bytes, number: int, sequence: int) -> bytes:
    bits = Bits(own)
    bits.take(8)
    bits.pass_numbers(2)
    return escaped(shifted(f"{own[0]:08b}" + grown(number) + grown(sequence), unescaped(own), bits.at))


def _encoded(picture: "VideoFrame") -> bytes:
    from av.codec import CodecContext
    from av.video.frame import PictureType

    context = CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = picture.width, picture.height, "yuv420p"
    context.time_base, context.thread_count = Fraction(1, 25), 1
    params = f"qp={FINE}:ipratio=1:cabac=0:8x8dct=0:no-deblock=1:annexb=1:sps-id=0{steady_code(picture.width)}"
    context.options = {"preset": "ultrafast", "profile": "high", "x264-params": params}
    picture.pts, picture.pict_type = 0, PictureType.NONE
    return b"".join(bytes(packet) for each in (picture, None) for packet in context.encode(each))


def _write(
    path: Path,
    stream: "VideoStream",
    header: bytes,
    packets: "Sequence[tuple[bytes, Fraction]]",
    output: Output,
) -> None:
    import av

    tick = 1 / output.rate
    order = {at: number for number, at in enumerate(sorted(at for _, at in packets))}
    clock = {"video_track_timescale": str(output.rate.numerator)}
    with av.open(str(path), "w", format="mp4", container_options=clock) as film:
        track = film.add_stream_from_template(stream)
        track.codec_context.extradata, track.time_base = header, tick
        made = [_packet(body, order[at], tick) for body, at in packets]
        made[0].is_keyframe = True
        for packet in timed(made, 0, delay(at for _, at in packets), tick):
            packet.stream = track
            film.mux(packet)


def _packet(body: bytes, number: int, tick: Fraction) -> "Packet[VideoStream]":
    from av.packet import Packet

    packet = cast("Packet[VideoStream]", Packet(body))
    packet.pts, packet.time_base = number, tick
    return packet


def _read_back(path: Path, sets: ParameterSets, graft: Graft) -> None:
    """As a decoder reads it: each picture refers to those that it refers to in its source, and to no other."""
    times = [graft.at, *(each.coded.at for each, _ in graft.kept)]
    order, ways = _ways(sets)
    with opened(path, undecoded=True) as chunk:
        packets = [packet for packet in chunk.demux(chunk.streams.video[0]) if packet.size]
        found = meant([_coded(*each, ways) for each in zip(count(), times, packets, strict=False)], order)
    wanted = meant(graft.group, order)
    if len(packets) != len(times) or any(found[at] != wanted[at] for at in times[1:]):
        raise NotPlain("what was copied does not refer to what it should")


def _compare(path: Path, pictures: "Sequence[VideoFrame]") -> None:
    """Its first pictures with those of its source: what follows them stands behind the same ones as there."""
    with opened(path, undecoded=True) as chunk:
        stream = chunk.streams.video[0]
        decode_no_more_than_is_read(stream)
        found = list(islice(chunk.decode(stream), len(pictures)))
    if len(found) != len(pictures) or not all(map(_alike, found, pictures)):
        raise NotPlain("what was copied does not show what its source does")


def _alike(one: "VideoFrame", other: "VideoFrame") -> bool:
    some, others = (bytes(each.reformat(width=SMALL, height=SMALL, format="gray").planes[0]) for each in (one, other))
    return max(abs(a - b) for a, b in zip(some, others, strict=True)) <= ALIKE
