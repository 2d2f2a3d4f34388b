"""Passwords are not guessed, and nobody is locked out of their account by who tries."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from exports import guessing
from exports.guessing import TRIES, counted_for_strangers
from exports.models import Allowance, User
from tests.exports.conftest import PASSWORD
from tests.meanwhile import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_while")]
PAGES = ["/sign-in", "/admin/login/"]


@pytest.fixture
def staff(staff):
    staff.set_password(PASSWORD)
    staff.save()
    return staff


def tries(client, password, name="olga", page="/sign-in"):
    return client.post(page, {"username": name, "password": password})


def uses_up(client, name="olga", page="/sign-in"):
    for number in range(TRIES):
        answer = tries(client, f"guess {number}", name, page)
    return answer


AGAIN = [
    (
        "/password",
        "old_password",
        {"new_password1": "another secret of hers", "new_password2": "another secret of hers"},
    ),
    ("/account/sign-out-everywhere", "everywhere-password", {}),
    ("/account/delete", "delete-password", {}),
    ("/account/second-factor", "remove-password", {}),
    ("/account/second-factor/codes", "codes-password", {}),
]


@pytest.mark.parametrize(("page", "field", "more"), AGAIN)
def test_nor_by_who_finds_a_browser_open(page, field, more, staff, signed_in):
    User.objects.filter(pk=staff.pk).update(second_factor_since=timezone.now())
    staff.refresh_from_db()
    client = signed_in(staff)
    for number in range(TRIES):
        wrong = client.post(page, {field: f"guess {number}", **more})
        assert (wrong.status_code, "too many" in wrong.text) == (422, False)
    assert "There were too many wrong passwords. Come back in" in client.post(page, {field: PASSWORD, **more}).text
    kept = User.objects.get(pk=staff.pk)
    assert kept.check_password(PASSWORD)
    assert kept.ends_sessions == staff.ends_sessions


def test_the_admin_has_no_page_of_its_own_to_guess_at(staff, signed_in):
    answer = signed_in(staff).post("/admin/password_change/", {"old_password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/password")


def test_a_right_one_given_again_uses_up_no_try(owner):
    assert all(guessing.is_theirs(owner, PASSWORD) for _ in range(TRIES + 1))


@pytest.mark.parametrize("page", PAGES)
def test_after_so_many_wrong_ones_the_right_one_is_not_even_looked_at(page, staff, owner, client):
    name = staff.username if "admin" in page else owner.username
    assert "too many" not in uses_up(client, name, page).text
    refused = tries(client, PASSWORD, name, page)
    assert "There were too many wrong passwords for this name. Come back in" in refused.text
    assert "_auth_user_id" not in client.session


def test_it_is_said_when_to_come_back_and_then_it_is_open_again(owner, client):
    uses_up(client)
    refused = tries(client, PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    Allowance.objects.update(began=timezone.now() - timedelta(hours=2))
    assert tries(client, PASSWORD).status_code == 302


@pytest.mark.parametrize("page", PAGES)
def test_a_browser_that_has_signed_in_before_is_not_locked_out_by_a_stranger(page, staff, client):
    assert tries(client, PASSWORD, staff.username, page).status_code == 302
    client.session.flush()
    uses_up(Client(), staff.username)
    assert tries(Client(), PASSWORD, staff.username).status_code == 429
    assert tries(client, PASSWORD, staff.username, page).status_code == 302


def test_that_browser_has_no_more_tries_than_a_stranger_and_none_for_other_names(owner, stranger, client):
    tries(client, PASSWORD)
    client.post("/sign-out")
    uses_up(client)
    assert tries(client, PASSWORD).status_code == 429
    uses_up(client, "sten")
    assert tries(Client(), PASSWORD, "sten").status_code == 429


def test_a_cookie_that_nobody_here_has_signed_counts_for_nothing(owner, client):
    client.cookies["browser"] = f"{owner.pk}.abc:forged"
    uses_up(Client())
    assert tries(client, PASSWORD).status_code == 429


def test_names_that_nobody_has_are_refused_in_the_same_way(client, db):
    uses_up(client, "nobody")
    assert tries(client, "guess", "NOBODY").status_code == 429


def test_right_passwords_are_not_counted(owner):
    for _ in range(TRIES + 1):
        assert tries(Client(), PASSWORD).status_code == 302


def test_whatever_is_typed_there_is_a_bounded_number_of_rows(client, db):
    for name in ("a" * 200, "x\x00y", "", "名前"):
        tries(client, "guess", name)
    assert all(len(name) <= 14 for name in Allowance.objects.values_list("name", flat=True))


@pytest.mark.django_db(transaction=True)
def test_many_at_once_have_no_more_tries_together(django_user_model):
    django_user_model.objects.create_user("olga", password=PASSWORD)
    answers = at_once(*[lambda: uses_up(Client()).status_code for _ in range(2)])
    assert 429 in answers
    assert Allowance.objects.get().used == TRIES


def test_staff_finds_who_is_locked_out_by_the_name_and_lets_them_in_again(staff, owner):
    uses_up(Client())
    assert tries(Client(), PASSWORD).status_code == 429
    boss = Client()
    boss.force_login(staff)
    page = "/admin/exports/guardedsignin/"
    row = Allowance.objects.get(name=counted_for_strangers("olga"))
    assert row.name in boss.get(page, {"q": "Olga"}).text
    assert row.name not in boss.get(page, {"q": "sten"}).text
    boss.post(f"{page}{row.pk}/delete/", {"post": "yes"})
    assert tries(Client(), PASSWORD).status_code == 302


def test_only_what_is_counted_for_sign_ins_is_there_and_not_everybody_may_let_in(staff, owner, django_user_model):
    Allowance.objects.create(name="uploads:1", began=timezone.now(), used=3)
    boss, clerk = Client(), Client()
    boss.force_login(staff)
    assert "uploads:1" not in boss.get("/admin/exports/guardedsignin/").text
    clerk.force_login(django_user_model.objects.create_user("clara", password=PASSWORD, is_staff=True))
    assert clerk.get("/admin/exports/guardedsignin/").status_code == 403
