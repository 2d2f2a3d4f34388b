"""`manage.py serve --first-start` as `make run` starts it: real processes, a real port, a home of its own."""

import errno
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection

import psutil
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.db import connection as database

from exports import collected
from exports.management.commands.serve import elsewhere, held, kept_from, one_at_a_time
from exports_site.headers import policy
from tests.meanwhile import at_once
from tests.serving import ROOT, Server, free_port
from tests.soon import soon

pytestmark = pytest.mark.skipif(
    "sqlite3" not in settings.DATABASES["default"]["ENGINE"],
    reason="it makes a SQLite of its own, so once a suite is enough",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One that runs while the tests of this file look at it."""
    running = Server(tmp_path_factory.mktemp("serve") / "home", None, "--first-start", "--silence", "10")
    try:
        assert running.answers(), running.said
        yield running
    finally:
        running.end()


def test_the_start_page_is_there_and_said_where(server):
    status, headers, page = server.ask("/")
    assert status == 200
    assert "Start an export" in page
    assert headers["Content-Security-Policy"] == policy(push=server.push)
    assert f"Longhaul is at http://127.0.0.1:{server.port}/ (Ctrl-C stops it)" in server.said


def test_every_file_that_the_page_names_is_served_hashed_and_to_be_kept(server):
    _, _, page = server.ask("/")
    named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    assert any(re.fullmatch(r"/static/site\.[0-9a-f]{12}\.css", path) for path in named)
    assert any("htmx" in path for path in named)
    for path in named:
        status, headers, text = server.ask(path)
        assert (status, bool(text)) == (200, True), path
        assert "immutable" in headers["Cache-Control"], path
        assert headers["Content-Security-Policy"] == policy(push=server.push)


def test_it_becomes_ready_when_the_cluster_has_beaten(server):
    assert server.is_ready(), server.said
    assert json.loads(server.ask("/readyz")[2]) == {"database": "ok", "cluster": "ok", "ready": True}


def test_a_hundred_browsers_that_keep_their_connections_open_are_all_answered(server):
    open_ones = [HTTPConnection("127.0.0.1", server.port, timeout=60) for _ in range(100)]
    for connection in open_ones:
        connection.request("GET", "/healthz")
        with connection.getresponse() as answer:
            assert answer.status == 200
            answer.read()
    for connection in open_ones:
        connection.close()


def test_the_demo_password_that_is_printed_signs_in(server):
    status, _, page = server.sign_in("demo", server.password())
    assert (status, "Sign out" in page, ">Admin<" in page) == (200, True, True)
    assert server.sign_in("demo", "another")[0] == 422


def test_a_visitor_starts_as_a_guest(server):
    browser = server.browser()
    _, _, page = server.ask("/", browser=browser)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    status, _, page = server.ask("/guest", {"csrfmiddlewaretoken": token}, browser)
    assert (status, "Keep my work" in page) == (200, True)


def test_what_is_not_there_has_its_page(server):
    status, _, page = server.ask("/nowhere")
    assert (status, "There is nothing at this address" in page) == (404, True)


def test_a_taken_port_is_told_in_one_sentence_and_nothing_is_touched(server, tmp_path):
    second = Server(tmp_path / "second", server.port, "--first-start")
    try:
        assert second.process.wait(60) == 1
        (line,) = second.said.splitlines()
        assert f"Nothing can listen at 127.0.0.1:{server.port}: Address already in use." in line
        assert f"LONGHAUL_BIND=127.0.0.1:{server.port + 1} make run" in line
        assert not (second.home / "longhaul.sqlite3").exists()
    finally:
        second.end()
    assert server.ask("/")[0] == 200


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("no.such.host.invalid", "0.0.0.0:8000 for all"),
        ("192.0.2.1", "127.0.0.1:8000"),
        ("2001:db8::1", "127.0.0.1:8000"),
    ],
)
def test_at_what_is_no_address_of_this_machine_another_port_is_not_proposed(host, said):
    error = kept_from(host, 8000)
    assert said in elsewhere(host, 8000, error)
    assert "8001" not in elsewhere(host, 8000, error)


def test_at_a_port_that_is_kept_for_root_a_higher_one_is_proposed():
    kept = OSError(errno.EACCES, "Permission denied")
    assert elsewhere("[::1]", 80, kept).endswith("LONGHAUL_BIND=[::1]:8000")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody can be let in beside it")
def test_while_one_start_is_on_its_way_no_other_takes_its_port_but_its_own_web_server_does():
    port = free_port()
    with held("127.0.0.1", port):
        assert kept_from("127.0.0.1", port).errno == kept_from("0.0.0.0", port).errno == errno.EADDRINUSE
        with socket.socket() as web:
            web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            web.bind(("127.0.0.1", port))
            web.listen()
            socket.create_connection(("127.0.0.1", port), timeout=60).close()
    assert kept_from("127.0.0.1", port) is None


def test_a_copy_of_a_start_that_outlives_it_holds_no_port():
    with held("127.0.0.1", free_port()) as place:
        copy = os.fork()
        if not copy:
            os._exit(7 if place.fileno() == -1 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) == 7


def test_two_starts_in_one_home_make_what_is_missing_one_after_the_other(settings, tmp_path):
    settings.HOME, done, said = tmp_path, [], []

    def start():
        with one_at_a_time(said.append):
            done.append("begins")
            soon(lambda: said, 10)
            done.append("ends")

    at_once(start, start)
    assert done == ["begins", "ends"] * 2
    assert said == [f"Another start makes what is missing in {tmp_path}; this one waits for it."]


@pytest.mark.django_db
def test_an_address_is_said_only_where_the_database_can_be_written(settings, tmp_path):
    settings.BIND, settings.STATIC_ROOT, out = ("127.0.0.1", free_port()), tmp_path, io.StringIO()
    (tmp_path / collected.STAMP).write_text(collected._described())

    def read_only(execute, sql, *given):
        if not sql.lstrip().startswith(("SELECT", "PRAGMA")):
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, *given)

    with database.execute_wrapper(read_only), pytest.raises(CommandError) as told:
        call_command("serve", stdout=out)
    assert out.getvalue() == ""
    assert str(told.value).startswith("Nothing was started. ")
    assert str(told.value).endswith("cannot be used: attempt to write a readonly database")


def test_a_database_that_was_never_made_is_told_in_one_sentence(tmp_path):
    bare = Server(tmp_path / "bare")
    try:
        assert bare.process.wait(60) == 2
        assert bare.said.splitlines() == [
            "CommandError: The database is older than this version. Bring it up to date: manage.py migrate"
        ]
    finally:
        bare.end()


def test_a_database_that_is_away_is_told_in_one_sentence(tmp_path):
    alone = Server(
        tmp_path / "alone", None, "--first-start", DATABASE_URL="postgresql://longhaul:hush@127.0.0.1:1/films"
    )
    try:
        assert alone.process.wait(60) == 1
        (line,) = alone.said.splitlines()
        assert line.startswith(
            "CommandError: Nothing was started. The database that DATABASE_URL names cannot be used: "
        )
        assert "hush" not in line
    finally:
        alone.end()


def test_a_full_disk_is_told_in_sentences(tmp_path):
    home = tmp_path / "small"
    home.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "longhaul", home], check=False).returncode:
        pytest.skip("only who may mount can fill a disk of its own")
    try:
        small = Server(home, None, "--first-start")
        assert small.process.wait(60) == 1
        assert f"Nothing was started. The database in {home} cannot be used: database or disk is full" in small.said
        assert "Traceback" not in small.said
    finally:
        small.end()
        subprocess.run(["umount", home], check=True)


def test_a_cluster_that_is_killed_is_told_and_started_again(server):
    def clusters():
        running = {each.pid for each in server.named("qcluster")}
        return {each.pid for each in psutil.Process(server.process.pid).children()} & running, running

    assert server.is_ready()
    (before,), with_workers = clusters()
    psutil.Process(before).kill()
    assert soon(lambda: clusters()[0] - {before}), server.said
    assert soon(lambda: not clusters()[1] & with_workers), "its workers are gone too"
    assert "The cluster ended unexpectedly (signal SIGKILL); it is started again at once." in server.said
    assert server.ask("/")[0] == 200


def test_a_web_server_that_hangs_is_told_and_started_again(server):
    [web] = [
        each
        for each in psutil.Process(server.process.pid).children()
        if "exports_site.wsgi:application" in each.cmdline()
    ]
    for process in (web, *web.children(recursive=True)):
        process.suspend()
    assert soon(lambda: "The web server gave no sign of life for 12 s and was killed" in server.said, 120), server.said
    assert soon(lambda: (server.answers() or [0])[0] == 200, 120), server.said  # not the first time, on a busy machine


def test_ctrl_c_leaves_no_process_a_second_run_carries_on_and_even_kill_9_leaves_nothing(server, tmp_path):
    shutil.copytree(server.home / "static", tmp_path / "home/static")  # made once, which is what takes long
    first = Server(tmp_path / "home", None, "--first-start")
    try:
        assert first.answers(), first.said
        assert first.is_ready(), first.said
        assert len(first.processes()) > 3, "the command, the web server, the cluster and their workers"
        begun = [each.cmdline()[:2] for each in psutil.Process(first.process.pid).children()]
        copies = [["granian", "exports_site.wsgi:application"], ["granian", "exports_site.asgi:application"]]
        assert all(each in begun for each in [*copies, ["manage.py", "qcluster"]]), "copies, with all that is loaded"
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(60) == 0
        assert first.processes() == []
        assert "Longhaul has stopped." in first.said
        assert "Traceback" not in first.said
    finally:
        first.end()

    password = first.password()
    second = Server(tmp_path / "home", first.port, "--first-start")
    try:
        assert second.answers(), second.said
        assert second.password() == password
        assert second.sign_in("demo", password)[0] == 200
        second.process.kill()
        assert soon(lambda: not second.processes(), 120), second.processes()
    finally:
        second.end()


def documented(beginning):
    """The command of docs/OPERATING.md that begins so."""
    (command,) = re.findall(rf"^{re.escape(beginning)}.*$", (ROOT / "docs/OPERATING.md").read_text(), re.MULTILINE)
    return command.replace(".venv/bin/python", sys.executable)


def shell(command, where):
    return subprocess.run(["sh", "-c", command], cwd=where, capture_output=True, text=True, check=False)


def test_a_backup_as_documented_of_a_site_at_work_is_that_site_in_a_home_where_nothing_else_was(server, tmp_path):
    backup, restore = documented('.venv/bin/python -c "import sqlite3'), documented("rm -f var/")
    (tmp_path / "var").symlink_to(server.home)
    assert shell(backup, tmp_path).returncode == 0
    kept = (tmp_path / "longhaul.backup").read_bytes()
    assert "already exists" in shell(backup, tmp_path).stderr
    assert (tmp_path / "longhaul.backup").read_bytes() == kept

    (tmp_path / "var").unlink()
    home = tmp_path / "var"
    home.mkdir()
    for stale in ("longhaul.sqlite3-wal", "longhaul.sqlite3-shm"):
        (home / stale).write_bytes(b"of another database")
    shutil.copy(server.home / "secret-key", home)
    assert shell(restore, tmp_path).returncode == 0
    restored = Server(home)
    try:
        assert (restored.answers() or [0])[0] == 200, restored.said
        assert restored.sign_in("demo", server.password())[0] == 200
        assert "Traceback" not in restored.said
    finally:
        restored.end()


def test_a_backup_where_there_is_no_database_fails_and_makes_none(tmp_path):
    (tmp_path / "var").mkdir()
    ended = shell(documented('.venv/bin/python -c "import sqlite3'), tmp_path)
    assert ended.returncode
    assert [each.name for each in tmp_path.rglob("*")] == ["var"]
