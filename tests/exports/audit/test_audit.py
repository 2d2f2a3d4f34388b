"""Each check finds what is planted for it, and nothing on an installation that is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exports import store_said
from exports.audit import CHECKS
from exports.driver import LEASE
from exports.models import Attempt, Delivery, Export, Heartbeat, Notice, Source
from exports.models.driven import AT_ONCE
from exports.models.heartbeat import CLUSTER
from modal_functions.folder import FolderStore
from modal_functions.store import Unreachable
from modal_functions.stores import opened
from progress.models import Event, Job
from tests.exports.outbox.conftest import contact_of

NOBODYS = "0a0a0a0a-0000-4000-8000-000000000000"  # not a random one: each worker must find the same tests
pytestmark = pytest.mark.django_db

NOBODY = UUID(int=7)


def test_a_system_that_is_well_has_no_violation_in_whatever_state_its_exports_are(system, exports):
    exports.one_in_each()
    system.age("attempts")
    system.age("projects")
    done = system.audited()
    assert done.violations == []
    assert done.ok
    assert (done.looked["export"], done.looked["source"]) == (9, 1)
    assert done.looked["folder"] == Attempt.objects.count() + 1
    assert done.moving == 0
    an_hour_later = system.clock.pass_by(3600)
    Export.objects.filter(next_due_at__isnull=False).update(next_due_at=an_hour_later)
    assert system.said() == []


# Rows


def test_an_event_that_does_not_follow_is_found(system, exports):
    event = exports["failed"].job.events.get(phase="failed")
    Event.objects.filter(pk=event.pk).update(from_status="paused")
    [(check, pk, sentence)] = system.said()
    assert (check, pk) == ("timeline", exports["failed"].pk)
    assert sentence.startswith(f"its events do not follow from one another: event {event.pk} leaves paused")


@pytest.mark.parametrize(
    "changed", [{"status": "queued"}, {"wish": "pause"}, {"stage": "fetch"}, {"attempt": 3}, {"cause": "lost"}]
)
def test_a_row_that_its_events_do_not_lead_to_is_found(system, exports, changed):
    pk = exports["running"].pk
    Job.objects.filter(pk=pk).update(**changed)
    [value] = changed.values()
    assert [each[:2] for each in system.said("timeline")] == [("timeline", pk)]
    assert f"but the row says {value!r}" in system.said("timeline")[0][2]


def test_a_bar_that_fell_is_found_in_the_events(system, exports):
    pk = exports["retried"].pk
    last = exports["retried"].job.events.filter(phase="stage").last()
    Event.objects.filter(pk=last.pk).update(bp=1)
    [(check, found, sentence)] = system.said("bar")
    assert (check, found) == ("bar", pk)
    assert sentence.endswith(f"to 0.01 % at event {last.pk} (stage)")


def test_a_bar_that_fell_is_found_on_the_row(system, exports):
    pk = exports["running"].pk
    Job.objects.filter(pk=pk).update(bp=5)
    [(check, found, sentence)] = system.said("bar")
    assert (check, found) == ("bar", pk)
    assert "stands at 0.05 % now" in sentence


def test_what_is_complete_and_not_full_is_found(system, exports):
    pk = exports["complete"].pk
    exports["complete"].job.events.filter(phase="complete").update(bp=9_000)
    Job.objects.filter(pk=pk).update(bp=9_500)
    assert system.said("bar") == [("bar", pk, "it is complete, but its bar stands at 95 %")]


def test_a_gap_in_the_numbers_is_found(system, exports):
    pk = exports["retried"].pk
    Attempt.objects.get(export=pk, number=2).delete()
    assert system.said("numbers") == [("numbers", pk, "its attempts are numbered 1, 3, expected 1 to 2")]


def test_an_open_attempt_before_the_latest_is_found(system, exports):
    pk = exports["retried"].pk
    Attempt.objects.filter(export=pk, number=1).update(outcome="")
    assert system.said("one_open") == [("one_open", pk, "attempt 1 is open, but attempt 3 was begun after it")]


def test_a_second_attempt_that_ended_well_is_found(system, exports):
    pk = exports["retried"].pk
    Attempt.objects.filter(export=pk, number=2).update(outcome="ok")
    assert system.said("one_ok") == [("one_ok", pk, "2 of its attempts ended well: 2, 3")]


def test_one_too_many_is_found_also_where_a_result_had_been_missing(system, exports):
    pk, now = exports["made again"].pk, system.clock()
    assert system.said("one_ok") == []
    Attempt.objects.create(export_id=pk, number=3, runner="local", outcome="ok", decided_at=now, gone_at=now)
    assert system.said("one_ok") == [("one_ok", pk, "3 of its attempts ended well: 1, 2, 3")]


def test_what_an_attempt_made_after_its_export_had_ended_counts_for_nothing(system, tools):
    """Staff fails it while it works; the work finishes all the same, and the retry makes it once more."""
    export = system.requested()
    work = system.begun()
    tools.tracker.fail(export.pk, cause="failed_by_staff", text="Too loud.", actor="staff 1")
    work.finishes()
    system.drive()
    export.retry(actor="olga")
    system.drive()
    system.works().finishes()
    system.drive()
    assert list(export.attempts.values_list("outcome", flat=True)) == ["ok", "ok"]
    assert system.said() == []


def test_a_complete_one_of_which_no_attempt_ended_well_is_found(system, exports):
    pk = exports["complete"].pk
    Attempt.objects.filter(export=pk).update(outcome="abort")
    assert system.said("one_ok") == [("one_ok", pk, "it is complete, but none of its attempts ended well")]


@pytest.mark.parametrize("state", ["running", "queued", "uploading"])
def test_one_that_nobody_will_ever_look_at_again_is_found(system, exports, state):
    pk, status = exports[state].pk, exports[state].job.status
    Export.objects.filter(pk=pk).update(next_due_at=None)
    said = f"it is {status}, but it is never due: nobody will look at it again"
    assert system.said("due") == [("due", pk, said)]


@pytest.mark.parametrize("due", [AT_ONCE, "an hour ago"])
def test_one_that_is_due_and_not_looked_at_is_found(system, exports, due):
    pk = exports["running"].pk
    due = due if due == AT_ONCE else system.clock() - timedelta(hours=1)
    Export.objects.filter(pk=pk).update(next_due_at=due)
    said = "it is running and due, but nobody looks at it although the driver works"
    assert system.said("due") == [("due", pk, said)]


def test_one_that_was_rung_for_is_none_since_it_is_looked_at_meanwhile(system, exports):
    Export.objects.filter(pk=exports["running"].pk).update(next_due_at=AT_ONCE)
    looks = []

    def look():
        looks.append(1)
        if len(looks) == 6:  # a slow driver
            Export.objects.filter(pk=exports["running"].pk).update(next_due_at=system.clock() + timedelta(seconds=1))

    assert system.said("due", meanwhile=look) == []
    assert len(looks) == 6


def test_one_that_somebody_holds_is_none(system, exports):
    held = system.clock() + timedelta(seconds=60)
    Export.objects.filter(pk=exports["running"].pk).update(next_due_at=AT_ONCE, lease_until=held)
    assert system.said("due") == []


def test_while_the_driver_is_silent_nobody_is_said_to_be_passed_over(system, exports):
    Export.objects.filter(pk=exports["running"].pk).update(next_due_at=AT_ONCE)
    Heartbeat.objects.filter(name=LEASE).delete()
    assert system.said("due") == []


def test_a_call_that_is_not_known_to_have_ended_is_found_after_some_minutes(system, exports):
    pk = exports["failed"].pk
    Attempt.objects.filter(export=pk).update(gone_at=None, decided_at=system.clock())
    assert system.said("calls") == []
    system.clock.pass_by(301)
    [(check, found, sentence)] = system.said("calls")
    assert (check, found) == ("calls", pk)
    assert sentence.startswith("attempt 1 was over at 2026-11-20 12:")


def test_an_attempt_that_is_open_after_its_export_has_ended_is_found(system, exports):
    for state in ("cancelled", "paused"):
        Attempt.objects.filter(export=exports[state].pk).update(outcome="", gone_at=None, decided_at=None)
    system.clock.pass_by(301)
    assert {each[1] for each in system.said("calls")} == {exports["cancelled"].pk, exports["paused"].pk}


def test_an_earlier_attempt_that_is_not_gone_is_found_while_the_export_runs(system):
    export = system.requested()
    system._lost(export)
    system.begun()
    Attempt.objects.filter(number=1).update(gone_at=None)
    system.clock.pass_by(301)
    assert [each[:2] for each in system.said("calls")] == [("calls", export.pk)]


@pytest.mark.parametrize(("state", "event"), [("complete", "done"), ("failed", "failed"), ("retried", "failed")])
def test_a_notice_that_is_not_owed_is_found(system, exports, state, event):
    pk = exports[state].pk
    Notice.objects.filter(export=pk, event=event).delete()
    what = "was completed" if event == "done" else "failed"
    assert system.said("notices") == [("notices", pk, f"it {what} once, and never a notice of that is owed")]


@pytest.mark.parametrize("state", ["complete", "failed", "running"])
def test_a_notice_that_is_owed_once_too_often_is_found(system, exports, state):
    pk = exports[state].pk
    Notice.objects.create(export_id=pk, event="failed" if state == "failed" else "done", attempt=7, text="Again.")
    assert [each[:2] for each in system.said("notices")] == [("notices", pk)]


@pytest.fixture
def told(system, exports):
    """A finished export of which one message is to be sent, by a cluster that works."""
    contact = contact_of(system.source.project.owner, system.clock)

    def made(**changed):
        export = exports["complete"]
        Delivery.objects.filter(export=export).update(**changed)
        Heartbeat.objects.update_or_create(name=CLUSTER, defaults={"at": system.clock()})
        assert contact.deliveries.count() == 1
        return export

    return made


def test_messages_that_are_owed_or_sent_are_no_violation(system, told):
    told()
    assert system.said("messages") == []
    told(state="sent")
    assert system.said() == []


def test_a_message_without_its_notice_is_found(system, told):
    export = told()
    Notice.objects.filter(export=export).update(attempt=5)
    found = ("messages", export.pk, "a message of attempt 1 (done) is owed, and no notice of that")
    assert system.said("messages") == [found]


@pytest.mark.parametrize(
    ("state", "since", "said"),
    [("pending", "due_at", "is due since"), ("sending", "sending_since", "is being sent since")],
)
def test_a_message_that_nobody_sends_is_found_while_the_cluster_works(system, told, state, since, said):
    export = told(state=state, **{since: system.clock() - timedelta(minutes=61)})
    [(check, pk, sentence)] = system.said("messages")
    assert (check, pk) == ("messages", export.pk)
    assert f"a message of attempt 1 (done) {said}" in sentence
    Delivery.objects.update(**{since: system.clock() - timedelta(minutes=58)})
    assert system.said("messages") == []
    Delivery.objects.update(**{since: system.clock() - timedelta(days=2)})
    Heartbeat.objects.filter(name=CLUSTER).update(at=system.clock() - timedelta(days=1))
    assert system.said("messages") == []


# The store


def test_a_result_that_is_gone_is_found(system, exports, store):
    store.delete(exports["complete"].result_key)
    assert system.said() == [("result", exports["complete"].pk, "its result is not in the store")]


def test_a_result_of_another_size_is_found(system, exports, store):
    store.put(exports["complete"].result_key, b"half a film")
    assert system.said() == [("result", exports["complete"].pk, "its result has 11 bytes, expected 4")]


def test_a_complete_one_without_a_result_is_found(system, exports):
    Export.objects.filter(pk=exports["complete"].pk).update(result_key="")
    assert system.said() == [("result", exports["complete"].pk, "it is complete, but it has no result")]


def test_other_bytes_of_the_same_size_are_found_by_a_deep_look_only(system, store):
    import hashlib

    pk = system.brought("complete").pk
    Export.objects.update(result_sha256=hashlib.sha256(b"film").hexdigest())
    assert system.said(deep=True) == []
    store.put(Export.objects.get().result_key, b"moor")
    assert system.said() == []
    [(check, found, sentence)] = system.said(deep=True)
    assert (check, found) == ("result", pk)
    assert sentence.startswith(f"its result has the sha256 {hashlib.sha256(b'moor').hexdigest()}, expected ")


def test_a_source_whose_file_is_gone_is_found(system, source, store):
    store.delete(source.key)
    assert system.said() == [("sources", source.pk, "the file of beach.mov is not in the store")]


def test_a_source_whose_file_has_another_size_is_found(system, source, store):
    store.put(source.key, b"beaches")
    assert system.said() == [("sources", source.pk, "the file of beach.mov has 7 bytes, expected 5")]


@pytest.mark.parametrize("state", ["uploading", "refused"])
def test_a_source_that_need_not_be_there_yet_is_none(system, source, store, state):
    store.delete(source.key)
    Source.objects.update(state=state)
    assert system.said() == []


def test_objects_of_nobody_are_found_once_they_are_old(system, exports, store):
    gone = exports["complete"].pk
    folder, kept = f"attempts/{gone}/1", exports["failed"]
    assert kept.attempts.count() == 1
    Job.objects.filter(pk=gone).delete()
    assert system.said() == []
    system.age("attempts")
    [(check, found, sentence)] = system.said()
    assert (check, found) == ("objects", folder)
    assert sentence.endswith("of nobody")
    count = len(list(store.keys(folder)))
    assert sentence.startswith(f"{count} objects (")


@pytest.mark.parametrize(
    "folder",
    [
        f"projects/{NOBODYS}",
        f"projects/{NOBODYS}/sources/{NOBODYS}",
        f"attempts/{NOBODYS}/1",
        "projects/not-ours",
        "attempts/not-ours/1",
    ],
)
def test_objects_in_any_folder_of_nobody_are_found(system, store, folder):
    store.put(f"{folder}/chunk.mkv", b"1234")
    system.age(folder)
    assert system.said() == [("objects", folder, "1 object (4 bytes) of nobody")]


def test_an_attempt_that_never_was_has_no_objects(system, exports, store):
    folder = f"attempts/{exports['complete'].pk}/9"
    store.put(f"{folder}/spec.json", b"{}")
    system.age(folder)
    assert [each[:2] for each in system.said()] == [("objects", folder)]


def test_a_source_of_another_project_owns_nothing(system, source, store):
    folder = f"projects/{uuid4()}/sources/{source.pk}"
    store.put(f"{folder}/original", b"1234")
    system.age(folder)
    assert [each[:2] for each in system.said()] == [("objects", folder)]


def test_a_store_that_is_away_says_nothing_of_what_is_in_it(system, exports, store):
    assert exports["complete"].result_key
    system.age("attempts")
    store.root.rename(store.root.with_name("unplugged"))
    done = system.audited()
    assert done.violations == []
    assert len(done.unlooked) == 1
    assert "(result, sources, objects)" in done.unlooked[0]
    assert not done.ok


def test_rows_are_looked_at_even_so(system, exports, store):
    Export.objects.filter(pk=exports["queued"].pk).update(next_due_at=None)
    store.root.rename(store.root.with_name("unplugged"))
    assert [each.check for each in system.audited().violations] == ["due"]


def test_a_bucket_is_asked_the_same(system, exports, source, bucket):
    store = opened(bucket.described())
    system.tools = replace(system.tools, store=store)
    store.put(source.key, b"beach")
    complete = exports["complete"]
    assert system.said() == []
    store.delete(complete.result_key)
    store.delete(source.key)
    system.clock.now = datetime.now(UTC) + timedelta(days=2)
    store.put(f"projects/{uuid4()}/chunks/a", b"1234")
    found = {(each.check, each.sentence) for each in system.audited("result", "sources", "objects").violations}
    assert found == {
        ("result", "its result is not in the store"),
        ("sources", "the file of beach.mov is not in the store"),
        ("objects", "1 object (4 bytes) of nobody"),
    }


# On a system that is at work


def test_what_settles_while_it_is_looked_at_is_no_violation(system, exports, store):
    key, body = exports["complete"].result_key, b"film"
    store.delete(key)
    Export.objects.filter(pk=exports["queued"].pk).update(next_due_at=None)

    def settle():
        store.put(key, body)
        Export.objects.filter(pk=exports["queued"].pk).update(next_due_at=system.clock())

    assert system.said(meanwhile=settle) == []


def test_a_row_that_moves_while_it_is_read_is_judged_when_it_stands_still(system, exports):
    """The job is read first and its versions last; in between, the driver goes on."""
    pk, moves = exports["running"].pk, []

    def move(execute, sql, params, many, context):
        if "exports_notice" in sql and len(moves) < 2:
            moves.append(sql)
            Job.objects.filter(pk=pk).update(version=10_000 + len(moves), stage="fetch")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(move):
        done = system.audited("timeline")
    assert len(moves) == 2
    assert [each.id for each in done.violations] == [pk]
    assert done.moving == 0


def test_a_row_that_never_stands_still_is_counted_and_not_judged(system, exports):
    pk = exports["running"].pk
    Job.objects.filter(pk=pk).update(stage="fetch")
    count = iter(range(10_000, 20_000))

    def move(execute, sql, params, many, context):
        if "exports_notice" in sql:
            Job.objects.filter(pk=pk).update(version=next(count))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(move):
        done = system.audited("timeline")
    assert (done.violations, done.moving) == ([], 1)


# What it costs


def statements(system):
    with CaptureQueriesContext(connection) as seen:
        done = system.audited()
    assert done.violations == []
    return len(seen)


def test_many_exports_cost_no_statement_more_than_one(system, exports):
    assert exports["complete"]
    system.age("attempts")
    few = statements(system)
    for _ in range(3):
        system.brought("complete")
        system.brought("failed")
    Source.objects.create(project=system.source.project, name="lake.mov", bytes=1)
    system.age("attempts")
    assert Export.objects.count() == 7
    assert statements(system) == few


def test_a_limit_takes_the_newest(system, exports):
    for state in ("complete", "uploading"):
        Export.objects.filter(pk=exports[state].pk).update(result_key="", next_due_at=None)
    done = system.audited("due", "result", limit=1)
    assert (done.looked["export"], [each.id for each in done.violations]) == (1, [exports["uploading"].pk])


def test_more_exports_than_fit_into_one_batch_are_all_looked_at(system):
    made = [system.requested() for _ in range(5)]
    Export.objects.update(next_due_at=None)
    done = system.audited("due", at_once=2)
    assert done.looked["export"] == 5
    assert {each.id for each in done.violations} == {export.pk for export in made}


def test_every_check_is_told_in_a_sentence():
    for check in CHECKS.values():
        assert check.says.endswith(".")
        assert check.person.endswith(".")


def test_a_store_that_breaks_off_in_the_middle_of_a_listing_is_told(system, exports):
    class Breaking(FolderStore):
        def entries(self, prefix):
            yield next(super().entries(prefix))
            raise Unreachable("The cable is out.")

    assert exports["failed"]
    system.age("attempts")
    system.tools = replace(system.tools, store=Breaking(system.tools.store.root))
    done = system.audited()
    assert done.violations == []
    assert done.unlooked == [
        f"Not everything was looked at (objects). {store_said.told(Unreachable('The cable is out.'))}"
    ]
