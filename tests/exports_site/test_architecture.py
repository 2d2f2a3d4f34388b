"""The boundaries of the house, kept. Every check is tried on something planted before it is believed."""

import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from tests.exports_site import architecture as house

ROOT = Path(__file__).parents[2]
SOURCES = {
    str(path.relative_to(ROOT)): path.read_text()
    for package in house.PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
HASH = "--hash=sha256:" + "0" * 64


def found(check, sources):
    return list(chain.from_iterable(check(path, source) for path, source in sources.items()))


def test_there_is_something_to_look_at():
    assert {path.partition("/")[0] for path in SOURCES} == set(house.PACKAGES)


# (a) Who may import whom


def test_nobody_imports_what_is_above():
    assert found(house.forbidden_imports, SOURCES) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("progress/views.py", "import exports"),
        ("progress/views.py", "from exports.models import User"),
        ("progress/views.py", "import exports_site.settings as settings"),
        ("progress/views.py", "def late():\n    from modal_functions import wire"),
        ("progress/views.py", "if TYPE_CHECKING:\n    import modal"),
        ("progress/estimate/x.py", "import av"),
        ("progress/apps.py", "from importlib import import_module\nimport_module('exports.models')"),
        ("progress/estimate/x.py", "from ... import exports"),
        ("exports/views/x.py", "from exports_site.zones import _zone"),
        ("exports/views/x.py", "from modal_functions import runtime"),
        ("exports/views/x.py", "import modal_functions"),
        ("exports/views/x.py", "from modal_functions import *"),
        ("exports/views/x.py", "from modal_functions.media import render"),
        ("exports/views/x.py", "from modal_functions.wirework import x"),
        ("exports/runners/local.py", "import modal"),
        ("exports/driver.py", "from modal.exception import TimeoutError"),
        ("exports_site/wsgi.py", "import modal"),
        ("exports_site/wsgi.py", "from modal_functions import wire"),
        ("modal_functions/wire.py", "import django"),
        ("modal_functions/wire.py", "from django.utils import timezone"),
        ("modal_functions/wire.py", "from progress.report import Report"),
        ("modal_functions/wire.py", "import exports.models"),
        ("modal_functions/runtime.py", "import modal"),
        ("exports/x.py", "from tests.pipelines import FILM"),
    ],
)
def test_an_import_from_above_is_found(path, source):
    assert len(house.forbidden_imports(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("progress/views.py", "from progress import access\nfrom . import access\nimport exportsomething"),
        ("exports/views/x.py", "from progress.models import Job\nfrom ..models import User"),
        ("exports/attempts.py", "from modal_functions import store, wire\nfrom modal_functions.media.probe import x"),
        ("exports/runners/modal.py", "import modal\nfrom modal.exception import RemoteError"),
        ("modal_functions/app.py", "import modal\nfrom modal_functions.media import render"),
        ("exports_site/urls.py", "import exports.urls\nimport progress.urls\nimport django"),
    ],
)
def test_an_import_from_below_is_not(path, source):
    assert house.forbidden_imports(path, source) == []


def pure(path):
    return path.startswith(house.PURE)


def test_what_is_called_pure_leans_on_nothing_that_is_not():
    sources = {path: source for path, source in SOURCES.items() if pure(path)}
    assert {"progress/bands.py", "progress/pipelines.py", "progress/report.py"} < set(sources)
    assert any(path.startswith("progress/estimate/") for path in sources)
    assert found(house.impurities, sources) == []


@pytest.mark.parametrize(
    "source",
    ["import django", "from django.utils import timezone", "from progress.models import Job", "from . import wording"],
)
def test_an_impurity_is_found(source):
    assert len(house.impurities("progress/bands.py", source)) == 1


def test_a_pure_module_may_lean_on_another():
    source = "import math\nfrom progress.errors import Refused\nfrom progress.estimate import display"
    assert house.impurities("progress/bands.py", source) == []


# (b) Words with no meaning of their own


def test_nothing_of_ours_has_a_name_that_says_nothing():
    assert found(house.banned_names, SOURCES) == []


@pytest.mark.parametrize(
    "source",
    [
        "class JobManager: ...",
        "class ProgressInfo: ...",
        "def load_data(): ...",
        "async def handler(): ...",
        "def f(task_id): ...",
        "def f(*, export_info=None): ...",
        "def f(*utils): ...",
        "def f(**services): ...",
        "lambda data: 1",
        "data = 1",
        "data: int = 1",
        "a, (b, info) = 1, (2, 3)",
        "for task in (): ...",
        "[info for info in ()]",
        "if (data := 1): ...",
        "with x as helper: ...",
        "import json as service",
        "try: ...\nexcept ValueError as info: ...",
        "match x:\n    case {'a': data}: ...",
        "class A:\n    def f(self): self.handlers = ()",
    ],
)
def test_an_empty_word_is_found(source):
    assert len(house.banned_names("exports/x.py", source)) == 1


@pytest.mark.parametrize(
    "path", ["exports/task_list.py", "exports/data/x.py", "progress/job_manager.py", "exports/utils.py"]
)
def test_an_empty_word_in_a_path_is_found(path):
    assert len(house.banned_names(path, "")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "logger.info('x')",
        "LOGGING = {'handlers': {}, 'data': 1}",
        "from django.contrib.auth.models import UserManager\nclass Accounts(UserManager): ...",
        "from django_q.tasks import async_task\nasync_task('x')",
        "class V:\n    def get_context_data(self, **kwargs): ...",
        "FILE_UPLOAD_HANDLERS = []",
        "metadata = database = information = multitasking = 1",
        "form.data = 1",
        "management = 1",
    ],
)
def test_the_words_of_others_are_theirs(source):
    assert house.banned_names("exports/x.py", source) == []


def test_the_tasks_of_django_q_have_their_file():
    assert house.banned_names("exports/tasks.py", "def beat(): ...") == []


# (c) One writer


def test_only_the_tracker_writes_the_state_of_a_job():
    assert found(house.writes_of_a_job, SOURCES) == []


@pytest.mark.parametrize(
    "source",
    [
        "job.status = 'failed'",
        "export.job.bp = 1",
        "job.version += 1",
        "job.percent: int = 4",
        "a, job.wish = 1, 2",
        "for job.stage in (): ...",
        "del job.status",
        "setattr(job, 'status', 'failed')",
        "Job.objects.filter(pk=1).update(status='failed')",
        "Job.objects.update(wish='run')",
        "Job.objects.create(stage='upload')",
        "Job.objects.update_or_create(pk=1, defaults={'status': 'failed'})",
        "Job(status='failed')",
        "Job.objects.of(1).update(**{'bp': 1})",
        "self.job.save(update_fields=['status'])",
        "job.save(update_fields=('title', 'version'))",
        "self.filter(pk=1).update(version=F('version') + 1)",
        "queryset.update(status='failed')",
        "Job.objects.bulk_update(jobs, ['status'])",
        "Job.objects.bulk_update(jobs, fields=['bp'])",
        "class Job:\n    def fail(self):\n        self.status = 'failed'",
        "cursor.execute('UPDATE progress_job SET bp = 1')",
        "cursor.execute(f'update \"progress_job\" SET x = {y}')",
    ],
)
def test_a_second_writer_is_found(source):
    assert len(house.writes_of_a_job("exports/x.py", source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "Job.objects.filter(status='failed')",
        "Event.objects.create(status='failed', stage='upload')",
        "StageRun(stage='upload')",
        "Job.objects.of(1).update(owner=2, unseen=False)",
        "class Place:\n    def __init__(self):\n        self.stage = 1",
        "status = job.status",
        "return_value = render(request, status=403)",
        "class Job:\n    status = models.CharField()",
        "job.save(update_fields=['title'])",
    ],
)
def test_who_only_reads_or_writes_something_else_is_not(source):
    assert house.writes_of_a_job("exports/x.py", source) == []


@pytest.mark.parametrize("path", sorted(house.WRITERS))
def test_the_writer_is_made_of_files_that_exist(path):
    assert path in SOURCES
    assert house.writes_of_a_job(path, "job.status = 'failed'") == []


# (d) What has no place in a repository, or in a test


@pytest.fixture(scope="module")
def tracked():
    """What git keeps, or would: also what is new and not ignored."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout, so nobody can say what is tracked")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    paths = [path for path in listed if path and (ROOT / path).is_file()]
    return {path: (ROOT / path).read_text(errors="replace") for path in paths}


def test_there_is_no_attic(tracked):
    assert list(chain.from_iterable(map(house.attics, tracked))) == []


@pytest.mark.parametrize(
    "path", ["exports/utils.py", "progress/helpers/x.py", "tests/common.py", "exports/services.py"]
)
def test_an_attic_is_found(path):
    assert house.attics(path)


def test_nothing_that_is_tracked_names_a_registry_one_machine_or_a_secret(tracked):
    assert len(tracked) > 50
    assert found(house.foreign, tracked) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://files.example/pack", "ages/x.whl"),
        ("https://mirror.example/sim", "ple"),
        ("--index", "-url mirror.example"),
        ("see /ro", "ot/longhaul/manage.py"),
        ('open("/wo', 'rk/main/var")'),
        ("cd /ho", "me/olga/longhaul"),
        ("-----BEGIN RSA ", "PRIVATE KEY-----"),
        ("key: AKIA", "ABCDEFGHIJKLMNOP"),
        ("SECRET_", "KEY = '0123456789abcdef0123456789abcdef0123456789'"),
        ("ak", "-ABCDEFGHIJKLMNOPQRSTUV"),
    ],
)
def test_what_is_foreign_is_found(one, other):
    assert house.foreign("x.py", "\n" + one + other)[0].startswith("x.py:2 names ")


@pytest.mark.parametrize("line", ["a checkout below /root has", "/exports/home/", "~/home/x", "password = 'short'"])
def test_what_is_not_foreign_is_left_alone(line):
    assert house.foreign("x.py", line) == []


def test_no_test_waits_by_what_the_policy_of_our_pages_forbids(tracked):
    """Playwright evaluates a text at each frame: refused, unless the first look, which is let through, is enough."""
    waits = "wait_for" + "_function("
    assert [path for path, source in tracked.items() if path.startswith("tests/") and waits in source] == []


def test_nothing_that_is_made_while_running_is_tracked(tracked):
    made = {"var", ".venv", ".hypothesis", "__pycache__", ".pytest_cache"}
    suffixes = (".sqlite3", ".pyc", ".pem", ".env", "secret-key", "demo-password", ".log")
    assert [path for path in tracked if made & set(Path(path).parts) or path.endswith(suffixes)] == []


LOCKS = sorted(path.name for path in ROOT.glob("requirements*.txt"))


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_pinned_with_its_hash(name):
    source = (ROOT / name).read_text()
    assert "==" in source
    assert house.unpinned(name, source) == []


@pytest.mark.parametrize(
    "source",
    [
        "django",
        "django>=5",
        "django==5.2",
        "django==5.2 --hash=md5:0",
        f"-r other.txt\ndjango==5.2 {HASH}",
        f"-i mirror\ndjango==5.2 \\\n    {HASH}",
        f"django @ https://example.com/django.whl {HASH}",
        f"# from https://example.com\ndjango==5.2 {HASH}",
    ],
)
def test_a_line_that_is_not_pinned_is_found(source):
    assert house.unpinned("requirements.txt", source)


def test_a_line_that_is_pinned_is_left_alone():
    source = (
        f"# by lock\npsycopg[binary]==3.3.9 \\\n    {HASH} \\\n    {HASH}\n    # via longhaul\nx==1 ; a < '3' {HASH}\n"
    )
    assert house.unpinned("requirements.txt", source) == []


def test_every_package_that_was_chosen_is_named_in_the_readme():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    chosen = list(chain(project["dependencies"], *project["optional-dependencies"].values()))
    assert house.unnamed(chosen, (ROOT / "README.md").read_text()) == []


def test_a_package_that_the_readme_does_not_name_is_found():
    readme = "| `Django` 5.2 | the site |\n| `psycopg[binary]` | Postgres |\npytest"
    assert house.unnamed(["django>=5.2,<5.3", "psycopg[binary]", "pytest"], readme) == ["pytest"]
