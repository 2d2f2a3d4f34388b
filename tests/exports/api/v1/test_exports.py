"""Exports over the API: asked for, looked at, steered, downloaded."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from exports.models import Export, Result, Worked
from exports.views import films
from tests.exports.footage import FILM, driver_is_awake, film_of, finished, fresh, project_of, requested, running

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def awake(db):
    driver_is_awake()


@pytest.fixture
def project(owner):
    made = project_of(owner)
    film_of(made, "beach.mov", "harbour.mov")
    return made


@pytest.fixture
def export(project):
    return requested(project, title="Reel 12")


def ask(script, whose, **more):
    return script.post("/exports", {"project": str(whose.pk), "options": {"size": "720p"}} | more)


def test_an_export_is_asked_for_and_told(olgas, project):
    answer = ask(olgas, project, title="  Reel 12 ")
    told, export = answer.json(), Export.objects.get()
    assert (answer.status_code, told["id"], told["job"]["title"]) == (201, str(export.pk), "Reel 12")
    assert (told["job"]["status"], told["job"]["percent"], told["actions"]) == ("uploading", 0, ["cancel"])
    assert export.spec["output"]["width"] == 1280
    assert told["result"] is None


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ({"kind": "hologram"}, 422, "multi_clip"),
        ({"options": {"size": "8K"}}, 422, "720p"),
        ({"options": {"colour": "red"}}, 422, "colour"),
        ({"project": str(uuid.uuid4())}, 404, "project"),
        ({"project": "nonsense"}, 422, "project"),
        ({"title": "x" * 201}, 422, "title"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_nothing_is_begun(olgas, project, more, status, said):
    answer = ask(olgas, project, **more)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    ("asked", "status", "at"),
    [
        ({}, 204, []),
        ({"options": {"size": "720p", "rate": "25", "quality": "original"}, "title": "Reel 12"}, 204, []),
        ({"options": {"quality": "best"}}, 422, ["body.options.quality"]),
        ({"options": {"rate": 31}}, 422, ["body.options.rate"]),
        ({"options": {"size": ["720p"]}}, 422, ["body.options.size"]),
        ({"options": {"size": None}}, 204, []),
        ({"options": {"size": ""}}, 422, ["body.options.size"]),
        ({"options": {"rate": 0}}, 422, ["body.options.rate"]),
        ({"kind": "assembly", "options": {"formats": ["webm", "gif"]}}, 422, ["body.options.formats"]),
        ({"options": {"colour": "red"}}, 422, ["body.options.colour"]),
        ({"options": {"enlarging": "real-esrgan"}}, 422, ["body.options.enlarging"]),
        ({"kind": "framing_ai", "options": {"shape": "round"}}, 422, ["body.options.shape"]),
        ({"kind": "hologram"}, 422, ["body.kind"]),
        ({"title": "x" * 201}, 422, ["body.title"]),
    ],
)
def test_what_could_be_asked_for_is_said_before_there_is_a_project(olgas, asked, status, at, settings):
    settings.UPSCALE_WEIGHTS = ""
    answer = olgas.post("/exports/check", asked)
    assert answer.status_code == status
    assert [each["at"] for each in (answer.json()["errors"] if at else [])] == at
    assert not Export.objects.exists()


def test_who_has_no_minutes_left_reads_so_before_anything_is_sent(olgas, owner, settings):
    settings.MINUTES_A_DAY, now = 1, timezone.now()
    Worked.objects.create(owner=owner, began=now - timedelta(minutes=5), ended=now)
    answer = olgas.post("/exports/check", {})
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (429, True)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "The body is no JSON that could be read."),
        (b"", 422, "body: expected a JSON object, got nothing."),
        (b"null", 422, "body: expected a JSON object, got null."),
        (b"[]", 422, "body: expected a JSON object, got a list."),
        (b'"beach"', 422, "body: expected a JSON object, got some text."),
        (b"12", 422, "body: expected a JSON object, got a number."),
        (b"true", 422, "body: expected a JSON object, got true."),
        (b"{" + b" " * 3_000_000 + b"}", 413, "The body is too large: expected at most 2,621,440 bytes."),
    ],
)
@pytest.mark.parametrize("address", ["/exports", "/exports/check"])
def test_a_body_that_is_no_object_is_refused_with_a_sentence(olgas, address, body, status, said):
    answer = olgas.post(address, body)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["detail"] == said


def test_it_is_looked_at_and_what_has_not_changed_is_not_sent_again(olgas, export):
    running(export)
    first = olgas.get(f"/exports/{export.pk}")
    job = first.json()["job"]
    assert (job["percent"], job["done"], job["total"], job["unit"]) == (54, 450, 900, "frames")
    assert [stage["state"] for stage in job["stages"]][3:] == ["current", "waiting", "waiting"]
    again = olgas.get(f"/exports/{export.pk}", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(("verb", "wish"), [("pause", "pause"), ("cancel", "cancel")])
def test_what_is_wished_of_it_is_kept(olgas, export, verb, wish):
    running(export)
    answer = olgas.post(f"/exports/{export.pk}/{verb}")
    assert (answer.status_code, answer.json()["job"]["wish"]) == (200, wish)


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("pause", "It is being paused, so it cannot pause. It may: resume, cancel."),
        ("cancel", "It is being stopped, so it cannot cancel."),
    ],
)
def test_asked_twice_it_says_that_it_is_under_way(olgas, export, verb, said):
    running(export)
    olgas.post(f"/exports/{export.pk}/{verb}")
    answer = olgas.post(f"/exports/{export.pk}/{verb}")
    assert (answer.status_code, answer.json()["detail"]) == (409, said)


def test_what_is_not_possible_says_what_is(olgas, export):
    running(export)
    answer = olgas.post(f"/exports/{export.pk}/retry")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "It is running, so it cannot retry. It may: pause, cancel."
    assert olgas.post(f"/exports/{export.pk}/explode").status_code == 422


def test_a_retry_of_what_has_lost_a_clip_is_refused_with_the_name_of_it(olgas, export, project, tracker):
    tracker.fail(export.pk, cause="lost", text="The machine went away.")
    assert project.discard(project.sources.get(name="beach.mov"))
    answer = olgas.post(f"/exports/{export.pk}/retry")
    assert answer.status_code == 409
    assert answer.json()["detail"] == (
        "beach.mov was deleted from the project, so this export cannot be made again. Put another clip in its place."
    )


def test_a_finished_film_is_told_and_downloaded_in_parts(olgas, export):
    finished(export)
    result = olgas.get(f"/exports/{export.pk}").json()["result"]
    assert (result["bytes"], result["sha256"], result["seconds"]) == (len(FILM), "5e" * 32, 8.0)
    there = result["download"].removeprefix("/api/v1")
    assert olgas.get(there).getvalue() == FILM
    part = olgas.get(there, Range="bytes=5-9")
    assert (part.status_code, part.getvalue()) == (206, FILM[5:10])
    head = olgas.client.head(f"/api/v1{there}", headers=olgas.headers)
    assert (head.status_code, int(head["Content-Length"]), head.getvalue()) == (200, len(FILM), b"")


def test_what_is_not_finished_cannot_be_downloaded(olgas, export):
    answer = olgas.get(f"/exports/{export.pk}/download")
    assert (answer.status_code, answer.json()["detail"]) == (404, "It is uploading, so it has no film to download.")


@pytest.mark.parametrize("address", ["/me", "/kinds", "/stages", "/jobs", "/projects", "/assembly/jobs/{}/progress"])
def test_what_has_not_changed_is_not_sent_again(olgas, export, address):
    there = address.format(export.pk)
    assert olgas.get(there, **{"If-None-Match": olgas.get(there)["ETag"]}).status_code == 304


@pytest.mark.parametrize("which", ["download", "results/1"])
def test_a_store_that_is_away_is_told_as_a_problem_with_when_to_come_back(olgas, export, which):
    key = f"{finished(export).result_key}/below"
    Export.objects.update(result_key=key)
    Result.objects.create(export=export, place=1, name="film.mp4", label="MP4", key=key, bytes=9)
    answer = olgas.get(f"/exports/{export.pk}/{which}")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert (answer["Content-Type"], answer.json()["detail"]) == ("application/problem+json", films.AWAY)


def test_pages_of_a_list_meet_whatever_is_added_meanwhile(olgas, project):
    made = [str(requested(project).pk) for _ in range(5)][::-1]
    first = olgas.get("/exports", {"limit": 2}).json()
    requested(project)
    second = olgas.get("/exports", {"limit": 2, "after": first["next"]}).json()
    third = olgas.get("/exports", {"limit": 2, "after": second["next"]}).json()
    assert [line["id"] for page in (first, second, third) for line in page["items"]] == made
    assert third["next"] is None


def test_made_in_the_same_microsecond_none_is_lost_between_two_pages(olgas, make_job, owner, clock):
    for _ in range(5):
        clock.pass_by(-1)
        make_job(owner)
    seen, after = [], ""
    while after is not None:
        page = olgas.get("/jobs", {"limit": 2, "after": after}).json()
        seen += [line["id"] for line in page["items"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize("after", ["nonsense", "AAAA", "é", "x" * 201, "MDAwMS0wMS0wMVQwMDowMDowMCswMDowMCB4"])
def test_a_page_that_nobody_offered_is_refused(olgas, after):
    assert olgas.get("/exports", {"after": after}).status_code == 422


def test_lists_are_narrowed(olgas, project, owner):
    ended, going = finished(requested(project)), requested(project)
    other = project_of(owner, "Winter")
    film_of(other, "snow.mov")
    elsewhere = requested(other)

    def found(address, **asked):
        return {line["id"] for line in olgas.get(address, asked).json()["items"]}

    assert found("/exports", project=str(other.pk)) == {str(elsewhere.pk)}
    assert found("/exports", active="true", project=str(project.pk)) == {str(going.pk)}
    assert found("/jobs", status="complete") == {str(ended.pk)}


def test_its_timeline_is_told_in_order(olgas, export):
    finished(export)
    events = olgas.get(f"/jobs/{export.pk}/events").json()
    assert (events[0]["phase"], events[-1]["phase"]) == ("created", "complete")
    assert [event["percent"] for event in events] == sorted(event["percent"] for event in events)


def test_a_list_costs_no_more_queries_for_more_lines(olgas, project, django_assert_max_num_queries):
    for _ in range(12):
        requested(project)
    olgas.get("/exports")
    with django_assert_max_num_queries(4):
        assert len(olgas.get("/exports").json()["items"]) == 12


def test_nor_for_more_that_failed_were_stopped_or_made_of_shots(
    olgas, project, owner, tracker, django_assert_max_num_queries
):
    kept = project_of(owner)
    film_of(kept, "pier.mov")
    for whose in (project, kept) * 3:
        tracker.fail(requested(whose).pk, cause="lost", text="It was lost.")
        requested(whose).cancel(actor="user 1")
        Export.objects.filter(pk=finished(requested(whose)).pk).update(kind="assembly")
    project.sources.first().delete()
    olgas.get("/exports")
    with django_assert_max_num_queries(7):
        told = olgas.get("/exports").json()["items"]
    may = {(each["project"] == str(kept.pk), *each["actions"]) for each in told if each["result"] is None}
    assert may == {(True, "retry"), (False,)}


def test_a_failure_is_told_with_its_sentence(olgas, export, tracker):
    tracker.uploaded(export.pk)
    tracker.fail(export.pk, cause="input_unreadable", text="We couldn't read clip 3.")
    told = olgas.get(f"/exports/{export.pk}").json()
    assert told["job"]["failure"] == {"cause": "input_unreadable", "sentence": "We couldn't read clip 3."}
    assert olgas.post(f"/exports/{export.pk}/retry").json()["job"]["status"] == "queued"
    assert fresh(export).job.status == "queued"
