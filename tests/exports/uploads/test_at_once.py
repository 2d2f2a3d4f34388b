"""Uploads beside each other, and those whose process is killed."""

import fcntl
import io
import os
import subprocess
import sys
import uuid

import pytest
from django_q.models import OrmQ

from exports import left_uploads, uploads
from exports.folder_parts import HALF, FolderParts, sweep
from exports.models import Project, Source
from exports.refusing import Listed
from exports.tools import tools
from tests.exports.uploads.sending import HALVES, SENT, only_source
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db


# Several at once


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

    tags = at_once(*(put(number, piece) for number, piece in enumerate(begun, 1)), told=Exception)
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
    tags = at_once(*put, told=Exception)
    (part,) = uploads.parts_of(source, tools()).listed()
    assert part.etag in tags
    assert part.path.read_bytes() in (SENT, SENT[::-1])


@pytest.mark.django_db(transaction=True)
def test_two_who_complete_at_once_store_it_once(project, store):
    source = uploads.begin(project, name="beach.mov", size=len(SENT))
    uploads.put_part(source, 1, io.BytesIO(SENT), len(SENT), tools())
    listed = [Listed(number=part.number, tag=part.tag) for part in uploads.parts_of(source, tools()).listed()]
    ended = at_once(*[lambda: uploads.complete(Source.objects.get(pk=source.pk), listed, tools())] * 4, told=Exception)
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
    at_once(lambda: uploads.complete(source, listed, tools()), lambda: uploads.abort(twin, tools()), told=Exception)
    there = Source.objects.values_list("state", flat=True).first()
    assert there in {"stored", None}
    assert (store.size(key) is not None) == bool(there)


@pytest.mark.django_db(transaction=True)
def test_of_two_files_that_begin_at_once_only_one_takes_the_last_room(project, settings):
    settings.QUOTA = 15_000
    begin = [lambda: uploads.begin(Project.objects.get(pk=project.pk), name="a.mov", size=10_000)] * 2
    ended = at_once(*begin, told=Exception)
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
