"""What is random, or has very many cases: the suite tries a part of it; `make thorough` all."""

import os

import pytest
from django.db import connection

THOROUGH = "THOROUGH" in os.environ
more = pytest.mark.thorough  # tries more of it then


def part_of(cases, turn=0):
    """Each third, from another one in each turn, so that three turns have had all; each ninth on Postgres, where the
    cases are the same and only the database differs."""
    step = 3 if connection.vendor == "sqlite" else 9
    return cases if THOROUGH else cases[turn % step :: step]
