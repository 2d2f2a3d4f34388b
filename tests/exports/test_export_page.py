"""The page of an export: its card, and what may be done with it."""

import re
from datetime import timedelta
from functools import partial
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exports.models import Attempt, Export, Notice, Share, Source
from progress.models import Event, Status, Wish
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, finished, fresh, project_of, requested, running, source_in
from tests.meanwhile import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]
HTMX = {"HX-Request": "true"}
STAY = "Keep the uploading page open."
LEAVE = "You can close this page. We&#x27;ll keep working."


@pytest.fixture
def project(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return project


@pytest.fixture
def export(project):
    return requested(project, title="Reel 12")


@pytest.fixture
def page(browser, export):
    return lambda: browser.get(reverse("export", args=[export.pk]))


@pytest.fixture
def poll(browser, export):
    def polled(actions, v="old", headers=HTMX, **more):
        asked = {"v": v, "nav": "", "actions": actions} | more
        return browser.get(reverse("export-fragment", args=[export.pk]), asked, headers=headers)

    return polled


@pytest.fixture
def press(browser, export):
    return lambda verb, **more: browser.post(reverse(verb, args=[export.pk]), **more)


def buttons(answer):
    return re.findall(r'<button[^>]*id="action-\w+">(\w+)</button>', answer.text)


def shown(answer):
    return re.search(r'id="shown" name="actions" value="([^"]*)"', answer.text)[1]


# Who may see it


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("staff", 200), ("stranger", 404)])
def test_it_is_for_its_owner_and_staff(who, status, request, signed_in, export):
    client = signed_in(request.getfixturevalue(who))
    assert client.get(reverse("export", args=[export.pk])).status_code == status


def test_a_guest_sees_their_own_and_no_other(as_guest, export):
    client, guest = as_guest()
    project = project_of(guest)
    film_of(project, "party.mov")
    own = requested(project)
    assert client.get(reverse("export", args=[own.pk])).status_code == 200
    assert client.get(reverse("export", args=[export.pk])).status_code == 404


def test_a_visitor_is_led_to_the_sign_in_and_back(visitor, export):
    address = reverse("export", args=[export.pk])
    assert visitor.get(address).url == f"{reverse('sign-in')}?next={address}"


@pytest.mark.parametrize("name", ["pause", "cancel", "share", "revoke", "tell", "timeline", "export-panel"])
def test_what_is_pressed_on_a_page_whose_session_is_over_leads_to_the_sign_in_and_back(name, visitor, export):
    page = reverse("export", args=[export.pk])
    verb = "get" if name in ("timeline", "export-panel") else "post"
    press = partial(getattr(visitor, verb), reverse(name, args=[export.pk]))
    assert press().url == f"{reverse('sign-in')}?next={page}"
    led = press(headers=HTMX | {"HX-Current-URL": f"http://testserver{page}"})
    assert led["HX-Redirect"] == f"{reverse('sign-in')}?next={quote(page, safe='')}"
    assert (fresh(export).job.wish, Share.objects.exists()) == (Wish.RUN, False)


def test_a_job_that_is_no_export_has_its_plain_page(browser, job):
    answer = browser.get(reverse("export", args=[job.pk]))
    assert answer.status_code == 200
    assert 'id="actions"' not in answer.text
    assert browser.get(reverse("export-fragment", args=[job.pk]), {"v": "0", "actions": ""}).status_code == 200


def test_the_dashboard_and_the_indicator_lead_here(browser, export):
    assert reverse("export", args=[export.pk]) == reverse("progress:job", args=[export.pk])
    assert reverse("export-fragment", args=[export.pk]) == reverse("progress:fragment", args=[export.pk])
    assert reverse("export", args=[export.pk]) in browser.get("/exports/").text


def test_staff_without_the_right_to_change_only_look(django_user_model, signed_in, export):
    watcher = django_user_model.objects.create_user("walt", password="x", is_staff=True)
    watcher.user_permissions.add(Permission.objects.get(codename="view_job"))
    client = signed_in(watcher)
    answer = client.get(reverse("export", args=[export.pk]))
    assert (answer.status_code, buttons(answer)) == (200, [])
    assert client.post(reverse("cancel", args=[export.pk])).status_code == 403
    assert fresh(export).job.wish == Wish.RUN


def test_what_staff_do_is_told_apart_in_the_timeline(staff, signed_in, export):
    running(export)
    signed_in(staff).post(reverse("pause", args=[export.pk]))
    assert Event.objects.get(phase="wish_pause").actor == f"staff {staff.pk}"


# What may be done, and what is kept


def test_while_something_is_uploaded_the_uploading_page_is_to_be_kept_open(page, export):
    Source.objects.update(state="uploading")
    answer = page()
    assert STAY in answer.text
    assert LEAVE not in answer.text
    assert buttons(answer) == ["Cancel"]


def test_as_soon_as_all_is_stored_it_can_be_closed(page, export):
    Source.objects.update(state="stored")
    answer = page()
    assert LEAVE in answer.text
    assert STAY not in answer.text


@pytest.mark.parametrize(
    ("verb", "said"), [("pause", "It is paused all the same."), ("cancel", "It is stopped all the same.")]
)
def test_who_has_asked_for_an_end_is_not_promised_more_work(page, browser, export, verb, said):
    running(export)
    browser.post(reverse(verb, args=[export.pk]))
    answer = page()
    assert f"You can close this page. {said}" in answer.text
    assert LEAVE not in answer.text


def test_a_source_of_the_project_that_the_film_does_not_need_keeps_nobody(page, export, project):
    source_in(project, "other.mov", state="uploading")
    assert LEAVE in page().text


def test_running_it_can_be_paused_or_stopped_and_what_is_kept_is_said_beforehand(page, export):
    running(export)
    answer = page()
    assert buttons(answer) == ["Pause", "Stop"]
    assert (
        "Pausing finishes a piece and keeps all that are finished. What was only begun is rendered again."
        in answer.text
    )
    assert "Stopping keeps the finished pieces too" in answer.text


def test_before_anything_is_rendered_it_is_cancelled_and_not_stopped(page, export):
    ProgressTracker().uploaded(export.pk)
    answer = page()
    assert buttons(answer) == ["Pause", "Cancel"]
    assert "Cancelling ends it before anything is rendered." in answer.text


@pytest.mark.parametrize(
    ("verb", "before", "after", "then"),
    [
        ("pause", "running", (Status.RUNNING, Wish.PAUSE), ["Resume", "Stop"]),
        ("resume", "pausing", (Status.RUNNING, Wish.RUN), ["Pause", "Stop"]),
        ("resume", "paused", (Status.QUEUED, Wish.RUN), ["Pause", "Stop"]),
        ("cancel", "running", (Status.RUNNING, Wish.CANCEL), []),
        ("cancel", "paused", (Status.PAUSED, Wish.CANCEL), []),
        ("retry", "failed", (Status.QUEUED, Wish.RUN), ["Pause", "Stop"]),
        ("retry", "cancelled", (Status.QUEUED, Wish.RUN), ["Pause", "Stop"]),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_each_button_does_what_it_says(verb, before, after, then, htmx, press, page, export):
    tracker = ProgressTracker()
    running(export)
    if before == "pausing":
        tracker.wish(export.pk, Wish.PAUSE, actor="")
    if before == "paused":
        tracker.pause(export.pk)
    if before == "failed":
        tracker.fail(export.pk, cause="lost", text="The machine went away.")
    if before == "cancelled":
        tracker.cancel(export.pk, actor="")
    answer = press(verb, headers=HTMX if htmx else {})
    assert (fresh(export).job.status, fresh(export).job.wish) == after
    if htmx:
        assert answer.status_code == 200
        assert f'id="job-{export.pk}" class="job' in answer.text
        assert 'hx-swap-oob="true" data-say=' in answer.text, "a new element, that polls; the live region stays"
    else:
        assert answer.url == reverse("export", args=[export.pk])
        answer = page()
    if before != "paused" or verb != "cancel":
        assert buttons(answer) == then


def test_a_button_that_came_too_late_is_told_so(press, page, export):
    finished(export)
    assert "That is not possible any more: it is complete." in press("cancel", headers=HTMX).text
    assert press("pause").status_code == 302
    assert "That is not possible any more: it is complete." in page().text
    assert fresh(export).job.status == Status.COMPLETE


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "retry"])
def test_an_address_alone_presses_nothing(verb, browser, export):
    running(export)
    assert browser.get(reverse(verb, args=[export.pk])).status_code == 405


def test_what_failed_says_why_and_can_be_tried_again(page, export, project):
    running(export)
    ProgressTracker().fail(export.pk, cause="lost", text="The machine went away. Try again.")
    answer = page()
    assert "The machine went away. Try again." in answer.text
    assert buttons(answer) == ["Retry"]
    assert "A retry goes on from the pieces that are finished." in answer.text
    assert reverse("project", args=[project.pk]) in answer.text


@pytest.mark.parametrize("ended", ["failed", "cancelled"])
def test_what_a_clip_was_deleted_from_says_which_and_what_to_do_and_offers_no_retry(
    ended, page, press, export, project, browser
):
    running(export)
    if ended == "failed":
        ProgressTracker().fail(export.pk, cause="lost", text="The machine went away.")
    else:
        ProgressTracker().cancel(export.pk, actor="")
    assert buttons(page()) == ["Retry"]
    assert project.discard(Source.objects.get(name="beach.mov"))
    said = "beach.mov was deleted from the project, so this export cannot be made again. Put another clip in its place."
    answer = page()
    assert said in answer.text
    assert (buttons(answer), reverse("project", args=[project.pk]) in answer.text) == ([], True)
    pressed = press("retry", headers=HTMX)  # on a page that still had the button
    assert "That is not possible any more" in pressed.text
    assert said in pressed.text
    assert not fresh(export).retry(actor="staff 1"), "wherever it is asked for"
    assert fresh(export).job.status == ended


def test_several_that_were_deleted_are_all_named_once(project):
    film_of(project, "dune.mov", "sea.mov")
    project.duplicate(project.clips.first().pk)
    export = requested(project)
    running(export)
    ProgressTracker().fail(export.pk, cause="lost", text="The machine went away.")
    for source in Source.objects.exclude(name="sea.mov"):
        assert project.discard(source)
    assert export.deleted_sources() == ["beach.mov", "dune.mov"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_", range(3))
def test_of_a_retry_and_a_deletion_at_once_one_wins(export, project, _):
    running(export)
    ProgressTracker().fail(export.pk, cause="lost", text="The machine went away.")
    source, twin = Source.objects.get(), Export.objects.get(pk=export.pk)
    retried, deleted = at_once(lambda: twin.retry(actor="olga"), lambda: project.discard(source), told=Exception)
    assert retried is not deleted, (retried, deleted)
    assert fresh(export).job.status == (Status.QUEUED if retried else Status.FAILED)
    assert Source.objects.exists() is retried


# The receipt of a stop


def cancelled(export, *, seconds=None):
    running(export)
    ProgressTracker().cancel(export.pk, actor="")
    asked = timezone.now()
    stopped = asked + timedelta(seconds=seconds) if seconds is not None else None
    Export.objects.filter(pk=export.pk).update(stop_asked_at=asked, stopped_at=stopped)
    Attempt.objects.update(outcome="abort", gone_at=stopped)


@pytest.mark.parametrize(("seconds", "said"), [(1.34, "1.3 s"), (0, "0.0 s"), (75, "1 min 15 s")])
def test_a_stop_has_a_receipt(seconds, said, page, export):
    cancelled(export, seconds=seconds)
    assert f"Stopped; the machine took {said} to stop." in page().text


def test_while_the_machine_winds_down_only_the_panel_asks_and_only_until_it_has(page, browser, export):
    cancelled(export)
    answer = page()
    assert shown(answer) == "retry,stopping"
    assert answer.text.count("every 2s") == 1
    address = reverse("export-panel", args=[export.pk])
    assert address in answer.text
    assert browser.get(address, {"actions": "retry,stopping"}).status_code == 204
    Export.objects.update(stopped_at=timezone.now())
    panel = browser.get(address, {"actions": "retry,stopping"})
    assert "the machine took" in panel.text
    assert "hx-trigger" not in panel.text


def test_what_nobody_worked_on_was_stopped_without_waiting(page, export):
    ProgressTracker().cancel(export.pk, actor="")
    assert "Stopped; no machine was working on it." in page().text


# Polling


def test_a_page_polls_once(page, export):
    running(export)
    answer = page()
    assert answer.text.count('hx-trigger="every') == 1
    assert 'id="card" hx-include="#shown"' in answer.text


def test_a_poll_weighs_less_than_2_kb_and_one_without_news_nothing(poll, page, export):
    running(export)
    mark = re.search(r"fragment\?v=([\w-]+)", page().text)[1]
    answer = poll(shown(page()), headers=HTMX | {"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert len(answer.content) < 2000
    assert poll(shown(page()), v=mark).content == b""


def test_the_panel_comes_only_when_what_may_be_done_has_changed(poll, page, export):
    running(export)
    now = shown(page())
    assert now == "pause,stop,leave"
    assert 'id="actions"' not in poll(now).text
    answer = poll("cancel,upload")
    assert answer.status_code == 200
    assert 'id="actions"' in answer.text
    assert 'hx-swap-oob="true"' in answer.text
    assert shown(answer) == now


def test_the_film_comes_with_the_last_fragment(poll, export):
    finished(export)
    answer = poll("pause,stop,leave")
    assert answer.status_code == 286
    assert "<video" in answer.text
    assert reverse("download", args=[export.pk]) in answer.text


NOBODY_WAITS = ('<p id="notify" hidden hx-swap-oob="true">', '<section id="telling" hidden hx-swap-oob="true">')


def test_who_need_not_wait_is_not_asked_whether_to_be_told(poll, press, page, export):
    running(export)
    assert "Tell me when it is done" in page().text
    assert "telling" not in poll("cancel,upload").text, "what was typed there stays"
    assert "telling" not in press("pause", headers=HTMX).text
    ProgressTracker().fail(export.pk, cause="lost", text="The machine went away.")
    for answer in (poll("pause,stop,leave"), press("cancel", headers=HTMX)):
        assert all(gone in answer.text for gone in NOBODY_WAITS)
        assert "Tell me when it is done" not in answer.text
    assert "Tell me when it is done" not in page().text
    assert "Tell me when it is done" in press("retry", headers=HTMX).text


def test_who_was_signed_out_is_led_to_the_sign_in_and_gets_no_panel(visitor, export):
    answer = visitor.get(reverse("export-fragment", args=[export.pk]), {"v": "0", "actions": ""}, headers=HTMX)
    assert reverse("sign-in") in answer["HX-Redirect"]
    assert "actions" not in answer.text


def test_a_stranger_gets_no_panel(signed_in, stranger, export):
    answer = signed_in(stranger).get(
        reverse("export-fragment", args=[export.pk]), {"v": "0", "actions": ""}, headers=HTMX
    )
    assert answer.status_code == 286
    assert 'id="actions"' not in answer.text
    assert signed_in(stranger).get(reverse("export-panel", args=[export.pk])).status_code == 404


def test_fragments_are_not_kept(poll, browser, export):
    assert "no-store" in poll("")["Cache-Control"]
    assert "no-store" in browser.get(reverse("export-panel", args=[export.pk]))["Cache-Control"]


# The finished film


def test_a_finished_export_is_watched_and_downloaded(page, export):
    done = finished(export)
    answer = page()
    assert '<video class="film-player" controls preload="metadata"' in answer.text
    assert reverse("watch", args=[export.pk]) in answer.text
    for said in ("0:08 · 640 × 360 · 10 kB", done.result_sha256, ">Download</a>"):
        assert said in answer.text
    assert buttons(answer) == []
    assert "media-src 'self'" in answer["Content-Security-Policy"]


def test_what_has_expired_offers_no_film(page, export):
    finished(export)
    ProgressTracker().expire(export.pk, actor="the clock", text="Results are kept for 24 hours.")
    answer = page()
    assert "<video" not in answer.text
    assert "Results are kept for 24 hours." in answer.text


def test_its_own_ending_needs_no_message(page, browser, export, project):
    finished(export)
    Notice.owe(export, "done", attempt=1, text="“Reel 12” is ready.")
    other = requested(project, title="Other")
    Notice.owe(other, "failed", attempt=1, text="“Other” failed.")
    answer = page()
    assert "“Reel 12” is ready." not in answer.text
    assert "“Other” failed." in answer.text
    assert not Notice.objects.filter(told_at=None).exists()


def test_to_have_seen_the_ending_is_enough_for_the_indicator(page, export):
    finished(export)
    page()
    assert not fresh(export).job.unseen


# Without a script, and the cost


def test_without_a_script_it_can_be_refreshed_on_request(page, browser, export):
    running(export)
    assert "<noscript>" in page().text
    answer = browser.get(reverse("export", args=[export.pk]), {"auto": "10"})
    assert '<meta http-equiv="refresh" content="10">' in answer.text


def test_nothing_is_written_into_a_style_or_a_script(page, export):
    finished(export)
    assert not re.search(r"<script(?![^>]*src=)|style=|\son\w+=", page().text)


def test_a_title_is_text_and_nothing_more(browser, project):
    export = running(requested(project, title="<script>alert(1)</script>"))
    assert "<script>alert" not in browser.get(reverse("export", args=[export.pk])).text


def test_more_exports_and_attempts_cost_no_more_queries(browser, project):
    def cost(export):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(reverse("export", args=[export.pk])).status_code == 200
        return len(queries)

    one = running(requested(project, title="One"))
    cost(one)  # the first one in two seconds also asks whether the driver beats
    few = cost(one)
    for number in range(2, 12):
        Attempt.objects.create(export=one, number=number, runner="local", outcome="abort")
    assert cost(one) == few <= 9
