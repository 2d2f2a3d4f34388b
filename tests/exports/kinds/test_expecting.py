"""What is left empty in a form of any kind is told as what was expected there."""

import pytest

from exports import kinds
from exports.kinds.overlay_form import ItemForm
from exports.kinds.story_form import ShotForm
from tests.exports.footage import film_of, project_of

pytestmark = pytest.mark.django_db
DJANGO = "This field is required."


@pytest.fixture
def project(owner, settings):
    settings.FETCHES = "public"
    project = project_of(owner)
    film_of(project, "beach.mov")
    return project


@pytest.mark.parametrize("kind", kinds.registered(), ids=lambda kind: kind.key)
def test_no_kind_leaves_an_empty_field_without_a_word_of_what_was_expected(kind, project):
    form = kind.form({}, project=project)
    said = [sentence for each in form.errors.values() for sentence in each]
    assert DJANGO not in said
    required = [name for name, field in form.fields.items() if field.required]
    assert all(form.errors[name][0].startswith(("Expected ", "Connect ", "Confirm ")) for name in required)


def test_nor_does_one_row_of_them():
    for row in (ItemForm({}, number=0), ShotForm({}, number=0, clips=[])):
        assert row.errors
        assert DJANGO not in str(row.errors)


def test_a_number_says_between_which_ends(project):
    form = kinds.get("clip_it").form({"count": "", "seconds": " "}, project=project)
    assert form.errors["count"] == ["Expected a whole number from 1 to 20, got nothing."]


def test_a_choice_says_of_what(project):
    errors = kinds.get("assembly").form({}, project=project).errors
    assert errors["formats"] == ["Expected at least one choice for “Formats”, got none."]
    assert errors["quality"] == ["Expected a choice for “Quality”, got none."]
