"""What becomes of sources: looked at, refused, given up."""

import io
import shutil
import uuid
from datetime import timedelta

import pytest
from django_q.models import OrmQ

from exports import left_uploads, sources, tasks, uploads
from exports.models import Clip, Export, Project, Source
from exports.probing import Found, Unusable
from exports.tools import Tools, tools
from modal_functions.folder import FolderStore
from modal_functions.store import Unreachable
from progress.models import Job
from tests.exports.scripted import ScriptedRunner
from tests.soon import soon

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store")


@pytest.fixture
def used(store, tracker, clock):
    """The tools in use."""
    runner = ScriptedRunner()
    return Tools(store=store, runner=lambda name: runner, tracker=tracker, clock=clock)


@pytest.fixture
def project(owner):
    return Project.objects.create(owner=owner, name="Lofoten")


@pytest.fixture
def stored(project, used, clock):
    """A source whose bytes are there."""

    def made(name="beach.mov", body=b"footage"):
        source = Source.objects.create(project=project, name=name, bytes=len(body), heard_at=clock())
        used.store.put(source.key, body)
        source.become(Source.State.STORED, stored_bytes=len(body))
        return source

    return made


@pytest.fixture
def begun(project, clock):
    def made(name="beach.mov", **more):
        return Source.objects.create(project=project, name=name, bytes=10, heard_at=clock(), **more)

    return made


class Looker:
    """A probe that finds footage, after it has failed as it is told to."""

    def __init__(self, *failures):
        self.failures, self.paths = list(failures), []

    def __call__(self, path):
        self.paths.append(path)
        if self.failures:
            raise self.failures.pop(0)
        return Found(facts={"seconds": 8.0, "waveform": [1, 2]}, picture=b"a picture")


class Killed(BaseException):
    """What ends a looker in mid-look."""


def fresh(source):
    return Source.objects.get(pk=source.pk)


# A look


def test_a_file_that_can_be_used_is_ready_with_its_facts_and_a_picture(stored, used, store):
    source, looker = stored(), Looker()
    assert sources.look_at(source.pk, used, looker)
    source = fresh(source)
    assert (source.state, source.seconds, source.looked_at_times) == ("ready", 8.0, 1)
    assert source.facts["waveform"] == [1, 2]
    assert source.facts["thumbnail"] == f"{source.folder}/thumb.jpg"
    assert store.get(source.facts["thumbnail"]) == b"a picture"
    assert looker.paths[0].is_absolute()


def test_one_that_cannot_is_refused_with_the_sentence(stored, used):
    source = stored()
    sources.look_at(source.pk, used, Looker(Unusable("This is a text file, not a video.")))
    assert (fresh(source).state, fresh(source).refusal) == ("refused", "This is a text file, not a video.")


def test_one_that_is_gone_from_the_store_is_refused(stored, used, store):
    source = stored()
    store.delete(source.key)
    sources.look_at(source.pk, used, Looker())
    assert fresh(source).refusal == "Its file is gone from the store. Upload it again."


def test_only_what_is_stored_is_looked_at_and_only_once(stored, begun, used):
    looker, source, uploading = Looker(), stored(), begun()
    assert [sources.look_at(each, used, looker) for each in (source.pk, source.pk, uploading.pk, uuid.uuid4())] == [
        True, False, False, False,
    ]  # fmt: skip
    assert len(looker.paths) == 1


def test_nobody_looks_while_somebody_else_does(stored, used):
    source = stored()

    def looks_again(path):
        assert not sources.look_at(source.pk, used, Looker())
        assert sources.look_at_stored(used, probe=Looker()) == sources.Looked()
        return Found(facts={"seconds": 1.0})

    assert sources.look_at(source.pk, used, looks_again)
    assert fresh(source).state == "ready"


def test_a_store_that_does_not_answer_is_not_the_files_fault(stored, used):
    source = stored()
    sources.look_at(source.pk, used, Looker(Unreachable("no answer")))
    assert (fresh(source).state, fresh(source).looked_at_times) == ("stored", 0)
    assert sources.look_at_stored(used, probe=Looker()).looked == 0
    used.clock.pass_by(10)
    assert sources.look_at_stored(used, probe=Looker()).looked == 1
    assert fresh(source).state == "ready"


# What was lost


def test_a_source_whose_bell_was_lost_is_found_but_not_before_its_turn(stored, used, clock):
    source = stored()
    assert sources.look_at_stored(used, probe=Looker()) == sources.Looked()
    clock.pass_by(6)
    assert sources.look_at_stored(used, probe=Looker()) == sources.Looked(looked=1)
    assert fresh(source).state == "ready"


def test_a_file_that_kills_its_looker_is_given_up_after_three_looks(stored, used, clock):
    source, other = stored(), stored("dune.mov")
    sources.look_at(other.pk, used, Looker())
    for times in range(1, 4):
        clock.pass_by(200)
        with pytest.raises(Killed):
            sources.look_at_stored(used, probe=Looker(Killed()))
        assert fresh(source).looked_at_times == times
        assert sources.look_at_stored(used, probe=Looker(Killed())) == sources.Looked()
    clock.pass_by(200)
    assert sources.look_at_stored(used, probe=Looker(Killed())) == sources.Looked(given_up=1)
    assert fresh(source).refusal == (
        "Looking at this file failed 3 times, so it is left alone."
        " Convert it with another program, then upload it again."
    )
    assert not sources.look_at(source.pk, used, Looker())


def test_a_looker_that_was_killed_is_missed_within_half_a_minute(stored, used, clock):
    source = stored()
    with pytest.raises(Killed):
        sources.look_at(source.pk, used, Looker(Killed()))
    clock.pass_by(29)
    assert sources.look_at_stored(used, probe=Looker()) == sources.Looked()
    clock.pass_by(1)
    assert sources.look_at_stored(used, probe=Looker()) == sources.Looked(looked=1)
    assert fresh(source).state == "ready"


@pytest.mark.django_db(transaction=True)
def test_one_that_takes_long_says_that_it_lives(stored, used, clock):
    source = stored()
    begun = clock()

    def looks_long(path):
        clock.pass_by(3600)
        assert soon(lambda: fresh(source).heard_at > begun)
        assert sources.look_at_stored(used, probe=Looker()) == sources.Looked()
        return Found(facts={"seconds": 1.0})

    assert sources.look_at(source.pk, used, looks_long, every=0.02)
    assert (fresh(source).state, fresh(source).looked_at_times) == ("ready", 1)


def test_what_nobody_foresaw_is_tried_again_later(stored, used, clock):
    source = stored()
    assert sources.look_at(source.pk, used, Looker(RuntimeError("nobody foresaw it")))
    assert fresh(source).state == "stored"
    clock.pass_by(100)
    assert sources.look_at_stored(used, probe=Looker()) == sources.Looked()
    clock.pass_by(100)
    sources.look_at_stored(used, probe=Looker())
    assert fresh(source).state == "ready"


def test_so_many_at_most_the_oldest_first(stored, used, clock):
    made = [stored(f"{number}.mov") for number in range(3) if clock.pass_by(1)]
    clock.pass_by(10)
    assert sources.look_at_stored(used, 2, Looker()) == sources.Looked(looked=2)
    assert [fresh(source).state for source in made] == ["ready", "ready", "stored"]


def test_lost_looks_are_taken_one_after_the_other_and_not_one_a_minute(stored, used, clock):
    def passes():
        rung = [call.func() for call in OrmQ.objects.order_by("pk")]
        OrmQ.objects.all().delete()
        return rung.count("exports.tasks.tend_sources")

    for number in range(3):
        stored(f"{number}.mov")
    clock.pass_by(10)
    passes()
    for left in (2, 1, 0):
        assert sources.tend(used).looked.looked == 1
        assert Source.objects.filter(state="stored").count() == left
        assert passes() == 1
    assert sources.tend(used).looked.looked == 0
    assert passes() == 0


# Exports that wait


@pytest.fixture
def export(project, begun):
    Clip.objects.create(project=project, source=begun(), position=1)
    export = Export.request(project, kind="multi_clip", options={})
    Export.objects.update(next_due_at="2027-01-01T00:00Z")
    return export


def due(used):
    return list(Export.objects.due(used.clock()))


def test_whoever_waits_for_it_is_rung_when_it_is_ready(export, used, store):
    source = Source.objects.get()
    store.put(source.key, b"footage")
    source.become(Source.State.STORED)
    assert due(used) == []
    sources.look_at(source.pk, used, Looker())
    assert due(used) == [export]


def test_an_export_that_was_told_of_its_upload_can_start(export, used, tracker, store):
    from exports import queue

    source = Source.objects.get()
    tracker.update_progress_incremental(export.pk, 5, 10, "bytes", stage="upload")
    source.become(Source.State.READY, facts={"seconds": 8.0})
    tracker.uploaded(export.pk)
    begun, _ = queue.begin_next([Export.objects.select_related("job").get(pk=export.pk)], used)
    assert queue.spawn(begun, used)
    assert (Job.objects.get(pk=export.pk).attempt, Job.objects.get(pk=export.pk).bp) == (1, 500)


# Uploads that nobody goes on with


def test_an_upload_that_is_all_there_is_completed_though_its_page_was_closed(begun, used, clock, store):
    source, other = begun(), begun("dune.mov")
    for number, each in ((1, source), (1, other)):
        uploads.put_part(each, number, io.BytesIO(b"12345"), 5, used)
    uploads.put_part(source, 2, io.BytesIO(b"67890"), 5, used)
    assert left_uploads.complete(used) == 0, "its page may be about to say so"
    clock.pass_by(61)
    assert left_uploads.complete(used) == 1
    assert (fresh(source).state, fresh(other).state) == ("stored", "uploading")
    assert store.get(source.key) == b"1234567890"
    assert left_uploads.complete(used) == 0


def test_an_upload_is_abandoned_after_a_day_without_a_part(begun, used, clock):
    old, young = begun("old.mov"), begun("young.mov")
    clock.pass_by(60 * 60 * 24)
    Source.objects.filter(pk=young.pk).update(heard_at=clock() - timedelta(hours=23, minutes=59))
    assert left_uploads.abandon(used) == left_uploads.Abandoned(uploads=1)
    assert list(Source.objects.all()) == [young]
    assert not Source.objects.filter(pk=old.pk).exists()


def test_where_a_film_counts_on_it_it_stays_and_says_so_and_the_export_is_rung(export, used, clock):
    clock.pass_by(60 * 60 * 25)
    Export.objects.update(next_due_at=None)
    assert left_uploads.abandon(used).uploads == 1
    assert Source.objects.get().refusal.startswith("Its upload was not finished within 24 hours. Upload it again")
    assert due(used) == [export]


def test_one_that_is_touched_at_the_last_moment_is_left_alone(begun, used, clock):
    source = begun()
    clock.pass_by(60 * 60 * 25)
    before = clock() - timedelta(hours=24)
    Source.objects.update(heard_at=clock())
    assert not uploads.abort(source, used, untouched_since=before)
    assert Source.objects.exists()


def test_one_task_does_all_of_it_and_ends_within_its_time(own, project, begun, clock):
    source = begun()
    uploads.put_part(source, 1, io.BytesIO(b"0123456789"), 10, own)
    Source.objects.update(heard_at=clock() - timedelta(days=2))
    assert tasks.tend_sources() == 0, "its look is only rung for"
    assert fresh(source).state == "stored"
    Source.objects.update(heard_at=clock() - timedelta(days=2))
    assert tasks.tend_sources() == 1
    assert fresh(source).state == "refused"


def test_what_is_stored_is_never_abandoned(stored, used, clock):
    stored()
    clock.pass_by(60 * 60 * 24 * 365)
    assert left_uploads.abandon(used) == left_uploads.Abandoned()


# The real probe, in its child process


@pytest.fixture
def own(settings, tmp_path):
    """This installation's tools, on a store of the test's own."""
    settings.STORE_ROOT = tmp_path / "store"
    tools.cache_clear()
    yield tools()
    tools.cache_clear()


def test_a_clip_is_taken_in_with_all_that_is_known_of_it(project, own, tmp_path):
    from exports import sample

    sample.make(tmp_path / "clip one.mp4", 1, seconds=2)
    source = sources.take_in(project, tmp_path / "clip one.mp4", own)
    assert (source.state, source.refusal, source.name) == ("ready", "", "clip one.mp4")
    assert source.seconds == pytest.approx(2, abs=0.1)
    facts = source.facts
    assert (facts["width"], facts["height"], facts["fps"], facts["rotation"]) == (640, 360, [30, 1], 0)
    assert (facts["codec"], facts["sound"]) == ("h264", "aac")
    assert len(facts["waveform"]) == 240
    assert max(facts["waveform"]) > 20
    picture = own.store.get(facts["thumbnail"])
    assert picture.startswith(b"\xff\xd8")
    assert source.sha256 == own.store.put_file("check", tmp_path / "clip one.mp4").sha256


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"Dear diary,\n" * 100, "This is a text file, not a video."),
        (b"", "This file is empty."),
        (b"#EXTM3U\nhttp://127.0.0.1/x.ts\n", "playlist"),
        (bytes(range(256)) * 100, "This is no video that can be read here."),
        (b"\0\0\0\x18ftypmp42" + b"\0" * 500, "incomplete or damaged"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_in_plain_words(project, own, tmp_path, body, sentence):
    path = tmp_path / "film.mp4"
    path.write_bytes(body)
    source = sources.take_in(project, path, own)
    assert source.state == "refused"
    assert sentence in source.refusal


def test_a_truncated_clip_is_refused(project, own, tmp_path):
    from exports import sample

    sample.make(tmp_path / "clip.mp4", 1, seconds=2)
    whole = (tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    source = sources.take_in(project, tmp_path / "half.mp4", own)
    assert source.state == "refused"


def test_the_clusters_task_looks_with_the_real_one(project, own, tmp_path):
    from exports import sample

    sample.make(tmp_path / "clip.mp4", 1, seconds=1)
    source = Source.objects.create(project=project, name="clip.mp4", bytes=1)
    uploads.store_file(source, tmp_path / "clip.mp4", own)
    assert tasks.look_at_source(str(source.pk))
    assert fresh(source).state == "ready"
    shutil.rmtree(own.store.root)
    assert not tasks.look_at_source(str(source.pk))
