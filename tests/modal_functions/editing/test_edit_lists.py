"""Stories as edit lists: read back as they were written, and taken by others for what they are."""

import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modal_functions.editing import edl, exchange
from modal_functions.editing.cut import Cut, Shot, Unreadable, frame_at, microseconds, reels
from modal_functions.editing.timecode import Counting, Own
from modal_functions.media.child import ROOT

RATES = {
    "23.976": Fraction(24000, 1001), "24": Fraction(24), "25": Fraction(25), "29.97": Fraction(30000, 1001),
    "30": Fraction(30), "50": Fraction(50), "59.94": Fraction(60000, 1001), "60": Fraction(60),
}  # fmt: skip
COUNTINGS = [Counting(rate=rate) for rate in RATES.values()]
COUNTINGS += [Counting(rate=RATES[name], drop=True) for name in ("29.97", "59.94")]
counted = st.sampled_from(COUNTINGS)
names = st.sampled_from(["beach.mov", "beach.mp4", "Böschung 2.mov", "a", "interview_take_12.mxf"])
shots = st.builds(
    Shot,
    name=names,
    first=st.integers(0, 400_000),
    frames=st.integers(1, 40_000),
    note=st.sampled_from(["", "The wave.", "TITLE: not a title"]),
    sound=st.booleans(),
)


def counted_by_their_cameras(cut, drops):
    """Each as a clip that is counted otherwise than the film, where the rate knows two ways."""
    ways = {each.drop for each in COUNTINGS if each.rate == cut.rate}
    told = [drop if drop in ways and drop != cut.counting.drop else None for drop in drops]
    kept = zip(cut.shots, told, strict=False)
    return replace(cut, shots=tuple(replace(shot, drop=drop) for shot, drop in kept))


cuts = st.builds(Cut, title=st.sampled_from(["Lofoten", "Night 2"]), counting=counted,
                 shots=st.lists(shots, min_size=1, max_size=8).map(tuple))  # fmt: skip


@given(counted, st.integers(0, 24 * 3600 * 60 - 1))
def test_timecode_reads_back_as_the_same_frame(counting, frame):
    assert counting.parse(counting.show(frame)) == frame % counting.day


@given(st.sampled_from(COUNTINGS), st.integers(0, 80_000))
def test_timecode_is_what_opentimelineio_has(counting, frame):
    theirs = otio.opentime.RationalTime(frame, float(counting.rate)).to_timecode(float(counting.rate), counting.drop)
    assert counting.show(frame) == theirs


def test_drop_frame_leaves_out_two_numbers_a_minute_and_none_each_tenth():
    counting = Counting(rate=RATES["29.97"], drop=True)
    assert [counting.show(frame) for frame in (1799, 1800, 17_981, 17_982)] == [
        "00:00:59;29", "00:01:00;02", "00:09:59;29", "00:10:00;00",
    ]  # fmt: skip
    assert counting.show(107_892) == "01:00:00;00"
    assert Counting(rate=RATES["59.94"], drop=True).show(3600) == "00:01:00;04"
    with pytest.raises(ValueError, match="leaves 00:01:00;01 out"):
        counting.parse("00:01:00;01")
    for rate in (Fraction(25), Fraction(30)):
        with pytest.raises(ValueError, match=r"exists at 29\.97 and 59\.94"):
            Counting(rate=rate, drop=True)


@given(st.sampled_from(list(RATES.values())), st.integers(0, 24 * 3600 * 60))
def test_a_frame_is_the_same_after_it_was_microseconds(rate, frame):
    assert frame_at(microseconds(frame, rate), rate) == frame


@settings(deadline=None)
@given(cuts, st.lists(st.booleans(), min_size=8, max_size=8))
def test_an_edl_reads_back_as_the_story_it_was(cut, drops):
    cut = counted_by_their_cameras(cut, drops)
    assert edl.read(edl.written(cut), cut.rate) == cut


@pytest.mark.parametrize("counting", COUNTINGS)
def test_a_shot_may_go_on_after_midnight(counting):
    cut = Cut(title="Night", counting=counting, shots=(Shot(name="a.mov", first=counting.day - 5, frames=20),))
    assert edl.read(edl.written(cut), cut.rate) == cut


DROPPED = ("14:23:05;10", 30)


@pytest.mark.parametrize(
    ("begin", "rate", "drop", "shown"),
    [
        (("14:23:05:10", 25), "25", False, "14:23:05:10"),
        (("14:23:05:21", 50), "25", False, "14:23:05:10"),
        (("14:23:05:10", 25), "50", False, "14:23:05:20"),
        (("14:23:05:12", 24), "25", False, "14:23:05:12"),
        (DROPPED, "29.97", True, "14:23:05;10"),
        (DROPPED, "59.94", True, "14:23:05;20"),
        (("14:23:05;21", 60), "29.97", True, "14:23:05;10"),
        (DROPPED, "24", False, "14:23:05:08"),
        (DROPPED, "23.976", False, "14:23:05:08"),
    ],
)
def test_what_a_camera_has_counted_is_the_same_time_of_day_in_lists_of_other_rates(begin, rate, drop, shown):
    own = Own(begin=begin[0], nominal=begin[1])
    frame, counting = next(own.begins(RATES[rate]))
    assert (counting.show(frame), counting.drop) == (shown, drop)


@pytest.mark.parametrize(
    "wire",
    [None, "00:00:00:00", {}, {"begin": 1, "nominal": 25}, {"begin": "00:00:00:00", "nominal": 0},
     {"begin": "00:00:00:00", "nominal": 10**30}, {"begin": "00:00:00;00", "nominal": 25},
     {"begin": "00:01:00;00", "nominal": 30}, {"begin": "x", "nominal": 25}],
)  # fmt: skip
def test_a_timecode_of_a_clip_that_is_none_is_none(wire):
    assert Own.from_wire(wire) is None


@settings(deadline=None, max_examples=40)
@given(cuts)
def test_opentimelineio_reads_the_same_ranges_from_our_edl(cut):
    rate = float(cut.rate)
    timeline = otio.adapters.read_from_string(edl.written(cut), "cmx_3600", rate=rate)
    [pictures] = timeline.video_tracks()
    seen = [(clip.name, clip.source_range.start_time.value, clip.source_range.duration.value) for clip in pictures]
    assert seen == [(shot.name, shot.first, shot.frames) for shot in cut.shots]
    assert [clip.metadata["cmx_3600"]["reel"] for clip in pictures] == reels(cut.shots)


@settings(deadline=None, max_examples=25)
@given(cuts, st.sampled_from([".otio", ".xml"]))
def test_other_programs_files_read_back_as_the_story_they_were(cut, form):
    back = exchange.read(exchange.written(cut, form, {}), form, cut.rate)
    assert [(shot.name, shot.first, shot.frames) for shot in back.shots] == [
        (shot.name, shot.first, shot.frames) for shot in cut.shots
    ]
    if form == ".otio":
        assert [shot.note for shot in back.shots] == [shot.note for shot in cut.shots]
    assert back.title == cut.title


@pytest.mark.parametrize("form", [".otio", ".xml"])
def test_a_shot_that_stands_in_the_story_twice_is_there_twice(form):
    twice, between = Shot(name="a.mov", first=0, frames=1), Shot(name="a.mov", first=90, frames=30)
    cut = Cut(title="Twice", counting=Counting(rate=Fraction(25)), shots=(twice, between, twice))
    back = exchange.read(exchange.written(cut, form, {}), form, cut.rate)
    assert [(shot.first, shot.frames) for shot in back.shots] == [(0, 1), (90, 30), (0, 1)]


@pytest.mark.parametrize("form", [".otio", ".xml"])
@pytest.mark.parametrize("name", ["Clip #3.mov", "Really?.mov", "100%25.mov", "Take 2: night.mov"])
def test_a_clip_may_have_any_name_that_a_file_can(name, form):
    cut = Cut(title="Names", counting=Counting(rate=Fraction(25)), shots=(Shot(name=name, first=0, frames=25),))
    assert [shot.name for shot in exchange.read(exchange.written(cut, form, {}), form, cut.rate).shots] == [name]


def test_an_edl_looks_as_editors_know_it():
    counting = Counting(rate=RATES["29.97"], drop=True)
    first = Shot(name="beach.mov", first=45, frames=90, note="The wave.")
    second = Shot(name="beach.mp4", first=0, frames=30, sound=False)
    assert (
        edl.written(Cut(title="Lofoten", counting=counting, shots=(first, second)))
        == """\
TITLE: Lofoten
FCM: DROP FRAME

001  BEACH    B     C        00:00:01;15 00:00:04;15 01:00:00;00 01:00:03;00
* FROM CLIP NAME: beach.mov
* COMMENT: The wave.
002  BEACH2   V     C        00:00:00;00 00:00:01;00 01:00:03;00 01:00:04;00
* FROM CLIP NAME: beach.mp4
"""
    )


@pytest.mark.parametrize("form", [".edl", ".otio", ".xml"])
def test_clips_of_one_name_are_told_apart_in_what_is_written(form):
    """As of two cameras that count alike. They have the same length here, so that nothing else tells them apart."""
    shots = [Shot(name="IMG_0001.MOV", first=0, frames=25, clip=clip) for clip in ("one", "other", "one")]
    cut = Cut(title="Two", counting=Counting(rate=Fraction(25)), shots=tuple(shots))
    text = edl.written(cut) if form == ".edl" else exchange.written(cut, form, {})
    if form == ".edl":
        assert [line.split()[1] for line in text.splitlines() if line[:3].isdigit()] == [
            "IMG0001",
            "IMG00012",
            "IMG0001",
        ]
    elif form == ".xml":
        assert sorted(set(re.findall(r'<file id="([^"]+)"', text))) == ["file-1", "file-2"]
    back = edl.read(text, cut.rate) if form == ".edl" else exchange.read(text, form, cut.rate)
    assert [shot.name for shot in back.shots] == ["IMG_0001.MOV"] * 3


EVENT = "001  BEACH    V     C        00:00:01:15 00:00:04:15 01:00:00:00 01:00:03:00\n"
NOTHING = "002  BEACH    V     C        00:00:09:00 00:00:09:00 01:00:03:00 01:00:03:00\n"  # as before each dissolve


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no event with a picture"),
        ("TITLE: x\n001  BEACH V C 00:00:01:15\n", "Expected an event with four timecodes, got “001  BEACH V C"),
        (EVENT.replace("C  ", "D  030  "), "Event 001 is no cut but “D”"),
        (EVENT.replace("00:00:04:15", "00:00:05:15"), "takes 120 frames of its source for 90 of the film"),
        (EVENT.replace("00:00:04:15", "00:00:04:31"), "Event 001: There is no timecode 00:00:04:31 at 30 frames"),
        (EVENT.replace("BEACH", "BL   "), "Event 001 is black"),
        (EVENT.replace("V  ", "V2 "), "Event 001 lies on a second picture track, V2"),
        (EVENT.replace("V  ", "AA/V2"), "Event 001 lies on a second picture track, AA/V2"),
        (EVENT + NOTHING + NOTHING.replace(" C  ", " D 025 "), "Event 002 is no cut but “D”"),
        (NOTHING, "no event with a picture"),
        (EVENT + "M2   BEACH   060.0   00:00:01:15\n", "Event 001 changes its speed"),
        (EVENT + EVENT.replace("001", "002").replace("01:00:0", "01:01:0"), "Event 002 has a gap before it"),
        (EVENT + EVENT.replace("001", "002"), "Event 002 has a part of the film that is taken already"),
        ("FCM: DROP FRAME\n" + EVENT, "exists at 29.97 and 59.94"),
    ],
)
def test_what_cannot_be_made_of_an_edl_is_said_with_its_event(text, said):
    with pytest.raises(Unreadable) as refused:
        edl.read(text, Fraction(30))
    assert said in str(refused.value)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "text",
    [
        "\ufeffTITLE: x\n" + EVENT,
        EVENT.replace("BEACH", "MY BEACH 2"),
        EVENT.replace("V  ", "VA1A2"),
        EVENT.replace("V  ", "A12/V"),
        EVENT.replace("BEACH", "BL").replace("04:15", "01:15").replace("03:00", "00:00") + EVENT,
        EVENT + "M2   BEACH   030.0   00:00:01:15\n",
        EVENT + "EFFECTS NAME IS CROSS DISSOLVE\n>>> SOURCE 1\n\n* LOC: 01:00:00:00 RED\nAUD  3  4\n",
    ],
)
def test_what_other_programs_write_besides_is_no_hindrance(text, ends):
    [shot] = edl.read(text.replace("\n", ends), Fraction(30)).shots
    assert (shot.first, shot.frames) == (45, 90)


# Two seconds over a minute at whose beginning drop-frame leaves out two numbers, and the same where it does not
OVER, WITHIN = "00:00:59:00 00:01:01:02", "00:00:59:00 00:01:01:00"


@pytest.mark.parametrize(
    "text",
    [
        f"FCM: NON-DROP FRAME\n001 A V C {OVER.replace(':', ';')} {WITHIN}\n",
        f"FCM: DROP FRAME\n001 A V C {WITHIN} {OVER.replace(':', ';')}\n",
        f"FCM: DROP FRAME\nFCM: NON-DROP FRAME\n001 A V C {WITHIN} {OVER}\n",
        f"FCM: NON-DROP FRAME\nFCM: DROP FRAME\n001 A V C {OVER} {WITHIN}\n",
    ],
)
def test_a_reel_may_be_counted_otherwise_than_the_film(text):
    [shot] = edl.read(text, RATES["29.97"]).shots
    assert (shot.first, shot.frames) == (1770, 60)


def test_sound_in_events_of_its_own_belongs_to_its_shot():
    text = EVENT + EVENT.replace("001", "002").replace("V  ", "A  ")
    assert [shot.sound for shot in edl.read(text, Fraction(30)).shots] == [True]


def test_a_clip_whose_own_timecode_does_not_begin_at_zero_is_counted_from_its_beginning():
    at = otio.opentime.RationalTime
    media = otio.schema.ExternalReference(
        "file:///Volumes/A/my%20beach.mov", otio.opentime.TimeRange(at(90_000, 25), at(500, 25))
    )
    clip = otio.schema.Clip("Shot 1", media, otio.opentime.TimeRange(at(90_050, 25), at(25, 25)))
    timeline = otio.schema.Timeline("Lofoten")
    timeline.tracks.append(otio.schema.Track("V1", [clip]))
    [shot] = exchange.read(otio.adapters.write_to_string(timeline, "otio_json"), ".otio", Fraction(50)).shots
    assert (shot.name, shot.first, shot.frames) == ("my beach.mov", 100, 50)


RATE = "<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>"
XML = f"""<xmeml version="4"><sequence><name>Night</name>{RATE}<media><video><track>
<clipitem id="1"><name>beach.mov</name>{RATE}<start>0</start><end>50</end><in>25</in><out>75</out>
<file id="f"><name>beach.mov</name>{RATE}<duration>900</duration></file>
<filter><effect><name>Time Remap</name><effectid>timeremap</effectid>
<parameter><parameterid>variablespeed</parameterid><value>0</value></parameter>
<parameter><parameterid>speed</parameterid><value>100</value></parameter>
<parameter><parameterid>reverse</parameterid><value>FALSE</value></parameter></effect></filter>
<filter><effect><name>Basic Motion</name><effectid>basic</effectid>
<parameter><parameterid>scale</parameterid><value>200</value></parameter></effect></filter>
<enabled>TRUE</enabled></clipitem></track>
<track><clipitem id="2"><name>b.mov</name>{RATE}<start>0</start><end>9</end><in>0</in><out>9</out><file id="f"/>
</clipitem>
<enabled>FALSE</enabled></track></video></media></sequence></xmeml>"""


def test_what_is_switched_off_or_changes_nothing_is_no_hindrance():
    [shot] = exchange.read(XML, ".xml", Fraction(25)).shots
    assert (shot.name, shot.first, shot.frames) == ("beach.mov", 25, 50)


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("<value>100<", "<value>50<", "Item 1 changes its speed"),
        ("d</parameterid><value>0<", "d</parameterid><value>1<", "Item 1 changes its speed"),
        ("<value>FALSE<", "<value>TRUE<", "Item 1 changes its speed"),
        ("<enabled>TRUE</enabled></clipitem>", "<enabled>FALSE</enabled></clipitem>", "Item 1 is switched off"),
        ("<enabled>FALSE</enabled></track>", "</track>", "2 picture tracks; expected one"),
    ],
)
def test_what_cannot_be_made_of_final_cut_s_xml_is_said_with_its_item(was, now, said):
    with pytest.raises(Unreadable, match=said):
        exchange.read(XML.replace(was, now), ".xml", Fraction(25))


def test_a_speed_of_one_changes_nothing():
    at = otio.opentime.RationalTime
    clip = otio.schema.Clip("beach.mov", source_range=otio.opentime.TimeRange(at(25, 25), at(50, 25)))
    clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=1.0))
    track = otio.schema.Track("V1", [clip])
    assert len(exchange.read(otio.adapters.write_to_string(track_in(track), "otio_json"), ".otio", Fraction(25)).shots)
    clip.effects[0].time_scalar = 0.5
    with pytest.raises(Unreadable, match="changes its speed"):
        exchange.read(otio.adapters.write_to_string(track_in(track), "otio_json"), ".otio", Fraction(25))


def track_in(track):
    timeline = otio.schema.Timeline("Night")
    timeline.tracks.append(track.deepcopy())
    return timeline


def test_the_site_and_the_work_begin_without_the_library():
    """It is heavy, and an installation without the extra has none."""
    code = "import sys; import modal_functions.kinds.assembly, modal_functions.editing.exchange"
    subprocess.run([sys.executable, "-c", f"{code}\nassert 'opentimelineio' not in sys.modules"], cwd=ROOT, check=True)
