from array import array
from fractions import Fraction

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_functions.media.errors import MediaError
from modal_functions.media.sound import FADE, Piece, compose, faded, fitted, take
from modal_functions.media.timeline import nearest

from .reels import lag_of, samples_of, shoot, tune


def taken(path, folder, begin, samples):
    piece = Piece(key="a", source="s", start=Fraction(begin), kept=samples, samples=samples)
    values, first = samples_of(take(path, piece, folder))
    assert first == 0
    assert len(values) == 2 * samples
    return values


def differences(values, begin, span):
    offset = nearest(Fraction(begin) * 48000)
    return max(abs(values[2 * n + side] - tune(n + offset)) for n in span for side in (0, 1))


@pytest.mark.parametrize("name", ["held.mov", "sixty.mkv"])
@pytest.mark.parametrize("begin", ["0", "0.7654321", "1.234567", "2.058", "2.788"])
def test_what_was_never_compressed_arrives_to_the_sample(reels, tmp_path, name, begin):
    """Matroska's stamps are whole milliseconds, 48 samples: they are not taken at their word."""
    assert differences(taken(reels[name].path, tmp_path, begin, 50_000), begin, range(50_000)) < 1e-4


@pytest.mark.parametrize("name", ["cinema.mov", "deep.mp4", "phone.mp4"])
def test_compressed_sound_lags_by_no_sample_wherever_it_is_cut(reels, tmp_path, name):
    for begin in ("0", "0.0111", "1.5", "2.718281"):
        values = taken(reels[name].path, tmp_path, begin, 30_000)
        offset = nearest(Fraction(begin) * 48000)
        for place in (2000, 25_000):
            assert lag_of(values, lambda n, offset=offset: tune(n + offset), range(place, place + 1500)) == 0


def test_sound_that_begins_late_is_placed_by_its_time(reels, tmp_path):
    values = taken(reels["late.mov"].path, tmp_path, "0.25", 48_000)
    assert not any(values[: 2 * 12_000])
    assert differences(values, "0.25", range(12_000, 48_000)) < 1e-4


def test_where_sound_ends_early_there_is_silence(reels, tmp_path):
    values = taken(reels["held.mov"].path, tmp_path, "3.5", 48_000)
    assert differences(values, "3.5", range(24_000)) < 1e-4
    assert not any(values[2 * 24_000 :])


@pytest.mark.parametrize("how", [lambda body: b"", lambda body: body[:-2000], lambda body: body[:-3000] + body[-2999:]])
def test_of_what_was_taken_nothing_may_be_missing_or_wrong(reels, tmp_path, how):
    piece = Piece(key="a", source="s", start=Fraction(0), kept=30_000, samples=30_000)
    path = take(reels["held.mov"].path, piece, tmp_path)
    path.write_bytes(how(path.read_bytes()))
    with pytest.raises(MediaError, match="damaged"):
        compose([piece], tmp_path, tmp_path / "film.mp4")


def test_where_there_is_no_sound_there_is_silence(reels, tmp_path):
    assert not any(taken(reels["mute.mov"].path, tmp_path, "0.1", 10_000))


def test_one_channel_sounds_as_loud_on_both_sides(tmp_path):
    reel = shoot(tmp_path / "mono.mov", layout="mono", seconds=1)
    assert differences(taken(reel.path, tmp_path, "0", 40_000), "0", range(40_000)) < 1e-4


def test_more_channels_are_mixed_as_the_standard_says_and_never_overdriven(tmp_path):
    """Left, centre and left surround: 1 + 2 × 0.7071, the low one is left out."""
    reel = shoot(tmp_path / "five.mkv", layout="5.1", seconds=1)
    values = taken(reel.path, tmp_path, "0", 40_000)
    mixed = [values[2 * n] / tune(n) for n in range(1000, 40_000) if abs(tune(n)) > 0.1]
    assert min(mixed) == pytest.approx(2.4142, abs=0.01)
    assert max(mixed) == pytest.approx(2.4142, abs=0.01)


def test_the_joined_sound_has_every_piece_s_samples_and_fades_at_their_borders(reels, tmp_path):
    pieces = [
        Piece(key=f"p{n}", source="s", start=Fraction(n), kept=kept, samples=samples)
        for n, (kept, samples) in enumerate([(30_031, 30_030), (1601, 1601), (9_001, 9_000)])
    ]
    for piece in pieces:
        take(reels["held.mov"].path, piece, tmp_path)
    heard = []
    assert compose(pieces, tmp_path, tmp_path / "sound.m4a", heard.append) == heard[-1] == 40_631
    values, first = samples_of(tmp_path / "sound.m4a")
    assert first == 0
    assert lag_of(values, lambda n: tune(n - 31_631 + 96_000), range(32_500, 39_000)) == 0
    with av.open(str(tmp_path / "sound.m4a")) as track:
        assert track.streams.audio[0].duration == 40_631


def test_a_fade_is_five_milliseconds_long_and_ends_in_silence():
    [block] = faded(iter([array("f", [1.0] * 2000).tobytes()]), 1000)
    values = array("f", block)
    assert values[0] < 0.003
    assert values[-1] < 0.003
    assert values[2 * FADE :: 2][: 1000 - 2 * FADE] == array("f", [1.0] * (1000 - 2 * FADE))
    assert FADE == 240


def test_a_clip_shorter_than_two_fades_is_still_faded():
    blocks = list(faded(iter([array("f", [1.0] * 200).tobytes()] * 2), 200))
    values = array("f", b"".join(blocks))
    assert len(values) == 400
    assert values[0] < 0.01
    assert values[-1] < 0.01


BLOCKS = st.lists(st.tuples(st.integers(-3000, 9000), st.integers(0, 2500)), max_size=8)


@given(BLOCKS, st.integers(1, 6000))
def test_whatever_arrives_there_are_exactly_the_samples_asked_for(blocks, samples):
    placed = ((position, bytes(8 * count)) for position, count in blocks)
    assert sum(len(block) for block in fitted(placed, samples)) == 8 * samples
