"""I1–I7 as a state machine: whatever happens in whatever order, and whoever writes in between."""

import itertools

import pytest
from django.db import connection
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from progress import fold, timeline
from progress.models import SETTLED, Job, Status, Wish
from progress.report import Report
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker
from tests.conftest import Clock
from tests.pipelines import FILM
from tests.thorough import THOROUGH, more

pytestmark = pytest.mark.django_db

MOST = 500  # within which a mutant is caught
EXAMPLES = (MOST if THOROUGH else 100) // (1 if connection.vendor == "sqlite" else 4)  # there, other things differ
STAGES = [stage.key for stage in FILM.stages]
TOTALS = {"upload": 1_000_000, "start": 1, "fetch": 1_000_000, "process": 90, "publish": 5_000, "finalize": 3}


class Interrupted(ProgressTracker):
    """A writer that can be overtaken: what waits in `meanwhile` happens between its read and its write."""

    meanwhile = None

    def _read(self, job_id):
        job = super()._read(job_id)
        if self.meanwhile:
            act, self.meanwhile = self.meanwhile, None
            act()
        return job


class JobLife(RuleBasedStateMachine):
    tracker_class: type[ProgressTracker] = Interrupted
    pipeline = "film@1"

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.tracker = self.tracker_class(clock=self.clock)
        self.rival = ProgressTracker(clock=self.clock)
        self.sequence = itertools.count(1)
        self.told: list[Report] = []
        self.seen: tuple = ()

    @initialize(uploading=st.booleans())
    def begin(self, uploading):
        self.job = self.tracker.create(self.pipeline, title="Reel", uploading=uploading)
        self.other = self.tracker.create(self.pipeline, title="Another")
        self.other_before = self.columns(self.other.pk)
        self.before = self.now = self.row()

    def teardown(self):
        Job.objects.all().delete()

    def row(self) -> Job:
        return Job.objects.get(pk=self.job.pk)

    def columns(self, pk) -> tuple:
        """As they stand there: for Django to read them would take longer than most of what is tried here."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM progress_job WHERE id = %s", [Job._meta.pk.get_db_prep_value(pk, connection)])
            return cursor.fetchone()

    def written(self) -> int:
        with connection.cursor() as cursor:
            job = Job._meta.pk.get_db_prep_value(self.job.pk, connection)
            cursor.execute("SELECT COUNT(*) FROM progress_event WHERE job_id = %s", [job])
            return cursor.fetchone()[0]

    # What happens to a job

    @rule(
        stage=st.sampled_from(STAGES),
        part=st.integers(0, 10),
        shrunk=st.booleans(),
        attempts=st.integers(0, 1),
        seconds=st.integers(0, 90),
    )
    def report(self, stage, part, shrunk, attempts, seconds):
        self.clock.pass_by(seconds)
        row = self.now
        total = max(1, TOTALS[stage] // (3 if shrunk else 1))
        report = Report(
            job=self.job.pk,
            attempt=max(1, row.attempt) + attempts,
            run=1,
            seq=next(self.sequence),
            stage=stage,
            at=self.clock(),
            done=total * part // 10,
            total=total,
        )
        self.told.append(report)
        self.tracker.observe(report)

    @precondition(lambda self: self.told)
    @rule(which=st.integers(0, 1_000))
    def an_old_report_again(self, which):
        """I4: what is not newer changes nothing at all."""
        report = self.told[which % len(self.told)]
        row = self.now
        waits = row.status == Status.QUEUED and row.started_at is None
        behind = waits and STAGES.index(report.stage) < STAGES.index(row.stage)
        newer = report.order > (row.attempt, row.run, row.seq) and not behind
        before = self.columns(self.job.pk)
        assert self.tracker.observe(report) is (newer and row.status not in SETTLED and row.status != Status.PAUSED)
        if not newer:
            assert self.columns(self.job.pk) == before

    @rule(percent=st.integers(0, 100))
    def explicit(self, percent):
        self.tracker.update_progress_explicit(self.job.pk, percent)

    @rule(stage=st.sampled_from(STAGES), done=st.integers(0, 90))
    def incremental(self, stage, done):
        self.tracker.update_progress_incremental(self.job.pk, done, 90, stage=stage)

    @rule(
        move=st.sampled_from(["uploaded", "start", "finalize", "complete", "pause"]),
        seconds=st.integers(0, 90),
    )
    def moves_on(self, move, seconds):
        self.clock.pass_by(seconds)
        getattr(self.tracker, move)(self.job.pk)

    @rule(move=st.sampled_from(["resume", "cancel", "retry", "expire"]))
    def somebody_asks(self, move):
        getattr(self.tracker, move)(self.job.pk, actor="olga")

    @rule(move=st.sampled_from(["requeue", "fail"]))
    def goes_wrong(self, move):
        getattr(self.tracker, move)(self.job.pk, cause="lost", text="The machine went away.")

    @rule(wish=st.sampled_from(Wish.values))
    def wishes(self, wish):
        self.tracker.wish(self.job.pk, wish, actor="olga")

    @rule(what=st.sampled_from(["report", "pause", "complete", "wish"]), part=st.integers(0, 10))
    def overtaken(self, what, part):
        """Somebody else's write lands between this writer's read and its write."""
        row = self.now
        own = Report(
            job=self.job.pk,
            attempt=max(1, row.attempt),
            run=1,
            seq=next(self.sequence),
            stage="upload",
            at=self.clock(),
            done=1,
            total=90,
        )
        ahead = Report(
            job=self.job.pk,
            attempt=max(1, row.attempt),
            run=1,
            seq=next(self.sequence),
            stage="process",
            at=self.clock(),
            done=90 * part // 10,
            total=90,
        )
        acts = {
            "report": lambda: self.rival.observe(ahead),
            "pause": lambda: self.rival.pause(self.job.pk),
            "complete": lambda: self.rival.complete(self.job.pk),
            "wish": lambda: self.rival.wish(self.job.pk, Wish.CANCEL, actor="olga"),
        }
        seen: list[Job] = []

        def meanwhile():
            acts[what]()
            seen.append(self.row())

        self.tracker.meanwhile = meanwhile
        self.told += [ahead, own]
        self.tracker.observe(own)
        rival, row = seen[0], self.row()
        assert row.wish == rival.wish, "a wish was overwritten by a report"
        assert row.bp >= rival.bp, "a report undid a later one"
        assert row.status == rival.status or rival.status in (Status.QUEUED, Status.UPLOADING), "a move was undone"

    # What holds after each of them. Where neither the row nor its events are other than they were, it holds as it held.

    @invariant()
    def i1_the_shown_percent_never_decreases(self):
        there = (self.columns(self.job.pk), self.written())
        self.moved, self.seen = there != self.seen, there
        if self.moved:
            self.now = self.row()
            self.events = list(self.now.events.all())
        row = self.now
        assert row.bp >= self.before.bp
        assert row.percent >= self.before.percent

    @invariant()
    def i2_it_rises_only_with_work(self):
        row, before = self.now, self.before
        if row.bp > before.bp and row.status != Status.COMPLETE:
            work_before = (before.attempt, before.run, STAGES.index(before.stage), before.done or 0)
            work_now = (row.attempt, row.run, STAGES.index(row.stage), row.done or 0)
            assert work_now > work_before

    @invariant()
    def i3_an_int_from_0_to_100_and_100_exactly_when_complete(self):
        row = self.now
        assert type(row.percent) is int
        assert 0 <= row.percent <= 100
        was_complete = any(event.phase == "complete" for event in self.events)
        assert (row.percent == 100) is was_complete
        assert snapshot(row, self.clock()).percent == row.percent

    @invariant()
    def i5_another_job_is_never_touched(self):
        assert self.columns(self.other.pk) == self.other_before

    @invariant()
    def i6_replaying_the_events_gives_the_row(self):
        if not self.moved:
            return
        row = self.now
        state = timeline.replay(self.events)
        assert state is not None
        assert (state.status, state.wish, state.attempt, state.cause) == (
            row.status,
            row.wish,
            row.attempt,
            row.cause,
        )
        assert state.stage == row.stage
        assert state.bp <= row.bp

    @invariant()
    def i7_an_ending_is_left_only_by_an_act_on_record(self):
        row, before = self.now, self.before
        if before.status in SETTLED and row.status != before.status:
            last = self.events[-1]
            assert last.phase in ("retried", "expired")
            assert last.actor
        self.before = row


class LearnedLife(JobLife):
    """The same while each report plans the bar anew."""

    pipeline = "film@2"


def run(machine: type[JobLife], examples: int, **named) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=15, deadline=None, **named)
    )


@more
def test_the_seven_properties_hold_whatever_happens():
    run(JobLife, EXAMPLES)


@more
def test_they_hold_while_the_bar_is_planned_anew():
    run(LearnedLife, EXAMPLES // 5)


class NoClamp(Interrupted):
    def _shown(self, job, at):
        return at.bp


class NoOrder(Interrupted):
    def _is_news(self, job, report):
        return job.status in fold.LISTENING


class NoVersionCheck(Interrupted):
    def _unchanged(self, job):
        return Job.objects.filter(pk=job.pk)


@pytest.mark.parametrize("mutant", [NoClamp, NoOrder, NoVersionCheck], ids=lambda mutant: mutant.__name__)
def test_a_tracker_without_its_guards_is_caught(mutant):
    class Mutated(JobLife):
        tracker_class = mutant

    with pytest.raises((AssertionError, timeline.Broken)):
        run(Mutated, MOST, phases=[Phase.generate], report_multiple_bugs=False)
