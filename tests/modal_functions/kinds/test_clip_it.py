"""Clips of a long video, by other readers than what made them: cut to the frame, with what is said in them and beside
them, and chosen for reasons that are true."""

import json
from fractions import Fraction

import av
import pysubs2
import pytest

from exports import sample
from modal_functions import recognisers
from modal_functions.kinds import clip_it
from modal_functions.media.loudness import levels
from modal_functions.media.speech import by_sphinx, is_lively, sound_between, utterances
from modal_functions.wire import AttemptKeys, unpack
from tests.modal_functions.kinds.conftest import GREY, changed, plain
from tests.modal_functions.media.reels import number_on, shoot
from tests.modal_functions.media.voices import OR, SOON, talk

WANTED = {"count": 2, "seconds": 3, "aspect": None, "side": 180, "quality": "high", "captions": True, "keywords": []}
SAID = [(5.3, SOON), (6.0, OR), (6.5, SOON), (7.2, SOON)]  # seconds


def wanted(**more):
    return WANTED | more


def of(result, name):
    return next(each for each in result["files"] if each["name"] == name)


def text_of(bench, told):
    return bench.store.in_place(told["key"]).read_text()


@pytest.fixture(scope="module")
def speech(bench, tmp_path_factory):
    """Nine grey seconds, in which something is said from the sixth on, and what came of them."""
    path = plain(tmp_path_factory.mktemp("speech") / "talk.mov", seconds=9, size=(320, 180), samples=talk(9, SAID))
    spec = bench.spec(path, seconds=9, size=(320, 180), wanted=wanted())
    return spec, bench.do(clip_it, spec)


def test_what_is_said_becomes_subtitles_that_a_player_reads(bench, speech):
    _, result = speech
    assert result["words"] >= 3
    for end in ("srt", "vtt"):
        read = pysubs2.SSAFile.from_string(text_of(bench, of(result, f"transcript.{end}")), format_=end)
        assert read
        assert all(5000 <= each.start < each.end <= 8100 for each in read), "words stand where something is said"


def test_the_best_moment_is_where_something_is_said_and_it_says_so(bench, speech):
    _, result = speech
    best = of(result, "clip-01.mp4")["facts"]
    assert bench.kept(best["shows"]).startswith(b"\xff\xd8"), "the picture of its middle is among the project's parts"
    assert (best["from"] <= 6.0, best["to"] >= 7.2) == (True, True)
    assert "speech" in best["why"] or "speaks" in best["why"] or "louder" in best["why"]
    told = json.loads(text_of(bench, of(result, "moments.json")))
    assert [each["clip"] for each in told["moments"]] == list(range(1, len(told["moments"]) + 1))
    assert told["moments"][0] == {"clip": 1, **{name: best[name] for name in ("from", "to", "score", "why")}}


def test_what_is_said_is_burned_in_when_it_is_said_and_not_before(bench, speech):
    _, result = speech
    clip = of(result, "clip-01.mp4")
    frames = bench.frames(clip)
    seen = [changed(frame) for frame in frames]
    shown = [clip["facts"]["from"] + number / 25 for number, box in enumerate(seen) if box]
    assert shown
    assert min(shown) == pytest.approx(5.35, abs=0.3)
    assert all(top > 90 for _, top, _, _ in filter(None, seen)), "it stands in the lower half"


def test_without_captions_the_picture_is_untouched_and_its_parts_are_those_of_any_film(bench, speech):
    spec, result = speech
    again = bench.do(clip_it, spec | {"wanted": wanted(captions=False)})
    assert again["words"] == result["words"]
    assert not any(changed(frame) for frame in bench.frames(of(again, "clip-01.mp4")))


def test_what_was_heard_and_rendered_is_not_made_again(bench, speech):
    spec, result = speech
    again = bench.do(clip_it, spec)
    assert again["rendered"] == 0
    assert again["sha256"] == result["sha256"]


def test_what_was_heard_and_is_damaged_is_heard_anew_at_the_next_try(bench, speech):
    spec, result = speech
    heard = [key for key in bench.store.keys("projects/p/chunks") if b'"words"' in (bench.store.get(key) or b"")]
    assert heard
    bench.store.put(heard[0], b"")
    assert bench.do(clip_it, spec)["code"] == "result_invalid"
    assert bench.do(clip_it, spec)["sha256"] == result["sha256"]


def test_every_result_is_put_out_as_soon_as_it_is_there(bench, speech, monkeypatch):
    """Subtitles before anything is cut, then one clip after the other."""
    spec, _ = speech
    told, put = [], type(bench.store).put
    monkeypatch.setattr(type(bench.store), "put", lambda own, key, body: told.append(key) or put(own, key, body))
    result = bench.do(clip_it, spec)
    places = [int(key.rpartition("/")[2].removesuffix(".json")) for key in told if "/ready/" in key]
    assert places == [101, 102, 103, *range(1, len(result["files"]) - 2)]
    keys = AttemptKeys(export="e", number=next(bench.numbers) - 1)
    assert unpack(bench.store.get(keys.ready(1)))["name"] == "clip-01.mp4"


@pytest.fixture(scope="module")
def reel(bench, tmp_path_factory):
    return shoot(tmp_path_factory.mktemp("reel") / "reel.mp4", seconds=8, size=(320, 180), sound="aac")


def test_clips_are_cut_to_the_frame_and_none_without_a_word_is_an_honest_one(bench, reel):
    spec = bench.spec(reel.path, seconds=8, size=(320, 180), wanted=wanted())
    result = bench.do(clip_it, spec)
    assert result["words"] == 0, "steady tones are not speech"
    assert {each["name"] for each in result["files"]} == {"clip-01.mp4", "clip-02.mp4", "moments.json"}
    assert clip_it.NO_SPEECH in of(result, "moments.json")["label"]
    for clip in result["files"][:2]:
        frames, first = bench.frames(clip), round(clip["facts"]["from"] * 25)
        assert [number_on(frame) for frame in frames] == list(range(first, round(clip["facts"]["to"] * 25)))
        with av.open(str(bench.store.in_place(clip["key"]))) as film:
            assert {stream.type for stream in film.streams} == {"video", "audio"}


def test_a_silent_video_in_another_shape_follows_what_moves(bench, tmp_path):
    def dot(frame, number):
        plane = frame.planes[0]
        left = 240 + number % 3  # it trembles on the right
        rows = [bytearray(bytes([GREY]) * plane.line_size) for _ in range(frame.height)]
        for y in range(60, 120):
            rows[y][left : left + 40] = bytes([250 if number % 2 else 20]) * 40
        plane.update(b"".join(rows))

    path = plain(tmp_path / "dot.mp4", seconds=4, size=(320, 180), paint=dot)
    result = bench.do(clip_it, bench.spec(path, seconds=4, size=(320, 180), wanted=wanted(aspect=[9, 16], count=1)))
    [frame, *_] = bench.frames(of(result, "clip-01.mp4"))
    assert (frame.width, frame.height) == (180, 320)
    assert changed(frame) is not None, "the crop has the dot in it, which its middle has not"


@pytest.mark.parametrize(
    "broken", [{}, {"wanted": {}}, {"wanted": wanted(count="many")}, {"wanted": wanted(aspect=[1, 0])}]
)
def test_what_makes_no_sense_is_refused_with_a_sentence(bench, speech, broken):
    spec, _ = speech
    outcome = bench.do(clip_it, {**{name: spec[name] for name in spec if name != "wanted"}, **broken})
    assert (outcome["ending"], outcome["code"]) == ("error", "unsupported")
    assert "asked for" in outcome["sentence"]


@pytest.mark.parametrize("number", range(3))
def test_a_melody_is_not_taken_for_speech(tmp_path, number):
    """It gets louder and quieter, as speech does."""
    sample.make(tmp_path / "melody.mp4", number)
    sound = sound_between(tmp_path / "melody.mp4", 0, 5000)
    assert list(by_sphinx(sound)) == []
    assert not any(is_lively(spoken) for _, spoken in utterances(sound))


def test_loudness_is_told_in_decibels_where_it_is_loud(tmp_path):
    path = plain(tmp_path / "loud.mov", seconds=3, size=(64, 36), samples=talk(3, [(1.0, "AO AO AO")]))
    heard = levels(path, 30)
    assert len(heard) == 30
    assert min(heard[10:14]) > -30 > -50 > max(heard[:9])


@pytest.fixture
def model(tmp_path):
    for name in recognisers.FILES:
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def test_what_a_recogniser_lacks_is_said(model, monkeypatch):
    assert recognisers.missing("") == ""
    assert "faster_whisper" in recognisers.missing(str(model))
    (model / "faster_whisper.py").write_text("")
    monkeypatch.syspath_prepend(str(model))
    assert recognisers.missing(str(model)) == ""
    (model / "tokenizer.json").unlink()
    assert recognisers.missing(str(model)) == f"tokenizer.json of a model for faster-whisper in {model}"


def test_the_grid_of_a_clip_is_that_of_the_video(bench, tmp_path):
    reel = shoot(tmp_path / "ntsc.mov", seconds=4, rate=Fraction(30000, 1001), size=(320, 180))
    result = bench.do(clip_it, bench.spec(reel.path, seconds=4, size=(320, 180), wanted=wanted(count=1)))
    clip = of(result, "clip-01.mp4")
    numbers = [number_on(frame) for frame in bench.frames(clip)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] == round(clip["facts"]["from"] * 30000 / 1001)
