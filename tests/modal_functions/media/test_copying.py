"""What is copied is what encoding would have shown, frame for frame; whatever there is a doubt about is encoded."""

import random
from fractions import Fraction
from itertools import pairwise

import av
import pytest

from modal_functions.media.avc import NotPlain, ParameterSets, is_refresh, parameter_sets
from modal_functions.media.chunks import Place
from modal_functions.media.copying import copy
from modal_functions.media.errors import MediaError
from modal_functions.media.groups import alone, beginning, delay, groups_from, in_step
from modal_functions.media.join import Part, join
from modal_functions.media.opening import opened, sight_of
from modal_functions.media.render import render
from modal_functions.media.sound import write
from modal_functions.media.sparing import Copied
from modal_functions.media.spec import Output
from modal_functions.media.survey import Stretch, survey
from modal_functions.media.verify import verify

from .cuts import SORTS, drawn_up, made, tagged
from .reels import shoot

OUTPUT = Output(width=320, height=180, fps=(25, 1), quality="original")
FEW = ("alone.mp4", "film.mp4", "gaps.mp4", "late.mov", "pyramid.mp4", "sliced.mp4", "usual.mp4")
NOT_COPIED = {
    "open.mp4",
    "held.mov",
    "large.mp4",
    "wide.mp4",
    "deep.mp4",
    "whole.mp4",
    "fields.mp4",
    "steps.mkv",
    "ntsc.mp4",
}


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")
    return {name: shoot(folder / name, seconds=8, **tagged(SORTS[name])) for name in FEW}


def test_films_of_random_cuts_show_every_frame_at_its_moment(few, tmp_path):
    shown = [made(drawn_up(random.Random(seed), few), few, tmp_path) for seed in range(8)]
    assert [each.wrong for each in shown] == [[]] * len(shown)
    assert sum(each.copied for each in shown) > 300


@pytest.mark.parametrize("name", sorted(SORTS.keys() - {"alone.mp4", "pairs.mp4", "main.mov", "sliced.mp4"}))
def test_only_what_needs_no_change_is_found(name, tmp_path):
    reel = shoot(tmp_path / name, seconds=4, **{**tagged(SORTS[name]), "layout": None})
    [found] = survey(reel.path, [Stretch(start=Fraction(0), frames=75)], OUTPUT)
    assert (found.frames == 0) == (name in NOT_COPIED)


def test_pictures_of_another_colour_are_not_copied(tmp_path):
    reel = shoot(tmp_path / "old.mp4", seconds=2, layout=None, options={"g": "25", "colorspace": "smpte170m"})
    [found] = survey(reel.path, [Stretch(start=Fraction(0), frames=50)], OUTPUT)
    assert found.frames == 0


def test_another_quality_finds_its_own_parameters_only_in_films_of_ours(few, tmp_path):
    """A film of ours can be copied again: its parameters are the same as those that it meets."""
    film, folder = tmp_path / "film.mp4", tmp_path / "parts"
    folder.mkdir()
    chunk = place(few["usual.mp4"]).chunk(0, 60, "encode")
    [rendered] = render(few["usual.mp4"].path, [chunk], OUTPUT, folder)
    rendered.path.rename(film)
    [found] = survey(film, [Stretch(start=Fraction(0), frames=60)], OUTPUT)
    assert found.frames == 60


def place(reel):
    return Place(clip=0, source=reel.path.name, sha256="0" * 64, start=Fraction(0), first=0, output=OUTPUT)


@pytest.fixture
def film(few, tmp_path):
    """Thirteen frames that are encoded, then four groups that are copied."""
    source = few["usual.mp4"]
    chunks = [*place(source).encoded(12, 13), place(source).chunk(25, 100, "copy")]
    for chunk in chunks:
        list(render(source.path, [chunk], OUTPUT, tmp_path))
    write(tmp_path / "sound.m4a", "mp4", iter([bytes(8 * 113 * 1920)]))
    files = [tmp_path / f"{chunk.key}.mp4" for chunk in chunks]
    parts = [Part(path=files[0], frames=13), Part(path=files[1], frames=100, apart=True)]
    join(parts, tmp_path / "sound.m4a", OUTPUT, tmp_path / "film.mp4")
    return tmp_path / "film.mp4", Copied(path=files[1], first=13, frames=100)


def test_a_film_with_copies_is_looked_at_without_decoding_all_of_it(film):
    path, copied = film
    heard = []
    assert verify(path, OUTPUT, 113, heard.append, [copied]).frames == 113
    assert heard[-1] == 113
    assert len(heard) < 60


def packets_of(path):
    """Where each packet of the picture lies in the file, and how long it is."""
    with av.open(str(path)) as film:
        return [(packet.pos, packet.size) for packet in film.demux(video=0) if packet.size]


@pytest.mark.parametrize("number", [20, 50, 70, 100])
def test_one_changed_byte_of_a_copied_picture_is_noticed(film, number):
    path, copied = film
    at, size = packets_of(path)[number]
    with path.open("r+b") as file:
        file.seek(at + size // 2)
        byte = file.read(1)[0]
        file.seek(at + size // 2)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(MediaError, match=f"packet {number} is another"):
        verify(path, OUTPUT, 113, None, [copied])


def test_a_picture_too_few_is_noticed(film):
    path, copied = film
    with pytest.raises(MediaError, match="number of frames is 113, not 114"):
        verify(path, OUTPUT, 114, None, [copied])


def test_a_chunk_that_does_not_begin_where_a_group_does_is_not_copied(few, tmp_path):
    chunk = place(few["usual.mp4"]).chunk(26, 50, "copy")
    with pytest.raises(MediaError, match="is not where it was"):
        copy(few["usual.mp4"].path, chunk, OUTPUT, tmp_path, lambda: None)
    assert not list(tmp_path.glob("*.mp4"))


def test_a_group_that_is_too_large_for_memory_is_not_copied(few):
    reel = few["usual.mp4"]
    with opened(reel.path) as container:
        stream = sight_of(container)
        sets = parameter_sets(stream.codec_context.extradata)
        [first, *_], [large, *_] = (
            list(groups_from(container, stream, Fraction(0), sets, keep=True, largest=most)) for most in (10**6, 1000)
        )
    assert (first.plain, len(first.packets)) == (True, 25)
    assert (large.plain, large.packets, len(large.times)) == (False, [], 25)


def test_a_group_that_begins_before_the_one_before_it_has_ended_is_not_copied(few, tmp_path):
    """As where two recordings were put together badly: one picture of the first is on show amid the second."""
    late = tmp_path / "late.mp4"
    with av.open(str(few["usual.mp4"].path)) as whole, av.open(str(late), "w") as other:
        picture = whole.streams.video[0]
        track = other.add_stream_from_template(picture)
        packets = [packet for packet in whole.demux(picture) if packet.size]
        last = max(packets[50:75], key=lambda packet: packet.pts)
        last.pts += 3 * 3600
        for packet in packets:
            packet.stream = track
            other.mux(packet)
    [found] = survey(late, [Stretch(start=Fraction(0), frames=150)], OUTPUT)
    assert found.pieces == ((0, 50), (100, 50))


def test_a_copy_whose_first_picture_is_damaged_is_left_out(few, tmp_path):
    """In the midst of what was found to be copied nothing was decoded."""
    reel, broken = few["usual.mp4"], tmp_path / "broken.mp4"
    at, size = packets_of(reel.path)[50]
    body = bytearray(reel.path.read_bytes())
    body[at + 6 : at + size] = bytes(size - 6)
    broken.write_bytes(body)
    chunks = [place(reel).chunk(first, 25, "copy") for first in (25, 50, 75)]
    made = list(render(broken, chunks, OUTPUT, tmp_path))
    assert [each.key for each in made] == [chunks[0].key, chunks[2].key]


def test_two_sets_of_one_number_do_not_fit_together():
    one = ParameterSets(level=30, sequences={0: b"a"}, pictures={0: b"b"})
    other = ParameterSets(level=40, sequences={0: b"a"}, pictures={0: b"c"})
    more = ParameterSets(level=40, sequences={1: b"d"}, pictures={3: b"e"})
    assert not one.fits(other)
    with pytest.raises(NotPlain):
        one.with_all_of(other)
    both = one.with_all_of(more)
    assert (both.level, sorted(both.sequences), sorted(both.pictures)) == (40, [0, 1], [0, 3])


@pytest.mark.parametrize("header", [None, b"", b"\1", b"\1d\0\x0c\xff\xe1\0\x19g", b"\0\0\0\1gd\0\x0c"])
def test_a_header_that_says_nothing_is_refused(header):
    with pytest.raises(NotPlain):
        parameter_sets(header)


SETS = ParameterSets(level=30, sequences={0: b"\x67abc"}, pictures={0: b"\x68abc"})


def unit(body):
    return len(body).to_bytes(4, "big") + body


def test_a_packet_begins_a_group_only_with_a_picture_that_refreshes_all():
    assert is_refresh(unit(b"\x06remark") + unit(b"\x65\x88picture"), SETS)
    assert is_refresh(unit(b"\x67abc") + unit(b"\x68abc") + unit(b"\x65\x88picture"), SETS)
    assert not is_refresh(unit(b"\x41\x9apicture"), SETS)


@pytest.mark.parametrize(
    "odd",
    [
        unit(b"\x67other") + unit(b"\x65\x88p"),
        unit(b"\x62part"),
        b"\0\0\0\x09\x65",
        b"\0\0\0\0",
        unit(b"\x06remark"),  # and no picture
        unit(b"\x41\x9aone") + unit(b"\x41\x9atwo"),
        unit(b"\x41\x5asecond slice"),  # and no first one
    ],
)
def test_a_packet_with_anything_else_in_it_is_not_copied(odd):
    with pytest.raises(NotPlain):
        is_refresh(odd, SETS)


def test_how_much_of_a_group_can_stand_alone():
    shown = [0, 4, 2, 1, 3, 8, 6, 5, 7]
    assert [alone(shown, most) for most in range(10)] == [0, 1, 1, 1, 1, 5, 5, 5, 5, 9]
    assert delay(shown) == 2
    assert beginning(list(range(30))) == 4


def test_a_picture_that_would_be_shown_twice_or_never_ends_what_is_in_step():
    rate, times = Fraction(25), [Fraction(n, 25) for n in range(6)]
    assert in_step(times, None, Fraction(0), rate) == 6
    assert in_step([*times[:3], *times[4:]], None, Fraction(0), rate) == 3
    assert in_step([*times[:3], times[2] + Fraction(1, 50), *times[3:]], None, Fraction(0), rate) == 3
    assert in_step(times, None, Fraction(-1, 100), rate) == 0


def test_two_copied_pictures_that_changed_places_are_noticed(film, tmp_path):
    """Their bytes are all there, and every moment has one; only the wrong one."""
    path, copied = film
    swapped = tmp_path / "swapped.mp4"
    with av.open(str(path)) as whole, av.open(str(swapped), "w", options={"movflags": "faststart"}) as other:
        streams = [other.add_stream_from_template(stream) for stream in whole.streams]
        packets = [packet for packet in whole.demux() if packet.size]
        moments = [packet for packet in packets if packet.stream_index == 0 and not packet.is_keyframe][60:]
        first = next(n for n, (a, b) in enumerate(pairwise(moments)) if a.pts > b.pts)
        one, two = moments[first : first + 2]
        one.pts, two.pts = two.pts, one.pts
        for packet in packets:
            packet.stream = streams[packet.stream_index]
            other.mux(packet)
    with pytest.raises(MediaError, match=r"packet \d+ is another"):
        verify(swapped, OUTPUT, 113, None, [copied])
