"""Names that are written from right to left stand by themselves, and turn nothing round that stands beside them."""

import re
from html.parser import HTMLParser

import pytest
from django.urls import reverse
from django.utils import timezone

from exports.models import Attempt
from progress.isolating import isolated
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, project_of, requested, running

pytestmark = pytest.mark.django_db
FILM, CLIP = "סרט 7", "פרח 12.mov"
ALONE = f"\N{FIRST STRONG ISOLATE}{FILM}\N{POP DIRECTIONAL ISOLATE}"
SILENT = {"title", "option", "script", "style", "textarea"}
EMPTY = {"br", "img", "input", "link", "meta", "hr", "path", "rect", "circle"}


class Beside(HTMLParser):
    """Names that are shown without a <bdi> of their own."""

    def __init__(self):
        super().__init__()
        self.around, self.found = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in EMPTY:
            self.around.append("hidden" if "visually-hidden" in (dict(attrs).get("class") or "") else tag)

    def handle_endtag(self, tag):
        if tag not in EMPTY and self.around:
            self.around.pop()

    def handle_data(self, text):
        if any(name in text for name in (FILM, CLIP)) and not {"bdi", "hidden", *SILENT} & set(self.around):
            self.found.append((self.around[-1], " ".join(text.split())))


def beside(page):
    reader = Beside()
    reader.feed(page)
    return reader.found


@pytest.fixture
def export(owner):
    project = project_of(owner)
    project.name = FILM
    project.save(update_fields=["name"])
    film_of(project, CLIP)
    return running(requested(project, title=FILM))


def test_a_name_in_hebrew_is_isolated_on_every_page_that_shows_it(export, browser):
    project = export.project_id
    paths = {
        "list of projects": reverse("projects"),
        "project": reverse("project", args=[project]),
        "kinds": reverse("choose-kind", args=[project]),
        "form": reverse("new-export", args=[project, "overlay"]),
        "list of exports": reverse("dashboard"),
        "export": reverse("export", args=[export.pk]),
        "what is polled": f"{reverse('progress:fragment', args=[export.pk])}?v=0&nav",
    }
    pages = {name: browser.get(path).text for name, path in paths.items()}
    assert all(FILM in page for page in pages.values())
    assert {name: found for name, page in pages.items() if (found := beside(page))} == {}


def test_it_stands_by_itself_in_the_titles_of_pages_where_no_markup_may_be(export, browser, staff, signed_in):
    project = export.project_id
    own = {
        reverse("project", args=[project]): f"{ALONE} · Longhaul",
        reverse("choose-kind", args=[project]): f"Export · {ALONE} · Longhaul",
        reverse("new-export", args=[project, "overlay"]): f" · {ALONE} · Longhaul",
        reverse("export", args=[export.pk]): f"% · {ALONE}",
        f"{reverse('progress:fragment', args=[export.pk])}?v=0&nav": f"% · {ALONE}",
    }
    for path, title in own.items():
        (shown,) = re.findall(r"<title>(.*?)</title>", browser.get(path).text)
        assert shown.endswith(title)
    boss = signed_in(staff)
    for page in ("export_change", "asked"):
        answer = boss.get(reverse(f"admin:exports_{page}", args=[export.pk]))
        assert f"“{ALONE}”" in re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)[1]


@pytest.mark.parametrize(("status", "said"), [("complete", "Done"), ("failed", "Problem"), ("cancelled", "Cancelled")])
def test_so_it_does_in_the_title_of_what_has_ended(export, status, said):
    export.job.status = status
    assert snapshot(export.job).page_title == f"{said} · {ALONE}"


def test_it_stands_by_itself_in_a_sentence_too(export, browser, owner):
    alone = f"“{ALONE}”"
    address = reverse("delete-project", args=[export.project_id])
    assert f"{alone} is not finished yet." in browser.post(address, follow=True).text
    ProgressTracker().cancel(export.pk, actor="")
    Attempt.objects.update(gone_at=timezone.now())
    page = browser.post(address, follow=True).text
    assert f"{alone} is deleted." in page
    assert beside(page.replace(alone, "")) == []


def test_a_name_that_turns_nothing_round_stays_as_it_was_typed():
    assert isolated("Лофотен 7 (été)") == "Лофотен 7 (été)"
