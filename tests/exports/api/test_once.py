"""The same POST with the same Idempotency-Key: done once, answered the same."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from exports.models import Answered, Project
from tests.exports.api.conftest import Script

HOLIDAY = {"name": "Holiday"}


@pytest.mark.django_db
def test_sent_again_it_is_answered_the_same_and_done_once(olgas):
    first = olgas.post("/projects", HOLIDAY, **{"Idempotency-Key": "k1"})
    again = olgas.post("/projects", HOLIDAY, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert Project.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("microsecond", [0, 456, 123_456])
def test_so_it_is_at_the_beginning_of_a_second(olgas, monkeypatch, microsecond):
    moment = datetime(2026, 11, 20, 12, 0, 0, microsecond, tzinfo=UTC)
    monkeypatch.setitem(vars(Project._meta.get_field("created_at")), "_get_default", lambda: moment)
    first, again = (olgas.post("/projects", HOLIDAY, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.content == again.content


@pytest.mark.django_db
def test_without_a_key_twice_is_twice(olgas):
    olgas.post("/projects", HOLIDAY)
    olgas.post("/projects", HOLIDAY)
    assert Project.objects.count() == 2


@pytest.mark.django_db
def test_the_key_of_something_else_is_refused(olgas):
    olgas.post("/projects", HOLIDAY, **{"Idempotency-Key": "k1"})
    other = olgas.post("/projects", {"name": "Winter"}, **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["type"]) == (422, "/api/docs#problem-reused-key")


@pytest.mark.django_db
def test_what_was_refused_may_be_tried_again_with_its_key(olgas):
    key = {"Idempotency-Key": "k1"}
    nowhere = {"project": "11111111-1111-4111-8111-111111111111", "name": "a.mp4", "bytes": 5}
    assert olgas.post("/uploads", nowhere, **key).status_code == 404
    assert not Answered.objects.exists()
    assert olgas.post("/projects", HOLIDAY, **key).status_code == 201


@pytest.mark.django_db
def test_two_accounts_may_have_the_same_key(olgas, script, stranger):
    for each in (olgas, script(stranger)):
        assert each.post("/projects", HOLIDAY, **{"Idempotency-Key": "k1"}).status_code == 201
    assert Project.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["x" * 201, "a\tb"])
def test_a_key_that_cannot_be_kept_is_refused(olgas, key):
    assert olgas.post("/projects", HOLIDAY, **{"Idempotency-Key": key}).status_code == 422
    assert not Project.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_sent_by_eight_at_once_it_is_done_once(owner):
    from exports.models import Token

    _, shown = Token.make(owner, name="script", scope="write")
    ready, answers = threading.Barrier(8), []

    def send():
        try:
            ready.wait()
            answers.append(Script(shown).post("/projects", HOLIDAY, **{"Idempotency-Key": "k1"}))
        finally:
            connection.close()

    senders = [threading.Thread(target=send) for _ in range(8)]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Project.objects.count() == 1
