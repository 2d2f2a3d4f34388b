"""What staff's acts tell the owner, and telling it once more."""

import pytest

from exports import gauges
from exports.models import Delivery
from tests.exports.outbox.conftest import contact_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(owner, clock, export, act):
    """The owner asked to be told; staff has failed the export, and the message went out."""
    contact_of(owner, clock)
    assert act("fail", export, reason="The clip is a test picture.").ok
    [delivery] = Delivery.objects.all()
    return delivery


def sent(delivery):
    Delivery.objects.filter(pk=delivery.pk).update(state="sent")


def test_whoever_asked_to_be_told_hears_of_an_end_by_hand(told, export):
    assert (told.event, told.export_id, told.state) == ("failed", export.pk, "pending")
    [owed] = [gauge for gauge in gauges.gauges() if gauge.name == "deliveries_owed"]
    assert {sample.of["state"]: sample.value for sample in owed.read()} == {"pending": 1, "sending": 0}


def test_the_last_message_is_sent_once_more_and_earlier_ones_are_shown(told, export, act, plan):
    sent(told)
    assert "Failed by mail: sent" in plan("resend", export).said
    assert act("resend", export).ok
    assert list(Delivery.objects.order_by("again").values_list("again", "state")) == [(0, "sent"), (1, "pending")]
    assert not act("resend", export).ok, "it is under way"


def test_it_is_said_how_many_of_several_are_sent_once_more(owner, clock, told, export, plan):
    sent(told)
    assert plan("resend", export).said.endswith("sent. It is sent once more, as a message of its own.")
    other = contact_of(owner, clock, "mail", "second@example.com", events=())
    second = Delivery.to(other, "failed", export_id=export.pk, attempt=0)
    second.save()
    assert plan("resend", export).said.endswith("Of these, 1 will be sent once more, as a message of its own.")
    sent(second)
    assert plan("resend", export).said.endswith("sent. Each is sent once more, as a message of its own.")


def test_what_nobody_asked_for_is_not_sent(export, act):
    assert "Nobody asked to be told" in act("resend", export).said
