"""The site as a client meets it: in one process, through WSGI, so that each answer can be lost on purpose."""

import hashlib

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from exports.client import Longhaul, command
from exports.models import Export, Source, Token
from exports.tools import tools
from exports_site.wsgi import application
from tests.exports.footage import driver_is_awake, film_of, finished, project_of, requested

BODY = bytes(range(256)) * 40_000  # two parts


class Line(httpx.BaseTransport):
    """To the site, until `breaks` says otherwise of a request."""

    def __init__(self):
        self.site = httpx.WSGITransport(app=application)
        self.asked, self.breaks = [], lambda request: None

    def handle_request(self, request):
        self.asked.append(f"{request.method} {request.url.path}")
        broken = self.breaks(request)
        if broken == "before":
            raise httpx.ConnectError("refused")
        if isinstance(broken, httpx.Response):
            return broken
        answer = self.site.handle_request(request)
        if broken == "after":
            answer.read()
            answer.close()
            raise httpx.ReadError("lost")
        return answer


@pytest.fixture
def line(settings, tmp_path):
    settings.STORE_ROOT = tmp_path / "store"
    tools.cache_clear()
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    driver_is_awake()
    yield Line()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    tools.cache_clear()


@pytest.fixture
def waits():
    return []


@pytest.fixture
def site(line, owner, waits):
    _, token = Token.make(owner, name="client", scope="write")

    def sleep(seconds):
        """What the cluster would do meanwhile."""
        waits.append(seconds)
        Source.objects.filter(state="stored").update(state="ready", facts={"seconds": 8.0})

    with Longhaul("http://testserver", token=token, transport=line, sleep=sleep) as made:
        yield made


@pytest.fixture
def footage(tmp_path):
    path = tmp_path / "beach.mov"
    path.write_bytes(BODY)
    return path


@pytest.fixture
def commanded(monkeypatch, line, owner):
    """The command, with a token that may change, against the site of the test."""
    monkeypatch.setenv("LH_SITE", "http://testserver")
    monkeypatch.setenv("LH_TOKEN", Token.make(owner, name="command", scope="write")[1])
    monkeypatch.setattr(command, "Longhaul", lambda url, **more: Longhaul(url, transport=line, sleep=looked_at, **more))
    return lambda *asked: command.main(list(asked))


def looked_at(seconds, state="ready"):
    """What the cluster does while the client waits."""
    Source.objects.filter(state="stored").update(state=state, facts={"seconds": 8.0}, refusal="It holds no pictures.")


def film(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return project


def film_to_download(site, owner):
    export = finished(requested(film(owner)), BODY)
    Export.objects.filter(pk=export.pk).update(result_sha256=hashlib.sha256(BODY).hexdigest())
    return site.look(str(export.pk))
