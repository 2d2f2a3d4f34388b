import shutil
from dataclasses import replace
from fractions import Fraction

import pytest

from exports import first_project, sample
from exports.models import Clip, Project, Source
from exports.tools import Tools
from modal_functions.folder import FolderStore
from modal_functions.media.spec import Output
from modal_functions.media.survey import Stretch, survey
from modal_functions.store import Forbidden
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def tools(tmp_path, clock, tracker):
    return Tools(store=FolderStore(tmp_path / "store"), runner=None, tracker=tracker, clock=clock)


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    """Makes the clips of the sample film, each once: that takes seconds."""
    clips = {number: tmp_path_factory.mktemp("sample") / "clip.mp4" for number, _ in first_project.CLIPS}
    for number, clip in clips.items():
        sample.make(clip, number)
    return lambda path, number: shutil.copyfile(clips[number], path)


@pytest.fixture
def lay_out(owner, tools, shot):
    return lambda tools=tools: first_project.lay_out(owner, tools, shot)


@pytest.fixture
def project(owner):
    return first_project.begin(owner)


def test_it_brings_three_clips_that_can_be_used(project, tools, lay_out):
    assert lay_out() == 3
    clips = list(project.clips.select_related("source"))
    assert [clip.position for clip in clips] == [1, 2, 3]
    for clip in clips:
        facts = clip.source.facts
        assert clip.source.state == Source.State.READY
        assert clip.source.seconds == pytest.approx(sample.SECONDS, abs=0.1)
        assert (facts["width"], facts["height"]) == (sample.WIDTH, sample.HEIGHT)
        assert max(facts["waveform"]) > 20, "it can be heard"
        assert tools.store.size(clip.source.key) == clip.source.bytes
    assert lay_out() == 0
    assert Clip.objects.count() == Source.objects.count() == 3


def test_its_clips_are_made_one_by_one_so_that_none_waits_for_what_a_slow_machine_makes_in_a_minute(
    project, owner, tools, shot
):
    made = []
    while first_project.makes_one(owner, tools, shot):
        made.append(project.sources.filter(state=Source.State.READY).count())
    assert (made, project.clips.count()) == ([1, 2, 3], 0)
    assert first_project.lay_out(owner, tools, lambda path, number: 1 / 0) == 3
    assert not first_project.makes_one(owner, tools, shot)


def test_a_clip_that_cannot_be_used_is_not_made_again_and_again(owner, project, tools):
    assert not first_project.makes_one(owner, tools, lambda path, number: path.write_bytes(b"no film"))


@pytest.mark.parametrize("gone", ["a clip", "the project"])
def test_what_its_owner_has_deleted_does_not_come_back(gone, owner, project, lay_out):
    lay_out()
    (project.clips.all()[1] if gone == "a clip" else project).delete()
    left = Clip.objects.count()
    assert first_project.begun(owner) is None
    assert lay_out() == 0
    assert (Clip.objects.count(), Project.objects.count()) == (left, 1 if gone == "a clip" else 0)


@pytest.mark.parametrize("broken_off", ["before it was stored", "before it was looked at", "before it was in the film"])
def test_a_start_that_was_broken_off_leaves_no_clip_twice(broken_off, owner, project, lay_out):
    lay_out()
    project.clips.all().delete()
    if broken_off != "before it was in the film":
        state = Source.State.UPLOADING if broken_off == "before it was stored" else Source.State.STORED
        Source.objects.filter(name="Green drift.mp4").update(state=state, looked_at_times=0)
    assert first_project.begun(owner) == project
    assert lay_out() == 3
    assert Source.objects.get(name="Green drift.mp4").state == Source.State.READY
    assert Clip.objects.count() == Source.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_starts_at_once_leave_no_clip_twice(project, lay_out):
    at_once(lay_out, lay_out)
    assert Clip.objects.count() == Source.objects.count() == 3


def test_where_the_store_refuses_it_waits_for_the_next_start_and_leaves_no_upload_that_nobody_goes_on_with(
    project, tools, lay_out, caplog
):
    class Refusing(FolderStore):
        def put_file(self, *args, **more):
            raise Forbidden("the bucket answers 403 InvalidAccessKeyId to PutObject")

    assert lay_out(replace(tools, store=Refusing(tools.store.root))) == 0
    assert not Source.objects.exists()
    assert "waits for the next start. The store refuses: the bucket answers 403 InvalidAcc" in caplog.text
    assert lay_out() == 3


def test_no_two_of_its_pictures_are_the_same(tmp_path):
    import av

    sample.make(tmp_path / "clip.mp4", 1, seconds=1)
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        pictures = [bytes(frame.planes[0]) for frame in clip.decode(video=0)]
    assert len(pictures) == len(set(pictures)) == sample.RATE


def test_it_shows_what_quality_original_is_for(tmp_path):
    sample.make(tmp_path / "clip.mp4", 1, seconds=3)
    film = Output(width=sample.WIDTH, height=sample.HEIGHT, fps=(sample.RATE, 1), quality="original")
    [found] = survey(tmp_path / "clip.mp4", [Stretch(start=Fraction(0), frames=80)], film)
    assert found.frames > 50, "copied"
