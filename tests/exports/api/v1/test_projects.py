"""Projects, films and sources over the API; uploads, part by part."""

import errno
import hashlib
import os
import uuid

import pytest

from exports.folder_parts import FolderParts
from exports.models import Project, Source
from progress.tracker import ProgressTracker
from tests.exports.footage import driver_is_awake, film_of, project_of, requested, source_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(owner):
    return project_of(owner)


def put_film(script, project, *clips):
    return script.put(f"/projects/{project.pk}/film", {"clips": list(clips)})


def test_a_name_may_have_what_joins_letters_and_emoji_but_nothing_else_unseen(olgas):
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert olgas.post("/projects", {"name": family}).json()["name"] == family
    assert olgas.post("/projects", {"name": "evil\u202egnp.exe"}).status_code == 422


def test_a_project_is_begun_and_listed(olgas):
    made = olgas.post("/projects", {"name": " Holiday "}).json()
    assert made["name"] == "Holiday"
    assert olgas.get(f"/projects/{made['id']}").json() == made
    assert olgas.get("/projects").json() == {"items": [made], "next": None}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "body.name: expected some text, got none."),
        ("   ", "body.name: expected some text, got none."),
        ("x" * 201, "body.name: expected at most 200 characters, got 201."),
        (None, "string"),
        (7, "string"),
        ("a\x00b", "body.name: expected only what can be seen, on one line, got the character U+0000"),
        ("a\nb", "body.name: expected only what can be seen, on one line, got the character U+000A"),
        ("\ud800", "body"),
    ],
)
def test_a_project_needs_a_name(olgas, name, said):
    answer = olgas.post("/projects", {"name": name})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert not Project.objects.exists()


def test_a_film_is_these_clips_in_this_order_whatever_it_was(olgas, project):
    film_of(project, "old.mov")
    one, two = source_in(project, "one.mov"), source_in(project, "two.mov")
    clips = [{"source": str(two.pk), "start": 1.5, "end": 4.0}, {"source": str(one.pk), "start": 0.0, "end": None}]
    answer = put_film(olgas, project, *clips)
    assert (answer.status_code, answer.json()["film"]) == (200, clips)
    assert [clip.in_us for clip in project.clips.all()] == [1_500_000, 0]


@pytest.mark.parametrize(
    ("clip", "at"),
    [
        ({"start": 4, "end": 4}, "body.clips.0.end"),
        ({"start": 4, "end": 4.0000001}, "body.clips.0.end"),
        ({"end": 0.0000001}, "body.clips.0.end"),
        ({"start": 8}, "body.clips.0.start"),
        ({"start": 7.9999999}, "body.clips.0.start"),
        ({"source": str(uuid.uuid4())}, "body.clips.0.source"),
        ({"start": -1}, "body.clips.0.start"),
        ({"start": "soon"}, "body.clips.0.start"),
    ],
)
def test_a_clip_that_cannot_be_is_named_by_its_place_and_the_film_stays(olgas, project, clip, at):
    film_of(project, "old.mov")
    answer = put_film(olgas, project, {"source": str(source_in(project).pk)} | clip)
    assert (answer.status_code, answer.json()["errors"][0]["at"]) == (422, at)
    assert project.clips.count() == 1


def test_an_end_past_the_source_is_its_end(olgas, project):
    answer = put_film(olgas, project, {"source": str(source_in(project).pk), "end": 60})
    assert answer.json()["film"][0]["end"] is None


def test_a_project_is_deleted_unless_an_export_of_it_is_under_way(olgas, project):
    driver_is_awake()
    film_of(project, "beach.mov")
    export = requested(project, title="Reel 12")
    refused = olgas.delete(f"/projects/{project.pk}")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "“Reel 12” is not finished yet. Wait for it, or cancel it; then delete the project.",
    )
    ProgressTracker().cancel(export.pk, actor="user")
    assert olgas.delete(f"/projects/{project.pk}").status_code == 204
    assert olgas.delete(f"/projects/{project.pk}").status_code == 404
    assert not Source.objects.exists()


def test_a_project_of_another_is_as_if_it_were_not_there(olgas, stranger):
    theirs = project_of(stranger)
    assert olgas.delete(f"/projects/{theirs.pk}").status_code == 404
    assert Project.objects.exists()


def test_a_source_is_told_and_taken_out_unless_it_is_needed(olgas, project):
    driver_is_awake()
    clip = film_of(project, "beach.mov")[0]
    told = olgas.get(f"/sources/{clip.source_id}").json()
    assert (told["name"], told["state"], told["seconds"], told["width"]) == ("beach.mov", "ready", 8.0, 1920)
    needing = requested(project)
    assert olgas.delete(f"/sources/{clip.source_id}").status_code == 409
    needing.cancel(actor="user")
    ProgressTracker().cancel(needing.pk, actor="user")
    assert olgas.delete(f"/sources/{clip.source_id}").status_code == 204
    assert not Source.objects.exists()


# Uploads


@pytest.fixture
def stored(settings, tmp_path):
    from exports.tools import tools

    settings.STORE_ROOT = tmp_path / "store"
    tools.cache_clear()
    yield
    tools.cache_clear()


def begin(script, project, size):
    return script.post("/uploads", {"project": str(project.pk), "name": "beach.mov", "bytes": size}).json()


@pytest.mark.usefixtures("stored")
def test_a_file_comes_in_parts_and_interrupted_goes_on_with_what_is_missing(olgas, project):
    body = bytes(range(256)) * 40_000  # two parts of 8 MiB, the second shorter
    begun = begin(olgas, project, len(body))
    size, tags = begun["part_bytes"], {}
    parts = {1: body[:size], 2: body[size:]}
    for number in (2, 1):
        address = olgas.get(f"/uploads/{begun['id']}/parts/{number}").json()
        assert address["here"]
        sent = olgas.put(address["url"].removeprefix("/api/v1"), parts[number])
        tags[number] = sent["ETag"]
        here = olgas.get(f"/uploads/{begun['id']}").json()["parts"]
        assert {part["number"] for part in here} == set(tags)
    listed = {"parts": [{"number": number, "etag": tags[number]} for number in (1, 2)]}
    for _ in range(2):  # asked twice it is done once
        done = olgas.post(f"/uploads/{begun['id']}/complete", listed)
        assert (done.status_code, done.json()["sha256"]) == (200, hashlib.sha256(body).hexdigest())
    late = olgas.delete(f"/uploads/{begun['id']}")  # nothing was stopped, and it takes room
    said = f"{begun['name']} is uploaded already. DELETE /api/v1/sources/{begun['id']} takes it out of its project."
    assert (late.status_code, late.json()["detail"]) == (409, said)
    assert Source.objects.get().bytes == len(body)


@pytest.mark.usefixtures("stored")
def test_what_is_missing_or_too_long_is_refused_in_words(olgas, project):
    begun = begin(olgas, project, 10)
    too_long = olgas.put(f"/uploads/{begun['id']}/parts/1", b"x" * 11)
    assert (too_long.status_code, too_long["Content-Type"]) == (413, "application/problem+json")
    early = olgas.post(f"/uploads/{begun['id']}/complete", {"parts": []})
    assert early.status_code == 409
    assert "not whole" in early.json()["detail"]
    assert olgas.get(f"/uploads/{begun['id']}/parts/0").status_code == 422
    assert olgas.delete(f"/uploads/{begun['id']}").status_code == 204
    assert not Source.objects.exists()


def problem(answer):
    told = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, told["type"].rpartition("-")[2], told["detail"]


@pytest.mark.usefixtures("stored")
def test_a_store_that_is_away_is_told_with_when_to_come_back(olgas, project, monkeypatch):
    def failing(code):
        def keep(*args):
            raise OSError(code, os.strerror(code), "incoming")

        return keep

    begun = begin(olgas, project, 10)
    part = f"/uploads/{begun['id']}/parts/1"
    monkeypatch.setattr(FolderParts, "keep", failing(errno.EIO))
    away = olgas.put(part, b"x" * 10)
    said = "The server cannot store beach.mov now. What was sent so far is kept: try again later."
    assert problem(away) == (503, "away", said)
    assert int(away["Retry-After"]) > 0
    monkeypatch.setattr(FolderParts, "keep", failing(errno.ENOSPC))
    assert problem(olgas.put(part, b"x" * 10))[:2] == (507, "full")
    monkeypatch.undo()
    assert olgas.put(part, b"x" * 10).status_code == 204


@pytest.mark.usefixtures("stored")
def test_a_part_without_a_length_is_told_as_that(olgas, project):
    address = f"/api/v1/uploads/{begin(olgas, project, 10)['id']}/parts/1"
    more = {"content_type": "application/octet-stream", "headers": olgas.headers, "CONTENT_LENGTH": ""}
    assert problem(olgas.client.put(address, b"x" * 10, **more))[:2] == (411, "malformed")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(("size", "status"), [(0, 422), (10**15, 413), (-1, 422), ("many", 422)])
def test_a_size_that_cannot_be_is_refused(olgas, project, size, status):
    asked = {"project": str(project.pk), "name": "beach.mov", "bytes": size}
    assert olgas.post("/uploads", asked).status_code == status
    assert not Source.objects.exists()


def test_in_a_bucket_the_parts_go_there(olgas, project, in_bucket):
    begun = begin(olgas, project, 10)
    address = olgas.get(f"/uploads/{begun['id']}/parts/1").json()
    assert address["url"].startswith(in_bucket.endpoint)
    assert not address["here"]
