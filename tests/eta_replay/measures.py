"""The measurements of docs/ETA.md, each a table's worth of figures."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from progress.estimate import learned
from progress.estimate.learned import Learned
from progress.estimate.shapes import Features, Measured, Part
from progress.estimate.stage_sum import StageSum
from tests.eta_replay import encodes, scoring
from tests.eta_replay.replay import Contender, Replay, Said
from tests.eta_replay.simulation import simulate
from tests.eta_replay.trace import Trace
from tests.eta_replay.watches import Seen
from tests.eta_replay.world import LATER, NEW

WATCH_EACH = 8  # of the exports, one of so many is watched look by look …
WATCH_LONGEST = 7200.0  # … unless it takes longer, for it alone would outweigh the others


def worlds(seed: int, count: int, exports: int, films: Sequence[encodes.Encode]) -> list[list[Trace]]:
    return [simulate(seed + number, exports, films) for number in range(count)]


def play(
    traces: Sequence[Trace], estimators: Sequence[Any], *, watch: bool = True
) -> tuple[list[Contender], list[Seen]]:
    watched: list[Seen] = []

    def watching(number: int, trace: Trace) -> Seen | None:
        if not watch or number % WATCH_EACH or not is_judged(number, traces) or trace.seconds > WATCH_LONGEST:
            return None
        watched.append(Seen(trace=trace))
        return watched[-1]

    replay = Replay(traces, estimators, watching=watching).run()
    return replay.contenders, watched


def is_judged(number: int, traces: Sequence[Trace]) -> bool:
    """The first quarter of the exports is for learning."""
    return number >= len(traces) // 4


def judged(contender: Contender, traces: Sequence[Trace]) -> list[Said]:
    since = traces[len(traces) // 4].created
    return [said for said in contender.said if said.trace.created >= since]


Group = tuple[str, Callable[[Said], bool]]


def groups(traces: Sequence[Trace]) -> list[Group]:
    """Jobs of one sort or one time, by name."""
    new = sorted(trace.created for trace in traces if trace.pipeline.startswith(NEW))
    first, later = set(new[:10]), set(new[20:])
    day_one = {trace.created for trace in traces[:50]}
    deployed = traces[int(len(traces) * LATER["faster deploy"])].created
    after = [each.created for each in traces if each.created >= deployed and each.pipeline == "multi_clip@1"]
    deploys = set(after[:20])
    return [
        ("over two minutes", lambda said: scoring.large(said) and said.trace.created not in day_one),
        ("under half a minute", lambda said: said.trace.seconds < 30 and said.trace.created not in day_one),
        ("the first 50 exports of an installation", lambda said: said.trace.created in day_one),
        ("the first 10 of a new kind", lambda said: said.trace.created in first),
        ("the same kind, from the 21st on", lambda said: said.trace.created in later),
        ("the first 20 after a faster deploy", lambda said: said.trace.created in deploys),
        ("started cold", lambda said: "cold" in said.trace.tags),
        ("waited in a queue", lambda said: said.trace.taken - said.trace.ready >= 10),
        ("stood still for a while", lambda said: "stall" in said.trace.tags),
        ("died and went on", lambda said: "retry" in said.trace.tags),
        ("nothing of all that", lambda said: not said.trace.tags and said.trace.taken - said.trace.ready < 10),
    ]


def of_encodes(path: Path, seed: int, most: int) -> dict[str, Any]:
    """The start of real encodes of unseen videos; each is learned from once it was judged."""
    known, unseen = encodes.halves(path, seed)
    known, unseen = known[:most], unseen[:most]
    ours, simple = Learned(), StageSum()
    sorts: dict[str, tuple[Any, Callable[[encodes.Encode], Part]]] = {
        "learned": (ours, encodes.part),
        "learned, with settings and video only": (Learned(), lambda each: encodes.part(each, finer=False)),
        "learned, without levels": (Learned(), lambda each: replace(encodes.part(each), levels=("kind=x264",))),
        "stage_sum": (simple, encodes.part),
    }
    return {name: _encoded(estimator, part, known, unseen) for name, (estimator, part) in sorts.items()}


def _encoded(
    estimator: Any,
    part: Callable[[encodes.Encode], Part],
    known: Sequence[encodes.Encode],
    unseen: Sequence[encodes.Encode],
) -> dict[str, Any]:
    for each in known:
        estimator.learn(Measured(part=part(each), seconds=each.seconds, pipeline="x264"))
    said: dict[str, list[Said]] = {"all": [], "the first of a video": [], "the 2nd to 8th": [], "later": []}
    seen: Counter[str] = Counter()
    for number, each in enumerate(unseen):
        trace = encodes.trace(each, float(number))
        features = Features(pipeline="x264", parts=(part(each),))
        told = Said(
            trace=trace, checkpoint=0.0, left=each.seconds, said=estimator.predict(features, [], 0.0), queued=False
        )
        said["all"].append(told)
        nth = seen[each.video]
        said["the first of a video" if nth == 0 else "the 2nd to 8th" if nth < 8 else "later"].append(told)
        seen[each.video] += 1
        if hasattr(estimator, "settle"):
            estimator.settle(told.said, each.seconds)
        estimator.learn(Measured(part=part(each), seconds=each.seconds, pipeline="x264"))
    return {name: scoring.score(some) for name, some in said.items()}


def speed(traces: Sequence[Trace], rounds: int = 7) -> dict[str, float]:
    """Microseconds of CPU, with everything learned from the traces: the median of the rounds."""
    ours = Replay(traces, [Learned()]).run().contenders[0].estimator
    asked = [
        (
            trace.features(60.0),
            [trace.observation(trace.created + 0.5 * trace.seconds)],
            trace.created + 0.5 * trace.seconds,
        )
        for trace in traces[-200:]
    ]
    measured = [each for trace in traces[-200:] for run in trace.runs if (each := trace.measured(run, 60.0))]

    def predictions() -> float:
        began = time.process_time()
        for features, seen, now in asked:
            ours.predict(features, seen, now)
        return (time.process_time() - began) / len(asked)

    def updates() -> float:
        began = time.process_time()
        for each in measured:
            learned.learned(each, ours.rates)
        return (time.process_time() - began) / len(measured)

    return {
        "a prediction": 1e6 * median(predictions() for _ in range(rounds)),
        "an update": 1e6 * median(updates() for _ in range(rounds)),
        "rows a prediction asks for": median(len(learned.keys(features)) for features, _, _ in asked),
        "rows an update changes": median(len(learned.learned(each, ours.rates)) for each in measured),
    }
