"""docs/ADD-A-KIND.md, followed to the letter in a copy of this tree: the kind is there, is asked for in its page, and
what it makes can be had. Its files are the document's own."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import av
import pytest

from tests.modal_functions.kinds.conftest import plain

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "ADD-A-KIND.md"
COPIED = ("exports", "exports_site", "modal_functions", "progress", "static", "templates", "manage.py")
STORY = r"""
import json, sys, time
import django
from django.conf import settings
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
django.setup()
from django.test import Client
from exports import driver, sources
from exports.models import Export, Project, User
from exports.tools import tools

olga = User.objects.create_user("olga", password="x")
project = Project.objects.create(owner=olga, name="Lofoten")
source = sources.take_in(project, __import__("pathlib").Path(sys.argv[1]), tools())
browser = Client(SERVER_NAME="127.0.0.1")
browser.force_login(olga)
choice = browser.get(f"/projects/{project.pk}/exports/new").content.decode()
form = browser.get(f"/projects/{project.pk}/exports/new/stills").content.decode()
typed = {"title": "Stills", "footage": str(source.pk), "count": "5", "do": "export"}
asked = browser.post(f"/projects/{project.pk}/exports/new/stills", typed)
assert asked.status_code == 302, asked.content.decode()
export = Export.objects.select_related("job").get()
until = time.monotonic() + 120
while not export.job.settled and time.monotonic() < until:
    driver.pump(tools(), seconds=0.3)
    export.job.refresh_from_db()
page = browser.get(f"/exports/{export.pk}/").content.decode()
sums = b"".join(browser.get(f"/exports/{export.pk}/download").streaming_content).decode()
files = {}
for result in export.results.all():
    answer = browser.get(f"/exports/{export.pk}/results/{result.place}")
    files[result.name] = b"".join(answer.streaming_content).hex()
print(json.dumps({"choice": choice, "form": form, "status": export.job.status, "cause": export.job.cause_text,
                  "percent": export.job.percent, "page": page, "sums": sums, "files": files}))
"""


def blocks():
    """The files of the document, by their paths."""
    named = re.compile(r"^## [^\n]*`([\w/]+\.py)`\n+```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return dict(named.findall(DOCUMENT.read_text()))


def brighter(frame, number):
    frame.planes[0].update(bytes([20 + number]) * frame.planes[0].buffer_size)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    site, home = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("home")
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, site / name)
    for path, code in blocks().items():
        (site / path).write_text(code)
    clip = plain(home / "clip.mp4", seconds=6, size=(320, 180), paint=brighter)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV", "TMPDIR") if name in os.environ}
    environment = kept | {"LONGHAUL_HOME": str(home), "DJANGO_SETTINGS_MODULE": "exports_site.settings"}
    environment |= {"PYTHONPATH": str(site), "LONGHAUL_LOG_LEVEL": "ERROR", "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*command):
        done = subprocess.run(
            [sys.executable, *command], cwd=site, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("manage.py", "migrate", "--verbosity", "0")
    return json.loads(run("-c", STORY, str(clip)))


def test_the_document_has_a_file_for_each_side_and_together_they_are_small():
    files = blocks()
    assert set(files) == {"exports/kinds/stills.py", "modal_functions/kinds/stills.py"}
    code = [line for body in files.values() for line in body.splitlines() if line.strip()]
    assert len(code) < 60
    assert [line for line in code if len(line) > 120] == []


def test_it_is_among_the_kinds_and_has_a_page(told):
    assert "Pictures of a clip, evenly spread" in told["choice"]
    assert 'name="count"' in told["form"]


def test_it_completes(told):
    assert (told["status"], told["percent"]) == ("complete", 100), told["cause"]
    assert "still-3.jpg" in told["page"]


def test_each_result_is_what_it_says_by_another_reader(told):
    lights = []
    for body in told["files"].values():
        with av.open(io.BytesIO(bytes.fromhex(body))) as picture:
            frame = next(picture.decode(video=0))
        assert (frame.width, frame.height) == (480, 270)
        lights.append(bytes(frame.reformat(format="gray").planes[0])[1000])
    assert lights == sorted(lights)
    assert lights[-1] - lights[0] == pytest.approx(120, abs=25), "they are spread over the whole clip"


def test_the_checksums_are_those_of_the_files(told):
    import hashlib

    sums = {name: hashlib.sha256(bytes.fromhex(body)).hexdigest() for name, body in told["files"].items()}
    assert told["sums"] == "".join(f"{digest}  {name}\n" for name, digest in sums.items())
