"""The switch that stops what is begun anew: everything, a kind, an account; what runs goes on, or is paused with it."""

import os
import pwd
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from exports import halting
from exports.models import Export, Intake, IntakeChange
from exports.models.intake import EVERYTHING
from progress.models import Job, Status, Wish
from tests.exports.staff.conftest import project_of, requested
from tests.meanwhile import at_once, meanwhile

pytestmark = pytest.mark.django_db
SYSTEM = "/admin/exports/export/system/"
BY = {"why": "The bucket is moved.", "actor": "staff 1"}


def status(export):
    return Job.objects.get(pk=export.pk).status


def wish(export):
    return Job.objects.get(pk=export.pk).wish


@pytest.fixture
def running(export, drive):
    drive(3)
    assert status(export) == Status.RUNNING
    return export


@pytest.mark.parametrize("of", ["everything", "kind", "account"])
def test_what_is_closed_is_not_begun_and_what_runs_goes_on(of, running, project, stranger, drive, owner):
    name = {"everything": EVERYTHING, "kind": "multi_clip", "account": Intake.of_account(owner.pk)}[of]
    halting.close(name, sentence="Until noon.", **BY)
    hers, his = requested(project), requested(project_of(stranger))
    drive(3)
    assert (status(running), status(hers)) == (Status.RUNNING, Status.QUEUED)
    assert status(his) == (Status.RUNNING if of == "account" else Status.QUEUED)
    halting.open_again(name, **BY)
    for export in (hers, his):
        export.ring()
    drive(3)
    assert {status(hers), status(his)} == {Status.RUNNING}


def test_people_are_told_where_they_ask_and_where_they_wait_and_others_are_not(
    project, owner, stranger, drive, signed_in
):
    halting.close(Intake.of_account(owner.pk), sentence="Please write to us.", **BY)
    hers, his = requested(project), requested(project_of(stranger))
    for account, export, told in ((owner, hers, True), (stranger, his, False)):
        client = signed_in(account)
        for page in (reverse("export", args=[export.pk]), reverse("project", args=[export.project_id])):
            assert ("Please write to us." in client.get(page).text) is told


def test_what_runs_is_paused_with_it_and_goes_on_with_it(running, project, drive):
    assert halting.close(EVERYTHING, sentence="", pause=True, **BY).moved == 1
    assert wish(running) == Wish.PAUSE
    assert halting.open_again(EVERYTHING, **BY).moved == 1
    assert wish(running) == Wish.RUN


def test_what_its_owner_has_paused_stays_paused_and_what_they_have_cancelled_stays_so(running, owner, drive, project):
    own = requested(project_of(owner, "Alps"))
    own.ring()
    drive(3)
    Export.objects.get(pk=own.pk).pause(actor=f"user {owner.pk}")
    halting.close(EVERYTHING, sentence="", pause=True, **BY)
    Export.objects.get(pk=running.pk).cancel(actor=f"user {owner.pk}")
    assert halting.open_again(EVERYTHING, **BY).moved == 0
    assert (wish(own), wish(running)) == (Wish.PAUSE, Wish.CANCEL)


def test_who_resumes_it_and_pauses_it_again_is_not_overruled(running, owner):
    halting.close(EVERYTHING, sentence="", pause=True, **BY)
    for wished in ("resume", "pause"):
        getattr(Export.objects.get(pk=running.pk), wished)(actor=f"user {owner.pk}")
    assert halting.open_again(EVERYTHING, **BY).moved == 0


def test_closed_already_it_can_still_pause_what_runs(running):
    assert halting.close(EVERYTHING, sentence="", **BY).changed
    again = halting.close(EVERYTHING, sentence="", pause=True, **BY)
    assert (again.changed, again.moved) == (False, 1)
    assert halting.open_again(EVERYTHING, **BY).moved == 1


def test_who_is_killed_before_it_is_counted_what_was_paused_leaves_nothing_paused(running):
    halting.close(EVERYTHING, sentence="", pause=True, **BY)
    IntakeChange.objects.update(moved=0)
    assert halting.open_again(EVERYTHING, **BY).moved == 1
    assert wish(running) == Wish.RUN


@pytest.mark.django_db(transaction=True)
def test_who_opens_it_while_another_still_closes_it_leaves_nothing_paused(running):
    def listed(statement):
        return statement.startswith("SELECT") and '"exports_export"' in statement and not connection.in_atomic_block

    with meanwhile(lambda: halting.open_again(EVERYTHING, **BY), when=listed) as other:
        done = halting.close(EVERYTHING, sentence="", pause=True, **BY)
    assert other.ident is not None
    assert (Intake.closed(), wish(running), done.moved) == ({}, Wish.RUN, 0)


class Killed(BaseException):
    pass


@contextmanager
def killed_before(number, phase):
    """Before the so-manieth export would hear of it."""
    left = iter(range(number - 1))

    def said(execute, statement, parameters, *given):
        if statement.startswith("INSERT") and phase in (parameters or ()) and next(left, None) is None:
            raise Killed
        return execute(statement, parameters, *given)

    with connection.execute_wrapper(said), pytest.raises(Killed):
        yield


@pytest.fixture
def both(running, project, drive):
    """Two that run."""
    other = requested(project)
    other.ring()
    drive(3)
    assert {status(running), status(other)} == {Status.RUNNING}
    return running, other


def test_who_is_killed_while_it_is_closed_leaves_nothing_paused_for_good(both):
    with killed_before(2, "wish_pause"):
        halting.close(EVERYTHING, sentence="", pause=True, **BY)
    assert sorted(map(wish, both)) == [Wish.PAUSE, Wish.RUN]
    assert halting.open_again(EVERYTHING, **BY).moved == 1
    assert {wish(each) for each in both} == {Wish.RUN}


def test_who_is_killed_while_it_is_opened_is_made_good_by_opening_it_again(both):
    halting.close(EVERYTHING, sentence="", pause=True, **BY)
    with killed_before(2, "wish_run"):
        halting.open_again(EVERYTHING, **BY)
    assert sorted(map(wish, both)) == [Wish.PAUSE, Wish.RUN]
    again = halting.open_again(EVERYTHING, **BY)
    assert (again.changed, again.moved) == (False, 1)
    assert {wish(each) for each in both} == {Wish.RUN}
    assert halting.open_again(EVERYTHING, **BY) == halting.Switched(changed=False)
    assert IntakeChange.objects.count() == 3


def test_who_when_and_why_is_kept_and_nobody_can_change_it(boss, running):
    form = {"kind": EVERYTHING, "to": "closed", "sentence": "Until noon.", "why": "The bucket is moved.", "pause": "on"}
    boss.post(f"{SYSTEM}intake/", form)
    kept = IntakeChange.objects.get()
    assert (kept.name, kept.open, kept.why, kept.moved) == (EVERYTHING, False, "The bucket is moved.", 1)
    assert kept.actor.startswith("staff ")
    page = boss.get(SYSTEM).text
    assert "Everything: Closed. Until noon. 1 export is paused." in page
    assert "closed (1 export with it)" in page
    assert "The bucket is moved." in page
    assert boss.post(f"/admin/exports/intakechange/{kept.pk}/delete/", {"post": "yes"}).status_code == 403
    boss.post(f"/admin/exports/intakechange/{kept.pk}/change/", {"why": "nothing"})
    assert IntakeChange.objects.get().why == "The bucket is moved."


def test_an_account_is_closed_by_its_name_and_stands_on_the_page_until_it_is_opened(boss, owner):
    boss.post(f"{SYSTEM}intake/", {"account": "olga", "to": "closed", "why": "Asked for by mail."})
    assert Intake.closed() == {f"account {owner.pk}": ""}
    assert "Account olga" in boss.get(SYSTEM).text
    boss.post(f"{SYSTEM}intake/", {"kind": f"account {owner.pk}", "to": "open"})
    assert Intake.closed() == {}
    answer = boss.post(f"{SYSTEM}intake/", {"account": "nobody", "to": "closed"}, follow=True)
    assert "there is no account or kind called “nobody”." in answer.text
    assert Intake.closed() == {}


def test_a_name_that_holds_what_no_database_keeps_is_nobodys(boss, owner):
    boss.post(f"{SYSTEM}intake/", {"account": "no\0body", "to": "closed"})
    boss.post(f"{SYSTEM}intake/", {"account": "olga\0", "to": "closed", "sentence": "Un\0til noon.", "why": "\0"})
    assert Intake.closed() == {f"account {owner.pk}": "Until noon."}


def test_the_command_closes_opens_and_says_what_stands(running, owner):
    said = StringIO()
    call_command("intake", "close", "--pause", "--say=Until noon.", "--why=The bucket is moved.", stdout=said)
    assert "Everything: closed. 1 export is paused." in said.getvalue()
    call_command("intake", stdout=said)
    assert "Closed: Everything. Until noon." in said.getvalue()
    assert "The bucket is moved." in said.getvalue()
    call_command("intake", "open", "--why=It is there.", stdout=said)
    assert "Everything: open. 1 export goes on." in said.getvalue()
    call_command("intake", "close", "--account=olga", "--why=x", stdout=said)
    call_command("intake", "close", "--kind=multi_clip", "--why=x", stdout=said)
    assert set(Intake.closed()) == {f"account {owner.pk}", "multi_clip"}
    assert IntakeChange.objects.first().actor.startswith("shell ")


def test_a_user_of_a_number_alone_can_use_it_too(db, monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(uid):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    call_command("intake", "close", "--why=x", stdout=StringIO())
    assert IntakeChange.objects.get().actor == f"shell user {os.getuid()}"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["close"], "--why: expected the reason"),
        (["open", "--pause", "--why=x"], "--pause goes with close"),
        (["close", "--kind=nothing", "--why=x"], "--kind: expected one of"),
        (["close", "--account=nobody", "--why=x"], "no account called"),
    ],
)
def test_a_command_that_is_not_understood_changes_nothing(asked, said, db):
    with pytest.raises(CommandError, match=said):
        call_command("intake", *asked)
    assert not IntakeChange.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_close_it_at_once_leave_one_change():
    done = at_once(*[lambda: halting.close(EVERYTHING, sentence="Until noon.", **BY).changed] * 2)
    assert sorted(done) == [False, True]
    assert IntakeChange.objects.count() == 1


def test_no_kind_is_called_as_something_else_that_can_be_closed():
    kinds = set(halting.names()) - {EVERYTHING}
    assert len(kinds) == len(halting.names()) - 1
    assert not any(key.startswith("account") or " " in key for key in kinds)
