"""docs/DEPLOY.md, held against what it speaks of."""

import re
import secrets

import pytest
from django.core.management import get_commands

from exports_site.variables import KNOWN
from tests.buckets import documented_cors
from tests.deploy_check import ROOT, manage

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


def test_every_command_it_gives_is_one():
    told = set(re.findall(r"^manage ([a-z_]+)|`manage ([a-z_]+)", TEXT, re.MULTILINE))
    names = {name for pair in told for name in pair if name}
    assert {"migrate", "doctor", "healthcheck"} <= names <= set(get_commands())


def test_the_rule_for_the_bucket_is_of_the_address_that_it_deploys_to(environment):
    (rule,) = documented_cors(environment["LONGHAUL_URL"])
    written = (ROOT / "docs" / "STORE.md").read_text()
    assert f'"AllowedOrigins": ["{environment["LONGHAUL_URL"]}"]' in written
    assert {"PUT", "GET", "HEAD"} == set(rule["AllowedMethods"])
