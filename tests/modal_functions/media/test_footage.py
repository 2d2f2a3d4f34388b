"""On the way from a keyframe to a clip, pictures that no other needs are left out; none that is seen is."""

from fractions import Fraction

import pytest

from modal_functions.media.footage import shown_from
from modal_functions.media.opening import opened, sight_of
from modal_functions.media.probe import probe

from .reels import number_on, shoot

BETWEEN = {"bf": "2", "b_strategy": "0", "g": "75", "x264-params": "b-pyramid=none:scenecut=0"}


def shown(path, start):
    with opened(path) as container:
        return [number_on(each.frame) for each in shown_from(container, sight_of(container), start)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi"])
@pytest.mark.parametrize("start", [0, 1, 40, 41, 42, 43, 60, 74])
def test_from_the_wanted_moment_on_every_picture_comes(reel_in, suffix, start):
    found = shown(reel_in(suffix), Fraction(start, 25))
    assert found[found.index(start) :] == list(range(start, 75))
    assert found == sorted(found)


@pytest.mark.parametrize(("suffix", "decoded"), [(".mp4", 14), (".mkv", 14), (".ts", 42), (".avi", 42)])
def test_what_is_over_by_then_and_led_to_nothing_is_left_out(reel_in, suffix, decoded):
    """Where each packet says when it is shown; elsewhere the pictures are counted, and must all be there."""
    found = shown(reel_in(suffix), Fraction(42, 25))
    assert found.index(42) == decoded


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("mpeg4", {"bf": "2", "g": "12", "qscale": "3"}),
        ("mpeg2video", {"bf": "2", "g": "12", "qscale": "3"}),
        ("libx264", {"bf": "3", "b_strategy": "0", "x264-params": "open-gop=1:keyint=12:scenecut=0"}),
    ],
)
@pytest.mark.parametrize("start", [11, 13, 30, 47])
def test_where_pictures_are_only_counted_those_that_need_one_before_the_keyframe_count_too(
    tmp_path, codec, options, start
):
    """They stand behind it in the file and are shown before it: whoever begins there cannot decode them."""
    reel = shoot(tmp_path / "old.avi", seconds=2, layout=None, size=(160, 90), codec=codec, options=options)
    with opened(reel.path) as container:
        found = list(shown_from(container, sight_of(container), Fraction(start, 25)))
    seen = {each.at * 25: number_on(each.frame) for each in found}
    assert [seen[moment] for moment in range(start, 50)] == list(range(start, 50))


@pytest.mark.parametrize("between", ["0", "2"])
def test_where_pictures_are_only_counted_those_that_a_recorder_has_dropped_count_too(tmp_path, between):
    """Each is an empty entry in the file's index. Uncounted, the picture would run ahead of the sound."""
    options, gaps = {"bf": between, "g": "12", "qscale": "3"}, tuple(range(14, 40, 5))
    reel = shoot(tmp_path / "a.avi", seconds=2, layout=None, size=(160, 90), codec="mpeg4", options=options, gaps=gaps)
    with opened(reel.path) as container:
        found = list(shown_from(container, sight_of(container), Fraction(0)))
    assert [(each.at, number_on(each.frame)) for each in found] == [
        (Fraction(moment, 25), number) for number, moment in enumerate(each for each in range(50) if each not in gaps)
    ]
    assert probe(reel.path).duration_us == 2_000_000, "none more for those that are read before they are shown"


@pytest.mark.parametrize("left", [Fraction(1, 50), Fraction(1, 2), Fraction(20)])
def test_a_recording_whose_clock_begins_anew_within_its_first_minute_is_whole(tmp_path, left):
    """The clock of MPEG has 33 bits, which are over after 26.5 hours."""
    begins = {"output_ts_offset": str(float(Fraction(2**33, 90_000) - left))}
    reel = shoot(tmp_path / "a.ts", seconds=2, layout=None, size=(160, 90), options=BETWEEN | {"g": "10"},
                 container_options=begins)  # fmt: skip
    assert probe(reel.path).duration_us == 2_000_000
    for start in (0, 11, 30):
        found = shown(reel.path, Fraction(start, 25))
        assert found[found.index(start) :] == list(range(start, 50))


def test_a_moment_in_a_long_picture_is_that_picture_s(reel_in):
    """Also where it is one that no other needs."""
    found = shown(reel_in(".mp4"), Fraction(41, 25) + Fraction(1, 50))
    assert found[found.index(41) :] == list(range(41, 75))


@pytest.fixture(scope="module")
def reel_in(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("reels"), {}

    def reel(suffix):
        if suffix not in made:
            made[suffix] = shoot(
                folder / f"a{suffix}", seconds=3, layout=None, size=(160, 90), options={"crf": "20", **BETWEEN}
            ).path
        return made[suffix]

    return reel
