import time

import pytest
from django.test import Client

from exports.models import User

PASSWORD = "a long secret of hers"  # of `owner`, see tests/conftest.py


@pytest.fixture
def make_job(tracker, clock):
    """A job a second, so that the newest is the one made last."""

    def made(owner, title="Reel"):
        clock.pass_by(1)
        return tracker.create("film@1", title=title, owner=owner)

    return made


@pytest.fixture
def signed_in():
    """A browser of its own for an account."""

    def browser(account):
        client = Client()
        client.force_login(account)
        return client

    return browser


@pytest.fixture
def visitor():
    """A browser that nobody is signed in with."""
    return Client()


@pytest.fixture
def as_guest(db):
    """A browser that has started as a guest, and the guest's account."""

    def started():
        before = set(User.objects.values_list("pk", flat=True))
        client = Client()
        client.post("/guest")
        return client, User.objects.exclude(pk__in=before).get()

    return started


def soon(condition, seconds=30):
    """What the condition says as soon as it says yes, or else in the end: a wait and never a measurement."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met
