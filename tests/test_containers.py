"""The image and the compose file, as far as they can be looked at where no engine runs: what they start is what
Procfile starts, nobody is root, and nothing but the home is written."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
OURS = ("release", "web", "push", "cluster")
LOCKS = {"requirements.txt", "requirements-kinds.txt"}
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())


def instructions(word):
    whole = DOCKERFILE.replace("\\\n", " ")
    return [line.removeprefix(word).strip() for line in whole.splitlines() if line.startswith(f"{word} ")]


def test_every_line_of_the_procfile_has_its_container_and_no_other_command():
    assert {name: SERVICES[name]["command"] for name in OURS} == {name: [name] for name in PROCFILE}


@pytest.mark.parametrize("name", OURS)
def test_the_images_entry_starts_just_that_line(name, tmp_path):
    """The entry itself, with programs that say how they were called instead of being what they are called."""
    for program in ("python", "granian"):
        said = tmp_path / program
        said.write_text('#!/bin/sh\necho "${0##*/} $*"\n')
        said.chmod(0o755)
    (entry,) = instructions("ENTRYPOINT")
    command = [*yaml.safe_load(entry), name]
    around = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    ran = subprocess.run(command, check=False, cwd=ROOT, env=around, capture_output=True, text=True)
    expected = [re.sub(r"\$\{\w+:-(\w+)\}", r"\1", each) for each in PROCFILE[name].split(" && ")]
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == expected


@pytest.mark.parametrize("name", OURS)
def test_nobody_is_root_and_only_the_home_is_written(name):
    service = SERVICES[name]
    assert (service["read_only"], service["user"], service["cap_drop"]) == (True, "10001:10001", ["ALL"])
    assert service["volumes"] == ["home:/var/lib/longhaul"]
    assert service["tmpfs"] == ["/tmp"]
    assert instructions("USER") == ["10001"]
    assert "LONGHAUL_HOME=/var/lib/longhaul" in instructions("ENV")[-1]


@pytest.mark.parametrize("name", OURS)
def test_what_outlives_who_began_it_is_waited_for_and_stays_no_zombie(name):
    """A worker of the cluster ends after so many calls, and its attempts go on as children of the first process, which
    manage.py is without it."""
    assert SERVICES[name]["init"] is True


def test_whatever_goes_on_running_is_looked_at():
    checked = {name: service.get("healthcheck", {}).get("test") for name, service in SERVICES.items()}
    assert all(checked[name] for name in ("push", "cluster", "database"))
    (own,) = instructions("HEALTHCHECK")
    assert own.endswith('CMD ["python", "manage.py", "healthcheck", "--web"]')
    assert checked["cluster"][1:4] == ["python", "manage.py", "healthcheck"]


def test_only_this_machine_reaches_the_ports():
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_what_is_copied_is_there_and_let_through():
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [shlex.split(each)[:-1] for each in instructions("COPY") if "--from" not in each]
    names = {name for each in copied for name in each}
    assert names == let_through
    assert {name for name in names if name.startswith("requirements")} == LOCKS
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_either_lock_can_be_installed_and_by_itself_it_is_that_of_the_site():
    """What renders in these containers may need what the site alone does not: docs/DEPLOY.md."""
    assert instructions("ARG") == ["LOCK=requirements.txt"]
    assert any(each.endswith("-r /tmp/$LOCK") for each in instructions("RUN"))
    assert all(SERVICES[name]["build"]["args"] == {"LOCK": "${LOCK:-requirements.txt}"} for name in OURS)
    (asked,) = re.findall(r"^echo LOCK=(\S+) >> \.env$", (ROOT / "docs/DEPLOY.md").read_text(), re.MULTILINE)
    assert asked in LOCKS


def test_what_is_installed_is_locked_and_no_image_is_whatever_is_newest():
    assert any("--require-hashes" in each for each in instructions("RUN"))
    images = [each.split()[0] for each in instructions("FROM")] + [SERVICES["database"]["image"]]
    assert all(re.fullmatch(r"[a-z]+:[0-9][\w.-]+", image) for image in images)
