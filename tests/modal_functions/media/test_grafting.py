"""A film may begin in the midst of a group: behind one picture that is encoded, the source's own go on."""

from fractions import Fraction

import av
import pytest

from modal_functions.media.avc import NotPlain, parameter_sets, units
from modal_functions.media.chunks import COPY, EDGE, GRAFT, Place
from modal_functions.media.grafting import graft
from modal_functions.media.render import render
from modal_functions.media.slices import Order, Way, read
from modal_functions.media.spec import Output
from modal_functions.media.survey import Found, Stretch, survey
from modal_functions.untouched import Untouched

from .cuts import SORTS, X264, tagged
from .reels import drawn, number_on, shoot

OUTPUT = Output(width=320, height=180, fps=(25, 1), quality="original")
GRAFTED = ("camera.mp4", "streamed.mp4", "temporal.mp4", "coarse.mp4", "plain.mp4", "sliced.mp4")
MANY = {"options": {"g": "60", "preset": "veryfast", X264: "ref=4:b-adapt=0:bframes=2"}}  # references


@pytest.fixture(scope="module")
def reels(tmp_path_factory):
    folder, sorts = tmp_path_factory.mktemp("grafts"), {**SORTS, "many.mp4": MANY}
    names = (*GRAFTED, "many.mp4")
    return {name: shoot(folder / name, seconds=7, layout=None, **tagged(sorts[name])) for name in names}


def planned(reel, first, frames=100):
    """Chunks of the reel from its picture `first` on."""
    start = Fraction(first, 25)
    place = Place(clip=0, source=reel.path.name, sha256="0" * 64, start=start, first=0, output=OUTPUT)
    [found] = survey(reel.path, [Stretch(start=start, frames=frames)], OUTPUT)
    return list(Untouched(place=place, chunks=list(place.encoded(0, frames))).planned(found))


def numbers(path):
    with av.open(str(path)) as film:
        return [number_on(frame) for frame in film.decode(video=0)]


def packets(path):
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(video=0) if packet.size]


@pytest.mark.parametrize("name", GRAFTED)
def test_from_wherever_it_begins_a_clip_shows_its_own_pictures(reels, name, tmp_path):
    reel, grafted = reels[name], 0
    for first in (3, 8, 13, 30, 31, 32):
        chunks = planned(reel, first, 60)
        shown = [n for each in render(reel.path, chunks, OUTPUT, tmp_path) for n in numbers(each.path)]
        wanted = [n for chunk in _in_order_of_making(chunks) for n in _numbers_of(chunk, first)]
        assert shown == wanted
        grafted += sum(chunk.frames for chunk in chunks if chunk.how == GRAFT)
    assert grafted > 50


def _in_order_of_making(chunks):
    return sorted(chunks, key=lambda chunk: chunk.how != COPY)


def _numbers_of(chunk, first):
    return range(first + chunk.first, first + chunk.first + chunk.frames)


def test_only_the_first_picture_of_a_graft_is_encoded(reels, tmp_path):
    reel = reels["camera.mp4"]
    [chunk] = [each for each in planned(reel, 20) if each.how == GRAFT]
    [made] = render(reel.path, [chunk], OUTPUT, tmp_path)
    [*_, last], source = packets(made.path), packets(reel.path)
    ours, theirs = ([unit for unit in units(each) if unit[0] & 31 < 6] for each in (last, source[20 + 79]))
    assert [bytes(unit[4:]) for unit in ours] == [bytes(unit[4:]) for unit in theirs]
    assert made.frames == chunk.frames == 80


def test_what_needs_more_than_one_picture_is_encoded(reels):
    assert {chunk.how for chunk in planned(reels["many.mp4"], 20)} == {EDGE, COPY}


@pytest.mark.parametrize("name", [*GRAFTED, "many.mp4"])
def test_a_slice_that_is_written_with_its_own_numbers_is_the_same(reels, name):
    with av.open(str(reels[name].path)) as film:
        sets = parameter_sets(film.streams.video[0].codec_context.extradata)
    order = Order.of(next(iter(sets.sequences.values())))
    ways = {number: Way.of(each, order) for number, each in sets.pictures.items()}
    found = 0
    for packet in packets(reels[name].path):
        for unit in units(packet):
            if unit[0] & 31 == 1:
                each = read(unit, ways)
                assert each.numbered(each.frame, each.shown, each.asked, each.forgotten) == bytes(unit)
                found += 1
    assert found > 100


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 6])
def test_a_slice_that_breaks_off_is_refused(cut):
    order = Order(frame_bits=4, way=0, order_bits=6, references=4)
    way = Way(order=order, arithmetic=True, references=(1, 1), weighs=(True, False), smooths=True)
    with pytest.raises(NotPlain):
        read(b"\x41\x9a\x02\x04\x00\x00"[:cut], {0: way})


def test_a_graft_that_would_show_something_else_is_refused_and_encoded_instead(reels, tmp_path):
    reel = reels["camera.mp4"]
    [chunk] = [each for each in planned(reel, 20) if each.how == GRAFT]
    others = [drawn(number, 320, 180) for number in (500, 37, 900, 3)]
    with pytest.raises(NotPlain, match="does not show"):
        graft(reel.path, chunk, OUTPUT, tmp_path, others)
    assert not list(tmp_path.glob("*.mp4"))
    place = Place(clip=0, source="a", sha256="0" * 64, start=Fraction(20, 25), first=0, output=OUTPUT)
    longer, heard = place.chunk(0, 85, GRAFT), []  # beyond the end of its group
    [made] = render(reel.path, [longer], OUTPUT, tmp_path, heard.append)
    assert numbers(made.path) == list(range(20, 105))
    assert heard == list(range(1, 86))


def test_a_stretch_too_short_to_be_grafted_is_encoded(reels):
    assert {chunk.how for chunk in planned(reels["camera.mp4"], 20, 7)} != {GRAFT}
    assert sum(chunk.frames for chunk in planned(reels["temporal.mp4"], 20, 9)) == 9


def test_what_was_found_is_told_and_understood():
    found = Found(header=b"\1\2", pieces=((43, 7), (50, 9)), grafted=(1, 42))
    assert Found.from_wire(found.as_wire()) == found
    assert found.frames == 58
    nothing = Found(header=b"", pieces=())
    assert Found.from_wire(nothing.as_wire()) == nothing
