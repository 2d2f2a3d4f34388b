"""Bad calls, forms, parts of uploads and messages of work: each is answered in a sentence, none with a broken page, and
nothing is left of them. `ASKED=10000 SEED=7` tries harder: so many of each sort."""

import os
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from exports import uploads
from exports.models import Export, Project, Source
from exports.tools import tools
from tests.exports.footage import driver_is_awake
from tests.fuzz.asking import SORTS, Ground, asked

pytestmark = pytest.mark.django_db
ASKED, SEED = int(os.environ.get("ASKED", "120")), os.environ.get("SEED", "1")


@pytest.fixture
def ground(owner, settings):
    settings.PUBLIC_URL = "http://testserver"
    settings.API_CHANGES_A_MINUTE = settings.API_QUESTIONS_A_MINUTE = 10**9
    driver_is_awake()
    return Ground(owner)


def files():
    return {path for path in Path(django_settings.HOME).rglob("*") if path.is_file() and "sqlite3" not in path.name}


def rows():
    return [list(model.objects.order_by("pk").values_list("pk", flat=True)) for model in (Project, Source, Export)]


@pytest.mark.parametrize("sort", SORTS)
def test_nothing_bad_that_is_sent_breaks_a_page_or_stays(sort, ground):
    before = (rows(), files())
    wrong, counts = asked(sort, SEED, range(ASKED), ground)
    assert wrong == [], "\n".join(wrong[:20])
    assert sum(counts.values()) == ASKED
    print(f"\n{ASKED} {sort}: {dict(sorted(counts.items()))}")
    assert any(200 <= status < 400 for status in counts), counts
    assert any(400 <= status < 500 for status in counts), counts
    assert rows() == before[0]
    uploads.abort(ground.upload, tools())
    assert files() - before[1] == set()


def test_a_broken_page_would_be_seen(ground, monkeypatch):
    def broken(rng, ground):
        raise ZeroDivisionError

    monkeypatch.setitem(SORTS, "forms", broken)
    assert "ZeroDivisionError" in asked("forms", SEED, range(1), ground)[0][0]


def test_there_are_forms_to_send(ground):
    assert len({address for _, address, _ in ground.forms}) > 12
