"""The work of assembly and edl, on one clip, in this process; what comes of it is read by others."""

import hashlib
import json
from pathlib import Path

import av
import opentimelineio as otio
import pytest

from modal_functions.kinds import assembly, edl
from modal_functions.reporter import Reporter
from modal_functions.runtime import run
from modal_functions.wire import AttemptKeys
from tests.modal_functions.kinds.conftest import luma, plain

SECONDS, RATE = 5, 25
PARTS = [(500_000, 3_100_000, "The wave."), (3_200_000, 3_800_000, "")]
FORMATS = [("mp4", "h264", "aac"), ("webm", "vp9", "opus")]
STEPS = ["load", "metadata", "edl", "concatenate", "encode", "validate", "move", "project", "thumbnails", "cleanup"]


def brighter(frame, number):
    frame.planes[0].update(bytes([20 + number]) * frame.planes[0].buffer_size)


class Heard(Reporter):
    pictures = []

    def _tell(self, **changes):
        super()._tell(**changes)
        self.pictures.append(self._picture)


@pytest.fixture(scope="module")
def asked(bench, tmp_path_factory):
    path = plain(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=SECONDS, size=(160, 90), paint=brighter)
    spec = bench.spec(path, seconds=SECONDS, size=(160, 90))
    clip = spec.pop("film")["clips"][0]
    shots = [{"clip": clip | {"in_us": start, "out_us": end}, "note": note} for start, end, note in PARTS]
    outputs = [
        {"width": 160, "height": 90, "fps": [RATE, 1], "quality": "draft", "container": c, "video": v, "audio": a}
        for c, v, a in FORMATS
    ]
    story = {"title": "Lofoten: day/night", "project": "North", "rate": [RATE, 1], "drop": False, "shots": shots}
    return spec | {"story": story, "outputs": outputs}


@pytest.fixture(scope="module")
def done(bench, asked, tmp_path_factory):
    """What came of it, what was told on the way, and the folder in which it was made."""
    Heard.pictures, folder = [], tmp_path_factory.mktemp("scratch")
    outcome = run(work=assembly.work, spec=asked, store=bench.store, keys=AttemptKeys(export="a", number=1), call="c",
                  folder=folder, reporter=Heard)  # fmt: skip
    assert outcome["ending"] == "ok", outcome
    return outcome["result"], Heard.pictures, folder


def file_of(bench, result, ending):
    [found] = [each for each in result["files"] if each["name"].endswith(ending)]
    return bench.store.in_place(found["key"])


def test_all_it_makes_has_a_name_a_place_and_its_checksum(bench, done):
    result, *_ = done
    assert [each["name"] for each in result["files"]] == [
        "Lofoten day night-160x90.mp4", "Lofoten day night-160x90.webm", "Lofoten day night.edl",
        "Lofoten day night.otio", "Lofoten day night.xml", "Lofoten day night-1.jpg", "Lofoten day night-2.jpg",
        "Lofoten day night.json",
    ]  # fmt: skip
    for each in result["files"]:
        assert hashlib.sha256(bench.store.in_place(each["key"]).read_bytes()).hexdigest() == each["sha256"]
    sums = bench.store.in_place(result["key"]).read_text()
    assert sums == "".join(f"{each['sha256']}  {each['name']}\n" for each in result["files"])


@pytest.mark.parametrize(("container", "video", "_"), FORMATS)
def test_each_format_shows_the_frames_of_the_story(container, video, _, bench, done):
    with av.open(str(file_of(bench, done[0], container))) as film:
        assert film.streams.video[0].codec_context.codec.canonical_name == video
        lights = [luma(frame, 80, 45) for frame in film.decode(video=0)]
    wanted = [20 + number for number in (*range(13, 78), *range(80, 95))]
    assert len(lights) == len(wanted)
    assert lights == pytest.approx(wanted, abs=4)


def test_its_edit_lists_say_what_the_films_are(bench, done):
    for ending, adapter in ((".edl", "cmx_3600"), (".otio", "otio_json"), (".xml", "fcp_xml")):
        text = file_of(bench, done[0], ending).read_text()
        more = {"rate": RATE} if adapter == "cmx_3600" else {}
        found = otio.adapters.read_from_string(text, adapter, **more)
        timeline = found if isinstance(found, otio.schema.Timeline) else found[0]
        [track] = timeline.video_tracks()
        seen = [(clip.name, clip.source_range.start_time.value, clip.source_range.duration.value) for clip in track]
        assert seen == [("clip.mp4", 13, 65), ("clip.mp4", 80, 15)], ending
    assert "* COMMENT: The wave." in file_of(bench, done[0], ".edl").read_text()


def test_its_metadata_and_pictures_are_of_the_film(bench, done):
    told = json.loads(file_of(bench, done[0], ".json").read_text())
    assert (told["title"], told["project"], told["frames"]) == ("Lofoten: day/night", "North", 80)
    assert told["shots"][1] == {
        "number": 2, "clip": "clip.mp4", "frames": 15, "note": "", "in": "00:00:03:05", "out": "00:00:03:20",
        "at": "01:00:02:15",
    }  # fmt: skip
    assert set(told["formats"]) == {"Lofoten day night-160x90.mp4", "Lofoten day night-160x90.webm"}
    with av.open(str(file_of(bench, done[0], "-2.jpg"))) as picture:
        frame = next(picture.decode(video=0)).reformat(format="gray")
    assert luma(frame, 80, 45) == pytest.approx((107 - 16) * 255 / 219, abs=5), "of the middle of the second shot"


def test_its_steps_are_the_twelve_in_order_and_each_counts(done):
    _, pictures, _ = done
    stages = list(dict.fromkeys(picture.stage for picture in pictures if picture.stage))
    assert stages == [*STEPS, "notify"]
    last = {picture.stage: picture for picture in pictures}
    for stage in STEPS:
        assert last[stage].total, stage
        assert last[stage].done == last[stage].total, stage


def test_each_format_has_a_track_of_its_own_and_is_out_before_the_rest(done):
    _, pictures, _ = done
    tracks = [
        {track.name: (track.done, track.total) for track in picture.tracks} for picture in pictures if picture.tracks
    ]
    mp4, webm = "MP4, 160 × 90", "WebM, 160 × 90"
    assert set(tracks[-1]) == {mp4, webm}
    for name in (mp4, webm):
        way = [each[name][0] for each in tracks]
        assert way == sorted(way)
        assert len(set(way)) > 4
        assert tracks[-1][name] == (161, 161)
    assert any(each[mp4] == (161, 161) and each[webm][0] == 0 for each in tracks), "the first is out first"
    assert any(picture.bytes for picture in pictures if picture.stage == "concatenate"), "how fast it is, is known"


def test_nothing_is_left_behind_and_nothing_is_made_twice(bench, asked, done):
    result, _, folder = done
    assert [path for path in folder.rglob("*") if not path.is_dir()] == []
    assert (result["rendered"], result["chunks"]) == (6, 6)
    again = bench.do(assembly, asked)
    assert (again["rendered"], again["sha256"]) == (0, result["sha256"])


def test_one_format_alone_passes_all_steps(bench, asked):
    result = bench.do(assembly, asked | {"outputs": asked["outputs"][:1]})
    assert [Path(each["name"]).suffix for each in result["files"]][:2] == [".mp4", ".edl"]


def test_an_edit_list_alone_renders_nothing(bench, asked):
    own = {asked["sources"][0]["key"]: {"begin": "14:23:05:10", "nominal": 25}}
    result = bench.do(edl, asked | {"story": asked["story"] | {"timecodes": own}})
    assert [Path(each["name"]).suffix for each in result["files"]] == [".edl", ".otio", ".xml"]
    assert "14:23:05:23 14:23:08:13 01:00:00:00" in file_of(bench, result, ".edl").read_text(), "as the camera counted"
    assert (result["shots"], result["seconds"]) == (2, 3.2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outputs": [{"width": 160}]}, "the fields of output"),
        ({"story": {}}, "rate"),
        ({"outputs": []}, "one film at least"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_made(bench, asked, change, said):
    outcome = bench.do(assembly, asked | change)
    assert (outcome["ending"], outcome["code"]) == ("error", "unsupported")
    assert said in outcome["sentence"]


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((6_000_000, 7_000_000), "Shot 2 begins where clip.mp4 has ended. Choose another part of it."),
        ((3_000_000, 6_100_000), "Shot 2 ends at 6.10 s of clip.mp4, which is 5.00 s long. Choose another part of it."),
    ],
)
def test_a_shot_that_is_not_in_its_clip_is_named(bench, asked, ends, said):
    [first, second] = asked["story"]["shots"]
    late = second | {"clip": second["clip"] | dict(zip(("in_us", "out_us"), ends, strict=True))}
    outcome = bench.do(edl, asked | {"story": asked["story"] | {"shots": [first, late]}})
    assert outcome["sentence"] == said
