"""Acts of staff on the pages: what is asked before one is taken, its result, and its log."""

import uuid

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from exports.models import Attempt, Bulk, Export
from modal_functions.store import Unreachable
from progress.models import Event, Job, Status
from progress.tracker import ProgressTracker
from tests.exports.staff.asking import ACT, LIST, failed, short, story, take
from tests.exports.staff.conftest import allow, fresh, status

pytestmark = pytest.mark.django_db


# Acts


def test_an_act_from_the_list_tells_the_result_of_each(boss, many):
    first, second = many(2)
    ProgressTracker().uploaded(first.pk)
    failed(first)
    answer = take(boss, "retry", first, second, reason="a larger machine")
    assert (status(first), status(second)) == (Status.QUEUED, Status.UPLOADING)
    assert "It waits for its turn" in answer.text
    assert "only what has failed or was cancelled" in answer.text


def test_an_act_is_in_the_log_of_the_admin_and_in_the_timeline(boss, staff, export):
    failed(export)
    take(boss, "retry", export, reason="a larger machine")
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (staff, str(export.pk))
    assert "a larger machine" in entry.change_message
    event = Event.objects.get(phase="staff_retry")
    assert (event.actor, event.note) == (f"staff {staff.pk}", "a larger machine")
    assert "a larger machine" in boss.get(story(export)).text


def test_what_was_refused_leaves_no_entry(boss, export):
    take(boss, "retry", export)
    assert not LogEntry.objects.exists()
    assert not Event.objects.filter(phase__startswith="staff_").exists()


def test_a_dry_run_changes_nothing(boss, export):
    before = Job.objects.values().get(), Export.objects.values().get()
    answer = take(boss, "would", export)
    assert "The next step would be queue: everything is uploaded." in answer.text
    assert (Job.objects.values().get(), Export.objects.values().get()) == before


def test_what_ends_an_export_is_confirmed_with_the_count_and_the_plan(boss, many):
    exports = many(3)
    asked = take(boss, "cancel", *exports)
    assert "3 exports" in asked.text
    assert "It ends as cancelled at 0 %." in asked.text
    assert {fresh(export).job.wish for export in exports} == {"run"}
    take(boss, "cancel", *exports, sure="1")
    assert {fresh(export).job.wish for export in exports} == {"cancel"}


@pytest.mark.parametrize("key", ["check", "would", "retry", "again", "pause", "resume"])
def test_what_can_be_taken_back_is_not_confirmed(key, boss, export):
    assert "Leave it" not in take(boss, key, export).text


@pytest.mark.parametrize("key", ["cancel", "stop", "fail", "lose", "queue"])
def test_what_cannot_or_wants_to_be_told_more_is(key, boss, export):
    assert "Leave it" in take(boss, key, export).text


def test_so_is_what_only_some_exports_are_ready_for(boss, many):
    ended, working = many(2)
    failed(ended)
    Attempt.objects.create(export=working, number=1, runner="local")
    assert "Leave it" in take(boss, "delete", ended).text
    assert "Leave it" in take(boss, "reattach", working).text


@pytest.mark.parametrize("key", ["delete", "reattach"])
def test_what_can_be_done_to_none_of_them_is_not_offered_and_leads_back(key, boss, many):
    exports = many(12)
    shown = take(boss, key, *exports, view="active").text
    assert "None of this can be done: why not stands beside each." in shown
    assert f'href="{LIST}?view=active">Back to the exports</a>' in shown
    assert 'name="sure"' not in shown
    assert "in the cluster" not in shown
    alone = take(boss, key, exports[0], back="story").text
    assert "This cannot be done: why not stands beside it." in alone
    assert f'href="{story(exports[0])}">Back to the export</a>' in alone


def test_what_can_be_done_to_one_of_them_is_offered(boss, many):
    first, *others = many(3)
    failed(first)
    assert 'name="sure"' in take(boss, "delete", first, *others).text


@pytest.mark.parametrize("wrong", [Unreachable("The store is away."), ZeroDivisionError("by night")])
def test_what_could_only_not_be_looked_at_is_offered_even_so(wrong, boss, export, monkeypatch):
    from exports.staff.acts import Act, Answer, base, register

    def looks(case, order):
        raise wrong

    monkeypatch.setattr(base, "_acts", dict(base._acts))
    register(
        Act(
            key="greet",
            label="Greet the owner",
            says="Says hello.",
            permission="exports.view_export",
            plan=looks,
            take=lambda case, order: Answer(ok=True, said="Greeted."),
        )
    )
    shown = take(boss, "greet", export, plan="1").text
    assert str(wrong) in shown
    assert 'name="sure"' in shown


def test_after_an_act_the_list_is_the_one_that_it_was_asked_in(boss, many):
    (*exports, last), here = many(3), f"{LIST}?view=active&amp;q=abc"
    asked = {"view": "active", "q": "abc"}
    assert here in take(boss, "cancel", *exports, **asked).text
    assert here in take(boss, "cancel", *exports, sure="1", **asked).text
    assert here in take(boss, "check", *exports, **asked).text
    assert take(boss, "check", **asked)["Location"] == f"{LIST}?view=active&q=abc"
    assert take(boss, "check")["Location"] == LIST
    assert story(last) in take(boss, "cancel", last, back="story").text.split("Leave it")[0][-200:]


def test_the_plan_of_anything_can_be_seen_first(boss, export):
    failed(export)
    assert "Attempt 1 is begun when its turn comes." in take(boss, "retry", export, plan="1").text
    assert status(export) == Status.FAILED


@pytest.mark.parametrize("key", ["fail", "lose", "delete"])
def test_whoever_ends_it_by_hand_says_why(key, boss, export):
    take(boss, key, export, sure="1", reason="  ")
    assert status(export) == Status.UPLOADING


def test_the_owner_reads_why_staff_has_failed_it(boss, owner, export, signed_in):
    take(boss, "fail", export, sure="1", reason="The clip is a test picture.")
    assert "The clip is a test picture." in signed_in(owner).get(reverse("export", args=[export.pk])).text


def test_only_what_has_ended_is_deleted(boss, export):
    take(boss, "delete", export, sure="1", reason="asked for by mail")
    assert Export.objects.filter(pk=export.pk).exists()
    failed(export)
    take(boss, "delete", export, sure="1", reason="asked for by mail")
    assert not Job.objects.filter(pk=export.pk).exists()
    assert "asked for by mail" in LogEntry.objects.get().change_message


def test_from_scratch_is_another_export_that_takes_up_no_chunk(boss, export):
    take(boss, "again", export)
    other = Export.objects.get(job__parent=export.pk)
    from exports import kinds

    kind = kinds.get("multi_clip")
    assert kind.spec(other)["chunks"] == f"{kind.spec(export)['chunks']}/{other.pk}"
    assert "made again already" in take(boss, "again", export).text
    assert str(other.pk)[:8] in boss.get(story(export)).text


def test_moving_to_the_front_starts_it_first(boss, many):
    from exports.queue import in_line

    exports = many(3)
    for export in exports:
        ProgressTracker().uploaded(export.pk)
    assert in_line() == [export.pk for export in exports]
    take(boss, "queue", exports[2], given="front", sure="1")
    take(boss, "queue", exports[0], given="back", sure="1")
    assert in_line() == [exports[2].pk, exports[1].pk, exports[0].pk]


@pytest.mark.parametrize("body", [{}, {"act": "nothing"}, {"act": "check"}, {"act": "check", "export": "x"}])
def test_an_act_that_makes_no_sense_does_nothing(body, boss, export):
    assert boss.post(ACT, body).status_code in (302, 400)


def test_of_many_ids_only_real_ones_count(boss, export):
    answer = boss.post(ACT, {"act": "check", "export": [str(export.pk), str(uuid.uuid4())]})
    assert "There is no such export." in answer.text


# Many at once


def test_all_that_match_is_a_job_with_a_bar(boss, staff, many):
    for export in many(12):
        failed(export)
    answer = boss.post(ACT, {"act": "retry", "all": "1", "view": "failed", "reason": "a larger machine"})
    made = Bulk.objects.get()
    assert answer.url == reverse("admin:exports_bulk_change", args=[made.pk])
    assert (made.rows.count(), made.by, made.reason) == (12, staff, "a larger machine")
    page = boss.get(answer.url)
    assert "0 done, 0 not done, 12 left" in page.text
    assert made.job.title in boss.get("/admin/exports/bulk/").text


def test_all_that_match_ends_at_five_hundred(boss, many, monkeypatch):
    monkeypatch.setattr("exports.staff.views.taking.MOST", 5)
    for export in many(7):
        failed(export)
    assert "5 exports</strong>; there are more" in boss.post(ACT, {"act": "stop", "all": "1", "view": "failed"}).text


def test_a_bulk_act_is_stopped_by_whoever_began_it_and_by_nobody_else(boss, clerk, many, signed_in):
    boss.post(ACT, {"act": "check", "all": "1", "view": "all", "export": short(*many(12))})
    made = Bulk.objects.get()
    other = signed_in(allow(clerk, "view_job"))
    assert other.get(reverse("admin:exports_bulk_change", args=[made.pk])).status_code == 404
    assert other.post(reverse("admin:exports_bulk_stop", args=[made.pk])).status_code == 404
    boss.post(reverse("admin:exports_bulk_stop", args=[made.pk]))
    assert Job.objects.get(pk=made.pk).wish == "cancel"
