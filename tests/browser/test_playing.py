"""What was exported plays: in a real browser, from the page of the export, with every seek asking for its own part."""

import re
from fractions import Fraction

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from exports import sources
from exports.driver import one_pass
from exports.models import Clip, Export, Project
from exports.tools import tools
from progress.models import Status
from tests.browser.storm import storm
from tests.exports.footage import driver_is_awake
from tests.modal_functions.media.cuts import tagged
from tests.modal_functions.media.reels import BITS, shoot
from tests.soon import soon

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RATE = 25
# The number that the frame on show wears: read off the screen, not off the file.
NUMBER = """(video, bits) => {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0);
  const light = (x, y) => pen.getImageData(x * canvas.width, y * canvas.height, 1, 1).data[1];
  let number = 0;
  for (let column = 0; column < bits; column += 1) {
    const x = (2 * column + 1) / (2 * bits), upper = light(x, 1 / 4), lower = light(x, 3 / 4);
    if (Math.abs(upper - lower) < 60) return -1;
    number = 2 * number + (upper > lower);
  }
  return number;
}"""
SEEK = """(video, to) => new Promise((resolve, reject) => {
  video.addEventListener("seeked", () => resolve(video.currentTime), { once: true });
  video.addEventListener("error", () => reject(new Error(video.error.message)), { once: true });
  video.currentTime = to;
})"""


@pytest.fixture(scope="module")
def reels(tmp_path_factory):
    """One whose frames wear their numbers, in the film's own size so that nothing is scaled; one of many bytes."""
    folder = tmp_path_factory.mktemp("reels")
    looks = tagged({"options": {"g": "25"}})
    numbered = shoot(folder / "one.mp4", rate=Fraction(RATE), size=(640, 360), sound="aac", **looks)
    return numbered.path, storm(folder / "storm.mp4", frames=60, size=(640, 360))


@pytest.fixture(params=["high", "original"])
def film(request, owner, reels, transactional_db):
    """The later part of the first, all of the second, the start of the first: made by real attempts. In “original” most
    of the first is copied, between parts that are encoded."""
    used = tools()
    project = Project.objects.create(owner=owner, name="Lofoten")
    numbered, stormy = (sources.take_in(project, path, used) for path in reels)
    parts = [(numbered, 2_000_000, 3_600_000), (stormy, 0, 2_400_000), (numbered, 0, 1_600_000)]
    for position, (source, start, end) in enumerate(parts):
        Clip.objects.create(project=project, source=source, position=position, in_us=start, out_us=end)
    export = Export.request(
        project, kind="multi_clip", options={"size": "360p", "rate": "25", "quality": request.param}
    )

    def ended():
        Export.objects.filter(next_due_at__isnull=False).update(next_due_at="2000-01-01T00:00Z")
        assert one_pass(used).failed == 0
        export = Export.objects.select_related("job").get()
        return export.job.settled and export.next_due_at is None

    assert soon(ended, 300)
    driver_is_awake()
    export = Export.objects.select_related("job").get()
    assert export.job.status == Status.COMPLETE, export.job.cause_text
    assert (export.result_facts.get("copied", 0) >= 70) == (request.param == "original")
    return export


@pytest.fixture
def video(window, film):
    """The player on the page, and what it asks for."""
    window.goto(reverse("export", args=[film.pk]))
    video = window.locator("video")
    expect(video).to_be_visible()
    yield video
    assert now(video, "error") is None
    video.evaluate("(video) => { video.removeAttribute('src'); video.load(); }")  # lets the server's file go


@pytest.fixture
def line(window):
    """How many bytes a second come down."""
    session = window.context.new_cdp_session(window)
    session.send("Network.enable")

    def limited(down):
        limits = {"offline": False, "latency": 0, "downloadThroughput": down, "uploadThroughput": -1}
        session.send("Network.emulateNetworkConditions", limits)

    return limited


@pytest.fixture
def asked(window):
    """Where each part began that the player asked for, and how it was answered."""
    parts = []

    def note(answer):
        if answer.url.endswith("/watch"):
            wanted = re.fullmatch(r"bytes=(\d+)-\d*", answer.request.headers.get("range", ""))
            parts.append((answer.status, int(wanted[1]) if wanted else None))

    window.on("response", note)
    return parts


def now(video, what):
    return video.evaluate(f"(video) => video.{what}")


def test_every_place_of_the_film_can_be_sought_and_it_plays_to_its_end_with_picture_and_sound(film, line, asked, video):
    line(500_000)
    assert soon(lambda: now(video, "readyState") >= 1)
    assert (now(video, "videoWidth"), now(video, "videoHeight")) == (640, 360)
    assert now(video, "duration") == pytest.approx(5.6, abs=0.05)
    # Both sides of both cuts: the frame on show is the one that belongs there.
    for frame, wears in ((139, 39), (100, 0), (39, 89), (0, 50)):
        moment = (frame + 0.3) / RATE
        assert video.evaluate(SEEK, moment) == pytest.approx(moment)
        assert video.evaluate(NUMBER, BITS) == wears, f"frame {frame} of the film"
        if frame == 139:
            assert max(first for _, first in asked) > film.result_bytes / 2, "its part was asked for, not all before it"
            assert now(video, "buffered.length") > 1
    assert {status for status, _ in asked} == {206}

    line(-1)
    video.evaluate("(video) => video.play()")
    assert soon(lambda: now(video, "currentTime") > 0.3)
    assert soon(lambda: now(video, "webkitDecodedFrameCount") > 5)
    assert soon(lambda: now(video, "webkitAudioDecodedByteCount") > 0)
    assert soon(lambda: now(video, "ended"))
    assert now(video, "currentTime") == now(video, "duration")
