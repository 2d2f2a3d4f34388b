"""The Content-Security-Policy is on every answer, and no page needs an exception from it."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from exports.models import Project
from exports_site.headers import PolicyMiddleware
from exports_site.headers import policy as policy_of

pytestmark = pytest.mark.django_db
POLICY = policy_of()
DIRECTIVES = {name: sources for name, *sources in (part.split() for part in POLICY.split("; "))}


@pytest.fixture
def of(client, owner):
    """A browser in which the owner is signed in."""
    client.force_login(owner)
    return client


@pytest.fixture
def with_static_files(settings, tmp_path):
    """A browser at a server that has collected its static files; the middleware looks for them when it is made."""
    (tmp_path / "site.css").write_text("body {}")
    (tmp_path / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    settings.STATIC_ROOT = tmp_path
    return Client()


def policy(answer):
    return answer.headers.get("Content-Security-Policy")


def test_a_bucket_is_named_where_its_bytes_are_shown_or_sent_and_nowhere_else(settings):
    settings.STORE_ORIGIN = "https://store.example.com"
    answer = Client().get("/")
    directives = {name: sources for name, *sources in (part.split() for part in policy(answer).split("; "))}
    changed = {name for name in directives if directives[name] != DIRECTIVES[name]}
    assert changed == {"img-src", "media-src", "connect-src"}
    assert all(directives[name][:2] == ["'self'", "https://store.example.com"] for name in changed)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere"])
def test_no_page_may_use_camera_microphone_or_place_nor_be_reached_from_another_window(path, client):
    answer = client.get(path)
    assert {"camera=()", "microphone=()", "geolocation=()"} < set(answer.headers["Permissions-Policy"].split(", "))
    assert "bluetooth" not in answer.headers["Permissions-Policy"], "which browsers do not know, and complain of"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_everything_is_forbidden_that_is_not_named():
    assert DIRECTIVES["default-src"] == ["'none'"]


def test_nothing_unsafe_and_no_other_host_is_allowed():
    sources = {source for sources in DIRECTIVES.values() for source in sources}
    assert sources <= {"'none'", "'self'", "data:", "'script'", "default", "reader"}
    assert DIRECTIVES["require-trusted-types-for"] == ["'script'"]
    assert DIRECTIVES["trusted-types"] == ["default", "reader"], "static/guard.js makes these, and no script may more"
    assert [name for name, sources in DIRECTIVES.items() if "data:" in sources] == ["img-src"]


@pytest.mark.parametrize("name", ["base-uri", "frame-ancestors", "form-action"])
def test_what_the_default_does_not_cover_is_named(name):
    assert DIRECTIVES[name] in (["'none'"], ["'self'"])


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-up", "/admin/login/", "/healthz", "/exports/"])
def test_it_is_on_what_a_visitor_gets(path, client):
    assert policy(client.get(path)) == POLICY


@pytest.mark.parametrize("path", ["/exports/", "/password", "/sign-out", "/exports/indicator", "/admin/"])
def test_it_is_on_what_an_account_gets(path, of):
    assert policy(of.get(path)) == POLICY


def test_it_is_on_the_page_of_a_job_and_on_its_fragments(of, job):
    page = of.get(reverse("progress:job", args=[job.pk]))
    assert policy(page) == POLICY
    fragment = reverse("progress:fragment", args=[job.pk])
    mark = re.search(r"fragment\?v=([^&\"]+)", page.text)[1]
    assert policy(of.get(fragment)) == POLICY
    unchanged = of.get(fragment, {"v": mark})
    assert (unchanged.status_code, policy(unchanged)) == (204, POLICY)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("get", "/nowhere", 404), ("get", "/guest", 405), ("post", "/sign-in", 422), ("post", "/guest", 302)],
)
def test_it_is_on_refusals_and_redirects(method, path, status, client):
    answer = getattr(client, method)(path)
    assert (answer.status_code, policy(answer)) == (status, POLICY)


def test_it_is_on_what_was_asked_of_a_wrong_host(client):
    answer = client.get("/", headers={"host": "evil.example"})
    assert (answer.status_code, policy(answer)) == (400, POLICY)


@pytest.mark.parametrize("name", ["site.css", "favicon.svg"])
def test_it_is_on_static_files_for_a_drawing_can_hold_a_script(name, with_static_files):
    answer = with_static_files.get(f"/static/{name}")
    answer.close()
    assert (answer.status_code, policy(answer)) == (200, POLICY)


def test_a_view_that_says_otherwise_for_itself_is_heard(rf):
    own = HttpResponse(headers={"Content-Security-Policy": "sandbox"})
    assert policy(PolicyMiddleware(lambda request: own)(rf.get("/"))) == "sandbox"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ],
)
def test_the_other_headers_that_browsers_heed_are_there(name, value, client):
    assert client.get("/").headers[name] == value


# Inline scripts and styles, which this policy would silently keep from working
FORBIDDEN = {
    "an inline script": r"<script(?![^>]*\bsrc=)[^>]*>",
    "a style element": r"<style\b",
    "a style attribute": r"\sstyle\s*=",
    "an event attribute": r"\s(?:on[a-z]+|hx-on[:a-z-]*)\s*=",
    "an address of script": r"javascript:|[\"']js:",
    "another host": r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//",
    "a filter that is evaluated": r"hx-trigger\s*=\s*[\"'][^\"']*\[",
}


@pytest.fixture
def pages(of, job, staff, tracker, settings):
    """Every page that is ours, as browsers get it."""
    visitor, guest = Client(), Client()
    guest.post("/guest")
    done = tracker.create("film@1", title="Done", owner=job.owner)
    tracker.fail(done.pk, cause="lost", text="It was lost.")
    urls = [reverse("projects"), reverse("project", args=[Project.objects.create(owner=job.owner, name="Summer").pk])]
    urls += [reverse("progress:job", args=[each.pk]) for each in (job, done)]
    urls += [reverse("progress:fragment", args=[each.pk]) for each in (job, done)]
    asked = [(visitor, path) for path in ("/", "/sign-in", "/sign-up", "/nowhere")]
    asked += [(guest, path) for path in ("/exports/", "/sign-out", "/sign-up")]
    asked += [(of, path) for path in ("/exports/", "/password", "/sign-out", "/exports/indicator", *urls)]
    found = {f"{path} as {number}": client.get(path).text for number, (client, path) in enumerate(asked)}
    assert all(found.values())
    return found


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_page_holds(what, pages):
    assert {
        path: hit[0] for path, page in pages.items() if (hit := re.search(FORBIDDEN[what], page, re.IGNORECASE))
    } == {}


@pytest.mark.parametrize(
    ("what", "planted"),
    [
        ("an inline script", "<script>alert(1)</script>"),
        ("a style element", "<style>p {}</style>"),
        ("a style attribute", '<p style="width: 4%">'),
        ("an event attribute", '<p onclick="go()">'),
        ("an event attribute", '<p hx-on:click="go()">'),
        ("an address of script", '<a href="javascript:go()">'),
        ("another host", '<script src="https://cdn.example/htmx.js"></script>'),
        ("a filter that is evaluated", '<p hx-trigger="every 2s [visible()]">'),
    ],
)
def test_what_is_planted_is_found(what, planted):
    assert re.search(FORBIDDEN[what], planted, re.IGNORECASE)


@pytest.mark.parametrize(
    ("host", "source"), [("127.0.0.1:8000", "http://127.0.0.1:8001"), ("localhost", "http://localhost:8001")]
)
def test_news_may_come_from_its_port_of_the_machine_that_was_asked_and_from_nowhere_else(host, source, settings):
    settings.PROGRESS_PUSH = ":8001"
    given = Client(headers={"Host": host}).get("/sign-in").headers["Content-Security-Policy"]
    assert f"connect-src 'self' {source};" in given
    assert "connect-src 'self';" in Client(headers={"Host": "evil.example"}).get("/")["Content-Security-Policy"]
