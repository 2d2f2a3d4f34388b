"""What is asked for without a form, as through the API: what is left out is the usual, what cannot be is refused."""

import pytest

from exports import kinds
from exports.kinds.base import Unplannable
from tests.exports.footage import film_of, project_of, source_in
from tests.exports.kinds.asked import TITLE

pytestmark = pytest.mark.django_db
LATE = TITLE | {"from_us": 8_000_000, "to_us": None}


@pytest.fixture
def project(owner):
    return film_of(project_of(owner), "a.mov")[0].project


def test_what_is_left_out_is_the_usual(project):
    framed = kinds.get("framing_ai").plan(project, {})
    assert framed["output"] == {"width": 1080, "height": 1920, "fps": [30, 1], "quality": "standard"}
    assert framed["follow"] == "motion"
    laid = kinds.get("overlay").plan(project, {"items": [TITLE]})
    assert (laid["items"], laid["output"]["width"], len(laid["clips"])) == ([TITLE], 1920, 1)


@pytest.mark.parametrize(
    ("shape", "side", "size"),
    [
        ("9:16", "1080", (1080, 1920)),
        ("4:5", "720", (720, 900)),
        ("1:1", "360", (360, 360)),
        ("16:9", "1080", (1920, 1080)),
    ],
)
def test_every_shape_has_its_size(project, shape, side, size):
    output = kinds.get("framing_ai").plan(project, {"shape": shape, "side": side})["output"]
    assert (output["width"], output["height"]) == size


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("framing_ai", {"shape": "2:1"}, "Shape: expected one of 9:16"),
        ("framing_ai", {"follow": "faces"}, "Follow: expected one of motion, middle"),
        ("framing_ai", {"enlarging": "real-esrgan"}, "Enlarging: expected lanczos"),
        ("framing_ai", {"footage": "nowhere"}, "a clip that is in the project"),
        ("overlay", {}, "nothing to lay over"),
        ("overlay", {"items": "title"}, "Items: items is"),
        ("overlay", {"items": [["title"]]}, "Items: items is"),
        ("overlay", {"items": [{"what": "song"}]}, "expected one of title"),
        ("overlay", {"items": [{"text": "without a sort"}]}, "Items: the fields of an item is"),
        ("overlay", {"items": [TITLE | {"text": "東京"}]}, "The font cannot draw “東京”."),
        ("overlay", {"items": [TITLE, LATE]}, "Item 2 begins at 0:08, and the film has ended at 0:08."),
        ("overlay", {"items": [TITLE], "size": "huge"}, "Size: expected one of"),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(project, kind, options, said):
    with pytest.raises(Unplannable) as refused:
        kinds.get(kind).plan(project, options)
    assert said in str(refused.value)


def test_while_nobody_knows_how_long_a_clip_is_what_is_laid_over_it_may_begin_at_any_time(project):
    project.append([source_in(project, "b.mov", state="uploading", facts={})])
    assert kinds.get("overlay").plan(project, {"items": [LATE]})["items"] == [LATE]
