"""What is installed is what was locked, and of all of it is known under which licence it may be handed on."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from tests import supply
from tests.supply import ASKING, FREE, PAGE, Part, parts

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.txt", "requirements-kinds.txt", "requirements-dev.txt", "requirements-bench.txt")


def test_every_package_that_is_shipped_has_a_licence_that_is_known():
    assert {
        part.name: part.licence for part in parts() if not part.licences or part.licences - FREE - set(ASKING)
    } == {}


def test_one_without_a_licence_or_with_one_that_nobody_has_looked_at_would_be_seen():
    nobody = Part(name="no-such-package", version="1", hashes=())
    assert (nobody.licence, nobody.licences) == ("", set())
    assert not {"AGPL-3.0-only", "GPL-3.0-or-later", "SSPL-1.0"} & (FREE | set(ASKING))


def test_the_page_of_licences_is_not_stale():
    assert PAGE.read_text() == supply.page(), "make licences"


def test_whoever_hands_it_on_is_told_of_the_encoders():
    told = PAGE.read_text()
    assert "x264 and x265, which are under the GPL" in told
    assert re.search(r"\| `av` \| [\d.]+ \| .*GPL-2.0-or-later", told)


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_that_is_locked_has_hashes(lock):
    found = parts(ROOT / lock)
    assert len(found) > 40
    assert [part.name for part in found if not part.hashes] == []


def test_what_reads_strangers_files_and_what_runs_the_work_are_pinned_closely():
    """An earlier PyAV dies of some broken files; Modal's client speaks with a service that changes."""
    asked = (ROOT / "pyproject.toml").read_text()
    assert '"av>=18.1,<19"' in asked
    assert '"modal>=1.6.4,<1.7"' in asked
    pinned = {part.name: part.version for part in parts()}
    assert (version("av"), version("modal")) == (pinned["av"], pinned["modal"])


def test_the_bill_of_materials_names_each_part_with_its_hashes_and_is_the_same_each_time():
    bill = supply.sbom()
    assert bill == supply.sbom()
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    found = {each["name"]: each for each in bill["components"]}
    assert set(found) == {part.name for part in parts()}
    assert found["av"]["purl"].startswith("pkg:pypi/av@18.1")
    assert len({each["bom-ref"] for each in bill["components"]}) == len(found)
    assert all(each["licenses"] and each["externalReferences"] for each in bill["components"])
