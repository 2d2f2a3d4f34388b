"""Uploading, as the page's script and Uppy do it, and as a plain form does it."""

import errno
import fcntl
import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import threading
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django_q.models import OrmQ
from hypothesis import given
from hypothesis import strategies as st

from exports import left_uploads, limits, uploads
from exports.folder_parts import HALF, PIECE, FolderParts, sweep
from exports.limits import Refused
from exports.models import Clip, Export, Project, Source
from exports.refusing import Listed
from exports.tools import tools
from progress.models import Event, Job
from tests.exports.conftest import PASSWORD

pytestmark = pytest.mark.django_db

MIB = 1 << 20
SENT = bytes(range(256)) * 20 + bytes(reversed(range(256))) * 20  # 10,240 bytes
HALVES = (SENT[:5120], SENT[5120:])
SIZE = len(SENT)


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    settings.STORE_ROOT = tmp_path / "store"
    tools.cache_clear()
    yield tools().store
    tools.cache_clear()


@pytest.fixture
def project(owner):
    return Project.objects.create(owner=owner, name="Lofoten")


class Page:
    """What a page of a project does while it uploads."""

    def __init__(self, client, project):
        self.client, self.at = client, f"/projects/{project.pk}"

    def create(self, name="beach.mov", size=SIZE, **more):
        return self._post(f"{self.at}/s3/multipart", {"filename": name, "type": "video/mp4", "size": size, **more})

    def begun(self, **more):
        return self.create(**more).json()

    def sign(self, begun, number):
        return self.client.get(self._of(begun, f"/{number}"))

    def put(self, begun, number, body, **more):
        url = f"{self.at}/parts/{begun['uploadId']}/{number}"
        return self.client.put(url, body, content_type="application/octet-stream", **more)

    def listed(self, begun):
        return self.client.get(self._of(begun))

    def complete(self, begun, listed=None):
        listed = self.listed(begun).json() if listed is None else listed
        return self._post(self._of(begun, "/complete"), {"parts": listed})

    def abort(self, begun):
        return self.client.delete(self._of(begun))

    def unfinished(self, name="beach.mov", size=SIZE, **more):
        return self.client.get(f"{self.at}/unfinished", {"name": name, "size": size, **more})

    def send(self, begun, *bodies):
        return [self.put(begun, number, body) for number, body in enumerate(bodies, 1)]

    def _of(self, begun, more=""):
        return f"{self.at}/s3/multipart/{begun['uploadId']}{more}?key={begun['key']}"

    def _post(self, url, body):
        return self.client.post(url, json.dumps(body), content_type="application/json")


@pytest.fixture
def page(project, owner, signed_in):
    return Page(signed_in(owner), project)


def said(answer):
    return answer.json()["error"]


def only_source():
    return Source.objects.get()


def half_written(store):
    return list(store.root.rglob(f"{HALF}*"))


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


# Who may


def everything(page, begun):
    return {
        "create": page.create(),
        "unfinished": page.unfinished(),
        "sign": page.sign(begun, 1),
        "put": page.put(begun, 1, HALVES[0]),
        "list": page.listed(begun),
        "complete": page.complete(begun, []),
        "abort": page.abort(begun),
    }


@pytest.mark.parametrize("who", ["stranger", "staff", "guest"])
def test_nobody_but_the_owner_finds_the_project_or_the_upload(who, page, project, request, signed_in, as_guest, store):
    begun = page.begun()
    client = as_guest()[0] if who == "guest" else signed_in(request.getfixturevalue(who))
    answers = everything(Page(client, project), begun)
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 404)
    assert only_source().stored_bytes == 0


def test_somebody_who_is_not_signed_in_is_told_to_sign_in(page, project, visitor):
    begun = page.begun()
    answers = everything(Page(visitor, project), begun)
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 403)
    assert (
        said(answers["create"])
        == "You are signed out. Reload the page to sign in, then pick the file again: what was sent is kept."
    )


def test_a_guest_uploads_into_a_project_of_their_own(as_guest):
    client, guest = as_guest()
    page = Page(client, Project.objects.create(owner=guest, name="Mine"))
    begun = page.begun()
    page.send(begun, *HALVES)
    assert page.complete(begun).status_code == 200


def test_an_upload_is_found_only_in_its_own_project(page, owner, signed_in):
    begun = page.begun()
    elsewhere = Page(signed_in(owner), Project.objects.create(owner=owner, name="Elsewhere"))
    assert elsewhere.put(begun, 1, SENT).status_code == 404
    assert elsewhere.listed(begun).status_code == 404


def test_forgery_is_refused_and_the_signed_part_brings_its_own_token(project, owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    page = Page(client, project)
    assert page.create().status_code == 403
    source = uploads.begin(project, name="beach.mov", size=len(SENT))
    begun = {"uploadId": str(source.pk), "key": source.key}
    assert page.put(begun, 1, HALVES[0]).status_code == 403
    token = page.sign(begun, 1).json()["headers"]["X-CSRFToken"]
    assert page.put(begun, 1, HALVES[0], headers={"X-CSRFToken": token}).status_code == 200


# What is refused


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (HALVES[:1], "beach.mov is not whole: expected 10,240 bytes, got 5,120."),
        ((), "beach.mov is not whole: expected 10,240 bytes, got 0."),
        ((None, HALVES[1]), "Part 1 of beach.mov is missing. Send it, then complete the upload."),
        ((SENT[:5000], None, SENT[5000:]), "Part 2 of beach.mov is missing. Send it, then complete the upload."),
    ],
)
def test_what_is_not_whole_is_not_completed(page, sent, sentence):
    begun = page.begun()
    for number, body in enumerate(sent, 1):
        if body is not None:
            page.put(begun, number, body)
    answer = page.complete(begun)
    assert (answer.status_code, said(answer)) == (409, sentence)
    assert only_source().state == "uploading"


def test_a_page_that_lists_other_parts_than_there_are_is_told_to_list_again(page):
    begun = page.begun()
    page.send(begun, *HALVES)
    listed = page.listed(begun).json()
    for wrong in (
        listed[:1],
        [listed[0], listed[1] | {"ETag": listed[0]["ETag"]}],
        [*listed, listed[1] | {"PartNumber": 3}],
    ):
        answer = page.complete(begun, wrong)
        assert answer.status_code == 409
        assert "is not the one that is listed" in said(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"{}", b'{"parts": 7}', b'{"parts": [7]}', b'{"parts": [{}]}',
        b'{"parts": [{"PartNumber": true, "ETag": "x"}]}', b'{"parts": [{"PartNumber": 1, "ETag": "../../x"}]}',
    ],
)  # fmt: skip
def test_what_is_no_answer_of_a_page_is_refused_in_words(page, body):
    begun = page.begun()
    url = f"{page.at}/s3/multipart/{begun['uploadId']}/complete?key={begun['key']}"
    answer = page.client.post(url, body, content_type="application/json")
    assert answer.status_code == 400
    assert "xpected" in said(answer)


@pytest.mark.parametrize(
    ("size", "status"),
    [(0, 400), (-1, 400), (None, 400), ("ten", 400), (True, 400), (1.5, 400), ("٣", 400), (10**30, 400), ([1], 400)],
)
def test_a_size_that_is_none_is_refused(page, size, status):
    answer = page.create(size=size)
    assert (answer.status_code, Source.objects.count()) == (status, 0)
    assert "expected" in said(answer)


def test_a_file_over_the_limit_is_refused_with_both_sizes(page, settings):
    settings.LARGEST_UPLOAD = 20 * 10**9
    answer = page.create(size=20 * 10**9 + 1)
    assert answer.status_code == 413
    assert said(answer) == "beach.mov has 20 GB (20,000,000,001 bytes); expected at most 20 GB a file."
    assert answer.json()["final"], "nothing that anybody does makes it smaller"
    assert page.create(size=20 * 10**9).status_code == 200


def test_an_account_that_is_full_is_told_how_full(page, settings):
    settings.QUOTA = 15_000
    assert page.create().status_code == 200
    answer = page.create(name="dune.mov", size=5_000)
    assert answer.status_code == 413
    assert said(answer) == (
        "dune.mov (5.0 kB) does not fit: 10 kB of your 15 kB are taken. Remove sources that are not needed."
    )
    page.abort(page.unfinished().json())
    assert page.create(name="dune.mov", size=5_000).status_code == 200


def test_a_guest_has_less_room_and_is_told_how_to_get_more(as_guest, settings):
    settings.GUEST_QUOTA = 5_000
    client, guest = as_guest()
    answer = Page(client, Project.objects.create(owner=guest, name="Mine")).create()
    assert answer.status_code == 413
    assert said(answer).endswith("or sign up for more room.")


def test_room_that_is_taken_away_meanwhile_is_noticed_by_the_next_part(page, settings):
    begun = page.begun()
    page.put(begun, 1, HALVES[0])
    settings.QUOTA = 5_000
    answer = page.put(begun, 2, HALVES[1])
    assert (answer.status_code, "does not fit" in said(answer)) == (413, True)


def test_a_project_has_an_end_too(page, project):
    Source.objects.bulk_create(Source(project=project, name="a", bytes=1) for _ in range(limits.MOST_SOURCES))
    answer = page.create()
    assert answer.status_code == 409
    assert said(answer).startswith("The project has 500 sources; expected at most 500.")


def test_more_than_was_announced_is_refused_before_it_is_read(page, store):
    begun = page.begun()
    page.put(begun, 1, HALVES[0])
    answer = page.put(begun, 2, SENT)
    assert answer.status_code == 413
    assert said(answer) == "Part 2 of beach.mov has 10,240 bytes; expected 1 to 5,120, as 10,240 were announced."
    assert half_written(store) == []
    assert only_source().stored_bytes == 5120


class Pieces(io.RawIOBase):
    """A body that goes on for longer than was said, and counts how much of it was taken."""

    def __init__(self, length):
        self.left, self.largest, self.taken = length, 0, 0

    def read(self, size=-1):
        assert 0 < size <= PIECE, "never the whole body"
        self.largest = max(self.largest, size)
        piece = b"x" * min(size, self.left)
        self.left -= len(piece)
        self.taken += len(piece)
        return piece


def test_what_turns_out_larger_while_it_streams_is_broken_off(project, store):
    source = uploads.begin(project, name="beach.mov", size=3 * MIB)
    body = Pieces(100 * MIB)
    with pytest.raises(Refused, match="has 3,145,729 bytes; expected 1 to 3,145,728"):
        uploads.put_part(source, 1, body, 3 * MIB, tools())
    assert body.taken <= 4 * MIB
    assert half_written(store) == []


def test_a_part_is_read_in_pieces_and_what_breaks_off_is_not_kept(project, store):
    source = uploads.begin(project, name="beach.mov", size=9 * MIB)
    with pytest.raises(Refused, match="broke off after 2,097,152 of 9,437,184 bytes"):
        uploads.put_part(source, 1, Pieces(2 * MIB), 9 * MIB, tools())
    assert uploads.parts_of(source, tools()).listed() == []
    assert half_written(store) == []


def test_a_part_without_a_length_is_refused(page):
    begun = page.begun()
    answer = page.put(begun, 1, SENT, CONTENT_LENGTH="")
    assert answer.status_code == 411


@pytest.mark.parametrize("number", ["0", "10001", "99999999999999999999"])
def test_a_part_number_out_of_range_is_refused(page, number):
    begun = page.begun()
    assert page.put(begun, number, SENT).status_code == 400
    assert page.sign(begun, number).status_code == 400


def test_no_more_parts_come_to_what_is_stored(page, store):
    begun = page.begun()
    page.send(begun, *HALVES)
    page.complete(begun)
    assert page.put(begun, 1, b"y" * 5120).status_code == 409
    assert store.get(only_source().key) == SENT


def test_a_full_disk_is_a_sentence_and_the_parts_so_far_are_kept(page, store):
    size = 66 * MIB
    begun = page.begun(size=size)
    assert page.put(begun, 1, b"x" * MIB).status_code == 200
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * MIB, hard))  # as a disk that has no more room
    try:
        answer = page.put(begun, 2, b"x" * (65 * MIB))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert answer.status_code == 507
    assert said(answer).startswith("The server's disk is full, so beach.mov cannot be stored.")
    assert half_written(store) == []
    assert [part["PartNumber"] for part in page.listed(begun).json()] == [1]
    assert page.put(begun, 2, b"x" * (65 * MIB)).status_code == 200
    assert page.complete(begun).status_code == 200


def test_a_store_that_refuses_is_for_who_runs_the_server(page, store, monkeypatch):
    def refusing(*args):
        raise PermissionError(errno.EACCES, "Permission denied", "incoming")

    begun = page.begun()
    monkeypatch.setattr(FolderParts, "keep", refusing)
    answer = page.put(begun, 1, SENT)
    assert (answer.status_code, said(answer)) == (
        503,
        "The server's store refuses beach.mov. What was sent so far is kept: tell whoever runs the server.",
    )


def test_a_store_that_cannot_be_written_is_a_sentence_too(page, store):
    begun = page.begun()
    store.root.parent.mkdir(exist_ok=True)
    store.root.write_text("a file where the store should be")
    answer = page.put(begun, 1, SENT)
    assert (answer.status_code, said(answer)) == (
        503, "The server cannot store beach.mov now. What was sent so far is kept: try again later.",
    )  # fmt: skip


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


# Several at once


def at_once(*acts):
    """Each on a connection of its own, all from the same moment."""
    barrier, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place, act):
        barrier.wait()
        try:
            results[place] = act()
        except Exception as error:  # noqa: BLE001
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_parts_that_come_at_once_lose_no_bytes(project, store):
    body = SENT * 8
    source = uploads.begin(project, name="beach.mov", size=len(body))
    begun = [body[at : at + len(SENT)] for at in range(0, len(body), len(SENT))]

    def put(number, piece):
        return lambda: uploads.put_part(
            Source.objects.select_related("project__owner").get(pk=source.pk),
            number,
            io.BytesIO(piece),
            len(piece),
            tools(),
        )

    tags = at_once(*(put(number, piece) for number, piece in enumerate(begun, 1)))
    assert all(isinstance(tag, str) for tag in tags)
    source.refresh_from_db()
    assert source.stored_bytes == len(body)


@pytest.mark.django_db(transaction=True)
def test_the_same_part_twice_at_once_is_one_of_the_two_whole(project, store):
    source = uploads.begin(project, name="beach.mov", size=len(SENT))
    put = [
        lambda piece=piece: uploads.put_part(source, 1, io.BytesIO(piece), len(piece), tools())
        for piece in (SENT, SENT[::-1])
    ]
    tags = at_once(*put)
    (part,) = uploads.parts_of(source, tools()).listed()
    assert part.etag in tags
    assert part.path.read_bytes() in (SENT, SENT[::-1])


@pytest.mark.django_db(transaction=True)
def test_two_who_complete_at_once_store_it_once(project, store):
    source = uploads.begin(project, name="beach.mov", size=len(SENT))
    uploads.put_part(source, 1, io.BytesIO(SENT), len(SENT), tools())
    listed = [Listed(number=part.number, tag=part.tag) for part in uploads.parts_of(source, tools()).listed()]
    ended = at_once(*[lambda: uploads.complete(Source.objects.get(pk=source.pk), listed, tools())] * 4)
    assert [each.state for each in ended] == ["stored"] * 4
    assert OrmQ.objects.count() == 1
    assert store.get(source.key) == SENT


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_", range(5))
def test_of_an_abort_and_a_completion_at_once_one_wins(project, store, _):
    source = uploads.begin(project, name="beach.mov", size=len(SENT))
    uploads.put_part(source, 1, io.BytesIO(SENT), len(SENT), tools())
    listed = [Listed(number=part.number, tag=part.tag) for part in uploads.parts_of(source, tools()).listed()]
    key, twin = source.key, Source.objects.get(pk=source.pk)
    at_once(lambda: uploads.complete(source, listed, tools()), lambda: uploads.abort(twin, tools()))
    there = Source.objects.values_list("state", flat=True).first()
    assert there in {"stored", None}
    assert (store.size(key) is not None) == bool(there)


@pytest.mark.django_db(transaction=True)
def test_of_two_files_that_begin_at_once_only_one_takes_the_last_room(project, settings):
    settings.QUOTA = 15_000
    begin = [lambda: uploads.begin(Project.objects.get(pk=project.pk), name="a.mov", size=10_000)] * 2
    ended = at_once(*begin)
    assert sorted(type(each).__name__ for each in ended) == ["Refused", "Source"]


# Killed in between


def test_what_was_half_written_by_the_dead_is_swept_and_the_upload_goes_on(page, store):
    begun = page.begun()
    page.put(begun, 1, HALVES[0])
    folder = FolderParts(store, uuid.UUID(begun["uploadId"])).folder
    dead, young, held = (folder / f"{HALF}{name}" for name in ("dead", "young", "held"))
    for path in (dead, young, held):
        path.write_bytes(b"half a part")
    for path in (dead, held):
        os.utime(path, (1, 1))
    with held.open("rb") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        assert sweep(folder) == 1
        assert (dead.exists(), young.exists(), held.exists()) == (False, True, True)
    page.put(begun, 2, HALVES[1])
    assert page.complete(begun).status_code == 200


def test_whoever_is_killed_in_mid_part_leaves_what_a_sweep_finds(tmp_path):
    program = f"""
import pathlib, sys, time
from exports.folder_parts import half_written
with half_written(pathlib.Path({str(tmp_path)!r})) as (file, path):
    file.write(b"half a part")
    file.flush()
    print("here", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"here\n"
        (left,) = tmp_path.iterdir()
        os.utime(left, (1, 1))
        assert sweep(tmp_path) == 0, "it is at work"
        writer.kill()
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_parts_of_no_upload_are_swept(page, store, clock):
    begun = page.begun()
    page.put(begun, 1, HALVES[0])
    Source.objects.all().delete()
    assert left_uploads.abandon(tools()).leftovers == 1
    assert not FolderParts(store, uuid.UUID(begun["uploadId"])).folder.exists()


def test_who_dies_between_the_object_and_its_row_completes_it_again(page, store):
    begun = page.begun()
    page.send(begun, *HALVES)
    source = only_source()
    store.put(source.key, b"joined, but then the machine went away")
    assert page.complete(begun).status_code == 200
    assert store.get(source.key) == SENT


# Without a script


def uploaded(name="beach.mov", body=SENT):
    return SimpleUploadedFile(name, body, content_type="video/mp4")


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
