"""Who comes back as a guest is asked about the job they left."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from progress.models import Job
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, finished, project_of, requested

pytestmark = pytest.mark.django_db
GONE = "Your earlier job is no longer available. Results are kept for 24 hours."


@pytest.fixture
def left(as_guest):
    """A guest's browser, and the export that they asked for so many hours ago."""

    def two_hours_ago(hours=2):
        client, guest = as_guest()
        project = project_of(guest)
        film_of(project, "beach.mov")
        export = requested(project)
        Job.objects.filter(pk=export.pk).update(created_at=timezone.now() - timedelta(hours=hours, seconds=5))
        return client, export

    return two_hours_ago


def asked(client, job):
    return client.get(reverse("resume-job"), {"job": job}).text


def test_a_job_that_runs_is_asked_about_word_for_word(left):
    client, export = left()
    for page in (client.get("/").text, asked(client, export.pk)):
        assert "Resume Previous Job?" in page
        assert "You have a job from 2 hours ago that may still be processing." in page
        assert f'href="{reverse("export", args=[export.pk])}">Check Status<' in page
        assert ">Start New Upload<" in page


def test_one_that_was_finished_meanwhile_can_be_downloaded(left):
    client, export = left()
    finished(export)
    page = client.get("/").text
    assert "Your export from 2 hours ago is ready." in page
    assert f'href="{reverse("download", args=[export.pk])}"' in page


def test_one_that_failed_says_where_to_read_why(left):
    client, export = left()
    ProgressTracker().fail(export.pk, cause="lost", text="The machine went away.")
    assert "came to a stop" in client.get("/").text


def test_what_was_seen_to_its_end_is_not_asked_about(left):
    client, export = left()
    finished(export)
    client.get(reverse("export", args=[export.pk]))
    assert client.get("/").url == reverse("dashboard")


def test_an_expired_one_is_said_gently_and_forgotten(left):
    client, export = left()
    finished(export)
    ProgressTracker().expire(export.pk, actor="retention", text="Over.")
    page = asked(client, export.pk)
    assert GONE in page
    assert "data-forget" in page


@pytest.mark.parametrize("job", ["", "nonsense", "11111111-1111-4111-8111-111111111111"])
def test_so_is_what_never_was(left, job):
    client, _ = left()
    assert GONE in asked(client, job)


def test_the_id_opens_nothing_for_anybody_else(left, visitor, signed_in, stranger):
    _, export = left()
    for other in (visitor, signed_in(stranger), left()[0]):
        page = asked(other, export.pk)
        assert GONE in page
        assert str(export.pk) not in page


def test_only_a_guests_browser_keeps_it(left, owner, signed_in):
    client, export = left()
    assert f'data-remember="{export.pk}"' in client.get(reverse("export", args=[export.pk])).text
    project = project_of(owner)
    film_of(project, "beach.mov")
    own = requested(project)
    page = signed_in(owner).get(reverse("export", args=[own.pk])).text
    assert "data-remember" not in page
    assert "<body data-forget>" in page


@pytest.mark.parametrize(
    ("hours", "words"), [(0, "a moment ago"), (0.5, "30 minutes ago"), (1, "1 hour ago"), (50, "2 days ago")]
)
def test_the_time_is_in_whole_steps(left, hours, words):
    client, _ = left(hours)
    assert f"from {words} that" in client.get("/").text
