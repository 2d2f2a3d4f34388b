"""Schedules by the thousand, each from its seed, and the mutants that they must find out.

Each in a process of its own: the simulator has a database in memory, so it is the same whatever the suite runs on.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).parents[2]
SEEDS = range(5_000, 5_600, 300)
WITHIN = 400  # schedules each mutant is found out

once = pytest.mark.skipif(connection.vendor != "sqlite", reason="it has a database of its own: once is enough")


def simulated(*arguments, **environment):
    command = [sys.executable, "-m", "tests.simulation", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)


@once
@pytest.mark.parametrize("first", SEEDS)
def test_whatever_goes_wrong_every_export_ends_and_counts_once(first):
    told = simulated("--seed", first, "--schedules", SEEDS.step, "--processes", 1)
    assert told.returncode == 0, told.stdout + told.stderr
    figures = json.loads(told.stdout.splitlines()[-1])
    assert (figures["schedules"], figures["wrong"]) == (SEEDS.step, 0)
    assert {"complete", "cancelled", "paused", "failed"} <= set(figures), "each ending was met"


@once
def test_a_protocol_without_any_one_of_its_parts_is_found_out():
    told = simulated("--seed", 0, "--mutants", WITHIN)
    assert told.returncode == 0, told.stdout + told.stderr
    assert len(json.loads(told.stdout)) == 7


@once
def test_a_seed_tells_the_same_story_each_time():
    first, second = (simulated("--replay", 8).stdout.splitlines() for _ in range(2))
    assert len(first) > 100
    assert [line[:40] for line in first] == [line[:40] for line in second]


@once
def test_what_it_remembers_of_django_is_what_django_says():
    told = simulated("--seed", 1, "--schedules", 12, "--processes", 1, SIMULATION_CHECKED="1")
    assert told.returncode == 0, told.stdout + told.stderr
