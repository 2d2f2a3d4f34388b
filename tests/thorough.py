"""What is random, or has very many cases: the suite tries a part of it; `make thorough` all."""

import os

import pytest

THOROUGH = "THOROUGH" in os.environ
more = pytest.mark.thorough  # tries more of it then


def part_of(cases):
    """Each third."""
    return cases if THOROUGH else cases[::3]
