"""Log lines as JSON: one object a line, and the export that they are about."""

import json
import logging
import sys
import uuid

from exports.about import about
from exports_site.logs import AboutMiddleware, Json

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
