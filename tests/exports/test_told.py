"""The timeline that an export's owner reads."""

import pytest

from exports.told import timeline_of
from progress.models import Job
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, project_of, requested, running

pytestmark = pytest.mark.django_db


def test_it_names_what_did_not_answer_and_what_answers_again(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    export, tracker = running(requested(project)), ProgressTracker()
    for part in ("runner", "store", "refused", "room", "site"):
        tracker.unreachable(export.pk, part)
        tracker.reached(export.pk)
    newest = timeline_of(Job.objects.get(pk=export.pk))[:10]
    assert [told.said for told in newest][::-1] == [
        "The render service did not answer",
        "The render service answers again",
        "The store could not be used",
        "The store can be used again",
        "The store refused us",
        "The store lets us in again",
        "The store had no room",
        "There is room in the store again",
        "Something went wrong on our side",
        "It goes on",
    ]
