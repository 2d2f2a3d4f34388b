"""Sound that is copied, and sewn to what is encoded beside it, is to the sample what encoding all of it would give."""

import random
from fractions import Fraction

import av
import pytest

from modal_functions.media.aac import FRAME, LONG, SHORT, STARTING, STOPPING, Window, window
from modal_functions.media.errors import MediaError
from modal_functions.media.passages import ROOM, Passage, grid_in, keep
from modal_functions.media.seams import sew
from modal_functions.media.sound import FADE, compose, plan_sound, take
from modal_functions.media.spec import Clip, Film, Output
from modal_functions.media.timeline import lay_out
from modal_functions.soundtracks import passages_of

from .reels import lag_of, samples_of, shoot

SHA = "0" * 64
OUTPUT = Output(width=320, height=180, fps=(25, 1), quality="original")


@pytest.fixture(scope="module")
def reel(tmp_path_factory):
    return shoot(tmp_path_factory.mktemp("reel") / "one.mp4", seconds=12, sound="aac")


def film_of(*trims):
    clips = tuple(
        Clip(source="s", sha256=SHA, in_us=round(begin * 1e6), out_us=round((begin + length) * 1e6))
        for begin, length in trims
    )
    return lay_out(Film(output=OUTPUT, clips=clips))


def sewn(timeline, source, folder, grids=None):
    passages = passages_of(timeline, {"s": grid_in(source)} if grids is None else grids)
    for passage in passages:
        keep(source, passage, folder)
    heard = []
    assert sew(passages, folder, folder / "sound.mp4", heard.append) == heard[-1] == timeline.samples
    values, first = samples_of(folder / "sound.mp4")
    assert first == 0
    return passages, values


def assert_as_planned(values, timeline, source, folder):
    """Of each clip: the lag, and that it is as near to its source as if all was encoded; at its ends it is faded."""
    pieces = plan_sound(timeline)
    heard = [samples_of(take(source, piece, folder))[0] for piece in pieces]
    compose(pieces, folder, folder / "encoded.mp4")
    encoded, _ = samples_of(folder / "encoded.mp4")
    for span, clip in zip(timeline.spans, heard, strict=True):
        begin, middle = 2 * span.first_sample, span.samples // 2
        assert furthest(values[begin:], clip, span) <= max(0.02, 1.1 * furthest(encoded[begin:], clip, span))
        if span.samples > 4000:
            assert lag_of(values[begin:], lambda n, clip=clip: clip[2 * n], range(middle, middle + 1500)) == 0


def furthest(values, clip, span):
    return max(abs(values[2 * n] - clip[2 * n]) for n in range(FADE, span.samples - FADE))


def test_of_one_clip_all_but_the_ends_is_copied(reel, tmp_path):
    timeline = film_of((0.28, 8))
    [passage], values = sewn(timeline, reel.path, tmp_path)
    assert passage.how == "copy"
    assert passage.packets * FRAME > timeline.samples - 4 * FRAME
    assert len(packets_in(reel.path) & packets_in(tmp_path / "sound.mp4")) > passage.packets - 2 * ROOM
    assert_as_planned(values, timeline, reel.path, tmp_path)


def test_of_a_film_that_begins_on_the_grid_too(reel, tmp_path):
    timeline = film_of((0, 12))
    [passage], values = sewn(timeline, reel.path, tmp_path)
    assert (passage.how, passage.grid) == ("copy", 0)
    assert_as_planned(values, timeline, reel.path, tmp_path)


def test_clips_lie_on_the_grid_of_the_longest_and_none_lags(reel, tmp_path):
    timeline = film_of((0.28, 1.2), (2.04, 6), (0.04, 0.2), (0.6, 0.04), (3, 1))
    passages, values = sewn(timeline, reel.path, tmp_path)
    assert passages[1].how == "copy"
    assert {passage.how for passage in passages} == {"copy", "encode"}
    assert {
        (passage.grid + span.first_sample) % FRAME for passage, span in zip(passages, timeline.spans, strict=True)
    } == {(passages[0].grid)}
    assert_as_planned(values, timeline, reel.path, tmp_path)


@pytest.mark.parametrize("seed", range(4))
def test_films_of_random_clips_lag_by_no_sample(reel, tmp_path, seed):
    chance = random.Random(seed)
    trims = [(chance.uniform(0, 9), chance.choice([0.04, 0.3, chance.uniform(0.5, 2.5)])) for _ in range(4)]
    timeline = film_of(*trims)
    _, values = sewn(timeline, reel.path, tmp_path)
    assert_as_planned(values, timeline, reel.path, tmp_path)


def test_sound_of_another_sort_is_encoded(reels, tmp_path):
    for name in ("held.mov", "phone.mp4", "mute.mov"):
        assert grid_in(reels[name].path) is None
    timeline = film_of((0.3, 2.2))
    [passage], values = sewn(timeline, reels["held.mov"].path, tmp_path)
    assert passage.how == "encode"
    assert_as_planned(values, timeline, reels["held.mov"].path, tmp_path)


@pytest.mark.parametrize("name", ["clip.mpg", "clip.ts"])
def test_a_file_whose_tracks_show_only_in_a_trial_is_tried(name, tmp_path):
    reel = shoot(tmp_path / name, seconds=1, codec="mpeg2video", sound="mp2", options={"bf": "0"})
    assert grid_in(reel.path) is None


def test_what_was_to_be_copied_and_is_not_there_is_encoded(reel, tmp_path):
    """Were the grid another one than was found, packets would be too early or too late."""
    timeline = film_of((0.28, 4))
    [passage], values = sewn(timeline, reel.path, tmp_path, grids={"s": 17})
    assert passage.how == "copy"
    assert_as_planned(values, timeline, reel.path, tmp_path)


def test_sound_with_a_damaged_packet_is_encoded_with_silence_in_its_place(reel, tmp_path):
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(reel.path.read_bytes())
    with av.open(str(damaged)) as film:
        at, size = next((each.pos, each.size) for each in film.demux(audio=0) if each.pts >= 96_256)
    with damaged.open("r+b") as file:
        file.seek(at)
        file.write(bytes([0x21]) + b"\xff" * (size - 1))
    timeline = film_of((0.28, 8))
    _, values = sewn(timeline, damaged, tmp_path)
    assert len(packets_in(damaged) & packets_in(tmp_path / "sound.mp4")) < 2 * ROOM  # one may be alike by chance
    assert_as_planned(values, timeline, damaged, tmp_path)


def packets_in(path):
    with av.open(str(path)) as film:
        return {bytes(packet) for packet in film.demux(audio=0) if packet.size > 50}


def test_the_same_passages_give_the_same_bytes(reel, tmp_path):
    timeline, files = film_of((0.28, 3), (4, 2)), []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        sewn(timeline, reel.path, folder)
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert files[0] == files[1]


def test_a_passage_of_which_packets_are_missing_is_refused(reel, tmp_path):
    [long, short] = passages_of(film_of((0.28, 4), (0.28, 3)), {"s": 0})
    for passage in (long, short):
        keep(reel.path, passage, tmp_path)
    (tmp_path / long.files[1]).write_bytes((tmp_path / short.files[1]).read_bytes())
    with pytest.raises(MediaError, match="The sound goes on at sample"):
        sew([long, short], tmp_path, tmp_path / "sound.mp4")


def test_a_middle_never_reaches_into_what_is_faded():
    for samples in (1, 1600, 40_000, 99_999):
        for grid in (0, 1, FADE, FADE + 1, FRAME - 1):
            passage = Passage(how="copy", source="s", sha256=SHA, start=Fraction(0), samples=samples, grid=grid)
            assert passage.begin >= FADE
            assert (passage.begin - grid) % FRAME == 0
            if passage.packets:
                assert passage.end + FRAME <= samples - FADE
                assert 0 < passage.head < passage.tail < samples


def test_packets_stand_beside_each_other_only_where_they_fade_alike():
    long, other = Window(sequence=LONG, shape=1), Window(sequence=LONG, shape=0)
    assert long.leads_to(long, long)
    assert not long.leads_to(long, other)
    assert not long.leads_to(Window(sequence=SHORT, shape=0), long)
    assert Window(sequence=STARTING, shape=1).leads_to(Window(sequence=SHORT, shape=0), long)
    assert Window(sequence=STOPPING, shape=1).leads_to(long, long)
    assert window(b"\x21\x10\x04") == Window(sequence=LONG, shape=1)
    assert window(b"\xde\x02\x00") is None
    assert window(b"\x21") is None
    assert ROOM >= 4
