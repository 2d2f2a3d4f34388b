"""Real-ESRGAN is offered where its weights are, and nowhere else; what is asked for names them by their checksum."""

import hashlib
from importlib.util import find_spec

import pytest
from django.urls import reverse

from exports import kinds, queue
from exports.kinds import enlarging
from exports.kinds.base import Unplannable
from exports.models import Export
from exports.tools import Tools
from modal_functions.folder import FolderStore
from tests.exports.footage import film_of, project_of
from tests.exports.scripted import ScriptedRunner, Work

pytestmark = pytest.mark.django_db
BODY = b"stands for weights, which the site never opens"
SHA256 = hashlib.sha256(BODY).hexdigest()
BOTH = ["framing_ai", "multi_clip"]


@pytest.fixture
def project(owner):
    return film_of(project_of(owner), "beach.mov")[0].project


@pytest.fixture
def weights(settings, tmp_path):
    """Installed, and rendered elsewhere: there, the libraries are."""
    path = tmp_path / "RealESRGAN_x4plus.pth"
    path.write_bytes(BODY)
    settings.UPSCALE_WEIGHTS, settings.RUNNER = str(path), "modal"
    return path


def plan(project, kind, asked="real-esrgan"):
    return kinds.get(kind).plan(project, {"enlarging": asked})


@pytest.mark.parametrize("kind", BOTH)
def test_without_weights_it_says_what_can_be_asked_for(project, kind):
    with pytest.raises(Unplannable, match=r"expected lanczos, got 'real-esrgan'\.$"):
        plan(project, kind)
    assert "weights" not in plan(project, kind, "lanczos")


def test_weights_that_are_not_where_they_are_said_to_be_are_named(project, weights):
    weights.unlink()
    assert enlarging.lacks() == f"the file {weights.name}, which LONGHAUL_UPSCALE_WEIGHTS names and which is not there"
    with pytest.raises(Unplannable, match="expected lanczos"):
        plan(project, "framing_ai")


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed here, so nothing is missing")
def test_on_this_machine_the_package_is_needed_too(project, weights, settings):
    settings.RUNNER = "local"
    assert enlarging.lacks() == "the Python package torch (pip install '.[upscale]')"
    with pytest.raises(Unplannable, match="expected lanczos"):
        plan(project, "multi_clip")


@pytest.mark.parametrize("kind", BOTH)
def test_the_plan_has_their_name_and_checksum_and_the_form_remembers(browser, project, weights, kind):
    planned = plan(project, kind)
    assert planned["weights"] == {"name": "RealESRGAN_x4plus.pth", "sha256": SHA256}
    export = Export.request(project, kind=kind, options={"enlarging": "real-esrgan"})
    assert ("Enlarged by", "Real-ESRGAN, RealESRGAN_x4plus.pth") in kinds.get(kind).described(export)
    page = browser.get(kinds.get(kind).address(project)).text
    assert '<option value="real-esrgan" selected>Real-ESRGAN upscale (RealESRGAN_x4plus)</option>' in page


def test_a_film_is_asked_for_with_it_on_the_page_of_its_clips(browser, project, weights):
    chosen = {"do": "export", "size": "720p", "rate": "25", "quality": "high", "enlarging": "real-esrgan", "title": ""}
    assert browser.post(reverse("film", args=[project.pk]), chosen).status_code == 302
    assert Export.objects.get().spec["weights"]["sha256"] == SHA256


@pytest.fixture
def runner():
    return ScriptedRunner()


@pytest.fixture
def tools(tmp_path, runner, clock, tracker):
    return Tools(store=FolderStore(tmp_path / "store"), runner=lambda name: runner, tracker=tracker, clock=clock)


@pytest.fixture
def begun(project, weights, runner, tools, tracker):
    def begin():
        export = Export.request(project, kind="framing_ai", options={"enlarging": "real-esrgan"})
        tracker.uploaded(export.pk)
        queue.spawn(queue.begin_next([export], tools)[0], tools)
        return Work(runner, tools.store, tools.clock).spec

    return begin


def test_the_work_finds_them_among_the_parts_of_the_project(project, begun, tools):
    told = begun()
    assert told["weights"] == SHA256
    kept = f"projects/{project.pk}/chunks/{SHA256[:2]}/{SHA256}.pth"
    assert (told["chunks"], tools.store.get(kept)) == (f"projects/{project.pk}/chunks", BODY)


def test_other_weights_than_were_planned_with_are_not_brought(project, weights, tools, tracker, runner):
    export = Export.request(project, kind="framing_ai", options={"enlarging": "real-esrgan"})
    tracker.uploaded(export.pk)
    weights.write_bytes(b"newer ones")
    queue.spawn(queue.begin_next([export], tools)[0], tools)
    assert Work(runner, tools.store, tools.clock).spec["weights"] == SHA256
    assert [key for key in tools.store.keys("projects") if key.endswith(".pth")] == []


def test_what_is_enlarged_is_compared_with_what_is_enlarged_alone(project, weights):
    from exports.kinds.base import Around

    around = Around(account="a", project="p", machine="m", at_once=2)
    kind, sources = kinds.get("multi_clip"), list(project.sources.all())
    usual, large = (
        kind.parts(plan(project, "multi_clip", each), sources, around) for each in ("lanczos", "real-esrgan")
    )
    levels = {part.stage: set(part.levels) for part in usual}
    for part in large:
        assert bool(levels[part.stage] & set(part.levels)) == (part.stage != "process")
