"""What becomes part of a page was read first; a text that could run or lead away is refused, and the page stays."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import opened

pytestmark = pytest.mark.browser

PUT = """([how, text]) => {
  const place = document.createElement("div");
  document.body.append(place);
  try {
    if (how === "parsed") place.append(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
    else if (how === "script") { const made = document.createElement("script"); made.text = text; place.append(made); }
    else if (how === "address") { const made = document.createElement("script"); made.src = text; place.append(made); }
    else place.innerHTML = text;
    return place.childElementCount;
  } catch (error) {
    return error.name;
  } finally {
    place.remove();
  }
}"""
GOOD = (
    '<p id="one" class="note">Two of <b>three</b></p>',
    '<form hx-post="/exports/1/pause" hx-trigger="click"><button name="do">Pause</button></form>',
    '<a href="https://example.com/page">there</a><a href="mailto:you@example.com">mail</a>',
    '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="">',
)
BAD = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href=" java\\tscript:alert(1)">there</a>'.replace("\\t", "\t"),
    '<iframe srcdoc="<p>x"></iframe>',
    '<form action="data:text/html,x"></form>',
    '<base href="https://evil.example/">',
    '<meta http-equiv="refresh" content="0; https://evil.example">',
    '<p hx-get="https://evil.example/x" hx-trigger="load">x</p>',
    '<p data-hx-on:click="go()">x</p>',
    '<p hx-trigger="every 2s [alert(1)]">x</p>',
    '<p hx-vals="js:{a: alert(1)}">x</p>',
    "<template><template><script>alert(1)</script></template></template>",
    '<svg><a xlink:href="javascript:alert(1)"></a></svg>',
    '<svg><animate attributeName="href" values="javascript:alert(1)"/></svg>',
    '<p style="background: url(https://evil.example)">x</p>',
)

# What a browser tells of these, besides that it refuses them: the document that they are read in has the page's policy.
EXPECTED = ("require-trusted-types-for", "trusted-types", "script-src", "style-src", "base-uri")


@pytest.fixture
def page(chromium, live_server):
    with opened(chromium, live_server.url, expected=EXPECTED) as page:
        page.goto("/sign-in")
        yield page


def test_what_pages_are_made_of_comes_in_and_what_could_run_or_lead_away_does_not(page):
    for how in ("parsed", "inner"):
        assert [text for text in GOOD if page.evaluate(PUT, [how, text]) == "TypeError"] == []
        assert [text for text in BAD if page.evaluate(PUT, [how, text]) != "TypeError"] == []


def test_no_text_becomes_a_script_or_the_address_of_one(page):
    assert page.evaluate(PUT, ["script", "window.ran = 1"]) == "TypeError"
    assert page.evaluate(PUT, ["address", "/static/site.js"]) == "TypeError"
    assert page.evaluate("typeof window.ran") == "undefined"


def test_a_drawing_comes_in_where_it_is_read_in_one_way_only(page):
    drawing = '<svg viewBox="0 0 2 2"><rect width="1" height="1"/></svg>'
    assert page.evaluate(PUT, ["parsed", drawing]) == 1
    assert page.evaluate(PUT, ["inner", drawing]) == "TypeError"


def test_no_script_of_the_page_can_make_a_policy_that_lets_everything_through(page):
    made = """() => { try { trustedTypes.createPolicy("mine", { createHTML: (text) => text }); return "made"; }
                      catch (error) { return error.name; } }"""
    assert page.evaluate(made) == "TypeError"


def test_an_answer_that_holds_a_script_changes_nothing_on_the_page(page):
    page.route(
        "**/planted", lambda route: route.fulfill(content_type="text/html", body="<p>planted</p><script>1</script>")
    )
    with page.expect_response("**/planted"):
        page.evaluate("void htmx.ajax('GET', '/planted', { target: '#content', swap: 'innerHTML' })")
    expect(page.get_by_label("Username")).to_be_visible()
    assert page.get_by_text("planted").count() == 0
