"""The signed POST: what the work says itself, sooner than the store is read. It decides nothing."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from exports import posts
from exports.models import Attempt, Export
from modal_functions.posting import SIGNED, TIMED, signature
from modal_functions.wire import ProgressReport
from tests.exports.footage import film_of, project_of, requested, running

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def public(settings):
    settings.PUBLIC_URL = "http://testserver"


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return requested(project, title="Reel 12")


@pytest.fixture
def attempt(export):
    running(export)
    made, _ = Attempt.objects.update_or_create(
        export=export, number=Export.objects.get(pk=export.pk).job.attempt, defaults={"runner": "modal"}
    )
    return made


def told(attempt, **more):
    said = {"seq": 7, "stage": "process", "at": timezone.now(), "done": 600, "total": 900} | more
    report = ProgressReport(job=str(attempt.export_id), attempt=attempt.number, run=9, **said)
    return json.dumps({"report": report.as_wire()}).encode()


@pytest.fixture
def send(visitor, attempt):
    def sent(body, *, late=0, key=None, place=None, signed=None, number=None):
        site = posts.site_for(attempt.ordered)
        at = str(int((timezone.now() + timedelta(seconds=late)).timestamp()))
        signed = signed if signed is not None else signature(key or site.key, place or site.place, at, body)
        address = reverse("attempt-report", args=[attempt.export_id, number or attempt.number])
        headers = {SIGNED: signed, TIMED: at}
        return visitor.post(address, body, content_type="application/json", headers=headers)

    return sent


def job(attempt):
    return Export.objects.get(pk=attempt.export_id).job


def test_a_report_that_is_signed_is_folded_at_once(send, attempt):
    assert send(told(attempt)).status_code == 204
    assert (job(attempt).done, job(attempt).seq) == (600, 7)


def test_sent_again_it_changes_nothing(send, attempt):
    body = told(attempt)
    send(body)
    before = job(attempt).version
    assert send(body).status_code == 204
    assert job(attempt).version == before


@pytest.mark.parametrize("late", [-301, 330, -10_000_000])
def test_a_message_that_is_older_or_newer_than_the_window_is_refused(send, attempt, late):
    assert send(told(attempt), late=late).status_code == 403
    assert job(attempt).done != 600


@pytest.mark.parametrize(
    "wrong",
    [{"key": "other"}, {"place": "other.1"}, {"signed": ""}, {"signed": "é"}, {"number": 7}, {"number": 10**20}],
)
def test_whoever_cannot_sign_for_this_attempt_is_refused(send, attempt, wrong):
    assert send(told(attempt), **wrong).status_code == 403
    assert job(attempt).done != 600


def test_another_attempts_key_does_not_fit(send, attempt):
    other = Attempt(export=attempt.export, number=attempt.number)
    assert posts.site_for(other.ordered).key != posts.site_for(attempt.ordered).key
    assert send(told(attempt), key=posts.site_for(other.ordered).key).status_code == 403


def test_a_report_of_another_job_is_refused_though_it_is_signed(send, attempt):
    answer = send(told(attempt).replace(str(attempt.export_id).encode(), b"0" * 8 + b"-0000-0000-0000-" + b"0" * 12))
    assert answer.status_code == 422


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"report": 7}', b"\xff"])
def test_nonsense_is_refused_in_a_sentence(send, body):
    answer = send(body)
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_too_much_is_refused_before_it_is_read(send):
    assert send(b"x" * (posts.LARGEST + 1)).status_code == 413


def test_that_it_ended_rings_and_decides_nothing(send, attempt):
    Export.objects.filter(pk=attempt.export_id).update(next_due_at=timezone.now() + timedelta(hours=1))
    before = job(attempt).status
    assert send(b'{"ended": true}').status_code == 204
    assert Export.objects.get(pk=attempt.export_id).next_due_at < timezone.now()
    assert job(attempt).status == before


def test_a_decided_attempt_is_not_listened_to(send, attempt):
    Attempt.objects.filter(pk=attempt.pk).update(outcome="abort")
    assert send(told(attempt)).status_code == 204
    assert job(attempt).done != 600


def test_without_a_public_address_there_is_no_door(send, attempt, settings):
    body, site = told(attempt), posts.site_for(attempt.ordered)
    settings.PUBLIC_URL = ""
    assert posts.site_for(attempt.ordered) is None
    assert send(body, signed=site.key).status_code == 404
