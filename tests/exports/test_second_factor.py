"""The second thing at the door: no session without it, each code once, a way back for who lost the telephone."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from exports import second_factor
from exports.models import Allowance, User
from tests.exports.conftest import PASSWORD
from tests.progress.test_race import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_while")]


@pytest.fixture
def staff(staff):
    staff.set_password(PASSWORD)
    staff.save()
    return staff


@pytest.fixture
def codes(staff):
    """Of the staff's account, set up on its page."""
    return set_up(staff, Client())


def code_of(staff, ahead=0):
    """What the app shows, so many half minutes from now: each is good once."""
    device = TOTPDevice.objects.filter(user=staff).order_by("confirmed").last()
    shown = TOTP(device.bin_key, device.step, device.t0, device.digits)
    shown.time = timezone.now().timestamp() + 30 * ahead
    return f"{shown.token():06d}"


def set_up(staff, client):
    client.force_login(staff)
    assert "<svg" in client.get("/account/second-factor").text
    page = client.post("/account/second-factor", {"code": code_of(staff, -1)}).text
    return re.findall(r"<code>([a-z2-7-]{19})</code>", page)


def gives_password(client, page="/sign-in", **more):
    return client.post(page, {"username": "stella", "password": PASSWORD, **more})


def is_in(client):
    return client.get("/account").status_code == 200


@pytest.mark.parametrize(("page", "then"), [("/sign-in", "/exports/"), ("/admin/login/", "/admin/")])
def test_the_password_alone_opens_nothing_and_the_code_opens_what_was_wanted(page, then, staff, codes):
    client = Client()
    assert gives_password(client, f"{page}?next={then}")["Location"] == "/second-factor"
    assert "_auth_user_id" not in client.session
    assert client.get("/admin/").status_code == 302
    assert not is_in(client)
    assert 'autocomplete="one-time-code"' in client.get("/second-factor").text
    assert client.post("/second-factor", {"code": code_of(staff)})["Location"] == then
    assert is_in(client)
    assert client.get("/admin/").status_code == 200


def test_without_a_right_password_there_is_no_second_question(staff, codes, client):
    client.post("/sign-in", {"username": "stella", "password": "guess"})
    assert client.get("/second-factor")["Location"] == "/sign-in"
    assert client.post("/second-factor", {"code": code_of(staff)})["Location"] == "/sign-in"
    assert not is_in(client)


def test_a_wrong_code_and_one_that_was_used_open_nothing(staff, codes):
    first, second = Client(), Client()
    gives_password(first)
    used = code_of(staff)
    assert first.post("/second-factor", {"code": "000000"}).status_code == 422
    assert first.post("/second-factor", {"code": used}).status_code == 302
    gives_password(second)
    answer = second.post("/second-factor", {"code": used})
    assert (answer.status_code, is_in(second)) == (422, False)
    assert "used already" in answer.text


def test_codes_are_not_guessed(staff, codes, client):
    gives_password(client)
    answers = [client.post("/second-factor", {"code": f"{number:06d}"}) for number in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 900
    assert client.post("/second-factor", {"code": code_of(staff)}).status_code == 429
    assert not is_in(client)


def test_a_right_code_uses_up_no_try(staff, codes):
    assert second_factor.wait_of(staff) == 0
    assert second_factor.is_right(staff, code_of(staff))
    assert set(Allowance.objects.filter(name__startswith="second-factor").values_list("used", flat=True)) <= {0, 1}


def test_a_kept_code_opens_the_door_once_and_is_not_in_the_database(staff, codes):
    assert len(set(codes)) == 10
    assert not StaticToken.objects.filter(token__in=[code.replace("-", "")[:16] for code in codes]).exists()
    for status in (302, 422):
        client = Client()
        gives_password(client)
        assert client.post("/second-factor", {"code": codes[0].upper()}).status_code == status


def test_the_question_is_open_for_minutes_and_ends_with_a_changed_password(staff, codes, client, monkeypatch):
    gives_password(client)
    session = client.session
    session[second_factor.AWAITED] |= {"at": second_factor.timezone.now().timestamp() - 601}
    session.save()
    client.cookies["sessionid"] = session.session_key
    assert client.get("/second-factor")["Location"] == "/sign-in"
    gives_password(client)
    staff.refresh_from_db()
    staff.set_password("another long secret")
    staff.save()
    assert client.get("/second-factor")["Location"] == "/sign-in"


def test_setting_it_up_ends_every_other_session_and_keeps_this_one(staff):
    other, this = Client(), Client()
    other.force_login(staff)
    assert len(set_up(staff, this)) == 10
    assert (is_in(this), is_in(other)) == (True, False)


def test_a_code_that_is_not_the_apps_sets_up_nothing(staff, client):
    client.force_login(staff)
    client.get("/account/second-factor")
    assert client.post("/account/second-factor", {"code": "123"}).status_code == 422
    staff.refresh_from_db()
    assert staff.second_factor_since is None


def test_whoever_is_not_staff_is_not_asked_and_has_no_such_page(owner, client):
    assert client.post("/sign-in", {"username": "olga", "password": PASSWORD})["Location"] == "/projects/"
    assert client.get("/account/second-factor").status_code == 404
    assert "second factor" not in client.get("/account").text


def test_where_it_is_required_a_session_from_before_ends_and_the_door_sets_it_up(staff, owner, settings):
    before, hers, client = Client(), Client(), Client()
    before.force_login(staff)
    hers.force_login(owner)
    settings.STAFF_SECOND_FACTOR = "required"
    assert (is_in(before), is_in(hers)) == (False, True)
    assert gives_password(client)["Location"] == "/second-factor"
    assert "<svg" in client.get("/second-factor").text
    assert not is_in(client)
    answer = client.post("/second-factor", {"code": code_of(staff)})
    assert (answer.status_code, is_in(client)) == (200, True)
    assert answer.text.count("<li><code>") == 10


def test_it_is_taken_away_with_the_password(staff, codes, settings):
    client = Client()
    gives_password(client)
    client.post("/second-factor", {"code": code_of(staff)})
    assert client.post("/account/second-factor", {"remove-password": "guess"}).status_code == 422
    settings.STAFF_SECOND_FACTOR = "required"
    assert client.post("/account/second-factor", {"remove-password": PASSWORD})["Location"] == "/second-factor"
    assert not TOTPDevice.objects.exists()
    assert not is_in(client)
    assert "<svg" in client.get("/second-factor").text


def test_the_command_lets_in_who_has_lost_everything(staff, codes, owner):
    inside, said = Client(), StringIO()
    inside.force_login(User.objects.get(pk=staff.pk))
    call_command("second_factor", remove="stella", stdout=said)
    assert "is taken away" in said.getvalue()
    assert not is_in(inside)
    assert gives_password(Client())["Location"] == "/projects/"
    with pytest.raises(CommandError, match="no second factor"):
        call_command("second_factor", remove="stella")
    with pytest.raises(CommandError, match="no account"):
        call_command("second_factor", remove="nobody")
    call_command("second_factor", stdout=said)
    assert "stella: none" in said.getvalue()
    assert "olga" not in said.getvalue()


def test_the_secret_is_on_no_page_of_the_admin(staff, codes):
    client, device = Client(), TOTPDevice.objects.get()
    client.force_login(User.objects.get(pk=staff.pk))
    for page in ("/admin/", f"/admin/exports/user/{staff.pk}/change/"):
        answer = client.get(page)
        assert answer.status_code == 200
        assert device.key not in answer.text
    assert client.get(f"/admin/otp_totp/totpdevice/{device.pk}/change/").status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("which", ["app", "kept"])
def test_of_two_who_show_one_code_at_the_same_moment_one_is_let_in(which, staff, codes):
    code = code_of(staff) if which == "app" else codes[3]
    assert sorted(at_once(*[lambda: second_factor.is_right(staff, code)] * 2)) == [False, True]
