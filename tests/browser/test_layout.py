"""Where things stand on a page: what belongs together is together."""

import pytest

from exports.tools import tools
from exports.views import lazy
from tests.gallery import forms
from tests.gallery.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
# Boxes that do not stand before their label, on its first line; as the label says.
ASTRAY = """() => [...document.querySelectorAll("#content input[type=checkbox]")].filter((box) => {
  const label = box.labels[0], at = box.getBoundingClientRect(), range = document.createRange();
  range.selectNodeContents(label);
  const texts = [...range.getClientRects()].filter((each) => each.width > at.width || each.left > at.right);
  const first = texts[0], middle = at.top + at.height / 2;
  return at.width && !(first && at.right <= first.left && middle > first.top && middle < first.bottom);
}).map((box) => box.labels[0].textContent.trim())"""


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    settings.STORE_ROOT = tmp_path / "store"
    tools.cache_clear()
    lazy.lazily.cache_clear()
    yield
    tools.cache_clear()


def shown(visitor, sign_in, scene):
    """The page of a scene, as it stands after what is done there."""
    visitor.context.clear_cookies()
    if scene.account:
        sign_in(visitor, scene.account)
    visitor.goto(scene.path)
    if scene.act:
        scene.act(visitor)


def test_a_box_stands_before_what_it_is_a_yes_to(visitor, sign_in):
    astray = {}
    for scene in forms.scenes(Stage([])):
        shown(visitor, sign_in, scene)
        for size in (DESK, PHONE):
            visitor.set_viewport_size(size)
            if found := visitor.evaluate(ASTRAY):
                astray[scene.name, size["width"]] = found
    assert astray == {}
