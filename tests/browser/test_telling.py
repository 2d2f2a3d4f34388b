"""Asking to be told, in a browser: an address is given on an export's page, confirmed elsewhere, told and stopped."""

import re

import pytest
from playwright.sync_api import expect

from exports.models import Source
from tests.browser.conftest import opened
from tests.exports.outbox import conftest as outbox

_smtp, mailbox, clock, sends = outbox._smtp, outbox.mailbox, outbox.clock, outbox.sends
project, export = outbox.project, outbox.export

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def link_in(message, name):
    return re.search(rf"\S+/{name}/\S+", message.get_body(("plain",)).get_content())[0]


def test_an_address_is_given_confirmed_and_stopped(chromium, live_server, window, export, mailbox, sends, settings):
    settings.PUBLIC_URL = live_server.url
    Source.objects.update(state="uploading")  # so that whoever looks does not start it
    window.goto(f"/exports/{export.pk}/")
    window.get_by_text("Tell me when it is done").click()
    window.get_by_label("Your mail address").fill("olga")
    window.get_by_role("button", name="Tell me").click()
    expect(window.get_by_text("Expected a mail address, such as you@example.com.")).to_be_visible()
    expect(window.get_by_role("button", name="Tell me")).to_be_focused()
    window.get_by_label("Your mail address").fill("olga@example.com")
    window.get_by_role("button", name="Tell me").click()
    expect(window.get_by_text("A mail is on its way: open the link in it, and you are told there.")).to_be_visible()
    sends()
    with opened(chromium, live_server.url) as elsewhere:
        elsewhere.goto(link_in(mailbox.taken[0], "confirm"))
        elsewhere.get_by_role("button", name="Yes, send them here").click()
        expect(elsewhere.get_by_role("heading", name="Confirmed")).to_be_visible()
        outbox.finish(export)
        sends()
        elsewhere.goto(link_in(mailbox.taken[1], "r"))
        expect(elsewhere.get_by_role("link", name="Download")).to_be_visible()
        expect(elsewhere.get_by_text("Shown to you by a link")).to_be_visible()
        elsewhere.goto(mailbox.taken[1]["List-Unsubscribe"].strip(" <>"))
        elsewhere.get_by_role("button", name="No more messages").click()
        expect(elsewhere.get_by_role("heading", name="No more messages")).to_be_visible()
    window.goto("/account/notifications")
    expect(window.get_by_text("This address asked for no more messages.")).to_be_visible()
    expect(window.locator(".deliveries")).to_contain_text("Taken by the mail server.")
