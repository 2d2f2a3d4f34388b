import pytest

from modal_functions.media.spec import Clip, Film, Output, Unusable

OUTPUT = {"width": 1920, "height": 1080, "fps": [30000, 1001], "quality": "high"}
CLIP = {"source": "s/1", "sha256": "a" * 64, "in_us": 1, "out_us": 2}


def test_what_the_wire_brings_comes_back_as_it_was():
    film = Film.from_wire({"output": OUTPUT, "clips": [CLIP]})
    assert Film.from_wire(film.as_wire()) == film
    assert (film.output.crf, film.output.preset) == (18, "medium")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"width": 1919}, "width is '1919'; expected an even number from 16 to 7680"),
        ({"height": 14}, "height is '14'; expected an even number from 16 to 7680"),
        ({"height": 7682}, "expected an even number"),
        ({"width": True}, "width is 'True'"),
        ({"width": "1920"}, "expected an even number"),
        ({"fps": [121, 1]}, "fps is '121/1'; expected two whole numbers, a fraction from 1 to 120"),
        ({"fps": [1, 2]}, "fps is '1/2'"),
        ({"fps": [25, 0]}, "fps is '25/0'"),
        ({"fps": 25}, "fps is '25'"),
        ({"fps": [25.0, 1]}, "two whole numbers"),
        ({"quality": "best"}, "quality is 'best'; expected one of draft, standard, high"),
        ({"quality": ["high"]}, "quality is"),
        ({"video": "vp9"}, "video is 'vp9'; expected one of h264, hevc"),
        ({"container": "avi"}, "container is 'avi'; expected one of mov, mp4, webm"),
        ({"bitrate": 1}, "the fields of output"),
    ],
)
def test_an_output_that_makes_no_sense_is_refused_with_what_was_expected(change, sentence):
    with pytest.raises(Unusable, match=r".*") as refused:
        Output.from_wire({**OUTPUT, **change})
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"source": ""}, "source is ''; expected the key of a source"),
        ({"sha256": "A" * 64}, "64 lower-case hexadecimal digits"),
        ({"in_us": -1}, "in_us is '-1'; expected microseconds, zero or more"),
        ({"in_us": 0.5}, "in_us is '0.5'"),
        ({"out_us": 1}, "out_us is '1'; expected microseconds, after in_us (1)"),
        ({"out_us": 25 * 3_600_000_000}, "by 24 h at most"),
    ],
)
def test_a_clip_that_makes_no_sense_is_refused_with_what_was_expected(change, sentence):
    with pytest.raises(Unusable) as refused:
        Clip.from_wire({**CLIP, **change})
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("clips", "sentence"),
    [
        ([], "the number of clips is '0'; expected 1 to 500"),
        ([CLIP] * 501, "the number of clips is '501'"),
        ([{**CLIP, "out_us": 13 * 3_600_000_000}] * 2, "the length of all clips is '26.0 h'; expected 24 h at most"),
        ("abc", "clips is 'abc'; expected a list of clips"),
        ([1], "clip is '1'; expected an object with source"),
        ([{"source": "x"}], "the fields of clip is 'source'"),
    ],
)
def test_a_film_that_makes_no_sense_is_refused(clips, sentence):
    with pytest.raises(Unusable) as refused:
        Film.from_wire({"output": OUTPUT, "clips": clips})
    assert sentence in str(refused.value)
