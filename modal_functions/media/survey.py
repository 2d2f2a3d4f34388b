# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""Finds what of a source can stand in a film as it is: no picture of it would change, and each has its moment."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.media.avc import NotPlain, ParameterSets, parameter_sets, sets_of_encoder
from modal_functions.media.chunks import RENDERER, digest
from modal_functions.media.encoders import encoder
from modal_functions.media.footage import tolerance
from modal_functions.media.groups import Group, alone, beginning, delay, groups_from, in_step
from modal_functions.media.opening import only, opened, sight_of
from modal_functions.media.picture import BT709, UNSPECIFIED, steps_for
from modal_functions.media.spec import Output, Unusable
from modal_functions.media.verify import decode_no_more_than_is_read

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

SURVEYOR = 4  # raise it whenever something else would be found
SHORTEST = Fraction(1, 2)  # seconds; less is not worth two joins
LONGEST, LARGEST = Fraction(30), 64 << 20  # seconds and bytes of one part
COLOURS = (0, BT709, UNSPECIFIED)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """`frames` pictures of a film that show a source from `start` on, without anything done to them."""

    start: Fraction
    frames: int

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise Unusable("frames", self.frames, "1 or more")

    def as_wire(self) -> dict[str, Any]:
        return {"start": str(self.start), "frames": self.frames}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Stretch":
        return cls(start=Fraction(wire["start"]), frames=wire["frames"])


@dataclass(frozen=True, kw_only=True)
class Found:
    """`pieces` of a stretch that can be copied: the first picture of each and how many. Those that follow each other
    without a gap are one run. `header` is what a film needs to have them."""

    header: bytes
    pieces: tuple[tuple[int, int], ...]

    @property
    def frames(self) -> int:
        return sum(frames for _, frames in self.pieces)

    def as_wire(self) -> dict[str, Any]:
        return {"header": self.header.hex(), "pieces": [list(piece) for piece in self.pieces]}

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Found":
        pieces = ((int(first), int(frames)) for first, frames in wire["pieces"])
        return cls(header=bytes.fromhex(wire["header"]), pieces=tuple(pieces))


NOTHING = Found(header=b"", pieces=())


def survey_key(sha256: str, stretch: Stretch, output: Output) -> str:
    made = {"renderer": RENDERER, "surveyor": SURVEYOR, "source": sha256}
    return digest({**made, "stretch": stretch.as_wire(), "output": output.as_wire()})


def survey(source: Path, stretches: Sequence[Stretch], output: Output) -> list[Found]:
    """One for each stretch. Whatever there is any doubt about is not found."""
    with opened(source) as container:
        stream = sight_of(container)
        try:
            sets = _fitting(container, stream, output)
        except NotPlain:
            return [NOTHING] * len(stretches)
        only(container, stream)
        decode_no_more_than_is_read(stream)
        header = stream.codec_context.extradata or b""
        looker = _Looker(container=container, stream=stream, sets=sets, output=output)
        return [Found(header=header, pieces=tuple(looker.pieces(stretch))) for stretch in stretches]


def _fitting(container: "InputContainer", stream: "VideoStream", output: Output) -> ParameterSets:
    """Its parameters, where a film can have them beside those of what is encoded."""
    context = stream.codec_context
    if "mp4" not in container.format.name.split(",") or {context.codec.canonical_name, output.video} != {"h264"}:
        raise NotPlain("another form")
    shapes = {stream.sample_aspect_ratio or 1, context.sample_aspect_ratio or 1}
    if shapes != {1} or (context.width, context.height) != (output.width, output.height):
        raise NotPlain("another size")
    sets = parameter_sets(context.extradata)
    if len(sets.sequences) > 1:
        raise NotPlain("its pictures may be of several sorts")
    if not sets.fits(own_sets(output)):
        raise NotPlain("its parameters have the numbers of our own")
    return sets


def own_sets(output: Output) -> ParameterSets:
    """Of what is encoded for such a film."""
    import av

    def of(*, edge: bool) -> ParameterSets:
        with av.open(BytesIO(), "w", format="mp4") as nowhere:
            stream = encoder(nowhere, output, edge=edge)
            stream.codec_context.open()
            return sets_of_encoder(stream.codec_context.extradata)

    return of(edge=False).with_all_of(of(edge=True))


@dataclass(frozen=True, kw_only=True)
class _Run:
    """Groups that follow each other, the last maybe not whole; `first` is the film's picture that its first shows."""

    first: int
    groups: list[tuple[Group, int]]  # and how many of its packets

    @property
    def frames(self) -> int:
        return sum(count for _, count in self.groups)

    def pieces(self, rate: Fraction) -> Iterator[tuple[int, int]]:
        first, frames, size = self.first, 0, 0
        for group, count in self.groups:
            if frames and ((frames + count) / rate > LONGEST or size + group.bytes > LARGEST):
                yield first, frames
                first, frames, size = first + frames, 0, 0
            frames, size = frames + count, size + group.bytes
        yield first, frames


@dataclass(frozen=True, kw_only=True)
class _Looker:
    container: "InputContainer"
    stream: "VideoStream"
    sets: ParameterSets
    output: Output

    def pieces(self, stretch: Stretch) -> Iterator[tuple[int, int]]:
        for run in list(self._runs(stretch)):  # trying one reads elsewhere in the file
            if run.frames >= SHORTEST * self.output.rate and self._can_be_decoded(run):
                yield from run.pieces(self.output.rate)

    def _runs(self, stretch: Stretch) -> Iterator[_Run]:
        run: _Run | None = None
        latest = Fraction(-1)  # picture of the groups so far
        slack = tolerance(self.stream)
        for group in groups_from(self.container, self.stream, stretch.start + slack, self.sets):
            first = math.ceil((group.times[0] - slack - stretch.start) * self.output.rate)
            if first >= stretch.frames:
                break
            count = self._usable(group, stretch, first, slack) if first >= 0 and group.times[0] > latest else 0
            latest = max(latest, *group.times)
            if run is not None and (not count or first != run.first + run.frames):
                yield run
                run = None
            if count:
                run = run or _Run(first=first, groups=[])
                run.groups.append((group, count))
            if run is not None and count < len(group.times):
                yield run
                run = None
        if run is not None:
            yield run

    def _usable(self, group: Group, stretch: Stretch, first: int, slack: Fraction) -> int:
        """How many of its packets give pictures of the film, each shown where it would be if it was encoded."""
        times = sorted(group.times)
        if not group.plain or len(set(times)) != len(times) or times[0] != group.times[0]:
            return 0
        if group.following is not None and group.following <= times[-1]:
            return 0
        if delay(group.times) > self.stream.codec_context.reorder_depth:
            return 0
        moment = stretch.start + first / self.output.rate + slack
        shown = in_step(times, group.following, moment, self.output.rate)
        return alone(group.times, min(shown, stretch.frames - first))

    def _can_be_decoded(self, run: _Run) -> bool:
        """Where it begins, and where its last group does: all else stands behind the same pictures as in the source."""
        ends = run.groups[:1] + run.groups[1:][-1:]
        return all(self._decodes(group, beginning(group.times[:count])) for group, count in ends)

    def _decodes(self, group: Group, count: int) -> bool:
        import av

        found = groups_from(self.container, self.stream, group.times[0], self.sets, keep=True)
        same = next((each for each in found if each.times[0] == group.times[0]), None)
        if same is None or len(same.packets) < count:
            return False
        context = self.stream.codec_context
        try:
            frames = [frame for packet in same.packets[:count] for frame in context.decode(packet)]
            frames += context.decode(None)
        except (av.FFmpegError, EOFError):
            return False
        tick = self.stream.time_base or Fraction(0)
        shown = [(frame.pts or 0) * tick for frame in frames]
        return shown == sorted(group.times[:count]) and all(map(self._stays, frames))

    def _stays(self, frame: "VideoFrame") -> bool:
        """Whether it would not be changed."""
        plain = frame.color_primaries in COLOURS and frame.color_trc in COLOURS and frame.color_range in (0, 1)
        whole = not frame.interlaced_frame and not frame.is_corrupt
        return plain and whole and not steps_for(frame, Fraction(1), self.output.width, self.output.height)
