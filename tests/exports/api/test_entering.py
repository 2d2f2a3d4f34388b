"""Who gets in, and how it is told to who does not."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from exports.api import pace
from exports.models import Allowance, Token
from tests.exports.api.conftest import Script

pytestmark = pytest.mark.django_db


def refused(answer, status, code):
    told = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, told["status"], told["type"]) == (status, status, f"/api/docs#problem-{code}")
    assert told["detail"].endswith(".")
    assert told["title"]
    return told


def test_a_token_lets_its_owner_in(olgas, owner):
    assert olgas.get("/me").json()["name"] == "olga"
    assert Token.objects.get().used_at is not None


def test_a_token_is_kept_as_a_digest_alone(owner):
    token, shown = Token.make(owner, name="nightly", scope="write")
    assert Token.find(shown) == token
    row = " ".join(str(value) for value in Token.objects.values_list().get())
    secret = shown.split("_", 2)[2]
    assert secret not in row
    assert shown not in repr(token) + str(token)


@pytest.mark.parametrize("nonsense", ["", "lh_", "lh_x_y", "x", "lh_" + "a" * 5000, "lh_é_é", "lh_\x00_\x00"])
def test_what_is_no_token_lets_nobody_in(nonsense, db):
    assert Token.find(nonsense) is None
    told = refused(Script(nonsense or "x").get("/me"), 401, "signed-out")
    assert "Bearer" in told["detail"]


def test_without_anything_it_says_how_to_get_in(script):
    answer = script().get("/me")
    refused(answer, 401, "signed-out")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_token_that_was_taken_back_lets_nobody_in(olgas):
    assert Token.objects.get().revoke(timezone.now())
    refused(olgas.get("/me"), 401, "signed-out")


def test_the_token_of_a_closed_account_lets_nobody_in(olgas, owner):
    owner.is_active = False
    owner.save(update_fields=("is_active",))
    refused(olgas.get("/me"), 401, "signed-out")


def test_who_asks_for_the_head_alone_is_answered_as_by_a_get(olgas, script):
    asked = [each.client.head("/api/v1/me", headers=each.headers) for each in (olgas, script())]
    assert [(each.status_code, each.content) for each in asked] == [(200, b""), (401, b"")]
    assert asked[0]["ETag"] == olgas.get("/me")["ETag"]
    refused = olgas.client.head("/api/v1/exports/check", headers=olgas.headers)
    assert (refused.status_code, refused["Allow"]) == (405, "POST")


def test_a_token_that_may_only_see_changes_nothing(script, owner):
    reader = script(owner, scope="read")
    assert reader.get("/projects").status_code == 200
    told = refused(reader.post("/projects", {"name": "Holiday"}), 403, "forbidden")
    assert "only see" in told["detail"]
    assert not owner.projects.exists()


def test_a_session_sees_without_more_and_changes_with_its_csrf_token(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert browser.get("/api/v1/me").json()["name"] == "olga"
    ask = {"path": "/api/v1/projects", "data": {"name": "Holiday"}, "content_type": "application/json"}
    refused(browser.post(**ask), 403, "forbidden")
    browser.get("/projects/")
    crumb = browser.cookies["csrftoken"].value
    assert browser.post(**ask, headers={"X-CSRFToken": crumb}).status_code == 201


def test_a_token_needs_no_csrf_token(owner):
    _, shown = Token.make(owner, name="script", scope="write")
    browser = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {shown}"})
    made = browser.post("/api/v1/projects", {"name": "Holiday"}, content_type="application/json")
    assert made.status_code == 201


def test_a_token_that_is_used_each_second_is_written_each_minute(olgas, django_assert_num_queries):
    olgas.get("/kinds")
    with django_assert_num_queries(1):
        olgas.get("/kinds")


# Not too often


@pytest.mark.usefixtures("in_one_while")
def test_too_many_changes_are_told_when_to_come_back(olgas, settings):
    settings.API_CHANGES_A_MINUTE = 2
    for _ in range(2):
        assert olgas.post("/projects", {"name": "Holiday"}).status_code == 201
    answer = olgas.post("/projects", {"name": "Holiday"})
    told = refused(answer, 429, "too-many")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert answer["Retry-After"] in told["detail"]


@pytest.mark.usefixtures("in_one_while")
def test_one_accounts_haste_is_not_anothers(olgas, script, stranger, settings):
    settings.API_CHANGES_A_MINUTE = 1
    olgas.post("/projects", {"name": "Holiday"})
    assert olgas.post("/projects", {"name": "Holiday"}).status_code == 429
    assert script(stranger).post("/projects", {"name": "Holiday"}).status_code == 201


def test_too_many_questions_too(olgas, settings, monkeypatch):
    settings.API_QUESTIONS_A_MINUTE = 2
    monkeypatch.setattr(pace, "questions", pace.Questions(clock=lambda: 119.0))
    assert [olgas.get("/kinds").status_code for _ in range(3)] == [200, 200, 429]


def test_a_minute_of_questions_begins_anew():
    now = [59.0]
    questions = pace.Questions(clock=lambda: now[0])
    assert (questions.take(1, 1), questions.take(1, 1)) == (0.0, 1.0)
    now[0] = 60.0
    assert questions.take(1, 1) == 0.0


def test_an_allowance_is_so_many_in_each_while(clock):
    def take(seconds=0):
        return Allowance.take("guest", most=2, seconds=60, now=clock.pass_by(seconds))

    assert [take(), take(1), take(1)] == [0.0, 0.0, 58.0]
    assert take(57) == 1.0
    assert take(1) == 0.0
    assert Allowance.take("other", most=2, seconds=60, now=clock.now) == 0.0
    assert Allowance.take("guest", most=2, seconds=60, now=clock.now - timedelta(seconds=30)) == 0.0
    assert Allowance.take("guest", most=2, seconds=60, now=clock.now) > 0


def test_a_clock_that_was_far_ahead_closes_no_door_for_longer_than_a_while(clock):
    late = clock.now + timedelta(days=365)
    assert [Allowance.take("guest", most=1, seconds=60, now=late) for _ in range(2)] == [0.0, 60.0 - late.second]
    assert Allowance.take("guest", most=1, seconds=60, now=clock.now) == 0.0
    assert Allowance.take("guest", most=1, seconds=60, now=clock.now) > 0


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_are_first_at_the_same_moment_each_is_counted(clock):
    ready, waits = threading.Barrier(8), []

    def take():
        try:
            ready.wait()
            waits.append(Allowance.take("guest", most=5, seconds=60, now=clock.now))
        finally:
            connection.close()

    takers = [threading.Thread(target=take) for _ in range(8)]
    for each in takers:
        each.start()
    for each in takers:
        each.join()
    assert sorted(waits) == [0.0] * 5 + [60.0] * 3


# The person's own page of tokens


def test_a_token_is_shown_once_and_taken_back(owner, signed_in):
    browser = signed_in(owner)
    page = browser.post("/account/tokens", {"name": "nightly", "scope": "write"}).text
    shown = page.partition('value="lh_')[2].partition('"')[0]
    script = Script(f"lh_{shown}")
    assert script.get("/me").status_code == 200
    again = browser.get("/account/tokens").text
    assert shown not in again
    assert "nightly" in again
    browser.post(f"/account/tokens/{Token.objects.get().pk}/revoke")
    assert script.get("/me").status_code == 401
    assert "nightly" not in browser.get("/account/tokens").text.partition("<main")[2].partition("</ul>")[2]


def test_nobody_takes_back_the_token_of_another(owner, stranger, signed_in, olgas):
    assert signed_in(stranger).post(f"/account/tokens/{Token.objects.get().pk}/revoke").status_code == 404
    assert olgas.get("/me").status_code == 200


def test_a_token_without_a_name_is_refused_with_a_sentence(owner, signed_in):
    page = signed_in(owner).post("/account/tokens", {"name": "", "scope": "write"})
    assert page.status_code == 422
    assert "Expected a name" in page.text
