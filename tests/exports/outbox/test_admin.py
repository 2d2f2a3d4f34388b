"""Deliveries in the admin: to read, and to send once more with a reason."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse

from exports.models import Contact, Delivery, User
from progress.models import Event
from tests.exports.outbox.conftest import contact_of, finish, requested
from tests.exports.staff.conftest import together
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db
LIST = "/admin/exports/delivery/"


@pytest.fixture
def sent(owner, clock, export, mailbox, sends):
    contact_of(owner, clock)
    finish(export)
    sends()
    return Delivery.objects.get()


def clerk_with(*codenames):
    clerk = User.objects.create_user("clara", password="a long secret of hers", is_staff=True)
    clerk.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=clerk.pk)


def resend(client, *rows, **typed):
    return client.post(
        LIST, {"action": "resend", "_selected_action": [str(row.pk) for row in rows]} | typed, follow=True
    )


def test_unknown_ones_can_be_found_and_nothing_can_be_changed(sent, staff, signed_in):
    client = signed_in(staff)
    assert "1 delivery" in client.get(LIST, {"state__exact": "sent"}).text
    Delivery.objects.update(state="unknown", answer="It may have arrived.")
    assert "It may have arrived." in client.get(LIST, {"state__exact": "unknown"}).text
    assert "0 deliveries" in client.get(LIST, {"state__exact": "sent"}).text
    answer = client.get(reverse("admin:exports_delivery_change", args=[sent.pk]))
    assert answer.status_code == 200
    assert 'name="state"' not in answer.text
    assert client.get(LIST + "add/").status_code == 403


def test_no_address_no_secret_and_no_link_is_shown_to_staff(sent, owner, clock, staff, signed_in):
    hook = contact_of(owner, clock, "webhook", "https://hooks.example.com/secret-path")
    client = signed_in(staff)
    pages = (LIST, reverse("admin:exports_delivery_change", args=[sent.pk]), "/admin/exports/contact/")
    pages = (*pages, reverse("admin:exports_contact_change", args=[hook.pk]))
    for address in pages:
        text = client.get(address).text
        for hidden in ("olga@example.com", sent.key, hook.secret, "secret-path"):
            assert hidden not in text


def test_it_is_sent_again_only_after_what_was_sent_before_was_seen_and_a_reason_given(
    sent, staff, signed_in, mailbox, sends
):
    client = signed_in(staff)
    answer = resend(client, sent)
    assert "Send again?" in answer.text
    assert "Taken by the mail server." in answer.text
    assert Delivery.objects.count() == 1
    assert "Expected a reason" in resend(client, sent, confirmed="1", reason=" ").text
    assert "1 will be sent again." in resend(client, sent, confirmed="1", reason="The mail server lost it.").text
    assert sends().sent == 1
    first, second = mailbox.taken
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Subject"] == second["Subject"]
    told = Event.objects.get(phase="notice_resent")
    assert (told.actor, told.note) == (f"staff {staff.pk}", "done by mail, no. 1: The mail server lost it.")
    assert LogEntry.objects.get().change_message.endswith("The mail server lost it.")
    assert resend(client, sent).text.count("Taken by the mail server.") == 2


def test_an_unknown_one_is_sent_again_by_a_person_alone(sent, staff, signed_in, mailbox, sends):
    Delivery.objects.update(state="unknown")
    sends()
    assert len(mailbox.taken) == 1
    resend(signed_in(staff), sent, confirmed="1", reason="It did not arrive.")
    sends()
    assert len(mailbox.taken) == 2


def test_what_is_under_way_stopped_or_gone_is_not(sent, owner, clock, project, staff, signed_in, mailbox):
    client = signed_in(staff)
    for change in ({"state": "pending"}, {"state": "sending"}):
        Delivery.objects.update(**change)
        assert "cannot be sent again" in resend(client, sent).text
        resend(client, sent, confirmed="1", reason="Please.")
    Delivery.objects.update(state="sent")
    Contact.objects.update(stopped_at=clock())
    resend(client, sent, confirmed="1", reason="Please.")
    Contact.objects.all().delete()
    resend(client, sent, confirmed="1", reason="Please.")
    assert Delivery.objects.count() == 1
    assert not Event.objects.filter(phase="notice_resent").exists()


def test_it_takes_a_permission_of_its_own(sent, signed_in):
    client = signed_in(clerk_with("view_job", "view_delivery"))
    assert "Resend" not in client.get(LIST).text
    resend(client, sent, confirmed="1", reason="Please.")
    assert Delivery.objects.count() == 1


def test_who_may_may(sent, signed_in):
    client = signed_in(clerk_with("view_job", "view_delivery", "resend_delivery"))
    resend(client, sent, confirmed="1", reason="Please.")
    assert Delivery.objects.count() == 2


def test_who_sees_the_exports_of_a_group_sees_its_messages_and_addresses_and_no_others(
    sent, owner, stranger, clock, signed_in
):
    clerk = clerk_with("view_export", "view_delivery", "view_contact", "resend_delivery")
    contact = Contact.objects.get()
    together("north", clerk, stranger)
    client = signed_in(clerk)
    assert "0 deliveries" in client.get(LIST).text
    assert "0 contacts" in client.get("/admin/exports/contact/").text
    for page in (("delivery", sent.pk), ("contact", contact.pk)):
        assert client.get(reverse(f"admin:exports_{page[0]}_change", args=[page[1]])).status_code == 302
    resend(client, sent, confirmed="1", reason="Please.")
    assert Delivery.objects.count() == 1
    together("north", owner)
    assert "1 delivery" in client.get(LIST).text
    assert "1 contact" in client.get("/admin/exports/contact/").text
    resend(client, sent, confirmed="1", reason="Please.")
    assert Delivery.objects.count() == 2


def test_what_is_chosen_beyond_a_hundred_is_said_to_be_left(sent, owner, staff, signed_in):
    contact = Contact.objects.get()
    more = [Delivery.to(contact, "digest", facts={"private": True}, state="sent") for _ in range(100)]
    Delivery.objects.bulk_create(more)
    client = signed_in(staff)
    chosen = {"action": "resend", "_selected_action": [str(sent.pk)]}
    assert "More were chosen" not in client.post(LIST, chosen).text
    answer = client.post(LIST, chosen | {"select_across": "1"}).text
    assert "More were chosen than are sent again at once." in answer
    assert "These are the 100 newest" in answer


@pytest.mark.django_db(transaction=True)
def test_two_clerks_at_once_send_it_once(owner, clock, project, mailbox, sends):
    contact_of(owner, clock)
    finish(requested(project))
    sends()
    row = Delivery.objects.get()
    again = at_once(*[lambda: Delivery.objects.select_related("contact").get(pk=row.pk).resend()] * 2)
    assert len([each for each in again if each]) == Delivery.objects.filter(again__gt=0).count() >= 1
    assert sorted(Delivery.objects.values_list("again", flat=True)) == list(range(Delivery.objects.count()))


def test_a_list_of_many_costs_no_more_queries(owner, clock, project, staff, signed_in, mailbox):
    from tests.exports.test_admin import queries_of

    contact_of(owner, clock)
    client = signed_in(staff)
    finish(requested(project))
    few = queries_of(client, LIST)
    for _ in range(5):
        finish(requested(project))
    assert queries_of(client, LIST) == few
