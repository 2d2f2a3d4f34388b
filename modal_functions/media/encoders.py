"""The encoders of every format: one thread makes each run byte-identical, and all chunks of a film fit together."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, cast

from modal_functions.media.errors import NOT_ENCODED, MediaError, unwritten
from modal_functions.media.picture import BT709, LIMITED
from modal_functions.media.spec import Output

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

# By quality: how coarse, and how much of it is computed. Those of H.264 stand with the output itself.
HEVC = {
    "draft": ("32", "ultrafast"),
    "standard": ("26", "fast"),
    "high": ("22", "medium"),
    "original": ("20", "medium"),
}
VP9 = {"draft": ("42", "8"), "standard": ("33", "4"), "high": ("26", "2"), "original": ("22", "2")}
PRORES = {"draft": "proxy", "standard": "standard", "high": "hq", "original": "hq"}
PIXELS: Mapping[str, str] = {"h264": "yuv420p", "hevc": "yuv420p", "vp9": "yuv420p", "prores": "yuv422p10le"}
# The file that a chunk lies in: exact times, whatever the film's own will be.
CHUNK_FORMATS: Mapping[str, str] = {"h264": "mp4", "hevc": "mp4", "vp9": "mp4", "prores": "mov"}


# Of our parameters, in a film that has those of its sources too: theirs mostly begin at 0.
OWN_NUMBER, EDGE_NUMBER = 15, 14
# At the same coarseness it takes a quarter of the time of `veryfast`, and is nearer to the source for twice the bytes:
# as many as the copies beside it have.
EDGE_PRESET = "ultrafast"
BLOCK = 16  # pixels
AT_ONCE = 8  # blocks, in x264's AVX-512 code
AHEAD = 2  # pictures that x265 has decoded before it shows the first


@contextmanager
def encoding() -> Iterator[None]:
    """What goes wrong in here is no fault of the source that is read meanwhile."""
    import av  # noqa: PLC0415 - only who encodes

    try:
        yield
    except MemoryError:
        raise
    except av.FFmpegError as error:
        if isinstance(error, OSError) and unwritten(error.errno):
            raise
        raise MediaError("result_invalid", NOT_ENCODED) from error


def encoder(container: "OutputContainer", output: Output, *, edge: bool = False) -> "VideoStream":
    name, options = ENCODERS[output.video](output)
    options = {**options, **(_of_an_edge(output) if edge else {})}
    stream = cast("VideoStream", container.add_stream(name, rate=output.rate, options=options))
    stream.width, stream.height, stream.pix_fmt = output.width, output.height, PIXELS[output.video]
    context = stream.codec_context
    context.time_base = 1 / output.rate
    context.thread_count = 1
    context.gop_size = 250
    context.sample_aspect_ratio = Fraction(1)
    context.color_range = LIMITED
    context.color_primaries = context.color_trc = context.colorspace = BT709
    if output.video == "hevc":
        context.codec_tag = "hvc1"  # Apple's players know it by no other
    return stream


def decoded_at(output: Output, frames: int) -> Iterator[int] | None:
    """The moments at which so few pictures are decoded that x265 tells no moment, but what its memory held before."""
    return count(-AHEAD) if output.video == "hevc" and frames <= AHEAD else None


def _h264(output: Output) -> tuple[str, dict[str, str]]:
    """`stitchable` gives all chunks the same headers."""
    return "libx264", {
        "preset": output.preset,
        "crf": str(output.crf),
        "profile": "high",
        "a53cc": "0",
        "x264-params": _x264(output, OWN_NUMBER if output.copies else None),
    }


def _of_an_edge(output: Output) -> dict[str, str]:
    return {"preset": EDGE_PRESET, "x264-params": _x264(output, EDGE_NUMBER)}


def _x264(output: Output, number: int | None) -> str:
    numbered = "" if number is None else f":sps-id={number}"
    return f"stitchable=1:open-gop=0:force-cfr=1{numbered}{steady_code(output.width)}"


def _hevc(output: Output) -> tuple[str, dict[str, str]]:
    crf, preset = HEVC[output.quality]
    alone = "pools=none:frame-threads=1:wpp=0:info=0:open-gop=0:repeat-headers=0:log-level=error"
    return "libx265", {"crf": crf, "preset": preset, "x265-params": alone}


def _vp9(output: Output) -> tuple[str, dict[str, str]]:
    """No frames that are never shown: with them, packets would not be frames."""
    crf, speed = VP9[output.quality]
    steady = {"deadline": "good", "row-mt": "0", "auto-alt-ref": "0", "lag-in-frames": "0"}
    return "libvpx-vp9", {"crf": crf, "b": "0", "cpu-used": speed, **steady}


def _prores(output: Output) -> tuple[str, dict[str, str]]:
    return "prores_ks", {"profile": PRORES[output.quality], "vendor": "apl0"}


ENCODERS: Mapping[str, Callable[[Output], tuple[str, dict[str, str]]]] = {
    "h264": _h264,
    "hevc": _hevc,
    "vp9": _vp9,
    "prores": _prores,
}


def steady_code(width: int) -> str:
    """x264's AVX-512 code hands the costs of blocks on by eights, and does not leave out what lies behind the last of a
    row: where a row's blocks are no multiple of eight, that is memory that nobody wrote, and some runs come out
    different. Then AVX2 it is, which takes a twentieth longer."""
    if blocks_across(width) % AT_ONCE == 0:
        return ""
    try:
        return ":asm=AVX2" if " avx512" in Path("/proc/cpuinfo").read_text() else ""
    except OSError:
        return ""


def blocks_across(width: int) -> int:
    return -(-width // BLOCK)
