"""An account has so many projects and no more, whoever asks and however many ask at once."""

import pytest
from django.urls import reverse

from exports.models import Project
from exports.models.project import MOST_PROJECTS, TooManyProjects
from tests.progress.test_race import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
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
        except TooManyProjects:
            return ""

    assert sorted(at_once(begin, begin)) == ["", "Last"]
    assert Project.objects.count() == MOST_PROJECTS
