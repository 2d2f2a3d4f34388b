"""The form of each kind, as it is opened, and with all that can be wrong in it."""

from collections.abc import Iterator
from typing import Any

from django.test import override_settings
from django.urls import reverse

from exports import kinds
from exports.models import Project
from tests.exports.clips import clips_of, connected
from tests.gallery.stage import Scene, Stage


def scenes(stage: Stage) -> Iterator[Scene]:
    project = stage.project("Lofoten, other exports")
    stage.source(project, "head.nii.gz", number=5, facts={"voxels": [28, 26, 24]})
    finished = stage.project("Lofoten, clips of a talk")
    clips_of(finished)
    connected(stage.owner)
    path = reverse("choose-kind", args=[project.pk])
    with override_settings(FETCHES="public", TIKTOK_API="http://127.0.0.1:9"):
        yield Scene(name="kinds", path=path, account=stage.owner)
        for kind in kinds.registered():
            if kind.offered and kind.key != "multi_clip":  # whose form stands on the project's own page
                yield from _of(kind, finished if kind.made_of_results_of else project, stage)


def _of(kind: kinds.Kind, project: Project, stage: Stage) -> Iterator[Scene]:
    path = kind.address(project)
    yield Scene(name=f"kind-{kind.key}", path=path, account=stage.owner)
    yield Scene(name=f"kind-{kind.key}-wrong", path=path, account=stage.owner, act=_send_nonsense)


def _send_nonsense(page: Any) -> None:
    """As a person would who fills in nothing well; the answer takes the form's place."""
    for field in page.locator("#kind-form :is(input[type=text], input[type=number], input[type=url]):visible").all():
        field.fill("" if field.get_attribute("type") == "number" else "nonsense")
    page.locator("#export-button").click()
    page.locator("#kind-form .problem, .job").first.wait_for()
