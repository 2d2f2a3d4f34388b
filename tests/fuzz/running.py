"""Files by number: the same seed and number give the same file, and each is fed by a process that must survive all."""

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from modal_functions.media import child
from modal_functions.media.child import Start
from tests.fuzz import damage, feeding
from tests.fuzz.feeding import Verdict

QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None  # what is kept is synced, a disk takes its time for that
EXECUTED_EACH = 100  # one file of so many goes the whole way, through children that are executed as in production


@dataclass(kw_only=True)
class Tally:
    files: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    died: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    longest: float = 0.0
    peak: int = 0

    def count(self, verdict: Verdict) -> None:
        self.endings[f"{verdict.verb} {verdict.code}"] += 1
        if verdict.died:
            self.died[f"{verdict.verb} signal {verdict.died}"] += 1
        self.longest, self.peak = max(self.longest, verdict.seconds), max(self.peak, verdict.peak)

    def add(self, other: "Tally") -> None:
        self.files += other.files
        self.endings += other.endings
        self.died += other.died
        self.wrong += other.wrong
        self.longest, self.peak = max(self.longest, other.longest), max(self.peak, other.peak)


def made(seed: int, number: int, originals: dict[str, bytes]) -> tuple[str, bytes, Fraction]:
    """A damaged file, what was done to which, and the moment at which a clip of it begins."""
    rng = random.Random(f"{seed}/{number}")
    name, other = rng.choice(list(originals)), rng.choice(list(originals))
    whole, done = damage.damaged(rng, originals[name], originals[other])
    return f"{name} ({', '.join(done)}; {other})", whole, Fraction(rng.choice((0, 0, 130, 400)), 1000)


Fed = Callable[[Path, Path, Fraction, Start], list[Verdict]]
Made = Callable[[int, int, dict[str, bytes]], tuple[str, bytes, Fraction]]


def feed(
    seed: int,
    numbers: range,
    originals: dict[str, bytes],
    keep: Path,
    begin: Start | None = None,
    fed: Fed = feeding.fed,
    made: Made = made,
) -> Tally:
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="longhaul-fuzz-", dir=QUICK) as room:
        path, folder = Path(room, "original"), Path(room, "work")
        folder.mkdir()
        for number in numbers:
            told, whole, start = made(seed, number, originals)
            path.write_bytes(whole)
            usual = child.executed if number % EXECUTED_EACH == EXECUTED_EACH - 1 else feeding.forked
            verdicts = fed(path, folder, start, begin or usual)
            tally.files += 1
            for verdict in verdicts:
                tally.count(verdict)
                if verdict.wrong:
                    tally.wrong.append(f"seed {seed} file {number}, {told}: {verdict.verb}: {verdict.wrong}")
            if any(verdict.wrong or verdict.died or verdict.code == "function_timeout" for verdict in verdicts):
                _keep(path, keep / f"{seed}-{number}", told, verdicts)
    return tally


def _keep(path: Path, beside: Path, told: str, verdicts: list[Verdict]) -> None:
    beside.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, beside)
    beside.with_name(f"{beside.name}.txt").write_text("\n".join([told, *map(str, verdicts)]) + "\n")
