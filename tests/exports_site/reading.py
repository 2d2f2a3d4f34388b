"""The real settings, read anew in environments of their own."""

import os
import runpy
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from exports_site.environment import Environment

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "exports_site" / "settings.py"
LONG = "a-long-secret-of-more-than-fifty-characters-0123456789"
DIGITS = "9" * 5000  # more than int() reads


def settings_in(home, **environ):
    """The real settings file, read anew in an environment of its own."""
    with mock.patch.dict(os.environ, {"LONGHAUL_HOME": str(home), **environ}, clear=True):
        return SimpleNamespace(**runpy.run_path(str(SETTINGS)))


def environment(base, **environ):
    return Environment(environ=environ, base=base)


def ids(found):
    return [problem.id for problem in found.PROBLEMS]
