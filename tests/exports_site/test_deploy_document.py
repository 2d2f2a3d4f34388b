"""docs/DEPLOY.md, and what docs/OPERATING.md goes on with, held against what they speak of."""

import io
import re
import secrets
import shlex
from datetime import datetime

import pytest
from django.conf import settings
from django.core.management import call_command, get_commands

from exports import uploads
from exports.models import Export, Project, Source, User
from exports_site.variables import KNOWN
from progress.models import Event, Job
from tests.buckets import documented_cors
from tests.deploy_check import ROOT, manage
from tests.exports.footage import film_of, project_of, requested

TEXT = (ROOT / "docs" / "DEPLOY.md").read_text()
BLOCKS = re.findall(r"```\n(.*?)```", TEXT, re.DOTALL)
MODALS = {"MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"}


@pytest.fixture
def environment():
    (block,) = (block for block in BLOCKS if block.startswith("LONGHAUL_URL="))
    return dict(line.split("=", 1) for line in block.splitlines())


def test_its_environment_names_settings_and_nothing_else_stands_on_their_lines(environment):
    assert set(environment) - MODALS <= set(KNOWN)
    assert set(environment) >= MODALS
    assert not [value for value in environment.values() if re.search(r"[\s#'\"$]", value)], "systemd would keep it"


def test_its_environment_is_a_complete_production(environment, tmp_path):
    filled = {name: value.replace("…", secrets.token_urlsafe(50)) for name, value in environment.items()}
    ended = manage(filled | {"LONGHAUL_HOME": str(tmp_path)}, "check", "--deploy", "--fail-level", "WARNING")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_restart_of_the_unit_ends_no_attempt_of_this_machine():
    """They stand in the unit's control group, to which systemd speaks as a whole unless it is told otherwise."""
    (unit,) = (block for block in BLOCKS if "ExecStart=" in block)
    assert "KillMode=process" in unit.splitlines()
    assert "attempts are processes or calls of their own, and go on" in (ROOT / "docs" / "OPERATING.md").read_text()


def test_a_database_that_comes_up_after_the_site_finds_the_site_still_being_started():
    """systemd gives up for good on what has ended five times within ten seconds, and `serve` ends within one or two."""
    (unit,) = (block for block in BLOCKS if "ExecStart=" in block)
    assert "Restart=always\nRestartSec=5\n" in unit


def test_an_nginx_as_it_says_lets_parts_through_and_tells_what_the_site_asks_of_a_proxy():
    """Unasked, it refuses every file of more than 1 MB, and https is sent to https for ever."""
    (nginx,) = (block for block in BLOCKS if "proxy_pass" in block)
    lines = {line.split("#")[0].strip() for line in nginx.splitlines()}
    assert {"client_max_body_size 0;", "proxy_set_header Host $host;"} <= lines
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in lines
    assert settings.SECURE_PROXY_SSL_HEADER in (None, ("HTTP_X_FORWARDED_PROTO", "https"))
    assert f"parts\nof {uploads.PART // uploads.MIB} MiB" in TEXT


def test_every_command_it_gives_is_one():
    told = set(re.findall(r"^manage ([a-z_]+)|`manage ([a-z_]+)", TEXT, re.MULTILINE))
    names = {name for pair in told for name in pair if name}
    assert {"migrate", "doctor", "healthcheck"} <= names <= set(get_commands())


def test_the_rule_for_the_bucket_is_of_the_address_that_it_deploys_to(environment):
    (rule,) = documented_cors(environment["LONGHAUL_URL"])
    written = (ROOT / "docs" / "STORE.md").read_text()
    assert f'"AllowedOrigins": ["{environment["LONGHAUL_URL"]}"]' in written
    assert {"PUT", "GET", "HEAD"} == set(rule["AllowedMethods"])


def test_who_runs_the_commands_of_cron_may_read_the_environment():
    """/etc/longhaul.env is made in one document, and read by the script of the other as the site's own user."""
    made = re.search(r"^install (.*) /dev/null /etc/longhaul\.env$", TEXT, re.MULTILINE)
    assert made[1] == "-g longhaul -m 640"
    operating = (ROOT / "docs" / "OPERATING.md").read_text()
    assert "set -a; . /etc/longhaul.env" in operating
    assert set(re.findall(r"^[@\d*/ ]+(?:reboot)?  (\w+)  longhaul ", operating, re.MULTILINE)) == {"longhaul"}


def test_what_is_left_out_without_modal_is_not_needed_by_what_is_done():
    """Steps 2 to 4: neither the checkout nor its environment is made there."""
    steps = dict(re.findall(r"^## (\d)\. .*?$(.*?)(?=^## )", TEXT, re.MULTILINE | re.DOTALL))
    assert "git clone" in steps["1"]
    assert "make .venv" in steps["1"]
    assert not [number for number in "234" if re.search(r"^(apt|git|make) ", steps[number], re.MULTILINE)]


@pytest.mark.django_db
def test_what_is_taken_to_another_database_as_documented_is_all_there_was(owner, tmp_path):
    operating = (ROOT / "docs" / "OPERATING.md").read_text()
    words = shlex.split(re.search(r"^manage.py (dumpdata .*) --output past.json$", operating, re.MULTILINE)[1])
    project = project_of(owner)
    film_of(project, "beach.mov")
    export = requested(project)
    past = rows()
    call_command(*words, "--output", str(tmp_path / "past.json"), stdout=io.StringIO())
    for model in MODELS[::-1]:
        model.objects.all().delete()
    call_command("loaddata", str(tmp_path / "past.json"), stdout=io.StringIO())
    assert rows() == past
    assert export.pk in {row["job_id"] for row in past[Export]}


MODELS = (User, Project, Source, Job, Export, Event)


def rows():
    """With times as JSON has them: what is below a millisecond does not cross."""
    found = {model: list(model.objects.order_by("pk").values()) for model in MODELS}
    return {
        model: [
            {k: v.isoformat(timespec="milliseconds") if isinstance(v, datetime) else v for k, v in row.items()}
            for row in each
        ]
        for model, each in found.items()
    }
