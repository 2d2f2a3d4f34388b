"""What a request is about is deleted by another at that moment: that is said, and is no fault of the server."""

import threading
from contextlib import contextmanager

import pytest
from django.db import connection
from django.urls import reverse

from exports.leaving import leave
from exports.models import Answered, Project, User
from exports.tools import tools
from tests.exports.api.conftest import Script
from tests.exports.footage import film_of, finished, project_of, requested

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("awake")]
KEYED = {"Idempotency-Key": "k1"}


@contextmanager
def at(sql, act, *, wait=None):
    """Once, as this connection is about to say that: somebody acts on another. `wait`: so long at most, in seconds,
    since who acts may have to wait for us."""
    found = []

    def on_another():
        try:
            act()
        except Exception as error:
            found.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=on_another)

    def said(execute, statement, *given):
        if sql in statement and other.ident is None:
            other.start()
            other.join(wait)
        return execute(statement, *given)

    with connection.execute_wrapper(said):
        yield
    assert other.ident is not None, "it never came to that"
    other.join()
    assert found == []


@pytest.fixture
def olga(owner, script):
    asked = script(owner)
    asked.client.raise_request_exception = False
    return asked


def test_a_key_of_an_account_that_is_deleted_meanwhile_is_refused_or_done_before_that(olga, owner):
    export = finished(requested_of(owner))
    address = f"/assembly/jobs/{export.pk}/notifications"
    with at('UPDATE "exports_answered"', lambda: leave(User.objects.get(pk=owner.pk), tools()), wait=0.3):
        answer = olga.post(address, {"contacts": []}, **KEYED)
    assert answer.status_code == 200, answer.content
    assert not User.objects.filter(pk=owner.pk).exists()
    assert not Answered.objects.exists()


def test_a_key_of_an_account_that_was_deleted_since_it_was_let_in_is_refused_in_a_sentence(olga, owner):
    with at('FROM "exports_answered"', lambda: leave(User.objects.get(pk=owner.pk), tools())):
        answer = olga.post("/projects", {"name": "Holiday"}, **KEYED)
    assert (answer.status_code, "This account was deleted" in answer.json()["detail"]) == (409, True)
    assert not Answered.objects.exists()


def requested_of(owner):
    project = project_of(owner)
    film_of(project, "beach.mov", "boat.mov")
    return requested(project)
