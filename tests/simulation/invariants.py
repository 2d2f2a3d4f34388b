"""What must hold: some at every point, the rest once everything has settled."""

from collections import Counter
from hashlib import sha256

from exports import room
from exports.models import Attempt, Export, Notice
from exports.steps import MOST_ERRORS, MOST_INTERRUPTIONS
from modal_functions.wire import MOST_RUNS, Outcome, unpack
from progress import timeline
from progress.models import Event, Status
from tests.simulation.actors import Owner
from tests.simulation.cloud import Cloud
from tests.simulation.memory import Memory
from tests.simulation.rows import Rows
from tests.simulation.world import World

WISHES = ("wish_pause", "wish_run", "wish_cancel", "resumed", "retried")
FULL = 10_000
ENDS = (Status.COMPLETE, Status.CANCELLED, Status.PAUSED, Status.FAILED)


class Invariants:
    def __init__(self, world: World, rows: Rows, store: Memory, cloud: Cloud, owner: Owner) -> None:
        self.world, self.rows, self.store, self.cloud, self.owner = world, rows, store, cloud, owner
        self.bp, self.dirty = 0, False
        world.watch = self.at_a_point

    def changed(self, sql: str) -> None:
        self.dirty = self.dirty or (sql.startswith("UPDATE") and "progress_job" in sql)

    def at_a_point(self) -> None:
        """As committed: in a transaction there are no points."""
        if not self.dirty:
            return
        self.dirty = False
        bp, status = self.rows.sqlite.execute("SELECT bp, status FROM progress_job").fetchone()
        self._expect(bp >= self.bp, f"the bar fell from {self.bp} to {bp}")
        self._expect((bp == FULL) == (status == Status.COMPLETE), f"the bar is at {bp} while it is {status}")
        self.bp = max(bp, self.bp)

    def in_the_end(self) -> None:
        self.dirty = True
        self.at_a_point()
        export = Export.objects.select_related("job").get(pk=self.rows.export_id)
        attempts = list(Attempt.objects.filter(export=export).order_by("number"))
        self._it_has_ended(export)
        self._attempts_are_told_as_they_were_decided(attempts)
        self._it_counts_once(export, attempts)
        self._budgets_hold(export, attempts)
        self._nothing_runs_any_more()
        self._no_call_was_run_too_often()
        self._it_is_as_its_owner_wished(export)
        self._its_timeline_leads_to_its_row(export)

    def _expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.world.broken(otherwise)

    def _it_has_ended(self, export: Export) -> None:
        job = export.job
        self._expect(job.status in ENDS, f"it hangs: it is {job.status}, with the wish to {job.wish}")
        self._expect(export.next_due_at is None, f"it is {job.status}, and still due")
        self._expect(export.lease_token is None, "somebody holds its lease for ever")
        if job.status == Status.FAILED:
            self._expect(bool(job.cause and job.cause_text), "it failed without a cause or a sentence")
        if job.status == Status.PAUSED:
            self._expect(job.wish == "pause", f"it is paused with the wish to {job.wish}")

    def _attempts_are_told_as_they_were_decided(self, attempts: list[Attempt]) -> None:
        numbers = [attempt.number for attempt in attempts]
        self._expect(numbers == list(range(1, len(numbers) + 1)), f"attempts are numbered {numbers}")
        for attempt in attempts:
            body = self.store.objects.get(attempt.keys.outcome)
            stands = Outcome.from_wire(unpack(body)) if body else None
            said = (stands.ending, stands.code) if stands else ("", "")
            self._expect(
                said == (attempt.outcome, attempt.cause) != ("", ""),
                f"{attempt.number}: the register says {said}, the row {attempt.outcome, attempt.cause}",
            )
            self._expect(attempt.gone_at is not None, f"attempt {attempt.number} is not known to be gone")
            if attempt.cause == "lost":
                lost = any(call.lost for call in self.cloud.calls.values() if call.keys == attempt.keys)
                self._expect(lost, f"attempt {attempt.number} was given up as lost, and nothing of it was")

    def _it_counts_once(self, export: Export, attempts: list[Attempt]) -> None:
        done = [attempt for attempt in attempts if self._is_whole(attempt)]
        complete = export.job.status == Status.COMPLETE
        self._expect(len(done) == complete, f"{len(done)} attempts finished it, and it is {export.job.status}")
        told = Notice.objects.filter(export=export, event=Notice.Event.DONE).count()
        self._expect(told == complete, f"{told} notices tell that it is done, and it is {export.job.status}")
        if complete and done:
            result = export.result_facts
            self._expect(export.result_key.startswith(f"{done[0].keys.folder}/out/"), "its result is another attempt's")
            self._expect(export.result_key == result["key"], "its result is not the one that was decided on")
            body = self.store.objects.get(export.result_key, b"")
            whole = (len(body), sha256(body).hexdigest()) == (export.result_bytes, export.result_sha256)
            self._expect(whole, "its result is not the one whose sum it bears")

    def _is_whole(self, attempt: Attempt) -> bool:
        if attempt.outcome != "ok":
            return False
        body = self.store.objects.get(attempt.keys.outcome)
        film = Outcome.from_wire(unpack(body)).result if body else {}
        return not film or len(self.store.objects.get(film["key"], b"")) == film["bytes"]

    def _budgets_hold(self, export: Export, attempts: list[Attempt]) -> None:
        torn = sum(attempt.outcome == "ok" and not self._is_whole(attempt) for attempt in attempts)
        counted = [attempt for attempt in attempts if not room.is_short(attempt.cause, attempt.runner)]
        errors = torn + sum(attempt.outcome == "error" or attempt.cause == "poison" for attempt in counted)
        interruptions = sum(attempt.cause == "lost" for attempt in attempts)
        lives = 1 + self.owner.retries
        self._expect(errors <= lives * (MOST_ERRORS + 1), f"it was tried again after {errors} errors")
        self._expect(
            interruptions <= lives * (MOST_INTERRUPTIONS + 1), f"it was tried again after {interruptions} interruptions"
        )
        if not self.owner.retries:
            counted = (export.errors, export.interruptions)
            self._expect(counted == (errors, interruptions), f"{(errors, interruptions)} were counted as {counted}")

    def _nothing_runs_any_more(self) -> None:
        for call in self.cloud.calls.values():
            self._expect(call.ended, f"{call.name} still runs")

    def _no_call_was_run_too_often(self) -> None:
        hellos = [unpack(body)["call"] for key, body in self.store.objects.items() if "/hello." in key]
        for call, runs in Counter(hellos).items():
            self._expect(runs <= MOST_RUNS, f"{call} has begun {runs} times")

    def _it_is_as_its_owner_wished(self, export: Export) -> None:
        wishes = Event.objects.filter(job=export.job, phase__in=WISHES).values_list("phase", flat=True)
        told = " ".join(wishes)
        if export.job.status == Status.PAUSED:
            self._expect(told.endswith("wish_pause"), f"it is paused, and the wishes were {told}")
        if export.job.status == Status.CANCELLED:  # which cannot be taken back once it is decided
            self._expect("wish_cancel" in told.rpartition("retried")[2], f"it is cancelled, and the wishes were {told}")

    def _its_timeline_leads_to_its_row(self, export: Export) -> None:
        try:
            told = timeline.replay(Event.objects.filter(job=export.job))
        except timeline.Broken as broken:
            self.world.broken(f"its timeline is broken: {broken}")
            return
        assert told is not None
        job = export.job
        row = (job.status, job.wish, job.attempt)
        self._expect((told.status, told.wish, told.attempt) == row, f"its timeline leads to {told}, its row says {row}")
        self._expect(told.bp <= job.bp, f"its timeline leads to {told.bp}, its bar is at {job.bp}")
