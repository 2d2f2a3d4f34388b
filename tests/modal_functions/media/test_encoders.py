"""What an encoder makes does not hang on what its memory held before."""

import os
import subprocess
import sys

from modal_functions.media import child

# Rows of 5, 12, 8 and 20 blocks: of eight x264's AVX-512 code takes each for what it is, of others not.
ENCODED = """
import hashlib, io, av, av.filter
from modal_functions.media.encoders import encoder
from modal_functions.media.spec import Output
for width in (80, 192, 128, 320):
    graph = av.filter.Graph()
    steps = (("testsrc2", f"size={width}x64:rate=25"), ("noise", "alls=9:allf=t:all_seed=1"), ("format", "yuv420p"))
    graph.link_nodes(*(graph.add(*step) for step in steps), graph.add("buffersink")).configure()
    stream = encoder(av.open(io.BytesIO(), "w", format="mp4"), Output(width=width, height=64, fps=(25, 1)))
    made = []
    for _ in range(24):
        picture = graph.vpull()
        picture.pict_type = 0
        made += map(bytes, stream.encode(picture))
    print(hashlib.sha256(b"".join([*made, *map(bytes, stream.encode(None))])).hexdigest())
"""

# A shot of one picture, and one of two: fewer than x265 looks ahead.
SHORT = """
import tempfile
from pathlib import Path
from modal_functions.media.chunks import Chunk
from modal_functions.media.render import _write
output = Output(width=64, height=64, fps=(25, 1), quality="draft", video="hevc")
for frames in (1, 2):
    chunk = Chunk(key=f"a{frames}", how="encode", clip=0, source="s", start=0, first=0, frames=frames)
    with tempfile.TemporaryDirectory() as folder:
        pictures = (av.VideoFrame(64, 64, "yuv420p") for _ in range(frames))
        made = _write(chunk, pictures, output, Path(folder), lambda: None)
        with av.open(str(made.path)) as container:
            print([(packet.pts, packet.dts) for packet in container.demux() if packet.size])
"""


def encoded(held):
    environment = {**os.environ, "MALLOC_PERTURB_": str(held)}
    command = [sys.executable, "-c", ENCODED + SHORT]
    return subprocess.run(command, cwd=child.ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_same_comes_out_whatever_the_memory_held():
    first, second = encoded(85), encoded(170)
    *sums, one, two = first.splitlines()
    assert len(set(sums)) == 4
    assert (one, two) == ("[(0, -2)]", "[(0, -2), (1, -1)]")
    assert first == second
