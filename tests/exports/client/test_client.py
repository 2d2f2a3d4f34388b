"""The client, against the site itself."""

import functools
import hashlib
import json
import os

import httpx
import pytest

from exports.client import Away, Longhaul, Refused, command
from exports.models import Export, Project, Source, Token
from tests.exports.client.conftest import BODY, film, film_to_download, looked_at
from tests.exports.footage import finished, project_of, requested, running

pytestmark = pytest.mark.django_db


def test_files_become_an_export(site, footage):
    shown = []
    project = site.begin_project("Holiday")
    source = site.upload(project, footage, on_bytes=lambda done, total: shown.append(done))
    assert (source["state"], source["sha256"]) == ("ready", hashlib.sha256(BODY).hexdigest())
    assert shown == [8 * 1024 * 1024, len(BODY)]
    film = site.arrange(project, [source, source], [(1.0, 2.5)])["film"]
    assert [(clip["start"], clip["end"]) for clip in film] == [(1.0, 2.5), (0.0, None)]
    begun = site.export(project, title="Reel 12", size="720p")
    assert Export.objects.get(pk=begun["id"]).spec["output"]["width"] == 1280
    assert [each["id"] for each in site.exports(active=True)] == [begun["id"]]


def test_a_file_whose_name_is_no_text_is_uploaded_all_the_same(site, footage):
    odd = footage.rename(footage.with_name(os.fsdecode(b"be\xffach.mov")))
    project = site.begin_project(odd.stem)
    assert (project["name"], site.upload(project, odd)["name"]) == ("be?ach", "be?ach.mov")
    lines = odd.rename(odd.with_name("a\nb\u202e\u200d.mov"))
    assert site.upload(project, lines)["name"] == "a b \u200d.mov"


@pytest.mark.parametrize("when", ["before", "after"])
def test_whatever_is_lost_once_is_asked_again_and_done_once(site, line, footage, when):
    broken = set()

    def breaks(request):
        what = (request.method, request.url.path)
        if what in broken:
            return None
        broken.add(what)
        return when

    line.breaks = breaks
    project = site.begin_project("Holiday")
    source = site.upload(project, footage)
    site.arrange(project, [source])
    site.export(project)
    assert (Project.objects.count(), Source.objects.count(), Export.objects.count()) == (1, 1, 1)


def test_what_was_deleted_though_its_answer_was_lost_is_deleted(site, line):
    project, lost = site.begin_project("Holiday"), ["after"]
    line.breaks = lambda request: lost.pop() if request.method == "DELETE" and lost else None
    site.delete_project(project["id"])
    assert not Project.objects.exists()
    with pytest.raises(Refused, match="There is no such thing among yours"):
        site.delete_project(project["id"])


def test_a_site_that_stays_away_is_said_after_some_patience_and_each_wait_before_it(site, line, waits):
    line.breaks, told = lambda request: "before", []
    site.asking.on_wait = told.append
    with pytest.raises(Away, match="testserver does not answer"):
        site.me()
    assert waits == [1, 2, 4, 8, 16]
    assert told[0] == "http://testserver does not answer: refused. Trying again in 1 s, for 31 s at most."
    assert told[-1] == "http://testserver does not answer: refused. Trying again in 16 s, for 16 s at most."
    assert len(told) == len(waits)


@pytest.mark.usefixtures("in_one_while")
def test_who_asked_too_often_waits_as_long_as_was_said(site, settings, waits):
    settings.API_CHANGES_A_MINUTE = 1
    site.begin_project("Holiday")
    with pytest.raises(Refused, match="Come back in"):
        site.begin_project("Winter")
    assert waits
    assert all(1 <= wait <= 60 for wait in waits)


def test_a_refusal_is_the_sites_own_sentence(site, owner):
    export = running(requested(film(owner)))
    with pytest.raises(Refused, match="It is running, so it cannot retry"):
        site.retry(str(export.pk))


def test_it_is_watched_to_its_end(site, owner, waits):
    export = running(requested(film(owner)))
    seen = []
    for look in site.watch(str(export.pk)):
        seen.append(look["job"]["percent"])
        if len(seen) == 2:
            finished_by_now(export)
    assert seen == [54, 54, 100]
    assert waits == [2.0, 2.0]


def test_a_download_goes_on_where_it_broke_off_and_is_checked(site, owner, tmp_path):
    told, out = film_to_download(site, owner), tmp_path / "film.mp4"
    (tmp_path / ".film.mp4.part").write_bytes(BODY[:5_000_000])
    done = []
    assert site.download(told, out, on_bytes=lambda here, total: done.append(here)) == out
    assert out.read_bytes() == BODY
    assert done[0] > 5_000_000


@pytest.mark.parametrize(("status", "said", "waited"), [(429, "7", [7.0, 7.0]), (503, "", [1.0, 2.0])])
def test_a_download_that_is_not_answered_now_is_asked_for_again(
    site, line, owner, tmp_path, waits, status, said, waited
):
    told, busy, out = film_to_download(site, owner), [1, 2], tmp_path / "film.mp4"

    def breaks(request):
        if request.url.path == httpx.URL(told["result"]["download"]).path and busy:
            busy.pop()
            return httpx.Response(status, headers={"Retry-After": said} if said else {}, text="Not now.")
        return None

    line.breaks, heard = breaks, []
    site.asking.on_wait = heard.append
    assert site.download(told, out).read_bytes() == BODY
    assert waits == waited
    assert heard[0].startswith(f"The download was answered {status}. Trying again in {waited[0]:g} s")


def test_a_download_that_is_never_answered_is_refused_after_some_patience(site, line, owner, tmp_path, waits):
    told = film_to_download(site, owner)
    line.breaks = lambda request: httpx.Response(503)
    with pytest.raises(Refused, match="The download was answered 503"):
        site.download(told, tmp_path / "film.mp4")
    assert waits == [1, 2, 4, 8, 16]
    assert list(tmp_path.glob("*film*")) == []


def test_what_is_not_what_was_made_is_not_kept(site, owner, tmp_path):
    told = site.look(str(finished(requested(film(owner)), BODY).pk))
    with pytest.raises(Refused, match="Download it again"):
        site.download(told, tmp_path / "film.mp4")
    assert list(tmp_path.glob("*film*")) == []


def test_a_project_is_listed_and_deleted_and_not_while_it_is_exported(site, owner, capsys, commanded):
    project, busy = project_of(owner), film(owner)
    running(requested(busy, title="Reel 12"))
    assert commanded("projects") == 0
    assert sorted(line.split()[0] for line in capsys.readouterr().out.splitlines()) == sorted(
        [str(project.pk), str(busy.pk)]
    )
    assert commanded("delete", str(project.pk)) == 0
    assert not Project.objects.filter(pk=project.pk).exists()
    assert commanded("delete", str(busy.pk)) == 1
    assert "“Reel 12” is not finished yet." in capsys.readouterr().err


@pytest.mark.parametrize(("name", "value"), [("quality", "best"), ("rate", "31"), ("size", "8K")])
def test_a_wrong_option_is_refused_by_the_site_before_anything_is_made_or_sent(name, value, footage, commanded, capsys):
    assert commanded("export", str(footage), f"--{name}", value) == 1
    assert f"{name.capitalize()}: expected one of" in capsys.readouterr().err
    assert not Project.objects.exists()


def test_what_was_begun_for_a_file_that_is_refused_is_taken_back(footage, commanded, capsys, monkeypatch, line):
    refuse = functools.partial(looked_at, state="refused")
    monkeypatch.setattr(command, "Longhaul", lambda url, **more: Longhaul(url, transport=line, sleep=refuse, **more))
    assert commanded("export", str(footage), str(footage)) == 1
    said = capsys.readouterr().err
    assert said.index("beach.mov cannot be used: It holds no pictures.") < said.index("is deleted again")
    assert not Project.objects.exists()


def test_who_leaves_while_it_is_uploaded_leaves_nothing_behind(footage, commanded, capsys, line):
    def left(request):
        if "/parts/2" in request.url.path:
            raise KeyboardInterrupt

    line.breaks = left
    assert commanded("export", str(footage)) == 2
    assert "Left. The project “beach”, begun for this export, is deleted again" in capsys.readouterr().err
    assert not Project.objects.exists()


def test_what_a_site_that_stays_away_has_is_named_with_the_way_to_delete_it(footage, commanded, capsys, line):
    line.breaks = lambda request: "before" if "/parts/2" in request.url.path else None
    assert commanded("export", str(footage), "--json") == 2
    told = capsys.readouterr()
    assert told.err.count("Trying again in") == 5
    assert f"To delete it: longhaul delete {Project.objects.get().pk}" in told.err
    assert told.out == ""


def test_an_export_that_was_begun_stays_whoever_leaves(footage, commanded, capsys, line):
    def left(request):
        if request.method == "GET" and "/exports/" in request.url.path:
            raise KeyboardInterrupt

    line.breaks = left
    assert commanded("export", str(footage)) == 2
    follow = f"To follow it: longhaul watch {Export.objects.get().pk}"
    assert capsys.readouterr().err.strip().endswith(f"Left. What was begun there goes on without you. {follow}")


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ("LH_SITE", "It is not said which site: name it with --site or in LH_SITE."),
        ("LH_TOKEN", "LH_TOKEN is empty: put a token there, which your account's page on http://testserver makes."),
    ],
)
def test_what_is_not_said_is_named(lacks, said, capsys, monkeypatch, commanded):
    monkeypatch.setenv(lacks, " ")
    assert commanded("list") == 2
    assert capsys.readouterr().err.strip() == said


@pytest.mark.parametrize("token", ["lh_nobody_s", "of yesterday", "lh_x\ny", "“lh_x”"])
def test_a_token_that_is_not_known_is_named_with_where_the_next_is_made(token, capsys, monkeypatch, commanded, line):
    monkeypatch.setenv("LH_TOKEN", token)
    assert commanded("list") == 2
    said = "http://testserver does not know the token in LH_TOKEN. Your account's page there makes another."
    assert capsys.readouterr().err.strip() == said


def test_the_command_lists_in_words_or_in_json(site, owner, capsys, monkeypatch, line):
    export = running(requested(film(owner), title="Reel 12"))
    monkeypatch.setenv("LH_SITE", "http://testserver")
    monkeypatch.setenv("LH_TOKEN", Token.make(owner, name="command", scope="read")[1])
    monkeypatch.setattr(command, "Longhaul", lambda url, **more: Longhaul(url, transport=line, **more))
    assert command.main(["list"]) == 0
    assert capsys.readouterr().out.split() == [str(export.pk), "running", "54", "%", "Reel", "12"]
    assert command.main(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == str(export.pk)
    assert command.main(["pause", str(export.pk)]) == 1  # its token may only see
    assert "may only see" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["export", "nowhere.mov"], "there is none"),
        (["export", __file__, "--trim", "abc"], "expected IN:OUT"),
        (["export", __file__, "--trim", "9:2"], "--trim 9:2: expected the first number below the second."),
        (["export", __file__, "--trim", "1:2", "--trim", "3:4"], "--trim: expected at most one a file, got 2 for 1."),
        (["export", __file__, "--out", "/nowhere/at/all.mp4"], "expected a folder"),
        (["export", __file__, "--out", "/"], "expected a file"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_sent(asked, said, capsys, monkeypatch, line, owner):
    monkeypatch.setenv("LH_SITE", "http://testserver")
    monkeypatch.setenv("LH_TOKEN", "lh_x_y")
    monkeypatch.setattr(command, "Longhaul", lambda url, **more: Longhaul(url, transport=line, **more))
    assert command.main(asked) == 2
    assert said in capsys.readouterr().err
    assert line.asked == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["watch", "nonsense"], "expected an id, as `longhaul list` and `longhaul projects` tell them, got 'nonsense'"),
        (["retry", "5aaa"], "expected an id"),
        (["list", "--most", "-1"], "expected a whole number from 1, got '-1'"),
    ],
)
def test_nor_is_what_is_no_id_and_no_number(asked, said, capsys, monkeypatch):
    monkeypatch.setenv("LH_SITE", "http://nowhere.invalid")
    monkeypatch.setenv("LH_TOKEN", "lh_x_y")
    with pytest.raises(SystemExit):
        command.main(asked)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("site", ["exports.example.com", "nas:8000", "http://", "ftp://nas", "http://nas:port"])
def test_a_site_that_is_no_address_is_said_at_once(site, capsys, monkeypatch):
    monkeypatch.setenv("LH_SITE", site)
    monkeypatch.setenv("LH_TOKEN", "lh_x_y")
    assert command.main(["list"]) == 2
    assert f"{site}: expected the site's address, such as https://" in capsys.readouterr().err


def finished_by_now(export):
    from progress.tracker import ProgressTracker

    ProgressTracker().finalize(export.pk)
    ProgressTracker().complete(export.pk)
