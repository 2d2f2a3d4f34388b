"""A script sends an Idempotency-Key while its account is deleted: it is done before that, or refused in a sentence."""

import functools

import pytest

from exports.leaving import leave
from exports.models import Answered, User
from exports.tools import tools
from tests.exports.footage import film_of, finished, project_of, requested
from tests.meanwhile import after, meanwhile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("awake")]
KEYED = {"Idempotency-Key": "k1"}


@pytest.fixture
def olga(owner, script):
    asked = script(owner)
    asked.client.raise_request_exception = False
    return asked


def test_a_key_of_an_account_that_is_deleted_meanwhile_is_refused_or_done_before_that(olga, owner):
    export = finished(requested_of(owner))
    address = f"/assembly/jobs/{export.pk}/notifications"
    with meanwhile(functools.partial(leave, owner, tools()), when=after('UPDATE "exports_answered"'), wait=0.3):
        answer = olga.post(address, {"contacts": []}, **KEYED)
    assert answer.status_code == 200, answer.content
    assert not User.objects.filter(username="olga").exists()
    assert not Answered.objects.exists()


def test_a_key_of_an_account_that_was_deleted_since_it_was_let_in_is_refused_in_a_sentence(olga, owner):
    with meanwhile(functools.partial(leave, owner, tools()), when=after('FROM "exports_answered"')):
        answer = olga.post("/projects", {"name": "Holiday"}, **KEYED)
    assert (answer.status_code, "This account was deleted" in answer.json()["detail"]) == (409, True)
    assert not Answered.objects.exists()


def requested_of(owner):
    project = project_of(owner)
    film_of(project, "beach.mov", "boat.mov")
    return requested(project)
