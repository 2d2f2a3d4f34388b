"""What the audit mends is what reconcile mends, and nothing else."""

import pytest

from exports.audit import CHECKS
from exports.audit.repair import repair
from exports.audit.run import Violation
from exports.models import Attempt, Export

pytestmark = pytest.mark.django_db


def violation(check, export):
    return Violation(check=check, of="export", id=export.pk, sentence="")


def test_a_call_that_has_ended_by_now_is_written_down(system, exports):
    export = exports["failed"]
    Attempt.objects.filter(export=export.pk).update(gone_at=None)
    system.clock.pass_by(301)
    [found] = system.audited("calls").violations
    mended = repair(found, system.tools)
    assert mended.mended
    assert mended.said.startswith("Reconciled (gone: what ran for it has ended")
    assert system.said() == []


def test_a_call_that_goes_on_is_asked_to_stop_and_left_to_a_person(system, exports, runner):
    export = exports["failed"]
    attempt = export.attempts.get()
    Attempt.objects.update(gone_at=None)
    runner.lives[attempt.keys], runner.deaf = "alive", True
    system.clock.pass_by(5)
    runner.stop = lambda ordered, hard=False: runner.stopped.append((ordered, hard))
    system.clock.pass_by(301)
    mended = repair(violation("calls", export), system.tools)
    assert not mended.mended
    assert mended.said.startswith("Reconciled (stop: something still runs for it), and it is not mended.")
    assert mended.said.endswith(CHECKS["calls"].person)
    assert [ordered.keys for ordered, _ in runner.stopped] == [attempt.keys]


def test_what_reconcile_cannot_mend_is_not_touched(system, exports):
    export = exports["complete"]
    for check in [check for check in CHECKS.values() if not check.mends]:
        mended = repair(violation(check.name, export), system.tools)
        assert (mended.mended, mended.said) == (False, f"For a person: {check.person}")
    assert Export.objects.get(pk=export.pk).next_due_at is None


def test_an_export_that_was_deleted_meanwhile_needs_nothing(system, exports):
    found = violation("due", exports["failed"])
    exports["failed"].job.delete()
    assert repair(found, system.tools).mended
