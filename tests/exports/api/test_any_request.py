"""Whatever is asked of the API, well or badly, signed in or not: it answers as its own document says, and never breaks.

`REQUESTS=1000` tries harder: so many for each operation."""

import itertools
import os
from collections import Counter

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from exports.models import Token
from exports_site.wsgi import application
from tests.exports.footage import driver_is_awake, film_of, finished, project_of, requested, running

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
REQUESTS = int(os.environ.get("REQUESTS", "5"))
HARD = settings(
    max_examples=REQUESTS,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize="CI" in os.environ,
)


@pytest.fixture
def one_connection():
    """All within this test's transaction: a request does not close it, as it would elsewhere."""
    signals = (request_started, request_finished)
    for each in signals:
        each.disconnect(close_old_connections)
    yield
    for each in signals:
        each.connect(close_old_connections)


@pytest.fixture
def loaded(request, db, one_connection, owner, settings):
    """The document, and what there is to ask about: every second request is about something that exists."""
    settings.API_CHANGES_A_MINUTE = settings.API_QUESTIONS_A_MINUTE = 1_000_000
    driver_is_awake()
    project = project_of(owner)
    clip = film_of(project, "beach.mov")[0]
    exports = [requested(project), running(requested(project)), finished(requested(project))]
    token = Token.make(owner, name="script", scope="write")[1]
    known = {
        "project_id": [str(project.pk)],
        "source_id": [str(clip.source_id)],
        "export_id": [str(export.pk) for export in exports],
        "job_id": [str(export.pk) for export in exports],
    }
    config = schemathesis.Config.from_dict({"generation": {"mode": "all"}})
    schema = schemathesis.openapi.from_wsgi(request.param, application, config=config)
    return schema, known, {"Authorization": f"Bearer {token}"}


def ask(case, known, headers, turn):
    for name, ids in known.items():
        if name in (case.path_parameters or {}) and turn % 2:
            case.path_parameters[name] = ids[turn // 2 % len(ids)]
    answer = case.call(headers={"Accept-Encoding": "identity", **headers})
    case.validate_response(answer, checks=CHECKS)
    return answer


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the asker leaves films unread, and open
@pytest.mark.parametrize("loaded", ["/api/v1/openapi.json", "/api/dialects.json"], indirect=True)
@pytest.mark.parametrize("signed_in", [True, False])
def test_it_answers_as_its_document_says(loaded, signed_in):
    schema, known, token = loaded
    counts = Counter()
    for operation in schema.get_all_operations():
        asked_of(operation.ok(), known, token if signed_in else {}, counts)
    allowed = range(200, 500) if signed_in else (401, 404, 405, 422)
    assert set(counts) <= set(allowed), counts
    assert not signed_in or counts[200] > REQUESTS, counts


def asked_of(operation, known, headers, counts):
    turns = itertools.count()

    @HARD
    @given(case=operation.as_strategy())
    def each(case):
        counts[ask(case, known, headers, next(turns)).status_code] += 1

    each()
