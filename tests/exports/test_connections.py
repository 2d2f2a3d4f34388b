"""An account on a platform: connected by a token or by the platform's own page, kept sealed, lent, renewed, removed."""

import base64
import hashlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from exports import authorising
from exports.connecting import Grant
from exports.held import Held
from exports.models import Connection
from exports.sealing import sealed
from tests.exports.clips import at, connected
from tests.platforms import EXPIRED, OPTIONS, TOKEN, Platforms

pytestmark = pytest.mark.django_db
PAGE = "/account/posting"


@pytest.fixture
def platforms(settings):
    served = Platforms()
    at(served, settings)
    yield served
    served.stop()


@pytest.fixture
def browser(owner, signed_in, platforms):
    return signed_in(owner)


@pytest.fixture
def app(settings):
    settings.TIKTOK_APP, settings.TIKTOK_SECRET = "key", "hush"
    settings.INSTAGRAM_APP, settings.INSTAGRAM_SECRET = "id", "hush"
    settings.PUBLIC_URL = "https://exports.example.com"


def given(platform, token=TOKEN, **more):
    return {"platform": platform, f"{platform}-token": token} | {f"{platform}-{name}": more[name] for name in more}


@pytest.mark.parametrize(("platform", "name"), [("tiktok", "olga"), ("instagram", "olga.films")])
def test_a_token_is_tried_at_once_and_connects_and_is_never_shown(browser, owner, platform, name):
    page = browser.post(PAGE, given(platform), follow=True)
    assert f"is connected as {name}." in page.text
    assert f"Connected as <bdi>{name}</bdi>." in page.text
    assert TOKEN not in page.text
    row = Connection.objects.get(owner=owner)
    assert TOKEN not in row.secrets
    assert row.lent()["token"] == TOKEN


def test_a_token_that_the_platform_does_not_take_is_said_where_it_was_typed(browser):
    for platform in ("tiktok", "instagram"):
        answer = browser.post(PAGE, given(platform, EXPIRED))
        assert (answer.status_code, "does not take this token" in answer.text) == (422, True)
        assert EXPIRED not in answer.text
    assert not Connection.objects.exists()


@pytest.mark.parametrize("typed", ["nonsense 😀", "two words", "a\tb"])
def test_what_can_be_no_token_is_said_and_asked_of_nobody(browser, platforms, typed):
    answer = browser.post(PAGE, given("tiktok", typed))
    assert (answer.status_code, "This is no token" in answer.text) == (422, True)
    assert platforms.asked == []


def test_an_account_that_the_token_does_not_reach_is_asked_for_again(browser):
    answer = browser.post(PAGE, given("instagram", account="@somebody"), follow=True)
    assert "Which account is meant? This token reaches olga.films." in answer.text
    assert browser.post(PAGE, given("instagram", account="@Olga.Films")).status_code == 302


def test_a_platform_that_does_not_answer_is_said(browser, platforms):
    platforms.upset["/v2/"] = [(503, {})]
    assert "Try again in a moment." in browser.post(PAGE, given("tiktok")).text


def test_removed_its_token_is_gone(browser, owner):
    connected(owner, "tiktok")
    page = browser.post(reverse("connection-remove", args=["tiktok"]), follow=True)
    assert "is removed, and its token deleted" in page.text
    assert not Connection.objects.exists()


def test_it_is_each_persons_own_and_no_guests(browser, owner, stranger, signed_in, as_guest, visitor):
    connected(owner, "tiktok")
    hers = signed_in(stranger)
    assert "Connected as" not in hers.get(PAGE).text
    hers.post(reverse("connection-remove", args=["tiktok"]))
    assert Connection.objects.count() == 1
    guest, account = as_guest()
    assert "Sign up" in guest.post(PAGE, given("tiktok")).text
    assert not Connection.objects.filter(owner=account).exists()
    assert visitor.get(PAGE).status_code == 302


# With an app of the operator's


def test_without_an_app_there_is_no_way_to_the_platforms_page(browser):
    assert reverse("connection-go", args=["tiktok"]) not in browser.get(PAGE).text
    assert browser.get(reverse("connection-go", args=["tiktok"])).status_code == 404


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("platform", ["tiktok", "instagram"])
def test_the_platform_asks_the_person_and_the_code_is_changed_for_a_token(browser, owner, platforms, platform):
    asked = urlsplit(browser.get(reverse("connection-go", args=[platform])).url)
    query = {name: values[0] for name, values in parse_qs(asked.query).items()}
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == f"https://exports.example.com/account/posting/{platform}/back"
    assert "hush" not in asked.query
    platforms.codes["c1"] = base64.urlsafe_b64decode(query["code_challenge"] + "==")
    back = reverse("connection-back", args=[platform])
    page = browser.get(back, {"code": "c1", "state": query["state"]}, follow=True)
    assert "is connected as" in page.text
    row = Connection.objects.get(owner=owner, platform=platform)
    assert row.expires_at > timezone.now()
    assert row.renewable == (platform == "tiktok")
    again = browser.get(back, {"code": "c1", "state": query["state"]}, follow=True)
    assert "belongs to no question of this browser" in again.text, "a state is good for one answer"


@pytest.mark.usefixtures("app")
def test_an_answer_with_another_state_or_for_another_platform_connects_nothing(browser, platforms):
    for back, state in (("tiktok", "x"), ("instagram", None)):
        query = parse_qs(urlsplit(browser.get(reverse("connection-go", args=["tiktok"])).url).query)
        platforms.codes["c1"] = hashlib.sha256(b"").digest()
        answer = {"code": "c1", "state": state or query["state"][0]}
        page = browser.get(reverse("connection-back", args=[back]), answer, follow=True)
        assert "belongs to no question" in page.text
    assert not Connection.objects.exists()


@pytest.mark.usefixtures("app")
def test_who_says_no_there_has_connected_nothing_and_who_brings_a_wrong_code_neither(browser):
    for more, said in (({"error": "access_denied"}, "it was not allowed there"), ({"code": "wrong"}, "gave no token")):
        query = parse_qs(urlsplit(browser.get(reverse("connection-go", args=["tiktok"])).url).query)
        page = browser.get(
            reverse("connection-back", args=["tiktok"]), {"state": query["state"][0], **more}, follow=True
        )
        assert said in page.text
    assert not Connection.objects.exists()


# Where a token reaches several accounts


@pytest.fixture
def several(platforms):
    platforms.accounts = {"178": "olga.films", "179": "olga.boats", "180": ""}
    return platforms


ASKS = "Which account is meant? This token reaches olga.films, olga.boats, 180."


def chosen(account):
    return {"platform": "instagram", "account": account}


@pytest.fixture
def allowed(browser, app, several):
    """The page that somebody comes back to who has allowed it on Instagram."""
    query = parse_qs(urlsplit(browser.get(reverse("connection-go", args=["instagram"])).url).query)
    several.codes["c1"] = base64.urlsafe_b64decode(query["code_challenge"][0] + "==")
    back = {"code": "c1", "state": query["state"][0]}
    return browser.get(reverse("connection-back", args=["instagram"]), back, follow=True)


@pytest.mark.parametrize(("account", "number"), [("olga.boats", "179"), ("180", "180")])
def test_who_has_allowed_it_there_chooses_here_which_account_is_meant(browser, allowed, account, number):
    assert (allowed.status_code, ASKS in allowed.text, TOKEN in allowed.text) == (200, True, False)
    page = browser.post(PAGE, chosen(account), follow=True)
    assert "Instagram is connected as" in page.text
    assert ASKS not in page.text
    row = Connection.objects.get()
    assert (row.account_id, row.lent()["token"]) == (number, TOKEN)
    assert row.expires_at > timezone.now() + timedelta(days=50)
    assert ASKS not in browser.get(PAGE).text


def test_the_question_is_still_there_when_its_page_is_loaded_again(browser, allowed, platforms):
    assert allowed.redirect_chain == [(PAGE, 302)], "and its address has no code that is good no more"
    platforms.asked.clear()
    assert ASKS in browser.get(PAGE).text
    assert platforms.asked == []
    assert browser.post(PAGE, chosen("olga.boats")).status_code == 302
    assert Connection.objects.get().account_id == "179"


def test_what_the_browser_holds_is_sealed_ends_by_itself_and_goes_with_the_account(browser, allowed):
    held = browser.cookies["posting-account"]
    assert TOKEN not in held.value
    assert (held["max-age"], held["path"], held["httponly"], held["samesite"]) == (1800, PAGE, True, "Lax")
    browser.post(reverse("connection-remove", args=["instagram"]))
    assert ASKS not in browser.get(PAGE).text


@pytest.mark.usefixtures("several")
def test_who_gave_a_token_chooses_without_giving_it_again(browser):
    page = browser.post(PAGE, given("instagram"), follow=True)
    assert TOKEN not in page.text
    browser.post(PAGE, chosen("olga.films"))
    assert Connection.objects.get().account_id == "178"


def test_where_more_accounts_are_reached_than_a_browser_keeps_its_name_is_asked_for_beside_the_token(
    browser, platforms
):
    platforms.accounts = {str(number): f"a.very.long.name.of.olga.{number:05}" for number in range(178, 278)}
    answer = browser.post(PAGE, given("instagram"))
    assert (answer.status_code, "Which account is meant?" in answer.text) == (422, True)
    browser.post(PAGE, given("instagram", account="a.very.long.name.of.olga.00200"))
    assert Connection.objects.get().account_id == "200"


def test_the_question_stays_where_its_answer_could_not_be_used(browser, allowed, platforms):
    answer = browser.post(PAGE, chosen("somebody"))
    assert (answer.status_code, "somebody is not one of" in answer.text) == (422, True)
    platforms.upset["/v24.0/me"] = [(503, {})]
    answer = browser.post(PAGE, chosen("olga.films"))
    assert (answer.status_code, "Try again in a moment." in answer.text) == (422, True)
    assert browser.post(PAGE, chosen("olga.films")).status_code == 302
    assert Connection.objects.get().name == "olga.films"


def test_an_answer_is_good_for_its_own_person_and_platform_and_for_a_while(
    browser, owner, stranger, signed_in, allowed
):
    held, late = browser.cookies["posting-account"].value, timezone.now() - timedelta(hours=1)
    old, hers = HttpResponse(), signed_in(stranger)
    Held(platform="instagram", grant=Grant(token=TOKEN), names=("olga.films",)).give(old, owner, late)
    for who, text, platform in (
        (hers, held, "instagram"),
        (browser, held, "tiktok"),
        *((browser, each, "instagram") for each in (old.cookies["posting-account"].value, sealed({"token": TOKEN}))),
        *((browser, each, "instagram") for each in ("nonsense", "")),
    ):
        who.cookies["posting-account"] = text
        page = who.post(PAGE, {"platform": platform, "account": "olga.films"}, follow=True)
        assert "That question was open for too long. Connect the account again." in page.text
    assert not Connection.objects.exists()


# Renewing


def ending(owner, *, hours, renew="rft.good"):
    ends = timezone.now() + timedelta(hours=hours)
    secrets = {"token": "old", "renew": renew}
    return Connection.connect(owner, "tiktok", account={"name": "olga"}, secrets=secrets, expires_at=ends)


@pytest.mark.usefixtures("app", "platforms")
def test_a_token_that_ends_soon_is_renewed_before_it_does(owner):
    row = ending(owner, hours=1)
    assert authorising.renew(timezone.now()).renewed == 1
    row.refresh_from_db()
    assert row.lent()["token"] == TOKEN
    assert row.expires_at > timezone.now() + timedelta(hours=20)
    assert authorising.renew(timezone.now()).asked == 0


@pytest.mark.usefixtures("app", "platforms")
def test_one_that_is_good_for_long_is_left_alone_and_a_refusal_is_not_asked_every_moment(owner):
    ending(owner, hours=20)
    assert authorising.renew(timezone.now()).asked == 0
    ending(owner, hours=1, renew="rft.wrong")
    assert [authorising.renew(timezone.now()).asked for _ in range(2)] == [1, 0]
    assert authorising.renew(timezone.now() + timedelta(minutes=11)).asked == 1


def test_connected_anew_meanwhile_the_new_token_stands(owner):
    old = ending(owner, hours=1)
    connected(owner, "tiktok")
    assert not old.renewed({"token": "late"}, timezone.now())
    assert Connection.objects.get().lent()["token"] == TOKEN


def test_what_was_heard_of_the_account_before_is_not_told_of_the_one_that_is_connected_now(owner):
    connected(owner, "tiktok")
    old = Connection.objects.get()
    connected(owner, "tiktok")
    old.heard({"privacy": ["SELF_ONLY"], "called": "Her sister"})
    assert Connection.objects.get().facts == {"privacy": OPTIONS}
    Connection.objects.get().heard({"privacy": ["SELF_ONLY"]})
    assert Connection.objects.get().facts == {"privacy": ["SELF_ONLY"]}


def test_of_two_that_would_renew_one_does(owner):
    row, now = ending(owner, hours=1), timezone.now()
    assert [row.claim_renewing(now) for _ in range(2)] == [True, False]


# Answers of another shape


@pytest.mark.parametrize("platform", ["tiktok", "instagram"])
@pytest.mark.parametrize("told", [7, None, [], "<html>", {"data": 7}, {"data": {}}, {}])
def test_an_answer_of_another_shape_connects_nothing_and_is_said(browser, platforms, platform, told):
    platforms.upset["/v"] = [(200, told)]
    answer = browser.post(PAGE, given(platform))
    assert (answer.status_code, "Try again in a moment." in answer.text) == (422, True)
    assert not Connection.objects.exists()


def test_a_page_whose_account_is_of_another_shape_is_none_that_is_reached(browser, platforms):
    platforms.upset["/v24.0"] = [(200, {"data": [7, {"instagram_business_account": "178"}]})]
    assert "reaches no professional Instagram account" in browser.post(PAGE, given("instagram")).text


def test_what_no_database_takes_is_not_kept_of_a_name(browser, platforms):
    name = {"creator_username": "ol\0ga\ud83c", "creator_nickname": "half \ud83c", "privacy_level_options": 7}
    platforms.upset["/v2"] = [(200, {"data": name, "error": {"code": "ok"}})]
    assert browser.post(PAGE, given("tiktok")).status_code == 302
    row = Connection.objects.get()
    assert (row.name, row.facts) == ("olga", {"privacy": [], "called": "half "})


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("token", [7, "two words", "line\r\nline", "\ud83c", None])
def test_what_can_be_no_token_is_none_though_the_platform_gave_it(owner, platforms, token):
    ending(owner, hours=1)
    platforms.upset["/v2/oauth"] = [(200, {"access_token": token, "expires_in": "soon", "refresh_token": [1]})]
    assert authorising.renew(timezone.now()).renewed == 0
