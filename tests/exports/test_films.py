"""The finished film's bytes, whole and in parts."""

import pytest
from django.urls import reverse

from exports.models import Export, Notice
from exports.tools import tools
from exports.views.films import file_name
from progress.models import Job
from progress.tracker import ProgressTracker
from tests.exports.footage import FILM, film_of, finished, project_of, requested, running

pytestmark = pytest.mark.django_db


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return finished(requested(project, title="Lofoten"))


@pytest.fixture
def address(export):
    return reverse("download", args=[export.pk])


@pytest.fixture
def get(owner, signed_in, address):
    answers = []

    def got(method="get", page=address, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answers.append(getattr(signed_in(owner), method)(page, headers=named))
        return answers[-1]

    yield got
    for answer in answers:
        answer.close()


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_it_is_streamed_whole_under_a_name_of_its_own(get):
    answer = get()
    assert (answer.status_code, answer.streaming, body(answer)) == (200, True, FILM)
    assert answer["Content-Length"] == str(len(FILM))
    assert answer["Content-Type"] == "video/mp4"
    assert answer["Content-Disposition"] == 'attachment; filename="Lofoten.mp4"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Accept-Ranges"] == "bytes"
    assert "private" in answer["Cache-Control"]


def test_who_has_downloaded_it_is_not_told_any_more_that_it_is_ready(get, export, owner, signed_in):
    Notice.objects.create(owner=owner, export=export, event=Notice.Event.DONE, attempt=1)
    get("head")
    get(page=reverse("watch", args=[export.pk]))
    assert Job.objects.get().unseen
    get()
    assert not Job.objects.get().unseen
    assert "is ready" not in signed_in(owner).get("/exports/").text


def test_a_browser_that_has_it_is_not_sent_it_again(get, export):
    tag = get()["ETag"]
    for asked in ({}, {"range": "bytes=0-"}):
        known = get(page=reverse("watch", args=[export.pk]), if_none_match=tag, **asked)
        assert (known.status_code, known["ETag"], body(known)) == (304, tag, b"")
    assert get(if_none_match='"another"').status_code == 200
    assert get(if_match='"another"').status_code == 412


def test_in_the_page_it_is_shown_and_not_saved(get, export):
    answer = get(page=reverse("watch", args=[export.pk]))
    assert answer["Content-Disposition"].startswith("inline")
    assert body(answer) == FILM


@pytest.mark.parametrize("name", ["watch", "download"])
def test_a_page_that_somebody_hid_in_it_could_run_nothing_and_would_have_no_origin(name, get, export):
    answer = get(page=reverse(name, args=[export.pk]))
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("key", ["page.html", "page.svg", "page.xml", "page", "page.mp4.html"])
def test_what_is_not_known_to_be_a_film_or_a_picture_is_only_bytes(key, get, export, address):
    Export.objects.filter(pk=export.pk).update(result_key=f"attempts/{export.pk}/1/out/call.1/{key}")
    tools().store.put(f"attempts/{export.pk}/1/out/call.1/{key}", b"<script>alert(1)</script>")
    assert get(page=reverse("watch", args=[export.pk]))["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-", 0, 10239),
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=10239-", 10239, 10239),
        ("bytes=10000-99999999", 10000, 10239),
        ("bytes=-40", 10200, 10239),
        ("bytes=-99999", 0, 10239),
    ],
)
def test_any_part_may_be_asked_for(asked, first, last, get):
    answer = get(range=asked)
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {first}-{last}/{len(FILM)}"
    assert answer["Content-Length"] == str(last - first + 1)
    assert body(answer) == FILM[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=99999-100000", "bytes=-0"])
def test_a_part_that_there_is_not_is_a_416(asked, get):
    answer = get(range=asked)
    assert (answer.status_code, body(answer)) == (416, b"")
    assert answer["Content-Range"] == f"bytes */{len(FILM)}"


@pytest.mark.parametrize(
    "asked", ["bytes=9-5", "bytes=-", "bytes=a-b", "frames=1-2", "bytes=0-1,5-6", "bytes=" + "9" * 40 + "-", ""]
)
def test_what_is_no_range_is_as_if_nobody_had_asked(asked, get):
    answer = get(range=asked)
    assert (answer.status_code, body(answer)) == (200, FILM)


def test_a_download_is_gone_on_with_only_if_it_is_the_same_film(get):
    tag = get()["ETag"]
    assert get(range="bytes=5-", if_range=tag).status_code == 206
    assert get(range="bytes=5-", if_range='"another"').status_code == 200


def test_a_head_has_the_same_head_and_nothing_below(get):
    answer = get("head")
    assert (answer.status_code, answer["Content-Length"], body(answer)) == (200, str(len(FILM)), b"")


@pytest.mark.parametrize("name", ["download", "watch"])
def test_it_is_for_its_owner_and_staff_alone(name, export, owner, staff, stranger, signed_in, as_guest, visitor):
    page = reverse(name, args=[export.pk])
    for person in (owner, staff):
        answer = signed_in(person).get(page)
        assert (answer.status_code, body(answer)) == (200, FILM)
    guest, _ = as_guest()
    assert signed_in(stranger).get(page).status_code == 404
    assert guest.get(page).status_code == 404
    assert visitor.get(page).url == f"{reverse('sign-in')}?next={page}"


def test_nothing_is_given_out_before_it_is_complete_or_after_it_expired(owner, signed_in, export, address):
    other = running(requested(export.project, title="Other"))
    assert signed_in(owner).get(reverse("download", args=[other.pk])).status_code == 404
    ProgressTracker().expire(export.pk, actor="the clock")
    assert signed_in(owner).get(address).status_code == 404


def test_a_film_that_is_gone_from_the_store_is_a_404(get, export):
    tools().store.delete(export.result_key)
    assert get().status_code == 404


def test_a_store_that_does_not_answer_is_said(get, export):
    Export.objects.update(result_key=f"{export.result_key}/below")
    answer = get()
    assert answer.status_code == 503
    assert "The film is not affected: try again in a minute." in answer.text


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Holiday", "Holiday.mp4"),
        ("../../etc/passwd", "etc passwd.mp4"),
        ('a"b\\c;d', "a b c;d.mp4"),
        ("line\r\nSet-Cookie: x", "line Set-Cookie x.mp4"),
        ("\u202emp4.exe", "mp4.exe.mp4"),
        ("...", "film.mp4"),
        ("", "film.mp4"),
        ("Größe 東京", "Größe 東京.mp4"),
        ("x" * 300, "x" * 120 + ".mp4"),
    ],
)
def test_the_title_becomes_a_name_that_every_system_takes(title, name):
    assert file_name(title, ".mp4") == name


def test_a_name_in_other_letters_is_sent_as_rfc_6266_has_it(get, export):
    Job.objects.filter(pk=export.pk).update(title="Größe")
    assert get()["Content-Disposition"] == "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.mp4"
