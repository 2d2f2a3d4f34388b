import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exports.history import PAGE

pytestmark = pytest.mark.django_db


def titles(page):
    return re.findall(r'class="export-name"[^>]*><bdi>([^<]*)<', page.text)


def older(page):
    found = re.search(r'href="/exports/(\?before=[^"]+)">Older exports', page.text)
    return found and found[1]


def test_a_visitor_is_led_to_the_sign_in_and_back(visitor):
    assert visitor.get("/exports/").url == f"{reverse('sign-in')}?next=/exports/"


def test_without_exports_it_says_so(owner, signed_in):
    page = signed_in(owner).get("/exports/")
    assert (page.status_code, titles(page)) == (200, [])
    assert "No exports yet" in page.text


@pytest.mark.parametrize("who", ["owner", "stranger", "staff", "guest"])
def test_everybody_sees_their_own_exports_and_no_others(who, owner, stranger, staff, signed_in, as_guest, make_job):
    client, guest = as_guest()
    accounts = {"owner": owner, "stranger": stranger, "staff": staff, "guest": guest}
    for name, account in accounts.items():
        make_job(account, f"Of {name}")
    page = (client if who == "guest" else signed_in(accounts[who])).get("/exports/")
    assert titles(page) == [f"Of {who}"]
    assert page.text.count("Of ") == page.text.count(f"Of {who}"), "the indicator too"


def test_only_a_guest_is_told_to_be_one(owner, signed_in, as_guest):
    client, _ = as_guest()
    assert "You are here as a guest" in client.get("/exports/").text
    assert "You are here as a guest" not in signed_in(owner).get("/exports/").text


def test_the_newest_comes_first(owner, signed_in, make_job):
    for title in ("First", "Second", "Third"):
        make_job(owner, title)
    assert titles(signed_in(owner).get("/exports/")) == ["Third", "Second", "First"]


def test_each_export_says_how_it_stands_and_leads_to_its_page(owner, signed_in, make_job, tracker):
    job = make_job(owner, "Holiday")
    tracker.update_progress_incremental(job.pk, 45, 90, "frames", stage="process")
    page = signed_in(owner).get("/exports/").text
    assert reverse("progress:job", args=[job.pk]) in page
    assert "Rendering · 54 %" in page
    assert 'class="job-fill bp54"' in page


def test_a_list_goes_on_being_true_while_any_of_it_is_under_way(owner, signed_in, make_job, tracker):
    job, client = make_job(owner, "Holiday"), signed_in(owner)
    tracker.update_progress_incremental(job.pk, 45, 90, "frames", stage="process")
    again = asks(client.get("/exports/", {"q": "holi"}))
    assert again.startswith(f"{reverse('listed')}?q=holi&v=")
    assert client.get(again).status_code == 204
    tracker.update_progress_incremental(job.pk, 80, 90, "frames", stage="process")
    moved = client.get(again)
    assert (moved.status_code, titles(moved)) == (200, ["Holiday"])
    assert "Rendering · 54 %" not in moved.text
    tracker.finalize(job.pk)
    tracker.complete(job.pk)
    over = client.get(asks(moved))
    assert titles(over) == ["Holiday"]
    assert asks(over) is None, "nothing will change by itself"


def asks(page):
    found = re.search(r'id="export-list"[^>]* hx-get="([^"]+)"', page.text)
    return found and found[1].replace("&amp;", "&")


def test_what_comes_while_a_list_is_open_is_in_it(owner, stranger, signed_in, make_job):
    make_job(owner, "Holiday")
    client = signed_in(owner)
    again = asks(client.get("/exports/"))
    make_job(stranger, "Foreign")
    assert client.get(again).status_code == 204
    make_job(owner, "Harbour")
    assert titles(client.get(again)) == ["Harbour", "Holiday"]


def test_a_title_is_text_and_nothing_more(owner, signed_in, make_job):
    make_job(owner, "<script>alert(1)</script>")
    page = signed_in(owner).get("/exports/").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_no_page_is_longer_than_it_says_and_the_older_ones_follow_without_gap_or_repetition(owner, signed_in, make_job):
    made = [make_job(owner, f"Reel {number}").title for number in range(2 * PAGE + 1)]
    client, seen, query = signed_in(owner), [], ""
    while query is not None:
        page = client.get(f"/exports/{query}")
        assert 0 < len(titles(page)) <= PAGE
        seen += titles(page)
        query = older(page)
    assert seen == made[::-1]


def test_a_full_page_with_nothing_older_offers_no_older_one(owner, signed_in, make_job):
    for _ in range(PAGE):
        make_job(owner)
    page = signed_in(owner).get("/exports/")
    assert (len(titles(page)), older(page)) == (PAGE, None)


def test_an_older_page_starts_at_any_moment_in_any_zone(owner, signed_in, make_job):
    early, late = make_job(owner, "Early"), make_job(owner, "Late")
    client = signed_in(owner)
    moment = late.created_at.isoformat()
    assert titles(client.get("/exports/", {"before": moment})) == [early.title]
    assert titles(client.get(f"/exports/?before={moment}")) == [early.title], "with a + that became a blank"
    shifted = (late.created_at + timedelta(hours=9)).replace(tzinfo=None).isoformat() + "+09:00"
    assert titles(client.get("/exports/", {"before": shifted})) == [early.title]


def test_before_shows_nothing_of_others(owner, stranger, signed_in, make_job):
    make_job(stranger, "Foreign")
    assert titles(signed_in(owner).get("/exports/", {"before": "2100-01-01T00:00:00+00:00"})) == []


NONSENSE = (
    *("yesterday", "0", "-1", "2026", "2026-11-20", "2026-11-20T12:00:00", "2026-02-30T00:00:00+00:00"),
    *("2026-11-20T25:00:00+00:00", "'; DROP TABLE progress_job; --", "\x00", "ß" * 5000, "９" * 4),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-20T12:00:00+99:99", "{}", "[]"),
)


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_in_the_address_starts_at_the_newest(nonsense, owner, signed_in, make_job):
    make_job(owner, "Holiday")
    page = signed_in(owner).get("/exports/", {"before": nonsense})
    assert (page.status_code, titles(page)) == (200, ["Holiday"])


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
def test_the_ends_of_time_are_moments_too(edge, owner, signed_in):
    assert signed_in(owner).get("/exports/", {"before": edge}).status_code == 200


def test_fifty_exports_cost_no_more_queries_than_five(owner, stranger, signed_in, make_job):
    def cost(account):
        client = signed_in(account)
        with CaptureQueriesContext(connection) as queries:
            client.get("/exports/")
        return len(queries)

    for _ in range(5):
        make_job(owner)
    for _ in range(50):
        make_job(stranger)
    assert cost(owner) == cost(stranger) <= 5, (
        "who asks, what they are owed, their projects, the page and the indicator"
    )


def test_the_page_is_not_kept_by_the_browser_for_the_next_who_signs_in(owner, signed_in):
    assert "no-store" in signed_in(owner).get("/exports/")["Cache-Control"]
