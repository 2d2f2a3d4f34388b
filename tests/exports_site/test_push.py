"""News as a browser or a script gets it: the ASGI application itself, spoken to as a server speaks to it."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from exports import speeds
from exports.models import Export, Token
from exports_site.asgi import SOCKET, Pushing
from progress.models import Job
from progress.push import rows
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, project_of, requested, running
from tests.pushing import Pushed
from tests.serving import ROOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return running(requested(project, title="Reel 12"))


@pytest.fixture
def cookie(owner):
    client = Client()
    client.force_login(owner)
    return client.cookies["sessionid"].value


@pytest.fixture(autouse=True)
def own_thread():
    """Its connection is closed with the test, so that the test's database can go."""
    yield
    rows.let_go()


class Stream:
    """One request, kept open."""

    def __init__(self, app, path, query="", kind="http", **headers):
        self.sent, self.more = asyncio.Queue(), asyncio.Queue()
        given = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": kind, "method": "GET", "path": path, "query_string": query.encode(), "headers": given}
        scope |= {"scheme": kind, "server": ("testserver", 80), "client": ("127.0.0.1", 1), "root_path": ""}
        if kind == "websocket":
            self.more.put_nowait({"type": "websocket.connect"})
        self.running = asyncio.ensure_future(app(scope, self.more.get, self.sent.put))

    async def next(self):
        return await asyncio.wait_for(self.sent.get(), 30)

    async def status(self):
        return (await self.next())["status"]

    async def news(self):
        """The next event's fields."""
        while True:
            body = (await self.next()).get("body", b"").decode()
            if "data: " in body:
                return dict(line.split(": ", 1) for line in body.strip().splitlines())

    def leave(self):
        self.more.put_nowait({"type": "http.disconnect"})


def play(story):
    async def played():
        app = Pushing()
        try:
            await asyncio.wait_for(story(app), 90)
        finally:
            for each in app._running:
                each.cancel()
            await asyncio.gather(*app._running, return_exceptions=True)

    asyncio.run(played())


def of(export):
    return "/api/v1/stream", f"jobs={export.pk}"


@sync_to_async
def move(export, done):
    try:
        ProgressTracker().update_progress_incremental(export.pk, done, 900, "frames", stage="process")
    finally:
        connection.close()


def test_news_comes_by_itself_from_how_it_stands_to_its_end(export, cookie):
    async def story(app):
        stream = Stream(app, *of(export), cookie=f"sessionid={cookie}")
        assert await stream.status() == 200
        first = await stream.news()
        told = json.loads(first["data"])
        assert (first["event"], told["type"], told["jobId"]) == ("progress_update", "progress_update", str(export.pk))
        assert told["data"]["progress"] == 54
        await move(export, 900)
        assert json.loads((await stream.news())["data"])["data"]["progress"] == 90
        stream.leave()
        await stream.running
        assert not app.hearers
        assert not app.hub.watches

    play(story)


def test_news_of_a_story_that_is_being_made_says_how_fast(owner, cookie):
    project = project_of(owner)
    film_of(project, "beach.mov", "sea.mov")
    story, now = Export.request(project, kind="assembly", options={"sizes": ["360p"]}), timezone.now()
    ProgressTracker().uploaded(story.pk)
    ProgressTracker().start(story.pk)
    ProgressTracker().update_progress_incremental(story.pk, 450, 900, "frames", stage="concatenate")
    Job.objects.filter(pk=story.pk).update(stage_began=now - timedelta(seconds=30), heard_at=now)
    speeds._shots_in.cache_clear()

    async def played(app):
        stream = Stream(app, *of(story), cookie=f"sessionid={cookie}")
        assert await stream.status() == 200
        assert json.loads((await stream.news())["data"])["data"]["shotsPerMinute"] == 2.0
        stream.leave()
        await stream.running

    play(played)


def test_a_stream_that_broke_off_goes_on_with_what_is_new(export, cookie):
    async def story(app):
        first = Stream(app, *of(export), cookie=f"sessionid={cookie}")
        await first.status()
        known = (await first.news())["id"]
        first.leave()
        again = Stream(app, *of(export), cookie=f"sessionid={cookie}", last_event_id=known)
        await again.status()
        await move(export, 600)
        assert json.loads((await again.news())["data"])["data"]["progress"] == 66
        again.leave()

    play(story)


def test_who_comes_back_knowing_how_all_has_ended_is_told_to_come_no_more(export, cookie):
    ProgressTracker().fail(export.pk, cause="lost", text="It was lost.")

    async def story(app):
        first = Stream(app, *of(export), cookie=f"sessionid={cookie}")
        assert await first.status() == 200
        known = (await first.news())["id"]
        await first.running
        again = Stream(app, *of(export), cookie=f"sessionid={cookie}", last_event_id=known)
        assert await again.status() == 204
        await again.running
        assert not app.hearers
        assert not app.hub.watches

    play(story)


def test_what_breaks_off_in_the_middle_goes_on_with_what_has_not_arrived(export, owner, cookie):
    """Several jobs are told in one piece: of those behind an event its id knows nothing."""
    other = running(requested(export.project, title="Reel 13"))

    async def story(app):
        stream = Stream(app, "/api/v1/stream", f"jobs={export.pk},{other.pk}", cookie=f"sessionid={cookie}")
        await stream.status()
        told = b""
        while told.count(b"data: ") < 2:
            told += (await stream.next())["body"]
        first, second, *_ = told.decode().replace("retry: 2000\n\n", "").split("\n\n")
        knows = json.loads(first.splitlines()[0].removeprefix("id: "))
        assert [json.loads(first.splitlines()[2].removeprefix("data: "))["jobId"]] == list(knows)
        assert set(json.loads(second.splitlines()[0].removeprefix("id: "))) == {str(export.pk), str(other.pk)}
        stream.leave()
        await stream.running

    play(story)


def test_news_whose_look_failed_comes_all_the_same_though_nothing_moves_any_more(export, cookie):
    async def story(app):
        stream = Stream(app, *of(export), cookie=f"sessionid={cookie}")
        await stream.status()
        await stream.news()
        look, failed = app.hub.look, asyncio.Event()

        async def cut_off(*asked):
            failed.set()
            raise OperationalError("canceling statement due to statement timeout")

        app.hub.look = cut_off
        await move(export, 900)
        await asyncio.wait_for(failed.wait(), 30)
        await asyncio.sleep(0.3)  # whatever else rings of the same
        app.hub.look = look
        assert json.loads((await stream.news())["data"])["data"]["progress"] == 90
        stream.leave()
        await stream.running

    play(story)


def test_a_websocket_tells_the_same_in_the_same_envelope(export, owner):
    _, token = Token.make(owner, name="script", scope="read")

    async def story(app):
        path = f"/api/v1/assembly/jobs/{export.pk}/websocket"
        stream = Stream(app, path, kind="websocket", authorization=f"Bearer {token}")
        assert (await stream.next())["type"] == "websocket.accept"
        told = json.loads((await stream.next())["text"])
        assert (told["type"], told["data"]["jobId"]) == ("progress_update", str(export.pk))
        await move(export, 900)
        assert json.loads((await stream.next())["text"])["data"]["progress"] == 90
        stream.more.put_nowait({"type": "websocket.disconnect"})
        await stream.running

    play(story)


def test_a_websocket_that_has_nothing_to_tell_says_now_and_then_that_it_lives(export, owner, monkeypatch):
    monkeypatch.setattr("progress.push.streams.BEAT", 0.05)
    _, token = Token.make(owner, name="script", scope="read")

    async def story(app):
        path = f"/api/v1/assembly/jobs/{export.pk}/websocket"
        stream = Stream(app, path, kind="websocket", authorization=f"Bearer {token}")
        said = [(await stream.next()).get("text") for _ in range(4)]
        assert json.loads(said[1])["type"] == "progress_update"
        assert [json.loads(each) for each in said[2:]] == [{"type": "heartbeat"}] * 2
        stream.more.put_nowait({"type": "websocket.disconnect"})
        await stream.running

    play(story)


@pytest.mark.parametrize("how", ["sse", "websocket"])
def test_who_may_no_longer_hear_is_told_so_on_a_websocket_and_not_to_come_again(export, owner, how, monkeypatch):
    monkeypatch.setattr("exports_site.asgi.LOOKED_AT_EACH", 0.05)
    token, shown = Token.make(owner, name="script", scope="read")
    revoke = sync_to_async(lambda: (token.revoke(timezone.now() - timedelta(seconds=1)), connection.close()))

    async def story(app):
        known = {"authorization": f"Bearer {shown}"}
        where = f"{SOCKET[0]}{export.pk}{SOCKET[1]}"
        stream = Stream(app, *of(export), **known) if how == "sse" else Stream(app, where, kind="websocket", **known)
        first, _ = await stream.next(), await stream.next()
        assert first["type"] in ("http.response.start", "websocket.accept")
        await revoke()
        await asyncio.wait_for(stream.running, 30)
        last = stream.sent._queue[-1]
        assert last.get("code") == 1008 if how == "websocket" else last["body"] == b""
        assert not app.hearers

    play(story)


def test_whoever_may_no_longer_see_the_work_of_others_hears_no_more_of_it(export, django_user_model, monkeypatch):
    monkeypatch.setattr("exports_site.asgi.LOOKED_AT_EACH", 0.05)
    clerk = django_user_model.objects.create_user("clara", password="a long secret of hers", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_job"))
    project = project_of(clerk)
    film_of(project, "boat.mov")
    own = running(requested(project, title="Reel 13"))
    known = {"authorization": f"Bearer {Token.make(clerk, name='script', scope='read')[1]}"}
    demote = sync_to_async(lambda: (clerk.user_permissions.clear(), connection.close()))

    async def story(app):
        theirs, hers = Stream(app, *of(export), **known), Stream(app, *of(own), **known)
        assert (await theirs.status(), await hers.status()) == (200, 200)
        await theirs.news()
        await demote()
        await asyncio.wait_for(theirs.running, 30)
        await hers.news()
        assert not hers.running.done()
        assert not app.as_staff
        hers.leave()
        await hers.running

    play(story)


@pytest.mark.parametrize("told", ['{"%s": 1e999}', '{"%s": [1]}', '["%s"]', "{"])
def test_what_a_reader_says_that_it_knows_may_be_any_nonsense(export, cookie, told):
    async def story(app):
        known = told.replace("%s", str(export.pk))
        stream = Stream(app, *of(export), cookie=f"sessionid={cookie}", last_event_id=known)
        assert await stream.status() == 200
        stream.leave()
        await stream.running

    play(story)


def test_who_may_not_see_it_hears_nothing(export, stranger):
    other = Client()
    other.force_login(stranger)
    strangers = other.cookies["sessionid"].value

    async def story(app):
        assert await Stream(app, *of(export)).status() == 401
        assert await Stream(app, *of(export), cookie=f"sessionid={strangers}").status() == 404
        assert await Stream(app, *of(export), authorization="Bearer lh_x_y").status() == 401
        assert await Stream(app, "/api/v1/stream", "jobs=nonsense").status() == 422
        assert await Stream(app, "/api/v1/stream").status() == 422
        assert await Stream(app, "/elsewhere").status() == 404
        refused = Stream(app, f"/api/v1/assembly/jobs/{export.pk}/websocket", kind="websocket")
        assert (await refused.next())["type"] == "websocket.close"

    play(story)


def test_nobody_else_whoever_they_are_hears_of_it_in_either_way(export, stranger, django_user_model):
    clerk = django_user_model.objects.create_user("clara", password="a long secret of hers", is_staff=True)
    guest = django_user_model.objects.create_guest()
    known = [{}, {"authorization": f"Bearer {Token.make(stranger, name='script', scope='write')[1]}"}]
    for account in (stranger, clerk, guest):
        browser = Client()
        browser.force_login(account)
        known.append({"cookie": f"sessionid={browser.cookies['sessionid'].value}"})

    async def story(app):
        before, after = SOCKET
        for each in known:
            assert await Stream(app, *of(export), **each).status() == (404 if each else 401)
            socket = Stream(app, f"{before}{export.pk}{after}", kind="websocket", **each)
            assert (await socket.next())["type"] == "websocket.close"
        assert not app.hearers

    play(story)


def test_a_page_of_another_site_hears_nothing_with_the_browsers_cookie(export, cookie, settings):
    async def story(app):
        async def asks(origin):
            known = {"cookie": f"sessionid={cookie}", "host": "127.0.0.1:8001", "origin": origin}
            stream = Stream(app, *of(export), **known)
            status = await stream.status()
            stream.leave()
            return status

        settings.BIND = ("127.0.0.1", 8000)
        assert await asks("http://127.0.0.1:8000") == 200
        assert await asks("http://evil.example") == 401
        assert await asks("http://127.0.0.1:9999") == 401
        settings.BIND = ("127.0.0.1", 80)
        assert await asks("http://127.0.0.1") == 200
        assert await asks("http://127.0.0.1:8000") == 401
        settings.PUBLIC_URL = "https://exports.example.com"
        assert await asks("https://exports.example.com") == 200
        assert await asks("http://127.0.0.1:8000") == 401

    play(story)


@pytest.mark.parametrize("how", ["password", "second factor", "closed", "token"])
def test_who_may_no_longer_hear_is_cut_off(export, owner, cookie, how, monkeypatch):
    monkeypatch.setattr("exports_site.asgi.LOOKED_AT_EACH", 0.05)
    token, shown = Token.make(owner, name="script", scope="read")
    known = {"authorization": f"Bearer {shown}"} if how == "token" else {"cookie": f"sessionid={cookie}"}

    @sync_to_async
    def change():
        try:
            if how == "password":
                owner.set_password("another secret of hers")
            if how == "second factor":
                owner.second_factor_since = timezone.now()
            owner.is_active = how != "closed"
            owner.save()
            if how == "token":
                token.revoke(timezone.now() - timedelta(seconds=1))
        finally:
            connection.close()

    async def story(app):
        stream = Stream(app, *of(export), **known)
        await stream.news()
        await change()
        await asyncio.wait_for(stream.running, 30)

    play(story)


def documented_curls():
    """What the document has with curl: the line that names the token, and the one that streams."""
    text = (ROOT / "docs/API.md").read_text()
    named = re.search(r'^api=.*?; (auth="[^"]*");', text, re.MULTILINE)[1]
    return named, re.search(r"^curl .*/api/v1/stream.*$", text, re.MULTILINE)[0]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed; `apt install curl` brings it")
def test_curl_tells_the_news_as_the_document_says_until_it_has_ended(export, owner):
    _, token = Token.make(owner, name="script", scope="read")
    named, streamed = documented_curls()
    server = Pushed(Pushing())
    try:
        told = streamed.replace("https://exports.example.com", f"http://127.0.0.1:{server.port}")
        given = os.environ | {"LH_TOKEN": token, "export": str(export.pk), "NO_PROXY": "127.0.0.1"}
        with subprocess.Popen(
            ["sh", "-c", f"{named}; {told} --max-time 30"], env=given, stdout=subprocess.PIPE, text=True
        ) as curl:
            lines = iter(curl.stdout.readline, "")
            assert next(json.loads(line[6:]) for line in lines if line.startswith("data: "))["data"]["progress"] == 54
            ProgressTracker().complete(export.pk)
            last = [json.loads(line[6:]) for line in lines if line.startswith("data: ")][-1]
            assert (last["type"], last["data"]["progress"]) == ("progress_update", 100)
        assert curl.returncode == 0
    finally:
        server.stop()
