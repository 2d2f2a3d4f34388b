import stat
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django_q.models import OrmQ

from exports.models import Project, User
from tests.meanwhile import after, meanwhile

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(settings, tmp_path):
    settings.HOME = tmp_path
    return tmp_path


def demo():
    call_command("demo", stdout=(said := StringIO()))
    return said.getvalue()


def test_it_makes_an_account_for_the_exports_and_the_admin_and_says_how_to_sign_in(home, visitor):
    said = demo()
    password = (home / "demo-password").read_text()
    assert said == f"Sign in as demo with the password {password} (also staff, for the admin).\n"
    assert visitor.post("/sign-in", {"username": "demo", "password": password}).status_code == 302
    assert visitor.get("/admin/").status_code == 200


def test_the_password_is_random_and_long_enough_not_to_be_guessed(home):
    demo()
    first = (home / "demo-password").read_text()
    User.objects.all().delete()
    demo()
    assert len(first) >= 12
    assert (home / "demo-password").read_text() != first


def test_the_password_is_kept_where_nobody_else_can_read_it(home):
    path = home / "demo-password"
    path.write_text("an older one that everybody may read")
    path.chmod(0o644)
    demo()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_run_changes_nothing(home):
    first = demo()
    account = User.objects.get()
    assert demo() == first
    assert User.objects.get().password == account.password
    assert [project.name for project in account.projects.all()] == ["Sample film"]


@pytest.mark.django_db(transaction=True)
def test_of_two_first_starts_at_once_both_tell_the_password_that_opens(home):
    with meanwhile(demo, when=after('FROM "exports_user"')):
        said = demo()
    account, kept = User.objects.get(), (home / "demo-password").read_text()
    assert account.check_password(kept)
    assert f"with the password {kept} " in said
    assert [project.name for project in account.projects.all()] == ["Sample film"]


def test_who_has_deleted_the_sample_film_does_not_get_it_again(home):
    demo()
    Project.objects.all().delete()
    OrmQ.objects.all().delete()
    demo()
    assert not Project.objects.exists()
    assert not OrmQ.objects.exists()


def test_a_password_of_ones_own_is_not_touched_and_not_told(home):
    demo()
    account = User.objects.get()
    account.set_password("a password of my own")
    account.save()
    said = demo()
    assert "has a password of your own" in said
    assert (home / "demo-password").read_text() not in said
    assert User.objects.get().check_password("a password of my own")


def test_an_account_named_demo_that_was_there_before_is_left_alone(home):
    User.objects.create_user("demo", password="not made by us")
    assert "has a password of your own" in demo()
    assert not User.objects.get().is_staff
    assert not Project.objects.exists()
    assert not (home / "demo-password").exists()


def test_a_production_installation_gets_none(home, settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match=r"LONGHAUL_URL is set: .* Use createsuperuser\."):
        demo()
    assert not User.objects.exists()
    assert not (home / "demo-password").exists()


def test_it_tries_the_password_only_where_it_or_the_account_has_changed(home, monkeypatch):
    first = demo()
    tried = []
    monkeypatch.setattr(User, "check_password", lambda user, password: bool(tried.append(password)))
    assert (demo(), tried) == (first, [])
    account = User.objects.get()
    account.set_password("a password of my own")
    account.save()
    assert "has a password of your own" in demo()
    assert tried == [(home / "demo-password").read_text()]


def test_what_it_keeps_of_that_nobody_else_can_read_and_it_is_made_again_where_it_is_lost(home):
    first = demo()
    kept = home / "demo-password-opens"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert (home / "demo-password").read_text() not in kept.read_text()
    kept.unlink()
    assert demo() == first
    assert kept.exists()
