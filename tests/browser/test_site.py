"""A visitor looks around in a real browser; the policy of the page refuses nothing on the way."""

import pytest
from playwright.sync_api import expect

from progress.models import Job
from progress.tracker import ProgressTracker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_guest_starts_at_once_and_keeps_everything_by_signing_up(visitor, django_user_model):
    visitor.goto("/")
    visitor.get_by_role("button", name="Start as a guest").click()
    expect(visitor.get_by_role("heading", name="Make your first film")).to_be_visible()
    guest = django_user_model.objects.get()
    ProgressTracker().create("film@1", title="Holiday", owner=guest)

    visitor.get_by_role("link", name="Keep my work").click()
    visitor.get_by_label("Username").fill("gudrun")
    visitor.get_by_label("Password:", exact=True).fill("12345678")
    visitor.get_by_label("Password confirmation").fill("12345678")
    visitor.get_by_role("button", name="Sign up").click()
    expect(visitor.get_by_text("This password is too common.")).to_be_visible()
    expect(visitor.get_by_label("Username")).to_have_value("gudrun")

    visitor.get_by_label("Password:", exact=True).fill("a long secret of hers")
    visitor.get_by_label("Password confirmation").fill("a long secret of hers")
    visitor.get_by_role("button", name="Sign up").click()
    expect(visitor.get_by_text("Your work so far is kept.")).to_be_visible()
    expect(visitor.get_by_role("link", name="Holiday")).to_be_visible()
    account = django_user_model.objects.get()
    assert (account.pk, account.username, account.guest) == (guest.pk, "gudrun", False)


def test_a_guest_who_signs_in_brings_the_work_along(visitor, owner, django_user_model):
    visitor.goto("/")
    visitor.get_by_role("button", name="Start as a guest").click()
    visitor.wait_for_url("**/projects/")
    guest = django_user_model.objects.get(guest=True)
    job = ProgressTracker().create("film@1", title="Holiday", owner=guest)
    visitor.goto("/sign-in")
    visitor.get_by_label("Username").fill("olga")
    visitor.get_by_label("Password").fill("a long secret of hers")
    visitor.get_by_role("button", name="Sign in").click()
    expect(visitor.get_by_text("Your export as a guest is now yours.")).to_be_visible()
    assert Job.objects.get(pk=job.pk).owner == owner


def test_a_guest_is_warned_before_leaving(visitor):
    visitor.goto("/")
    visitor.get_by_role("button", name="Start as a guest").click()
    visitor.get_by_role("link", name="Leave").click()
    expect(visitor.get_by_text("Nobody, not even you, can open this guest's work again")).to_be_visible()
    visitor.get_by_role("button", name="Leave").click()
    expect(visitor.get_by_role("button", name="Start as a guest")).to_be_visible()


def test_the_keyboard_reaches_the_content_first(visitor):
    visitor.goto("/")
    visitor.keyboard.press("Tab")
    expect(visitor.get_by_role("link", name="Skip to the content")).to_be_focused()
    visitor.keyboard.press("Enter")
    expect(visitor.locator("main")).to_be_focused()


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-up", "/exports/", "/password", "/sign-out", "/nothing-here"])
def test_the_policy_refuses_nothing_on_any_page(visitor, staff, sign_in, path):
    visitor.goto(path)
    sign_in(visitor, staff).goto(path)


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/exports/user/", "/admin/exports/user/add/", "/admin/progress/job/"]
)
def test_nor_in_the_admin(visitor, staff, sign_in, path):
    response = sign_in(visitor, staff).goto(path)
    assert response.status == 200


def test_every_page_has_one_main_heading_and_a_language(visitor, owner, sign_in):
    for path in ("/", "/sign-in", "/sign-up"):
        visitor.goto(path)
        assert visitor.locator("h1").count() == 1, path
        assert visitor.locator("html").get_attribute("lang") == "en"
    sign_in(visitor, owner).goto("/exports/")
    assert visitor.locator("h1").count() == 1


def test_text_is_readable_in_light_and_dark(visitor):
    """WCAG's contrast of 4.5, for ink, faint ink and links on paper and sheet."""
    contrast = """() => {
      const style = getComputedStyle(document.documentElement);
      const channel = (part) => (part /= 255) <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      const light = (name) => {
        const hex = style.getPropertyValue(name).trim().slice(1);
        const [r, g, b] = [0, 2, 4].map((at) => channel(parseInt(hex.slice(at, at + 2), 16)));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ratio = (one, other) => {
        const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
      };
      const pairs = [];
      for (const paper of ["--paper", "--sheet"])
        for (const ink of ["--ink", "--faint", "--road", "--stop", "--good"])
          pairs.push([ink, paper, ratio(ink, paper)]);
      pairs.push(["--road-ink", "--road", ratio("--road-ink", "--road")]);
      return pairs.filter(([, , found]) => found < 4.5);
    }"""
    for scheme in ("light", "dark"):
        visitor.emulate_media(color_scheme=scheme)
        visitor.goto("/")
        assert visitor.evaluate(contrast) == []
