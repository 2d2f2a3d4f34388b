"""The fields that all forms share."""

import pytest
from django import forms
from django.test import SimpleTestCase

from exports.kinds.asking import PlainInput


@pytest.mark.parametrize("value", [None, "", "0:02.5", 0, '"><script>', "<b>'&", "é \u202e"])
def test_a_plain_input_is_what_django_makes_of_it(value):
    attrs = {"id": 'clip-1"', "size": 9, "min": 0, "required": True, "disabled": False, "hx-vals": '{"do": "check"}'}
    plain, djangos = (widget(attrs=attrs).render("start", value) for widget in (PlainInput, forms.TextInput))
    SimpleTestCase().assertHTMLEqual(plain, djangos)
