"""So many in a while, counted in one step by all machines together, with when to come back: guests, uploads, asking."""

import pytest
from django.test import Client

from exports import newcomers, uploads
from exports.limits import Refused
from exports.models import Contact, Delivery, Project, User
from exports.models.contact import hashed
from exports.outbox import proving
from tests.meanwhile import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_while")]


def test_no_more_guests_come_in_than_are_welcome_in_an_hour_and_they_are_told_when(settings):
    settings.GUESTS_AN_HOUR = 2
    answers = [Client().post("/guest", follow=True) for _ in range(3)]
    assert User.objects.filter(guest=True).count() == 2
    assert "Come back in" in answers[2].text


def test_who_is_in_already_takes_no_place_of_a_guest(settings, as_guest):
    settings.GUESTS_AN_HOUR = 1
    client, guest = as_guest()
    assert client.post("/guest").status_code == 302
    assert User.objects.filter(guest=True).get() == guest


def test_no_more_accounts_are_made_in_an_hour_and_a_form_that_is_wrong_takes_none(settings):
    settings.GUESTS_AN_HOUR = 1

    def sign_up(name, password="a long secret of nobody"):
        return Client().post("/sign-up", {"username": name, "password1": password, "password2": password})

    assert sign_up("one", "short").status_code == 422
    assert sign_up("one").status_code == 302
    refused = sign_up("two")
    assert refused.status_code == 422
    assert "Come back in" in refused.text
    assert not User.objects.filter(username="two").exists()


def test_no_more_uploads_are_begun_in_an_hour_and_the_page_and_the_api_say_when(owner, signed_in, settings):
    settings.UPLOADS_AN_HOUR = 1
    project, client = Project.objects.create(owner=owner, name="Film"), signed_in(owner)
    asked = {"filename": "a.mov", "metadata": {"size": 10}, "type": "video/mp4"}
    address = f"/projects/{project.pk}/s3/multipart"
    uploads.begin(project, name="first.mov", size=10)
    refused = client.post(address, asked, content_type="application/json")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert "within an hour. Try again in" in refused.json()["error"]
    assert project.sources.count() == 1


def asking(owner, number=1):
    address = f"hers{number}@example.com"
    return Contact.objects.create(owner=owner, channel="mail", address=address, address_hash=hashed("mail", address))


def test_what_is_refused_for_one_reason_takes_nothing_of_the_others(owner, stranger, clock, monkeypatch):
    monkeypatch.setattr(proving, "MOST_BY_OWNER", 1)
    proving.ask(asking(owner, 1), clock.now)
    with pytest.raises(Refused) as refused:
        proving.ask(asking(owner, 2), clock.now)
    assert refused.value.wait > 0
    monkeypatch.setattr(proving, "MOST_TO_ADDRESS", 1)
    proving.ask(asking(stranger, 2), clock.now)  # the refused one has not used up the address


@pytest.mark.django_db(transaction=True)
def test_asked_for_at_the_same_moment_it_is_sent_no_more_often_than_it_may_be(owner, clock):
    contact = asking(owner)

    def ask():
        try:
            proving.ask(Contact.objects.get(pk=contact.pk), clock.now)
        except Refused:
            return False
        return True

    assert sorted(at_once(*[ask] * 5)) == [False] * 2 + [True] * proving.MOST_TO_ADDRESS
    assert Delivery.objects.count() == proving.MOST_TO_ADDRESS


@pytest.mark.django_db(transaction=True)
def test_of_guests_at_the_same_moment_no_more_come_in_than_are_welcome(settings):
    settings.GUESTS_AN_HOUR = 2
    assert sorted(map(bool, at_once(*[lambda: newcomers.refused("guests")] * 4))) == [False, False, True, True]


@pytest.mark.django_db(transaction=True)
def test_of_uploads_at_the_same_moment_no_more_are_begun_than_may_be(owner, settings):
    settings.UPLOADS_AN_HOUR = 2
    project = Project.objects.create(owner=owner, name="Film")

    def begin():
        try:
            return bool(uploads.begin(Project.objects.get(pk=project.pk), name="a.mov", size=10))
        except Refused:
            return False

    assert sorted(at_once(*[begin] * 4)) == [False, False, True, True]
    assert project.sources.count() == 2
