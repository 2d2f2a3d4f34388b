"""Uploading where the store is a bucket: the page sends the parts there itself, and the server asks the bucket."""

import hashlib
import threading
import urllib.error
import urllib.request
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from exports import left_uploads, sources, uploads
from exports.models import Clip, Export, Project, Source
from exports.probing import Found
from exports.tools import Tools, tools
from tests.exports.uploads.sending import Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_bucket")]

FIRST, LAST = b"1" * uploads.PART, b"the end"  # no part but the last may be small
SIZE = len(FIRST) + len(LAST)


@pytest.fixture
def project(owner):
    return Project.objects.create(owner=owner, name="Lofoten")


class BucketPage(Page):
    """The page's script, with what it does differently here."""

    def create(self, name="beach.mov", size=SIZE, **more):
        return super().create(name, size, **more)

    def send(self, begun, *numbers):
        for number in numbers or (1, 2):
            signed = self.sign(begun, number).json()
            put(signed["url"], FIRST if number == 1 else LAST)

    def tells(self, begun):
        return self.client.post(self._of(begun, "/arrived"))


def put(address, body):
    plain = {"Content-Type": "application/octet-stream"}  # or urllib says that it is a form
    with urllib.request.urlopen(urllib.request.Request(address, body, plain, method="PUT")) as answer:
        return answer.headers["ETag"]


@pytest.fixture
def page(project, owner, signed_in):
    return BucketPage(signed_in(owner), project)


def later(seconds):
    own = tools()
    return Tools(store=own.store, runner=own.runner, clock=lambda: timezone.now() + timedelta(seconds=seconds))


def under_way(bucket):
    return tools().store.s3.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads", [])


def test_parts_sent_to_the_bucket_become_one_object_whose_sum_is_known_once_it_is_looked_at(page, in_bucket):
    begun = page.begun()
    signed = page.sign(begun, 1).json()
    assert signed["url"].startswith(in_bucket.endpoint)
    assert signed["headers"] == {}, "a token of ours is nothing for somebody else"
    page.send(begun)
    assert page.tells(begun).json() == {"stored": SIZE}
    assert Source.objects.get().stored_bytes == SIZE
    assert [part["Size"] for part in page.listed(begun).json()] == [len(FIRST), len(LAST)]
    assert page.complete(begun).status_code == 200
    source = Source.objects.get()
    assert (source.state, source.sha256) == (Source.State.STORED, "")
    assert OrmQ.objects.count() == 1
    assert sources.look_at(
        source.pk, tools(), lambda path: Found(facts={"bytes": path.stat().st_size}, picture=b"jpeg")
    )
    source.refresh_from_db()
    assert source.state == Source.State.READY
    assert source.sha256 == hashlib.sha256(FIRST + LAST).hexdigest()
    assert source.facts == {"bytes": SIZE, "thumbnail": f"{source.folder}/thumb.jpg"}


def test_an_address_is_for_one_part_of_its_own_length(page):
    begun = page.begun()
    for number in (1, 2):
        assert "SignedHeaders=content-length%3Bhost" in page.sign(begun, number).json()["url"]
    answer = page.sign(begun, 3)
    assert (answer.status_code, answer.json()["error"]) == (400, "beach.mov has no part 3: it ends before.")


def test_what_a_page_says_is_not_believed(page):
    begun = page.begun()
    assert page.tells(begun).json() == {"stored": 0}
    page.send(begun, 2)
    assert page.tells(begun).json() == {"stored": len(LAST)}
    assert page.complete(begun).status_code == 409
    assert Source.objects.get().state == Source.State.UPLOADING


def test_an_interrupted_upload_is_gone_on_with(page):
    begun = page.begun()
    page.send(begun, 1)
    again = page.unfinished(size=SIZE).json()
    assert again == begun
    assert [part["PartNumber"] for part in page.listed(again).json()] == [1]
    page.send(again, 2)
    assert page.complete(again).status_code == 200


def test_the_last_parts_of_a_closed_page_are_found_and_the_export_that_waits_goes_on(page, project):
    begun = page.begun()
    source = Source.objects.get()
    Clip.objects.create(project=project, source=source, position=1)
    export = Export.request(project, kind="multi_clip", options={"size": "360p", "rate": "25", "quality": "draft"})
    page.send(begun)
    assert left_uploads.complete(tools()) == 0, "its page may still say so itself"
    assert left_uploads.complete(later(90)) == 1
    source.refresh_from_db()
    assert source.state == Source.State.STORED
    export.job.refresh_from_db()
    assert export.job.bp > 0, "its bar tells of the bytes too"


def test_what_was_sent_before_the_page_and_the_cluster_were_gone_is_found_a_day_later_and_not_thrown_away(page):
    begun = page.begun()
    page.send(begun)
    assert sources.tend(later(25 * 3600)).completed == 1
    assert Source.objects.get().state == Source.State.STORED


def test_what_nobody_goes_on_with_is_aborted_after_a_day(page, in_bucket):
    page.send(page.begun(), 1)
    assert len(under_way(in_bucket)) == 1
    assert sources.tend(later(25 * 3600)).abandoned.uploads == 1
    assert under_way(in_bucket) == []
    assert not Source.objects.exists()


def test_uploads_in_the_bucket_that_belong_to_nobody_are_swept_and_living_ones_are_not(page, in_bucket, project):
    page.send(page.begun(), 1)
    tools().store.multipart(f"projects/{project.pk}/sources/gone/original").begin()  # moto dates all of them 2010
    assert len(under_way(in_bucket)) == 2
    assert sources.tend(tools()).abandoned.leftovers == 1
    assert len(under_way(in_bucket)) == 1
    assert len(page.listed(page.unfinished(size=SIZE).json()).json()) == 1


def test_an_upload_that_the_bucket_has_swept_begins_anew(page, in_bucket):
    begun = page.begun()
    page.send(begun, 1)
    tools().store.multipart(begun["key"]).abort(Source.objects.get().upload)
    assert page.listed(begun).json() == []
    page.send(begun)
    assert page.complete(begun).status_code == 200


def test_more_than_was_announced_is_refused_and_removed(page, in_bucket):
    begun = page.begun(size=5)
    page.sign(begun, 1)
    tools().store.multipart(begun["key"]).put(Source.objects.get().upload, 1, b"123456")
    answer = page.tells(begun)
    assert answer.status_code == 413
    assert answer.json()["error"] == (
        "beach.mov cannot be used: 6 bytes of it came instead of the 5 that were announced. Upload it again."
    )
    assert Source.objects.get().state == Source.State.REFUSED
    assert under_way(in_bucket) == []
    assert tools().store.size(begun["key"]) is None


def test_no_part_of_it_is_taken_by_this_server(page):
    begun = page.begun()
    answer = page.put(begun, 1, LAST)
    assert answer.status_code == 409
    assert "not to this server" in answer.json()["error"]


def test_a_stopped_upload_leaves_nothing(page, in_bucket):
    begun = page.begun()
    page.send(begun, 1)
    assert page.abort(begun).status_code == 200
    assert under_way(in_bucket) == []
    assert page.tells(begun).status_code == 404


def test_a_stranger_can_neither_sign_nor_tell(page, stranger, signed_in):
    begun = page.begun()
    page.client = signed_in(stranger)
    assert page.sign(begun, 1).status_code == 404
    assert page.tells(begun).status_code == 404


def test_a_completion_whose_answer_was_lost_is_a_completion(page, in_bucket):
    begun = page.begun()
    page.send(begun)
    in_bucket.fault("POST", "uploadId=", lost=True)
    first = page.complete(begun)
    assert first.status_code in (200, 503)
    assert page.complete(begun).status_code == 200
    assert tools().store.size(begun["key"]) == SIZE
    assert Source.objects.get().state == Source.State.STORED


def test_whoever_dies_between_the_bucket_and_the_row_is_followed_by_somebody_who_finishes(page):
    begun = page.begun()
    page.send(begun)
    source = Source.objects.get()
    parts = uploads.parts_of(source, tools())
    parts.join(parts.listed(), source.key)
    assert page.complete(begun, []).status_code == 200
    assert Source.objects.get().state == Source.State.STORED


def test_one_that_the_bucket_does_not_list_keeps_no_other_from_being_completed(page, in_bucket):
    one, other = page.begun(), page.begun(name="dune.mov")
    for begun in (one, other):
        page.send(begun)
        page.tells(begun)
    in_bucket.fault("GET", one["uploadId"], status=403, code="AccessDenied", times=9)
    assert left_uploads.complete(later(120)) == 1
    assert [Source.objects.get(pk=each["uploadId"]).state for each in (one, other)] == ["uploading", "stored"]


@pytest.mark.django_db(transaction=True)
def test_completed_twice_at_once_it_is_one_object_and_it_stays(page):
    begun = page.begun()
    page.send(begun)
    source = Source.objects.get()
    listed = [uploads.Listed(number=part.number, tag=part.tag) for part in uploads.parts_of(source, tools()).listed()]
    ended, start = [], threading.Barrier(2)

    def complete():
        start.wait()
        try:
            ended.append(uploads.complete(Source.objects.get(), listed, tools()).state)
        except Exception as error:  # noqa: BLE001 - of two, one may be refused by moto
            ended.append(error)
        connection.close()

    threads = [threading.Thread(target=complete) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Source.State.STORED in ended
    assert tools().store.size(source.key) == SIZE
    assert OrmQ.objects.count() == 1


def test_a_bucket_that_does_not_answer_is_said_and_what_was_sent_is_kept(page, in_bucket):
    begun = page.begun()
    page.send(begun, 1)
    in_bucket.fault("GET", "uploadId=", status=403, code="AccessDenied", times=9)
    for answer in (page.tells(begun), page.listed(begun)):
        assert answer.status_code == 503
        assert "What was sent so far is kept" in answer.json()["error"]
    in_bucket.faults.clear()
    assert page.tells(begun).json() == {"stored": len(FIRST)}


def test_a_plain_form_needs_no_script_and_its_sum_is_known_at_once(page, project):
    answer = page.client.post(f"{page.at}/sources", {"files": SimpleUploadedFile("beach.mov", LAST)}, follow=True)
    assert "beach.mov is uploaded" in answer.content.decode()
    source = Source.objects.get()
    assert (source.state, source.sha256) == (Source.State.STORED, hashlib.sha256(LAST).hexdigest())
    assert tools().store.get(source.key) == LAST


def test_one_file_at_a_time_is_fetched_to_be_looked_at_and_the_next_is_rung_for(page, project):
    for name in ("one.mov", "two.mov"):
        page.client.post(f"{page.at}/sources", {"files": SimpleUploadedFile(name, LAST)})
    first, second = Source.objects.order_by("created_at")
    OrmQ.objects.all().delete()

    def probe(path):
        assert not sources.look_at(second.pk, tools()), "the workers are for others too"
        return Found(facts={})

    assert sources.look_at(first.pk, tools(), probe)
    (rung,) = OrmQ.objects.all()
    assert rung.task["args"] == (str(second.pk),)
    assert rung.task["timeout"] == uploads.LONGEST_LOOK


def test_what_is_fetched_to_be_looked_at_lies_in_the_home_since_tmp_may_be_memory(page, settings, tmp_path):
    settings.HOME, looking = tmp_path, tmp_path / "looking"
    looking.mkdir()
    (looking / "of one who was killed").write_bytes(FIRST)
    page.client.post(f"{page.at}/sources", {"files": SimpleUploadedFile("one.mov", LAST)})
    seen = []

    def probe(path):
        seen.append([each.name for each in looking.iterdir()])
        assert path.read_bytes() == LAST
        return Found(facts={})

    assert sources.look_at(Source.objects.get().pk, tools(), probe)
    assert (seen, looking.exists()) == ([["original"]], False)


def test_a_lost_look_is_rung_for_by_the_pass_which_has_no_time_for_it(page):
    page.client.post(f"{page.at}/sources", {"files": SimpleUploadedFile("one.mov", LAST)})
    OrmQ.objects.all().delete()
    assert sources.look_at_stored(later(60)).looked == 0
    assert OrmQ.objects.count() == 1


def test_the_address_for_a_part_of_a_stopped_upload_is_worth_nothing(page):
    begun = page.begun()
    address = page.sign(begun, 1).json()["url"]
    page.abort(begun)
    with pytest.raises(urllib.error.HTTPError) as refused:
        put(address, FIRST)
    refused.value.close()
