"""Edit lists that people bring: whose clips they name, and from where they count them."""

from fractions import Fraction
from types import SimpleNamespace

import pytest

from exports import kinds, stories
from exports.kinds.footage import RATES
from exports.models import Export
from modal_functions.editing import edl
from modal_functions.editing.cut import Unreadable
from modal_functions.stories import Story, Told
from tests.exports.footage import film_of, project_of, source_in
from tests.exports.test_stories import EDL, MUSIC, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(owner):
    return film_of(project_of(owner), "beach.mov", "harbour.mov")[0].project


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_an_edl_is_read_in_whichever_letters_windows_writes_it(encoding, project):
    told = stories.read(sent(EDL.replace("beach", "Jürgen’s beach").encode(encoding), "a.edl"), (25, 1), project)
    assert [shot.source for shot in told.shots] == ["Jürgen’s beach.mov", "harbour.mov"]


SHOT = "001 A V C 00:00:01:00 00:00:02:00 01:00:00:00 01:00:01:00\n"
ITS_FILE = "* SOURCE FILE: D:\\rushes\\beach.mov\n"


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (ITS_FILE, "beach.mov"),
        ("* FROM CLIP NAME: The wave\n" + ITS_FILE, "beach.mov"),
        (ITS_FILE + "* FROM CLIP NAME: harbour.mov\n", "harbour.mov"),
        ("* FROM CLIP NAME: drone.mov\n* SOURCE FILE: (NULL)\n", "drone.mov"),
        ("* SOURCE FILE: (NULL)\n", "A"),
    ],
)
def test_a_clip_is_known_by_its_name_in_an_edl_or_else_by_its_file(told, found, project):
    [shot] = stories.read(sent(SHOT + told, "cut.edl"), (25, 1), project).shots
    assert shot.source.rpartition("\\")[2] == found


def own(begin, nominal=25):
    return {"begin": begin, "nominal": nominal}


def list_of(*sources):
    """An EDL of these parts of beach.mov, each a second of 25 frames."""
    lines = [
        f"{number:03d} A V C {source} 01:00:{number - 1:02d}:00 01:00:{number:02d}:00\n* FROM CLIP NAME: beach.mov\n"
        for number, source in enumerate(sources, 1)
    ]
    return sent("".join(lines), "cut.edl")


@pytest.mark.parametrize(
    ("timecode", "sources", "begins"),
    [
        (own("14:23:05:10"), ["14:23:05:10 14:23:06:10", "14:23:12:10 14:23:13:10"], [0, 7]),
        (own("14:23:05:20", 50), ["14:23:06:10 14:23:07:10"], [1]),
        (own("14:23:05;10", 30), ["14:23:06:08 14:23:07:08"], [1]),
        (own("23:59:59:00"), ["23:59:59:10 00:00:00:10", "00:00:01:00 00:00:02:00"], [0.4, 2]),
        (own("00:00:00:00"), ["00:00:02:00 00:00:03:00"], [2]),
        (own("00:00:01:00"), ["00:00:02:00 00:00:03:00"], [1]),
        (own("00:00:01:00"), ["00:00:02:00 00:00:03:00", "00:00:00:00 00:00:01:00"], [2, 0]),
        (own("14:23:05:10"), ["00:00:02:00 00:00:03:00"], [2]),
        (own("noon"), ["00:00:02:00 00:00:03:00"], [2]),
        (None, ["00:00:02:00 00:00:03:00"], [2]),
    ],
)
def test_an_edl_may_count_a_clip_as_its_camera_did_or_from_its_beginning(timecode, sources, begins, owner):
    project = project_of(owner)
    source_in(project, facts={"seconds": 8.0, "timecode": timecode})
    told = stories.read(list_of(*sources), (25, 1), project)
    assert [shot.in_us / 10**6 for shot in told.shots] == begins
    assert [shot.out_us - shot.in_us for shot in told.shots] == [10**6] * len(begins)


@pytest.mark.parametrize("timecode", [None, "14:23:05:10"])
def test_an_edl_with_a_timecode_that_a_clip_does_not_tell_is_refused_in_words(timecode, owner):
    project = project_of(owner)
    source_in(project, facts={"seconds": 8.0, "timecode": timecode})
    with pytest.raises(Unreadable) as refused:
        stories.read(list_of("14:23:05:10 14:23:06:10"), (25, 1), project)
    assert "beach.mov is 0:08 long, and the EDL takes it from 14:23:05:10 on" in str(refused.value)
    assert "No timecode of it is known here" in str(refused.value)


@pytest.mark.parametrize(
    ("timecode", "sources", "said"),
    [
        (own("00:00:01:00"), ["00:00:02:00 00:00:03:00"], True),
        (own("00:00:00:00"), ["00:00:02:00 00:00:03:00"], False),
        (own("00:00:01:00"), ["00:00:02:00 00:00:03:00", "00:00:00:00 00:00:01:00"], False),
        (own("14:23:05:10"), ["14:23:06:10 14:23:07:10"], False),
        (None, ["00:00:02:00 00:00:03:00"], False),
    ],
)
def test_of_an_edl_that_can_be_counted_in_two_ways_it_is_said_which_was_taken(timecode, sources, said, owner):
    project = project_of(owner)
    source_in(project, facts={"seconds": 8.0, "timecode": timecode})
    remarks = stories.read(list_of(*sources), (25, 1), project).remarks
    assert [remark.partition(".mov")[0] for remark in remarks] == ["The places in beach"] * said


ITS_OWN = "004  BEACH A C 00:00:01:00 00:00:03:00 01:00:00:00 01:00:02:00\n* FROM CLIP NAME: beach.mov\n"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", []),
        (ITS_OWN, []),
        (MUSIC + ITS_OWN, ["An event with sound only"]),
        (MUSIC + MUSIC.replace(" A C", " A2 C"), ["2 events with sound only"]),
    ],
)
def test_sound_of_an_edl_that_is_left_out_is_told(more, said, project):
    remarks = stories.read(sent(EDL + more, "cut.edl"), (25, 1), project).remarks
    assert [remark.partition(" of the EDL")[0] for remark in remarks] == said


@pytest.mark.parametrize("fcm", ["DROP", "NON-DROP"])
def test_an_edl_that_takes_drop_frame_for_what_it_is_not_finds_its_clip(fcm, owner):
    project = project_of(owner)
    source_in(project, facts={"seconds": 8.0, "timecode": own("14:23:05;10", 30)})
    text = f"FCM: {fcm} FRAME\n001 BEACH V C 14:23:06:10 14:23:07:10 01:00:00:00 01:00:01:00\n"
    [shot] = stories.read(sent(text, "cut.edl"), (30000, 1001), project).shots
    assert (shot.in_us, shot.out_us) == (1_001_000, 2_002_000)


@pytest.mark.parametrize(
    ("timecode", "rate", "drop", "line"),
    [
        (None, "25", False, "00:00:01:00 00:00:03:00 01:00:02:00 01:00:04:00"),
        (own("noon"), "25", False, "00:00:01:00 00:00:03:00 01:00:02:00 01:00:04:00"),
        (own("14:23:05:10"), "25", False, "14:23:06:10 14:23:08:10 01:00:02:00 01:00:04:00"),
        (own("14:23:05:21", 50), "25", False, "14:23:06:10 14:23:08:10 01:00:02:00 01:00:04:00"),
        (own("00:00:02:00"), "25", False, "00:00:03:00 00:00:05:00 01:00:02:00 01:00:04:00"),
        (own("23:59:57:00"), "25", False, "23:59:58:00 00:00:00:00 01:00:02:00 01:00:04:00"),
        (own("14:23:05;10", 30), "29.97", True, "14:23:06;10 14:23:08;10 01:00:02;00 01:00:04;00"),
        (own("14:23:05;10", 30), "29.97", False, "14:23:06;10 14:23:08;10 01:00:02:00 01:00:04:00"),
        (own("14:23:05:10", 30), "59.94", True, "14:23:06:20 14:23:08:20 01:00:02;00 01:00:04;00"),
        (own("14:23:05;10", 30), "24", False, "14:23:06:08 14:23:08:08 01:00:02:00 01:00:04:00"),
    ],
)
def test_our_own_edl_tells_the_places_of_the_camera_and_is_read_as_the_same_story(timecode, rate, drop, line, owner):
    project = project_of(owner)
    source_in(project, facts={"seconds": 8.0, "timecode": timecode})
    counting = Fraction(*RATES[rate])
    second = Fraction(round(counting)) / counting  # of as many frames as timecode has numbers for one
    shots = [
        {"source": "beach.mov", "in": float(begin * second), "out": float((begin + 2) * second)} for begin in (5, 1)
    ]
    export = Export.request(project, kind="edl", options={"shots": shots, "rate": rate, "drop": drop})
    spec = kinds.get("edl").spec(export)
    found = {source["key"]: {} for source in spec["sources"]}
    story = Story(context=SimpleNamespace(spec=spec), told=Told.from_wire(spec["story"]), paths={}, found=found,
                  looked_into=0)  # fmt: skip
    text = edl.written(story.listed)
    assert line in text
    told = stories.read(sent(text, "own.edl"), RATES[rate], project)
    kept = [{**clip, "source": "beach.mov"} for clip in export.spec["clips"]]
    assert [{"source": shot.source, "in_us": shot.in_us, "out_us": shot.out_us} for shot in told.shots] == kept
