"""The engine installed alone, in a project that knows nothing of the rest: the README's example, word for word."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

SETTINGS = """
SECRET_KEY = "x" * 50
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.staticfiles",
    "django_htmx", "progress",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
ROOT_URLCONF = "urls"
STATIC_URL = "static/"
ALLOWED_HOSTS = ["testserver"]
"""
URLS = """
from django.urls import include, path
urlpatterns = [path("jobs/", include("progress.urls"))]
"""
BEFORE = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
from django.test import Client
user = User.objects.create_user("olga")
browser = Client()
browser.force_login(user)
pictures, percents = range(4), []
def make_thumbnail(picture):
    if picture:
        page = browser.get(f"/jobs/{job.pk}/").content.decode()
        percents.append(int(page.split('aria-valuenow="')[1].split('"')[0]))
"""
AFTER = """
page = browser.get(f"/jobs/{job.pk}/").content.decode()
assert percents == [25, 50, 75], percents
assert 'aria-valuenow="100"' in page
import progress, sys
assert not {"exports", "exports_site", "modal_functions", "django_q"} & sys.modules.keys()
print(progress.__file__)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `pip install ./progress` puts in place, in a folder of its own."""
    place = tmp_path_factory.mktemp("installed")
    source = tmp_path_factory.mktemp("source") / "progress"
    subprocess.run(["cp", "-r", str(ROOT / "progress"), str(source)], check=True)  # a build leaves folders behind
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(place), str(source)], check=True, timeout=120)
    return place


def test_the_readmes_example_moves_a_bar(installed, tmp_path):
    readme = (ROOT / "README.md").read_text()
    example = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    (tmp_path / "settings.py").write_text(SETTINGS)
    (tmp_path / "urls.py").write_text(URLS)
    (tmp_path / "example.py").write_text(BEFORE + textwrap.dedent(example) + AFTER)
    ran = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path, env={"PYTHONPATH": f"{installed}:{tmp_path}"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip().startswith(str(installed))


def test_it_brings_its_pages_along(installed):
    for name in ("jinja2/progress/job_section.html", "static/progress/progress.js", "static/progress/progress.css"):
        assert (installed / "progress" / name).is_file(), name
