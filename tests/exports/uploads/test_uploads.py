"""Uploading, as the page's script and Uppy do it, and as a plain form does it."""

import hashlib

import pytest
from django.test import Client
from django_q.models import OrmQ
from hypothesis import given
from hypothesis import strategies as st

from exports import limits
from exports.folder_parts import FolderParts
from exports.models import Clip, Export, Project, Source
from progress.models import Event, Job
from tests.exports.conftest import PASSWORD
from tests.exports.uploads.sending import HALVES, MIB, SENT, Page, half_written, only_source, said, uploaded

pytestmark = pytest.mark.django_db


# The way of an upload


def test_parts_in_any_order_become_one_object_that_is_looked_at(page, store, project):
    begun = page.begun()
    assert begun["partSize"] == 8 * MIB
    signed = page.sign(begun, 2).json()
    assert signed["url"] == f"/projects/{project.pk}/parts/{begun['uploadId']}/2"
    second, first = page.put(begun, 2, HALVES[1]), page.put(begun, 1, HALVES[0])
    assert second["ETag"] == f'"{hashlib.md5(HALVES[1]).hexdigest()}"'
    assert page.listed(begun).json() == [
        {"PartNumber": 1, "Size": 5120, "ETag": first["ETag"]},
        {"PartNumber": 2, "Size": 5120, "ETag": second["ETag"]},
    ]
    assert only_source().stored_bytes == len(SENT)
    answer = page.complete(begun)
    assert answer.status_code == 200
    assert "location" in answer.json()

    source = only_source()
    assert (source.state, source.name, source.bytes) == ("stored", "beach.mov", len(SENT))
    assert source.sha256 == hashlib.sha256(SENT).hexdigest()
    assert source.key == begun["key"]
    assert store.get(source.key) == SENT
    assert not FolderParts(store, source.pk).folder.exists()
    assert [task.task["func"] for task in OrmQ.objects.all()] == ["exports.tasks.look_at_source"]
    assert OrmQ.objects.get().task["args"] == (str(source.pk),)


def test_uppy_may_tell_the_size_and_the_name_in_its_metadata(page):
    answer = page.create(name=None, size=None, metadata={"name": "dune.mov", "size": "12"})
    assert answer.status_code == 200
    assert (only_source().name, only_source().bytes) == ("dune.mov", 12)


def test_a_part_sent_twice_counts_once_and_the_later_one_stands(page, store):
    begun = page.begun()
    page.put(begun, 1, b"x" * 5120)
    page.send(begun, *HALVES)
    assert only_source().stored_bytes == len(SENT)
    assert len(page.listed(begun).json()) == 2
    assert page.complete(begun).status_code == 200
    assert store.get(only_source().key) == SENT


def test_a_part_that_is_smaller_than_the_one_before_takes_its_place_too(page):
    begun = page.begun()
    page.put(begun, 1, SENT)
    page.put(begun, 1, HALVES[0])
    assert only_source().stored_bytes == 5120


def test_completing_twice_is_completing_once(page):
    begun = page.begun()
    page.send(begun, *HALVES)
    listed = page.listed(begun).json()
    assert [page.complete(begun, listed).status_code for _ in range(2)] == [200, 200]
    assert OrmQ.objects.count() == 1


def test_an_upload_that_is_aborted_leaves_nothing(page, store):
    begun = page.begun()
    page.put(begun, 1, HALVES[0])
    assert (page.abort(begun).status_code, page.abort(begun).status_code) == (200, 404)
    assert not Source.objects.exists()
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_what_is_stored_cannot_be_aborted(page):
    begun = page.begun()
    page.send(begun, *HALVES)
    page.complete(begun)
    page.abort(begun)
    assert only_source().state == "stored"


def test_where_a_film_counts_on_it_an_aborted_upload_says_why_nothing_comes(page, project):
    begun = page.begun()
    Clip.objects.create(project=project, source=only_source(), position=1)
    page.abort(begun)
    source = only_source()
    assert (source.state, source.bytes) == ("refused", 0)
    assert "stopped before it was whole" in source.refusal


def test_a_source_that_was_refused_says_so_when_its_upload_is_completed(page):
    begun = page.begun()
    page.send(begun, *HALVES)
    listed = page.listed(begun).json()
    Source.objects.update(state="refused", refusal="This is a text file.")
    answer = page.complete(begun, listed)
    assert (answer.status_code, said(answer)) == (409, "beach.mov cannot be used: This is a text file.")


# Going on with what was begun


def test_the_same_file_goes_on_where_it_was_left(page):
    begun = page.begun()
    page.put(begun, 1, HALVES[0])
    assert page.unfinished().json() == begun
    assert [part["PartNumber"] for part in page.listed(page.unfinished().json()).json()] == [1]


@pytest.mark.parametrize("other", [{"name": "dune.mov"}, {"size": 5}, {"modified": 7}])
def test_another_file_does_not(page, other):
    page.begun(metadata={"lastModified": 1_700_000_000_000})
    assert page.unfinished(modified=1_700_000_000_000).status_code == 200
    assert page.unfinished(**other).status_code == 204


def test_nor_does_one_that_is_stored_or_in_another_project(page, owner, signed_in):
    begun = page.begun()
    elsewhere = Project.objects.create(owner=owner, name="Elsewhere")
    assert Page(signed_in(owner), elsewhere).unfinished().status_code == 204
    page.send(begun, *HALVES)
    page.complete(begun)
    assert page.unfinished().status_code == 204


# Names and keys


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Films\\beach.mov", "beach.mov"),
        ("..", "Untitled"),
        ("", "Untitled"),
        ("a\x00b\n.mov", "a b .mov"),
        ("Überraschung — 夏 🎬.mov", "Überraschung — 夏 🎬.mov"),
        ("\ud800.mov", ".mov"),
        ("x" * 500 + ".mov", "x" * limits.LONGEST_NAME),
        ("evil\u202e4pm.mov", "evil 4pm.mov"),
    ],
)
def test_a_name_is_only_shown(page, name, shown, store):
    begun = page.begun(name=name)
    source = only_source()
    assert source.name == shown
    assert begun["key"] == f"projects/{source.project_id}/sources/{source.pk}/original"
    page.send(begun, *HALVES)
    page.complete(begun)
    assert list(store.keys("projects")) == [source.key]


@given(name=st.text() | st.text(alphabet="./\\\x00 ~%"))
def test_any_text_is_a_name_that_fits_and_no_path(name):
    shown = limits.named(name)
    assert 0 < len(shown) <= limits.LONGEST_NAME
    assert not set("/\\\x00\n") & set(shown)
    assert shown not in {".", ".."}
    shown.encode()


@given(number=st.integers() | st.text(max_size=20), etag=st.text(max_size=50))
def test_no_number_or_tag_is_taken_for_another(page_of_one, number, etag):
    page, begun = page_of_one
    answer = page.complete(begun, [{"PartNumber": number, "ETag": etag}])
    assert answer.status_code in {400, 409}
    assert only_source().state == "uploading"


@pytest.fixture
def page_of_one(page):
    begun = page.begun()
    page.put(begun, 1, SENT)
    return page, begun


@given(key=st.text(alphabet=st.characters(codec="utf-8"), max_size=100))
def test_an_upload_answers_to_no_key_but_its_own(page_of_one, key):
    page, begun = page_of_one
    answer = page.client.get(f"{page.at}/s3/multipart/{begun['uploadId']}", {"key": key})
    assert answer.status_code == 404


# The bar of an export that waits


@pytest.fixture
def waiting(project, page):
    """An export of two uploads that have begun."""
    begun = [page.begun(name=name) for name in ("a.mov", "b.mov")]
    for position, source in enumerate(Source.objects.all()):
        Clip.objects.create(project=project, source=source, position=position)
    export = Export.request(project, kind="multi_clip", options={"size": "360p"})
    return begun, export


def shown(export):
    job = Job.objects.get(pk=export.pk)
    return job.stage, job.done, job.total, job.percent


def test_every_part_moves_the_bar_of_the_export_and_the_hand_over_does_not_reset_it(waiting, page, store):
    (first, second), export = waiting
    page.put(first, 1, HALVES[0])
    assert shown(export) == ("upload", 5120, 20480, 2)
    page.put(first, 2, HALVES[1])
    page.complete(first)
    assert shown(export) == ("upload", 10240, 20480, 5)
    page.send(second, *HALVES)
    page.complete(second)
    assert shown(export) == ("upload", 20480, 20480, 10)
    phases = list(Event.objects.filter(job_id=export.pk).values_list("phase", flat=True))
    assert phases.count("upload_start") == phases.count("upload_complete") == 1
    assert Job.objects.get(pk=export.pk).status == "uploading", "it starts once all of it is looked at"


def test_many_parts_within_a_second_are_told_once_and_the_last_always(waiting, page):
    (first, _), export = waiting
    for number in range(1, 11):
        page.put(first, number, SENT[:1024])
    assert shown(export)[1] == len(SENT)
    assert Job.objects.get(pk=export.pk).seq < 5


def test_an_export_that_does_not_use_it_hears_nothing(waiting, page):
    _, export = waiting
    begun = page.begun(name="c.mov")
    page.send(begun, *HALVES)
    page.complete(begun)
    assert shown(export)[1] is None


# Without a script


def test_a_plain_form_ends_in_the_same_source(page, project, store):
    answer = page.client.post(f"{page.at}/sources", {"files": [uploaded(), uploaded("dune.mov", HALVES[0])]})
    assert (answer.status_code, answer.url) == (302, f"/projects/{project.pk}/")
    beach, dune = Source.objects.order_by("name")
    assert (beach.state, beach.name, beach.bytes) == ("stored", "beach.mov", len(SENT))
    assert beach.sha256 == hashlib.sha256(SENT).hexdigest()
    assert (store.get(beach.key), store.get(dune.key)) == (SENT, HALVES[0])
    assert half_written(store) == []
    assert OrmQ.objects.count() == 2


def messages_of(answer):
    return [str(message) for message in answer.wsgi_request._messages]


def test_it_takes_nothing_from_a_stranger_a_visitor_or_a_forger(project, store, stranger, owner, signed_in, visitor):
    url = f"/projects/{project.pk}/sources"
    assert signed_in(stranger).post(url, {"files": uploaded()}).status_code == 404
    assert visitor.post(url, {"files": uploaded()}).url.startswith("/sign-in")
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(owner)
    assert forged.post(url, {"files": uploaded()}).status_code == 403
    assert not Source.objects.exists()
    assert half_written(store) == []


def test_its_refusals_are_told_on_the_page(page, settings, project):
    assert messages_of(page.client.post(f"{page.at}/sources")) == ["Pick at least one file, then upload."]
    assert "is empty" in messages_of(page.client.post(f"{page.at}/sources", {"files": uploaded(body=b"")}))[-1]
    settings.LARGEST_UPLOAD = 100
    assert (
        "expected at most 100 bytes" in messages_of(page.client.post(f"{page.at}/sources", {"files": uploaded()}))[-1]
    )
    settings.QUOTA = 100
    large = uploaded(body=b"x" * (2 * MIB))
    assert "does not fit" in messages_of(page.client.post(f"{page.at}/sources", {"files": large}))[-1]
    assert not Source.objects.exists()


def test_no_other_page_takes_files(visitor, owner, tmp_path):
    credentials = {"username": "olga", "password": PASSWORD}
    answer = visitor.post("/sign-in", {**credentials, "file": uploaded(body=b"x" * (3 * MIB))})
    assert answer.wsgi_request.FILES == {}


def test_a_name_with_the_longest_of_suffixes_is_no_error(page):
    page.client.post(f"{page.at}/sources", {"files": uploaded("a." + "x" * 4000)})
    assert 100 < len(only_source().name) <= limits.LONGEST_NAME
