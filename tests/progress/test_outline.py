"""What is filled in is what would have been made, to the last byte."""

from functools import cache
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from progress import outline
from progress.outline import BETWEEN, Outlines

ROWS = """<b class="a-{{ first[0].name }}"{% if first[0].is_on %} on{% endif %}>100 % {{ first[0].count }}</b>
{% for each in rows %}{% if each.name %}<i>{{ each.name }} {{ each.count }}</i>{% endif %}{{ "," if not loop.last }}
{% endfor %}"""


@cache
def compiled(source):
    return Environment(autoescape=True).from_string(source)


class Row(NamedTuple):
    name: str | None
    count: float
    is_on: bool = False


class Made:
    """By a template of Jinja, and how often."""

    def __init__(self, source=ROWS):
        self.template, self.times = compiled(source), 0

    def __call__(self, first, rows, *, loud=False):
        self.times += 1
        return self.template.render(first=first, rows=rows) + ("!" if loud else "")


row = st.builds(Row, st.none() | st.text(), st.integers() | st.floats(0, 9), st.booleans())


@settings(max_examples=50)
@given(st.lists(st.tuples(row, st.lists(row, max_size=4), st.booleans()), max_size=8))
def test_whatever_is_told_it_is_what_the_template_would_say(told):
    made = Made()
    outlines = Outlines(made)
    for first, rows, loud in told:
        assert outlines.told((first,), tuple(rows), loud=loud) == made((first,), tuple(rows), loud=loud)


def test_the_template_is_rendered_once_for_each_shape():
    outlines = Outlines(made := Made())
    for name in ("Olga", "<Sten>", "7 %"):
        outlines.told((Row(name, 3),), (Row(name, 4), Row(name, 5)))
    assert made.times == 1
    outlines.told((Row("Olga", 3),), (Row("Olga", 4),))
    outlines.told((Row("Olga", 0),), (Row("Olga", 4),))
    outlines.told((Row("Olga", 3, is_on=True),), (Row("Olga", 4),))
    outlines.told((Row("Olga", 3),), (Row("Olga", 4),), loud=True)
    assert made.times == 5


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'many' if first[0].count > 3 else 'few' }}",
        "{{ first[0].name|upper }}",
        "{{ first[0].name == 'Olga' }}",
        "{{ first[0].count + 1 }}",
        "{{ first[0].name|length }}",
        "{{ first[0].name.upper() }}",
        "{% for letter in first[0].name %}{{ letter }}.{% endfor %}",
    ],
)
def test_a_template_that_does_more_than_write_is_rendered_each_time(source):
    outlines, plain = Outlines(Made(source)), Made(source)
    for told in (Row("Olga", 2), Row("Sten", 7)):
        assert outlines.told((told,), ()) == plain((told,), ())


def test_what_looks_like_a_hole_is_told_as_it_is():
    outlines = Outlines(Made())
    assert f"{BETWEEN}1{BETWEEN}" in outlines.told((Row(f"{BETWEEN}1{BETWEEN}", 2),), ())


def test_no_more_shapes_are_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(outline, "MOST", 2)
    outlines = Outlines(Made())
    for count in range(5):
        outlines.told((Row("Olga", 1),), (Row("Sten", 1),) * count)
    assert len(outlines._known) <= 2
