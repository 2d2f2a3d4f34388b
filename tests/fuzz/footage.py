"""Small whole files of every sort that people bring, to be damaged."""

import math
import os
import subprocess
import sys
import tempfile
from array import array
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av

WIDTH, HEIGHT, RATE, SOUND = 64, 48, 25, 48_000
FRAMES = 20
X264 = {"preset": "ultrafast", "bf": "1", "g": "8"}
X265 = {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:keyint=8"}


@dataclass(frozen=True, kw_only=True)
class Sort:
    form: str
    video: str = ""
    audio: str = ""
    video_options: tuple[tuple[str, str], ...] = ()
    container_options: tuple[tuple[str, str], ...] = ()
    pixels: str = "yuv420p"
    rotation: int = 0


def _of(**options: str) -> tuple[tuple[str, str], ...]:
    return tuple(options.items())


H264 = {"video": "libx264", "video_options": tuple(X264.items())}
SORTS = {
    "plain.mp4": Sort(form="mp4", audio="aac", **H264),
    "front.mp4": Sort(form="mp4", audio="aac", container_options=_of(movflags="faststart"), **H264),
    "pieces.mp4": Sort(form="mp4", audio="aac", container_options=_of(movflags="frag_keyframe+empty_moov"), **H264),
    "held.mov": Sort(form="mov", audio="pcm_s16le", rotation=90, **H264),
    "hevc.mov": Sort(form="mov", audio="aac", video="libx265", video_options=tuple(X265.items())),
    "deep.mp4": Sort(form="mp4", video="libx265", video_options=tuple(X265.items()), pixels="yuv420p10le"),
    "edit.mov": Sort(form="mov", audio="pcm_s24le", video="prores_ks", pixels="yuv422p10le"),
    "still.mov": Sort(form="mov", video="mjpeg", pixels="yuvj420p"),
    "film.mkv": Sort(form="matroska", audio="libopus", **H264),
    "pcm.mkv": Sort(form="matroska", audio="pcm_s16le", video="mpeg4"),
    "flac.mkv": Sort(form="matroska", audio="flac", video="libvpx-vp9", video_options=_of(deadline="realtime")),
    "web.webm": Sort(form="webm", audio="libopus", video="libvpx-vp9", video_options=_of(deadline="realtime")),
    "new.webm": Sort(form="webm", video="libsvtav1", video_options=_of(preset="12")),
    "air.ts": Sort(form="mpegts", audio="aac", **H264),
    "disc.mpg": Sort(form="mpeg", audio="mp2", video="mpeg2video"),
    "old.avi": Sort(form="avi", audio="pcm_s16le", video="mpeg4"),
    "talk.m4a": Sort(form="ipod", audio="aac"),
    "tone.wav": Sort(form="wav", audio="pcm_s16le"),
}


@cache
def made() -> dict[str, bytes]:
    """In a process of its own: as root, its AV1 encoder gives whoever calls it the highest real-time priority, and
    threads and children inherit that. On two cores nothing else would run then."""
    environment = os.environ | {"SVT_LOG": "1"}  # or that encoder tells its life on stderr
    with tempfile.TemporaryDirectory(prefix="longhaul-fuzz-") as folder:
        subprocess.run([sys.executable, "-m", "tests.fuzz.footage", folder], env=environment, check=True)
        return {name: Path(folder, name).read_bytes() for name in SORTS}


def one(name: str) -> bytes:
    return made()[name]


def main(folder: str) -> None:
    for name, sort in SORTS.items():
        _shoot(sort, Path(folder, name))


def _shoot(sort: Sort, path: Path) -> None:
    options = {"fflags": "+bitexact", **dict(sort.container_options)}  # Matroska would put a random number in
    with av.open(str(path), "w", format=sort.form, container_options=options) as container:
        picture = _picture(container, sort) if sort.video else None
        sound = container.add_stream(sort.audio, rate=SOUND, layout="stereo") if sort.audio else None
        if picture:
            for number in range(FRAMES):
                container.mux(picture.encode(_drawn(number, sort.pixels)))
            container.mux(picture.encode(None))
        if sound:
            for frame in _sung(sound.codec_context.frame_size or 1024):
                container.mux(sound.encode(frame))
            container.mux(sound.encode(None))


def _picture(container, sort):
    stream = container.add_stream(sort.video, rate=RATE, options=dict(sort.video_options))
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, sort.pixels
    stream.codec_context.thread_count = 1
    if sort.rotation:
        stream.set_display_rotation(sort.rotation)
    return stream


def _drawn(number: int, pixels: str) -> av.VideoFrame:
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane in frame.planes:
        row = bytes((x * 5 + number * 9) % 220 + 16 for x in range(plane.line_size))
        plane.update(row * plane.height)
    frame = frame if pixels == "yuv420p" else frame.reformat(format=pixels)
    frame.pts, frame.time_base = number, Fraction(1, RATE)
    return frame


def _sung(size: int):
    total = FRAMES * SOUND // RATE
    for first in range(0, total, size):
        count = min(size, total - first)
        wave = (0.3 * math.sin((first + i) / 20) for i in range(count) for _ in range(2))
        frame = av.AudioFrame(format="flt", layout="stereo", samples=count)
        frame.planes[0].update(array("f", wave).tobytes())
        frame.sample_rate, frame.pts, frame.time_base = SOUND, first, Fraction(1, SOUND)
        yield frame


if __name__ == "__main__":
    main(sys.argv[1])
