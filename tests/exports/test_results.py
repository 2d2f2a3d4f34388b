"""Several results: each is a row, and can be had, as soon as it is ready; what counts in the end is what is decided."""

import hashlib

import pytest
from django.urls import reverse

from exports import kinds
from exports.models import Export, Result
from exports.reconcile import reconcile
from exports.tools import Tools, tools
from modal_functions.wire import pack
from progress.models import Status
from progress.tracker import ProgressTracker
from tests.exports.footage import project_of
from tests.exports.scripted import ScriptedRunner, Work
from tests.exports.several import SEVERAL

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kind():
    kinds.register(SEVERAL)
    yield
    kinds.unregister(SEVERAL)


@pytest.fixture
def runner():
    return ScriptedRunner()


@pytest.fixture
def export(owner):
    return Export.request(project_of(owner), kind="several", options={}, title="Reels")


@pytest.fixture
def drive(export, runner, clock, tracker):
    used = Tools(store=tools().store, runner=lambda name: runner, tracker=tracker, clock=clock)

    def steps(count=1):
        names = []
        for _ in range(count):
            clock.pass_by(2)
            names.append(reconcile(export.pk, used).name)
        return names

    return steps


@pytest.fixture
def work(drive, runner, clock):
    """At work on the export, for the first time."""
    drive(2)
    begun = Work(runner, tools().store, clock)
    begun.says_hello()
    drive()
    return begun


def made(work, place, body=b"a clip"):
    """A file that is put out, as the work tells of it."""
    key = work.keys.out(work.call, 1, f"{place}.mp4")
    work.store.put(key, body)
    told = {"key": key, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    return {**told, "place": place, "name": f"clip-{place}.mp4", "label": f"Moment {place}", "facts": {"seconds": 4}}


def ready(work, number, **changes):
    told = made(work, number) | changes
    work.store.put(work.keys.ready(number), pack(told))
    return told


def finishes(work, *files):
    key = work.keys.out(work.call, 1, "SHA256SUMS")
    work.store.put(key, b"sums")
    result = {"key": key, "bytes": 4, "sha256": "5" * 64, "files": list(files)}
    return work.commits("ok", result=result)


def status(browser, address):
    answer = browser.get(address)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer.status_code


def page(signed_in, owner, export):
    return signed_in(owner).get(reverse("export", args=[export.pk])).text


def test_what_is_ready_can_be_had_while_the_rest_is_made(export, drive, work, owner, signed_in):
    ready(work, 1)
    work.reports("process", 1, 3)
    assert drive() == ["fold"]
    [result] = Result.objects.all()
    assert (result.place, result.name, result.label, result.facts) == (1, "clip-1.mp4", "Moment 1", {"seconds": 4})
    text = page(signed_in, owner, export)
    assert "Ready so far" in text
    assert "Moment 1" in text
    answer = signed_in(owner).get(reverse("result", args=[export.pk, 1]))
    assert b"".join(answer.streaming_content) == b"a clip"
    assert answer["Content-Disposition"] == 'attachment; filename="clip-1.mp4"'
    assert answer["Content-Type"] == "video/mp4"


def test_a_found_clip_shows_its_picture_and_where_it_was_in_the_video(export, drive, work, owner, staff, signed_in):
    name = "ab" * 32 + ".jpg"
    tools().store.put(f"projects/{export.project_id}/chunks/ab/{name}", b"a picture")
    ready(work, 1, facts={"from": 72.0, "to": 101.54, "shows": name})
    ready(work, 2, facts={"from": 3.0, "to": 9.0, "shows": "../../secret.jpg"})
    ready(work, 3, facts={"from": "x", "to": None})
    work.reports("process", 1, 3)
    drive()
    address = reverse("preview", args=[export.pk, name])
    text = page(signed_in, owner, export)
    assert "At 1:12 – 1:41.5 of the video" in text
    assert text.count("result-shows") == 1
    assert f'src="{address}" alt="" width="256" height="144"' in text
    assert signed_in(owner).get(address).content == b"a picture"
    seen = page(signed_in, staff, export)
    assert "At 1:12 – 1:41.5 of the video" in seen
    assert "result-shows" not in seen, "what is not finished is nobody else's to look at"


def test_the_polled_panel_comes_anew_with_every_result(export, drive, work, owner, signed_in):
    address = f"{reverse('export-fragment', args=[export.pk])}?actions="
    shown = signed_in(owner).get(f"{address}cancel,leave,0")
    ready(work, 1)
    work.reports("process", 1, 3)
    drive()
    assert "Moment 1" not in shown.text
    assert "Moment 1" in signed_in(owner).get(f"{address}cancel,leave,0").text


def test_when_it_is_complete_they_are_what_was_decided(export, drive, work, owner, signed_in):
    first = ready(work, 1)
    ready(work, 9, name="left-over.mp4")
    work.reports("process", 1, 3)
    drive()
    finishes(work, first, made(work, 2, b"another"))
    drive(3)
    done = Export.objects.select_related("job").get()
    assert done.job.status == Status.COMPLETE
    assert list(Result.objects.values_list("place", "bytes")) == [(1, 6), (2, 7)]
    text = page(signed_in, owner, export)
    assert "2 files" in text
    assert "<video" not in text
    assert done.result_key.endswith("SHA256SUMS")


def test_what_was_ready_stays_where_the_export_was_cancelled(export, drive, work, owner, signed_in):
    ready(work, 1)
    export.cancel(actor="olga")
    drive(4)
    assert Export.objects.select_related("job").get().job.status == Status.CANCELLED
    assert status(signed_in(owner), reverse("result", args=[export.pk, 1])) == 200


def test_the_next_attempt_adds_to_what_is_ready_and_makes_no_row_twice(export, drive, work, runner, clock):
    ready(work, 1)
    work.reports("process", 1, 3)
    drive()
    work.dies()
    drive(6)
    second = Work(runner, work.store, clock)
    assert second.keys.number == 2
    second.says_hello()
    drive()
    ready(second, 1)
    ready(second, 2)
    second.reports("process", 2, 3)
    drive()
    assert list(Result.objects.values_list("place", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "attempts/another/1/out/call.1/1.mp4"},
        {"bytes": 5},
        {"bytes": "6"},
        {"sha256": "short"},
        {"place": -1},
        {"place": "1"},
        {"name": ""},
        {"key": 7},
    ],
)
def test_what_is_not_there_as_it_is_told_is_no_result(drive, work, wrong):
    ready(work, 1, **wrong)
    work.store.put(work.keys.ready(2), b"no json")
    work.reports("process", 1, 3)
    assert drive() == ["fold"]
    assert not Result.objects.exists()


@pytest.mark.parametrize(
    "odd",
    [
        {"name": "clip\x00-1.mp4"},
        {"name": "clip\ud800-1.mp4"},
        {"label": "\x00Moment"},
        {"label": 7},
        {"facts": {"seconds": float("nan")}},
        {"facts": {"why": "\ud83d"}},
        {"facts": [1, 2]},
    ],
    ids=ascii,
)
def test_what_no_database_takes_is_left_out_of_what_is_ready(export, drive, work, owner, signed_in, odd):
    told = ready(work, 1, **odd)
    work.reports("process", 1, 3)
    assert drive() == ["fold"]
    assert Result.objects.get().bytes == 6
    finishes(work, told)
    drive(3)
    assert Export.objects.select_related("job").get().job.status == Status.COMPLETE
    assert "1 file" in page(signed_in, owner, export)


def test_a_file_that_is_missing_in_the_end_is_made_again(export, drive, work):
    gone = made(work, 1)
    work.store.delete(gone["key"])
    finishes(work, gone)
    drive(3)
    job = Export.objects.select_related("job").get().job
    assert (job.status, job.cause) == (Status.QUEUED, "result_missing")


def test_it_is_for_its_owner_and_staff_alone_and_gone_when_the_export_is(
    export, drive, work, owner, staff, stranger, signed_in, visitor, as_guest
):
    finishes(work, made(work, 1))
    drive(3)
    address = reverse("result", args=[export.pk, 1])
    assert [status(signed_in(person), address) for person in (owner, staff, stranger)] == [200, 200, 404]
    assert status(as_guest()[0], address) == 404
    assert visitor.get(address).url == f"{reverse('sign-in')}?next={address}"
    assert status(signed_in(owner), reverse("result", args=[export.pk, 2])) == 404
    ProgressTracker().expire(export.pk, actor="the clock")
    assert status(signed_in(owner), address) == 404
