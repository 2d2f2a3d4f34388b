"""A whole installation, web server, cluster and attempts, on the database of the test."""

from fractions import Fraction
from urllib.parse import quote

import pytest
from django.db import connection

from exports import sources
from exports.models import Clip, Export, Heartbeat, Project
from exports.models.heartbeat import CLUSTER
from exports.tools import tools
from progress.models import Status
from tests.chaos import audit
from tests.chaos.installation import Installation, environment_of
from tests.modal_functions.media.reels import shoot
from tests.soon import soon

PATIENCE = 240  # seconds, on a machine that has much else to do


def address():
    """Of the test's database, as DATABASE_URL has it."""
    named = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{named['NAME']}"
    password = f":{quote(named['PASSWORD'], safe='')}" if named["PASSWORD"] else ""
    host = quote(named["HOST"], safe="")
    return f"postgresql://{named['USER']}{password}@{host}:{named['PORT']}/{named['NAME']}"


@pytest.fixture
def whole(transactional_db, settings, tmp_path):
    more = {"SECRET_KEY": settings.SECRET_KEY, "LONGHAUL_LOG_LEVEL": "WARNING"}
    installation = Installation(tmp_path, environment_of(tmp_path, address()) | more, silence=10)
    settings.STORE_ROOT = installation.store
    tools.cache_clear()
    yield installation
    installation.end()
    tools.cache_clear()


@pytest.fixture
def project(owner, whole, tmp_path):
    reel = shoot(tmp_path / "one.mp4", seconds=2, rate=Fraction(25), size=(160, 90), sound="aac")
    project = Project.objects.create(owner=owner, name="Lofoten")
    source = sources.take_in(project, reel.path, tools())
    for position in range(3):
        Clip.objects.create(
            project=project, source=source, position=position, in_us=position * 100_000, out_us=1_900_000
        )
    return project


def asked_for(project):
    return Export.request(project, kind="multi_clip", options={"size": "360p", "quality": "draft"})


def parts(project):
    """Each part that is kept, and the file it stands in: another file would be another rendering."""
    found = {key: tools().store.in_place(key) for key in tools().store.keys(f"projects/{project.pk}/chunks")}
    return {key: path.stat().st_ino for key, path in found.items()}


def forget_parts(project):
    """So that there is something to render."""
    for key in parts(project):
        tools().store.delete(key)


def has_beaten(*pids):
    names = Heartbeat.objects.filter(name__startswith=f"{CLUSTER} ").values_list("name", flat=True)
    beaten = {name.rpartition(" ")[2] for name in names}
    return {str(pid) for pid in pids} <= beaten if pids else bool(beaten)


def status_of(export):
    return Export.objects.values_list("job__status", flat=True).get(pk=export.pk)


def is_over(whole):
    whole.tend()
    return not Export.objects.filter(next_due_at__isnull=False).exists()


def completed(export, whole):
    assert soon(lambda: is_over(whole), PATIENCE), f"it is {status_of(export)}"
    assert status_of(export) == Status.COMPLETE
    return Export.objects.get(pk=export.pk)


def violations(whole):
    return [*audit.exports_audited(whole.store), *audit.leftovers(whole.folder / "home")]
