"""The commands of operators: what each tells, what it leaves alone, and the code it ends with."""

import io
import json
import re
import uuid
import zipfile
from argparse import SUPPRESS
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connection
from django.utils import timezone

from exports import driver, pruning
from exports.audit.cases import read
from exports.audit.checks import CHECKS
from exports.audit.rows import Moment
from exports.models import Attempt, Export, Intake, Lease
from exports.tools import tools
from exports_site.environment import Problem
from modal_functions.folder import FolderStore
from modal_functions.store import Unreachable
from progress.models import Event, Job, Status
from progress.tracker import ProgressTracker
from tests.exports.staff.conftest import project_of, requested

pytestmark = pytest.mark.django_db
COMMANDS = ("reconcile", "prune_events", "check_kinds", "drive", "tidy_store")
EMPTIED = {"tidy_store": ["--emptied"]}  # as nothing of what the store has is known to the database here


@pytest.fixture
def export(owner):
    return requested(project_of(owner), "Reel 12")


def said(*command, **options):
    out = io.StringIO()
    call_command(*command, stdout=out, **options)
    return out.getvalue()


def ended(code, *command):
    with pytest.raises(SystemExit) as exit_:
        said(*command)
    assert exit_.value.code == code


# What all have


@pytest.mark.parametrize("name", COMMANDS)
def test_it_ends_with_one_line_or_with_json(name, export):
    more = ["--idle", "--limit=1"] if name == "drive" else EMPTIED.get(name, [])
    assert said(name, "--dry-run", *more).rstrip().splitlines()[-1].endswith(".")
    assert json.loads(said(name, "--dry-run", "--json", *more))["dry_run"] is True


@pytest.mark.parametrize("name", COMMANDS)
def test_a_dry_run_changes_nothing(name, export):
    before = list(Job.objects.values()), list(Export.objects.values()), list(Event.objects.values())
    said(name, "--dry-run", *EMPTIED.get(name, []))
    assert (list(Job.objects.values()), list(Export.objects.values()), list(Event.objects.values())) == before


@pytest.mark.parametrize("name", ["reconcile", "prune_events", "check_kinds", "drive"])
def test_a_database_that_is_away_is_a_two(name, export):
    def away(*args):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(away), pytest.raises(CommandError) as error:
        said(name)
    assert (error.value.returncode, "The database does not answer" in str(error.value)) == (2, True)


@pytest.mark.parametrize("wrong", ["0", "-1", "x", "1.5"])
def test_a_limit_is_a_whole_number(wrong):
    with pytest.raises(CommandError):
        said("prune_events", "--limit", wrong)


OURS = sorted(name for name, app in get_commands().items() if app in ("exports", "progress"))
NONSENSE = ("x", "-1", "0", "9" * 5000, "", "nan", "inf", "1e9", "٣", "../x", str(uuid.UUID(int=0)), "'", "x\ny")
EXPECTED = re.compile(r"expected|invalid choice: .*choose from|no export begins with .* the admin shows")


@pytest.mark.parametrize("name", OURS)
def test_whatever_is_typed_behind_an_option_is_taken_or_named_with_what_was_expected(name, db):
    command = load_command_class("exports", name)
    parser = command.create_parser("manage.py", name)
    ours = {action.dest for action in parser._actions} - DJANGOS
    for action in parser._actions:
        if action.dest not in ours or action.nargs == 0 or action.help == SUPPRESS:
            continue
        for typed in NONSENSE:
            said = refusal(parser, [f"{action.option_strings[0]}={typed}" if action.option_strings else typed])
            if said.startswith("Error: argument ") or "begins with" in said:
                assert EXPECTED.search(said), (action.dest, typed[:20], said)


DJANGOS = {
    "help",
    "version",
    "verbosity",
    "settings",
    "pythonpath",
    "traceback",
    "no_color",
    "force_color",
    "skip_checks",
}


def refusal(parser, words):
    try:
        parser.parse_args(words)
    except CommandError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("drive", "--seconds", "x"),
            "argument --seconds: expected seconds, from 0.01 to 31,536,000, such as 30; got 'x'",
        ),
        (("drive", "--seconds", "nan"), "expected seconds"),
        (("drill", "--film", "x"), "expected seconds, from 1 to 86,400"),
        (("drill", "--restart-command", "'"), "expected a command (No closing quotation)"),
        (("cluster", "--silence", "9"), "expected seconds, from 10 to"),
        (("healthcheck", "--port", "70000"), "expected a whole number from 1 to 65,535, got '70000'"),
        (("prune_events", "--days", "9" * 9), "expected a whole number from 1 to 36,500"),
        (("doctor", "--mail", "olga"), "expected a mail address, such as olga@example.com; got 'olga'"),
        (("intake", "close", "--account", "", "--why", "x"), "there is no account called ''"),
        (("intake", "close", "--kind", "", "--why", "x"), "expected one of"),
        (
            ("export", __file__, "--out", "/"),
            "--out /: expected a file to write, such as film.mp4, and this is a folder.",
        ),
        (("export", __file__, "--out", "a.mp4", "--title", "x" * 201), "expected at most 200 characters, got 201"),
        (("export", __file__, "--out", "a.mp4", "--trim", f"{'9' * 400}:"), "expected IN:OUT in seconds, such as 2:8"),
        (("export", __file__, "--out", "a.mp4", "--trim", f":{'9' * 14}"), "expected IN:OUT in seconds, such as 2:8"),
        (
            ("reconcile", "ffffffff"),
            "no export begins with 'ffffffff': the list of exports in the admin shows their ids",
        ),
    ],
)
def test_a_wrong_value_is_refused_before_anything_is_begun(words, said, export):
    with pytest.raises(CommandError, match=re.escape(said)):
        call_command(*words)
    assert not Intake.closed()


@pytest.mark.parametrize("name", sorted({*OURS} - {"healthcheck", "doctor", "serve", "cluster", "demo"}))
def test_where_the_settings_are_wrong_nothing_was_looked_at(name, settings):
    settings.PROBLEMS = [Problem(id="longhaul.E003", said="A number is 'x'.", hint="Mend it.")]
    with pytest.raises(SystemCheckError, match="A number is 'x'") as error:
        load_command_class("exports", name).check()
    assert error.value.returncode == 2


@pytest.mark.parametrize(
    "words",
    [("nowhere.mp4", "--out", "a.mp4"), (__file__, "--out", "/"), (__file__, "--out", "a.mp4", "--trim", "8:2")],
)
def test_an_export_that_is_asked_for_wrongly_ends_with_two(words):
    with pytest.raises(CommandError, match="expected") as error:
        call_command("export", *words)
    assert error.value.returncode == 2


# reconcile


def test_reconcile_takes_the_steps_of_all_that_have_not_ended(export):
    ended_before = requested(export.project)
    ProgressTracker().fail(ended_before.pk, cause="lost", text="It was lost.")
    Export.objects.filter(pk=ended_before.pk).update(next_due_at=None)
    Attempt.objects.create(export=export, number=1, runner="local", outcome="abort", gone_at=timezone.now())
    assert "1 export looked at" in said("reconcile", "--dry-run")
    told = said("reconcile", str(export.pk)[:8], "--dry-run")
    assert told.splitlines()[0] == f"{export.pk}  everything is uploaded"


@pytest.mark.parametrize("asked", ["x", "abc", "ffffffff"])
def test_reconcile_of_nobody_says_so(asked, export):
    with pytest.raises(CommandError):
        said("reconcile", asked)


def test_reconcile_may_run_beside_a_driver(export):
    Export.claim([export.pk], timezone.now())
    assert "somebody else drives it" in said("reconcile", str(export.pk))
    assert Job.objects.get().status == Status.UPLOADING


# prune_events


@pytest.fixture
def long_ago(export):
    """It ended a hundred days ago, with a past."""
    tracker = ProgressTracker()
    tracker.uploaded(export.pk)
    tracker.start(export.pk, attempt=1)
    for stage in ("start", "fetch", "process"):
        tracker.update_progress(export.pk, stage)
    for _ in range(10):
        tracker.polled(export.pk)
    tracker.wish(export.pk, "pause", actor="olga")
    tracker.fail(export.pk, cause="input_unreadable", text="It cannot be read.")
    tracker.happened(export.pk, "modal_complete")
    Job.objects.update(settled_at=timezone.now() - timedelta(days=100))
    return export


def test_what_is_left_of_a_timeline_still_leads_to_what_the_row_says(long_ago):
    before = Event.objects.count()
    told = said("prune_events", "--days", "90")
    left = Event.objects.filter(job=long_ago.pk)
    assert left.count() < before
    assert f"{before - left.count()} events deleted" in told
    kept = list(left.values_list("phase", flat=True))
    assert kept == ["created", "queued", "running", "wish_pause", "failed", "modal_complete"]
    [case], _ = read([long_ago.pk])
    moment = Moment(now=timezone.now(), driven=True, sends=True)
    for name in ("timeline", "bar", "one_ok"):
        assert list(CHECKS[name].of_rows(case, moment)) == []
    assert "0 events deleted" in said("prune_events")


def test_a_dry_run_counts_what_would_go(long_ago):
    assert said("prune_events", "--dry-run").split(": ")[1] == said("prune_events").split(": ")[1].replace(
        "deleted", "would be deleted"
    )


def test_what_ended_lately_or_not_at_all_is_left_alone(long_ago, owner):
    requested(long_ago.project)
    Job.objects.filter(pk=long_ago.pk).update(settled_at=timezone.now() - timedelta(days=80))
    before = Event.objects.count()
    said("prune_events")
    assert Event.objects.count() == before


def test_pruning_goes_on_from_batch_to_batch_also_where_many_ended_at_once(long_ago, monkeypatch):
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    tracker = ProgressTracker()
    for _ in range(4):
        other = requested(long_ago.project)
        tracker.happened(other.pk, "upload_start")
        tracker.fail(other.pk, cause="lost", text="It was lost.")
    Job.objects.update(settled_at=Job.objects.get(pk=long_ago.pk).settled_at)
    assert [each.jobs for each in pruning.prune(timezone.now(), limit=3, apply=False)] == [2, 3]
    assert [each.jobs for each in pruning.prune(timezone.now())] == [2, 4, 5]
    assert not Event.objects.filter(phase="upload_start").exists()


def test_a_limit_gets_beyond_what_has_nothing_left_to_be_pruned(long_ago):
    oldest = requested(long_ago.project)
    ProgressTracker().fail(oldest.pk, cause="lost", text="It was lost.")
    Job.objects.filter(pk=oldest.pk).update(settled_at=timezone.now() - timedelta(days=200))
    assert said("prune_events", "--limit", "1").startswith("1 job that ended over 90 days ago: ")
    assert said("prune_events", "--limit", "1") == "0 jobs that ended over 90 days ago: 0 events deleted.\n"


# check_kinds


def test_kinds_that_fit_are_fine(export):
    assert said("check_kinds").startswith("multi_clip@1, ")
    assert said("check_kinds").endswith(": All fits.\n")


def test_a_kind_and_a_stage_that_this_version_does_not_know_are_told(export):
    Export.objects.update(kind="of_tomorrow")
    other = requested(export.project)
    Job.objects.filter(pk=other.pk).update(stage="of_tomorrow", pipeline="multi_clip@1")
    ended(1, "check_kinds")
    with pytest.raises(SystemExit):
        call_command("check_kinds", "--json", stdout=(out := io.StringIO()))
    doubts = json.loads(out.getvalue())["doubts"]
    assert len(doubts) == 2
    assert all("of_tomorrow" in doubt for doubt in doubts)


# drive


def test_drive_drives_until_nothing_is_left(export):
    ProgressTracker().cancel(export.pk, actor="olga")
    assert "; 0 exports left." in said("drive", "--idle")
    assert Export.objects.get().next_due_at is None


def test_drive_stands_by_while_somebody_else_drives(export):
    Lease.take(driver.LEASE, seconds=60, now=timezone.now())
    assert "0 passes" in said("drive", "--seconds", "0.01")
    assert Job.objects.get().status == Status.UPLOADING


# blackbox


@pytest.fixture
def box(export, tmp_path):
    attempt = Attempt.objects.create(export=export, number=1, runner="local", call_id="fc-1")
    store = tools().store
    store.put(attempt.keys.spec, b'{"film": "x", "store": {"secret": "the very secret", "key": "AKIA-not"}}')
    store.put(attempt.keys.hello(1), b'{"call": "fc-1", "run": 1, "token": "the very token"}')
    store.put(attempt.keys.out("fc-1", 1, "film.mp4"), b"film")

    def packed(*more):
        path = tmp_path / "box.zip"
        told = said("blackbox", str(export.pk), "--to", str(path), *more)
        return told, {name: text.decode() for name, text in _unpacked(path)} if path.exists() else {}

    yield packed
    for key in list(store.keys("attempts")):
        store.delete(key)


def _unpacked(path):
    with zipfile.ZipFile(path) as box:
        return [(name, box.read(name)) for name in box.namelist()]


def test_a_black_box_holds_rows_events_files_and_what_was_made(box, export):
    _, found = box()
    rows = json.loads(found["rows.json"])
    assert (rows["job"]["id"], rows["owner"]) == (str(export.pk), "olga")
    assert [event["phase"] for event in rows["events"]] == ["created"]
    assert rows["attempts"][0]["call_id"] == "fc-1"
    assert f"store/attempts/{export.pk}/1/hello.1.json" in found
    assert "film.mp4" in found["objects.txt"]
    assert {"README.txt", "versions.json"} < set(found)


def test_a_black_box_opens_no_door(box, export, settings):
    _, found = box()
    whole = "\n".join(found.values())
    token = str(Attempt.objects.get().token)
    for secret in ("the very secret", "the very token", token, settings.SECRET_KEY, "a long secret"):
        assert secret not in whole


def test_a_dry_run_writes_no_box_and_says_what_would_be_in_it(box):
    told, found = box("--dry-run")
    assert found == {}
    assert "rows.json" in told


def test_a_box_can_be_had_while_the_store_is_away(box, monkeypatch):
    def away(store, key):
        raise Unreachable("The store does not answer.")

    monkeypatch.setattr(FolderStore, "get", away)
    _, found = box()
    assert "The store does not answer" in found["store/UNREACHABLE.txt"]
    assert "rows.json" in found


def test_a_box_that_cannot_be_written_is_a_two(export, tmp_path):
    with pytest.raises(CommandError) as error:
        said("blackbox", str(export.pk), "--to", str(tmp_path / "none" / "box.zip"))
    assert error.value.returncode == 2


def test_a_black_box_of_what_is_deleted_as_it_is_asked_for_is_refused_in_a_sentence():
    asked = {"id": uuid.uuid4(), "to": None, "dry_run": True, "limit": None, "json": False}
    with pytest.raises(CommandError, match="deleted meanwhile") as refused:
        load_command_class("exports", "blackbox").handle(**asked)
    assert refused.value.returncode == 2


@pytest.mark.parametrize("name", ["reconcile", "blackbox"])
def test_an_id_that_nobody_has_is_a_sentence_and_a_two_in_a_shell_as_well(name, export, capsys):
    command = load_command_class("exports", name)
    command._called_from_command_line = True
    with pytest.raises(SystemExit) as exit_:
        command.create_parser("manage.py", name).parse_args(["ffffffff"])
    assert exit_.value.code == 2
    assert "no export begins with 'ffffffff'" in capsys.readouterr().err


def test_drive_rings_for_no_successor_since_it_is_its_own(export):
    from django_q.models import OrmQ

    Job.objects.update(wish="run")
    before = OrmQ.objects.count()
    said("drive", "--seconds", "0.01", "--limit", "1")
    assert OrmQ.objects.count() == before
