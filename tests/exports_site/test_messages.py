"""Who sends mail and text messages: read from the environment, and never repeated with its secrets."""

import pytest

from exports_site.checks import messages_are_complete
from exports_site.mail_account import mail_account
from tests.exports_site.reading import settings_in

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "ssl"),
    [
        ("smtp://mail.example", "mail.example", 587, True, False),
        ("smtp://mail.example:2525", "mail.example", 2525, True, False),
        ("smtp://127.0.0.1?tls=off", "127.0.0.1", 25, False, False),
        ("smtp://127.0.0.1:1025/?tls=off", "127.0.0.1", 1025, False, False),
        ("smtps://mail.example", "mail.example", 465, False, True),
        ("smtps://mail.example:4650?tls=on", "mail.example", 4650, False, True),
        ("smtp://[::1]:25?tls=off", "::1", 25, False, False),
    ],
)
def test_a_mail_server_is_read(tmp_path, url, host, port, tls, ssl):
    found = settings_in(tmp_path, LONGHAUL_MAIL_URL=url)
    assert found.PROBLEMS == []
    assert (SMTP, host, port) == (found.EMAIL_BACKEND, found.EMAIL_HOST, found.EMAIL_PORT)
    assert (tls, ssl) == (found.EMAIL_USE_TLS, found.EMAIL_USE_SSL)


def test_name_and_password_are_read_as_they_were_escaped(tmp_path):
    found = settings_in(tmp_path, LONGHAUL_MAIL_URL="smtp://olga%40example.com:p%3Aa%2Fss@mail.example:587")
    assert (found.EMAIL_HOST_USER, found.EMAIL_HOST_PASSWORD) == ("olga@example.com", "p:a/ss")
    assert "p:a/ss" not in repr(found.MAIL_ACCOUNT)


def test_the_console_and_a_folder_do_for_trying_it_out(tmp_path):
    assert settings_in(tmp_path, LONGHAUL_MAIL_URL="console:").EMAIL_BACKEND.endswith(".console.EmailBackend")
    for url in (f"file:{tmp_path}/mails", f"file://{tmp_path}/mails"):
        found = settings_in(tmp_path, LONGHAUL_MAIL_URL=url)
        assert f"{tmp_path}/mails" == found.EMAIL_FILE_PATH


def test_without_a_word_nobody_is_written_to(tmp_path):
    found = settings_in(tmp_path)
    assert (found.MAIL_ACCOUNT, found.NOTIFY_URL) == (None, "")
    assert found.DEFAULT_FROM_EMAIL == "longhaul@localhost"
    public = settings_in(tmp_path, LONGHAUL_URL="https://exports.example.com", SECRET_KEY="x" * 50)
    assert public.DEFAULT_FROM_EMAIL == "longhaul@exports.example.com"
    assert settings_in(tmp_path, LONGHAUL_URL="https://[::1]", SECRET_KEY="x" * 50).DEFAULT_FROM_EMAIL.endswith(
        "localhost"
    )


@pytest.mark.parametrize(
    "url",
    [
        *("hunter2", "smtp:", "smtp://", "smtp://u:hunter2@", "smtp://u:hunter2@h:x", "smtp://u:hunter2@h:99999"),
        *("smtp://u:hunter2@h:0", "smtp://u:hunter2@h/path", "smtp://u:hunter2@h?tls=maybe", "smtp://u:hunter2@h#a"),
        *("smtp://u:hunter2@h?ssl=on", "smtps://u:hunter2@h?tls=off", "http://u:hunter2@h", "file:", "console:hunter2"),
        *("smtp://u:hunter2@[::1", "smtp://u:hunter2@two words", "smtp://u:hunter2@h?tls"),
    ],
)
def test_what_cannot_be_a_mail_server_is_named_without_its_password(tmp_path, url):
    found = settings_in(tmp_path, LONGHAUL_MAIL_URL=url)
    (problem,) = found.PROBLEMS
    assert problem.id == "longhaul.E014"
    assert "hunter2" not in problem.said + problem.hint
    assert found.MAIL_ACCOUNT is None


@pytest.mark.parametrize(
    "url",
    ["hunter2", "json://hunter2@h/", "json://hunter2@h/{to}/{to}", "json:{to}", "json://hunter 2@h/{to}", "://{to}abc"],
)
def test_a_gateway_without_a_place_for_the_number_is_named_without_its_secrets(tmp_path, url):
    found = settings_in(tmp_path, LONGHAUL_NOTIFY_URL=url)
    (problem,) = found.PROBLEMS
    assert problem.id == "longhaul.E016"
    assert "hunter" not in problem.said + problem.hint
    assert found.NOTIFY_URL == ""


@pytest.mark.parametrize("secret", ["hunter2", "hunter2" * 40, "hunter2 hunter2 hunter2", "hunter2/hunter2/hunter2"])
def test_a_secret_of_replies_that_could_be_guessed_is_refused_and_not_repeated(tmp_path, secret):
    found = settings_in(tmp_path, LONGHAUL_NOTIFY_REPLIES=secret)
    (problem,) = found.PROBLEMS
    assert problem.id == "longhaul.E017"
    assert "hunter2" not in problem.said
    assert found.NOTIFY_REPLIES == ""


@pytest.mark.parametrize(
    ("mail", "gateway", "replies", "said"),
    [
        ("smtps://mail.example", "", "", []),
        ("", "", "", ["longhaul.W103"]),
        ("smtp://u:p@mail.example?tls=off", "", "", ["longhaul.W104"]),
        ("smtps://mail.example", "json://gate.example/{to}", "s" * 20, []),
        ("smtps://mail.example", "json://gate.example/{to}", "", ["longhaul.W105"]),
        ("smtps://mail.example", "nothing://gate.example/{to}", "s" * 20, ["longhaul.E111"]),
    ],
)
def test_the_deploy_check_says_what_is_missing(settings, tmp_path, mail, gateway, replies, said):
    settings.MAIL_ACCOUNT = mail_account(mail, tmp_path) if mail else None
    settings.NOTIFY_URL, settings.NOTIFY_REPLIES = gateway, replies
    found = messages_are_complete(None)
    assert [message.id for message in found] == said
    assert all(message.hint and message.msg.endswith(".") for message in found)


def test_libraries_that_log_addresses_are_not_listened_to(tmp_path):
    found = settings_in(tmp_path, LONGHAUL_LOG_LEVEL="DEBUG")
    loggers = found.LOGGING["loggers"]
    assert loggers["apprise"]["propagate"] is False
    assert loggers["urllib3"]["level"] == "INFO", "its debug lines hold the paths of webhooks"
