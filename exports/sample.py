"""Sample footage, made here: moving, audible, and small, so that the first export is one click away."""

import math
from array import array
from fractions import Fraction
from functools import cache
from pathlib import Path

WIDTH, HEIGHT, RATE, SOUND = 640, 360, 30, 48_000
SECONDS = 5
NOTE = SOUND // 2
BRIGHT = 126
BT709, LIMITED = 1, 1  # the colours of films, by FFmpeg's numbers: such a clip can stand in one as it is


def make(path: Path, number: int, *, seconds: int = SECONDS) -> None:
    """A clip of its own colours, its own rhythm and its own tone."""
    import av  # noqa: PLC0415 - only where footage is made

    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "24", "g": "60"})
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        colours = picture.codec_context
        colours.color_primaries = colours.color_trc = colours.colorspace = BT709
        colours.color_range = LIMITED
        sound = container.add_stream("aac", rate=SOUND, layout="stereo")
        for index in range(seconds * RATE):
            frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            _paint(frame, index / RATE, number)
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(picture.encode(frame))
        size = sound.frame_size or 1024
        for start in range(0, seconds * SOUND, size):
            samples = av.AudioFrame(format="fltp", layout="stereo", samples=min(size, seconds * SOUND - start))
            tone = _tone(start, samples.samples, number)
            for plane in samples.planes:
                plane.update(tone)
            samples.sample_rate, samples.pts, samples.time_base = SOUND, start, Fraction(1, SOUND)
            container.mux(sound.encode(samples))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))


def _paint(frame: "object", at: float, number: int) -> None:
    """Two waves of light that cross, over a colour that drifts: no two frames are the same."""
    luma, blue, red = frame.planes  # type: ignore[attr-defined]
    wave = (60 * math.sin(x / (37 + 9 * number) + at * (1.1 + 0.3 * number)) for x in range(0, WIDTH, 2))
    row = _doubled(bytes(int(BRIGHT + each) for each in wave))
    lights = [round(40 * math.cos(y / (29 + 5 * number) - at * 0.9)) for y in range(HEIGHT)]
    rows = {light: row.translate(_lighter(light)).ljust(luma.line_size, b"\0") for light in set(lights)}
    luma.update(b"".join(rows[light] for light in lights))
    hue = at * 0.5 + number * 2.1
    blue.update(bytes([int(128 + 50 * math.sin(hue))]) * blue.buffer_size)
    red.update(bytes([int(128 + 50 * math.cos(hue))]) * red.buffer_size)


@cache
def _lighter(by: int) -> bytes:
    return bytes(max(16, min(235, value + by)) for value in range(256))


def _doubled(half: bytes) -> bytes:
    whole = bytearray(2 * len(half))
    whole[::2] = whole[1::2] = half
    return bytes(whole)


def _tone(start: int, count: int, number: int) -> bytes:
    """A plucked note each half second."""
    samples = array("f")
    while count:
        note, begins = divmod(start, NOTE)
        piece = _note(number * 4 + note % 5 * 2)[begins : begins + count]
        samples.extend(piece)
        start, count = start + len(piece), count - len(piece)
    return samples.tobytes()


@cache
def _note(steps: int) -> "array[float]":
    turn = 2 * math.pi * 220.0 * 2 ** (steps / 12) / SOUND
    return array("f", (0.25 * math.exp(-6 * at / SOUND) * math.sin(turn * at) for at in range(NOTE)))
