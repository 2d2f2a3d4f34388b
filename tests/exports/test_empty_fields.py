"""What is left empty on a page of an account is told as what was expected there."""

import pytest

pytestmark = pytest.mark.django_db
DJANGO = "This field is required."
AT_THE_DOOR = {"/sign-in": 2, "/sign-up": 3, "/admin/login/": 2}
INSIDE = {
    "/password": 3,
    "/account/delete": 1,
    "/account/sign-out-everywhere": 1,
    "/account/second-factor": 1,
    "/account/tokens": 2,
    "/account/contacts": 2,
    "/account/hours": 1,
}


@pytest.mark.parametrize(("address", "fields"), AT_THE_DOOR.items())
def test_at_the_door(address, fields, visitor):
    answer = visitor.post(address, {})
    assert (answer.status_code, answer.text.count("Expected "), DJANGO in answer.text) == (422, fields, False)


@pytest.mark.parametrize(("address", "fields"), INSIDE.items())
def test_inside(address, fields, staff, signed_in):
    answer = signed_in(staff).post(address, {})
    assert (answer.status_code, answer.text.count("Expected "), DJANGO in answer.text) == (422, fields, False)


@pytest.mark.parametrize("platform", ["tiktok", "instagram"])
def test_a_token_of_a_platform(platform, staff, signed_in, settings):
    settings.POSTING = True
    answer = signed_in(staff).post("/account/posting", {"platform": platform})
    assert (answer.status_code, DJANGO in answer.text) == (422, False)
    assert "Expected something for “Token”, got nothing." in answer.text


def test_a_guest_who_has_not_confirmed_has_deleted_nothing(as_guest):
    client, guest = as_guest()
    answer = client.post("/account/delete", {})
    assert "Confirm first that everything shall go. Nothing was deleted." in answer.text
    guest.refresh_from_db()
