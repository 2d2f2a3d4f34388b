"""A clip of one colour, and the work of any kind on it, in this process."""

from fractions import Fraction
from itertools import count

import av
import pytest

from modal_functions.folder import FolderStore
from modal_functions.runtime import run
from modal_functions.wire import AttemptKeys, kept_as
from tests.modal_functions.media.voices import sounding

GREY = 100


def plain(path, *, seconds=5, size=(640, 360), rate=25, paint=None, samples=None):
    """Grey all over, unless `paint(frame, number)` says otherwise; silent, unless there are `samples`."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "qp": "4", "g": "25"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.codec_context.thread_count = 1
        packets = sounding(container, samples) if samples else list
        for number in range(int(seconds * rate)):
            frame = av.VideoFrame(*size, "yuv420p")
            for plane, value in zip(frame.planes, (GREY, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            if paint:
                paint(frame, number)
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for packet in packets():
            container.mux(packet)
    return path


class Bench:
    """A store, and attempts on what is in it."""

    def __init__(self, folder):
        self.folder, self.store, self.numbers = folder, FolderStore(folder / "store"), count(1)

    def spec(self, path, *, seconds=5, size=(640, 360), rate=25, **more):
        """For one clip, whole."""
        stored = self.store.put_file("projects/p/sources/0/original", path)
        clip = {"source": stored.key, "sha256": stored.sha256, "in_us": 0, "out_us": round(seconds * 1_000_000)}
        output = {"width": size[0], "height": size[1], "fps": [rate, 1], "quality": "draft"}
        return {
            "chunks": "projects/p/chunks",
            "sources": [{"key": stored.key, "name": "clip.mp4", "bytes": stored.bytes}],
            "film": {"output": output, "clips": [clip]},
            **more,
        }

    def do(self, kind, spec):
        """The result, or how else it ended."""
        number = next(self.numbers)
        folder = self.folder / f"work-{number}"
        folder.mkdir()
        keys = AttemptKeys(export="e", number=number)
        outcome = run(work=kind.work, spec=spec, store=self.store, keys=keys, call="c", folder=folder)
        return outcome["result"] if outcome["ending"] == "ok" else outcome

    def frames(self, result):
        """Every frame of a result, decoded by another reader than the one that made it."""
        with av.open(str(self.store.in_place(result["key"]))) as film:
            return list(film.decode(video=0))

    def kept(self, part):
        return self.store.get(kept_as("projects/p/chunks", part))

    def forget(self):
        for key in list(self.store.keys("projects/p/chunks")):
            self.store.delete(key)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("bench"))


def luma(frame, x, y):
    plane = frame.planes[0]
    return bytes(plane)[y * plane.line_size + x]


def changed(frame, *, by=25):
    """The box round all pixels that are not the grey of the clip: left, top, right, bottom."""
    plane, found = frame.planes[0], []
    pixels = bytes(plane)
    for y in range(frame.height):
        row = pixels[y * plane.line_size : y * plane.line_size + frame.width]
        xs = [x for x, value in enumerate(row) if abs(value - GREY) > by]
        if xs:
            found.append((xs[0], y, xs[-1]))
    if not found:
        return None
    return min(x for x, *_ in found), found[0][1], max(x for *_, x in found), found[-1][1]
