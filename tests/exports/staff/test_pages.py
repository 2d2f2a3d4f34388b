"""The pages of staff: who gets in, what a list shows and finds, what an act asks before it is taken, and its log."""

import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exports.models import Attempt, Bulk, Drill, Export, Intake
from exports.staff import listing
from exports.staff.views.story import held
from modal_functions.store import Unreachable
from progress.models import Event, Forecast, Job, Status
from progress.tracker import ProgressTracker
from tests.exports.staff.conftest import allow, fresh, project_of, requested, status, together

pytestmark = pytest.mark.django_db

LIST = "/admin/exports/export/"
ACT = f"{LIST}act/"
SYSTEM = f"{LIST}system/"


def story(export):
    return reverse("admin:exports_export_change", args=[export.pk])


def shown(answer):
    """The short ids in the table, in their order."""
    return re.findall(r"<code>([0-9a-f]{8})</code>", answer.text)


def short(*exports):
    return [str(export.pk)[:8] for export in exports]


def queries_of(client, url):
    ContentType.objects.clear_cache()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return queries.captured_queries


@pytest.fixture
def boss(staff, signed_in):
    return signed_in(staff)


def test_the_admin_has_the_icon_of_the_site(boss):
    assert re.search(r'<link rel="icon" href="[^"]*favicon[^"]*\.svg"', boss.get(reverse("admin:index")).text)


@pytest.fixture
def many(project):
    def made(count):
        exports = [requested(project, f"Reel {number}") for number in range(count)]
        for number, export in enumerate(exports):
            Job.objects.filter(pk=export.pk).update(created_at=timezone.now() + timedelta(seconds=number))
        return exports

    return made


def failed(export, cause="out_of_memory"):
    ProgressTracker().fail(export.pk, cause=cause, text="The machine had too little memory.")
    return export


# Who gets in


@pytest.mark.parametrize("path", [LIST, SYSTEM, "/admin/exports/bulk/"])
def test_only_staff_gets_in(path, owner, visitor, boss, signed_in, as_guest):
    guest, _ = as_guest()
    for client in (visitor, guest, signed_in(owner)):
        assert client.get(path).url == f"{reverse('admin:login')}?next={path}"
    assert boss.get(path).status_code == 200


def test_staff_without_permission_sees_no_export(clerk, export, signed_in):
    client = signed_in(clerk)
    for path in (LIST, SYSTEM, story(export), f"{LIST}{export.pk}/asked/", f"{LIST}{export.pk}/blackbox/"):
        assert client.get(path).status_code == 403
    assert client.post(ACT, {"act": "cancel", "export": str(export.pk)}).status_code == 403


def test_staff_of_a_group_sees_the_exports_of_its_owners_and_no_others(clerk, owner, stranger, export, signed_in):
    theirs, hers = requested(project_of(stranger, "Alps")), export
    together("north", clerk, owner)
    client = signed_in(allow(clerk, "view_export", "cancel_export"))
    answer = client.get(LIST, {"view": "all"})
    assert shown(answer) == short(hers)
    assert "north" in answer.text
    assert client.get(story(hers)).status_code == 200
    assert client.get(reverse("export", args=[hers.pk])).status_code == 200, "and what the owner sees"
    assert client.get(reverse("progress:fragment", args=[hers.pk])).status_code == 200
    assert client.get(story(theirs)).status_code == 404
    assert client.get(reverse("export", args=[theirs.pk])).status_code == 404
    assert shown(client.get(LIST, {"q": str(theirs.pk)})) == []
    client.post(ACT, {"act": "cancel", "export": [str(hers.pk), str(theirs.pk)], "sure": "1"})
    assert (fresh(hers).job.wish, fresh(theirs).job.wish) == ("cancel", "run")
    assert client.get(SYSTEM).status_code == 403


def test_staff_in_no_group_sees_none_unless_it_may_view_every_job(clerk, export, signed_in):
    answer = signed_in(allow(clerk, "view_export")).get(LIST, {"view": "all"})
    assert shown(answer) == []
    assert "in no group" in answer.text
    assert shown(signed_in(allow(clerk, "view_job")).get(LIST, {"view": "all"})) == short(export)


def test_an_owner_who_is_no_staff_gains_nothing_by_a_group(owner, stranger, export, signed_in):
    together("north", owner, stranger)
    client = signed_in(allow(stranger, "view_export"))
    assert client.get(reverse("export", args=[export.pk])).status_code == 404
    assert client.get(LIST).status_code == 302


def test_an_act_needs_its_permission(clerk, owner, export, signed_in):
    client = signed_in(allow(clerk, "view_job", "check_export"))
    assert client.post(ACT, {"act": "cancel", "export": str(export.pk), "sure": "1"}).status_code == 400
    assert fresh(export).job.wish == "run"
    page = client.get(story(export)).text
    assert 'value="check"' in page
    assert 'value="cancel"' not in page


def test_nothing_is_added_or_changed_by_a_form(boss, export):
    for path in (f"{LIST}add/", f"{LIST}{export.pk}/delete/"):
        assert boss.get(path).status_code == 404
    assert boss.post(story(export), {"kind": "planted"}).status_code in (200, 405)
    assert fresh(export).kind == "multi_clip"


# The list


def test_the_list_begins_with_what_needs_attention(boss, many):
    first, second, _ = many(3)
    failed(first)
    failed(second, "input_unreadable")
    answer = boss.get(LIST)
    assert shown(answer) == short(first)
    assert "The machine had too little memory." in answer.text


def test_a_quiet_installation_says_that_nothing_needs_attention(boss, export):
    assert "Nothing needs attention." in boss.get(LIST).text


def test_a_silent_driver_is_said_above_every_list(boss, export):
    for view in listing.VIEWS:
        assert "Nobody has driven exports" in boss.get(LIST, {"view": view}).text


def test_every_view_and_every_filter_has_its_page(boss, many):
    failed(many(2)[0])
    for view in listing.VIEWS:
        assert boss.get(LIST, {"view": view, "pipeline": "multi_clip@1"}).status_code == 200
    assert len(shown(boss.get(LIST, {"view": "failed"}))) == 1
    assert len(shown(boss.get(LIST, {"view": "all"}))) == 2
    assert len(shown(boss.get(LIST, {"view": "active", "pipeline": "multi_clip@1"}))) == 1


def test_the_list_tells_of_each_what_an_operator_asks_first(boss, export, work):
    page = boss.get(LIST, {"view": "active"}).text
    for said in (str(export.pk)[:8], "olga", "multi_clip@1", "Running", "Rendering", "54", "ago", "local", "call-1"):
        assert said in page


@pytest.mark.parametrize("how", ["id", "beginning", "beginning with dashes", "owner", "call"])
def test_an_export_is_found_by(how, boss, export, stranger):
    requested(project_of(stranger, "Alps"))
    Attempt.objects.create(export=export, number=1, runner="modal", call_id="fc-0123456789")
    asked = {
        "id": str(export.pk),
        "beginning": export.pk.hex[:7],
        "beginning with dashes": str(export.pk)[:12].upper(),
        "owner": "olga",
        "call": "fc-0123456789",
    }[how]
    assert shown(boss.get(LIST, {"q": asked})) == short(export)


@pytest.mark.parametrize("asked", ["' OR 1=1 --", "abc", "zz", "\0", "é" * 200, "fc-none"])
def test_a_search_for_nonsense_finds_nothing(asked, boss, export):
    assert shown(boss.get(LIST, {"q": asked})) in ([], short(export) if not asked.strip("\0") else [])


@pytest.mark.parametrize("after", ["x", "2026-13-45/1", "2026-01-01T00:00:00/x", "9999-12-31T23:59:59+00:00/1"])
def test_a_page_that_nobody_has_is_the_first(after, boss, export):
    assert boss.get(LIST, {"view": "all", "after": after}).status_code == 200


def test_pages_go_on_where_the_last_one_ended(boss, many, monkeypatch):
    exports = many(2 * listing.PAGE + 3)
    same = exports[30].job.created_at
    Job.objects.filter(pk__in=[export.pk for export in exports[20:60]]).update(created_at=same)
    seen, address = [], f"{LIST}?view=all"
    while address:
        answer = boss.get(address)
        seen.append(shown(answer))
        older = re.search(r'href="(\?[^"]*)" rel="next"', answer.text)
        address = LIST + older[1].replace("&amp;", "&") if older else ""
    assert [len(page) for page in seen] == [listing.PAGE, listing.PAGE, 3]
    assert sorted(each for page in seen for each in page) == sorted(short(*exports))


def test_a_list_costs_the_same_for_two_as_for_forty_and_counts_nothing(boss, many):
    counts = {}
    for size in (2, 40):
        for export in many(size):
            failed(export)
        for view in ("attention", "all", "failed", "active"):
            queries = queries_of(boss, f"{LIST}?view={view}")
            assert not [each["sql"] for each in queries if "COUNT(" in each["sql"]]
            counts.setdefault(view, []).append(len(queries))
    assert all(few == more for few, more in counts.values()), counts
    assert max(more for _, more in counts.values()) <= 18


# Acts


def take(client, key, *exports, **more):
    return client.post(ACT, {"act": key, "export": [str(export.pk) for export in exports], **more})


def test_an_act_from_the_list_tells_the_result_of_each(boss, many):
    first, second = many(2)
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


# The story


def test_the_story_of_an_export_is_on_one_page(boss, export, work, tracker):
    page = boss.get(story(export)).text
    for said in (str(export.pk), "olga", "call-1", "process", "modal_spawn", "Rendering your film...", "54 %"):
        assert said in page
    assert all(phase in page for phase in Event.objects.values_list("phase", flat=True))


def test_its_percents_are_rounded_down_as_those_of_the_bar(boss, export):
    Event.objects.filter(job=export.pk, phase="created").update(bp=2599)
    assert '<td class="staff-number">25</td>' in boss.get(story(export)).text


def test_a_pause_counts_for_nothing_where_forecasts_are_held_against_what_came(export, tracker, clock):
    begun = export.job.created_at
    ended = begun + timedelta(hours=3)
    Job.objects.filter(pk=export.pk).update(
        status="complete", bp=10_000, settled_at=ended, paused_for=timedelta(hours=3) - timedelta(seconds=100)
    )
    told = Forecast(
        estimator="learned", made_at=begun, percent=0, finish=begun + timedelta(seconds=110), error=0.1, inside=True,
        low=begun, high=begun + timedelta(seconds=120),
    )  # fmt: skip
    seen = held(told, Job.objects.get(pk=export.pk), ended)
    assert (seen.off, seen.within) == ("10 s too late, 10 % of the whole", "yes")


def test_a_long_past_costs_no_more_queries_than_a_short_one(boss, many):
    one, two = many(2)
    tracker = ProgressTracker()
    before = len(queries_of(boss, story(one)))
    for number in range(1, 15):
        Attempt.objects.create(export=two, number=number, runner="local", outcome="abort")
        tracker.happened(two.pk, "modal_spawn")
    assert len(queries_of(boss, story(two))) == before


def test_what_runner_and_store_say_is_asked_when_the_page_is_there(boss, export, monkeypatch):
    page = boss.get(story(export)).text
    assert f'hx-get="{LIST}{export.pk}/asked/"' in page
    answer = boss.get(f"{LIST}{export.pk}/asked/")
    assert "queue: everything is uploaded" in answer.text
    assert "nothing runs for it" in answer.text
    assert "unknown id" not in answer.text, "there is no call yet"
    assert "<html" in answer.text
    assert "<html" not in boss.get(f"{LIST}{export.pk}/asked/", headers={"HX-Request": "true"}).text


def test_what_is_paused_is_not_said_to_have_ended(boss, export):
    Job.objects.filter(pk=export.pk).update(status="paused", wish="pause")
    assert "nothing: it is paused" in boss.get(f"{LIST}{export.pk}/asked/").text
    Job.objects.filter(pk=export.pk).update(status="cancelled", wish="cancel")
    assert "nothing: it has ended" in boss.get(f"{LIST}{export.pk}/asked/").text


def test_the_suggested_act_is_marked(boss, export):
    failed(export)
    assert re.search(r'staff-suggested".*?value="retry"', boss.get(story(export)).text, re.DOTALL)


# The system


def test_the_system_page_tells_who_is_alive_and_what_waits(boss, export):
    Drill.objects.create(version="1", runner="local", ok=True, ended_at=timezone.now())
    page = boss.get(SYSTEM).text
    for said in ("No cluster gives a sign of life", "Nobody has driven", "Film from clips", "Versions", "held"):
        assert said in page


def test_what_answers_is_asked_and_then_known(boss):
    answer = boss.get(f"{SYSTEM}reached/")
    assert answer.text.count("It answers.") == 2
    assert boss.get(SYSTEM).text.count("It answers.") == 2


def test_a_closed_kind_is_not_started_and_what_runs_goes_on(boss, export, work, drive, project, owner, signed_in):
    boss.post(f"{SYSTEM}intake/", {"kind": "multi_clip", "to": "closed", "sentence": "We move to new machines."})
    assert Intake.closed() == {"multi_clip": "We move to new machines."}
    assert "Closed. We move" in LogEntry.objects.get().change_message
    second = requested(project)
    drive(3)
    assert (status(export), status(second)) == (Status.RUNNING, Status.QUEUED)
    client = signed_in(owner)
    for address in (reverse("export", args=[second.pk]), reverse("project", args=[project.pk])):
        assert "We move to new machines." in client.get(address).text
    assert "We move to new machines." not in client.get(reverse("export", args=[export.pk])).text
    boss.post(f"{SYSTEM}intake/", {"kind": "multi_clip", "to": "open"})
    second.ring()  # its page was opened, by the site's own clock
    drive(3)
    assert status(second) == Status.RUNNING


@pytest.mark.parametrize("body", [{}, {"kind": "nothing", "to": "open"}])
def test_a_switch_that_is_none_is_not_turned(body, boss):
    assert boss.post(f"{SYSTEM}intake/", body).status_code == 403
    assert not Intake.objects.exists()


def test_who_may_not_switch_does_not(clerk, signed_in):
    client = signed_in(allow(clerk, "view_job"))
    assert client.post(f"{SYSTEM}intake/", {"kind": "multi_clip", "to": "closed"}).status_code == 403
    assert "Close</button>" not in client.get(SYSTEM).text


def test_the_pages_hold_nothing_that_the_policy_forbids(boss, export):
    from tests.exports_site.test_headers import FORBIDDEN

    failed(export)
    pages = [LIST, SYSTEM, story(export), f"{LIST}{export.pk}/asked/", "/admin/exports/bulk/"]
    texts = [boss.get(path).text for path in pages] + [take(boss, "cancel", export).text]
    for pattern in FORBIDDEN.values():
        assert not [hit[0] for text in texts if (hit := re.search(pattern, text, re.IGNORECASE))]


def test_an_export_of_a_kind_that_nobody_knows_has_a_page_and_an_end(boss, export):
    Export.objects.update(kind="of_another_version")
    assert boss.get(story(export)).status_code == 200
    assert "cannot be planned" in boss.get(f"{LIST}{export.pk}/asked/").text
    assert str(export.pk)[:8] in boss.get(LIST, {"view": "active"}).text
    take(boss, "lose", export, sure="1", reason="Nobody can render it any more.")
    assert status(export) == Status.FAILED


def test_what_takes_long_is_left_to_the_cluster(boss, many, monkeypatch):
    monkeypatch.setattr("exports.staff.views.taking.PATIENCE", -1.0)
    exports = many(3)
    answer = take(boss, "pause", *exports)
    assert "the cluster does the rest" in answer.text
    assert Bulk.objects.get().rows.count() == 2


def test_another_part_adds_an_act_by_registering_it(boss, export, monkeypatch):
    from exports.staff.acts import Act, Answer, base, register

    monkeypatch.setattr(base, "_acts", dict(base._acts))
    said = []
    register(
        Act(
            key="greet",
            label="Greet the owner",
            says="Says hello.",
            permission="exports.view_export",
            plan=lambda case, order: "The owner would be greeted.",
            take=lambda case, order: said.append(case.export.pk) or Answer(ok=True, said="Greeted."),
        )
    )
    assert "Greet the owner" in boss.get(LIST, {"view": "all"}).text
    assert "Says hello." in boss.get(story(export)).text
    assert "The owner would be greeted." in take(boss, "greet", export, plan="1").text
    assert said == []
    assert "Greeted." in take(boss, "greet", export).text
    assert said == [export.pk]
    assert Event.objects.filter(phase="staff_greet").exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="on tables as small as these, Postgres needs no index")
@pytest.mark.parametrize("view", listing.VIEWS)
@pytest.mark.parametrize("pipeline", ["", "multi_clip@1"])
def test_every_list_has_an_index(view, pipeline, export):
    asked = listing.Asked(scope=Q(), now=timezone.now(), view=view, pipeline=pipeline)
    assert scans(asked) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="on tables as small as these, Postgres needs no index")
@pytest.mark.parametrize("search", ["abcdef1", "olga", "fc-1"])
def test_every_search_has_an_index(search, export):
    Attempt.objects.create(export=export, number=1, runner="modal", call_id="fc-1")
    assert scans(listing.Asked(scope=Q(), now=timezone.now(), search=search)) == []


def scans(asked):
    """Tables that are read from one end to the other."""
    found = []
    with CaptureQueriesContext(connection) as queries:
        listing.page(asked)
    for each in queries.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {each['sql']}")
            found += [row[3] for row in cursor.fetchall() if row[3].startswith("SCAN") and "USING" not in row[3]]
    return found


def test_a_closed_kind_is_said_where_it_is_asked_for_and_no_other_is(owner, project, signed_in):
    Intake.switch("framing_ai", open=False, sentence="We move to new machines.", actor="staff 1")
    client = signed_in(owner)
    said = {key: client.get(reverse("new-export", args=[project.pk, key])).text for key in ("framing_ai", "overlay")}
    assert "We move to new machines." in said["framing_ai"]
    assert "We move to new machines." not in said["overlay"]


def test_what_keeps_a_logo_among_its_parts_is_made_again_with_them(boss, export):
    items = [{"what": "logo", "logo": "a" * 64}]
    Export.objects.filter(pk=export.pk).update(kind="overlay", spec={**export.spec, "items": items})
    take(boss, "again", export)
    assert "afresh" not in Export.objects.get(job__parent=export.pk).spec
