"""What people call their projects, films and keys is what it looks like, wherever it is given."""

import pytest
from django.urls import reverse

from exports.management.values import title
from exports.models import Project, Token
from exports.names import Unreadable, readable
from tests.exports.footage import film_of, project_of

pytestmark = pytest.mark.django_db
TURNED = "invoice\u202e4pm.exe"
SAID = "got the character U+202E (right-to-left override). Type it anew."
FAMILY, PERSIAN = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"


@pytest.mark.parametrize("name", ["Lofoten", "東京", "סרט 3", PERSIAN, FAMILY, "a  b", "Ça – “là”"])
def test_what_can_be_seen_stays_as_it_is(name):
    assert readable(name) == name


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f", "\u3000"])
def test_a_space_of_another_width_is_a_space(blank):
    """As in what macOS calls a recording of the screen."""
    assert readable(f"at 3.45{blank}PM") == "at 3.45 PM"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a\u202eb", "U+202E (right-to-left override)"),
        ("a\u2066b", "U+2066 (left-to-right isolate)"),
        ("a\u200bb", "U+200B (zero width space)"),
        ("a\u2028b", "U+2028 (line separator)"),
        ("a\nb", "U+000A (control character)"),
        ("a\ud800b", "U+D800 (control character)"),
    ],
)
def test_what_cannot_be_seen_is_refused_and_named(name, said):
    with pytest.raises(Unreadable) as why:
        readable(name)
    assert said in str(why.value)


def test_no_project_is_called_so(browser):
    answer = browser.post(reverse("projects"), {"name": TURNED})
    assert (answer.status_code, SAID in answer.text) == (422, True)
    answer = browser.post("/api/v1/projects", {"name": TURNED}, content_type="application/json")
    assert (answer.status_code, SAID.rstrip(".") in answer.json()["detail"]) == (422, True)
    assert not Project.objects.exists()


def test_no_film_and_no_key_is(browser, owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    chosen = {
        "do": "export",
        "title": TURNED,
        "size": "360p",
        "rate": "30",
        "quality": "standard",
        "enlarging": "lanczos",
    }
    assert SAID in browser.post(reverse("film", args=[project.pk]), chosen).text
    assert SAID in browser.post(reverse("tokens"), {"name": TURNED, "scope": "read"}).text
    assert not Token.objects.exists()
    assert not project.exports.exists()
    with pytest.raises(Exception, match="right-to-left override"):
        title(TURNED)


def test_a_recording_of_a_screen_can_give_its_project_its_name(browser):
    typed = {"name": "Screen Recording at 3.45\u202fPM"}
    made = browser.post("/api/v1/projects", typed, content_type="application/json")
    assert (made.status_code, made.json()["name"]) == (201, "Screen Recording at 3.45 PM")
