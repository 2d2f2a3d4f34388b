"""What each variable of the environment takes, refuses, and says then."""

from urllib.parse import urlsplit

import pytest
from django.http.request import split_domain_port, validate_host
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from exports_site.databases import POSTGRES_OPTIONS, SQLITE_OPTIONS
from exports_site.variables import KNOWN
from tests.exports_site.reading import DIGITS, LONG, ROOT, ids, settings_in

# variable → what it is without being set, a value that it takes, and what comes of that
RIGHT = {
    "DATABASE_URL": (lambda s: s.DATABASES["default"]["NAME"], "postgresql://u@h/film", "film"),
    "SECRET_KEY": (lambda s: s.SECRET_KEY, LONG, LONG),
    "SECRET_KEY_FALLBACKS": (lambda s: s.SECRET_KEY_FALLBACKS, "newer, older", ["newer", "older"]),
    "LONGHAUL_URL": (lambda s: s.PUBLIC_URL, "https://exports.example.com", "https://exports.example.com"),
    "LONGHAUL_BIND": (lambda s: s.BIND, "0.0.0.0:9000", ("0.0.0.0", 9000)),
    "LONGHAUL_HOSTS": (
        lambda s: s.HOSTS,
        "Films.local, nas 10.0.0.7 [::7]",
        ["films.local", "nas", "10.0.0.7", "[::7]"],
    ),
    "LONGHAUL_WEB_PROCESSES": (lambda s: s.WEB_PROCESSES, "3", 3),
    "LONGHAUL_CLUSTER_PROCESSES": (lambda s: s.CLUSTER_PROCESSES, "5", 5),
    "LONGHAUL_RUNNER": (lambda s: s.RUNNER, "modal", "modal"),
    "LONGHAUL_MODAL_APP": (lambda s: s.MODAL_APP, "films", "films"),
    "LONGHAUL_MODAL_ENVIRONMENT": (lambda s: s.MODAL_ENVIRONMENT, "staging", "staging"),
    "LONGHAUL_MODAL_AT_ONCE": (lambda s: s.MODAL_AT_ONCE, "7", 7),
    "LONGHAUL_RUNNING_AT_ONCE": (lambda s: s.RUNNING_AT_ONCE, "4", 4),
    "LONGHAUL_STORE": (lambda s: (s.STORE_BUCKET, s.STORE_PREFIX), "s3://films/a/b", ("films", "a/b")),
    "LONGHAUL_STORE_ENDPOINT": (lambda s: s.STORE_ENDPOINT, "https://S.example.com/", "https://s.example.com"),
    "LONGHAUL_STORE_REGION": (lambda s: s.STORE_REGION, "eu-central-1", "eu-central-1"),
    "LONGHAUL_STORE_KEY": (lambda s: s.STORE_KEY, "k", "k"),
    "LONGHAUL_STORE_SECRET": (lambda s: s.STORE_SECRET, "s", "s"),
    "LONGHAUL_STORE_GRANTS": (lambda s: s.GRANTS, "sts", "sts"),
    "LONGHAUL_STORE_GRANTS_ENDPOINT": (
        lambda s: s.GRANTS_ENDPOINT,
        "https://a.example/v4/b-c",
        "https://a.example/v4/b-c",
    ),
    "LONGHAUL_STORE_GRANTS_ROLE": (lambda s: s.GRANTS_ROLE, "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/a"),
    "LONGHAUL_STORE_GRANTS_TOKEN": (lambda s: s.GRANTS_TOKEN, "t", "t"),
    "LONGHAUL_STORE_GRANTS_HOURS": (lambda s: s.GRANTS_HOURS, "3", 3),
    "LONGHAUL_LARGEST_UPLOAD_GB": (lambda s: s.LARGEST_UPLOAD, "4", 4_000_000_000),
    "LONGHAUL_QUOTA_GB": (lambda s: s.QUOTA, "4", 4_000_000_000),
    "LONGHAUL_KEEP_DAYS": (lambda s: s.KEEP_DAYS, "30", 30),
    "LONGHAUL_MODAL_CENTS_HOUR": (lambda s: s.MODAL_CENTS_HOUR, "20", 20),
    "LONGHAUL_GUEST_QUOTA_GB": (lambda s: s.GUEST_QUOTA, "4", 4_000_000_000),
    "LONGHAUL_API_CHANGES_A_MINUTE": (lambda s: s.API_CHANGES_A_MINUTE, "7", 7),
    "LONGHAUL_API_QUESTIONS_A_MINUTE": (lambda s: s.API_QUESTIONS_A_MINUTE, "70", 70),
    "LONGHAUL_PUSH": (lambda s: s.PUSH, "off", False),
    "LONGHAUL_PUSH_BIND": (lambda s: s.PUSH_BIND, "0.0.0.0:9001", ("0.0.0.0", 9001)),
    "LONGHAUL_GUESTS": (lambda s: s.GUESTS_WELCOME, "off", False),
    "LONGHAUL_GUESTS_AN_HOUR": (lambda s: s.GUESTS_AN_HOUR, "5", 5),
    "LONGHAUL_UPLOADS_AN_HOUR": (lambda s: s.UPLOADS_AN_HOUR, "50", 50),
    "LONGHAUL_RUNNING_EACH": (lambda s: s.RUNNING_EACH, "2", 2),
    "LONGHAUL_GUESTS_RUNNING": (lambda s: s.GUESTS_RUNNING, "3", 3),
    "LONGHAUL_MINUTES_A_DAY": (lambda s: s.MINUTES_A_DAY, "90", 90),
    "LONGHAUL_GUEST_MINUTES_A_DAY": (lambda s: s.GUEST_MINUTES_A_DAY, "0", 0),
    "LONGHAUL_STAFF_SECOND_FACTOR": (lambda s: s.STAFF_SECOND_FACTOR, "required", "required"),
    "LONGHAUL_MAIL_URL": (lambda s: s.MAIL_ACCOUNT and s.MAIL_ACCOUNT.host, "smtp://u:p@m.example", "m.example"),
    "LONGHAUL_MAIL_FROM": (lambda s: s.DEFAULT_FROM_EMAIL, "Films <films@example.com>", "Films <films@example.com>"),
    "LONGHAUL_NOTIFY_URL": (lambda s: s.NOTIFY_URL, "json://gate.example/{to}", "json://gate.example/{to}"),
    "LONGHAUL_NOTIFY_REPLIES": (lambda s: s.NOTIFY_REPLIES, "a-secret-of-20-letters", "a-secret-of-20-letters"),
    "LONGHAUL_NOTIFY_PRIVATE": (lambda s: s.PRIVATE_TARGETS, "on", True),
    "LONGHAUL_CONTACT_DAYS": (lambda s: s.CONTACT_DAYS, "30", 30),
    "LONGHAUL_FETCH": (lambda s: s.FETCHES, "public", "public"),
    "LONGHAUL_UPSCALE_WEIGHTS": (lambda s: s.UPSCALE_WEIGHTS, "models/x4.pth", "models/x4.pth"),
    "LONGHAUL_WHISPER_MODEL": (lambda s: s.WHISPER_MODEL, "models/small", "models/small"),
    "LONGHAUL_POSTING": (lambda s: s.POSTING, "on", True),
    "LONGHAUL_TIKTOK_APP": (lambda s: s.TIKTOK_APP, "aw1", "aw1"),
    "LONGHAUL_TIKTOK_SECRET": (lambda s: s.TIKTOK_SECRET, "hush", "hush"),
    "LONGHAUL_TIKTOK_API": (lambda s: s.TIKTOK_API, "https://t.example.com/", "https://t.example.com"),
    "LONGHAUL_INSTAGRAM_APP": (lambda s: s.INSTAGRAM_APP, "178", "178"),
    "LONGHAUL_INSTAGRAM_SECRET": (lambda s: s.INSTAGRAM_SECRET, "hush", "hush"),
    "LONGHAUL_INSTAGRAM_API": (lambda s: s.INSTAGRAM_API, "https://g.example.com/v25.0", "https://g.example.com/v25.0"),
    "LONGHAUL_INSTAGRAM_UPLOADS": (lambda s: s.INSTAGRAM_UPLOADS, "https://r.example.com/u", "https://r.example.com/u"),
    "LONGHAUL_LOG_LEVEL": (lambda s: s.LOGGING["root"]["level"], "DEBUG", "DEBUG"),
    "LONGHAUL_LOG_FORMAT": (lambda s: s.LOGGING["handlers"]["console"]["formatter"], "json", "json"),
    "LONGHAUL_METRICS_TOKEN": (lambda s: s.METRICS_TOKEN, "m", "m"),
    "LONGHAUL_POLL_SECONDS": (lambda s: s.PROGRESS_POLL_SECONDS, "10", 10),
    "LONGHAUL_POLLS_FROM_MEMORY": (lambda s: s.PROGRESS_FROM_MEMORY, "off", False),
    "LONGHAUL_TIME_ZONE": (lambda s: s.TIME_ZONE, "Europe/Berlin", "Europe/Berlin"),
}
NO_NUMBER = ("0", "-1", "+1", "1.0", "1_0", "two", "²", "٣", "0x2", DIGITS)
WHOLE = ("257", *NO_NUMBER)  # of those that count processes
WRONG = {
    "LONGHAUL_URL": (
        "E006",
        *("exports.example.com", "//exports.example.com", "ftp://exports.example.com", "https://", "https://?"),
        *("https://exports.example.com/app", "https://exports.example.com?a", "https://exports.example.com#a"),
        *("https://olga@exports.example.com", "https://exports.example.com:", "https://exports.example.com:x"),
        *("https://exports.example.com:99999", "https://[", "https://[::1", "https://℀.com", "https://*"),
        *("https://.example.com", "https://exports_1.example.com", "https://two words.example", "https://a\\b"),
    ),
    "LONGHAUL_BIND": (
        "E005",
        *("8000", ":8000", "localhost", "localhost:", "localhost:0", "localhost:65536", "localhost:-1"),
        *("localhost:http", f"localhost:{DIGITS}", "localhost:²", "http://localhost:8000", "[]:8000", "*:8000"),
        *("[::1:8000", "two words:8000", "localhost:8000/"),
    ),
    "LONGHAUL_HOSTS": (
        "E014",
        "*",
        ".example.com",
        "films.local:8000",
        "https://films.local",
        "a;b",
        "films_1",
        "[::1",
    ),
    "LONGHAUL_WEB_PROCESSES": ("E003", *WHOLE),
    "LONGHAUL_CLUSTER_PROCESSES": ("E003", *WHOLE),
    "LONGHAUL_RUNNER": ("E002", "Modal", "remote"),
    "LONGHAUL_MODAL_AT_ONCE": ("E003", "10001", *NO_NUMBER),
    "LONGHAUL_RUNNING_AT_ONCE": ("E003", *WHOLE),
    "LONGHAUL_STORE": (
        "E012",
        *("films", "s3:films", "s3://", "s3://F", "s3://films//a", "s3://films/../a", "s3://films?a", "s3://a b"),
        *("https://films", f"s3://{'f' * 64}", "s3://films/a/b/c/d/e", "s3://films/.a"),
    ),
    "LONGHAUL_STORE_ENDPOINT": (
        "E006",
        *("store.example.com", "ftp://store.example.com", "https://", "https://a@store.example.com"),
        *("https://store.example.com?a", "https://store.example.com/a b", "https://store.example.com//a", "https://["),
    ),
    "LONGHAUL_STORE_REGION": ("E013", "EU", "eu central", "1", "-", "a" * 40, "eu_central"),
    "LONGHAUL_STORE_GRANTS": ("E002", "STS", "yes", "aws"),
    "LONGHAUL_STORE_GRANTS_ENDPOINT": ("E006", "api.example.com", "https://api.example.com/a#b"),
    "LONGHAUL_STORE_GRANTS_HOURS": ("E003", "37", *NO_NUMBER),
    "LONGHAUL_LARGEST_UPLOAD_GB": ("E003", "1001", *NO_NUMBER),
    "LONGHAUL_QUOTA_GB": ("E003", "1000001", *NO_NUMBER),
    "LONGHAUL_KEEP_DAYS": ("E003", "36501", "-1", "a week", "1.5"),
    "LONGHAUL_MODAL_CENTS_HOUR": ("E003", "100001", "-1", "0.2", "a dollar"),
    "LONGHAUL_GUEST_QUOTA_GB": ("E003", "1000001", *NO_NUMBER),
    "LONGHAUL_POLL_SECONDS": ("E003", "61", *WHOLE),
    "LONGHAUL_API_CHANGES_A_MINUTE": ("E003", "0", "many", "1.5"),
    "LONGHAUL_API_QUESTIONS_A_MINUTE": ("E003", "0", "many"),
    "LONGHAUL_PUSH": ("E002", "yes"),
    "LONGHAUL_PUSH_BIND": ("E005", "here", "127.0.0.1:0"),
    "LONGHAUL_GUESTS": ("E002", "yes", "On", "1", "true"),
    "LONGHAUL_GUESTS_AN_HOUR": ("E003", "1000001", *NO_NUMBER),
    "LONGHAUL_UPLOADS_AN_HOUR": ("E003", "1000001", *NO_NUMBER),
    "LONGHAUL_RUNNING_EACH": ("E003", "10001", *NO_NUMBER[1:]),
    "LONGHAUL_GUESTS_RUNNING": ("E003", "10001", *NO_NUMBER[1:]),
    "LONGHAUL_MINUTES_A_DAY": ("E003", "1000001", *NO_NUMBER[1:]),
    "LONGHAUL_GUEST_MINUTES_A_DAY": ("E003", "1000001", *NO_NUMBER[1:]),
    "LONGHAUL_STAFF_SECOND_FACTOR": ("E002", "on", "Required"),
    "LONGHAUL_POLLS_FROM_MEMORY": ("E002", "yes", "OFF", "0", "false"),
    "LONGHAUL_MAIL_FROM": (
        "E015",
        *("films", "films@", "@example.com", "a@example.com, b@example.com", "A <a@example.com", "a b@example.com"),
        *("a@example.com\nBcc: b@example.com", "A\n <a@example.com>", "a@-example.com", "a@exämple.com"),
    ),
    "LONGHAUL_NOTIFY_PRIVATE": ("E002", "yes", "ON", "1", "true"),
    "LONGHAUL_CONTACT_DAYS": ("E003", "3651", *NO_NUMBER),
    "LONGHAUL_FETCH": ("E002", "on", "PUBLIC", "1"),
    "LONGHAUL_POSTING": ("E002", "yes", "ON", "1"),
    "LONGHAUL_TIKTOK_API": ("E006", "t.example.com", "ftp://t.example.com", "https://"),
    "LONGHAUL_INSTAGRAM_API": ("E006", "graph", "https://g.example.com/v 25", "https://"),
    "LONGHAUL_INSTAGRAM_UPLOADS": ("E006", "uploads", "https://r.example.com/?x", "https://"),
    "LONGHAUL_LOG_LEVEL": ("E002", "debug", "LOUD", "10"),
    "LONGHAUL_LOG_FORMAT": ("E002", "JSON", "text"),
    "LONGHAUL_TIME_ZONE": (
        "E004",
        *("Berlin", "Europe", "europe/berlin ", "+01:00", "../../etc/passwd", "/etc/localtime", "UTC\udcff"),
        *("Europe//Berlin", "x" * 5000, "tzdata.zi"),
    ),
}
UNREADABLE = (
    *("hunter2", "u:hunter2@h/film", "postgresql:u:hunter2@h/film", "u:hunter2@h://film", "://u:hunter2@h/film"),
    *("mysql://u:hunter2@h/film", "redis://:hunter2@h/0", "timescale://u:hunter2@h/film"),
    *("postgis://u:hunter2@h/film", "cockroach://u:hunter2@h/film", "postgresql://u:hunter2@h:port/film"),
    *("postgresql://u:hu#hunter2@h/film", "postgresql://u:hunter2@[h/film", "postgresql://u:hunter2@h"),
    *("postgresql://u:hunter2@h/", f"postgresql://u:hunter2@h/film?port={DIGITS}"),
    *("sqlite://", "sqlite:///", "sqlite://:memory:", "sqlite:film", "postgresql://"),
)


def test_without_a_word_it_is_a_complete_embedded_installation(tmp_path):
    found = settings_in(tmp_path)
    assert ids(found) == []
    assert (found.PRODUCTION, found.SECURE, found.DEBUG) == (False, False, False)
    assert found.DATABASES["default"]["NAME"] == tmp_path / "longhaul.sqlite3"
    assert found.DATABASES["default"]["OPTIONS"] == SQLITE_OPTIONS
    assert found.ALLOWED_HOSTS == ["localhost", "127.0.0.1", "[::1]", "127.0.0.1"]
    assert found.BIND_URL == "http://127.0.0.1:8000/"


def test_every_variable_that_is_known_is_tried_here():
    assert {*RIGHT, "LONGHAUL_HOME"} == set(KNOWN)
    anything_goes = {f"LONGHAUL_STORE_{name}" for name in ("KEY", "SECRET", "GRANTS_ROLE", "GRANTS_TOKEN")}
    anything_goes |= {"LONGHAUL_MAIL_URL", "LONGHAUL_NOTIFY_URL", "LONGHAUL_NOTIFY_REPLIES"}  # see test_messages
    anything_goes |= {"LONGHAUL_MODAL_APP", "LONGHAUL_MODAL_ENVIRONMENT", "LONGHAUL_METRICS_TOKEN"}
    anything_goes |= {f"LONGHAUL_{each}_{name}" for each in ("TIKTOK", "INSTAGRAM") for name in ("APP", "SECRET")}
    anything_goes |= {"SECRET_KEY_FALLBACKS", "LONGHAUL_WHISPER_MODEL", "LONGHAUL_UPSCALE_WEIGHTS"}
    assert {*WRONG, "LONGHAUL_HOME", "DATABASE_URL", "SECRET_KEY"} == set(KNOWN) - anything_goes


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_value_counts(name, tmp_path):
    told, value, expected = RIGHT[name]
    assert told(settings_in(tmp_path)) != expected
    found = settings_in(tmp_path, SECRET_KEY=LONG, **({} if name == "SECRET_KEY" else {name: value}))
    assert ids(found) == []
    assert told(found) == expected


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("blank", ["", "  ", "\t\n"])
def test_a_blank_value_is_none(name, blank, tmp_path):
    told, *_ = RIGHT[name]
    found = settings_in(tmp_path, **{name: blank})
    assert ids(found) == []
    assert told(found) == told(settings_in(tmp_path))


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, (_, *values) in WRONG.items() for value in values if value]
)
def test_a_wrong_value_is_named_with_what_was_expected_and_the_usual_one_is_taken(name, value, tmp_path):
    told, *_ = RIGHT[name]
    found = settings_in(tmp_path, **{name: value})
    (problem,) = found.PROBLEMS
    assert problem.id == f"longhaul.{WRONG[name][0]}"
    assert problem.said.startswith(f"{name} is {value.strip()!r}; expected "), "and, of course, what for"
    assert problem.hint == KNOWN[name]
    assert told(found) == told(settings_in(tmp_path))


@pytest.mark.parametrize("value", UNREADABLE)
def test_a_database_that_cannot_be_is_named_without_its_password_and_sqlite_is_taken(value, tmp_path):
    found = settings_in(tmp_path, DATABASE_URL=value)
    (problem,) = found.PROBLEMS
    assert problem.id == "longhaul.E007"
    assert problem.said.startswith("DATABASE_URL is '")
    assert "expected postgresql://user:password@host/name or sqlite:///file." in problem.said
    assert "hunter2" not in problem.said + problem.hint
    assert found.DATABASES == settings_in(tmp_path).DATABASES


def test_the_scheme_of_another_database_is_named(tmp_path):
    (problem,) = settings_in(tmp_path, DATABASE_URL="mysql://u:hunter2@h/film").PROBLEMS
    assert "'mysql://…'" in problem.said


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "pgsql", "POSTGRESQL"])
def test_postgres_gets_its_time_limits_and_keeps_its_connections(scheme, tmp_path):
    database = settings_in(tmp_path, DATABASE_URL=f"{scheme}://u:hunter2@h:5433/film").DATABASES["default"]
    place = (database["USER"], database["PASSWORD"], database["HOST"], database["PORT"], database["NAME"])
    assert place == ("u", "hunter2", "h", 5433, "film")
    assert database["OPTIONS"] == POSTGRES_OPTIONS
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (None, True)


def test_options_of_the_address_join_ours(tmp_path):
    database = settings_in(tmp_path, DATABASE_URL="postgresql://u@h/film?sslmode=require").DATABASES["default"]
    assert database["OPTIONS"] == {**POSTGRES_OPTIONS, "sslmode": "require"}


def test_a_sqlite_file_of_ones_own_gets_the_options_too(tmp_path):
    database = settings_in(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/own.sqlite3").DATABASES["default"]
    assert (database["NAME"], database["OPTIONS"]) == (f"{tmp_path}/own.sqlite3", SQLITE_OPTIONS)


def test_the_options_of_one_reading_do_not_leak_into_the_next(tmp_path):
    settings_in(tmp_path, DATABASE_URL="postgresql://u@h/film?sslmode=require")
    assert "sslmode" not in POSTGRES_OPTIONS
    known = conninfo_to_dict(make_conninfo(**POSTGRES_OPTIONS))  # refuses what libpq does not know
    assert all(int(known[name]) > 0 for name in ("connect_timeout", "tcp_user_timeout", "keepalives_idle"))


@pytest.mark.parametrize(
    ("url", "host", "secure"),
    [
        ("https://exports.example.com", "exports.example.com", True),
        ("https://exports.example.com/", "exports.example.com", True),
        ("HTTPS://Exports.Example.COM", "exports.example.com", True),
        ("https://exports.example.com:8443", "exports.example.com", True),
        ("http://intranet", "intranet", False),
        ("http://192.0.2.7:8000", "192.0.2.7", False),
        ("https://[2001:DB8::7]", "[2001:db8::7]", True),
    ],
)
def test_the_public_address_says_who_is_let_in_and_how(url, host, secure, tmp_path):
    found = settings_in(tmp_path, LONGHAUL_URL=url, SECRET_KEY=LONG)
    assert ids(found) == []
    hosts, origins = found.ALLOWED_HOSTS, found.CSRF_TRUSTED_ORIGINS
    assert (found.PRODUCTION, hosts, origins) == (True, [host], [url.rstrip("/").lower()])
    assert found.SECURE is found.SESSION_COOKIE_SECURE is found.CSRF_COOKIE_SECURE is secure
    assert found.SECURE_SSL_REDIRECT is secure
    names = {found.SESSION_COOKIE_NAME, found.CSRF_COOKIE_NAME, found.BROWSER_COOKIE_NAME}
    assert {name.startswith("__Host-") for name in names} == {secure}


@pytest.mark.parametrize(
    ("bind", "place", "url"),
    [
        ("localhost:1", ("localhost", 1), "http://localhost:1/"),
        ("0.0.0.0:65535", ("0.0.0.0", 65535), "http://0.0.0.0:65535/"),
        ("[::1]:8000", ("::1", 8000), "http://[::1]:8000/"),
        ("::1:8000", ("::1", 8000), "http://[::1]:8000/"),
    ],
)
def test_where_it_listens_it_may_be_asked(bind, place, url, tmp_path):
    found = settings_in(tmp_path, LONGHAUL_BIND=bind)
    assert (ids(found), found.BIND, found.BIND_URL) == ([], place, url)
    assert validate_host(split_domain_port(urlsplit(url).netloc)[0], found.ALLOWED_HOSTS)


@pytest.mark.parametrize("more", ["", "films.local, 10.0.0.7"])
def test_the_names_it_was_told_are_let_in_beside_its_own(more, tmp_path):
    told = ["films.local", "10.0.0.7"] if more else []
    alone = settings_in(tmp_path, LONGHAUL_HOSTS=more)
    hosts = alone.ALLOWED_HOSTS
    assert hosts == ["localhost", "127.0.0.1", "[::1]", "127.0.0.1", *told]
    assert not alone.ANY_ADDRESS
    at_home = settings_in(tmp_path, LONGHAUL_HOSTS=more, LONGHAUL_BIND="0.0.0.0:8000")
    assert (at_home.ALLOWED_HOSTS[4:], at_home.ANY_ADDRESS) == ([*told, "*"], True)
    public = settings_in(
        tmp_path, LONGHAUL_HOSTS=more, LONGHAUL_BIND="0.0.0.0:8000", LONGHAUL_URL="https://a.example", SECRET_KEY=LONG
    )
    hosts = public.ALLOWED_HOSTS
    assert hosts == ["a.example", *told]
    assert not public.ANY_ADDRESS


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("LONGHAUL_GUEST", "LONGHAUL_GUESTS"),
        ("LONGHAUL_TIMEZONE", "LONGHAUL_TIME_ZONE"),
        ("LONGHAUL_LOGLEVEL", "LONGHAUL_LOG_LEVEL"),
        ("LONGHAUL_POLL_SECOND", "LONGHAUL_POLL_SECONDS"),
        ("LONGHAUL_WEB_PROCESES", "LONGHAUL_WEB_PROCESSES"),
        ("LONGHAUL_DATABASE_URL", "DATABASE_URL"),
        ("LONGHAUL_SECRET_KEY", "SECRET_KEY"),
        ("LONGHAUL_HOM", "LONGHAUL_HOME"),
    ],
)
def test_a_mistyped_name_is_told_with_the_one_that_was_meant(typo, meant, tmp_path):
    (problem,) = settings_in(tmp_path, **{typo: "hunter2"}).PROBLEMS
    assert problem.id == "longhaul.W001"
    assert problem.said == f"{typo} is set, but it is not a setting of Longhaul."
    assert problem.hint == f"Did you mean {meant}?"


def test_a_name_like_none_gets_the_list_of_those_that_are(tmp_path):
    (problem,) = settings_in(tmp_path, LONGHAUL_XYZZY_4711="hunter2").PROBLEMS
    assert all(name in problem.hint for name in KNOWN)
    assert "hunter2" not in problem.said + problem.hint


def test_names_of_others_are_not_our_business(tmp_path):
    assert ids(settings_in(tmp_path, LONG_HAUL="1", longhaul_guests="no", MY_LONGHAUL_URL="x")) == []


def test_the_page_that_describes_the_environment_is_not_stale(capsys):
    from django.core.management import call_command

    call_command("describe_environment")
    written = (ROOT / "docs" / "ENVIRONMENT.md").read_text()
    assert capsys.readouterr().out == written, "python manage.py describe_environment > docs/ENVIRONMENT.md"
    assert all(f"| `{name}` |" in written for name in KNOWN)
