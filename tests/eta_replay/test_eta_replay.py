"""A small replay, always the same: what must hold of an estimator anywhere. The figures are `make bench-eta`'s."""

import math
from dataclasses import replace

import pytest

from progress.estimate.learned import Learned
from progress.estimate.shapes import Part, Quantiles
from progress.estimate.simple import Linear, Rolling
from progress.estimate.stage_sum import StageSum
from tests.eta_replay import encodes, measures, scoring
from tests.eta_replay.__main__ import main, placed
from tests.eta_replay.contenders import Blind
from tests.eta_replay.replay import CHECKPOINTS, Replay
from tests.eta_replay.simulation import simulate
from tests.eta_replay.trace import Run, Trace, read, written

MIDDLE = (0.25, 0.5, 0.75)


@pytest.fixture(scope="module")
def traces():
    return simulate(7, 320)


@pytest.fixture(scope="module")
def played(traces):
    return measures.play(traces, [Learned(), Blind(), StageSum(), Linear(), Rolling()])


@pytest.fixture(scope="module")
def scores(traces, played):
    return {each.name: scoring.by_checkpoint(measures.judged(each, traces)) for each in played[0]}


def within(scores, name, checkpoints, percent=20):
    return sum(getattr(scores[name][each], f"within{percent}") for each in checkpoints) / len(checkpoints)


# How good it is


def test_the_learned_estimator_is_better_than_each_simple_one(scores):
    assert within(scores, "learned", MIDDLE, 10) > within(scores, "stage_sum", MIDDLE, 10)
    for simple in ("linear", "rolling"):
        assert within(scores, "learned", MIDDLE, 10) > within(scores, simple, MIDDLE, 10) + 20, simple


def test_without_levels_it_knows_less_of_what_its_settings_make_slow(traces, played):
    """x264 takes eight times as long with some settings as with others; the other kinds have no such settings."""
    early, blind = (
        scoring.score(
            [
                each
                for each in measures.judged(contender, traces)
                if each.trace.pipeline == "multi_clip@1" and each.checkpoint < 0.5
            ]
        )
        for contender in played[0][:2]
    )
    assert early.within20 > blind.within20 + 5


def test_it_knows_more_the_further_a_job_is(scores):
    found = [within(scores, "learned", (checkpoint,)) for checkpoint in CHECKPOINTS]
    assert found == sorted(found)
    assert found[2] > 65
    assert found[3] > 80


def test_its_range_holds_about_eight_in_ten(scores):
    covered = [scores["learned"][checkpoint].covered for checkpoint in CHECKPOINTS]
    assert 74 < sum(covered) / len(covered) < 87


def test_what_is_shown_hardly_ever_gets_worse_and_the_bar_never_goes_back(played):
    shown = scoring.shown(played[1])
    assert shown.jobs > 20
    assert shown.reversals == 0
    assert shown.worse <= 1.5
    assert shown.bent < shown.bent_fixed


def test_a_replay_is_the_same_each_time():
    traces = simulate(3, 20)
    assert traces == simulate(3, 20)
    said = [[each.error for each in Replay(traces, [Learned()]).run().contenders[0].said] for _ in range(2)]
    assert said[0] == said[1]


# That it is honest


class Witness:
    """Keeps what it is told, and when it is asked."""

    name = "witness"

    def __init__(self):
        self.asked, self.learned, self.settled = [], [], []

    def predict(self, features, observations, now):
        self.asked.append((features, tuple(observations), now))
        return Quantiles(low=1.0, middle=2.0, high=3.0)

    def learn(self, measured):
        self.learned.append((measured, self.asked[-1][2] if self.asked else -math.inf))

    def settle(self, said, left):
        self.settled.append(left)


def film(created, *seconds, **told):
    parts = tuple(Part(stage=f"s{number}", usual=10) for number in range(len(seconds)))
    at, runs = created, []
    for number, took in enumerate(seconds):
        runs.append(Run(part=number, began=at, ended=at + took, units=10, marks=((at, 0.0), (at + took, 1.0))))
        at += took
    return Trace(pipeline="film@1", created=created, parts=parts, runs=tuple(runs), **told)


def test_nothing_is_told_before_it_has_happened():
    witness = Witness()
    traces = simulate(5, 60)
    Replay(traces, [witness]).run()
    assert all(seen.at <= now for _, observations, now in witness.asked for seen in observations)
    ends = sorted(run.ended for trace in traces for run in trace.runs if trace.measured(run, 0.0))
    assert len(witness.learned) == len(ends)
    assert all(asked <= ended for (_, asked), ended in zip(witness.learned, ends, strict=True))


def test_a_job_is_asked_after_at_each_checkpoint_and_judged_when_it_is_over():
    witness = Witness()
    Replay([film(100.0, 10.0, 30.0)], [witness]).run()
    assert [now for _, _, now in witness.asked] == pytest.approx([100, 104, 110, 120, 130, 136])
    assert witness.settled == pytest.approx([40, 36, 30, 20, 10, 4])
    halfway = witness.asked[3][1][-1]
    assert (halfway.part, halfway.began, halfway.passed) == (1, 110.0, (10.0,))
    assert halfway.done == pytest.approx(1 / 3)


def test_who_waits_is_told_what_is_ahead_by_the_estimators_own_word():
    witness = Witness()
    first, second = film(0.0, 50.0, place="local"), film(10.0, 30.0, place="local")
    second = replace(second, runs=(replace(second.runs[0], began=50.0, ended=80.0, marks=()),))
    Replay([first, second], [witness]).run()
    waiting = next(seen[-1] for _, seen, now in witness.asked if now == 10.0 and seen[-1].part is None)
    assert [(left.middle, left.running) for left in waiting.ahead] == [(2.0, True)]


def test_what_stood_still_or_was_done_twice_teaches_nothing():
    whole = film(0.0, 10.0)
    assert whole.measured(whole.runs[0], None).half == pytest.approx(5)
    for wrong in ({"finished": False}, {"clean": False}, {"kept": 0.5}):
        assert whole.measured(replace(whole.runs[0], **wrong), None) is None


def test_a_standstill_shows_since_when_nothing_moved():
    run = Run(part=0, began=0.0, ended=30.0, marks=((0.0, 0.0), (10.0, 0.5), (20.0, 0.5), (30.0, 1.0)))
    assert run.done(5.0) == (0.25, 5.0)
    assert run.done(15.0) == (0.5, 10.0)
    assert run.done(25.0) == (0.75, 25.0)


def test_the_simulated_world_has_what_goes_wrong_in_the_real_one(traces):
    tags = {tag for trace in traces for tag in trace.tags}
    assert tags == {"cold", "stall", "retry"}
    assert any(trace.taken > trace.ready for trace in traces)
    assert {trace.pipeline for trace in traces[:150]} < {trace.pipeline for trace in traces}
    assert {trace.place for trace in traces[:150]} < {trace.place for trace in traces}


# What is read and written


def test_a_trace_is_a_line_and_comes_back(traces):
    assert list(read([written(trace) for trace in traces[:20]])) == traces[:20]


@pytest.mark.parametrize("line", ["{}", "[]", "no", '{"pipeline": "x", "created": 0, "parts": [], "runs": []}'])
def test_a_line_that_is_no_trace_is_refused_by_its_number(line, traces):
    with pytest.raises(ValueError, match="line 2: expected a trace"):
        list(read([written(traces[0]), line]))


def test_an_estimator_of_a_stranger_takes_part(tmp_path, traces, capsys):
    recorded = tmp_path / "exports.jsonl"
    recorded.write_text("".join(f"{written(trace)}\n" for trace in traces[:12]))
    stranger = f"{__name__}:Witness"
    assert main(["--part", "recorded", "--recorded", str(recorded), "--estimator", stranger], kept=tmp_path) == 0
    assert "| witness" in capsys.readouterr().out


def test_the_whole_of_it_runs_on_a_small_installation(tmp_path, capsys):
    assert main(["--part", "exports", "--worlds", "1", "--exports", "50"], kept=tmp_path) == 0
    told = capsys.readouterr().out
    for name in ("learned", "stage_sum", "linear", "rolling", "smoothed", "window", "over two minutes", "started cold"):
        assert f"| {name} " in told
    (kept,) = tmp_path.iterdir()
    assert kept.read_text() in told


def test_figures_go_where_the_document_has_their_name():
    document = "before\n<!-- speed -->\nold\n<!-- /speed -->\nafter\n"
    assert placed(document, "speed", "new") == "before\n<!-- speed -->\n\nnew\n\n<!-- /speed -->\nafter\n"
    assert placed(document, "other", "new") == document


@pytest.mark.skipif(encodes.found() is None, reason="the real encodes are not here: LONGHAUL_X264 names the file")
def test_real_encodes_of_unseen_videos_are_known_better_than_by_pixels_and_settings():
    scores = measures.of_encodes(encodes.found(), 1, 3000)
    assert scores["learned"]["all"].within20 > scores["stage_sum"]["all"].within20 + 12
    assert scores["learned"]["later"].within20 > scores["learned"]["the first of a video"].within20
    assert 75 < scores["learned"]["all"].covered < 87
