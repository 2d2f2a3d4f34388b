"""Finished films are kept as long as was said, and then let go: the row says so, and the bytes are gone."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from exports import retention
from exports.audit import Wanted, audit
from exports.leftovers import tidy
from exports.models import Export, Project, User
from exports.tools import Tools, tools
from modal_functions.store import Unreachable
from progress.models import Event, Job, Status
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, finished, fresh, project_of, requested
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db
NO_SCANS = {"scans_due": 0, "scans_gone": 0, "scans_bytes": 0, "scans_failed": 0}


@pytest.fixture
def guest(db):
    return User.objects.create_guest()


def film(owner, hours_ago=25.0):
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = finished(requested(project))
    Project.objects.filter(pk=project.pk).update(film=export)
    Job.objects.filter(pk=export.pk).update(settled_at=timezone.now() - timedelta(hours=hours_ago))
    return fresh(export)


def status(export):
    return fresh(export).job.status


def test_a_guests_film_is_kept_for_24_hours(guest):
    old, young = film(guest), film(guest, hours_ago=23.9)
    done = retention.expire(tools())
    assert (done.due, done.expired, done.failed) == (1, 1, 0)
    assert (status(old), status(young)) == (Status.EXPIRED, Status.COMPLETE)
    assert tools().store.size(old.result_key) is None
    assert tools().store.size(young.result_key)
    assert Project.objects.get(pk=old.project_id).film_id is None


def test_an_accounts_film_is_kept_for_good_or_as_long_as_the_installation_says(owner, settings):
    export = film(owner, hours_ago=24 * 400)
    assert retention.expire(tools()).due == 0
    settings.KEEP_DAYS = 401
    assert retention.expire(tools()).due == 0
    settings.KEEP_DAYS = 399
    assert retention.expire(tools()).expired == 1
    assert "Results are kept for 399 days" in fresh(export).job.cause_text


def test_a_dry_run_changes_nothing_and_a_limit_is_kept(guest):
    films = [film(guest, hours_ago=30 + number) for number in range(3)]
    assert retention.expire(tools(), apply=False).due == 3
    assert {status(each) for each in films} == {Status.COMPLETE}
    assert retention.expire(tools(), limit=1).expired == 1
    assert [status(each) for each in films] == [Status.COMPLETE, Status.COMPLETE, Status.EXPIRED], "the oldest first"


def test_once_it_has_expired_nothing_is_left_to_do(guest):
    film(guest)
    retention.expire(tools())
    assert retention.expire(tools()) == retention.Expired()


def test_who_signs_up_while_it_is_looked_at_keeps_it(guest):
    export = film(guest)
    due = list(retention._due(timezone.now(), None))
    User.objects.filter(pk=guest.pk).update(guest=False)
    assert [each.pk for each in due] == [export.pk]
    assert not retention._let_go(export.pk, tools())
    assert status(export) == Status.COMPLETE


def test_what_is_retried_or_running_is_not_touched(guest):
    export = film(guest)
    other = requested(project_of_with_clip(guest))
    ProgressTracker().uploaded(other.pk)
    Job.objects.filter(pk=other.pk).update(created_at=timezone.now() - timedelta(days=3))
    retention.expire(tools())
    assert (status(export), status(other)) == (Status.EXPIRED, Status.QUEUED)


def project_of_with_clip(owner):
    project = project_of(owner)
    film_of(project, "boat.mov")
    return project


class Failing:
    """A store that lists and forgets nothing."""

    def entries(self, prefix):
        raise Unreachable("no answer")


def test_bytes_that_could_not_be_removed_are_tidied_up_later(guest):
    export = film(guest)
    broken = Tools(store=Failing(), runner=None)
    assert retention.expire(broken).failed == 1
    assert status(export) == Status.EXPIRED
    assert tools().store.size(export.result_key)
    late = Tools(store=tools().store, runner=None, clock=lambda: timezone.now() + timedelta(days=2))
    tidy(late)
    assert tools().store.size(export.result_key) is None


@pytest.mark.parametrize("removed", [True, False])
def test_the_audit_agrees_with_what_has_expired(guest, removed):
    film(guest)
    retention.expire(tools() if removed else Tools(store=Failing(), runner=None))
    wanted = Wanted(checks=frozenset({"timeline", "bar", "result", "due", "calls", "objects"}))
    found = audit(tools(), wanted, sleep=lambda _: None)
    assert found.violations == []


def test_its_page_says_until_when_and_then_gently_that_it_is_gone(guest, signed_in):
    export = film(guest, hours_ago=1)
    client = signed_in(guest)
    page = client.get(reverse("export", args=[export.pk])).text
    assert "It is kept until" in page
    assert "it is kept longer" in page
    Job.objects.filter(pk=export.pk).update(settled_at=timezone.now() - timedelta(hours=25))
    retention.expire(tools())
    page = client.get(reverse("export", args=[export.pk])).text
    assert "Results are kept for 24 hours, and this one&#x27;s time is over." in page
    assert "Problem" not in page
    assert client.get(reverse("download", args=[export.pk])).status_code == 404


def test_where_films_stay_nothing_is_said_of_it(owner, signed_in):
    export = film(owner)
    assert "kept until" not in signed_in(owner).get(reverse("export", args=[export.pk])).text


def test_the_cluster_does_it_by_itself(schedules):
    assert schedules.get(name="expire").minutes == 10


def said(*options):
    out = io.StringIO()
    call_command("expire", *options, stdout=out)
    return out.getvalue().strip()


def test_the_command_says_what_it_would_do_and_what_it_did(guest):
    export = film(guest)
    assert said("--dry-run") == "1 film (10 kB) would be let go."
    assert status(export) == Status.COMPLETE
    assert said() == "1 of 1 film (10 kB) let go."
    nothing = {"due": 0, "expired": 0, "bytes": 0, "failed": 0, "dry_run": False}
    assert json.loads(said("--json")) == nothing | NO_SCANS


def test_the_command_lets_go_of_as_many_as_it_is_told_and_refuses_what_is_no_number(guest):
    oldest, other = film(guest, hours_ago=30), film(guest, hours_ago=26)
    one = {"due": 1, "expired": 1, "bytes": 10_240, "failed": 0, "dry_run": False}
    assert json.loads(said("--limit", "1", "--json")) == one | NO_SCANS
    assert (status(oldest), status(other)) == (Status.EXPIRED, Status.COMPLETE)
    for refused in ("0", "-1", "1.5"):
        with pytest.raises(CommandError, match="expected a whole number from 1"):
            said("--limit", refused)
    assert status(other) == Status.COMPLETE


@pytest.fixture
def unmounted(settings, tmp_path):
    """The mark of a store: without it, it looks as a disk does that is not mounted."""
    settings.STORE_ROOT = tmp_path / "store"
    tools.cache_clear()
    yield tools().store.mark
    tools.cache_clear()


def test_the_command_says_by_its_exit_code_that_bytes_are_left(guest, unmounted):
    export = film(guest)
    unmounted.unlink()
    with pytest.raises(SystemExit) as left:
        said()
    assert left.value.code == 1
    assert status(export) == Status.EXPIRED


def test_and_that_it_could_not_look(db):
    def away(execute, *args):
        raise OperationalError("no answer")

    with connection.execute_wrapper(away), pytest.raises(CommandError) as refused:
        said()
    assert refused.value.returncode == 2


def test_an_export_that_was_deleted_meanwhile_is_passed_over(guest):
    export = film(guest)
    Export.objects.filter(pk=export.pk).delete()
    assert retention.expire(tools()).due == 0


@pytest.mark.django_db(transaction=True)
def test_two_passes_at_once_let_it_go_once():
    export = film(User.objects.create_guest())
    done = at_once(lambda: retention.expire(tools()), lambda: retention.expire(tools()))
    assert sum(each.expired for each in done) == 1
    assert status(export) == Status.EXPIRED
    assert Event.objects.filter(job=export.job, phase="expired").count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_signs_up_at_the_same_moment_keeps_the_film_or_is_told_that_it_is_gone():
    guest = User.objects.create_guest()
    export = film(guest)
    at_once(lambda: retention.expire(tools()), lambda: User.objects.filter(pk=guest.pk).update(guest=False))
    gone = status(export) == Status.EXPIRED
    assert (tools().store.size(export.result_key) is None) == gone
    assert retention.expire(tools()).due == 0
