"""Posts that are taken in before Django is asked: as Django would, and nothing else."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import pytest
from django.db import OperationalError, connections
from django.urls import reverse
from django.utils import timezone

from exports import posts
from exports.crew import THREADS
from exports.crowding import Crowding
from exports.gathering import Gathering
from exports.models import Attempt, Export
from exports.tools import tools
from exports_site.posted import QuickPosts
from modal_functions.posting import signature
from modal_functions.wire import ProgressReport
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, project_of, requested, running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def public(settings):
    settings.PUBLIC_URL = "http://testserver"


@pytest.fixture
def make_attempt(owner):
    def made(title):
        project = project_of(owner)
        film_of(project, "beach.mov")
        export = requested(project, title=title)
        running(export)
        number = Export.objects.get(pk=export.pk).job.attempt
        return Attempt.objects.update_or_create(export=export, number=number, defaults={"runner": "modal"})[0]

    return made


@pytest.fixture
def attempt(make_attempt):
    return make_attempt("Reel 12")


def said(attempt, seq=7, **more):
    told = {"seq": seq, "stage": "process", "at": timezone.now(), "done": 60 + seq, "total": 900} | more
    report = ProgressReport(job=str(attempt.export_id), attempt=attempt.number, run=9, **told)
    return json.dumps({"report": report.as_wire()}).encode()


def environ(attempt, body, **more):
    site, at = posts.site_for(attempt.ordered), str(int(timezone.now().timestamp()))
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": reverse("attempt-report", args=[attempt.export_id, attempt.number]),
        "HTTP_HOST": "testserver",
        "wsgi.url_scheme": "http",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "HTTP_X_LONGHAUL_SIGNATURE": signature(site.key, site.place, at, body),
        "HTTP_X_LONGHAUL_TIME": at,
    } | more


def django(environ, start_response):
    start_response("299 Asked Django", [])
    return []


def answered(quick, environ):
    heard = {}
    body = quick(environ, lambda status, headers: heard.update(status=int(status[:3]), headers=dict(headers)))
    return heard["status"], heard["headers"], json.loads(b"".join(body) or b"{}")


def door(own=None, most=posts.AT_ONCE):
    """It keeps no connection, which would keep the database of the tests from being taken down."""

    def take_in(these):
        try:
            return posts.take_in(these, own or tools())
        finally:
            connections.close_all()

    return Gathering(take_in, most, pace=0)


@pytest.fixture
def quick():
    return QuickPosts(django, door=door())


def job(attempt):
    return Export.objects.get(pk=attempt.export_id).job


def test_a_signed_report_is_in_the_row_when_its_post_is_answered(quick, attempt):
    status, headers, told = answered(quick, environ(attempt, said(attempt)))
    assert (status, told, headers["Cache-Control"]) == (204, {}, "no-store")
    assert (job(attempt).seq, job(attempt).done) == (7, 67)


def test_who_cannot_sign_and_what_cannot_be_read_are_told_so(quick, attempt):
    assert answered(quick, environ(attempt, said(attempt), HTTP_X_LONGHAUL_SIGNATURE="ab"))[0] == 403
    status, _, told = answered(quick, environ(attempt, said(attempt, stage="proces")))
    assert status == 422
    assert "is not a stage" in told["detail"]
    assert answered(quick, environ(attempt, b"[" * 60_000))[0] == 422
    assert job(attempt).seq != 7


def test_one_that_breaks_whatever_folds_it_keeps_no_other_back(make_attempt, caplog):
    class Breaking(ProgressTracker):
        def observe_each(self, reports):
            if any(report.seq == 13 for report in reports):
                raise KeyError("thirteen")
            return super().observe_each(reports)

    first, unlucky = make_attempt("Reel 1"), make_attempt("Reel 2")
    sent = [environ(first, said(first)), environ(unlucky, said(unlucky, 13)), environ(first, said(first, 8))]
    these = [
        posts.Post(
            export=each.export_id,
            number=each.number,
            at=one["HTTP_X_LONGHAUL_TIME"],
            signed=one["HTTP_X_LONGHAUL_SIGNATURE"],
            body=one["wsgi.input"].getvalue(),
        )
        for one, each in zip(sent, (first, unlucky, first), strict=True)
    ]
    told = posts.take_in(these, replace(tools(), tracker=Breaking()))
    assert [each.status for each in told] == [204, 500, 204]
    assert job(first).seq == 8
    assert "could not be folded" in caplog.text


@pytest.mark.parametrize(
    "odd",
    [
        {"REQUEST_METHOD": "GET"},
        {"PATH_INFO": "/exports/"},
        {"HTTP_HOST": "elsewhere"},
        {"CONTENT_LENGTH": ""},
        {"CONTENT_LENGTH": str(posts.LARGEST + 1)},
        {"wsgi.url_scheme": "https"},
    ],
)
def test_what_is_odd_is_for_django(quick, attempt, odd):
    assert answered(quick, environ(attempt, said(attempt), **odd))[0] == 299


def test_an_encrypted_site_takes_nothing_unencrypted(quick, attempt, settings):
    settings.PUBLIC_URL, settings.SECURE = "https://testserver", True
    assert answered(quick, environ(attempt, said(attempt)))[0] == 299
    assert answered(quick, environ(attempt, said(attempt), HTTP_X_FORWARDED_PROTO="https"))[0] == 204


def test_a_database_that_is_away_is_no_refusal(attempt):
    def away(these):
        raise OperationalError("could not connect")

    status, headers, told = answered(QuickPosts(django, door=Gathering(away, 4)), environ(attempt, said(attempt)))
    assert (status, headers["Retry-After"]) == (503, "10")
    assert "does not answer" in told["detail"]


def test_one_more_than_may_wait_is_asked_to_come_again(attempt):
    status, headers, _ = answered(QuickPosts(django, door=Gathering(list, 0)), environ(attempt, said(attempt)))
    assert (status, headers["Retry-After"]) == (503, "1")


def test_where_many_are_sent_away_those_who_are_heard_are_asked_to_come_less_often_too(attempt):
    crowded = QuickPosts(django, door=door())
    assert "Retry-After" not in answered(crowded, environ(attempt, said(attempt)))[1]
    crowded.door.crowding = Crowding(clock=lambda: 0.0, chance=lambda: 0.5, seconds=4.0)
    status, headers, _ = answered(crowded, environ(attempt, said(attempt, 8)))
    assert (status, headers["Retry-After"]) == (204, "4")


def test_posts_never_take_all_threads_of_a_process():
    assert posts.AT_ONCE + posts.SINGLY < THREADS


def test_many_at_once_through_two_processes_end_with_the_last_of_each(make_attempt):
    """Each door is a process of its own: a tracker with rows at hand, and threads with connections."""
    attempts, last = [make_attempt(f"Reel {number}") for number in range(6)], 12
    doors = [QuickPosts(django, door=door(own, 8)) for own in two_tools()]
    together = threading.Barrier(len(attempts))

    def tell(number):
        try:
            together.wait()
            bodies = [environ(attempts[number], said(attempts[number], seq)) for seq in range(1, last + 1)]
            return [answered(doors[(number + turn) % 2], body)[0] for turn, body in enumerate(bodies)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(attempts)) as pool:
        statuses = list(pool.map(tell, range(len(attempts))))
    assert statuses == [[204] * last] * len(attempts)
    assert {(job(each).seq, job(each).done) for each in attempts} == {(last, 60 + last)}


def two_tools():
    return [replace(tools(), tracker=ProgressTracker()) for _ in range(2)]
