"""Debian's Chromium against a live server. Where it is missing, the tests are skipped and say what to do."""

import contextlib
import os
import shutil

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from exports.tools import tools
from exports.views import lazy
from tests.browser.flags import FLAGS
from tests.browser.production import Production
from tests.exports.footage import driver_is_awake, project_of
from tests.platforms import Platforms
from tests.serving import Server

PATIENCE = 120_000  # milliseconds: a busy machine is slow, not wrong
# Told by each page, before any script of ours, as it happens: what its policy refused, Trusted Types among it. Nor does
# a page give up an answer that is only slow, or that a test holds back.
WATCH = f"""
  document.addEventListener("securitypolicyviolation", (event) => window.refusedHere(
    `${{event.violatedDirective}}: ${{event.blockedURI || event.sourceFile}} ${{event.sample}}`.trim()));
  window.addEventListener("load", () => {{ if (window.htmx) window.htmx.config.timeout = {PATIENCE}; }});
"""


@pytest.fixture(scope="module")
def chromium():
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Debian's Chromium is not installed; `apt install chromium` brings it")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
        "true"  # Playwright keeps an event loop in this thread, as long as it runs
    )
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


@contextlib.contextmanager
def opened(chromium, url, *, expected=()):
    """A browser of its own; whatever any of its pages was refused fails the test."""
    refused: list[str] = []
    errors: list[str] = []
    with another(chromium, url, locale="en-GB", timezone_id="Europe/Berlin") as context:
        context.expose_binding("refusedHere", lambda _, said: refused.append(said))
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        try:
            yield page
            page.goto("about:blank", wait_until="commit")  # ends its polls before the server goes
        except Exception as failure:
            failure.add_note("\n".join([as_it_stands(page), *refused, *errors]))
            raise
    assert [each for each in refused if not each.startswith(expected or "nothing")] == []
    assert [each for each in errors if not (expected and "TrustedHTML" in each)] == []


@contextlib.contextmanager
def another(chromium, url, **more):
    """Without the cookies of any other."""
    context = chromium.new_context(base_url=url, **more)
    context.set_default_timeout(PATIENCE)
    try:
        yield context
    finally:
        context.close()


def as_it_stands(page):
    """What there is to be read on a page that a test was not content with."""
    from playwright.sync_api import Error

    try:
        return f"{page.url} shows\n{page.locator('body').aria_snapshot(timeout=5_000)}"
    except Error as silent:
        return f"{page.url} does not tell what it shows: {silent}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A window that stays open beyond its test is read here; `opened` tells of all others."""
    report = yield
    page = item.funcargs.get("visitor") if hasattr(item, "funcargs") else None
    if page and report.when == "call" and report.failed:
        report.sections.append(("what the browser showed", as_it_stands(page)))
    return report


@pytest.fixture
def store(settings, tmp_path):
    """A folder of the test's own."""
    settings.STORE_ROOT = tmp_path / "store"
    for kept in (tools, lazy.lazily):
        kept.cache_clear()
    yield tools().store
    tools.cache_clear()


@pytest.fixture
def visitor(chromium, live_server):
    """A browser window of somebody who has not signed in."""
    with opened(chromium, live_server.url) as page:
        yield page


@pytest.fixture
def sign_in(live_server):
    def as_person(page, person):
        client = Client()
        client.force_login(person)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        return page

    return as_person


@pytest.fixture
def window(visitor, owner, sign_in):
    """A browser window of the owner."""
    return sign_in(visitor, owner)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The whole product as `make run` starts it: web server, cluster, and a runner that starts real attempts."""
    if "sqlite3" not in settings.DATABASES["default"]["ENGINE"]:
        pytest.skip("it makes a SQLite of its own, so once a suite is enough")
    home = tmp_path_factory.mktemp("site") / "home"
    platforms = Platforms(seconds=1)
    addresses = {
        f"LONGHAUL_{name.upper()}": url
        for name, url in (
            ("tiktok_api", platforms.addresses["tiktok"]),
            ("instagram_api", platforms.addresses["instagram"]),
            ("instagram_uploads", platforms.addresses["instagram_uploads"]),
        )
    }
    running = Server(home, None, "--first-start", LONGHAUL_POLL_SECONDS="1", LONGHAUL_POSTING="on", **addresses)
    running.platforms = platforms
    try:
        assert running.answers(within=600), running.said
        yield running
    finally:
        running.end()
        platforms.stop()


@pytest.fixture(scope="session")
def production(buckets, loopback, tmp_path_factory):
    """The same with a bucket and Modal."""
    if "sqlite3" not in settings.DATABASES["default"]["ENGINE"]:
        pytest.skip("it makes a SQLite of its own, so once a suite is enough")
    running = Production(tmp_path_factory.mktemp("production") / "home", buckets.make(), loopback)
    try:
        assert running.answers(within=600), running.said
        yield running
    finally:
        running.end()


@pytest.fixture
def enters(site):
    """Signs in as people do, with the form."""

    def sign_in(page, address="/exports/"):
        page.goto(f"/sign-in?next={address}")
        page.get_by_label("Username").fill(site.account)
        page.get_by_label("Password").fill(site.password())
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**{address}")

    return sign_in


@pytest.fixture
def awake(transactional_db, settings):
    """A driver is, so no page takes a step by itself."""
    settings.PROGRESS_POLL_SECONDS = 0.4
    lazy.lazily.cache_clear()
    driver_is_awake()


@pytest.fixture
def project(owner):
    return project_of(owner)


@pytest.fixture
def address(project):
    return reverse("project", args=[project.pk])
