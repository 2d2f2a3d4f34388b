"""The options of every kind, asked wrongly: each answer names the option, and says in a sentence what was expected."""

import pytest
from django import forms
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from exports import kinds
from exports.kinds.asking import FILM
from tests.exports.footage import driver_is_awake, film_of, project_of

pytestmark = pytest.mark.django_db

TITLE = {
    "what": "title",
    "from_us": 0,
    "to_us": None,
    "fade_us": 0,
    "place": "middle",
    "colour": "#ffffff",
    "text": "A",
}
KINDS = [kind.key for kind in kinds.registered()]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def film(owner, settings):
    settings.API_CHANGES_A_MINUTE = 1_000_000
    driver_is_awake()
    project = project_of(owner)
    film_of(project, "beach.mov")
    return project


def ask(script, project, kind, options):
    return script.post("/exports", {"project": str(project.pk), "kind": kind, "options": options})


def problem(answer):
    told = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert told["detail"].endswith(".")
    assert (told["type"], told["status"]) == ("/api/docs#problem-invalid", 422)
    return told


@pytest.mark.parametrize("kind", KINDS)
def test_a_choice_that_there_is_not_is_named_with_those_that_there_are(olgas, film, kind):
    form = kinds.get(kind).form(None, project=film)
    choices = [name for name in form.option_names if isinstance(form.fields.get(name), forms.ChoiceField)]
    for name in choices:
        usual = {"items": [TITLE]} if "items" in form.option_names else {}
        told = problem(ask(olgas, film, kind, usual | {name: "nonsense"}))
        assert told["errors"] == [{"at": f"body.options.{name}", "detail": told["detail"]}]
        assert told["detail"].startswith(f"{name.capitalize()}: expected ")


@pytest.mark.parametrize("kind", KINDS)
def test_an_option_that_there_is_not_is_named_too(olgas, film, kind):
    told = problem(ask(olgas, film, kind, {"colour": "red"}))
    assert told["errors"][0]["at"] == "body.options.colour"
    assert all(name in told["detail"] for name in kinds.get(kind).form(None, project=film).option_names)


def test_what_is_laid_over_is_named_where_it_is_wrong(olgas, film):
    for items in ([], [TITLE | {"place": "nowhere"}], [TITLE | {"text": "\U0001f3de"}], "nonsense", [[1]]):
        told = problem(ask(olgas, film, "overlay", {"items": items}))
        assert told["errors"][0]["at"] == "body.options.items"


def test_whatever_stands_in_an_option_is_answered(olgas, film):
    @tried(max_examples=60, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.data(), st.sampled_from(KINDS))
    def each(data, kind):
        form = kinds.get(kind).form(None, project=film)
        right = {name: _choices(form.fields.get(name)) for name in form.option_names}
        values = {name: ANYTHING | st.sampled_from(right[name]) for name in form.option_names}
        options = data.draw(st.fixed_dictionaries({}, optional=values))
        answer = ask(olgas, film, kind, options)
        assert answer.status_code == 201 or problem(answer)["detail"], options

    each()


def _choices(field):
    return [key for key, _ in getattr(field, "choices", [])] or [FILM, [TITLE], [TITLE | {"to_us": 1}]]
