"""A project goes when its owner wants it to: all that is in it, its bytes too, and nothing else."""

import contextlib
import functools
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from exports import deleting, minutes, originals, tasks, uploads
from exports.audit import Wanted, audit
from exports.deleting import delete
from exports.leftovers import tidy
from exports.models import Attempt, Clip, Delivery, Export, Project, Share, Source, Worked
from exports.models.delivery import State
from exports.outbox.rounds import deliver
from exports.statistics import tallies
from exports.statistics.scope import Scope
from exports.tools import tools
from exports.uploads import Refused
from modal_functions.multipart import Gone
from progress.models import Event, Job, Status
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, finished, fresh, project_of, requested, requested_or_told, running, source_in
from tests.exports.outbox.conftest import contact_of
from tests.meanwhile import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]


@pytest.fixture
def project(owner):
    made = project_of(owner)
    film_of(made, "beach.mov", "boat.mov")
    return made


@pytest.fixture
def whole(project, owner):
    """With a finished export that is shared, its message sent; a clip that is coming; and bytes of all of it."""
    done = finished(requested(project, title="Reel 12"))
    Project.objects.filter(pk=project.pk).update(film=done)
    Share.open_for(done, may_download=True)
    contact = contact_of(owner, timezone.now)
    Delivery.to(contact, "done", export=done, attempt=1, state=State.SENT).save()
    source = project.sources.get(name="beach.mov")
    tools().store.put(source.key, b"film")
    tools().store.put(f"projects/{project.pk}/chunks/ab/abc.mp4", b"123")
    return done


def left(project, export):
    folders = (f"projects/{project.pk}", f"attempts/{export.pk}")
    return [entry.key for folder in folders for entry in tools().store.entries(folder)]


def pressed(browser, project, **more):
    return browser.post(reverse("delete-project", args=[project.pk]), follow=True, **more)


# What goes


def test_all_that_is_in_it_goes_and_nothing_of_another(
    browser, owner, project, whole, django_capture_on_commit_callbacks
):
    other = project_of(owner, "Senja")
    film_of(other, "theirs.mov")
    with django_capture_on_commit_callbacks(execute=True):
        page = pressed(browser, project)
    assert page.redirect_chain == [(reverse("projects"), 302)]
    assert "“Lofoten” is deleted." in page.text
    assert [each.name for each in Project.objects.all()] == ["Senja"]
    assert [each.name for each in Source.objects.all()] == ["theirs.mov"]
    assert Clip.objects.count() == 1
    assert not Export.objects.exists()
    assert not Share.objects.exists()
    assert not Attempt.objects.exists()
    rung = [each.task for each in OrmQ.objects.all() if each.task["func"] == "exports.tasks.clear"]
    assert left(project, whole)
    for task in rung:
        tasks.clear(*task["args"])
    assert left(project, whole) == []


def test_what_the_cluster_did_not_come_to_is_swept_and_the_audit_is_clean(project, whole):
    later = replace(tools(), clock=lambda: timezone.now() + timedelta(days=2))

    def found():
        return {each.id for each in audit(later, Wanted(), sleep=lambda seconds: None).violations}

    pk, folders = whole.pk, {f"projects/{project.pk}", f"attempts/{whole.pk}/1"}
    Source.objects.update(bytes=4)
    Source.objects.exclude(name="beach.mov").delete()
    assert not found() & folders
    delete(project, tools())
    assert found() & folders == {*folders, f"projects/{project.pk}"}
    tidy(later, emptied=True)
    assert not [each for each in found() if str(project.pk) in str(each) or str(pk) in str(each)]


def test_parts_of_what_is_coming_are_thrown_away(project):
    coming = uploads.begin(project, name="sea.mov", size=12)
    parts = uploads.parts_of(coming, tools())
    with parts.received(1, BytesIO(b"half"), 12) as part:
        parts.keep(part)
    assert parts.listed()
    delete(project, tools())
    assert not parts.listed()
    with pytest.raises(Refused):
        uploads.complete(coming, [], tools())


def test_an_upload_in_a_bucket_is_ended_there(in_bucket, owner):
    project = project_of(owner)
    coming = uploads.begin(project, name="sea.mov", size=12)
    uploads.address_of(coming, 1, tools())
    sending = tools().store.multipart(coming.key)
    begun = Source.objects.get(pk=coming.pk).upload
    assert sending.listed(begun) == []
    delete(project, tools())
    with pytest.raises(Gone):
        sending.listed(begun)


def test_a_script_that_deletes_one_source_leaves_no_parts_of_it(project):
    coming = uploads.begin(project, name="sea.mov", size=12)
    parts = uploads.parts_of(coming, tools())
    with parts.received(1, BytesIO(b"half"), 12) as part:
        parts.keep(part)
    assert originals.discard(coming, tools()).done
    assert not parts.listed()


def test_its_pages_and_links_are_gone(browser, visitor, project, whole):
    share = reverse("shared", args=[whole.share.token])
    pages = [reverse("export", args=[whole.pk]), reverse("project", args=[project.pk])]
    delete(project, tools())
    assert [browser.get(page).status_code for page in pages] == [404, 404]
    assert visitor.get(share).status_code == 404
    assert "Reel 12" not in browser.get(reverse("dashboard")).text
    poll = browser.get(reverse("export-fragment", args=[whole.pk]), headers={"HX-Request": "true"})
    assert poll.status_code == 286, "a page that is open stops asking"


# What stays


def test_statistics_still_count_it_without_a_name(project, whole, owner):
    before = tallies.ended(Scope())
    delete(project, tools())
    job = Job.objects.get(pk=whole.pk)
    assert tallies.ended(Scope()) == before
    assert (job.owner, job.title, job.cause_text) == (None, "Deleted", "")
    assert not Event.objects.filter(job=job).exclude(note="", actor="").exists()
    assert tallies.ended(Scope(owner=owner.pk)) == []


def test_messages_that_were_sent_stay_and_one_that_was_not_is_dropped(browser, project, whole, owner):
    sent = Delivery.objects.get(state=State.SENT)
    Delivery.to(sent.contact, "failed", export=whole, attempt=2).save()
    delete(project, tools())
    assert deliver(tools()).dropped == 1
    assert Delivery.objects.get(event="failed").answer == "What it tells of was deleted."
    sent.refresh_from_db()
    assert (sent.export, sent.state) == (None, State.SENT)
    assert "Done" in browser.get(reverse("deliveries")).text
    assert browser.get(reverse("shown", args=[sent.key])).status_code == 404


def test_minutes_of_the_day_are_not_given_back(project, owner, settings):
    settings.MINUTES_A_DAY = 60
    export, now = finished(requested(project)), timezone.now()
    ago = now - timedelta(minutes=30)
    Attempt.objects.filter(export=export).update(greeted_at=ago, gone_at=now - timedelta(minutes=10))
    Worked.objects.create(owner=owner, began=now - timedelta(days=3), ended=now - timedelta(days=2))
    before = minutes.of(owner, now)
    assert before.used == timedelta(minutes=20)
    delete(project, tools())
    assert minutes.of(owner, now) == before
    assert Worked.objects.count() == 1, "what is older than a day is not kept"


# When it may not


def test_it_is_refused_while_an_export_of_it_is_under_way(browser, project):
    running(requested(project, title="Reel 12"))
    page = pressed(browser, project)
    assert page.redirect_chain == [(reverse("project", args=[project.pk]), 302)]
    assert "“Reel 12” is not finished yet. Wait for it, or cancel it; then delete the project." in page.text
    assert Source.objects.count() == 2


def test_it_is_refused_while_what_was_stopped_still_ends(project):
    export = running(requested(project))
    ProgressTracker().cancel(export.pk, actor="user 1")
    with pytest.raises(deleting.Refused, match="ask again in half a minute"):
        delete(project, tools())
    Attempt.objects.update(gone_at=timezone.now())
    delete(project, tools())
    assert not Project.objects.exists()


def test_of_others_it_is_a_404(project, signed_in, stranger, staff, visitor):
    page = reverse("delete-project", args=[project.pk])
    assert [signed_in(each).post(page).status_code for each in (stranger, staff)] == [404, 404]
    assert visitor.post(page).url.startswith(reverse("sign-in"))
    assert signed_in(stranger).get(page).status_code == 405
    assert Project.objects.exists()


def test_both_pages_ask_before_and_need_no_script(browser, project):
    for page in (reverse("project", args=[project.pk]), reverse("projects")):
        text = browser.get(page).text
        assert f'action="{reverse("delete-project", args=[project.pk])}"' in text
        assert "Its uploaded clips, its exports with their films, and the links to them go for good." in text


# Races


@pytest.mark.django_db(transaction=True)
def test_an_export_that_is_asked_for_at_the_same_moment_is_made_or_refused_in_words(owner):
    for _ in range(5):
        project = project_of(owner)
        film_of(project, "beach.mov")

        def let_go(project=project):
            with contextlib.suppress(deleting.Refused):
                delete(project, tools())

        asked, _ = at_once(functools.partial(requested_or_told, project), let_go)
        if isinstance(asked, Export):
            assert Project.objects.filter(pk=project.pk).exists()
            assert fresh(asked).job.status == Status.UPLOADING
        else:
            assert not Project.objects.filter(pk=project.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_begins_at_the_same_moment_is_there_or_refused_in_words(owner):
    project = project_of(owner)
    source_in(project)

    def begin():
        try:
            return uploads.begin(project, name="sea.mov", size=12)
        except Refused as refusal:
            return refusal.sentence

    begun, _ = at_once(begin, lambda: delete(project, tools()))
    assert not Source.objects.exists()
    assert isinstance(begun, Source) or "was deleted" in begun
