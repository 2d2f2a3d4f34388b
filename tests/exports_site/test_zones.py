from datetime import UTC, datetime

import pytest
from django.http import HttpResponse
from django.utils import timezone

from exports_site.zones import ViewerZoneMiddleware

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOSTILE = (
    *("Mars/Olympus", "Europe", "../../../etc/passwd", "/etc/passwd", "/etc/localtime", "Europe//Berlin", ".", ""),
    *("UTC\x00", "\x00", "é", "x" * 5000, "Europe/Berlin" + "/" * 100, "tzdata.zi", "Europe/Berlin; Path=/", "\udcff"),
)


@pytest.fixture
def told(rf):
    """The time of noon as a view tells it to a browser with these cookies."""

    def ask(**cookies):
        request = rf.get("/")
        request.COOKIES.update(cookies)
        view = ViewerZoneMiddleware(lambda request: HttpResponse(f"{timezone.localtime(NOON):%H:%M}"))
        return view(request).text

    return ask


def test_a_viewer_whose_zone_is_not_known_is_told_the_installations_time(told, settings):
    assert told() == "12:00"
    settings.TIME_ZONE = "Asia/Tokyo"
    assert told() == "21:00"


@pytest.mark.parametrize(
    ("zone", "time"), [("Asia/Tokyo", "21:00"), ("America/New_York", "07:00"), ("Asia/Kathmandu", "17:45")]
)
def test_times_are_told_in_the_viewers_own_zone(zone, time, told):
    assert told(zone=zone) == time


def test_the_zone_ends_with_the_request(told):
    told(zone="Asia/Tokyo")
    assert timezone.get_current_timezone_name() == "UTC"
    assert told() == "12:00"


def test_the_zone_ends_with_a_request_that_fails(rf):
    request = rf.get("/")
    request.COOKIES["zone"] = "Asia/Tokyo"

    def fails(request):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ViewerZoneMiddleware(fails)(request)
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize("cookie", HOSTILE)
def test_a_cookie_that_names_no_zone_counts_for_nothing(cookie, told):
    assert told(zone=cookie) == "12:00"


@pytest.mark.django_db
def test_the_pages_tell_the_viewers_time(job, owner, client):
    client.force_login(owner)
    assert "20 Nov, 12:00" in client.get("/exports/").text
    client.cookies["zone"] = "Asia/Tokyo"
    assert "20 Nov, 21:00" in client.get("/exports/").text
    client.cookies["zone"] = "Mars/Olympus"
    assert "20 Nov, 12:00" in client.get("/exports/").text
