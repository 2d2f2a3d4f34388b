"""Coming back: which exports are mine, and what became of one of them."""

import uuid

import pytest
from django.urls import reverse

from exports.models import Attempt, Export
from progress.models import Status
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, finished, project_of, requested, running

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]


@pytest.fixture
def project(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return project


@pytest.fixture
def export(project):
    return requested(project, title="Reel 12")


def asked(browser, export):
    return browser.get(reverse("api-modal-status", args=[export.pk]))


def call(export, **more):
    return Attempt.objects.create(export=export, number=1, runner="local", call_id="fc-1", **more)


def test_only_the_callers_own_exports_that_have_not_ended_are_active(browser, export, project, stranger, signed_in):
    ended = requested(project)
    ProgressTracker().cancel(ended.pk, actor="olga")
    found = browser.get(reverse("api-active")).json()
    assert found == {
        "exports": [
            {
                "job_id": str(export.pk),
                "project_id": str(project.pk),
                "export_type": "multi_clip",
                "status": "pending",
                "progress": 0,
                "modal_call_id": None,
                "created_at": export.job.created_at.isoformat(),
            }
        ]
    }
    assert signed_in(stranger).get(reverse("api-active")).json() == {"exports": []}


def test_a_running_one_is_processing_and_names_its_call(browser, export):
    running(export)
    Attempt.objects.update_or_create(export=export, defaults={"number": 1, "runner": "local", "call_id": "fc-9"})
    line = browser.get(reverse("api-active")).json()["exports"][0]
    assert (line["status"], line["modal_call_id"]) == ("processing", "fc-9")


def test_nobody_is_asked_to_sign_in(visitor, export):
    assert visitor.get(reverse("api-active")).status_code == 401
    assert asked(visitor, export).status_code == 401


def test_without_a_call_there_is_nothing_to_ask(browser, export):
    answer = asked(browser, export)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Job not found or no Modal call_id"})


def test_a_strangers_export_is_as_if_it_were_not_there(stranger, signed_in, export):
    call(export)
    assert asked(signed_in(stranger), export).status_code == 404
    assert asked(signed_in(stranger), Export(pk=uuid.uuid4())).status_code == 404


def test_what_runs_is_running_and_an_outage_only_degrades_it(browser, export):
    running(export)
    Attempt.objects.update_or_create(
        export=export, defaults={"number": 1, "runner": "local", "call_id": "fc-1", "outcome": "ok"}
    )
    Attempt.objects.update(gone_at=export.job.created_at)
    Export.objects.filter(pk=export.pk).update(lease_until="2999-01-01T00:00Z")  # nobody steps
    assert asked(browser, export).json() == {"status": "running"}
    ProgressTracker().unreachable(export.pk)
    said = "We can't reach the render service right now. Your export is not affected."
    assert asked(browser, export).json() == {"status": "running", "degraded": True, "message": said}
    ProgressTracker().unreachable(export.pk, "store")
    said = "We can't use the store right now. Your export is not affected."
    assert asked(browser, export).json() == {"status": "running", "degraded": True, "message": said}


def test_a_finished_one_is_complete_with_its_result(browser, export):
    finished(export)
    Attempt.objects.filter(export=export).delete()
    call(export, outcome="ok")
    done = Export.objects.get(pk=export.pk)
    assert asked(browser, export).json() == {
        "status": "complete",
        "result": {
            "status": "success",
            "output_key": done.result_key,
            "bytes": done.result_bytes,
            "sha256": done.result_sha256,
        },
    }


def test_a_failed_one_says_why(browser, export):
    call(export, outcome="error")
    ProgressTracker().fail(export.pk, cause="input_unreadable", text="We couldn't read clip 1.")
    assert asked(browser, export).json() == {"status": "error", "error": "We couldn't read clip 1."}


def test_who_asks_takes_the_step_that_is_due_though_the_driver_drives(browser, export):
    """An export that ended while everything was down is finished by the question alone."""
    assert export.job.status == Status.UPLOADING
    call(export, outcome="abort", gone_at=export.job.created_at)
    asked(browser, export)
    assert Export.objects.get(pk=export.pk).job.status == Status.QUEUED


def test_a_script_is_answered_by_its_token_and_a_strangers_is_not(export, owner, stranger, script):
    hers, his = script(owner, "read"), script(stranger, "read")
    client, there = hers.client, reverse("api-active")
    assert [line["job_id"] for line in client.get(there, headers=hers.headers).json()["exports"]] == [str(export.pk)]
    assert his.client.get(there, headers=his.headers).json() == {"exports": []}
    status = reverse("api-modal-status", args=[export.pk])
    assert his.client.get(status, headers=his.headers).status_code == 404
