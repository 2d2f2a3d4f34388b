import uuid

import pytest
from django.urls import reverse

from progress.models import Job
from progress.tracker import ProgressTracker
from tests.progress.test_rows import Monotonic, Unthreaded

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(job):
    return reverse("progress:job", args=[job.pk])


def test_its_owner_and_staff_see_it_and_a_stranger_learns_nothing(client, owner, staff, stranger, address):
    for person, status in [(owner, 200), (staff, 200), (stranger, 404)]:
        client.force_login(person)
        assert client.get(address).status_code == status
    assert client.get(reverse("progress:job", args=[uuid.uuid4()])).status_code == 404


def test_nobody_is_asked_to_sign_in_and_comes_back(client, address):
    assert client.get(address).headers["Location"] == f"/sign-in?next={address}"


def test_the_page_is_not_kept_by_the_browser(client, owner, address):
    client.force_login(owner)
    assert "no-store" in client.get(address)["Cache-Control"]


def test_the_regions_that_speak_stand_outside_the_fragment(client, owner, job, address):
    client.force_login(owner)
    page = client.get(address).content.decode()
    before = page[: page.index("<section")]
    assert f'id="job-{job.pk}-live" role="status" aria-live="polite"' in before
    assert f'id="job-{job.pk}-connection"' in before


def test_without_javascript_it_refreshes_only_when_asked_to(client, owner, address):
    client.force_login(owner)
    assert 'http-equiv="refresh"' not in client.get(address).content.decode()
    page = client.get(address, {"auto": "30"}).content.decode()
    assert '<meta http-equiv="refresh" content="30">' in page
    assert "Stop refreshing" in page
    for nonsense in ("1", "0", "-5", "abc", "30;url=//evil"):
        assert 'http-equiv="refresh"' not in client.get(address, {"auto": nonsense}).content.decode()


def test_an_ending_that_is_seen_is_not_in_the_tray_of_this_very_page(client, owner, job, address, monkeypatch):
    memory = Unthreaded(clock=Monotonic())
    for place in ("views", "tray"):
        monkeypatch.setattr(f"progress.{place}.rows", lambda: memory)
    ProgressTracker().complete(job.pk)
    memory.tray(owner.pk)
    memory.look()
    assert memory.tray_at_hand(owner.pk) == [job]
    client.force_login(owner)
    assert "1 finished" not in client.get(address).text


def test_seeing_an_ending_takes_it_out_of_the_owners_tray_only(client, owner, staff, job, address):
    ProgressTracker().complete(job.pk)
    client.force_login(staff)
    client.get(address)
    assert Job.objects.get(pk=job.pk).unseen
    client.force_login(owner)
    client.get(address)
    assert not Job.objects.get(pk=job.pk).unseen


def test_only_looking_is_offered(client, owner, address):
    client.force_login(owner)
    assert client.post(address).status_code == 405
