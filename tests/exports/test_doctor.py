"""Every part is used once, and where one fails, it is said what to do."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError, connection
from django.utils import timezone

from exports.doctor import examine
from exports.models.heartbeat import CLUSTER, Heartbeat
from exports.runners.base import NotReached
from exports.tools import tools
from modal_functions.folder import FolderStore
from modal_functions.store import Forbidden
from tests.exports.scripted import ScriptedRunner

pytestmark = pytest.mark.django_db


@pytest.fixture
def beating(db):
    Heartbeat.beat(CLUSTER)


def found(used=None, part=None):
    parts = {each.part: each for each in examine(used or tools())}
    return parts[part] if part else parts


def with_store(store):
    return replace(tools(), store=store)


def with_runner(runner):
    return replace(tools(), runner=lambda name: runner)


def test_a_healthy_installation_has_nothing_to_be_done(beating, capsys):
    call_command("doctor")
    told = capsys.readouterr().out
    assert "FAILS" not in told
    assert told.endswith("All is as it should be.\n")


def test_it_leaves_nothing_behind(beating):
    used = tools()
    before = set(used.store.keys("doctor"))
    found(used)
    assert set(used.store.keys("doctor")) == before == set()


def test_what_fails_is_said_with_what_to_do_and_the_exit_code(capsys, db):
    Heartbeat.objects.update_or_create(name=CLUSTER, defaults={"at": timezone.now() - timedelta(hours=1)})
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (ended.value.code, told["ok"]) == (1, False)
    queue = next(part for part in told["parts"] if part["part"] == "queue")
    assert queue["said"].startswith("The cluster has been silent for 36")
    assert "manage.py cluster" in queue["todo"]


def test_a_folder_that_is_not_there_is_told_of_and_the_other_parts_are_looked_at_too(beating, settings, tmp_path):
    (tmp_path / "file").write_text("no folder")
    settings.STORE_ROOT = tmp_path / "file" / "store"
    told = found(with_store(FolderStore(settings.STORE_ROOT)))
    assert [(told[part].ok, str(settings.STORE_ROOT) in told[part].todo) for part in ("store", "room")] == [
        (False, True),
        (False, True),
    ]
    assert told["runner"].ok


def test_a_store_that_writes_over_is_found_out(tmp_path):
    class Forgetful(FolderStore):
        def put_once(self, key, body):
            self.put(key, body)
            return True

    wrong = found(with_store(Forgetful(tmp_path)), "write-once")
    assert (wrong.ok, "finished twice" in wrong.said, "If-None-Match" in wrong.todo) == (False, True, True)


def test_a_store_that_loses_what_it_was_given_is_found_out(tmp_path):
    class Sieve(FolderStore):
        def get(self, key):
            return None

    assert found(with_store(Sieve(tmp_path)), "store").ok is False


def test_a_store_that_refuses_is_said_in_its_own_words(tmp_path):
    class Locked(FolderStore):
        def put(self, key, body):
            raise Forbidden("Permission denied (store)")

    wrong = found(with_store(Locked(tmp_path)), "store")
    assert (wrong.ok, wrong.said) == (False, "The store refuses: Permission denied (store).")


@pytest.mark.parametrize(
    ("status", "code", "does", "setting"),
    [
        (404, "NoSuchBucket", "refuses", "LONGHAUL_STORE names a bucket"),
        (403, "InvalidAccessKeyId", "refuses", "LONGHAUL_STORE_KEY"),
        (403, "SignatureDoesNotMatch", "refuses", "LONGHAUL_STORE_SECRET"),
        (400, "AuthorizationHeaderMalformed", "fails", "LONGHAUL_STORE_REGION"),
        (403, "AccessDenied", "refuses", "permissions"),
    ],
)
def test_why_a_bucket_refuses_is_told_of_what_was_tried_first_and_with_the_setting(
    status, code, does, setting, in_bucket
):
    for method in ("PUT", "DELETE"):
        in_bucket.fault(method, "/doctor/", status=status, code=code, times=99)
    wrong = found(part="store")
    assert (wrong.said, setting in wrong.todo) == (
        f"The store {does}: the bucket answers {status} {code} to PutObject.",
        True,
    )


def test_a_database_that_cannot_be_used_is_told_as_every_command_tells_it(db):
    def closed(*args):
        raise OperationalError("unable to open database file")

    with connection.execute_wrapper(closed):
        wrong = found(part="database")
    assert wrong.ok is False
    assert wrong.said == (
        "The database cannot be opened (unable to open database file)."
        " Look at LONGHAUL_HOME: whether it is there, and whether this user may write in it."
    )


@pytest.mark.parametrize(
    ("error", "does"),
    [
        (ProgrammingError('relation "exports_user" does not exist'), "manage.py migrate"),
        (OperationalError("connection refused"), "does not answer: connection refused"),
    ],
)
def test_one_advice_is_given_of_a_database_and_the_address_is_doubted_only_where_nobody_answers(error, does, db):
    def failing(*args):
        raise error

    with connection.execute_wrapper(failing):
        wrong = found(part="database")
    assert wrong.said.endswith(does)
    away = connection.vendor != "sqlite" and "answer" in does
    assert wrong.todo == ("Look at DATABASE_URL." if away else "")


def test_a_database_that_is_only_read_is_found_out_by_a_row_of_its_own(db):
    def full(execute, sql, *args):
        if not sql.startswith("SELECT"):
            raise OperationalError("database or disk is full")
        return execute(sql, *args)

    with connection.execute_wrapper(full):
        wrong = found(part="database")
    assert (wrong.ok, wrong.said.endswith("(database or disk is full). Make room on its disk.")) == (False, True)
    assert found(part="database").ok
    assert not Heartbeat.objects.exists()


def test_a_runner_that_lacks_something_says_what(tmp_path):
    class Lacking(ScriptedRunner):
        def lacks(self, kinds):
            return f"There is nothing for {kinds[0]}.", "Deploy it."

    wrong = found(with_runner(Lacking()), "runner")
    assert (wrong.ok, wrong.said, wrong.todo) == (False, "There is nothing for multi_clip.", "Deploy it.")


def test_a_kind_that_cannot_be_made_here_is_said_and_is_no_fault(lacking):
    found_out = found(part="kinds")
    assert found_out.ok is None
    assert found_out.said.startswith("Tomorrow's film is not available here: it needs a crystal ball. Pictures are ")


def test_every_kind_of_ours_can_be_made_here():
    assert found(part="kinds").said.startswith("What can be asked for: Film from clips, ")


def test_what_pictures_are_not_enlarged_by_is_said_to_the_operator_alone():
    assert "Pictures are enlarged by Lanczos; Real-ESRGAN needs LONGHAUL_UPSCALE_WEIGHTS" in found(part="kinds").said


def test_a_runner_that_does_not_answer_is_no_crash():
    class Silent(ScriptedRunner):
        def lacks(self, kinds):
            raise NotReached("Modal does not answer. What runs there goes on.")

    assert found(with_runner(Silent()), "runner").said == "Modal does not answer. What runs there goes on."


def test_what_this_installation_has_no_need_of_is_neither_well_nor_ill(beating):
    parts = found()
    assert {"grants", "CORS"} <= {name for name, each in parts.items() if each.ok is None}


def test_in_a_bucket_every_part_of_it_is_used(in_bucket, beating, settings):
    settings.PUBLIC_URL = "https://exports.example.com"
    parts = found()
    assert (parts["store"].ok, parts["write-once"].ok, parts["room"].ok) == (True, True, None)
    assert in_bucket.name in parts["store"].said


def test_keys_of_attempts_that_open_everything_are_found_out(in_bucket, settings):
    """The bucket of the tests honours no limits, as a badly chosen maker of keys would not."""
    settings.GRANTS, settings.GRANTS_ENDPOINT = "sts", in_bucket.endpoint
    wrong = found(part="grants")
    assert (wrong.ok, "folder of another" in wrong.said) == (False, True)


def test_without_a_maker_of_keys_it_is_said_which_setting_is_missing(in_bucket, settings):
    settings.GRANTS = "none"
    assert "LONGHAUL_STORE_GRANTS" in found(part="grants").said


def test_a_bucket_that_lets_no_page_upload_is_found_out(in_bucket, settings):
    settings.PUBLIC_URL = "https://exports.example.com"
    in_bucket.fault("OPTIONS", "doctor", status=403)
    wrong = found(part="CORS")
    assert (wrong.ok, "https://exports.example.com" in wrong.said, "CORS" in wrong.todo) == (False, True, True)


def test_a_bucket_that_does_not_answer_is_said_by_every_part_that_needs_it(in_bucket, settings):
    settings.STORE_ENDPOINT = "http://127.0.0.1:9"
    settings.PUBLIC_URL = "https://exports.example.com"
    assert "does not answer" in found(part="CORS").said
