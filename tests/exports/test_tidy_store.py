"""What deleted projects and exports leave in the store is removed, and nothing else, whatever the store is."""

import fcntl
import io
import json
import uuid
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from exports.leftovers import Unknown, tidy
from exports.models import Attempt, Export, Project, Source
from exports.tools import Tools, tools
from modal_functions.folder import HALF_WRITTEN
from modal_functions.stores import opened

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["folder", "bucket"])
def own(request, tmp_path):
    """Two days later than everything in it was made."""
    described = {"store": "folder", "root": str(tmp_path / "store")}
    if request.param == "bucket":
        described = request.getfixturevalue("bucket").described()
    return Tools(store=opened(described), runner=None, clock=lambda: timezone.now() + timedelta(days=2))


@pytest.fixture
def project(owner):
    return Project.objects.create(owner=owner, name="Lofoten")


def laid_out(project, own):
    """A source, an attempt and a chunk, and what stands in the store of each."""
    source = Source.objects.create(project=project, name="one.mp4", bytes=3, state=Source.State.READY)
    source.facts = {"seconds": 1.0}
    source.save(update_fields=["facts"])
    project.append([source])
    options = {"size": "360p", "rate": "25", "quality": "draft"}
    export = Export.request(project, kind="multi_clip", options=options)
    attempt = Attempt.objects.create(export=export, number=1, runner="local")
    for key in (source.key, attempt.keys.outcome, f"projects/{project.pk}/chunks/ab/abc.mp4"):
        own.store.put(key, b"123")
    return source, export, attempt


def stored(own):
    return {key for place in ("projects", "attempts") for key in own.store.keys(place)}


def test_what_has_an_owner_stays(project, own):
    laid_out(project, own)
    before = stored(own)
    assert tidy(own).looked == 3
    assert stored(own) == before


def test_what_a_deleted_project_leaves_is_removed_and_a_second_time_there_is_nothing_to_do(project, own):
    _, export, _ = laid_out(project, own)
    other = Project.objects.create(owner=project.owner, name="Faroe")
    laid_out(other, own)
    project.delete()
    export.job.delete()
    done = tidy(own)
    assert (done.looked, done.removed, done.bytes, done.failed) == (6, 3, 9, 0)
    assert len(stored(own)) == 3
    assert all(str(project.pk) not in key for key in stored(own))
    assert tidy(own).removed == 0


def test_a_deleted_source_goes_alone(project, own):
    source, *_ = laid_out(project, own)
    laid_out(Project.objects.create(owner=project.owner, name="Faroe"), own)
    source.delete()
    assert tidy(own).removed == 1
    assert source.key not in stored(own)


@pytest.mark.parametrize("lost", [Attempt, Source, Project])
def test_beside_a_database_that_knows_nothing_of_it_as_in_the_middle_of_a_restore_nothing_is_removed(
    lost, project, own
):
    laid_out(project, own)
    lost.objects.all().delete()
    before = stored(own)
    with pytest.raises(Unknown, match="projects" if lost is Source else "attempts"):
        tidy(own)
    assert stored(own) == before
    assert tidy(own, emptied=True).removed


def test_a_database_that_is_away_is_told_also_of_a_store_that_is_empty(in_bucket):
    def away(*args):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(away), pytest.raises(CommandError, match="does not answer") as told:
        said()
    assert told.value.returncode == 2


def test_the_command_says_that_the_database_knows_nothing_of_the_store(in_bucket):
    left_behind(in_bucket)
    with pytest.raises(CommandError, match=r"the store has projects, and the database knows none\.") as told:
        said()
    assert told.value.returncode == 2
    assert said("--emptied") == "1 object looked at: 1 (3 bytes) removed.\n"


def test_what_is_younger_than_a_day_may_be_only_just_begun(project, own):
    laid_out(project, own)
    project.delete()
    Export.objects.all().delete()
    assert tidy(Tools(store=own.store, runner=None), emptied=True).removed == 0
    assert len(stored(own)) == 3


def test_what_nobody_here_has_made_is_nobodys_here_to_remove(own):
    for key in ("attempts/notes.txt", "projects/readme", "projects/x/sources/y/original", "attempts/x/1/outcome.json"):
        own.store.put(key, b"1")
    assert tidy(own).removed == 0
    assert len(stored(own)) == 4


def test_only_so_many_go_where_a_limit_is_given_and_none_in_a_dry_run(own):
    for _ in range(5):
        own.store.put(f"projects/{uuid.uuid4()}/chunks/ab/abc.mp4", b"123")
    assert tidy(own, apply=False, emptied=True).removed == 5
    assert tidy(own, limit=2, emptied=True).removed == 2
    assert len(stored(own)) == 3


def said(*arguments):
    out = io.StringIO()
    call_command("tidy_store", *arguments, stdout=out)
    return out.getvalue()


def left_behind(bucket):
    """Something that nobody owns, made long ago."""
    key = f"projects/{uuid.uuid4()}/chunks/ab/abc.mp4"
    tools().store.put(key, b"123")
    kept = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[bucket.name].keys[f"longhaul/{key}"]
    kept.last_modified = kept.last_modified.replace(year=2020)


def test_the_command_says_in_one_line_what_it_did(in_bucket):
    left_behind(in_bucket)
    assert json.loads(said("--json", "--dry-run", "--emptied")) == {
        "looked": 1, "removed": 1, "bytes": 3, "failed": 0, "half_written": 0, "runs": 0, "dry_run": True,
    }  # fmt: skip
    assert said("--dry-run", "--emptied") == "1 object looked at: 1 (3 bytes) would be removed.\n"
    assert said("--emptied") == "1 object looked at: 1 (3 bytes) removed.\n"
    assert said() == "0 objects looked at: 0 (0 bytes) removed.\n"


def test_what_cannot_be_removed_is_counted_and_its_exit_code_says_so(in_bucket):
    left_behind(in_bucket)
    in_bucket.fault("DELETE", "chunks", status=403, code="AccessDenied")
    with pytest.raises(SystemExit) as ended:
        said("--emptied")
    assert ended.value.code == 1
    assert "1 (3 bytes) removed" in said("--emptied")


def test_a_store_that_refuses_is_an_error_of_its_own(in_bucket):
    in_bucket.fault("GET", "list-type=2", status=403, code="AccessDenied", times=9)
    with pytest.raises(CommandError, match=r"The store refuses: .* lacks the permission") as refused:
        said()
    assert refused.value.returncode == 2


@pytest.fixture
def runs(settings, tmp_path):
    settings.HOME = tmp_path / "home"
    return settings.HOME / "runs"


def ran(runs, name):
    folder = runs / name
    (folder / "work").mkdir(parents=True)
    for file in ("alive.lock", "pid", "log", "work/half.mp4"):
        (folder / file).write_text("1")
    return folder


def test_the_log_of_an_attempt_goes_with_its_export(project, own, runs):
    _, export, _ = laid_out(project, own)
    kept, gone = ran(runs, f"{export.pk}.1"), ran(runs, f"{uuid.uuid4()}.1")
    (runs / "notes").mkdir()
    assert tidy(own, apply=False).runs == 1
    assert gone.exists()
    assert tidy(own).runs == 1
    assert (gone.exists(), (kept / "log").exists(), (runs / "notes").exists()) == (False, True, True)
    project.delete()
    export.job.delete()
    assert tidy(own, emptied=True).runs == 1
    assert not kept.exists()


def test_the_log_of_what_is_young_or_lives_stays(own, runs):
    living, young = ran(runs, f"{uuid.uuid4()}.1"), ran(runs, f"{uuid.uuid4()}.2")
    with (living / "alive.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert tidy(own).runs == 1
    assert (living.exists(), young.exists()) == (True, False)
    assert tidy(Tools(store=own.store, runner=None)).runs == 0
    assert tidy(own).runs == 1


def test_what_a_writer_who_died_has_left_half_written_goes_too(tmp_path):
    own = Tools(
        store=opened({"store": "folder", "root": str(tmp_path / "store")}),
        runner=None,
        clock=lambda: timezone.now() + timedelta(days=2),
    )
    own.store.put("projects/a/whole", b"1")
    half = own.store.root / "projects" / "a" / f"{HALF_WRITTEN}x"
    half.write_bytes(b"1")
    assert tidy(own, apply=False).half_written == 1
    assert half.exists()
    assert tidy(own).half_written == 1
    assert not half.exists()
    assert own.store.get("projects/a/whole") == b"1"


def test_the_log_of_what_cannot_be_asked_stays(own, runs):
    odd, gone = ran(runs, f"{uuid.uuid4()}.1"), ran(runs, f"{uuid.uuid4()}.1")
    (odd / "alive.lock").unlink(missing_ok=True)
    (odd / "alive.lock").symlink_to("alive.lock")
    assert tidy(own).runs == 1
    assert (odd.exists(), gone.exists()) == (True, False)
