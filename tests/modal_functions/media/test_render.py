"""Sources that are late, short, damaged, interlaced, turned or of another shape."""

import gc
from fractions import Fraction

import av
import pytest

from modal_functions.media.chunks import plan
from modal_functions.media.errors import NOT_ENCODED, MediaError
from modal_functions.media.picture import Conformer, fit, turns_of
from modal_functions.media.probe import probe
from modal_functions.media.render import render
from modal_functions.media.spec import Film, Output
from modal_functions.media.timeline import lay_out

from .conftest import clip
from .reels import number_on, shoot

OUTPUT = Output(width=320, height=180, fps=(25, 1))


def rendered(path, folder, begin, end, output=OUTPUT):
    chunks = plan(lay_out(Film(output=output, clips=(clip(path.name, begin, end),))), output)
    frames = []
    for each in list(render(path, chunks, output, folder)):
        with av.open(str(each.path)) as chunk:
            frames += list(chunk.decode(video=0))
    return frames


def test_at_the_source_s_own_rate_every_frame_comes_once(reels, tmp_path):
    frames = rendered(reels["square.mp4"].path, tmp_path, 0.4, 3.6)
    assert [number_on(frame, (70, 0, 180, 180)) for frame in frames] == list(range(10, 90))


@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".mp4", ".avi", ".ts"])
@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(30)])
def test_rounded_time_stamps_and_trims_neither_drop_nor_double_a_frame(tmp_path, suffix, rate):
    reel = shoot(tmp_path / f"a{suffix}", rate=rate, seconds=2, layout=None, size=(160, 90))
    output = Output(width=160, height=90, fps=(rate.numerator, rate.denominator))
    frames = rendered(reel.path, tmp_path, float(7 / rate), float(52 / rate), output)
    assert [number_on(frame) for frame in frames] == list(range(7, 52))


def test_before_a_late_beginning_the_first_frame_is_shown(reels, tmp_path):
    frames = rendered(reels["late.mov"].path, tmp_path, 0.0, 1.0)
    assert [number_on(frame) for frame in frames] == [0] * 10 + list(range(15))


def test_the_last_frame_is_held_for_a_second_at_most(reels, tmp_path):
    frames = rendered(reels["mute.mov"].path, tmp_path, 3.6, 4.9)
    assert [number_on(frame) for frame in frames[:10]] == list(range(90, 100))
    assert {number_on(frame) for frame in frames[10:]} == {99}
    with pytest.raises(MediaError) as refused:
        rendered(reels["mute.mov"].path, tmp_path, 3.6, 5.2)
    assert refused.value.code == "input_unreadable"
    assert str(refused.value) == "The picture of this file ends after 4.00 s, but the clip asks for it at 5.04 s."


def test_what_cannot_be_encoded_or_written_is_no_fault_of_the_clip(reels, tmp_path):
    with pytest.raises(MediaError) as refused:
        rendered(reels["mute.mov"].path, tmp_path / "swept", 0, 1)
    assert (refused.value.code, refused.value.sentence) == ("result_invalid", NOT_ENCODED)


def test_a_source_that_breaks_off_is_named_and_leaves_no_chunk_behind(tmp_path):
    whole = shoot(tmp_path / "whole.mp4", container_options={"movflags": "faststart"}, options={"crf": "1"}).path
    source = tmp_path / "source.mp4"
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    folder = tmp_path / "chunks"
    folder.mkdir()
    assert len(rendered(source, folder, 0.1, 1.1)) == 25
    with pytest.raises(MediaError, match="The picture of this file ends after"):
        rendered(source, folder, 0.1, 4.0)
    assert [path for path in folder.iterdir() if path.name.startswith(".")] == []


def test_fields_become_whole_pictures_and_pass_no_comb_on(tmp_path):
    """A bright bar moves between the two fields of a frame; woven together they would alternate line by line."""
    path = tmp_path / "fields.mov"
    with av.open(str(path), "w") as container:
        video = container.add_stream(
            "libx264", rate=25, options={"flags": "+ildct+ilme", "x264-params": "tff=1", "crf": "1"}
        )
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        for number in range(20):
            frame = av.VideoFrame(320, 180, "yuv420p")
            frame.planes[0].update(b"".join(bar(40 + 12 * number + 6 * (line % 2)) for line in range(180)))
            for plane in frame.planes[1:]:
                plane.update(bytes([128]) * plane.buffer_size)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    [*_, before, frame, _, _, _] = rendered(path, tmp_path, 0.0, 0.8)
    with av.open(str(path)) as container:
        woven = list(container.decode(video=0))[16]
    assert comb(woven) > 10 * comb(frame)
    assert bytes(before.planes[0]) != bytes(frame.planes[0])


def bar(left):
    return (b"\x20" * left + b"\xd0" * 40).ljust(320, b"\x20")


def comb(frame):
    """How much each line differs from the mean of its neighbours, in the middle of the picture."""
    plane = frame.planes[0]
    rows = [bytes(plane)[y * plane.line_size : y * plane.line_size + 320] for y in range(60, 120)]
    return sum(
        max(0, abs(2 * here - above - below) - 60)
        for before, row, after in zip(rows, rows[1:], rows[2:], strict=False)
        for above, here, below in zip(before, row, after, strict=True)
    )


@pytest.mark.parametrize("rotation", [90, 270])
def test_a_picture_held_on_its_side_stands_upright_between_bars(tmp_path, rotation):
    reel = shoot(tmp_path / "held.mp4", rotation=rotation, size=(180, 320), seconds=1, layout=None)
    frames = rendered(reel.path, tmp_path, 0.0, 1.0)
    left = (320 - 102) // 2 // 2 * 2
    assert [number_on(frame, (left, 0, 102, 180)) for frame in frames] == list(range(25))
    assert bytes(frames[3].planes[0])[: left - 2].count(16) > left - 6


def test_pixels_that_are_not_square_keep_their_shape(tmp_path):
    reel = shoot(tmp_path / "wide.mp4", size=(180, 180), shape=Fraction(16, 9), seconds=1, layout=None)
    frames = rendered(reel.path, tmp_path, 0.0, 1.0)
    assert [number_on(frame) for frame in frames] == list(range(25))


@pytest.mark.parametrize(
    ("size", "shape", "box"),
    [
        ((1920, 1080), 1, (1280, 720, 0, 0)),
        ((1080, 1920), 1, (406, 720, 436, 0)),
        ((720, 576), Fraction(16, 15), (960, 720, 160, 0)),
        ((2048, 858), 1, (1280, 536, 0, 92)),
        ((1, 7000), 1, (2, 720, 638, 0)),
        ((7000, 1), 1, (1280, 2, 0, 358)),
    ],
)
def test_what_is_fitted_is_even_and_in_the_middle(size, shape, box):
    fitted = fit(*size, Fraction(shape), 1280, 720)
    assert (fitted.width, fitted.height, fitted.left, fitted.top) == box


ONE = 1 << 16


@pytest.mark.parametrize(
    ("matrix", "turns"),
    [
        ((), []),
        ((ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30), []),
        ((0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30), [("transpose", "dir=clock")]),
        ((0, -ONE, 0, ONE, 0, 0, 0, 0, 1 << 30), [("transpose", "dir=cclock")]),
        ((-ONE, 0, 0, 0, -ONE, 0, 0, 0, 1 << 30), [("hflip", ""), ("vflip", "")]),
        ((-ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30), [("hflip", "")]),
        ((ONE, ONE, 0, -ONE, ONE, 0, 0, 0, 1 << 30), []),
    ],
)
def test_a_camera_s_matrix_becomes_turns_and_mirrors(matrix, turns):
    assert turns_of(matrix) == turns


def test_a_picture_of_high_dynamic_range_keeps_its_brightness(tmp_path):
    """PQ's white of paper is far below the end of its scale; taken as it stands it would be a grey."""
    path = tmp_path / "bright.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p10le"
        context = video.codec_context
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = 1, 9, 9, 16
        frame = av.VideoFrame(320, 180, "yuv420p10le")
        for plane, level in zip(frame.planes, (600, 512, 512), strict=True):
            plane.update(level.to_bytes(2, "little") * (plane.buffer_size // 2))
        container.mux(video.encode(frame))
        container.mux(video.encode(None))
    assert probe(path).hdr
    [frame] = rendered(path, tmp_path, 0.0, 0.04)
    assert bytes(frame.planes[0])[100] > 225


def test_a_chunk_says_what_it_is(reels, tmp_path):
    rendered(reels["deep.mp4"].path, tmp_path, 0.0, 1.0)
    picture, path = sorted(tmp_path.iterdir())
    with av.open(str(picture)) as beside:
        assert next(beside.decode(video=0)).width == 256, "a small picture of its middle lies beside it"
    with av.open(str(path)) as chunk:
        context = chunk.streams.video[0].codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.color_range, context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1, 1)
        assert [stream.type for stream in chunk.streams] == ["video"]
        packets = [packet for packet in chunk.demux(video=0) if packet.size]
    assert packets[0].is_keyframe
    assert packets[0].pts == 0


def test_no_picture_waits_for_a_sweep_once_it_was_passed_on(reels, tmp_path):
    """Thirty of them would be a hundred megabytes."""
    with av.open(str(reels["square.mp4"].path)) as container:
        conformer = Conformer(width=180, height=180, shape=None)
        gc.collect()
        gc.disable()
        try:
            for frame in container.decode(video=0):
                conformer(frame)
            alive = sum(
                type(each) is av.VideoFrame for each in gc.get_objects()
            )  # asked in no way that wakes lazy ones
        finally:
            gc.enable()
    assert alive < 12  # of a hundred: keyframes are asked how they were held
