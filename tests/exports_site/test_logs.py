"""Log lines as JSON: one object a line, and the export that they are about."""

import json
import logging
import sys
import uuid

import pytest
from django.conf import settings

from exports.about import about
from exports_site.logs import AboutMiddleware, Json, Line, Refused

PK = uuid.UUID("7f3c0000-0000-4000-8000-000000000000")


def line(said, *args, **more):
    record = logging.LogRecord("exports", logging.WARNING, "x.py", 1, said, args, more.get("exc_info"))
    written = Json().format(record)
    assert "\n" not in written
    return json.loads(written)


def test_a_line_is_an_object_with_when_how_bad_who_and_what():
    found = line("The store\ndid not answer for %s", "attempt 1")
    assert found["said"] == "The store\ndid not answer for attempt 1"
    assert (found["level"], found["logger"]) == ("WARNING", "exports")
    assert found["at"].endswith("+00:00")
    assert "export" not in found


def test_whoever_logs_while_an_export_is_worked_on_is_known_to_talk_of_it():
    with about(PK):
        assert line("The store did not answer")["export"] == str(PK)
        with about("another"):
            assert line("deeper")["export"] == "another"
        assert line("back")["export"] == str(PK)
    assert "export" not in line("afterwards")


def test_a_page_of_an_export_is_about_it(rf):

    def view(request):
        around.process_view(request, None, (), {"job_id": PK})
        return line("within")

    around = AboutMiddleware(view)
    assert around(rf.get("/"))["export"] == str(PK)
    assert "export" not in line("afterwards")


def test_an_id_that_is_named_in_the_line_is_found():
    assert line("[Progress Event] job=%s phase=running", PK)["export"] == str(PK)
    assert line("export=%s step=spawn", PK)["export"] == str(PK)


def test_an_error_brings_its_trace():
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        assert "ZeroDivisionError" in line("It failed", exc_info=sys.exc_info())["trace"]


def plain(said, *args):
    return Line("%(levelname)s %(name)s: %(message)s").format(
        logging.LogRecord("exports", logging.WARNING, "x.py", 1, said, args, None)
    )


@pytest.mark.parametrize(
    "typed", ["a\nERROR root: broken into", "a\r\nb", "a\x1b[2Jb", "a\u2028b", "a\x00b", "a\u202eb"]
)
def test_what_somebody_typed_is_on_one_line_and_moves_no_cursor(typed):
    written = plain("%s could not be read", typed)
    assert len(written.splitlines()) == 1
    assert written.isprintable()
    assert written.startswith("WARNING exports: a")
    assert "\n" not in json.dumps(line("%s could not be read", typed)["said"])


def test_a_trace_has_its_lines():
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        record = logging.LogRecord("exports", logging.WARNING, "x.py", 1, "It failed", (), sys.exc_info())
    assert len(Line("%(message)s").format(record).splitlines()) > 3


@pytest.mark.parametrize("write", [plain, lambda said, *args: line(said, *args)["said"]], ids=["plain", "json"])
def test_no_secret_is_written_whoever_logs_it(write):
    for secret in (
        *(settings.SECRET_KEY, settings.STORE_SECRET, settings.NOTIFY_REPLIES, settings.EMAIL_HOST_PASSWORD),
        *("lh_0123456789ab_" + "x" * 43, "whsec_" + "a" * 44, "eyJhIjoiYiJ9eyJhIjoiYiJ9:1wAbcd:" + "s" * 43),
    ):
        assert secret not in write("it was %s", f"/stop/{secret}")
    assert "5e5e" not in write("GET https://s.example/a?X-Amz-Signature=%s", "5e" * 32)


@pytest.mark.django_db
def test_what_is_refused_to_a_stranger_is_one_line_without_a_trace(client, caplog):
    assert client.get(f"/projects/?x={'a' * 17_000}").status_code == 400
    [record] = [each for each in caplog.records if each.name.startswith("django.security")]
    assert Refused().filter(record)
    assert Line("%(levelname)s %(message)s").format(record) == "WARNING Unsafe redirect exceeding 16384 characters"
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["refused"]


def test_a_fault_of_ours_keeps_its_trace():
    try:
        int("ours")
    except ValueError:
        record = logging.LogRecord("django.request", logging.ERROR, "", 1, "Internal", (), sys.exc_info())
    assert Refused().filter(record)
    assert "ValueError: invalid literal" in Line("%(message)s").format(record)
