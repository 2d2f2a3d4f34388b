"""The second thing at the door: no session without it, each code once, a way back for who lost the telephone."""

import base64
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from exports import sealing, second_factor
from exports.models import Allowance, CodesOfApp, User
from tests.exports.conftest import PASSWORD
from tests.meanwhile import at_once

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
    device = CodesOfApp.objects.filter(user=staff).order_by("confirmed").last()
    shown = TOTP(device.bin_key, device.step, device.t0, device.digits)
    shown.time = second_factor.timezone.now().timestamp() + 30 * ahead
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


def test_who_presses_on_while_nothing_is_taken_uses_up_no_try_of_the_day(staff, codes, client):
    gives_password(client)
    for _ in range(30):
        answer = client.post("/second-factor", {"code": "000000"})
    assert answer.status_code == 429
    of_the_quarter = Allowance.objects.filter(name__endswith=":900")
    assert of_the_quarter.update(began=second_factor.timezone.now() - timedelta(hours=1)) == 1
    assert client.post("/second-factor", {"code": code_of(staff)}).status_code == 302
    assert is_in(client)


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


def enters_with(code):
    client = Client()
    gives_password(client)
    answer = client.post("/second-factor", {"code": code})
    assert answer.status_code == 302
    return client, client.get("/account").text


def test_who_shows_a_kept_code_reads_how_many_are_left_and_who_shows_the_apps_does_not(staff, codes):
    said = "9 codes for a lost telephone are left."
    assert said in enters_with(codes[0])[1]
    page = enters_with(code_of(staff))[1]
    assert page.count(said) == 1, "the account's page says it, and no message"
    assert "message-" not in page


def test_few_and_none_are_a_warning_with_the_way_to_new_ones(staff, codes):
    StaticToken.objects.filter(pk__in=StaticToken.objects.values("pk")[:6]).delete()
    for code, said in zip(
        (code for code in codes if is_left(code)),
        (
            "3 codes for a",
            "2 codes for a",
            "1 code for a lost telephone is left.",
            "No code for a lost telephone is left.",
        ),
        strict=True,
    ):
        _, page = enters_with(code)
        warning = page.split("message-warning")[1].split("</p>")[0]
        assert said in warning
        assert 'href="/account/second-factor/codes"' in warning


def is_left(code):
    return StaticToken.objects.filter(token=second_factor._kept_of(code.replace("-", ""))).exists()


def test_new_codes_are_made_with_the_password_and_the_old_ones_open_nothing(staff, codes):
    client, _ = enters_with(codes[0])
    assert client.post("/account/second-factor/codes", {"codes-password": "guess"}).status_code == 422
    assert is_left(codes[1])
    page = client.post("/account/second-factor/codes", {"codes-password": PASSWORD}).text
    fresh = re.findall(r"<code>([a-z2-7-]{19})</code>", page)
    assert len(set(fresh) - set(codes)) == 10
    assert is_in(client)
    assert not second_factor.is_right(staff, codes[1])
    assert second_factor.is_right(staff, fresh[0])


def test_without_a_second_factor_there_are_no_codes_to_make(staff, owner, client):
    for user in (staff, owner):
        client.force_login(user)
        assert client.post("/account/second-factor/codes", {"codes-password": PASSWORD}).status_code == 404
        assert "lost telephone" not in client.get("/account").text


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


# As it stands in the database


def kept_key():
    return TOTPDevice.objects.values_list("key", flat=True).get()


def test_the_database_alone_does_not_tell_the_secret(staff, codes):
    secret = CodesOfApp.objects.get().bin_key
    assert len(secret) == 20
    assert kept_key().startswith(sealing.MARK)
    with pytest.raises(ValueError, match="non-hexadecimal"):
        bytes.fromhex(kept_key())
    assert secret not in base64.urlsafe_b64decode(kept_key().removeprefix(sealing.MARK))


def test_two_of_the_same_secret_do_not_look_the_same_and_one_is_no_good_for_another_account(staff, owner, codes):
    secret = CodesOfApp.objects.get().bin_key
    assert sealing.sealed_bytes(secret, of="1") != sealing.sealed_bytes(secret, of="1")
    TOTPDevice.objects.update(user=owner)
    assert CodesOfApp.objects.get().secret is None
    assert not second_factor.is_right(owner, "123456")


def test_what_others_kept_plain_is_good_and_sealed_when_it_is_used(staff, codes):
    TOTPDevice.objects.update(key=CodesOfApp.objects.get().bin_key.hex())
    assert second_factor.is_right(staff, code_of(staff))
    assert kept_key().startswith(sealing.MARK)


def test_with_a_new_secret_key_it_is_opened_with_the_one_before_and_sealed_anew(staff, codes, settings):
    before = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [before]
    assert second_factor.is_right(staff, code_of(staff))
    settings.SECRET_KEY_FALLBACKS = []
    assert second_factor.is_right(staff, code_of(staff, 1)), "the code that was right has sealed it with the new key"


def test_without_the_key_nobody_is_let_in_by_an_app_but_by_a_kept_code_and_the_command_says_why(staff, codes, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, []
    assert not second_factor.is_right(staff, "123456")
    said = StringIO()
    call_command("second_factor", stdout=said)
    assert "its app's codes cannot be checked: the SECRET_KEY has changed" in said.getvalue()
    assert second_factor.is_right(staff, codes[0])


def test_one_that_was_only_offered_is_offered_anew_when_its_key_is_gone(staff, settings):
    lost = second_factor.offered(staff)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, []
    assert second_factor.offered(staff).pk != lost.pk
    assert "otpauth://totp/" in second_factor.offered(staff).config_url


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("which", ["app", "kept"])
def test_of_two_who_show_one_code_at_the_same_moment_one_is_let_in(which, staff, codes):
    code = code_of(staff) if which == "app" else codes[3]
    assert sorted(at_once(*[lambda: second_factor.is_right(staff, code)] * 2)) == [False, True]
