"""The real Uppy, as npm installs it, uploads through the site's endpoints over a line that breaks.

`UPPY_BYTES=200000000` sends so much; usually it is less, so that the suite stays quick.
"""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from exports.models import Project, Source
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store")]

HERE = Path(__file__).parent.parent / "uppy"
BYTES = int(os.environ.get("UPPY_BYTES", "30_000_000"))
PART = 8 << 20


@pytest.fixture(scope="module")
def bundle():
    """One script of it, made by the bundler that is locked with it."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed, so Uppy cannot run; `apt install npm` brings it")
    bundler = HERE / "node_modules/.bin/esbuild"
    if not bundler.exists():
        pytest.skip("Uppy is not installed; `make uppy` does it where npm is there")
    made = subprocess.run(
        [bundler, "page.js", "--bundle", "--format=iife"], cwd=HERE, capture_output=True, check=True, timeout=60
    )
    return made.stdout.decode()


@pytest.fixture
def clip(tmp_path):
    path, piece = tmp_path / "beach.mov", os.urandom(1 << 20)
    with path.open("wb") as file:
        for number in range(-(-BYTES // len(piece))):
            file.write((number.to_bytes(8, "big") + piece[8:])[: BYTES - number * len(piece)])
    return path


def with_uppy(route):
    """The page as it is served, naming one script more: none can be added to it afterwards."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("</head>", '<script src="/uppy.js"></script></head>'))


@pytest.fixture
def page(window, owner, bundle):
    """The page of a project, under the site's own policy; only the one script beside it is the test's."""
    project = Project.objects.create(owner=owner, name="Lofoten")
    window.route("**/uppy.js", lambda route: route.fulfill(body=bundle, content_type="text/javascript"))
    window.route(f"**/projects/{project.pk}/", with_uppy)
    window.goto(f"/projects/{project.pk}/")
    window.evaluate("document.body.append(Object.assign(document.createElement('input'), {type: 'file', id: 'uppy'}))")
    return window


def paced(line, bytes_a_second):
    told = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
    line.send("Network.emulateNetworkConditions", told)


def slowly(page):
    """So that an interruption has something to interrupt, however fast the machine is, and however late it looks."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    paced(line, BYTES / 24)
    return line


def test_uppy_goes_on_after_an_interruption_and_what_is_stored_is_the_file(page, clip, store):
    sent = []
    page.on("requestfinished", lambda request: sent.extend(re.findall(r"/parts/[^/]+/([0-9]+)$", request.url)))
    page.locator("#uppy").set_input_files(clip)
    line = slowly(page)
    page.evaluate(
        """project => uploadWithUppy(document.getElementById("uppy").files[0], project,
        document.querySelector("[name=csrfmiddlewaretoken]").value)""",
        str(Project.objects.get().pk),
    )
    assert soon(lambda: page.evaluate("uppyTold.sent") > BYTES // 8)
    page.context.set_offline(True)
    assert soon(lambda: page.evaluate("navigator.onLine") is False)
    before = Source.objects.get()
    assert before.state == "uploading"
    assert not page.evaluate("uppyTold.done")
    page.context.set_offline(False)
    paced(line, -1)
    assert soon(lambda: page.evaluate("uppyTold.done"), 300)
    source = Source.objects.get()
    assert (source.pk, source.state, source.bytes) == (before.pk, "stored", BYTES)
    with clip.open("rb") as file, store.open(source.key) as kept:
        assert hashlib.file_digest(kept, "sha256").digest() == hashlib.file_digest(file, "sha256").digest()
    assert source.sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert page.evaluate("uppyTold.errors") == []
    assert set(map(int, sent)) == set(range(1, -(-BYTES // PART) + 1))
    assert len(sent) <= len(set(sent)) + 3, "only what was on its way was sent again"
    expect(page.locator("body")).to_be_visible()
