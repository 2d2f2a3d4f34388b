"""clip_it as it is asked for: whose video, by whose right, and the stages that the bar goes through."""

import pytest
from django.urls import reverse

from exports import kinds
from exports.kinds.base import Unplannable
from exports.kinds.clip_it import PIPELINE
from exports.kinds.clip_it_form import MOST_CLIPS
from exports.models import Export
from progress.estimate.shapes import Part
from tests.exports.footage import driver_is_awake, film_of, project_of, source_in

pytestmark = pytest.mark.django_db
# The percents at which stages begin, and the minutes that they take, as they were first written down.
MARKS = {
    "queued": 0, "downloading": 5, "downloaded": 15, "uploading": 18, "processing_started": 20, "transcribing": 25,
    "analyzing": 50, "processing": 70, "uploading_clips": 90, "completed": 100, "failed": 0, "error": 0, "cancelled": 0,
}  # fmt: skip
MINUTES = {"downloading": 3, "transcribing": 7, "analyzing": 2.5, "processing": 4, "uploading_clips": 2}
TALK = "https://example.com/talk"


@pytest.fixture
def project(owner):
    driver_is_awake()
    return film_of(project_of(owner), "talk.mov")[0].project


@pytest.fixture
def fetches(settings):
    settings.FETCHES = "public"


def planned(project, **options):
    return kinds.get("clip_it").plan(project, options)


def test_the_stages_and_their_percents_are_the_ones_that_were_written_down(browser):
    assert {stage.key: stage.start for stage in PIPELINE.stages} | {"completed": 100} == {
        key: MARKS[key] for key in MARKS if key not in ("failed", "error", "cancelled")
    }
    assert {stage.key: stage.seconds / 60 for stage in PIPELINE.stages if stage.key in MINUTES} == MINUTES
    assert browser.get("/api/stages").json() == MARKS, "it is the table that is served where no other is asked for"


def test_its_status_is_its_stage_and_its_bar_waits_until_the_work_begins(browser, project, tracker):
    export = Export.request(project, kind="clip_it", options={})
    told = browser.get(f"/status/{export.pk}").json()
    assert (told["status"], told["progress"]) == ("queued", 0)
    tracker.uploaded(export.pk)
    tracker.start(export.pk)
    assert browser.get(f"/status/{export.pk}").json()["status"] == "queued"
    tracker.update_progress_incremental(export.pk, 7, 28, "audio seconds", stage="transcribing")
    told = browser.get(f"/status/{export.pk}").json()
    assert (told["status"], told["progress"], told["video_id"]) == ("transcribing", 31, str(project.pk))


def test_bytes_of_an_upload_move_no_bar_that_has_no_stage_for_them(project):
    from exports import waiting
    from exports.tools import tools

    source = source_in(project, "late.mov", state="uploading", stored_bytes=1000)
    export = Export.request(project, kind="clip_it", options={"footage": str(source.pk)})
    waiting.tell(source, tools(), last=True)
    export.job.refresh_from_db()
    assert (export.job.percent, export.job.stage) == (0, "queued")


def test_what_is_left_out_is_the_usual(project):
    plan = planned(project)
    assert plan["clips"][0]["source"] == str(project.sources.get().pk)
    assert plan["wanted"] == {
        "count": 5, "seconds": 30, "aspect": None, "side": 720, "quality": "standard", "captions": True, "keywords": [],
    }  # fmt: skip
    assert planned(project, shape="9:16", keywords="ice,  deep  snow, ,ice")["wanted"]["keywords"] == [
        "ice",
        "deep snow",
    ]


def test_words_to_look_for_are_kept_as_what_can_be_read(project):
    typed = "ice\x00age, \ud800deep\nsnow\t, \x00"
    export = Export.request(project, kind="clip_it", options={"keywords": typed})
    assert Export.objects.get(pk=export.pk).spec["wanted"]["keywords"] == ["ice age", "deep snow"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"count": 0}, f"a whole number from 1 to {MOST_CLIPS}, got '0'"),
        ({"count": "9" * 9}, "a whole number"),
        ({"seconds": -3}, "Seconds: expected a whole number"),
        ({"shape": "2:1"}, "Shape: expected one of as_it_is"),
        ({"captions": "loud"}, "Captions: expected one of burned, none"),
        ({"footage": "film"}, "Expected one clip of the project, got the film"),
        ({"footage": "nowhere"}, "a clip that is in the project"),
        ({"address": TALK, "rights": True}, "not fetched from addresses here"),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(project, options, said):
    with pytest.raises(Unplannable) as refused:
        planned(project, **options)
    assert said in str(refused.value)


@pytest.mark.usefixtures("fetches")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"address": TALK}, "Confirm that you have the right"),
        ({"address": TALK, "rights": "yes"}, "Confirm that you have the right"),
        ({"address": "file:///etc/passwd", "rights": True}, "Expected the address of a video"),
        ({"address": "https://user:word@example.com/", "rights": True}, "Expected the address of a video"),
    ],
)
def test_an_address_needs_a_right_to_what_is_there(project, options, said):
    with pytest.raises(Unplannable) as refused:
        planned(project, **options)
    assert said in str(refused.value)


@pytest.mark.usefixtures("fetches")
def test_a_video_at_an_address_needs_no_upload_and_the_work_is_told_its_bounds(project, settings):
    export = Export.request(project, kind="clip_it", options={"address": TALK, "rights": True})
    assert export.missing_sources() == []
    told = kinds.get("clip_it").spec(export)
    assert told["sources"] == []
    assert told["fetch"] == {
        "address": TALK, "private": False, "bytes": settings.LARGEST_UPLOAD, "seconds": 14400, "patience": 7200.0,
    }  # fmt: skip
    settings.FETCHES = "private"
    assert kinds.get("clip_it").spec(export)["fetch"]["private"] is True


def test_where_nothing_is_fetched_the_page_asks_for_no_address(browser, project):
    page = browser.get(reverse("new-export", args=[project.pk, "clip_it"])).text
    assert "talk.mov" in page
    assert "address of a video" not in page


@pytest.mark.usefixtures("fetches")
def test_in_its_page_the_right_is_confirmed_for_each_export_anew(browser, project):
    there = reverse("new-export", args=[project.pk, "clip_it"])
    typed = {"count": "3", "seconds": "20", "shape": "9:16", "side": "720", "quality": "draft", "captions": "burned"}
    asked = typed | {"do": "export", "address": TALK}
    assert "Confirm that you have the right" in browser.post(there, asked).text
    neither = browser.post(there, typed | {"do": "export"})
    assert "Expected a clip or an address, got neither." in neither.text
    assert browser.post(there, asked | {"rights": "on"}).status_code == 302
    export = Export.objects.get()
    assert (export.spec["address"], export.spec["wanted"]["aspect"]) == (TALK, [9, 16])
    again = browser.get(there).text
    assert f'value="{TALK}"' in again
    assert "checked" not in again


def test_it_takes_as_long_as_the_video_is(project):
    kind = kinds.get("clip_it")
    spec = planned(project)

    def usual(seconds):
        source = source_in(project, seconds=seconds)
        around = kinds.Around(account="1", project="1", machine="local-2", at_once=2)
        return {part.stage: part for part in kind.parts(spec, [source], around)}

    short, long = usual(90.0), usual(3600.0)
    assert long["transcribing"].usual == 40 * short["transcribing"].usual == 1680
    assert long["transcribing"].work == 3600
    assert isinstance(long["processing"], Part)
    assert long["processing"].usual == short["processing"].usual == 240


def test_a_machine_without_a_recogniser_says_what_it_needs(project, settings, tmp_path):
    settings.WHISPER_MODEL = str(tmp_path)
    with pytest.raises(Unplannable) as refused:
        Export.request(project, kind="clip_it", options={})
    assert "faster_whisper" in str(refused.value)
    settings.RUNNER = "modal"
    assert kinds.get("clip_it").lacks() == ""
