"""Footage whose every frame says which one it is, and whose every sample says when it is."""

import array
import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from modal_functions.media.timeline import nearest

BITS = 10
DARK, BRIGHT = 40, 210
TONES = (440, 997, 3001)  # hertz: together unlike themselves at any other moment of a second


def drawn(number: int, width: int, height: int, pixel_format: str = "yuv420p") -> av.VideoFrame:
    """Columns are the number's bits, the highest to the left; the lower half shows their opposites."""
    bits = [(number >> (BITS - 1 - column)) & 1 for column in range(BITS)]
    frame = av.VideoFrame(width, height, "yuv444p")
    luma = frame.planes[0]
    upper = bytes(BRIGHT if bits[x * BITS // width] else DARK for x in range(width)).ljust(luma.line_size, b"\0")
    lower = bytes(DARK if bits[x * BITS // width] else BRIGHT for x in range(width)).ljust(luma.line_size, b"\0")
    luma.update(upper * (height // 2) + lower * (height - height // 2))
    for plane in frame.planes[1:]:
        plane.update(bytes([128]) * plane.buffer_size)
    return frame if pixel_format == "yuv444p" else frame.reformat(format=pixel_format)


def turned(frame: av.VideoFrame, rotation: int) -> av.VideoFrame:
    """As a camera stores it that is held so that its pictures must be turned by `rotation`, anticlockwise."""
    if not rotation:
        return frame
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25))
    turn = graph.add("transpose", {90: "clock", 270: "cclock"}[rotation])
    graph.link_nodes(source, turn, graph.add("buffersink")).configure()
    frame.pts = 0
    graph.vpush(frame)
    return graph.vpull()


def number_on(frame: av.VideoFrame, box: tuple[int, int, int, int] | None = None) -> int:
    """Reads the pattern back from inside `box` (left, top, width, height); refuses what is not clearly one."""
    left, top, width, height = box or (0, 0, frame.width, frame.height)
    plane = frame.planes[0]
    pixels, stride = bytes(plane), plane.line_size
    number = 0
    for column in range(BITS):
        x = left + width * (2 * column + 1) // (2 * BITS)
        upper = pixels[(top + height // 4) * stride + x]
        lower = pixels[(top + height * 3 // 4) * stride + x]
        assert abs(upper - lower) > 60, f"column {column} is unclear: {upper} above, {lower} below"
        number = number * 2 + (upper > lower)
    return number


SECOND = [0.13 * math.fsum(math.sin(math.tau * tone * n / 48000) for tone in TONES) for n in range(48000)]


def tune(position: int) -> float:
    """What every source plays at this sample of its own clock."""
    return SECOND[position % 48000]


@dataclass(frozen=True, kw_only=True)
class Reel:
    path: Path
    rate: Fraction
    times: tuple[Fraction, ...]  # when each frame begins, in the ticks of its container
    tick: Fraction

    def number_at(self, moment: Fraction) -> int:
        """The frame that is on show, with the tolerance that a rounded time stamp and a rounded trim need."""
        slack = self.tick / 2 + Fraction(1, 1_000_000)
        shown = [number for number, time in enumerate(self.times) if time <= moment + slack]
        return shown[-1] if shown else 0


def shoot(
    path: Path,
    *,
    seconds: float = 4,
    rate: Fraction = Fraction(25),
    size: tuple[int, int] = (320, 180),
    pixel_format: str = "yuv420p",
    codec: str = "libx264",
    layout: str | None = "stereo",
    sound: str = "pcm_s16le",
    sound_rate: int = 48000,
    rotation: int = 0,
    shape: Fraction = Fraction(1),
    gaps: tuple[int, ...] = (),
    picture_from: Fraction = Fraction(0),
    sound_from: Fraction = Fraction(0),
    timecode: str = "",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Reel:
    """`gaps`: the numbers of frames that are left out, which makes the rate variable."""
    numbers = [number for number in range(int(seconds * rate)) if number not in gaps]
    tick = Fraction(1, 1000) if path.suffix in {".mkv", ".webm"} else Fraction(1, 90_000)
    times = [nearest((picture_from + number / rate) / tick) * tick for number in numbers]
    exact = {} if tick == Fraction(1, 1000) else {"video_track_timescale": "90000"}
    with av.open(str(path), "w", container_options={**exact, **(container_options or {})}) as container:
        video = container.add_stream(codec, rate=rate, options={"g": "50", **_fast(codec), **(options or {})})
        video.width, video.height = size[::-1] if rotation else size
        video.pix_fmt = pixel_format
        video.codec_context.thread_count = 1
        video.codec_context.sample_aspect_ratio = shape
        if timecode:
            video.metadata["timecode"] = timecode
        if rotation:
            video.set_display_rotation(rotation)
        audio = container.add_stream(sound, rate=sound_rate, layout=layout) if layout else None
        for index, number in enumerate(numbers):
            frame = turned(drawn(index, *size, pixel_format), rotation)
            frame.pts, frame.time_base = number + int(picture_from * rate), 1 / rate
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio:
            for frame in _sounding(audio, layout, sound_rate, seconds, sound_from):
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return Reel(path=path, rate=rate, times=tuple(times), tick=tick)


def _fast(codec: str) -> dict[str, str]:
    if codec == "libx265":
        return {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:keyint=50"}
    return {"preset": "ultrafast", "bf": "2"} if codec == "libx264" else {}


def _sounding(audio, layout, rate, seconds, begin):
    """The tune in every channel, by the source's own clock at 48 kHz."""
    channels = audio.codec_context.channels
    total, size, offset = int(seconds * rate), 1024, int(begin * rate)
    for first in range(0, total, size):
        count = min(size, total - first)
        frame = av.AudioFrame(format="flt", layout=layout, samples=count)
        frame.sample_rate, frame.pts, frame.time_base = rate, first + offset, Fraction(1, rate)
        values = (tune(round((first + offset + i) * 48000 / rate)) for i in range(count))
        packed = array.array("f", (value for value in values for _ in range(channels)))
        frame.planes[0].update(packed.tobytes())
        yield frame


def samples_of(path: Path) -> tuple[array.array, int]:
    """Every sample of both channels, interleaved, and the position of the first."""
    values, first = array.array("f"), None
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="stereo", rate=48000)
        for frame in container.decode(audio=0):
            if first is None:
                first = round(frame.pts * frame.time_base * 48000)
            for each in resampler.resample(frame):
                values.frombytes(bytes(each.planes[0])[: each.samples * 8])
    return values, first


def lag_of(heard: array.array, expected, around: range, most: int = 20) -> int:
    """By how many samples `heard` (left channel) comes later than `expected(position)`, over the positions `around`."""

    def likeness(lag: int) -> float:
        return math.fsum(heard[2 * (position + lag)] * expected(position) for position in around)

    return max(range(-most, most + 1), key=likeness)
