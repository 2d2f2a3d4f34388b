"""A secret that slips out is found, wherever that is; what may stand somewhere is let be."""

import logging
import smtplib

import pytest
from django.conf import settings
from django.core import mail
from django.http import HttpResponse
from django.test import RequestFactory

from exports.models import Project, Token
from exports.signing import new_secret
from tests import leaks
from tests.leaks import SCANNER, Scanner
from tests.planted import MARK, SETTINGS

TOKEN = "lh_0123456789ab_" + "x" * 43
ADDRESS = "https://s.example/films/a?X-Amz-Date=1&X-Amz-Signature=" + "5e" * 32
COOKIE = "sessionid=.eJxVjDsOwjAQBe-SGvkTx2tDSZ8zWLvrNQ4gR4qTCnF3EikFtG_ezFslXJeS1iZzGrO6KFSX343"


@pytest.mark.parametrize("name", SETTINGS)
def test_the_secrets_of_the_site_bear_the_mark(name):
    assert MARK in getattr(settings, name)
    assert MARK in settings.SECRET_KEY


@pytest.mark.parametrize("sort", leaks.SOUGHT)
def test_a_secret_of_the_settings_is_found_anywhere(sort):
    scanner = Scanner()
    scanner.look(sort, f"it was {settings.SECRET_KEY}")
    assert len(scanner.taken()) == 1
    assert scanner.taken() == []


@pytest.mark.parametrize(
    "secret", [TOKEN, new_secret(), ADDRESS, COOKIE], ids=["token", "webhook", "address", "cookie"]
)
def test_what_is_made_while_it_runs_is_found_by_its_form(secret):
    scanner = Scanner()
    scanner.look("line", f"somebody said {secret} aloud")
    assert scanner.taken()


def test_a_name_that_only_looks_like_a_header_is_no_secret():
    scanner = Scanner()
    for sort in leaks.SOUGHT:
        scanner.look(sort, "“x\r\nSet-Cookie: a=b.mov” was uploaded")
    assert scanner.taken() == []
    scanner.look("line", f"Set-Cookie: csrftoken={'x' * 32}; Path=/")
    assert scanner.taken()


def test_a_line_that_holds_one_is_found_with_its_trace():
    try:
        int(TOKEN)
    except ValueError:
        logging.getLogger("exports").exception("It failed")
    assert "an API token in a raw exports" in SCANNER.taken()[0]


@pytest.mark.parametrize("kind", ["text", "html", "header"])
def test_a_mail_that_holds_one_is_found(kind):
    letter = mail.EmailMultiAlternatives("Done", ADDRESS if kind == "text" else "", to=["a@example.com"])
    if kind == "html":
        letter.attach_alternative(f"<a href='{ADDRESS}'>", "text/html")
    if kind == "header":
        letter.extra_headers["List-Unsubscribe"] = ADDRESS
    letter.send()
    assert "a presigned address in a mail" in SCANNER.taken()[0]


@pytest.mark.django_db
def test_a_row_that_holds_one_is_found(owner):
    shown = Token.make(owner, name="script", scope="read")[1]
    assert SCANNER.taken() == [], "kept is only a digest"
    project = Project.objects.create(owner=owner, name=shown)
    assert "an API token in a row INSERT INTO" in SCANNER.taken()[0]
    Project.objects.filter(pk=project.pk).update(name=settings.STORE_SECRET)
    assert "a secret of the settings in a row UPDATE" in SCANNER.taken()[0]
    Project.objects.bulk_create([Project(owner=owner, name=name) for name in ("a", shown)])
    assert len(SCANNER.taken()) == 1


def test_a_page_that_holds_one_is_found():
    leaks.Pages(lambda request: HttpResponse(settings.SECRET_KEY))(RequestFactory().get("/page"))
    assert "a secret of the settings in a page /page" in SCANNER.taken()[0]


def test_the_mail_server_s_password_is_in_no_refusal(settings):
    said = str(smtplib.SMTPAuthenticationError(535, b"no"))
    assert settings.EMAIL_HOST_PASSWORD not in said


def test_a_test_that_lets_one_slip_fails(pytester_run):
    """The whole way, in a run of its own."""
    outcome = pytester_run(
        "import logging\n"
        "from django.conf import settings\n"
        "def test_slips():\n    logging.getLogger('exports').warning('key %s', settings.SECRET_KEY)\n"
        "def test_keeps():\n    logging.getLogger('exports').warning('key kept')\n"
    )
    assert outcome.splitlines()[0].startswith(".E. ")
    assert "A secret slipped out" in outcome
    assert "Looked through for secrets: 2 lines" in outcome


@pytest.fixture
def pytester_run(tmp_path):
    import subprocess
    import sys
    from pathlib import Path

    def run(code):
        (tmp_path / "test_slips.py").write_text(code)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.leaks", "-p", "no:cacheprovider", "-n", "0"]
        root = Path(__file__).parents[1]
        return subprocess.run(
            [*command, "--rootdir", str(root), "-c", str(root / "pyproject.toml"), str(tmp_path / "test_slips.py")],
            cwd=root, capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip

    return run
