"""`manage.py drill`: what it says, what it stores, and its exit code."""

import json
import os
import subprocess
import sys
from io import StringIO

import psutil
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from exports.drill.items import ITEMS
from exports.models import Drill, User
from exports.tools import tools
from tests.serving import ROOT, Server, free_port

pytestmark = pytest.mark.django_db


def asked(*options):
    out = StringIO()
    call_command("drill", *options, stdout=out)
    return out.getvalue()


def test_a_dry_run_says_what_would_be_tried_and_does_nothing():
    said = asked("--dry-run", "--port", str(free_port()))
    assert "A web server does not answer at 127.0.0.1:" in said
    assert "No cluster works, so a driver of its own drives its exports." in said
    assert all(f"would be tried  {item}" in said for item in ITEMS)
    assert (Drill.objects.count(), User.objects.count()) == (0, 0)


def test_a_dry_run_says_the_same_to_machines():
    told = json.loads(asked("--dry-run", "--json", "--only", "cancel", "--port", str(free_port())))
    assert told == {"dry_run": True, "site": False, "driven": False, "items": ["cancel"]}


def test_a_database_that_does_not_answer_is_told():
    def away(*args):
        raise OperationalError("no route to host")

    with connection.execute_wrapper(away), pytest.raises(CommandError) as refused:
        asked("--port", str(free_port()))
    assert (refused.value.returncode, str(refused.value)) == (2, "The database does not answer: no route to host")


@pytest.fixture
def no_store(settings, tmp_path):
    (tmp_path / "file").write_text("no folder")
    settings.STORE_ROOT = tmp_path / "file" / "store"
    tools.cache_clear()
    yield
    tools.cache_clear()


@pytest.mark.usefixtures("no_store")
def test_one_that_cannot_begin_is_no_drill():
    with pytest.raises(CommandError, match=r"^The store fails|^The store does not answer"):
        asked("--port", str(free_port()))
    assert (Drill.objects.count(), User.objects.count()) == (0, 0)


@pytest.mark.parametrize("options", [("--only", "everything"), ("--film", "0"), ("--patience", "nan")])
def test_what_it_does_not_know_is_refused(options):
    with pytest.raises(CommandError):
        asked(*options)


def test_staff_reads_the_drills_and_changes_none(client, staff):
    client.force_login(staff)
    results = [{"item": "cancel", "verdict": "did not hold", "sentence": "The runner says: <alive>."}]
    drill = Drill.objects.create(version="0.1.0", runner="local", ok=False, results=results)
    assert client.get("/admin/exports/drill/").status_code == 200
    page = client.get(f"/admin/exports/drill/{drill.pk}/change/").content.decode()
    assert "<strong>did not hold</strong> cancel: The runner says: &lt;alive&gt;." in page
    assert client.get("/admin/exports/drill/add/").status_code == 403
    assert client.post(f"/admin/exports/drill/{drill.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.skipif("DRILL" not in os.environ, reason="takes a minute: set DRILL=1")
def test_on_a_real_installation_all_holds_also_over_a_restart(tmp_path):
    server = Server(tmp_path / "home", None, "--first-start", LONGHAUL_RUNNING_AT_ONCE="1")
    try:
        assert server.is_ready()
        restart = f"kill -9 {' '.join(str(each.pid) for each in _crew(server))}"
        done = subprocess.run(
            [sys.executable, "manage.py", "drill", "--json", "--film", "30", "--restart-command", restart],
            cwd=ROOT,
            env=psutil.Process(server.process.pid).environ(),
            stdout=subprocess.PIPE,
            check=False,
        )
        found = json.loads(done.stdout)
        assert (done.returncode, found["ok"]) == (0, True), found
        assert {each["verdict"] for each in found["results"]} == {"held"}
        assert server.rows("select ok from exports_drill") == [(1,)]
        assert server.rows("select count(*) from exports_user where username like 'drill-%'") == [(0,)]
    finally:
        server.end()


def _crew(server):
    """The web server and the cluster; `serve` starts both again."""
    return psutil.Process(server.process.pid).children()
