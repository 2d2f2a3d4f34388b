"""Those who stand in line are told when their turn comes, and only when that is news."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exports import beforehand, line, queue
from exports.models import Export
from exports.tools import Tools
from modal_functions.folder import FolderStore
from progress.models import Forecast, Job, Rate
from progress.snapshot import snapshot
from tests.exports.lives import Lives
from tests.exports.scripted import ScriptedRunner

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_was_told_yet():
    line.memory.cache_clear()


@pytest.fixture
def tools(tmp_path, clock, tracker):
    runner = ScriptedRunner(at_once=1)
    return Tools(store=FolderStore(tmp_path), runner=lambda name: runner, tracker=tracker, clock=clock)


@pytest.fixture
def lives(tracker, clock):
    """Of a kind that is known: a megapixel takes a fiftieth of a second."""
    Rate.objects.create(key="multi_clip@1/process", mean=-3.9, variance=0.05, count=50)
    Rate.objects.create(key="process/kind=multi_clip", mean=0.0, variance=0.01, count=50)
    return Lives(tracker, clock)


@pytest.fixture
def waiting(lives, owner, tools):
    """The first of them is rendered; the others wait for it. Each needs about three minutes."""
    project = lives.project(owner)
    exports = [lives.begin(project, seconds=1300) for _ in range(4)]
    queue.begin_next(fresh(exports[:1]), tools)
    return exports[1:]


def fresh(exports):
    found = {each.pk: each for each in Export.objects.select_related("job", "project")}
    return [found[export.pk] for export in exports]


def job(export):
    return Job.objects.get(pk=export.pk)


def test_each_is_told_its_place_and_when_its_turn_comes(waiting, tools, clock):
    queue.begin_next(fresh(waiting), tools)
    said = [snapshot(job(export), clock()).eta for export in waiting]
    assert said[0].startswith("Waiting to start. You are next. Starts in about ")
    assert said[1].startswith("Waiting to start. 1 export ahead of you. Starts in about ")
    assert said[2].startswith("Waiting to start. 2 exports ahead of you. Starts in about ")
    starts, ends = [job(export).starts_low for export in waiting], [job(export).finish for export in waiting]
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    assert all(end > start for start, end in zip(starts, ends, strict=True))


def test_who_keeps_the_place_and_was_told_just_now_costs_nothing(waiting, tools):
    exports, places = fresh(waiting), {export.pk: place for place, export in enumerate(waiting)}
    line.tell(exports, places, tools)
    with CaptureQueriesContext(connection) as queries:
        line.tell(exports, places, tools)
    assert len(queries) == 0


def test_who_is_kept_out_of_the_line_is_told_of_no_time(waiting, tools, clock):
    exports, places = fresh(waiting), {export.pk: place for place, export in enumerate(waiting)}
    line.tell(exports, places, tools)
    assert snapshot(job(waiting[0]), clock()).in_brief.startswith("in about ")
    line.tell(fresh(waiting), {}, tools)
    for export in waiting:
        seen = snapshot(job(export), clock())
        assert (seen.eta, seen.in_brief) == ("Waiting to start.", "")
    with CaptureQueriesContext(connection) as queries:
        line.tell(fresh(waiting), {}, tools)
    assert not any("UPDATE" in query["sql"] for query in queries)
    line.memory.cache_clear()
    line.tell(fresh(waiting), places, tools)
    assert "1 export ahead of you. Starts in about " in snapshot(job(waiting[1]), clock()).eta


def test_behind_what_is_late_and_says_nothing_nobody_is_told_to_start_in_a_minute(waiting, tools, clock):
    queue.begin_next(fresh(waiting), tools)
    late = {"finish_low": clock(), "finish": clock(), "finish_high": clock()}
    Job.objects.filter(status="running").update(**late)
    clock.pass_by(3600)
    line.memory.cache_clear()
    queue.begin_next(fresh(waiting), tools)
    assert snapshot(job(waiting[0]), clock()).eta.endswith("Starts in about 1 minute to 2 hours.")


def test_who_moves_up_is_told_at_once(waiting, tools):
    exports, places = fresh(waiting), {export.pk: place for place, export in enumerate(waiting)}
    line.tell(exports, places, tools)
    before = job(waiting[2]).starts_low
    line.tell(exports, {waiting[2].pk: 1}, tools)
    assert job(waiting[2]).queue_position == 1
    assert job(waiting[2]).starts_low < before


def test_what_is_said_before_it_is_asked_for_counts_what_would_come_first(waiting, owner, stranger, clock, lives):
    project, source = waiting[0].project, waiting[0].project.sources.first()
    alone = lives.project(stranger)
    last = beforehand.before(project, "multi_clip", waiting[0].spec, [source], clock())
    soon = beforehand.before(alone, "multi_clip", waiting[0].spec, [source], clock())
    assert (len(last.ahead), len(soon.ahead)) == (4, 1)  # whose first it is comes before others' second
    assert last.left().middle > soon.left().middle > 200
    assert last.wait()[0] > soon.wait()[0]


def test_what_the_page_said_is_stored_when_the_export_is_asked_for(waiting):
    spec = waiting[0].spec
    clip = spec["clips"][0]
    project = waiting[0].project
    project.sources.update(facts=project.sources.first().facts | {"seconds": clip["out_us"] / 1e6})
    project.clips.update(in_us=clip["in_us"], out_us=clip["out_us"])
    export = Export.request(project, kind="multi_clip", options={"size": "720p"})
    said = Forecast.objects.get(job_id=export.pk, estimator="page")
    assert said.percent == 0
    assert said.low < said.finish < said.high
    assert said.finish == Forecast.objects.get(job_id=export.pk, estimator="learned").finish
    assert job(export).finish == said.finish
