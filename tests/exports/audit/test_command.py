"""`manage.py audit`: what it says, and its exit code."""

import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from exports.audit import CHECKS
from exports.models import Attempt, Source
from exports.tools import tools

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(source):
    """What `source` is made of, in the store of the installation itself."""
    tools().store.put(source.key, b"beach")
    yield source
    tools().store.delete(source.key)


def asked(*options):
    """The exit code, and what was said."""
    out, code = StringIO(), 0
    try:
        call_command("audit", *options, stdout=out)
    except SystemExit as end:
        code = end.code
    return code, out.getvalue().strip()


def test_where_all_holds_it_is_one_line(kept):
    code, said = asked("--only", "sources", "--only", "due")
    assert code == 0
    assert re.fullmatch(r"1 source looked at in \d+ s: no violation.", said)


def test_a_violation_is_a_line_with_its_id_and_a_sentence(kept):
    Source.objects.update(bytes=6)
    code, said = asked("--only", "sources")
    violation, summary = said.splitlines()
    assert code == 1
    assert violation == f"source {kept.pk}: the file of beach.mov has 5 bytes, expected 6 (sources)"
    assert summary.endswith(": 1 violation (1 sources).")


def test_machines_read_it_as_json(kept):
    code, said = asked("--only", "sources", "--json")
    found = json.loads(said)
    assert (code, found["ok"], found["looked"], found["violations"]) == (0, True, {"source": 1}, [])
    Source.objects.update(bytes=6)
    code, said = asked("--only", "sources", "--json", "--repair")
    [violation] = json.loads(said)["violations"]
    assert code == 1
    assert violation == {
        "check": "sources",
        "source": str(kept.pk),
        "sentence": "the file of beach.mov has 5 bytes, expected 6",
        "mended": False,
        "repair": "For a person: Bring the object back from a backup, or upload the file again.",
    }


def test_a_database_that_does_not_answer_is_told():
    def away(*args):
        raise OperationalError("no route to host")

    with connection.execute_wrapper(away), pytest.raises(CommandError) as refused:
        asked()
    assert (refused.value.returncode, str(refused.value)) == (2, "The database does not answer: no route to host")


def test_a_store_that_does_not_answer_is_told(kept, settings, tmp_path):
    root = tools().store.root
    root.rename(root.with_name("unplugged"))
    try:
        code, said = asked("--only", "sources")
    finally:
        root.with_name("unplugged").rename(root)
    assert code == 2
    assert said.startswith("Not everything was looked at (sources). The store does not answer: ")


@pytest.mark.parametrize("options", [("--only", "everything"), ("--limit", "0"), ("--limit", "many")])
def test_what_it_does_not_know_is_refused(options):
    with pytest.raises(CommandError):
        asked(*options)


def test_its_help_tells_every_check(capsys):
    with pytest.raises(SystemExit):
        call_command("audit", "--help")
    said = capsys.readouterr().out
    assert all(f"  {check.name} " in said and check.says in said for check in CHECKS.values())


def test_what_it_mends_is_mended_and_said(system):
    export = system.brought("failed")
    long_ago = timezone.now() - timedelta(hours=1)
    Attempt.objects.filter(export=export).update(decided_at=long_ago, gone_at=None, runner="local")
    code, said = asked("--only", "calls", "--repair", "--dry-run")
    assert code == 1
    assert "  Reconciling would take the step 'gone': what ran for it has ended." in said
    assert Attempt.objects.get().gone_at is None
    code, said = asked("--only", "calls", "--repair")
    assert code == 0
    assert "  Reconciled (gone: what ran for it has ended" in said
    assert "and it holds now." in said
    assert said.endswith(": 1 violation (1 calls), 1 mended.")
    assert Attempt.objects.get().gone_at is not None
