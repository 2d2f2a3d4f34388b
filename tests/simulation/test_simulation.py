"""Schedules by the hundred, each from its seed, and the mutants that they must find out.

Each in a process of its own: the simulator has a database in memory, so it is the same whatever the suite runs on.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).parents[2]
SEEDS = range(0, 800, 100)
MUTANTS = {  # and the schedules within which each is found out
    "register overwritten": 40,
    "row without its version": 40,
    "given up without the register": 20,
    "one place for all runs": 400,
    "register collected early": 20,
    "bar without its clamp": 100,
    "cancel decided by the row": 40,
}

once = pytest.mark.skipif(connection.vendor != "sqlite", reason="it has a database of its own: once is enough")


def simulated(*arguments):
    command = [sys.executable, "-m", "tests.simulation", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@once
@pytest.mark.parametrize("first", SEEDS)
def test_whatever_goes_wrong_every_export_ends_and_counts_once(first):
    told = simulated("--seed", first, "--schedules", 100, "--processes", 1)
    assert told.returncode == 0, told.stdout + told.stderr
    figures = json.loads(told.stdout.splitlines()[-1])
    assert (figures["schedules"], figures["wrong"]) == (100, 0)
    assert {"complete", "cancelled", "paused"} <= set(figures), "each ending was met"


@once
@pytest.mark.parametrize(("mutant", "schedules"), MUTANTS.items())
def test_a_protocol_without_one_of_its_parts_is_found_out(mutant, schedules):
    told = simulated("--seed", 0, "--schedules", schedules, "--processes", 1, "--most", 1, "--mutant", mutant)
    assert told.returncode == 1, told.stdout + told.stderr
    assert "seed " in told.stdout


@once
def test_a_seed_tells_the_same_story_each_time():
    first, second = (simulated("--replay", 8).stdout.splitlines() for _ in range(2))
    assert len(first) > 100
    assert [line[:40] for line in first] == [line[:40] for line in second]
