"""Somebody uploads footage in a real browser, and it goes straight to the bucket."""

import hashlib
import os

import pytest
from playwright.sync_api import expect

from exports.models import Project, Source
from exports.tools import tools
from tests.buckets import documented_cors
from tests.exports.conftest import in_bucket  # noqa: F401 - the fixture is the other package's
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LARGE = 17_000_000  # three parts


@pytest.fixture
def page(in_bucket, window, owner, live_server):  # noqa: F811
    in_bucket.cors = documented_cors(live_server.url)
    project = Project.objects.create(owner=owner, name="Lofoten")
    window.goto(f"/projects/{project.pk}/")
    return window


def test_a_file_goes_past_the_server_in_parts_and_the_server_knows_how_far_it_is(page, in_bucket, tmp_path):  # noqa: F811
    clip = tmp_path / "beach.mov"
    clip.write_bytes(os.urandom(LARGE))
    sent, told = [], []
    page.on("request", lambda request: sent.append(request) if request.method == "PUT" else None)
    page.on("requestfinished", lambda request: told.append(request.url) if "/arrived" in request.url else None)
    in_bucket.fault("PUT", "partNumber=2", status=503, code="SlowDown")
    page.get_by_label("Choose clips").set_input_files(clip)
    expect(page.locator(".upload-said").first).to_have_text("Uploaded.", timeout=60_000)
    source = Source.objects.get()
    assert soon(lambda: Source.objects.get().state != Source.State.UPLOADING)
    with tools().store.open(source.key) as file:
        assert hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(clip.read_bytes()).digest()
    assert len(sent) == 4, "the part that the bucket refused was sent again, and no other"
    assert all(request.url.startswith(in_bucket.endpoint) for request in sent)
    assert not any("x-csrftoken" in request.headers for request in sent), "our token is nothing for somebody else"
    assert soon(lambda: page.evaluate("1") and told)


def test_a_bucket_that_lets_no_page_in_takes_nothing_and_it_goes_on_once_it_has_the_rule(page, in_bucket, tmp_path):  # noqa: F811
    clip = tmp_path / "beach.mov"
    clip.write_bytes(os.urandom(1000))
    rule, in_bucket.cors = in_bucket.cors, []
    page.get_by_label("Choose clips").set_input_files(clip)
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    assert not [asked for asked in in_bucket.asked if asked.startswith("PUT")], "Chromium asked first, and was refused"
    in_bucket.cors = rule
    expect(page.locator(".upload-said").first).to_have_text("Uploaded.")
