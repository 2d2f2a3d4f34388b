"""What the work of a kind stands on, and what a machine says that it lacks."""

import pytest

from modal_functions import kinds, needs
from modal_functions.needs import Image, Needs


@pytest.mark.parametrize("kind", kinds.NAMES)
def test_every_kind_declares_what_it_needs_and_this_machine_has_it(kind):
    assert needs.of(kind).missing_here() == ""
    assert callable(kinds.work_of(kind))


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        (("av",), ""),
        (("av", "no_such_library"), "the Python package no_such_library"),
        (("no_such_library", "nor_this"), "the Python packages no_such_library, nor_this"),
    ],
)
def test_a_library_that_is_not_there_is_named(modules, said):
    assert Needs(image=Image(name="x", modules=modules)).missing_here() == said


def test_what_no_import_can_tell_is_looked_for():
    assert Needs(probe=lambda: "the weights of the upscaler").missing_here() == "the weights of the upscaler"
    unknown = Needs(image=Image(name="x", modules=("no_such_library",)), probe=lambda: "more")
    assert unknown.missing_here() == "the Python package no_such_library", "without it there is nothing to look at"


def test_there_is_a_file_on_both_sides_for_every_kind():
    from exports import kinds as asked

    assert {kind.key for kind in asked.registered()} == set(kinds.NAMES)
