"""What a pipeline declares for people is told to each viewer in their own language."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from progress import pipelines, place, spoken
from progress.markup import section
from progress.place import Place
from progress.printed import Prints
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker
from tests.pipelines import FILM
from tests.progress.test_rows import Monotonic

pytestmark = pytest.mark.django_db
HERE, THERE = (Place(zone=ZoneInfo("UTC"), prefix="/", language=language) for language in ("en", "eo"))


@pytest.fixture(autouse=True)
def esperanto(monkeypatch):
    """Every sentence says in which language it is told."""
    told = lambda message: f"{translation.get_language()}-{message}" if message else message  # noqa: E731
    monkeypatch.setattr(translation, "gettext", told)
    for kept in (place._text, spoken._in):
        kept.cache_clear()
    yield
    for kept in (place._text, spoken._in):
        kept.cache_clear()


@pytest.fixture
def rendering(job):
    tracker = ProgressTracker()
    tracker.start(job.pk)
    tracker.update_progress_incremental(job.pk, 30, 90, "frames", stage="process")
    job.refresh_from_db()
    job.finish = timezone.now() + timedelta(minutes=3)
    return job


def test_its_title_its_stages_and_what_they_are_counted_in_are_in_the_viewers_language(rendering):
    with THERE:
        seen = snapshot(rendering)
        assert seen.heading == "eo-Rendering your film..."
        assert [line.label for line in seen.stages] == [f"eo-{stage.label}" for stage in FILM.stages]
        assert seen.unit_words.endswith("eo-frames")
        assert "eo-rendering" in seen.bar_words.lower()
        assert {span.label for span in seen.strip.spans} >= {"eo-Rendering", "eo-Finishing"}


def test_what_is_waited_for_and_how_it_stands_too(job):
    with THERE:
        assert snapshot(job).heading == "eo-Waiting to start"
        job.status, job.stage = "running", "start"
        assert snapshot(job).message == "eo-Waiting for a machine to start."


def test_two_languages_never_share_an_answer(rendering):
    prints = Prints(Monotonic())
    bodies = [prints.of(rendering, at).body(None, "").plain.decode() for at in (HERE, THERE, HERE, THERE)]
    assert bodies[0] == bodies[2] != bodies[1] == bodies[3]
    assert all(f">en-{stage.label}<" in bodies[0] for stage in FILM.stages)
    assert all(f">eo-{stage.label}<" in bodies[1] for stage in FILM.stages)
    assert "eo-" not in bodies[0]
    assert "en-" not in bodies[1].replace("-en-", "")


def test_a_page_whose_language_was_changed_is_told_anew(rendering, monkeypatch):
    """Also where nobody has translated the sentence about the time that is left."""
    labels = {stage.label for stage in FILM.stages}
    told = lambda message: f"{translation.get_language()}-{message}" if message in labels else message  # noqa: E731
    monkeypatch.setattr(translation, "gettext", told)
    prints = Prints(Monotonic())
    rendering.finish, rendering.stage = None, "finalize"
    seen = [prints.of(rendering, at) for at in (HERE, THERE)]
    assert seen[0].seen.eta == seen[1].seen.eta
    assert seen[0].mark != seen[1].mark


def test_what_it_is_declared_as_stays_as_it_is(rendering):
    with THERE:
        section(snapshot(rendering))
    assert pipelines.get("film@1") is FILM
    assert FILM.title == "Rendering your film..."


def test_one_that_nobody_declared_has_no_words():
    assert spoken.find("nothing@9") is None
