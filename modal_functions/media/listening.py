# ruff: noqa: PLC0415 - PyAV is imported only where it is used
"""A source's sound as 48 kHz stereo, each block with its place in time."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from modal_functions.media.opening import only, origin_us, readable_packets
from modal_functions.media.timeline import SAMPLE_RATE, nearest

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.filter import Graph
    from av.filter.context import FilterContext

WHISPER_RATE = 8000
JITTER = Fraction(1, 50)  # seconds; stamps that stray by less are rounded ones, not gaps
FINE = Fraction(1, 8000)  # a clock this fine needs no help
SAMPLE_BYTES = 8  # one sample of both channels, as 32-bit floats
LEAD = Fraction(1, 2)  # seconds decoded before the cut: codecs need a while to find their sound again


def heard_from(
    container: "InputContainer", stream: "AudioStream", start: Fraction | None = None
) -> Iterator[tuple[int, bytes]]:
    """Blocks of interleaved floats, each with its position in samples from `start`. The first lie before it.
    Without a start nothing is sought: a FLAC of a few frames cannot be."""
    origin = Fraction(origin_us(container), 1_000_000)
    lead = None if start is None else start + origin - LEAD
    start = start or Fraction(0)
    for frame in resampled(steadied(decoded_from(container, stream, lead), stream), _stereo):
        moment = (frame.pts or 0) * (frame.time_base or Fraction(1, SAMPLE_RATE)) - origin
        yield nearest((moment - start) * SAMPLE_RATE), bytes(frame.planes[0])[: frame.samples * SAMPLE_BYTES]


def seek_sound(container: "InputContainer", stream: "AudioStream", moment: Fraction) -> None:
    import av

    tick = stream.time_base or Fraction(1, SAMPLE_RATE)
    try:
        container.seek(max(int(moment / tick), min(stream.start_time or 0, 0)), stream=stream)
    except av.FFmpegError:  # before the first, or without an index
        container.seek(container.start_time or 0)


def decoded_from(container: "InputContainer", stream: "AudioStream", moment: Fraction | None) -> Iterator["AudioFrame"]:
    """What can be decoded; in place of a damaged packet there will be silence."""
    import av

    only(container, stream)
    if moment is not None:
        seek_sound(container, stream, moment)
    for packet in readable_packets(container, stream):
        try:
            frames = stream.codec_context.decode(packet)
        except MemoryError:
            raise
        except (av.FFmpegError, EOFError):
            continue
        yield from frames


def steadied(frames: Iterator["AudioFrame"], stream: "AudioStream") -> Iterator["AudioFrame"]:
    """Stamped in samples, which follow each other where the source's own stamps stray only by being rounded."""
    following: int | None = None
    for frame in frames:
        tick, rate = frame.time_base or Fraction(1, frame.sample_rate), frame.sample_rate
        stamp = (frame.pts or 0) * tick
        position = nearest(stamp * rate)
        if following is not None and abs(position - following) <= rate * JITTER:
            position = following
        elif tick > FINE:
            position = _on_grid(stamp, (stream.start_time or 0) * tick, tick, frame)
        frame.pts, frame.time_base = position, Fraction(1, rate)
        following = position + frame.samples
        yield frame


def _on_grid(stamp: Fraction, begin: Fraction, tick: Fraction, frame: "AudioFrame") -> int:
    """Matroska rounds to milliseconds. Its frames are of one length, counted from the first: there the sample lies."""
    length = Fraction(frame.samples, frame.sample_rate)
    exact = begin + nearest((stamp - begin) / length) * length
    return nearest((exact if abs(exact - stamp) <= tick else stamp) * frame.sample_rate)


def resampled(frames: Iterator["AudioFrame"], make_graph: Callable[["AudioFrame"], "Graph"]) -> Iterator["AudioFrame"]:
    """A new graph whenever the sound changes its sort: that happens in the middle of broadcast recordings."""
    graph: Graph | None = None
    sort: object = None
    for frame in frames:
        if graph is None or sort != (frame.format.name, frame.layout.name, frame.sample_rate):
            yield from _flushed(graph)
            sort, graph = (frame.format.name, frame.layout.name, frame.sample_rate), make_graph(frame)
        graph.push(frame)
        yield from _pulled(graph)
    yield from _flushed(graph)


def _stereo(frame: "AudioFrame") -> "Graph":
    """One channel sounds as loud on both sides as players make it; more than two are mixed as ITU-R BS.775 says, and
    only where that would overdrive, limited."""
    graph, source = _entered(frame)
    names = {"sample_fmts": "flt", "sample_rates": str(SAMPLE_RATE), "channel_layouts": "stereo"}
    nodes = [source]
    if frame.layout.nb_channels == 1:
        nodes.append(graph.add("pan", "stereo|c0=c0|c1=c0"))
    nodes.append(graph.add("aformat", None, **names))
    if frame.layout.nb_channels > 2:
        nodes += [graph.add("alimiter", "limit=1:level=0:latency=1"), graph.add("aformat", None, **names)]
    graph.link_nodes(*nodes, graph.add("abuffersink")).configure()
    return graph


def whisper(frame: "AudioFrame") -> "Graph":
    """Only as much as a drawing of its loudness needs."""
    return mono(frame, WHISPER_RATE)


def mono(frame: "AudioFrame", rate: int) -> "Graph":
    """One channel, 16 bits."""
    graph, source = _entered(frame)
    form = graph.add("aformat", None, sample_fmts="s16", sample_rates=str(rate), channel_layouts="mono")
    graph.link_nodes(source, form, graph.add("abuffersink")).configure()
    return graph


def _entered(frame: "AudioFrame") -> "tuple[Graph, FilterContext]":
    from av.filter import Graph

    graph = Graph()
    graph.threads = 1
    return graph, graph.add_abuffer(
        sample_rate=frame.sample_rate,
        format=frame.format,
        layout=frame.layout.name,
        time_base=frame.time_base or Fraction(1, frame.sample_rate),
    )


def _flushed(graph: "Graph | None") -> Iterator["AudioFrame"]:
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _pulled(graph: "Graph") -> Iterator["AudioFrame"]:
    import av
    from av.audio.frame import AudioFrame

    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, EOFError):
            return
        if isinstance(frame, AudioFrame):
            yield frame
