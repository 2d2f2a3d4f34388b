"""Addresses are not kept for ever."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from exports.models import Contact, Delivery
from tests.exports.outbox.conftest import contact_of, finish, requested

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(owner, clock):
    """Last used so many days ago."""

    def made(days, owner=owner, **more):
        then = timezone.now() - timedelta(days=days)
        return contact_of(owner, clock, address=f"{owner.pk}-{days}@example.com", used_at=then, **more)

    return made


def left():
    return sorted(Contact.objects.values_list("address", flat=True))


def run(*options):
    call_command("purge_contacts", *options)


def test_what_was_not_used_for_long_is_deleted_and_the_rest_stays(old, owner, capsys):
    old(91)
    kept = old(89)
    run()
    assert left() == [kept.address]
    assert capsys.readouterr().out == "1 address and 0 deliveries deleted, not used for 90 days.\n"


def test_how_long_is_the_operators_to_say(old, settings):
    settings.CONTACT_DAYS = 5
    old(6)
    kept = old(4)
    run()
    assert left() == [kept.address]


def test_what_was_never_confirmed_goes_after_two_days(old):
    for days in (1, 3):
        contact = old(days)
        then = timezone.now() - timedelta(days=days)
        Contact.objects.filter(pk=contact.pk).update(verified_at=None, created_at=then)
    run()
    assert left() == [next(each for each in left() if "-1@" in each)]
    assert len(left()) == 1


def test_nobody_who_waits_for_an_export_is_forgotten(old, project, stranger):
    waits = old(91)
    old(92, stranger)
    requested(project)
    run()
    assert left() == [waits.address]


def test_old_deliveries_go_with_it_and_those_to_be_sent_stay(owner, clock, project):
    contact_of(owner, clock)
    for _ in range(3):
        finish(requested(project))
    then = timezone.now() - timedelta(days=91)
    ids = list(Delivery.objects.values_list("pk", flat=True))
    Delivery.objects.update(created_at=then)
    Delivery.objects.filter(pk__in=ids[:2]).update(state="sent")
    run()
    assert list(Delivery.objects.values_list("pk", flat=True)) == ids[2:]


def test_a_dry_run_deletes_nothing_and_says_as_much(old, capsys):
    old(91)
    run("--dry-run")
    assert capsys.readouterr().out == "1 address and 0 deliveries would be deleted, not used for 90 days.\n"
    run("--dry-run", "--json")
    assert json.loads(capsys.readouterr().out) == {"contacts": 1, "deliveries": 0, "failed": 0, "dry_run": True}
    assert len(left()) == 1


def test_a_limit_is_kept_and_the_oldest_go_first(old):
    old(93)
    kept = old(92)
    run("--limit", "1")
    assert left() == [kept.address]
    for refused in ("0", "-1", "many"):
        with pytest.raises(CommandError, match="expected a whole number from 1"):
            run("--limit", refused)
    assert left() == [kept.address]


def test_what_is_used_between_the_look_and_the_deletion_stays(old):
    contact, looks = old(91), []

    def used_meanwhile(execute, sql, params, many, context):
        """After the first look at the contacts, and before the second."""
        if "exports_contact" in sql and sql.startswith("SELECT"):
            looks.append(sql)
            if len(looks) == 2:
                Contact.objects.filter(pk=contact.pk).update(used_at=timezone.now())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(used_meanwhile):
        run()
    assert len(looks) >= 2
    assert left() == [contact.address]


def test_a_database_that_is_away_is_exit_code_2(db):
    def away(*args):
        raise OperationalError("gone")

    with connection.execute_wrapper(away), pytest.raises(CommandError) as refusal:
        run()
    assert refusal.value.returncode == 2


def test_a_database_that_refuses_to_delete_is_exit_code_1(old):
    old(91)

    def refusing(execute, sql, params, many, context):
        if sql.startswith("DELETE"):
            raise OperationalError("locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refusing), pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 1
