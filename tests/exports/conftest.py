import random
from datetime import UTC, datetime
from io import BytesIO
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from exports.driver import one_pass
from exports.models import Clip, Export, Project, Source, User
from exports.tools import Tools
from exports.tools import tools as own_tools
from exports.views import lazy
from modal_functions.folder import FolderStore
from progress.models import Job
from tests.exports.footage import driver_is_awake
from tests.exports.lives import Lives

PASSWORD = "a long secret of hers"  # of `owner`, see tests/conftest.py


@pytest.fixture
def make_job(tracker, clock):
    """A job a second, so that the newest is the one made last."""

    def made(owner, title="Reel"):
        clock.pass_by(1)
        return tracker.create("film@1", title=title, owner=owner)

    return made


@pytest.fixture
def waiting(clock, tracker):
    """So many exports of theirs in the queue, one asked for a second after the other."""

    def make(owner, count=1):
        project = Project.objects.create(owner=owner, name="Film")
        source = Source.objects.create(project=project, name="a", bytes=1, state="ready", facts={"seconds": 8.0})
        Clip.objects.create(project=project, source=source, position=1)
        exports = []
        for _ in range(count):
            export = Export.request(project, kind="multi_clip", options={})
            Job.objects.filter(pk=export.pk).update(created_at=clock.pass_by(1))
            tracker.uploaded(export.pk)
            exports.append(export)
        return exports

    return make


@pytest.fixture
def signed_in():
    """A browser of its own for an account."""

    def browser(account):
        client = Client()
        client.force_login(account)
        return client

    return browser


@pytest.fixture
def browser(owner, signed_in):
    return signed_in(owner)


@pytest.fixture
def visitor():
    """A browser that nobody is signed in with."""
    return Client()


@pytest.fixture
def in_bucket(settings, bucket):
    """An installation whose store is a bucket."""
    known = bucket.described()
    settings.STORE_BUCKET, settings.STORE_PREFIX, settings.STORE_ENDPOINT = bucket.name, "longhaul", bucket.endpoint
    settings.STORE_KEY, settings.STORE_SECRET, settings.STORE_ORIGIN = known["key"], known["secret"], bucket.endpoint
    settings.GRANTS, settings.GRANTS_ENDPOINT = "sts", bucket.endpoint
    own_tools.cache_clear()
    yield bucket
    own_tools.cache_clear()


@pytest.fixture
def as_guest(db):
    """A browser that has started as a guest, and the guest's account."""

    def started():
        before = set(User.objects.values_list("pk", flat=True))
        client = Client()
        client.post("/guest")
        return client, User.objects.exclude(pk__in=before).get()

    return started


@pytest.fixture
def awake(db):
    """A driver is, so no page takes a step by itself."""
    lazy.lazily.cache_clear()
    driver_is_awake()


def folder(root):
    """What lets every attempt do everything with a store of the test's own."""
    return lambda ordered: {"store": "folder", "root": str(root)}


@pytest.fixture
def local(tmp_path):
    from tests.exports.places import Local

    place = Local(tmp_path)
    yield place
    place.calm()


@pytest.fixture
def remote(tmp_path, modal_cloud):
    from tests.exports.places import Remote

    return Remote(tmp_path, modal_cloud)


@pytest.fixture(params=["local", "modal"])
def place(request):
    """Each of the two in turn."""
    return request.getfixturevalue({"local": "local", "modal": "remote"}[request.param])


@pytest.fixture
def lacking():
    """A kind that cannot be made here."""
    from exports import kinds
    from tests.exports.oracle import ORACLE

    kinds.register(ORACLE)
    yield ORACLE
    kinds.unregister(ORACLE)


@pytest.fixture
def logo():
    """A file as a browser sends it."""

    def sent(what):
        from PIL import Image

        body = BytesIO()
        if what == "text":
            body.write(b"no picture at all")
        else:
            Image.new("RGBA", (40, 20), (255, 0, 0, 255)).save(body, "PNG")
        if what == "huge":
            body.write(bytes(6 << 20))
        return SimpleUploadedFile("logo.png", body.getvalue(), "image/png")

    return sent


@pytest.fixture
def kept_logo():
    return lambda project, checksum: own_tools().store.size(
        f"projects/{project.pk}/chunks/{checksum[:2]}/{checksum}.png"
    )


@pytest.fixture
def in_one_while(monkeypatch):
    """No minute and no quarter of an hour in which something is counted begins in the middle of a test, and no half
    minute of an app that shows codes."""
    now = datetime.now(UTC).replace(minute=7, second=30)
    for place in (
        "exports.api.pace",
        "exports.guessing",
        "exports.limits",
        "exports.newcomers",
        "exports.second_factor",
    ):
        monkeypatch.setattr(f"{place}.timezone", SimpleNamespace(now=lambda: now))
    monkeypatch.setattr("django_otp.plugins.otp_totp.models.time", SimpleNamespace(time=now.timestamp))


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store")


@pytest.fixture
def tools(store, runner, clock, tracker):
    """What a step works with; `runner` is the test's own."""
    return Tools(store=store, runner=lambda name: runner, tracker=tracker, clock=clock)


@pytest.fixture
def drive(tools, clock):
    """So many passes of the driver, two seconds apart."""

    def passes(count=1):
        for _ in range(count):
            clock.pass_by(2)
            passed = one_pass(tools)
            assert passed.failed == 0
        return passed

    return passes


@pytest.fixture
def lives(tracker, clock):
    return Lives(tracker, clock, luck=random.Random(1))


@pytest.fixture
def mine(lives, owner):
    return lives.project(owner)
