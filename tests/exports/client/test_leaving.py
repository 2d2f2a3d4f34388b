"""What breaks off, is left, killed or answered by somebody else: it goes on, or is said in a sentence."""

import os
import signal
import sys

import httpx
import pytest

from exports.client import command
from exports.models import Export, Project
from tests.exports.client.conftest import BODY, film, film_to_download
from tests.exports.client.test_client import finished_by_now
from tests.exports.footage import project_of, requested, running

pytestmark = pytest.mark.django_db


def test_an_upload_whose_client_was_killed_goes_on_where_it_was(site, footage, line, owner):
    project = site.project(str(project_of(owner).pk))

    def killed(request):
        if request.url.path.endswith("/parts/2"):
            raise KeyboardInterrupt

    line.breaks = killed
    with pytest.raises(KeyboardInterrupt):
        site.upload_what_lacks(project, footage)
    line.asked, line.breaks = [], lambda request: None
    source = site.upload_what_lacks(project, footage)
    assert [each for each in line.asked if each.startswith("PUT")] == [f"PUT /api/v1/uploads/{source['id']}/parts/2"]
    line.asked = []
    assert site.upload_what_lacks(project, footage)["id"] == source["id"]
    assert {each.split()[0] for each in line.asked} == {"GET"}


def test_what_another_file_of_this_name_has_left_there_is_sent_anew(site, footage, line, owner):
    project = site.project(str(project_of(owner).pk))
    begun = site.asking.json("POST", "/uploads", {"project": project["id"], "name": footage.name, "bytes": len(BODY)})
    site.asking.ask("PUT", f"/api/v1/uploads/{begun['id']}/parts/1", content=b"\0" * begun["part_bytes"])
    assert site.upload_what_lacks(project, footage)["sha256"] == site.upload(project, footage)["sha256"]


def test_a_project_that_was_there_stays_whoever_leaves(commanded, footage, line, owner):
    project = project_of(owner)
    line.breaks = lambda request: httpx.Response(413) if request.method == "PUT" else None
    assert commanded("export", str(footage), "--into", str(project.pk)) == 1
    assert Project.objects.get() == project


class Killed(BaseException):
    """What no client lives to see."""


@pytest.mark.parametrize("lost", [True, False])
def test_an_export_whose_client_was_killed_is_not_asked_for_a_second_time(footage, commanded, line, lost):
    def killed(request):
        if request.method == "GET" and "/exports/" in request.url.path:
            raise Killed
        return "after" if lost and line.asked.count("POST /api/v1/exports") == 1 else None

    line.breaks = killed
    with pytest.raises(Killed):
        commanded("export", str(footage), "--title", "Reel 12")
    project, export = Project.objects.get(), Export.objects.get()
    words = ("export", str(footage), "--title", "Reel 12", "--into", str(project.pk))
    line.breaks = finished_when_looked_at
    assert commanded(*words) == 0
    assert commanded(*words) == 0
    assert Export.objects.get() == export


@pytest.mark.parametrize("else_asked", [["--size", "720p"], ["--trim", "2:4"], ["--title", "Reel 13"]])
def test_what_is_asked_for_otherwise_is_another_export(footage, commanded, line, owner, else_asked):
    project = str(project_of(owner).pk)
    line.breaks = finished_when_looked_at
    assert commanded("export", str(footage), "--into", project) == 0
    assert commanded("export", str(footage), "--into", project, *else_asked) == 0
    assert Export.objects.count() == 2


def test_what_has_ended_in_vain_is_asked_for_anew_with_the_same_words(footage, commanded, line, owner):
    words = ("export", str(footage), "--into", str(project_of(owner).pk))

    def cancelled(request):
        if sum(each.startswith("GET /api/v1/exports/") for each in line.asked) == 2:
            Export.objects.get().cancel(actor="user")

    line.breaks = cancelled
    assert commanded(*words) == 1
    line.breaks = finished_when_looked_at
    assert commanded(*words) == 0
    assert commanded(*words) == 0
    assert sorted(Export.objects.values_list("job__status", flat=True)) == ["cancelled", "complete"]


def finished_when_looked_at(request):
    newest = Export.objects.order_by("job__created_at").last()
    if request.method == "GET" and "/exports/" in request.url.path and not newest.job.settled:
        finished_by_now(running(newest))


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_who_is_told_to_end_leaves_as_by_hand(name, footage, commanded, capsys, line):
    usual = signal.getsignal(getattr(signal, name))

    def ended(request):
        if "/parts/2" in request.url.path:
            os.kill(os.getpid(), getattr(signal, name))

    line.breaks = ended
    assert commanded("export", str(footage)) == 2
    assert "begun for this export, is deleted again" in capsys.readouterr().err
    assert not Project.objects.exists()
    assert signal.getsignal(getattr(signal, name)) == usual


def test_a_film_that_stays_there_is_told_by_its_page(footage, commanded, capsys, line):
    def done(request):
        if request.method == "GET" and "/exports/" in request.url.path:
            export = Export.objects.get()
            finished_by_now(running(export))

    line.breaks = done
    assert commanded("export", str(footage)) == 0
    assert capsys.readouterr().out == f"http://testserver/exports/{Export.objects.get().pk}/\n"


def test_where_there_is_no_room_for_the_film_is_said_with_the_way_back_to_it(site, owner, tmp_path, commanded, capsys):
    told = film_to_download(site, owner)
    (tmp_path / ".film.mp4.part").symlink_to("/dev/full")
    assert commanded("download", told["id"], "--out", str(tmp_path / "film.mp4")) == 2
    said = f"{tmp_path}/.film.mp4.part: No space left on device. Make room, and do it again."
    assert capsys.readouterr().err.splitlines()[-1] == said


def test_what_is_left_of_another_film_of_this_name_is_fetched_anew(site, owner, tmp_path):
    told, out = film_to_download(site, owner), tmp_path / "film.mp4"
    (tmp_path / ".film.mp4.part").write_bytes(b"another")
    assert site.download(told, out).read_bytes() == BODY


def test_lists_go_on_over_the_pages_of_the_site(site, owner):
    Project.objects.bulk_create(Project(owner=owner, name=f"{number}") for number in range(202))
    assert len({each["id"] for each in site.projects(most=201)}) == 201
    assert len(site.projects(most=1000)) == 202
    assert site.exports(most=1000) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, html="<p>Sign in"), "What answers at http://testserver is no Longhaul."),
        (httpx.Response(200, json=[]), "What answers at http://testserver is no Longhaul."),
        (
            httpx.Response(308, headers={"Location": "https://testserver/api/v1/projects"}),
            "http://testserver sends on to https://testserver. If that is the site, name it.",
        ),
    ],
)
def test_what_is_no_site_of_ours_is_said_in_a_sentence(answer, said, line, commanded, capsys):
    line.breaks = lambda request: answer
    assert commanded("projects") == 2
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "foo://bar"])
def test_a_proxy_that_cannot_be_used_is_said_in_a_sentence(proxy, monkeypatch, capsys):
    for name, value in (("LH_SITE", "http://nowhere.invalid"), ("LH_TOKEN", "lh_x_y"), ("ALL_PROXY", proxy)):
        monkeypatch.setenv(name, value)
    assert command.main(["list"]) == 2
    assert capsys.readouterr().err.startswith("What this shell names as a proxy (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY)")


def test_a_line_is_there_for_whoever_reads_as_soon_as_it_is_told(site, owner, commanded, monkeypatch):
    export = running(requested(film(owner)))
    reads, writes = os.pipe()
    with os.fdopen(reads, "rb") as reader, os.fdopen(writes, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert commanded("list", "--json") == 0
        assert str(export.pk).encode() in os.read(reader.fileno(), 100)


def test_whoever_has_read_enough_ends_it_without_a_word(site, owner, commanded, monkeypatch, capsys):
    running(requested(film(owner)))
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert commanded("list") == 2
    assert capsys.readouterr().err == ""


def test_a_part_that_broke_off_on_its_way_is_sent_again(site, footage, line):
    broken = [httpx.Response(408, json={"detail": "Part 1 broke off. Send it again."})]
    line.breaks = lambda request: broken.pop() if broken and request.method == "PUT" else None
    assert site.upload(site.begin_project("Holiday"), footage)["state"] == "ready"
