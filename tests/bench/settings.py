"""The real settings. Only one address more, and static files under their plain names."""

from exports_site.settings import *  # noqa: F403
from exports_site.settings import STATIC_ROOT, STORAGES

ROOT_URLCONF = "tests.bench.urls"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
