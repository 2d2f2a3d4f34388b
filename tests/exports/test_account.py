"""The account's own page: room, zone, sessions, and its end."""

import functools
import threading
from io import BytesIO

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.urls import reverse
from django_q.models import OrmQ

from exports import leaving, tasks, uploads
from exports.limits import Refused
from exports.models import Export, Project, Source, User
from exports.tools import tools
from modal_functions.multipart import Gone
from progress.models import Job, Status, Wish
from tests.exports.conftest import PASSWORD
from tests.exports.footage import film_of, finished, fresh, project_of, requested, requested_or_told, running, source_in
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db
DELETE = {"delete-password": PASSWORD}


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov", "boat.mov")
    return requested(project)


def test_a_visitor_is_led_to_the_sign_in(visitor):
    assert visitor.get("/account").url == f"{reverse('sign-in')}?next=/account"


def test_it_says_how_much_room_is_taken(browser, owner, settings):
    settings.QUOTA = 168_000_000
    source_in(project_of(owner))
    page = browser.get("/account").text
    assert "84 MB of 168 MB are taken by uploaded clips." in page
    assert "job-fill bp50" in page


def test_a_guest_sees_what_concerns_a_guest(as_guest):
    client, _ = as_guest()
    page = client.get("/account").text
    assert "You are here as a guest" in page
    assert "Password" not in page
    assert "10 GB" in page


# Times


def test_a_zone_is_chosen_kept_by_the_browser_and_given_back(browser):
    assert browser.post("/account/zone", {"zone": "Asia/Tokyo"}).url == "/account"
    assert "Times are shown in Asia/Tokyo now." in browser.get("/account").text
    assert '<option value="Asia/Tokyo" selected>' in browser.get("/account").text
    browser.post("/account/zone", {"zone": ""})
    assert browser.cookies["zone_chosen"].value == ""


def test_a_zone_that_is_none_is_refused(browser):
    assert browser.post("/account/zone", {"zone": "Mars/Olympus"}).status_code == 422


# Sessions


def test_every_other_device_is_signed_out_and_this_one_stays(owner, signed_in):
    here, there = signed_in(owner), signed_in(owner)
    page = here.post("/account/sign-out-everywhere", {"everywhere-password": PASSWORD}, follow=True)
    assert "Every other device is signed out." in page.text
    assert there.get("/exports/").url.startswith(reverse("sign-in"))
    assert here.get("/exports/").status_code == 200
    assert User.objects.get(pk=owner.pk).check_password(PASSWORD), "the password is the same"


def test_not_without_the_password(owner, signed_in):
    here, there = signed_in(owner), signed_in(owner)
    answer = here.post("/account/sign-out-everywhere", {"everywhere-password": "a guess"})
    assert answer.status_code == 422
    assert "That is not the password of this account." in answer.text
    assert there.get("/exports/").status_code == 200


def test_a_guest_has_one_session_and_nothing_to_end(as_guest):
    client, _ = as_guest()
    assert client.post("/account/sign-out-everywhere", {"everywhere-sure": "on"}).status_code == 422


# The end


def test_what_it_deletes_is_said_before(browser, export):
    assert "This deletes 1 project, 2 uploaded clips, 1 export," in browser.get("/account").text


def test_it_deletes_everything_of_this_account_and_nothing_of_others(browser, owner, stranger, export):
    finished(export)
    other = project_of(stranger)
    film_of(other, "theirs.mov")
    answer = browser.post("/account/delete", DELETE)
    assert answer.url == reverse("start")
    assert not User.objects.filter(pk=owner.pk).exists()
    assert not Export.objects.exists()
    assert not Job.objects.exists()
    assert [project.pk for project in Project.objects.all()] == [other.pk]
    assert Source.objects.count() == 1
    assert browser.get("/exports/").url.startswith(reverse("sign-in"))


def test_its_objects_are_cleared_from_the_store(owner, export):
    film = finished(export)
    part = f"projects/{export.project_id}/chunks/ab/abc.mp4"
    tools().store.put(part, b"123")
    folders = leaving._folders(owner)
    assert tasks.clear(folders) == 2
    assert tools().store.size(part) is tools().store.size(film.result_key) is None


def test_the_cluster_is_told_to_clear_them(browser, export, django_capture_on_commit_callbacks):
    finished(export)
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/account/delete", DELETE)
    told = [rung.task for rung in OrmQ.objects.all()]
    assert [each["args"][0] for each in told if each["func"] == "exports.tasks.clear"] == [
        [f"projects/{export.project_id}", f"attempts/{export.pk}"]
    ]


def test_parts_of_what_is_coming_are_thrown_away_with_it(browser, owner, django_capture_on_commit_callbacks):
    coming = uploads.begin(project_of(owner), name="sea.mov", size=12)
    parts = uploads.parts_of(coming, tools())
    with parts.received(1, BytesIO(b"half"), 12) as part:
        parts.keep(part)
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.post("/account/delete", DELETE).status_code == 302
    assert not parts.folder.exists()
    with pytest.raises(Refused, match="This upload is no more"):
        uploads.complete(coming, [], tools())


def test_its_uploads_in_a_bucket_are_ended_there(in_bucket, owner, django_capture_on_commit_callbacks):
    coming = uploads.begin(project_of(owner), name="sea.mov", size=12)
    uploads.address_of(coming, 1, tools())
    begun = Source.objects.get(pk=coming.pk).upload
    with django_capture_on_commit_callbacks(execute=True):
        leaving.leave(owner, tools())
    with pytest.raises(Gone):
        tools().store.multipart(coming.key).listed(begun)


def test_not_with_a_wrong_password(browser, owner):
    assert browser.post("/account/delete", {"delete-password": "a guess"}).status_code == 422
    assert User.objects.filter(pk=owner.pk).exists()


def test_what_is_under_way_is_stopped_first(browser, owner, export):
    running(export)
    answer = browser.post("/account/delete", DELETE)
    assert answer.status_code == 422
    assert "They are being stopped" in answer.text
    assert Job.objects.get(pk=export.pk).wish == Wish.CANCEL
    Job.objects.filter(pk=export.pk).update(status=Status.CANCELLED, settled_at=export.job.created_at)
    assert browser.post("/account/delete", DELETE).status_code == 422, "its process has not been seen to end"
    export.attempts.update(gone_at=export.job.created_at)
    assert browser.post("/account/delete", DELETE).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_what_is_written_for_an_account_as_it_goes_keeps_it_and_is_told(browser, owner):
    begun = []

    def rival(execute, sql, params, many, context):
        """Between what goes with the account and the account itself; in our transaction, which then cannot end."""
        if sql.startswith('DELETE FROM "exports_user"') and not begun:
            begun.append(project_of(owner))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(rival):
        answer = browser.post("/account/delete", DELETE)
    assert (answer.status_code, len(begun)) == (422, 1)
    assert "Something was being written for this account at that moment, so nothing was deleted." in answer.text
    assert browser.post("/account/delete", DELETE).status_code == 302


def test_where_clips_are_posted_it_is_told_what_stays_there(browser, owner, settings):
    project, said = project_of(owner), "What was posted stays where it was posted."
    for posting in (True, False):
        settings.POSTING = posting
        for address in ("/account", "/projects/", reverse("project", args=[project.pk])):
            assert (said in browser.get(address).text) is posting


def test_a_guest_is_deleted_by_saying_so(as_guest):
    client, guest = as_guest()
    assert client.post("/account/delete", {}).status_code == 422
    client.post("/account/delete", {"delete-sure": "on"})
    assert not User.objects.filter(pk=guest.pk).exists()


def test_the_last_who_may_do_everything_stays(staff, signed_in, django_user_model):
    client = signed_in(staff)
    answer = client.post("/account/delete", {"delete-password": "a long secret of staff"})
    assert "This is the only account that may do everything here." in answer.text
    django_user_model.objects.create_superuser("second", password="x")
    assert client.post("/account/delete", {"delete-password": "a long secret of staff"}).status_code == 302


def test_staff_deletes_it_in_the_admin_with_what_it_has_in_the_store(
    staff, signed_in, owner, django_capture_on_commit_callbacks
):
    client, project = signed_in(staff), project_of(owner)
    coming = uploads.begin(project, name="sea.mov", size=12)
    parts = uploads.parts_of(coming, tools())
    with parts.received(1, BytesIO(b"half"), 12) as part:
        parts.keep(part)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("admin:exports_user_delete", args=[owner.pk]), {"post": "yes"})
    assert not User.objects.filter(pk=owner.pk).exists()
    assert not parts.folder.exists()
    told = [rung.task["args"][0] for rung in OrmQ.objects.all() if rung.task["func"] == "exports.tasks.clear"]
    assert told == [[f"projects/{project.pk}"]]


def test_the_admin_says_before_what_goes_with_an_account_of_exports_and_deletes_it(staff, signed_in, export):
    client, owner = signed_in(staff), export.job.owner
    ended = finished(export)
    address = reverse("admin:exports_user_delete", args=[owner.pk])
    shown = client.get(address).text
    assert "permission" not in shown
    assert "1 project, 2 uploaded clips, 1 export" in shown
    assert "are still under way" not in shown
    client.post(address, {"post": "yes"})
    assert not User.objects.filter(pk=owner.pk).exists()
    assert not Export.objects.filter(pk=ended.pk).exists()


def test_the_admin_says_that_what_is_under_way_is_stopped_first(staff, signed_in, export):
    client, owner = signed_in(staff), export.job.owner
    address = reverse("admin:exports_user_delete", args=[owner.pk])
    assert "1 export is still under way: it is stopped first." in client.get(address).text
    page = client.post(address, {"post": "yes"}, follow=True)
    assert "They are being stopped: ask again in half a minute." in page.text
    assert fresh(export).job.wish == Wish.CANCEL or fresh(export).job.status == Status.CANCELLED


def test_who_may_not_delete_accounts_in_the_admin_deletes_none(staff, signed_in, export, django_user_model):
    helper = django_user_model.objects.create_user("helper", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_user"))
    address = reverse("admin:exports_user_delete", args=[export.job.owner_id])
    assert signed_in(helper).post(address, {"post": "yes"}).status_code == 403
    assert Export.objects.filter(pk=export.pk).exists()


def test_nor_does_the_admin_delete_the_last_who_may_do_everything(staff, signed_in):
    client = signed_in(staff)
    page = client.post(reverse("admin:exports_user_delete", args=[staff.pk]), {"post": "yes"}, follow=True)
    assert "This is the only account that may do everything here." in page.text
    assert User.objects.filter(pk=staff.pk).exists()
    assert 'value="delete_selected"' not in client.get(reverse("admin:exports_user_changelist")).text


def test_nobody_deletes_by_following_a_link(browser):
    for path in ("/account/delete", "/account/sign-out-everywhere", "/account/zone"):
        assert browser.get(path).status_code == 405


# Races


@pytest.mark.django_db(transaction=True)
def test_an_export_whose_asking_is_not_over_yet_is_not_deleted_under_its_work(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    asked, left = threading.Event(), threading.Event()

    def ask():
        with transaction.atomic():
            made = requested(project)
            asked.set()
            left.wait(0.5)  # whoever leaves comes as far as this lets them
        return made

    def go():
        asked.wait()
        try:
            return leaving.leave(owner, tools())
        except leaving.Refused as refusal:
            return str(refusal)
        finally:
            left.set()

    made, said = at_once(ask, go)
    assert "They are being stopped" in said
    assert Job.objects.get(pk=made.pk).status == Status.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_an_export_that_is_asked_for_as_its_owner_leaves_is_made_or_refused_in_words(owner, django_user_model):
    for number in range(5):
        account = django_user_model.objects.create_user(f"olga{number}", password=PASSWORD)
        project = project_of(account)
        film_of(project, "beach.mov")

        def go(account=account):
            try:
                return leaving.leave(account, tools())
            except leaving.Refused as refusal:
                return str(refusal)

        asked, said = at_once(functools.partial(requested_or_told, project), go)
        if said is None:
            assert isinstance(asked, str)
            assert not Project.objects.filter(pk=project.pk).exists()
        else:
            assert Job.objects.get(pk=asked.pk).status == Status.CANCELLED
