"""The real settings, in a folder of their own, with what only slows tests down turned off."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tests.planted import SECRET_KEY, SETTINGS

for name in [name for name in os.environ if name.startswith("LONGHAUL_") or name == "SECRET_KEY"]:
    del os.environ[name]
_home = Path(tempfile.mkdtemp(prefix="longhaul-tests-"))
os.environ["LONGHAUL_HOME"] = str(_home)
# Nothing that was set up on this machine is used, and a call that has no loopback of its own to go to goes nowhere.
for name in [name for name in os.environ if name.startswith("MODAL_")]:
    del os.environ[name]
os.environ |= {"MODAL_CONFIG_PATH": str(_home / "modal.toml"), "MODAL_SERVER_URL": "http://127.0.0.1:9"}
(_home / "secret-key").write_text(SECRET_KEY)
atexit.register(shutil.rmtree, _home, ignore_errors=True)

from exports_site.settings import *  # noqa: E402, F403
from exports_site.settings import DATABASES, MIDDLEWARE, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, since in-memory databases can't be shared by threads the way real ones are.
    DATABASES["default"]["TEST"] = {"NAME": str(_home / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING["root"]["level"] = "INFO"  # noqa: F405
PROGRESS_FROM_MEMORY = False  # no thread looks at the rows of one test for the next; who tests it has one of its own
POSTING = True  # so that its kind is tried as every other; that it is off by itself has a test of its own
POSTING_PACE = {"first": 0.05, "most": 0.3, "patience": 30.0}
PROGRESS_PUSH = ""  # no server that pushes stands beside the tests' own; who tests it sets it
MIDDLEWARE.insert(0, "tests.leaks.Pages")
globals().update(SETTINGS)
