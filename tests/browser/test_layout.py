"""Where things stand on a page: what belongs together is together."""

import pytest
from playwright.sync_api import expect

from tests.exports.footage import source_in
from tests.gallery import desk, forms
from tests.gallery.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store")]

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
# Boxes that do not stand before their label, on its first line; as the label says.
ASTRAY = """() => [...document.querySelectorAll("#content input[type=checkbox]")].filter((box) => {
  const label = box.labels[0], at = box.getBoundingClientRect(), range = document.createRange();
  range.selectNodeContents(label);
  const texts = [...range.getClientRects()].filter((each) => each.width > at.width || each.left > at.right);
  const first = texts[0], middle = at.top + at.height / 2;
  return at.width && !(first && at.right <= first.left && middle > first.top && middle < first.bottom);
}).map((box) => box.labels[0].textContent.trim())"""

# Labels whose field stands neither beside them nor below them.
PARTED = """() => [...document.querySelectorAll(".staff label[for]")].filter((label) => {
  const at = label.getBoundingClientRect(), field = label.control.getBoundingClientRect();
  const beside = field.top < at.bottom && at.top < field.bottom;
  return !beside && !(field.top >= at.bottom && Math.abs(field.left - at.left) < 8);
}).map((label) => `${label.htmlFor}: ${label.textContent.trim()}`)"""
WIDER = "document.documentElement.scrollWidth > window.innerWidth"


def shown(visitor, sign_in, scene):
    """The page of a scene, as it stands after what is done there."""
    visitor.goto("about:blank")  # else a poll of the page before may lead to the sign-in, and not the scene
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


def test_the_pages_of_staff_fit_a_phone_and_each_label_stands_at_its_field(visitor, sign_in):
    wrong = {}
    visitor.set_viewport_size(PHONE)
    for scene in desk.scenes(Stage([])):
        if scene.name not in ("staff-attention", "staff-story-stuck", "staff-plan", "staff-system", "staff-bulk"):
            continue
        shown(visitor, sign_in, scene)
        if found := visitor.evaluate(PARTED) + ["wider"] * visitor.evaluate(WIDER):
            wrong[scene.name] = found
    assert wrong == {}


def test_in_a_contrast_theme_buttons_of_staff_look_like_buttons_and_the_list_that_is_shown_like_no_other(
    visitor, sign_in
):
    visitor.emulate_media(forced_colors="active")
    scene = next(each for each in desk.scenes(Stage([])) if each.name == "staff-attention")
    shown(visitor, sign_in, scene)
    borders = "(all) => all.map((each) => getComputedStyle(each).borderTopWidth)"
    assert set(visitor.locator(".staff .button").evaluate_all(borders)) == {"1px"}
    colour = "(each) => getComputedStyle(each).backgroundColor"
    lists = visitor.locator(".staff-views a")
    assert lists.first.evaluate(colour) != lists.last.evaluate(colour)


def test_on_paper_the_bar_is_drawn_and_nothing_is_there_to_be_pressed(visitor, sign_in):
    stage = Stage([])
    export = stage.running(stage.export())
    sign_in(visitor, stage.owner)
    visitor.goto(stage.page(export))
    visitor.emulate_media(media="print")
    fill = visitor.locator(".job > .job-bar > .job-fill")
    assert fill.evaluate("(fill) => getComputedStyle(fill).printColorAdjust") == "exact"
    expect(visitor.get_by_text("Rendering your film...").first).to_be_visible()
    expect(visitor.get_by_role("button")).to_have_count(0)


def test_a_card_fits_a_phone_with_letters_of_twice_their_size(visitor, sign_in):
    stage = Stage([])
    export = stage.running(stage.export())
    sign_in(visitor, stage.owner)
    visitor.set_viewport_size({"width": 390 // 2, "height": 422})  # so many letters to a line as there
    visitor.goto(stage.page(export))
    expect(visitor.locator(".job-title")).to_be_visible()
    assert not visitor.evaluate(WIDER)
    top = "(each) => each.getBoundingClientRect().top"
    assert visitor.locator(".job-title").evaluate(top) < visitor.locator(".job-percent").evaluate(top)
    least = "(each) => each.scrollWidth <= each.clientWidth && each.clientWidth > 100"
    assert visitor.locator(".job-title").evaluate(least)


# Names and buttons that have room for less than a short word a line, or none for what stands in them.
SQUEEZED = """() => [...document.querySelectorAll(".export-name, .source-name, .filter .field, .source-acts .button")]
  .filter((each) => each.checkVisibility() && (each.clientWidth < 100 || each.scrollWidth > each.clientWidth + 1
    || each.getBoundingClientRect().right > each.parentElement.getBoundingClientRect().right + 1))
  .map((each) => `${each.className}: ${each.textContent.trim().slice(0, 20)}`)"""
SMALL_BOXES = """() => [...document.querySelectorAll("#content input[type=checkbox]")]
  .filter((each) => each.offsetWidth && each.offsetWidth < 13).map((each) => each.labels[0].textContent.trim())"""


def test_lists_and_forms_have_room_for_letters_of_twice_their_size(visitor, sign_in):
    stage, squeezed = Stage([]), {}
    stage.running(stage.export(title="Reel 12"))
    full = stage.project(clips=2)
    visitor.set_viewport_size({"width": 390 // 2, "height": 422})  # so many letters to a line as there
    sign_in(visitor, stage.owner)
    for path in ("/exports/", "/projects/", f"/projects/{full.pk}/", f"/projects/{full.pk}/exports/new/assembly"):
        visitor.goto(path)
        if found := visitor.evaluate(SQUEEZED) + visitor.evaluate(SMALL_BOXES) + ["wider"] * visitor.evaluate(WIDER):
            squeezed[path] = found
    assert squeezed == {}


def test_a_button_that_deletes_keeps_its_word_and_the_name_apart(window, project, address):
    source_in(project, "beach.mov")
    window.goto(address)
    for button in window.locator(".sure .button-stop").all():
        apart = button.evaluate("""(button) => {
          button.closest("details").open = true;
          const word = document.createRange();
          word.selectNode(button.firstChild);
          return button.querySelector("bdi").getBoundingClientRect().left - word.getBoundingClientRect().right;
        }""")
        assert apart > 2, button.text_content()


def test_the_page_stands_where_it_stands_whatever_is_said_at_its_top_of_what_is_under_way(visitor, sign_in):
    stage = Stage([])
    stage.running(stage.export(title="Reel 12"))
    sign_in(visitor, stage.owner)
    visitor.goto("/account")
    face, head = visitor.locator(".indicator-face"), visitor.locator(".site-head")
    for width in (390, 768, 900, 1280):
        visitor.set_viewport_size({"width": width, "height": 844})
        at = set()
        for said in ("1 export", "1 export · next in about 1 min", "12 exports · next in less than a minute"):
            face.evaluate("(face, said) => { face.textContent = said }", said)
            at.add(head.evaluate("(head) => head.getBoundingClientRect().height"))
        assert len(at) == 1, (width, at)
        assert not visitor.evaluate(WIDER), width
