"""The account's page, the form on an export's page, and what the links in messages lead to."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exports.models import Contact, Delivery, Hours, Silenced, Subscription
from exports.models.contact import Event
from tests.exports.outbox.conftest import contact_of, finish, fresh, requested
from tests.exports.outbox.test_proving import code_in, link_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(signed_in, owner):
    return signed_in(owner)


def page(browser):
    answer = browser.get("/account/notifications")
    assert answer.status_code == 200
    return answer.text


# The account's page


def test_examples_are_of_what_can_be_chosen_here(browser, settings):
    settings.NOTIFY_URL = ""
    here = page(browser)
    assert "https://example.com/hook" in here
    assert "+49 151" not in here


def test_nobody_else_gets_in(visitor, browser, owner, stranger, staff, clock, signed_in):
    contact = contact_of(owner, clock)
    assert visitor.get("/account/notifications").status_code == 302
    for other in (signed_in(stranger), signed_in(staff)):
        assert "olga@example.com" not in page(other)
        for verb in ("choose", "remove", "ask", "code", "rotate"):
            assert other.post(f"/account/contacts/{contact.pk}/{verb}").status_code == 404
    assert "olga@example.com" in page(browser)
    assert Contact.objects.count() == 1


def test_an_address_is_added_confirmed_chosen_for_and_deleted_without_a_script(browser, mailbox, sends, visitor):
    answer = browser.post("/account/contacts", {"channel": "mail", "address": "olga@example.com"}, follow=True)
    assert "A mail is on its way." in answer.text
    assert "Not confirmed yet" in answer.text
    sends()
    visitor.post(link_in(mailbox.taken[0]))
    contact = Contact.objects.get()
    browser.post(f"/account/contacts/{contact.pk}/choose", {"events": ["done", "digest"]})
    contact.refresh_from_db()
    assert (contact.events, contact.digest, contact.digest_due_at is not None) == (["done"], True, True)
    assert page(browser).count(" checked") == 2
    browser.post(f"/account/contacts/{contact.pk}/choose", {})
    contact.refresh_from_db()
    assert (contact.events, contact.digest, contact.digest_due_at) == ([], False, None)
    browser.post(f"/account/contacts/{contact.pk}/remove")
    assert not Contact.objects.exists()
    assert Delivery.objects.get().contact is None


@pytest.mark.parametrize("key", ["nothing", "%00", "a%00b", "%C3%9F", "x" * 5000])
def test_an_address_that_no_message_holds_leads_nowhere(key, visitor):
    assert visitor.get(f"/r/{key}").status_code == 404


def test_a_wrong_one_is_said_at_the_field_and_what_was_typed_stays(browser, mailbox):
    answer = browser.post("/account/contacts", {"channel": "mail", "address": "olga"})
    assert answer.status_code == 400
    assert "Expected a mail address, such as you@example.com, got &#x27;olga&#x27;." in answer.text
    assert 'value="olga"' in answer.text


def test_a_code_is_typed_where_it_is_waited_for(browser, receiver, sends):
    from tests.exports.outbox.conftest import told

    browser.post("/account/contacts", {"channel": "sms", "address": "+49 151 23456789"})
    sends()
    contact = Contact.objects.get()
    typed = f"/account/contacts/{contact.pk}/code"
    assert "That is not the code" in browser.post(typed, {"code": "abc"}, follow=True).text
    assert "It is yours." in browser.post(typed, {"code": code_in(told(receiver)[0])}, follow=True).text


def test_a_mail_address_cannot_be_confirmed_by_a_code(browser, mailbox):
    browser.post("/account/contacts", {"channel": "mail", "address": "olga@example.com"})
    contact = Contact.objects.get()
    browser.post(f"/account/contacts/{contact.pk}/code", {"code": contact.code})
    contact.refresh_from_db()
    assert not contact.verified


def test_without_mail_the_page_says_so_and_offers_what_there_is(browser, settings):
    settings.MAIL_ACCOUNT, settings.NOTIFY_URL = None, ""
    text = page(browser)
    assert "Messages by mail are not set up on this server." in text
    assert re.findall(r'<option value="(mail|sms|chat|webhook)"', text) == ["chat", "webhook"]
    answer = browser.post("/account/contacts", {"channel": "mail", "address": "olga@example.com"})
    assert answer.status_code == 422
    assert not Contact.objects.exists()


def test_a_guest_has_the_page_too(as_guest, mailbox):
    client, guest = as_guest()
    client.post("/account/contacts", {"channel": "mail", "address": "guest@example.com"})
    assert guest.contacts.count() == 1
    assert "You are here as a guest." in client.get("/account/notifications").text


def test_a_webhook_shows_its_secret_to_its_owner_and_replaces_it(browser, owner, clock):
    contact = contact_of(owner, clock, "webhook", "https://hooks.example.com/a")
    assert contact.secret in page(browser)
    browser.post(f"/account/contacts/{contact.pk}/rotate")
    contact.refresh_from_db()
    text = page(browser)
    assert contact.secret in text
    assert contact.old_secret in text
    assert "the old one, for a day" in text


def test_a_chats_url_is_never_shown_again(browser, owner, clock):
    contact_of(owner, clock, "chat", "discord://123456789/hidden-token")
    text = page(browser)
    assert "hidden-token" not in text
    assert "discord://…" in text


def test_the_clock_is_kept_and_a_wrong_one_refused(browser, owner, clock):
    contact = contact_of(owner, clock, digest=True, digest_due_at=clock())
    due = contact.digest_due_at
    typed = {"zone": "Europe/Berlin", "quiet_from": "22:00", "quiet_until": "07:30", "digest_hour": "6"}
    assert browser.post("/account/hours", typed).status_code == 302
    hours = Hours.objects.get(owner=owner)
    assert (hours.zone, f"{hours.quiet_from:%H:%M}", hours.digest_hour) == ("Europe/Berlin", "22:00", 6)
    contact.refresh_from_db()
    assert contact.digest_due_at > due
    for wrong, said in (
        ({"zone": "Berlin"}, "Expected a zone such as Europe/Berlin"),
        ({"zone": "../../etc/passwd"}, "Expected a zone"),
        ({"quiet_until": ""}, "Expected both times of the quiet hours, or neither."),
        ({"quiet_from": "25:00"}, "Expected a time, such as 22:00."),
        ({"digest_hour": "24"}, "Select a valid choice"),
    ):
        answer = browser.post("/account/hours", typed | wrong)
        assert answer.status_code == 422
        assert said in answer.text
    assert Hours.objects.get(owner=owner).zone == "Europe/Berlin"


def test_what_was_sent_lately_is_told_with_its_state_and_polled_only_while_it_moves(
    browser, owner, clock, export, mailbox, sends
):
    contact_of(owner, clock)
    finish(export)
    assert 'hx-trigger="every 2s' in page(browser)
    sends()
    text = browser.get("/account/deliveries").text
    assert "Taken by the mail server." in text
    assert "o…@example.com" in text
    assert "hx-trigger" not in text


def test_many_deliveries_cost_no_more_queries(browser, owner, clock, project):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            page(browser)
        return len(queries)

    contact_of(owner, clock)
    finish(requested(project))
    few = cost()
    for _ in range(5):
        finish(requested(project))
    assert cost() == few


# The form on an export's page


def tell_page(browser, export):
    return browser.get(reverse("export", args=[export.pk])).text


def test_on_the_page_of_an_export_a_known_address_is_ticked(browser, owner, clock, export, mailbox):
    contact, other = contact_of(owner, clock, events=()), contact_of(owner, clock, address="b@example.com")
    assert "Tell me when it is done" in tell_page(browser, export)
    browser.post(reverse("tell", args=[export.pk]), {"contacts": [str(contact.pk)], "events": ["done", "soon"]})
    told = {each.contact_id: each.events for each in Subscription.objects.all()}
    assert told == {contact.pk: ["done", "soon"], other.pk: []}
    text = tell_page(browser, export)
    assert re.search(rf'value="{contact.pk}"[^>]* checked', text)
    assert not re.search(rf'value="{other.pk}"[^>]* checked', text)


def test_a_new_mail_address_is_asked_first(browser, export, mailbox, sends, visitor):
    answer = browser.post(
        reverse("tell", args=[export.pk]), {"address": "olga@example.com", "events": ["done"]}, follow=True
    )
    assert "A mail is on its way: open the link in it, and you are told there." in answer.text
    finish(export)
    sends()
    assert [message["Subject"] for message in mailbox.taken] == ["Confirm your address"]
    visitor.post(link_in(mailbox.taken[0]))
    sends()
    assert mailbox.taken[1]["Subject"] == "Film Complete: Lofoten"


def test_who_names_nobody_is_promised_nothing(browser, owner, clock, export, mailbox):
    def said():
        htmx = {"HX-Request": "true"}
        return browser.post(reverse("tell", args=[export.pk]), {"events": ["done"]}, headers=htmx).text

    assert "Expected a mail address, such as you@example.com, got nothing." in said()
    contact_of(owner, clock)
    assert "Kept. Nobody is told of this export." in said()


def test_what_was_typed_wrongly_stays_in_the_form_without_a_script_too(browser, export, mailbox):
    answer = browser.post(reverse("tell", args=[export.pk]), {"address": "nobody", "events": ["soon"]})
    assert answer.status_code == 422
    assert "Expected a mail address, such as you@example.com." in answer.text
    assert 'value="nobody"' in answer.text
    assert re.search(r'value="soon"[^>]* checked', answer.text)
    assert not re.search(r'value="done"[^>]* checked', answer.text)


def test_htmx_gets_the_section_and_nothing_else(browser, export, mailbox):
    answer = browser.post(
        reverse("tell", args=[export.pk]), {"address": "nobody", "events": ["done"]}, headers={"HX-Request": "true"}
    )
    assert answer.text.startswith('<section id="telling"')
    assert "Expected a mail address, such as you@example.com." in answer.text
    assert not Contact.objects.exists()


def test_only_its_owner_may_choose(export, stranger, staff, visitor, signed_in, mailbox):
    for client, status in ((visitor, 302), (signed_in(stranger), 404), (signed_in(staff), 404)):
        assert client.post(reverse("tell", args=[export.pk]), {"address": "a@example.com"}).status_code == status
    assert "Tell me when it is done" not in tell_page(signed_in(staff), export)
    assert not Contact.objects.exists()


@pytest.mark.parametrize("htmx", [{"HX-Request": "true"}, {}], ids=["htmx", "plain"])
def test_an_address_that_was_deleted_in_another_tab_is_said_to_be_gone(htmx, browser, owner, clock, export, mailbox):
    gone, other = contact_of(owner, clock), contact_of(owner, clock, address="b@example.com")
    asked = {"contacts": [str(gone.pk), str(other.pk)], "events": ["done"]}
    gone.delete()
    answer = browser.post(reverse("tell", args=[export.pk]), asked, headers=htmx)
    assert "One of these addresses is not there any more." in answer.text
    assert not Subscription.objects.exists()
    assert re.search(rf'value="{other.pk}"[^>]* checked', answer.text)


def test_a_contact_of_somebody_else_cannot_be_ticked(browser, export, stranger, clock, mailbox):
    theirs = contact_of(stranger, clock)
    browser.post(reverse("tell", args=[export.pk]), {"contacts": [str(theirs.pk)], "events": ["done"]})
    assert not Subscription.objects.exists()


def test_without_mail_and_without_contacts_nothing_is_promised(browser, export, settings):
    settings.MAIL_ACCOUNT = None
    text = tell_page(browser, export)
    assert "Messages by mail are not set up on this server." in text
    assert "tell-address" not in text


def test_what_has_ended_has_no_such_form(browser, export, mailbox):
    finish(export)
    assert "Tell me when it is done" not in tell_page(browser, export)


# What the links lead to


@pytest.fixture
def delivery(owner, clock, export):
    contact_of(owner, clock)
    finish(export)
    return Delivery.objects.get()


def test_the_link_opens_the_page_on_any_device_and_nothing_else(visitor, delivery, project):
    other = requested(project)
    assert visitor.get(reverse("export", args=[delivery.export_id])).status_code == 302
    answer = visitor.get(f"/r/{delivery.key}", follow=True)
    assert answer.redirect_chain == [(f"/exports/{delivery.export_id}/", 302)]
    assert "Download" in answer.text
    assert "Shown to you by a link" in answer.text
    assert "olga" not in answer.text
    assert "Tell me when" not in answer.text
    assert visitor.get(reverse("export", args=[other.pk])).status_code == 302
    assert visitor.post(reverse("retry", args=[delivery.export_id])).status_code == 403
    assert visitor.get("/projects/").status_code == 302


def test_the_link_lets_the_film_be_fetched(visitor, delivery, settings, tmp_path):
    from exports.models import Export
    from exports.tools import tools

    key = f"attempts/{delivery.export_id}/1/out/1/film.mp4"
    tools().store.put(key, b"film")
    Export.objects.filter(pk=delivery.export_id).update(result_key=key, result_bytes=4)
    film = reverse("download", args=[delivery.export_id])
    assert visitor.get(film).status_code == 302
    visitor.get(f"/r/{delivery.key}")
    assert b"".join(visitor.get(film)) == b"film"
    assert visitor.get(reverse("export-fragment", args=[delivery.export_id])).status_code in (200, 286)


def test_after_its_time_the_link_asks_to_sign_in(visitor, browser, delivery, clock):
    Delivery.objects.update(key_until=clock())
    assert "/sign-in" in visitor.get(f"/r/{delivery.key}")["Location"]
    assert visitor.get(reverse("export", args=[delivery.export_id])).status_code == 302
    assert browser.get(f"/r/{delivery.key}", follow=True).status_code == 200


def test_what_was_opened_by_a_link_closes_with_it(visitor, delivery, clock, monkeypatch):
    visitor.get(f"/r/{delivery.key}")
    page = reverse("export", args=[delivery.export_id])
    assert visitor.get(page).status_code == 200
    later = delivery.key_until
    monkeypatch.setattr("progress.access.timezone.now", lambda: later)
    assert visitor.get(page).status_code == 302


def test_a_guessed_link_leads_nowhere(visitor, delivery):
    assert visitor.get("/r/AAAAAAAAAAAA").status_code == 404
    Delivery.objects.update(facts=delivery.facts | {"private": True})
    assert visitor.get(f"/r/{delivery.key}").status_code == 404


def test_many_links_leave_room_in_the_cookie(visitor, owner, clock, project):
    contact_of(owner, clock)
    for _ in range(15):
        finish(requested(project))
    for row in Delivery.objects.all():
        visitor.get(f"/r/{row.key}")
    assert len(visitor.session["shown"]) == 10
    assert len(visitor.cookies["sessionid"].value) < 2000


def test_stopping_needs_a_button_no_account_and_can_be_taken_back(visitor, delivery, owner):
    from exports import links

    url = links.stop(delivery.channel, delivery.address_hash).partition("//")[2]
    url = "/" + url.partition("/")[2]
    assert "Stop these messages?" in visitor.get(url).text
    assert not Silenced.objects.exists()
    assert "Nothing is sent to this address any more" in visitor.post(url).text
    assert owner.contacts.get().state == "stopped"
    assert "Stop these messages?" in visitor.post(url, {"back": "1"}).text
    assert owner.contacts.get().state == "verified"
    assert not Silenced.objects.exists()


@pytest.mark.parametrize("token", ["x", "WyJhIl0:1:2"])
def test_a_forged_stop_stops_nobody(visitor, delivery, token):
    assert visitor.post(f"/stop/{token}").status_code == 404
    assert not Silenced.objects.exists()


def test_a_stop_holds_though_the_contact_was_deleted_and_is_given_again(visitor, delivery, browser, mailbox, owner):
    from exports import links

    url = "/" + links.stop(delivery.channel, delivery.address_hash).split("/", 3)[3]
    owner.contacts.get().delete()
    visitor.post(url)
    answer = browser.post("/account/contacts", {"channel": "mail", "address": "olga@example.com"})
    assert "asked for no more messages" in answer.text
    assert not owner.contacts.exists()


def test_a_link_of_every_event_that_an_export_can_have_says_until_when(owner, clock, export, mailbox, sends):
    contact_of(owner, clock, events=("done", "failed", "stuck", "soon"))
    for event in (Event.STUCK, Event.SOON):
        Delivery.owe(fresh(export), event, attempt=0)
    sends()
    for message in mailbox.taken:
        assert "The link opens its page for everybody who has it, until " in message.get_body(("plain",)).get_content()
    assert len(mailbox.taken) == 2


def test_the_clock_of_whoever_asks_is_the_one_in_the_messages(browser, owner, mailbox):
    browser.cookies["zone"] = "Asia/Tokyo"
    browser.post("/account/contacts", {"channel": "mail", "address": "olga@example.com"})
    assert Hours.of(owner.pk).zone == "Asia/Tokyo"
    browser.cookies["zone"] = "Europe/Berlin"
    browser.post("/account/contacts", {"channel": "mail", "address": "two@example.com"})
    assert Hours.of(owner.pk).zone == "Asia/Tokyo", "what stands is theirs to change"
