"""Stories that people bring: read from their files, matched to the project's clips, and asked for on a page."""

import json
import math
from unicodedata import normalize

import opentimelineio as otio
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from exports import kinds, stories
from exports.kinds.base import Around, Unplannable
from exports.models import Export, Source
from modal_functions.editing.cut import MOST_SHOTS, Unreadable
from progress import pipelines
from progress.estimate.prior import prior
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, project_of, source_in

pytestmark = pytest.mark.django_db
# The twelve steps of the document that assembly@1 is made from, and the percent at which each is done.
SEED = {
    "Validate input parameters": 5, "Load and validate source files": 10, "Extract story metadata": 15,
    "Generate EDL file": 20, "Process video concatenation": 35, "Apply format encoding": 45,
    "Final file validation": 50, "Move to exports directory": 55, "Update project metadata": 60,
    "Generate thumbnails/previews": 65, "Cleanup temporary files": 70, "Send completion notification": 100,
}  # fmt: skip
EDL = """TITLE: Night
FCM: NON-DROP FRAME
001  BEACH V C 00:00:01:00 00:00:03:00 01:00:00:00 01:00:02:00
* FROM CLIP NAME: beach.mov
* COMMENT: The wave.
002  HARBOUR V C 00:00:00:00 00:00:01:00 01:00:02:00 01:00:03:00
* FROM CLIP NAME: harbour.mov
"""
MUSIC = "003  MUSIC A C 00:00:00:00 00:00:03:00 01:00:00:00 01:00:03:00\n* FROM CLIP NAME: music.wav\n"


@pytest.fixture
def project(owner):
    return film_of(project_of(owner), "beach.mov", "harbour.mov")[0].project


def sent(body, name="story.json"):
    body = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    return SimpleUploadedFile(name, body)


def ids(project):
    return {source.name: str(source.pk) for source in project.sources.all()}


# The bar


def test_the_first_version_has_the_twelve_marks_as_they_were_written(owner, signed_in):
    stages = pipelines.get("assembly@1").stages
    assert {stage.label: stage.end for stage in stages} == SEED
    assert [stage.label for stage in kinds.get("assembly").pipeline.stages] == list(SEED), "the second has its names"
    told = signed_in(owner).get("/api/stages?pipeline=assembly@1").json()
    starts = dict(zip([stage.key for stage in stages], [0, *SEED.values()], strict=False))
    assert {key: told[key] for key in starts} == starts
    assert kinds.get("assembly").pipeline.bands == "learned"


def test_each_step_of_the_first_version_fills_the_bar_from_the_mark_before_to_its_own(project, owner, signed_in):
    """Both ways: what is served beforehand is what a job goes through."""
    export, tracker = Export.request(project, kind="assembly", options={"marks": "fixed"}), ProgressTracker()
    browser = signed_in(owner)
    served = browser.get("/api/stages?pipeline=assembly@1").json()
    tracker.uploaded(export.pk)
    tracker.start(export.pk)
    before = SEED["Validate input parameters"]
    for stage in pipelines.get("assembly@1").stages[1:]:
        seen = []
        for done in (0, 10):
            tracker.update_progress_incremental(export.pk, done, 10, stage.unit, stage=stage.key)
            told = browser.get(f"/api/v1/assembly/jobs/{export.pk}/progress").json()
            assert told["currentStep"] == stage.label
            seen.append(told["progress"])
        mark = SEED[stage.label]
        assert seen == [before, mark if mark < 100 else 99], f"{stage.label}: 100 is said when it is complete"
        assert served[stage.key] == before
        before = mark
    tracker.finalize(export.pk)
    tracker.complete(export.pk)
    assert browser.get(f"/api/v1/assembly/jobs/{export.pk}/progress").json()["progress"] == 100


@pytest.mark.parametrize(("marks", "pipeline"), [("measured", "assembly@2"), ("fixed", "assembly@1")])
def test_which_bar_it_has_is_asked_for_with_it(marks, pipeline, project, owner, signed_in):
    export = Export.request(project, kind="assembly", options={"marks": marks})
    assert export.job.pipeline == pipeline
    told = signed_in(owner).get(f"/api/v1/assembly/jobs/{export.pk}/progress").json()
    assert (told["type"], told["totalSteps"]) == ("assembly", 12)
    assert kinds.get("edl").job_type == "edl"


# Files


def test_a_story_file_is_read_in_its_order(project):
    shots = [
        {"source": "beach.mov", "in": "0:01.5", "out": 3, "note": "The\nwave.", "order": 2},
        {"source": "harbour.mov", "order": 1},
    ]
    told = stories.read(sent({"title": "Night", "shots": shots}), (25, 1), project)
    assert told.title == "Night"
    assert told.shots == (
        stories.Shot(source="harbour.mov", in_us=0, out_us=None),
        stories.Shot(source="beach.mov", in_us=1_500_000, out_us=3_000_000, note="The wave."),
    )


def test_an_edl_is_counted_at_the_rate_that_is_chosen(project):
    for rate, begin in (((25, 1), 1_000_000), ((24000, 1001), 1_001_000)):
        told = stories.read(sent(EDL, "cut.EDL"), rate, project)
        assert [shot.source for shot in told.shots] == ["beach.mov", "harbour.mov"]
        assert (told.title, told.shots[0].in_us, told.shots[0].note) == ("Night", begin, "The wave.")


@pytest.mark.parametrize("form", ["otio_json", "fcp_xml"])
def test_a_timeline_of_another_program_is_read_in_a_child(form, project):
    at = otio.opentime.RationalTime
    media = otio.schema.ExternalReference("file:///A/beach.mov", otio.opentime.TimeRange(at(0, 25), at(200, 25)))
    track = otio.schema.Track("V1", [otio.schema.Clip("Shot", media, otio.opentime.TimeRange(at(25, 25), at(50, 25)))])
    timeline = otio.schema.Timeline("Night")
    timeline.tracks.append(track)
    ending = {"otio_json": "otio", "fcp_xml": "xml"}[form]
    told = stories.read(sent(otio.adapters.write_to_string(timeline, form), f"cut.{ending}"), (25, 1), project)
    assert (told.title, told.shots) == ("Night", (stories.Shot(source="beach.mov", in_us=10**6, out_us=3 * 10**6),))


@pytest.mark.parametrize(
    ("body", "name", "said"),
    [
        ("{", "a.json", "This is no JSON"),
        ("[" * 100_000, "a.json", "This is no JSON"),
        ([], "a.json", "a list of “shots”"),
        ({"shots": []}, "a.json", "one at least"),
        ({"shots": [{"source": "a"}] * (MOST_SHOTS + 1)}, "a.json", "501 shots; expected at most 500"),
        ({"shots": ["a"]}, "a.json", "Shot 1: expected “source”"),
        (
            {"shots": [{"source": "a", "speed": 2}]},
            "a.json",
            "Shot 1: expected source, in, out, note, order, got “speed”",
        ),
        ({"shots": [{"source": "a", "in": "soon"}]}, "a.json", "Shot 1: Expected seconds, or minutes"),
        ({"shots": [{"source": "a", "in": -1}]}, "a.json", "Shot 1: expected seconds such as 2.5, got '-1'"),
        ({"shots": [{"source": "a", "in": 2, "out": 1}]}, "a.json", "Shot 1: expected it to end after 0:02, got 0:01"),
        ({"shots": [{"source": "a", "order": "x"}]}, "a.json", "Shot 1: expected “order” to be a number"),
        ({"shots": [{"source": "\ud800"}]}, "a.json", "Shot 1: expected “source” to name a clip"),
        (b"\xff\xfe\x00", "a.json", "no text"),
        (b"\xff\xfe\x00", "a.edl", "no event with a picture"),
        (EDL, "a.txt", "Expected a story in JSON, an EDL, or a timeline"),
        ("<not really", "a.xml", "no timeline that can be read"),
        ("{}", "a.otio", "no timeline"),
        (bytes(5 << 20), "a.json", "The story has 5.2 MB; expected at most 4.2 MB"),
    ],
)
def test_what_is_no_story_is_refused_in_words(body, name, said, project):
    with pytest.raises(Unreadable) as refused:
        stories.read(sent(body, name), (25, 1), project)
    assert said in str(refused.value)


# Matching


def shot(source, start=0, end=None):
    return stories.Shot(source=source, in_us=start, out_us=end)


def test_clips_are_found_by_name_whatever_else_is_written_around_it(project):
    beach = ids(project)["beach.mov"]
    for name in ("beach.mov", "BEACH.MOV", "beach", "/Volumes/A/beach.mxf", r"C:\film\beach.mov", beach):
        assert stories.clips_of(project, [shot(name)]) == [{"source": beach, "in_us": 0, "out_us": None}]


@pytest.mark.parametrize(("kept", "told"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_a_clip_is_found_whether_its_accents_are_letters_of_their_own_or_not(project, kept, told):
    """A Mac may hand on the names of its files so, and an editing program the other way."""
    source = source_in(project, name=normalize(kept, "Böschung.mov"))
    for name in ("Böschung.mov", "böschung"):
        assert stories.clips_of(project, [shot(normalize(told, name))])[0]["source"] == str(source.pk)


@pytest.mark.parametrize(
    ("shots", "said"),
    [
        ([shot("drone.mov"), shot("beach.mov"), shot("sun.mov")], "drone.mov, sun.mov are not in the project."),
        ([shot("drone.mov")], "drone.mov is not in the project. Upload it first."),
        ([shot("beach.mov"), shot("beach.mov", 9 * 10**6)], "Shot 2: beach.mov ends at 0:08, before the shot begins."),
        ([shot("beach.mov", 0, 9 * 10**6)], "Shot 1: beach.mov ends at 0:08, before the shot does (0:09)."),
        ([shot("bad.mov")], "Shot 1: bad.mov cannot be used: It is empty."),
    ],
)
def test_what_the_project_does_not_have_is_named(shots, said, project):
    source_in(project, "bad.mov", state=Source.State.REFUSED, refusal="It is empty.")
    with pytest.raises(Unreadable) as refused:
        stories.clips_of(project, shots)
    assert str(refused.value).startswith(said)


# Planning


def test_what_is_left_out_is_the_arranged_film_in_the_usual_format(project):
    plan = kinds.get("assembly").plan(project, {})
    assert [clip["source"] for clip in plan["clips"]] == [ids(project)["beach.mov"], ids(project)["harbour.mov"]]
    assert plan["output"] == {"width": 1920, "height": 1080, "fps": [25, 1], "quality": "standard", "container": "mp4",
                              "video": "h264", "audio": "aac"}  # fmt: skip
    assert (plan["version"], plan["notes"], len(plan["outputs"])) == (2, ["", ""], 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"formats": ["gif"]}, "Formats: expected one of mp4, hevc, webm, prores"),
        ({"formats": "mp4"}, "Formats: expected a list"),
        ({"sizes": ["huge"]}, "Sizes: expected one of"),
        ({"formats": ["mp4", "webm", "hevc"], "sizes": ["720p", "1080p", "360p"]}, "These are 9 films at once"),
        ({"drop": True}, "Drop-frame timecode exists at 29.97"),
        ({"shots": [{"source": "drone.mov"}]}, "drone.mov is not in the project"),
        ({"shots": "all"}, "Expected a list of shots"),
        ({"marks": "none"}, "Marks: expected one of"),
        ({"rate": "48"}, "Rate: expected one of"),
    ],
)
def test_what_cannot_be_assembled_is_refused_in_words(options, said, project):
    with pytest.raises(Unplannable) as refused:
        kinds.get("assembly").plan(project, options)
    assert said in str(refused.value)


def test_each_step_is_reckoned_by_the_films_that_it_makes(project):
    plan = kinds.get("assembly").plan(project, {"formats": ["mp4", "webm", "hevc"], "sizes": ["360p", "720p"]})
    around = kinds.Around(account="1", project="p", machine="local-2", at_once=2)
    work = {part.stage: part.work for part in kinds.get("assembly").parts(plan, project.sources.all(), around)}
    assert work["concatenate"] > 0
    assert work["encode"] == pytest.approx(2 * work["concatenate"])


# The page


@pytest.fixture
def page(owner, signed_in):
    return signed_in(owner)


def address(project, key="assembly"):
    return reverse("new-export", args=[project.pk, key])


def typed(project, rows, **more):
    fields = {"title": "Lofoten", "rate": "25", "quality": "draft", "formats": ["mp4", "webm"], "sizes": ["360p"]}
    fields |= {"marks": "measured", "count": str(len(rows)), "do": "export"}
    for number, row in enumerate(rows):
        fields_of = {"source": ids(project)["beach.mov"], "start": "", "end": "", "note": ""} | row
        fields |= {f"shot-{number}-{name}": value for name, value in fields_of.items()}
    return fields | more


def test_the_form_begins_with_the_arranged_clips(project, page):
    clip = project.clips.first()
    clip.in_us, clip.out_us = 1_500_000, 4_000_000
    clip.save()
    text = page.get(address(project)).text
    assert 'value="0:01.5"' in text
    assert "Shot 2" in text
    assert "Shot 3" not in text


def test_shots_are_added_moved_and_taken_away_without_losing_what_was_typed(project, page):
    rows = [{"note": "first"}, {"note": "second"}]
    moved = page.post(address(project), typed(project, rows, do="down:0")).text
    assert moved.index("second") < moved.index("first")
    assert "Shot 3" in page.post(address(project), typed(project, rows, do="add")).text
    assert "first" not in page.post(address(project), typed(project, rows, do="drop:0")).text


def test_a_story_is_exported_as_it_was_typed(project, page):
    rows = [{"start": "1", "end": "0:03", "note": "The wave."}, {"source": ids(project)["harbour.mov"]}]
    assert page.post(address(project), typed(project, rows)).status_code == 302
    export = Export.objects.get()
    assert export.spec["clips"] == [
        {"source": ids(project)["beach.mov"], "in_us": 10**6, "out_us": 3 * 10**6},
        {"source": ids(project)["harbour.mov"], "in_us": 0, "out_us": None},
    ]
    assert export.spec["notes"] == ["The wave.", ""]
    assert [each["video"] for each in export.spec["outputs"]] == ["h264", "vp9"]
    text = page.get(address(project)).text
    assert 'value="The wave."' in text, "the form is filled in as it was"


def test_a_file_that_is_sent_fills_the_form_in(project, page):
    text = page.post(address(project), typed(project, [], do="read", story=sent(EDL, "night.edl"))).text
    assert 'value="Night"' in text
    assert text.count('value="The wave."') == 1
    assert "Shot 2" in text


def test_a_file_that_is_sent_with_export_goes_before_what_is_typed(project, page):
    beach = project.sources.get(name="beach.mov")
    beach.facts["timecode"] = {"begin": "00:00:01:00", "nominal": 25}
    beach.save(update_fields=["facts"])
    fields = typed(project, [{"note": "typed"}], story=sent(EDL, "night.edl"))
    assert page.post(address(project, "edl"), fields).status_code == 302
    export = Export.objects.get()
    assert (export.job.title, export.spec["notes"]) == ("Night", ["The wave.", ""])
    assert [clip["in_us"] for clip in export.spec["clips"]] == [0, 0], "as its camera has counted"


def test_what_is_left_out_of_a_file_that_is_sent_is_told_where_it_was_sent(project, page):
    told = "An event with sound only of the EDL is left out"
    assert told in page.post(address(project), typed(project, [], do="read", story=sent(EDL + MUSIC, "a.edl"))).text
    sent_with_export = typed(project, [], story=sent(EDL + MUSIC, "a.edl"))
    assert told in page.post(address(project, "edl"), sent_with_export, follow=True).text


@pytest.mark.parametrize(
    ("rows", "more", "said"),
    [
        ([], {}, "There is no shot in the story yet."),
        ([{"start": "3", "end": "2"}], {}, "Expected a time after 0:03, got “2”."),
        ([{}], {"drop": "on"}, "Drop-frame timecode exists at 29.97 and 59.94"),
        ([{}], {"formats": []}, "Nothing was exported yet"),
        ([{}], {"story": ("drone.mov", "a.json")}, "drone.mov is not in the project. Upload it first."),
        ([{}], {"story": ("drone.mov", "a.json"), "do": "read"}, "drone.mov is not in the project. Upload it first."),
        ([{}], {"do": "read"}, "Choose a story file first."),
        ([{"end": "9"}], {}, "Shot 1: beach.mov ends at 0:08"),
    ],
)
def test_what_is_wrong_is_said_on_the_page(rows, more, said, project, page):
    if "story" in more:
        source, name = more["story"]
        more = more | {"story": sent({"shots": [{"source": source}]}, name)}
    assert said in page.post(address(project), typed(project, rows, **more)).text
    assert not Export.objects.exists()


@pytest.mark.parametrize("do", ["", "up:0", "down:99", "drop:x", "up:-1", "film", "add:now", "read:it"])
def test_whatever_button_is_made_up_breaks_nothing(do, project, page):
    assert page.post(address(project), typed(project, [{}], do=do)).status_code == 200


def test_what_an_assembly_takes_is_expected_by_how_much_it_is(owner):
    """On the first day, by the factory's rates: a film of nine times the pixels is nine times the work."""
    project = project_of(owner)
    film_of(project, "beach.mov")
    kind, around = kinds.get("assembly"), Around(account="a", project="p", machine="m", at_once=2)

    def seconds(stage, **options):
        spec = kind.plan(project, options)
        [part] = [each for each in kind.parts(spec, project.sources.all(), around) if each.stage == stage]
        return math.exp(prior("assembly@2", part, {}).mean) if part.work else 0.0

    small, large = (seconds("concatenate", sizes=[size]) for size in ("360p", "1080p"))
    assert large == pytest.approx(9 * small)
    assert seconds("validate", sizes=["1080p"]) < large / 4
    assert seconds("encode", sizes=["1080p"]) == 0.0
    both = {"sizes": ["1080p"], "formats": ["mp4", "webm"]}
    assert 1.5 < seconds("encode", **both) / seconds("concatenate", **both) < 3
