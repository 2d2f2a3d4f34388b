"""What keeps a command of manage.py from its work is told in a sentence, whoever's command it is."""

import errno

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError

from exports_site.shell import in_sentences
from modal_functions.store import Forbidden
from tests.deploy_check import manage
from tests.serving import free_port

AWAY = OperationalError(
    'connection failed: connection to server at "127.0.0.1", port 1 failed: Connection refused\n\tIs'
)


def ended(capsys, error):
    with pytest.raises(SystemExit) as end, in_sentences():
        raise error
    return end.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AWAY, "CommandError: The database does not answer: connection failed: connection to server at"),
        (InterfaceError("connection is closed"), "The database does not answer: connection is closed"),
        (
            OperationalError("no such table: exports_intake"),
            "not of this version (no such table: exports_intake). Bring",
        ),
        (
            OperationalError("no such column: exports_user.x"),
            "not of this version (no such column: exports_user.x). Bring",
        ),
        (
            ProgrammingError('relation "exports_job" does not exist\nLINE 1: SELECT'),
            '(relation "exports_job" does not ex',
        ),
        (OperationalError("attempt to write a readonly database"), "may not be written by this user (attempt to write"),
        (OperationalError("unable to open database file"), "cannot be opened (unable to open database file). Look at"),
        (DatabaseError("file is not a database"), "is damaged (file is not a database). Restore"),
        (DatabaseError("database disk image is malformed"), "is damaged (database disk image is malformed). Restore"),
        (OperationalError("database or disk is full"), "cannot be written (database or disk is full). Make room"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/srv/static"),
            "CommandError: /srv/static: Permission denied.",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "CommandError: No space left on device. Look at LONGHAUL_HOME",
        ),
        (
            Forbidden("the bucket answers 403 InvalidAccessKeyId to PutObject"),
            "CommandError: The store refuses: the bucket answers 403 InvalidAccessKeyId to PutObject. L",
        ),
    ],
)
def test_what_the_machine_lacks_is_one_line_and_a_two(capsys, error, said):
    code, told = ended(capsys, error)
    assert code == 2
    assert told.count("\n") == 1
    assert said in told


def test_ctrl_c_is_a_sentence(capsys):
    code, told = ended(capsys, KeyboardInterrupt())
    assert (code, told.startswith("Stopped before its end.")) == (130, True)


@pytest.mark.parametrize(
    "fault", [ProgrammingError("syntax error"), DatabaseError("x"), OSError(errno.EBADF, "Bad"), KeyError("x")]
)
def test_a_fault_of_ours_keeps_its_traceback(fault):
    with pytest.raises(type(fault)), in_sentences():
        raise fault


def test_who_asks_for_tracebacks_has_them():
    with pytest.raises(OperationalError), in_sentences(tracebacks=True):
        raise AWAY


@pytest.mark.parametrize("command", [("intake",), ("reconcile", "7f3c"), ("changepassword", "demo")])
def test_a_database_that_was_never_made_is_told_by_every_command(command, tmp_path):
    done = manage({"LONGHAUL_HOME": str(tmp_path)}, *command)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "The database is not of this version (no such table: exports_" in done.stderr


@pytest.mark.parametrize("command", ["serve", "cluster", "drive"])
def test_what_runs_for_long_begins_nothing_on_an_older_database(command, tmp_path):
    here = {"LONGHAUL_HOME": str(tmp_path), "LONGHAUL_BIND": f"127.0.0.1:{free_port()}"}
    done = manage(here, command, *(["--seconds", "5"] if command == "drive" else []))
    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        ["CommandError: The database is older than this version. Bring it up to date: manage.py migrate"],
    )


@pytest.mark.parametrize("command", ["intake", "reconcile", "second_factor", "doctor", "audit", "calibrate", "drill"])
def test_no_command_works_on_another_database_than_was_meant(command, tmp_path):
    done = manage({"LONGHAUL_HOME": str(tmp_path), "DATABASE_URL": "mysql://a:b@host/films"}, command)
    assert done.returncode == (1 if command == "doctor" else 2)
    assert "DATABASE_URL is 'mysql://…'; expected postgresql://user:password@host/name" in done.stderr
    assert not (tmp_path / "longhaul.sqlite3").exists()
