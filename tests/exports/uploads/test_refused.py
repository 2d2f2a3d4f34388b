"""What is refused of an upload, each time in a sentence, with what was sent so far kept."""

import errno
import io
import resource

import pytest

from exports import limits, uploads
from exports.folder_parts import PIECE, FolderParts
from exports.limits import Refused
from exports.models import Project, Source
from exports.tools import tools
from tests.exports.uploads.sending import HALVES, MIB, SENT, Page, half_written, only_source, said

pytestmark = pytest.mark.django_db


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
