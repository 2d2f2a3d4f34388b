"""What the audit costs in statements. `make bench ARGS="--part audit"` measures it in seconds."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exports.audit import Wanted, audit
from exports.tools import Tools
from modal_functions.folder import FolderStore
from tests.bench.audit.ended import make

pytestmark = pytest.mark.django_db

EXPORTS = 600


def test_many_exports_are_looked_at_in_batches(owner, tmp_path, tracker, clock):
    store = FolderStore(tmp_path / "store")
    make(owner, store, clock(), EXPORTS)
    tools = Tools(store=store, runner=lambda name: None, tracker=tracker, clock=clock)
    sleeps = []
    with CaptureQueriesContext(connection) as seen:
        done = audit(tools, Wanted(), sleep=sleeps.append)
    assert done.violations == []
    assert sleeps == []
    assert done.looked == {"export": EXPORTS, "folder": 2 * EXPORTS, "object": 5 * EXPORTS}
    batches = -(-EXPORTS // 500)
    assert len(seen) <= 2 + 9 * batches + 2 + 3 * (2 * batches + 1)
