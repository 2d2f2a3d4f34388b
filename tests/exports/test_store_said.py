"""Whoever runs the server reads what the store refused, and which setting to look at, wherever they meet it."""

import pytest
from django.core.management import CommandError, call_command

from exports.staff import files, reach
from exports.store_said import told
from exports.tools import tools
from modal_functions.store import Forbidden, Full, Unreachable
from tests.exports.footage import film_of, project_of, requested, running

pytestmark = pytest.mark.django_db

WRONG_KEY = "LONGHAUL_STORE_KEY is no key of this provider: it was deleted, or is another's."


@pytest.fixture
def wrong_key(in_bucket):
    for method in ("GET", "PUT", "POST", "DELETE", "HEAD"):
        in_bucket.fault(method, "/", status=403, code="InvalidAccessKeyId", times=99)


@pytest.mark.parametrize("command", ["tidy_store", "drill"])
def test_a_command_names_what_was_refused_and_the_setting(wrong_key, command):
    with pytest.raises(CommandError) as refused:
        call_command(command)
    act = "ListObjectsV2" if command == "tidy_store" else "PutObject"
    said = f"The store refuses: the bucket answers 403 InvalidAccessKeyId to {act}. {WRONG_KEY}"
    assert (refused.value.returncode, str(refused.value)) == (2, said)


def test_audit_looks_at_the_rows_and_names_the_setting(wrong_key, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("audit")
    said = "Not everything was looked at (objects). The store refuses: the bucket answers 403 InvalidAccessKeyId to"
    first = capsys.readouterr().out.splitlines()[0]
    assert (ended.value.code, first) == (2, f"{said} ListObjectsV2. {WRONG_KEY}")


def test_the_system_page_says_it_too(wrong_key):
    store = next(each for each in reach.ask(tools()) if each.part == "store")
    said = "The store refuses: the bucket answers 403 InvalidAccessKeyId to GetObject."
    assert (store.ok, store.said) == (False, f"{said} {WRONG_KEY}")


def test_the_page_of_an_export_in_the_admin_says_it_too(wrong_key, owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = running(requested(project))
    assert files.asked(export, tools()).trouble.endswith(WRONG_KEY)


def test_what_is_no_bucket_of_ours_is_told_by_what_can_be_done(in_bucket):
    assert str(told(Unreachable("Could not connect"))) == (
        "The store does not answer: Could not connect."
        " Look at LONGHAUL_STORE_ENDPOINT, and whether this machine reaches it."
    )
    assert told(answering(Unreachable, "SlowDown")).said.startswith("The store fails: the")
    assert "what belongs to it" in told(answering(Forbidden, "403")).todo


def answering(kind, code):
    error = kind("the bucket answers so to PutObject")
    error.code = code
    return error


def test_a_folder_is_told_by_its_place(settings):
    refused, full = told(Forbidden("Permission denied (/srv/store)")), told(Full("No space left on device"))
    assert refused.said == "The store refuses: Permission denied (/srv/store)."
    assert str(settings.STORE_ROOT) in refused.todo
    assert (full.said, "tidy_store --dry-run" in full.todo) == ("The store is full: No space left on device.", True)
