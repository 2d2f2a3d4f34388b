"""What the drill says where something does not hold, and what it leaves; with a runner that does what it is told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from exports.drill.drivers import drive, hold
from exports.drill.rehearsal import Rehearsal
from exports.drill.staged import Staged, clear, left_by_others
from exports.models import Drill, Export, User
from progress.models import Away, Job, Status
from tests.exports.audit.conftest import exports, runner, source, system  # noqa: F401
from tests.exports.scripted import Work

pytestmark = pytest.mark.django_db


@pytest.fixture
def rehearsal(system, owner):  # noqa: F811
    """Its work says hello and renders a part as soon as it is spawned; after that, what a test adds."""

    def made(meanwhile=lambda passes, work: None, **more):
        works, passes = [], []

        def sleep(seconds):
            """No other time passes for who waits."""
            system.drive(1)
            if len(system.runner.spawned) > len(works):
                works.append(system.works())
                system.tools.store.put(f"projects/{system.source.project_id}/chunks/one/part.mkv", b"part")
            passes.append(seconds)
            meanwhile(len(passes), works)

        return Rehearsal(
            tools=system.tools,
            staged=Staged(account=owner, password="", project=system.source.project),
            site=None,
            drivers=None,
            driven=True,
            patience=4,
            sleep=sleep,
            clock=lambda: sum(passes),
            **more,
        )

    return made


def told(rehearsal):
    [result] = rehearsal.all()
    return result.verdict, result.sentence


def test_a_cancel_that_ends_it_holds(rehearsal):
    verdict, sentence = told(rehearsal(items=("cancel",)))
    assert verdict == "held"
    assert sentence.startswith("The runner says that nothing of it runs ")


def test_a_cancel_that_nothing_obeys_does_not_hold(rehearsal, system):  # noqa: F811
    system.runner.stop = lambda ordered, hard=False: None
    assert told(rehearsal(items=("cancel",))) == (
        "did not hold",
        "4 s after the cancel something still runs for it.",
    )


def test_what_waits_for_its_turn_is_not_tried(rehearsal, system):  # noqa: F811
    system.runner.at_once = 0
    verdict, sentence = told(rehearsal(items=("cancel",)))
    assert (verdict, sentence) == ("not tried", "It still waits for its turn after 4 s: other exports run.")


def test_a_full_disk_is_told_at_once_and_not_waited_for(rehearsal, system):  # noqa: F811
    def meanwhile(passes, works):
        assert passes == 1
        Job.objects.update(unreachable_since=timezone.now(), unreachable_part=Away.ROOM)

    system.runner.at_once = 0
    verdict, sentence = told(rehearsal(meanwhile, items=("cancel",)))
    assert (verdict, sentence.split(",")[0]) == ("not tried", "There is no room on the disk")


def test_a_bar_that_falls_does_not_hold(rehearsal):
    def meanwhile(passes, works):
        if passes == 30:
            Job.objects.update(bp=2_100)
        if passes == 35:
            works[-1].finishes()

    made = rehearsal(meanwhile, items=("patience", "elsewhere"))
    export = made._requested("30")
    made._rendering(export)
    made.shown = 9_000
    made._row(export)
    assert made.fell.startswith("Its bar fell from 90 % to ")


def test_an_export_that_an_older_clock_would_end_does_not_hold(rehearsal, system):  # noqa: F811
    made = rehearsal(items=("patience",))
    export = made._requested("30")
    made._rendering(export)
    assert made._patience(export).startswith("By the plan of its next step")
    system.runner.lives.clear()  # so that a look finds it gone
    system.clock.pass_by(5)
    Export.objects.update(next_due_at=None)
    with pytest.raises(Exception, match="the next step would be 'abort'"):
        made._patience(export)


def test_a_restart_that_nobody_told_how_is_not_tried(rehearsal):
    made = rehearsal()
    with pytest.raises(Exception, match="--restart-command"):
        made._restart(made._requested("30"))


def test_a_restart_whose_command_fails_is_not_tried(rehearsal):
    made = rehearsal(restart=("false",))
    with pytest.raises(Exception, match="ended with 1"):
        made._restart(made._requested("30"))


def test_what_the_command_of_a_restart_says_is_no_part_of_the_report(rehearsal, capfd):
    made = rehearsal(restart=("sh", "-c", "echo restarted; exit 3"))
    with pytest.raises(Exception, match="ended with 3"):
        made._restart(made._requested("30"))
    told = capfd.readouterr()
    assert ("restarted" in told.out, "restarted" in told.err) == (False, True)


def test_a_restart_after_which_nothing_answers_does_not_hold(rehearsal):
    made = rehearsal(restart=("true",))
    with pytest.raises(Exception, match="they do not both answer"):
        made._restart(made._requested("30"))


def test_without_a_web_server_what_needs_one_is_not_tried(rehearsal):
    def meanwhile(passes, works):
        if passes == 6:
            works[-1].finishes()

    results = rehearsal(meanwhile, items=("refresh", "elsewhere", "return")).all()
    said = "No web server answers where this looked; start it, or name its --port."
    assert [(each.verdict, each.sentence) for each in results] == [("not tried", said)] * 3


# What it leaves


@pytest.fixture
def drill(owner, system):  # noqa: F811
    """Of which the owner is the account."""
    return Drill.objects.create(version="0", runner="local", account=owner)


def test_what_a_killed_drill_has_left_is_cleared_away_by_one_on_another_day(system, exports, drill, stranger):  # noqa: F811
    later = Drill.objects.create(version="0", runner="local")
    assert left_by_others(later) == []
    Drill.objects.filter(pk=drill.pk).update(at=timezone.now() - timedelta(days=2))
    assert left_by_others(later) == [drill]
    assert exports["complete"].pk != exports["running"].pk

    def wait(condition):
        return any(condition() for _ in range(8))

    assert clear(drill, system.tools, wait=wait) == ""
    assert (Export.objects.count(), User.objects.get()) == (0, stranger)
    assert [list(system.tools.store.keys(prefix)) for prefix in ("attempts", "projects")] == [[], []]
    assert left_by_others(later) == []


def test_what_still_runs_is_left_for_the_next_drill(system, exports, drill, owner):  # noqa: F811
    assert exports["running"].pk
    said = clear(drill, system.tools, wait=lambda condition: condition())
    assert said == "Something still runs for olga; the next drill clears it away."
    assert (User.objects.get(), Job.objects.get().owner) == (owner, owner)


# Its own drivers


def test_a_driver_of_its_own_takes_one_export_to_its_end_and_no_other(system):  # noqa: F811
    mine, other = system.requested(), system.requested()
    steps = []

    def sleep(seconds):
        system.clock.pass_by(2)
        steps.append(seconds)
        if len(steps) == 5:
            Work(system.runner, system.tools.store, system.clock).finishes()

    drive(mine.pk, system.tools, sleep)
    assert Job.objects.get(pk=mine.pk).status == Status.COMPLETE
    assert Job.objects.get(pk=other.pk).status == Status.UPLOADING


def test_who_holds_an_export_keeps_everybody_else_from_driving_it_until_it_is_dead(system):  # noqa: F811
    export = system.requested()

    class Killed(Exception):
        pass

    def killed(seconds):
        raise Killed

    with pytest.raises(Killed):
        hold(export.pk, system.tools, killed)
    assert Export.claim([export.pk], system.clock())[1] == []
    assert Export.claim([export.pk], system.clock.pass_by(16))[1] == [export]
