"""What people read is marked for translation, and the English catalogue has all of it: `make messages`."""

import ast
import re
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

from tests.exports_site.spoken import unmarked

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "locale" / "en" / "LC_MESSAGES" / "django.po"
STAFF = {"staff", "admin", "api"}  # the admin and the reference of the API speak English
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for folder in ("templates", "progress/templates", "progress/jinja2")
    for path in sorted((ROOT / folder).rglob("*.*"))
    if path.suffix in (".html", ".txt") and not STAFF & set(path.relative_to(ROOT).parts)
}
CALLS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext"}
QUOTED = r"u?((?:'(?:[^'\\]|\\.)*')|(?:\"(?:[^\"\\]|\\.)*\"))"
IN_TEMPLATES = re.compile(rf"\bn?gettext\({QUOTED}(?:, {QUOTED})?")


def test_every_word_of_a_page_is_marked():
    assert len(PAGES) > 50
    assert {path: found for path, source in PAGES.items() if (found := unmarked(source))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        "<p>{{ count }} clips</p>",
        '<a title="Open it">{% translate "Open" %}</a>',
        '<p aria-label="{{ name }}, the film"></p>',
        "<details{% if open %} open{% endif %}>More</details>",
        '{% if a %}{% translate "one" %}{% else %}another{% endif %}',
        "<style>p { color: red }</style>tail",
    ],
)
def test_a_word_that_is_not_is_found(source):
    assert len(unmarked(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        '<p class="lead" data-name="x">{% translate "Hello" %} · Longhaul</p>',
        "<p>{% blocktranslate with n=number %}{{ n }} clips{% endblocktranslate %}</p>",
        "<p>{{ sentence }} {{ other }}.</p><code>lh_x</code><script>say('hello')</script>",
        "<p>{# said to nobody #}{% comment %}nor this{% endcomment %}</p>",
        "&middot; 12 % — <svg viewBox='0 0 1 1'><path d=\"M0\"/></svg>",
    ],
)
def test_what_needs_no_mark_is_left_alone(source):
    assert unmarked(source) == []


def test_the_catalogue_has_every_sentence():
    kept = _kept(CATALOGUE.read_text())
    missing = sorted((_in_templates() | _in_modules()) - kept)
    assert missing == [], "make messages brings them"


def _kept(catalogue):
    """The texts of a .po file, whose lines are Python's literals too."""
    found = re.findall(r"^msgid(?:_plural)? ((?:\"(?:[^\"\\]|\\.)*\"\n)+)", catalogue, re.MULTILINE)
    return {ast.literal_eval(f"({text})") for text in found}


def _in_templates():
    found = [match for source in PAGES.values() for match in IN_TEMPLATES.findall(templatize(source))]
    return {ast.literal_eval(text) for texts in found for text in texts if text}


def _in_modules():
    paths = [path for package in ("exports", "progress", "exports_site") for path in (ROOT / package).rglob("*.py")]
    return {text for path in paths for text in _said(ast.parse(path.read_text()))}


def _said(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            yield from (
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )
