import io
import json

import pytest
from django.core.management import call_command

from progress import calibration
from progress.models import Rate
from tests.eta_replay.trace import read
from tests.exports.lives import Lives

pytestmark = pytest.mark.django_db


def calibrate(**options):
    """What it says, and its exit code."""
    out, code = io.StringIO(), 0
    try:
        call_command("calibrate", stdout=out, **options)
    except SystemExit as ending:
        code = ending.code
    return out.getvalue().strip(), code


@pytest.fixture
def recorded(tracker, clock, owner):
    """Six exports that taught nobody, since nothing was committed."""
    lives = Lives(tracker, clock)
    project = lives.project(owner)
    return [lives.whole(project, quality=quality) for quality in ("draft", "standard") * 3]


def test_without_anything_on_record_nothing_is_changed():
    said, code = calibrate()
    assert code == 1
    assert "nothing to learn from yet" in said


def test_what_is_on_record_is_learned_once_more(recorded):
    said, code = calibrate()
    assert code == 0
    assert said.startswith("6 exports looked at, 36 stages learned from: median error ")
    assert said.endswith("rates kept.")
    assert Rate.objects.get(key="multi_clip@1/process").count == 6
    before = dict(Rate.objects.values_list("key", "mean"))
    assert calibrate() == calibrate()
    assert dict(Rate.objects.values_list("key", "mean")) == before


def test_a_dry_run_changes_nothing(recorded):
    said, code = calibrate(dry_run=True)
    assert (code, Rate.objects.count()) == (0, 0)
    assert "would be kept" in said


def test_rates_that_were_spoilt_become_right_again(recorded):
    Rate.objects.create(key="multi_clip@1/process", mean=9.0, variance=0.01, count=50)
    told = json.loads(calibrate(json=True)[0])
    assert told["before"]["median"] > 1 > told["after"]["median"]
    assert told["kept"]
    assert Rate.objects.get(key="multi_clip@1/process").mean < 1


def test_what_would_foretell_worse_is_not_kept(recorded):
    calibrate()
    Rate.objects.filter(key="multi_clip@1/finalize").update(count=1234)
    done = calibration.calibrate(apply=True, worse=-1.0)  # nothing is ever good enough
    assert (done.better, done.kept) == (False, False)
    assert Rate.objects.get(key="multi_clip@1/finalize").count == 1234


def test_only_so_many_are_looked_at(recorded):
    assert json.loads(calibrate(json=True, limit=2)[0])["jobs"] == 2


def test_what_is_on_record_can_be_replayed(recorded):
    said, code = calibrate(dump=True)
    traces = list(read(said.splitlines()))
    assert code == 0
    assert len(traces) == 6
    for trace in traces:
        stages = [trace.parts[run.part].stage for run in trace.runs]
        assert stages == ["upload", "start", "fetch", "process", "publish", "finalize"]
        process = next(run for run in trace.runs if trace.parts[run.part].stage == "process")
        assert process.half() == pytest.approx((process.ended - process.began) / 2, rel=0.2)
        assert trace.ready <= trace.taken <= trace.ended
