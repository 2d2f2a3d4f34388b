"""Looks at everything the suite logs, mails, stores and shows: no secret may stand in it.

The site's own secrets bear a mark here that is found anywhere at no cost; what is made while it runs is known by its
form. A test that lets one slip fails, and how much was looked at is told at the end of the run."""

import logging
import re
from collections import Counter

import pytest
from django.core.mail import EmailMessage
from django.db.backends.signals import connection_created

from exports_site.logs import Line
from tests.planted import MARK

FORMS = {
    "an API token": re.compile(r"lh_[0-9a-f]{12}_[A-Za-z0-9_-]{43}"),
    "a webhook's secret": re.compile(r"whsec_[A-Za-z0-9+/]{40,}"),
    "a presigned address": re.compile(r"X-Amz-Signature=[0-9a-f]{64}"),
    "a session": re.compile(r"sessionid=[\w.:-]{40,}|Set-Cookie: \w+=[\w.:-]{32,}"),
    "a signed value": re.compile(r"[\w.-]{16,}:1[A-Za-z0-9]{5}:[\w-]{43}"),
}
# What may stand where: the links of a mail are signed, a page shows a token once, a bucket's addresses are handed out,
# and what signs webhooks has to be kept to sign them.
SOUGHT = {
    "line": tuple(FORMS),
    "raw": ("an API token", "a webhook's secret", "a session"),  # what not even the form of the log is trusted with
    "mail": ("an API token", "a webhook's secret", "a presigned address", "a session"),
    "row": ("an API token", "a presigned address", "a session"),
    "page": (),
}


class Scanner:
    def __init__(self):
        self.looked, self.found = Counter(), []

    def look(self, sort, text, where=""):
        self.looked[sort] += 1
        if MARK in text:
            self.found.append(f"a secret of the settings in a {sort} {where}: {_around(text, text.index(MARK))}")
        for name in SOUGHT[sort]:
            if hit := FORMS[name].search(text):
                self.found.append(f"{name} in a {sort} {where}: {_around(text, hit.start())}")

    def taken(self):
        found, self.found = self.found, []
        return found


def _around(text, at):
    return text[max(0, at - 80) : at + 30]


SCANNER = Scanner()


class Lines(logging.Handler):
    def emit(self, record):
        said = record.getMessage()
        if record.exc_info:
            said += logging.Formatter().formatException(record.exc_info)
        if record.name != "werkzeug":  # the bucket of the tests, which is nothing of ours
            SCANNER.look("raw", said, record.name)
            SCANNER.look("line", self.format(record), record.name)


LINES = Lines(logging.INFO)


class Pages:
    """Outermost of all: what it sees is what a browser gets."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        answer = self.get_response(request)
        if not answer.streaming and not answer.get("Content-Encoding"):
            SCANNER.look("page", answer.content.decode(errors="replace"), request.path)
        return answer


def rows(execute, sql, params, many, context):
    """Of what is written; with many, each of them."""
    if sql[:6] in {"INSERT", "UPDATE"} and params:
        for row in params if many else (params,):
            values = row.values() if isinstance(row, dict) else row
            SCANNER.look("row", "\n".join(_text(value) for value in values), sql[:60])
    return execute(sql, params, many, context)


def _text(value):
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):  # how Postgres is given many rows at once
        return "\n".join(map(_text, value))
    return str(getattr(value, "obj", "")) if not isinstance(value, bytes) else value.decode(errors="replace")


def _connected(connection, **_):
    if rows not in connection.execute_wrappers:
        connection.execute_wrappers.append(rows)


def letters(message):
    """As it was written, before it is encoded for its way: there a secret would look like another."""

    def looked_at(self, *args, **named):
        others = [str(content) for content, *_ in getattr(self, "alternatives", ())]
        SCANNER.look("mail", "\n".join([self.subject, self.body, *others, str(self.extra_headers)]), self.subject)
        return message(self, *args, **named)

    return looked_at


def pytest_configure(config):
    EmailMessage.message = letters(EmailMessage.message)
    LINES.setFormatter(Line("%(name)s: %(message)s"))
    connection_created.connect(_connected, dispatch_uid="leaks")


def pytest_runtest_setup():
    """Each time anew: whoever sets logging up takes away what was there."""
    logging.getLogger().addHandler(LINES)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    answer = yield
    if found := SCANNER.taken():
        pytest.fail("A secret slipped out:\n" + "\n".join(found), pytrace=False)
    return answer


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["leaks"] = dict(SCANNER.looked)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    SCANNER.looked.update(getattr(node, "workeroutput", {}).get("leaks", {}))


def pytest_terminal_summary(terminalreporter):
    counts = ", ".join(f"{SCANNER.looked[sort]:,} {sort}s" for sort in SOUGHT if sort != "raw")
    terminalreporter.write_line(f"Looked through for secrets: {counts}.")
