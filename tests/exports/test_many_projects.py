"""An account has so many projects and no more, whoever asks and however many ask at once; none after its end."""

import threading

import pytest
from django.db import transaction
from django.urls import reverse

from exports import deleting, leaving, uploads
from exports.limits import Refused
from exports.models import Project
from exports.models.project import MOST_PROJECTS, Unbegun
from exports.tools import tools
from tests.meanwhile import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
ENDED = "This account was deleted meanwhile, so nothing can be begun in it any more."
SAID = "You have 2,000 projects, as many as an account may have. Use one of them for this film."


def filled(owner, *, free=0):
    Project.objects.bulk_create(Project(owner=owner, name=str(number)) for number in range(MOST_PROJECTS - free))


def test_one_more_is_refused_in_a_sentence_and_others_are_not(owner, stranger, signed_in):
    filled(owner)
    page = signed_in(owner).post(reverse("projects"), {"name": "Too many"})
    assert (page.status_code, SAID in page.text, "Too many" in page.text) == (422, True, True)
    answer = signed_in(owner).post("/api/v1/projects", {"name": "Too many"}, content_type="application/json")
    assert (answer.status_code, answer.json()["detail"]) == (409, SAID)
    assert Project.objects.filter(owner=owner).count() == MOST_PROJECTS
    assert signed_in(stranger).post(reverse("projects"), {"name": "First"}).status_code == 302


def test_of_two_that_are_begun_at_once_the_last_place_goes_to_one(owner):
    filled(owner, free=1)

    def begin():
        try:
            return Project.begin(owner, "Last").name
        except Unbegun:
            return ""

    assert sorted(at_once(begin, begin)) == ["", "Last"]
    assert Project.objects.count() == MOST_PROJECTS


@pytest.fixture
def as_it_ends(owner):
    """What an act answers that comes while the account's end is not over yet."""

    def answer(act):
        gone, asked = threading.Event(), threading.Event()

        def leave():
            with transaction.atomic():
                leaving.leave(owner, tools())
                gone.set()
                asked.wait(0.5)  # who acts comes as far as this lets them

        def acts():
            gone.wait()
            try:
                return act()
            finally:
                asked.set()

        return at_once(leave, acts)[1]

    return answer


def test_one_that_is_begun_as_its_account_ends_is_refused_in_a_sentence(owner, as_it_ends):
    def begin():
        try:
            return Project.begin(owner, "Too late").name
        except Unbegun as why:
            return str(why)

    assert as_it_ends(begin) == ENDED
    assert not Project.objects.exists()


@pytest.mark.parametrize(("path", "status"), [("/projects/", 422), ("/api/v1/projects", 409)])
def test_the_page_and_the_api_say_so_too(owner, signed_in, as_it_ends, path, status):
    client, more = signed_in(owner), {"content_type": "application/json"} if "api" in path else {}
    answer = as_it_ends(lambda: client.post(path, {"name": "Too late"}, **more))
    if answer.status_code not in (302, 401):  # where it came so late that nobody was signed in any more
        assert (answer.status_code, ENDED in answer.text) == (status, True)


def test_an_upload_that_begins_as_its_account_ends_is_refused_in_a_sentence(owner, as_it_ends):
    project = Project.begin(owner, "Lofoten")

    def begin():
        try:
            return uploads.begin(project, name="sea.mov", size=12)
        except Refused as refusal:
            return refusal.sentence

    assert "was deleted" in as_it_ends(begin)


def test_a_project_that_is_deleted_as_its_account_ends_is_gone(owner, as_it_ends):
    project = Project.begin(owner, "Lofoten")
    assert as_it_ends(lambda: deleting.delete(project, tools())) is None
    assert not Project.objects.exists()
