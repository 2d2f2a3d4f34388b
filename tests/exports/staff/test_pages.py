"""The page of an export, and of the system, as staff has them."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exports.models import Attempt, Bulk, Drill, Export, Intake
from exports.staff import listing
from exports.staff.views.story import held
from progress.models import Event, Forecast, Job, Status
from progress.tracker import ProgressTracker
from tests.exports.staff.asking import LIST, SYSTEM, failed, queries_of, story, take
from tests.exports.staff.conftest import allow, requested, status

pytestmark = pytest.mark.django_db
WIDE = re.compile(r'<div class="staff-wide">\s*<table class="staff-table">')


# The story


def test_the_story_of_an_export_is_on_one_page(boss, export, work, tracker):
    page = boss.get(story(export)).text
    for said in (str(export.pk), "olga", "call-1", "process", "modal_spawn", "Rendering your film...", "54 %"):
        assert said in page
    assert all(phase in page for phase in Event.objects.values_list("phase", flat=True))
    assert len(WIDE.findall(page)) == page.count('class="staff-table"') > 3, "each can be moved sideways on a phone"


def test_its_timeline_names_the_cause_of_an_ending_beside_that_alone(boss, export, tracker):
    tracker.fail(export.pk, cause="out_of_memory", text="It ended.")
    export.retry(actor="olga", reason="More memory")
    assert boss.get(story(export)).text.count("out_of_memory") == 1


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
    assert "there is no account or kind called" in boss.post(f"{SYSTEM}intake/", body, follow=True).text
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
