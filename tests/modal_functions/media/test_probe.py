"""What a source is, and every refusal with its sentence."""

import re
import struct
from fractions import Fraction

import av
import pytest

from modal_functions.editing.timecode import Own
from modal_functions.media.errors import MediaError
from modal_functions.media.preview import thumbnail, waveform
from modal_functions.media.probe import probe
from modal_functions.media.spec import Unusable

from .reels import drawn, shoot


def test_a_source_is_described(reels):
    found = probe(reels["deep.mp4"].path)
    assert (found.container, found.codec, found.pixels) == ("mov", "hevc", "yuv420p10le")
    assert (found.width, found.height, found.fps, found.variable) == (320, 180, (30, 1), False)
    assert (found.sound, found.channels, found.sample_rate) == ("aac", 2, 48000)
    assert found.duration_us == 4_000_000
    assert found.bytes == reels["deep.mp4"].path.stat().st_size


def test_what_is_special_about_a_source_is_seen(reels):
    found = {name: probe(reel.path) for name, reel in reels.items()}
    assert [name for name, source in found.items() if source.variable] == ["phone.mp4"]
    assert [name for name, source in found.items() if source.interlaced] == ["fields.mov"]
    assert [name for name, source in found.items() if source.rotation] == ["held.mov"]
    assert [name for name, source in found.items() if source.sound is None] == ["mute.mov"]
    assert (found["held.mov"].width, found["held.mov"].height) == (320, 180)
    assert found["cinema.mov"].fps == (24000, 1001)
    assert found["odd.mkv"].channels == 6
    assert found["late.mov"].duration_us == 4_400_000


NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("name", "rate", "told", "nominal"),
    [
        ("tmcd.mov", Fraction(25), "14:23:05:10", 25),
        ("tmcd.mp4", NTSC, "14:23:05;10", 30),
        ("tags.mkv", Fraction(50), "14:23:05:49", 50),
    ],
)
def test_the_timecode_of_the_camera_is_kept(tmp_path, name, rate, told, nominal):
    found = probe(shoot(tmp_path / name, seconds=0.2, rate=rate, layout=None, timecode=told).path)
    assert found.as_wire()["timecode"] == {"begin": told, "nominal": nominal}


def test_a_camera_may_count_two_pictures_as_one(tmp_path):
    path = shoot(tmp_path / "tmcd.mov", seconds=0.2, rate=Fraction(50), layout=None, timecode="01:00:00:10").path
    film = path.read_bytes()
    counted = re.search(rb"tmcd\x00{6}\x00\x01\x00{4}.{4}(.{4})(.{4})(.)", film, re.DOTALL)  # ticks, of a frame, frames
    ticks, frame = (int.from_bytes(counted[group], "big") for group in (1, 2))
    path.write_bytes(film[: counted.start(2)] + struct.pack(">IB", 2 * frame, 25) + film[counted.end(3) :])
    assert (ticks // frame, film[counted.start(3)]) == (50, 50)
    assert probe(path).timecode == Own(begin="02:00:00:10", nominal=25)


@pytest.mark.parametrize("told", ["", "noon", "14:23:05:25", "14:23:05;10", "24:00:00:00", "1" * 900, "٠١:00:00:00"])
def test_a_timecode_that_is_none_is_left_out(tmp_path, told):
    assert probe(shoot(tmp_path / "tags.mkv", seconds=0.2, layout=None, timecode=told).path).timecode is None


def test_the_duration_is_that_of_the_picture(tmp_path):
    path = tmp_path / "long sound.mov"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        for _ in range(50):
            container.mux(video.encode(drawn(1, 64, 64)))
        container.mux(video.encode(None))
        for number in range(20):
            frame = av.AudioFrame("s16", "mono", 24_000)
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
            frame.sample_rate, frame.pts = 48000, number * 24_000
            container.mux(audio.encode(frame))
    assert probe(path).duration_us == 2_000_000


def refused(path):
    with pytest.raises(MediaError) as refusal:
        probe(path)
    return refusal.value.code, str(refusal.value)


INCOMPLETE = "This file is incomplete or damaged. Copy it once more from where it came."
CUT_OFF = "The end of this file is missing. Copy it once more from where it came."
NO_VIDEO = "This is no video that can be read here. MP4, MOV, MKV, WebM, AVI and MPEG can."
PLAYLIST = "This is a playlist: it only names other files. Bring the video itself."


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        (b"", "input_unreadable", "This file is empty."),
        (b"Dear diary,\n\xc3\xa9t\xc3\xa9.\n", "unsupported", "This is a text file, not a video."),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "unsupported", PLAYLIST),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "unsupported", PLAYLIST),
        (b"\xef\xbb\xbf#EXTM3U\n", "unsupported", PLAYLIST),
        (bytes(range(256)) * 40, "unsupported", NO_VIDEO),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "unsupported", NO_VIDEO),
        (b"\0\0\0\x20ftypisom" + bytes(500), "input_unreadable", INCOMPLETE),
    ],
)
def test_what_is_no_video_is_refused_in_plain_words(tmp_path, content, code, sentence):
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert refused(path) == (code, sentence)


def test_a_playlist_that_names_a_real_film_opens_nothing(reels, tmp_path):
    path = tmp_path / "film.mp4"
    path.write_text(f"\n\n  ffconcat version 1.0\nfile '{reels['mute.mov'].path}'\n")
    assert refused(path) == ("unsupported", PLAYLIST)


@pytest.mark.parametrize("front", [True, False])
def test_a_file_that_was_cut_off_is_refused(tmp_path, front):
    options = {"movflags": "faststart"} if front else {}
    path = shoot(tmp_path / "whole.mp4", options={"crf": "1"}, container_options=options, sound="aac").path
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert refused(cut) == ("input_unreadable", CUT_OFF if front else INCOMPLETE)


def test_sound_alone_is_refused(tmp_path):
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        audio = container.add_stream("aac", rate=48000, layout="stereo")
        frame = av.AudioFrame("fltp", "stereo", 4096)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate = 48000
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    assert refused(path) == ("unsupported", "This file has sound but no picture.")


def test_a_head_without_a_body_is_refused(tmp_path):
    path = tmp_path / "head.mkv"
    whole = shoot(tmp_path / "whole.mkv", seconds=1, layout=None).path.read_bytes()
    path.write_bytes(whole[: whole.index(b"\x16\x54\xae\x6b")])
    assert refused(path)[0] == "input_unreadable"


@pytest.mark.parametrize(("size", "told"), [((8200, 16), "8200 × 16"), ((8, 64), "8 × 64")])
def test_absurd_dimensions_are_refused(tmp_path, size, told):
    path = tmp_path / "wide.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        container.mux(video.encode(av.VideoFrame(*size, "yuv420p")))
        container.mux(video.encode(None))
    sentence = f"The picture is {told} pixels; 16 to 8192 on each side can be used."
    assert refused(path) == ("unsupported", sentence)


def test_a_picture_that_is_not_as_large_as_its_file_says_is_refused(tmp_path):
    """Nothing but the picture itself tells: until it is decoded, the file is believed."""
    path = shoot(tmp_path / "tiny.webm", codec="libvpx", size=(8, 8), seconds=1, layout=None).path
    said = path.read_bytes()
    assert said.count(b"\xb0\x81\x08\xba\x81\x08") == 1, "its width and its height, of one byte each"
    path.write_bytes(said.replace(b"\xb0\x81\x08\xba\x81\x08", b"\xb0\x81\x40\xba\x81\x40"))
    with pytest.raises(MediaError, match=r"The picture is 8 × 8 pixels; 16 to 8192 on each side can be used\."):
        probe(path)


def test_more_than_a_day_is_refused(tmp_path):
    path = tmp_path / "long.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        for second in (0, 25 * 3600):
            frame = drawn(1, 64, 64)
            frame.pts, frame.time_base = second * 25, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    assert refused(path) == ("too_long", "This video lasts 25.0 hours; at most 24 can be used.")


def test_a_thumbnail_is_an_upright_jpeg(reels, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(thumbnail(reels["held.mov"].path))
    assert path.read_bytes().startswith(b"\xff\xd8\xff")
    with av.open(str(path)) as picture:
        [frame] = picture.decode(video=0)
    assert (frame.width, frame.height) == (480, 270)
    plane = frame.planes[0]
    column = 480 // 20  # the highest bit is dark above, bright below
    assert bytes(plane)[60 * plane.line_size + column] < 90 < bytes(plane)[200 * plane.line_size + column]


def test_a_thumbnail_is_not_a_dark_one_if_it_can_be_helped(tmp_path):
    path = tmp_path / "dark.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        for number in range(50):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for plane, level in zip(frame.planes, (16 if number < 12 else 180, 128, 128), strict=True):
                plane.update(bytes([level]) * plane.buffer_size)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    (tmp_path / "a.jpg").write_bytes(thumbnail(path))
    with av.open(str(tmp_path / "a.jpg")) as picture:
        [frame] = picture.decode(video=0)
    assert bytes(frame.planes[0])[0] > 150


def test_a_waveform_shows_how_loud_it_is_and_where_nothing_sounds(reels):
    peaks = waveform(reels["late.mov"].path, 44)
    assert peaks[:5] == [0] * 5
    assert all(80 < peak < 110 for peak in peaks[6:])
    assert waveform(reels["mute.mov"].path, 7) == [0] * 7
    with pytest.raises(Unusable, match="buckets is '0'; expected 1 to 10000"):
        waveform(reels["mute.mov"].path, 0)
