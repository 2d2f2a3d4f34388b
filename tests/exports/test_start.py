import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db
BUTTON = "Start as a guest"


def test_a_visitor_finds_three_ways_in(visitor):
    page = visitor.get("/")
    assert page.status_code == 200
    for name in ("start-as-guest", "sign-up", "sign-in"):
        assert reverse(name) in page.text


def test_where_guests_are_not_welcome_the_button_is_not_shown(visitor, settings):
    assert BUTTON in visitor.get("/").text
    settings.GUESTS_WELCOME = False
    page = visitor.get("/")
    assert BUTTON not in page.text
    assert "guest" not in page.text.lower()


@pytest.mark.parametrize("who", ["owner", "staff"])
def test_who_is_signed_in_goes_straight_to_the_exports_or_to_where_the_first_is_made(who, signed_in, make_job, request):
    account = request.getfixturevalue(who)
    assert signed_in(account).get("/").url == reverse("projects")
    make_job(account)
    assert signed_in(account).get("/").url == reverse("dashboard")


def test_a_guest_does_too_unless_something_is_left_to_be_asked_about(as_guest, make_job):
    client, guest = as_guest()
    assert client.get("/").url == reverse("projects")
    make_job(guest)
    assert client.get("/").url == reverse("dashboard")


def test_the_exports_of_others_lead_nobody_anywhere(owner, stranger, signed_in, make_job):
    make_job(stranger)
    assert signed_in(owner).get("/").url == reverse("projects")


def test_the_page_is_not_kept_by_the_browser_for_the_next_who_signs_in(visitor):
    assert "no-store" in visitor.get("/")["Cache-Control"]


def test_the_page_asks_the_database_nothing_for_a_visitor(visitor, django_assert_num_queries):
    with django_assert_num_queries(0):
        visitor.get("/")
