"""What only a bucket does: it answers late, wrongly, twice or not at all."""

import hashlib
import multiprocessing
import os
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from modal_functions import parcels
from modal_functions.bucket import BucketStore
from modal_functions.multipart import Gone
from modal_functions.store import Forbidden, Full, Missing, Unreachable
from modal_functions.stores import opened
from tests.planted import MARK


@pytest.fixture
def store(bucket):
    return opened(bucket.described())


@pytest.fixture
def large(tmp_path):
    """A file that goes in two parts."""
    path = tmp_path / "large"
    path.write_bytes(os.urandom(1 << 20) * 16 + b"the end")
    return path


def test_what_is_looked_at_again_and_again_is_read_with_one_signature(bucket, store):
    store.put("attempts/a/1/progress.json", b"1")
    for _ in range(3):
        assert store.get("attempts/a/1/progress.json") == b"1"
    read = [asked for asked in bucket.asked if asked.startswith("GET")]
    assert len(read) == 3
    assert len(set(read)) == 1
    assert "X-Amz-Signature=" in read[0]


def test_what_the_bucket_says_is_not_there_is_asked_for_once(bucket, store):
    store.put("attempts/a/1/progress.json", b"1")
    before = len(bucket.asked)
    assert store.get("attempts/a/1/outcome.json") is None
    assert len(bucket.asked) == before + 1


def test_a_lost_answer_to_a_write_once_is_known_as_ones_own(bucket, store):
    bucket.fault("PUT", "outcome.json", lost=True)
    assert store.put_once("a/outcome.json", b"ok")
    assert not store.put_once("a/outcome.json", b"ok"), "the same bytes by somebody else are not one's own"


def test_also_when_every_answer_is_lost(bucket, store):
    bucket.fault("PUT", "outcome.json", lost=True, times=99)
    assert store.put_once("a/outcome.json", b"ok")
    bucket.faults.clear()
    assert store.get("a/outcome.json") == b"ok"


def test_a_lost_answer_of_the_second_does_not_make_it_the_first(bucket, store):
    assert store.put_once("a/outcome.json", b"ok")
    bucket.fault("PUT", "outcome.json", lost=True)
    assert not store.put_once("a/outcome.json", b"abort")
    assert store.get("a/outcome.json") == b"ok"


def test_a_write_once_that_never_arrives_says_so(bucket, store):
    bucket.fault("PUT", "outcome.json", status=500, times=99)
    with pytest.raises(Unreachable):
        store.put_once("a/outcome.json", b"ok")
    bucket.faults.clear()
    assert store.get("a/outcome.json") is None


def test_of_two_at_the_same_moment_the_refused_asks_again(bucket, store):
    bucket.fault("PUT", "outcome.json", status=409, code="ConditionalRequestConflict", times=3)
    assert store.put_once("a/outcome.json", b"ok")
    bucket.fault("PUT", "other.json", status=409, code="ConditionalRequestConflict", times=99)
    with pytest.raises(Unreachable):
        store.put_once("a/other.json", b"ok")


@pytest.mark.parametrize(("status", "code"), [(429, "TooManyRequests"), (503, "SlowDown"), (500, "InternalError")])
def test_who_came_too_soon_asks_again(bucket, store, status, code):
    bucket.fault("PUT", "progress.json", status=status, code=code)
    store.put("a/progress.json", b"1")
    bucket.fault("GET", "progress.json", status=status, code=code)
    assert store.get("a/progress.json") == b"1"


@pytest.mark.parametrize(
    ("status", "code", "answer"),
    [
        (403, "AccessDenied", Forbidden),
        (401, "Unauthorized", Forbidden),
        (400, "ExpiredToken", Forbidden),
        (404, "NoSuchBucket", Forbidden),
        (507, "XMinioStorageFull", Full),
        (503, "SlowDown", Unreachable),
    ],
)
def test_each_way_a_bucket_refuses_is_the_answer_it_is(bucket, store, status, code, answer):
    for method in ("PUT", "GET"):
        bucket.fault(method, "x", status=status, code=code, times=99)
    with pytest.raises(answer):
        store.put("a/x", b"1")
    with pytest.raises(answer):
        store.get("a/x")


def test_a_page_of_something_in_between_is_no_answer(bucket, store):
    bucket.fault("GET", "/a/x", status=404, page=b"<html>Sign in to the hotel's network<br></html>", times=99)
    with pytest.raises(Unreachable):
        store.get("a/x")


@pytest.mark.parametrize(("status", "answer"), [(403, Forbidden), (500, Unreachable)])
def test_a_size_that_nobody_tells_is_no_absence(bucket, store, status, answer):
    store.put("a/x", b"1")
    bucket.fault("HEAD", "x", status=status, times=99)
    with pytest.raises(answer):
        store.size("a/x")


def test_a_bucket_that_is_not_there_is_no_absence_of_an_object(bucket):
    nowhere = opened(bucket.described() | {"bucket": "no-such-bucket"})
    for act in (nowhere.get, nowhere.size, lambda key: list(nowhere.keys(key))):
        with pytest.raises(Forbidden):
            act("a/x")


def test_without_the_right_to_list_what_is_absent_is_called_forbidden_and_the_listing_of_its_own_place_tells(
    bucket, store
):
    for method in ("GET", "HEAD"):
        bucket.fault(method, "/a/nothing", status=403, code="AccessDenied", times=99)
    assert store.get("a/nothing") is None
    assert store.size("a/nothing") is None
    bucket.fault("GET", "list-type=2", status=403, code="AccessDenied", times=99)
    with pytest.raises(Forbidden):
        store.get("a/nothing")
    with pytest.raises(Forbidden, match="answers 403 to HeadObject"):  # which has no body that says more
        store.size("a/nothing")


def test_every_call_is_bounded_in_time_and_a_slow_answer_within_it_is_one(bucket, store):
    config = store.s3.client.meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (3, 10, 3)
    store.put("a/x", b"1")
    bucket.fault("GET", "/a/x", seconds=0.3)
    assert store.get("a/x") == b"1"


def test_nobody_there_is_unreachable_and_said_soon():
    nobody = {"endpoint": "http://127.0.0.1:9", "region": "auto", "bucket": "films", "prefix": ""}
    with pytest.raises(Unreachable):
        BucketStore(**nobody, key="k", secret="s").get("a/x")


def test_what_breaks_off_is_gone_on_with(bucket, store, tmp_path):
    body = os.urandom(3_000_000)
    store.put("a/film.mp4", body)
    bucket.fault("GET", "film.mp4", cut=1_000_000, times=2)
    told = []
    stored = store.fetch("a/film.mp4", tmp_path / "film.mp4", told.append)
    assert (tmp_path / "film.mp4").read_bytes() == body
    assert stored.sha256 == hashlib.sha256(body).hexdigest()
    assert told == sorted(told)
    bucket.fault("GET", "film.mp4", cut=1000)
    asked = len(bucket.asked)
    with store.open("a/film.mp4") as file:
        assert file.read() == body
    assert len(bucket.asked) - asked < 10, "it is not asked for in crumbs"
    bucket.fault("GET", "film.mp4", cut=1000)
    assert store.get("a/film.mp4") == body


def test_what_breaks_off_each_time_leaves_no_half_file(bucket, store, tmp_path):
    store.put("a/film.mp4", os.urandom(100_000))
    bucket.fault("GET", "film.mp4", cut=0, times=99)
    with pytest.raises(Unreachable):
        store.fetch("a/film.mp4", tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_made_of_two_objects_that_stood_there_one_after_the_other(bucket, store):
    store.put("a/film.mp4", b"1" * 3_000_000)
    with store.open("a/film.mp4") as file:
        assert file.read(10) == b"1" * 10
        store.put("a/film.mp4", b"2" * 3_000_000)
        file.seek(2_500_000)
        with pytest.raises(Unreachable, match="replaced"):
            file.read(10)


def test_what_is_deleted_while_it_is_read_is_missing(bucket, store):
    store.put("a/film.mp4", b"1" * 3_000_000)
    with store.open("a/film.mp4") as file:
        store.delete("a/film.mp4")
        with pytest.raises(Missing):
            file.read(10)


def test_a_large_file_goes_in_parts_and_counts_what_the_bucket_has(bucket, store, large, tmp_path):
    bucket.fault("PUT", "partNumber=1", status=500)
    bucket.fault("PUT", "partNumber=2", lost=True)
    told = []
    stored = store.put_file("a/film.mp4", large, told.append)
    size = large.stat().st_size
    assert told in ([parcels.PART, size], [size - parcels.PART, size])
    assert store.size("a/film.mp4") == size
    assert store.fetch("a/film.mp4", tmp_path / "out") == stored
    assert stored.sha256 == hashlib.sha256(large.read_bytes()).hexdigest()
    assert store.head("a/film.mp4").sha256 == stored.sha256, "kept by us: a multipart ETag is no sum"


def test_the_lost_answer_to_the_completion_of_a_large_file_is_known_as_ones_own(bucket, store, large):
    bucket.fault("POST", "uploadId=", lost=True, times=99)
    assert store.put_file("a/film.mp4", large).bytes == large.stat().st_size
    assert store.size("a/film.mp4") == large.stat().st_size


@pytest.mark.parametrize("what", ["a part is refused", "the completion is refused", "who counts raises"])
def test_a_large_file_that_cannot_be_sent_leaves_no_parts_behind(bucket, store, large, what):
    def count(sent):
        if what == "who counts raises":
            raise InterruptedError

    if what == "a part is refused":
        bucket.fault("PUT", "partNumber=2", status=403, code="AccessDenied", times=99)
    if what == "the completion is refused":
        bucket.fault("POST", "uploadId=", status=500, times=99)
    with pytest.raises((Forbidden, Unreachable, InterruptedError)):
        store.put_file("a/film.mp4", large, count)
    assert store.size("a/film.mp4") is None
    assert not store.s3.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads")


def test_an_upload_that_is_no_more_is_gone(bucket, store):
    sending = store.multipart("a/film.mp4")
    upload = sending.begin()
    sending.abort(upload)
    sending.abort(upload)
    with pytest.raises(Gone):
        sending.listed(upload)
    bucket.fault("POST", "uploadId=", status=404, code="NoSuchUpload")  # moto itself stumbles over it
    with pytest.raises(Gone):
        sending.complete(upload, [])


def test_a_listing_has_as_many_pages_as_it_needs(bucket, store):
    for number in range(1005):
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(bucket.name, f"longhaul/a/{number:04}", b"")
    assert [entry.key for entry in store.entries("a")] == [f"a/{number:04}" for number in range(1005)]


def test_everything_is_below_its_prefix_and_without_one_at_the_top(bucket):
    below, top = opened(bucket.described(prefix="studio/films")), opened(bucket.described(prefix=""))
    below.put("a/x", b"1")
    assert list(top.keys("studio")) == ["studio/films/a/x"]
    assert list(below.keys("a")) == ["a/x"]


def test_thirty_two_looks_at_once_are_all_answered(store):
    store.put("a/x", b"1")
    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(lambda _: store.get("a/x"), range(128))) == {b"1"}


def test_each_process_has_a_client_of_its_own(store):
    store.put("a/x", b"1")
    mine = store.s3.client

    def look():
        os._exit(0 if store.get("a/x") == b"1" and store.s3.client is not mine else 3)

    child = multiprocessing.get_context("fork").Process(target=look)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert store.s3.client is mine


def test_other_keys_are_used_for_what_only_they_may_read(bucket, store):
    store.put("projects/1/sources/2/original", b"1")
    reading = {"below": "projects/1/sources/", "key": "reader", "secret": "s", "session": "t"}
    scoped = opened(bucket.described(reading=reading))
    assert scoped.get("projects/1/sources/2/original") == b"1"
    assert scoped._reader_of("projects/1/sources/2/original").account.key == "reader"
    assert scoped._reader_of("projects/1/chunks/x").account.key != "reader"


def test_a_link_reads_this_one_object_under_the_name_it_is_given(store):
    store.put("a/film.mp4", b"film")
    given = {"disposition": 'attachment; filename="Reel 12.mp4"', "content_type": "video/mp4"}
    with urllib.request.urlopen(store.link("a/film.mp4", seconds=60, **given)) as answer:
        assert answer.read() == b"film"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="Reel 12.mp4"'
        assert answer.headers["Content-Type"] == "video/mp4"
    assert "X-Amz-Expires=60" in store.link("a/film.mp4", seconds=60, **given)


def test_an_address_for_a_part_takes_a_part_of_its_length_only(store):
    """The signature covers the length; a real store refuses any other."""
    sending = store.multipart("a/film.mp4")
    address = sending.signed(sending.begin(), 1, length=5, seconds=60)
    assert "X-Amz-SignedHeaders=content-length%3Bhost" in address


def test_no_address_and_no_key_is_in_what_is_said(bucket, store):
    bucket.fault("GET", "/a/x", status=500, times=99)
    with pytest.raises(Unreachable) as unreachable:
        store.get("a/x")
    assert MARK not in str(unreachable.value)


def test_a_deleted_object_can_be_deleted_again(store):
    store.put("a/x", b"1")
    store.delete("a/x")
    store.delete("a/x")
    assert store.get("a/x") is None


def test_a_link_to_nothing_leads_nowhere(store):
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(store.link("a/nothing", seconds=60, disposition="inline", content_type="video/mp4"))
