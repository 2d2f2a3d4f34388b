"""Work that goes on is looked at by a few columns; with whatever else is seen, it is decided by its rows."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db.models.signals import post_init
from hypothesis import given
from hypothesis import strategies as st

from exports.driver import one_pass
from exports.looking import Look
from exports.models import Attempt, Clip, Export, Project, Source
from exports.plan import plan
from exports.reconcile import reconcile_many
from exports.running import Running, running
from exports.together import one_by_one
from exports.tools import Tools
from modal_functions.folder import FolderStore
from modal_functions.wire import AttemptKeys, Hello, Outcome, ProgressReport, pack, unpack
from progress.models import Job, Status, Wish
from progress.report import Report
from tests.exports.scripted import ScriptedRunner

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EXPORT, TOKEN = uuid4(), uuid4()
REPORT = Report(job=EXPORT, attempt=1, run=1, seq=5, stage="process", at=NOW)
OUTCOME = Outcome(ending="ok", writer="w", at=NOW)

calls = st.sampled_from(["call-1", "call-2"])
hellos = st.lists(calls, max_size=3).map(
    lambda found: tuple(Hello(call=call, run=number, at=NOW) for number, call in enumerate(found, 1))
)


@st.composite
def looks(draw):
    runs = draw(hellos)
    known = dict.fromkeys(("call-1", *(hello.call for hello in runs)))
    return Look(
        calls={call: draw(st.sampled_from(["alive", "gone", "unknown"])) for call in known},
        runs=runs,
        outcome=draw(st.none() | st.just(OUTCOME)),
        progress=draw(st.none() | st.just(REPORT)),
        news=draw(st.booleans()),
        answered=draw(st.booleans()),
    )


@given(looks(), st.sampled_from(Wish.values), st.sampled_from(["", "pause"]))
def test_what_goes_on_is_what_its_rows_would_let_go_on(seen, wish, asked):
    job = Job(pk=EXPORT, pipeline="film@1", status=Status.RUNNING, wish=wish, attempt=1, run=1, seq=4)
    export = Export(job=job, project_id=uuid4(), kind="multi_clip")
    row = {"runner": "modal", "token": TOKEN, "call_id": "call-1", "asked": asked}
    attempt = Attempt(export=export, number=1, begun_at=NOW, spawned_at=NOW, greeted_at=NOW, **row)
    by_columns = Running(
        export_id=EXPORT, project_id=export.project_id, kind=export.kind, version=job.version, wish=wish,
        attempt=1, run=1, seq=4, keys=AttemptKeys(export=str(EXPORT), number=1), **row,
    )  # fmt: skip
    assert by_columns.ordered == attempt.ordered
    assert by_columns.is_still(export, attempt)
    by_rows = plan(export, attempt, seen, NOW)
    expected = by_rows if by_rows.name == "fold" or (by_rows.name == "wait" and seen.answered) else None
    assert by_columns.goes_on(seen) == expected


@pytest.fixture
def runner():
    return ScriptedRunner(at_once=1000)


class Counting(FolderStore):
    def __init__(self, root):
        super().__init__(root)
        self.asked = []

    def get(self, key):
        self.asked.append(key.rpartition("/")[2])
        return super().get(key)


@pytest.fixture
def tools(tmp_path, runner, clock, tracker):
    store = Counting(tmp_path / "store")
    return Tools(store=store, runner=lambda name: runner, tracker=tracker, clock=clock, together=one_by_one)


@pytest.fixture
def exports(db, owner, tools, clock):
    """Four that run, and have reported."""
    project = Project.objects.create(owner=owner, name="Lofoten")
    source = Source.objects.create(project=project, name="a", bytes=1, state="ready", facts={"seconds": 8.0})
    Clip.objects.create(project=project, source=source, position=1)
    made = [Export.request(project, kind="multi_clip", options={}) for _ in range(4)]
    one_pass(tools)
    for attempt in Attempt.objects.all():
        tools.store.put_once(attempt.keys.hello(1), pack(Hello(call=attempt.call_id, run=1, at=clock()).as_wire()))
        told = ProgressReport(
            job=str(attempt.export_id), attempt=1, run=1, seq=1, stage="process", at=clock(), done=90, total=900
        )
        tools.store.put(attempt.keys.progress, pack(told.as_wire()))
    for _ in range(2):
        clock.pass_by(3)
        one_pass(tools)
    clock.pass_by(3)
    return made


def test_a_pass_over_what_goes_on_makes_no_object_of_a_row(exports, tools):
    made = []

    def note(sender, **kwargs):
        made.append(sender)

    post_init.connect(note)
    try:
        assert one_pass(tools).looked == 4
    finally:
        post_init.disconnect(note)
    assert made == []


def test_a_hello_is_read_once_and_only_the_next_is_asked_for(exports, tools):
    tools.store.asked.clear()
    one_pass(tools)
    assert tools.store.asked == ["progress.json", "hello.2.json", "outcome.json"] * 4


def test_a_second_run_is_seen_by_whoever_remembers_the_first(exports, tools, runner, clock):
    attempt = Attempt.objects.get(export=exports[0])
    for run in (2, 3):
        tools.store.put_once(attempt.keys.hello(run), pack(Hello(call=attempt.call_id, run=run, at=clock()).as_wire()))
    runner.lives[attempt.keys] = "gone"
    one_pass(tools)
    assert unpack(tools.store.get(attempt.keys.outcome))["code"] == "poison", "three runs have ended without an outcome"


def test_what_was_changed_while_it_was_looked_at_is_not_decided_from_how_it_was(exports, tools):
    """The work is gone; and while that is found out, its owner cancels."""
    export = exports[0]
    attempt = Attempt.objects.get(export=export)

    class Meanwhile(ScriptedRunner):
        def look(self, ordered):
            if ordered.keys == attempt.keys and Job.objects.get(pk=export.pk).wish != Wish.CANCEL:
                export.cancel(actor="olga")
            return "gone" if ordered.keys == attempt.keys else "alive"

    elsewhere = Meanwhile()
    steps = reconcile_many([export.pk], replace(tools, runner=lambda name: elsewhere))
    assert steps[export.pk].why == "its rows were changed while it was looked at"
    assert tools.store.get(attempt.keys.outcome) is None
    one_pass(replace(tools, runner=lambda name: elsewhere))
    assert unpack(tools.store.get(attempt.keys.outcome))["code"] == "cancelled"


def test_who_was_not_come_to_in_time_is_not_told_as_out_of_reach(exports, tools):
    def only_the_first(act, items, too_late):
        return [act(item) if number == 0 else too_late for number, item in enumerate(items)]

    steps = reconcile_many([export.pk for export in exports], replace(tools, together=only_the_first))
    assert sorted(step.why for step in steps.values()) == [
        "it lives, and has nothing new to report",
        *["it was not come to"] * 3,
    ]
    assert not Job.objects.filter(unreachable_since__isnull=False).exists()
    assert not Export.objects.filter(lease_token__isnull=False).exists()


@pytest.mark.parametrize(
    "otherwise",
    [
        {"outcome": "abort"},
        {"greeted_at": None},
        {"call_id": ""},
        {"number": 2},
    ],
)
def test_an_attempt_that_is_more_than_running_is_decided_by_its_rows(exports, clock, otherwise):
    ids = [export.pk for export in exports]
    Attempt.objects.filter(export=ids[0]).update(**otherwise)
    token, leased = Export.lease(ids, clock())
    assert leased == 4
    assert {each.export_id for each in running(ids, token)} == set(ids[1:])
    assert running(ids, uuid4()) == [], "who has no lease of them sees none"
