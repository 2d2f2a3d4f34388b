"""What is asked again and again finds its rows by an index, however long the past is."""

import json
from contextlib import nullcontext

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.bench import past
from tests.bench.scale import asked

pytestmark = pytest.mark.django_db
GROW = {
    "progress_job", "progress_event", "progress_stagerun", "progress_forecast", "progress_outlook", "exports_export",
    "exports_attempt", "exports_notice", "exports_delivery", "exports_result", "exports_share",
}  # fmt: skip
OF_FEW = {
    "job_active", "job_tray", "job_under_way", "export_due", "attempt_not_gone", "delivery_due", "delivery_sending",
}  # fmt: skip


@pytest.fixture
def long_past(db, settings, monkeypatch):
    monkeypatch.setattr(past, "ready", lambda: None)
    monkeypatch.setattr(past, "settled", analyzed)
    monkeypatch.setattr(past, "loading", nullcontext)
    asked.prepare(2_500)


def analyzed():
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if past.is_postgres():  # of so few rows it would rather read all; then a plan without them says that it could
            cursor.execute("SET LOCAL enable_seqscan = off")


def test_nothing_that_is_asked_again_and_again_reads_a_whole_table(long_past):
    found = {}
    for what, ask in asked.questions().items():
        with CaptureQueriesContext(connection) as queries:
            ask()
        scans = [scan for each in queries.captured_queries for scan in scans_of(each["sql"])]
        if scans:
            found[what] = scans
    assert found == {}


def test_a_table_that_is_read_whole_is_noticed(long_past):
    assert scans_of("SELECT COUNT(*) FROM progress_job WHERE title = 'x'")


def test_an_index_that_is_walked_from_end_to_end_is_noticed(long_past):
    assert scans_of("SELECT status, COUNT(*) FROM progress_job GROUP BY status")
    assert not scans_of("SELECT id FROM progress_job ORDER BY created_at DESC LIMIT 5")


def scans_of(sql):
    if not sql.startswith("SELECT"):
        return []
    with connection.cursor() as cursor:
        if not past.is_postgres():
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = [row[3] for row in cursor.fetchall()]
            bounded = " LIMIT " in sql
            return [line for line in plan if line.split()[0] == "SCAN" and names(line) and not is_small(line, bounded)]
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        told = cursor.fetchone()[0]
        return list(sequential(json.loads(told) if isinstance(told, str) else told))


def names(line):
    return line.split()[1] in GROW


def is_small(line, bounded):
    """A walk along an index that ends early, or along one that holds but what is under way."""
    return "USING" in line and (bounded or line.rsplit(maxsplit=1)[-1] in OF_FEW)


def sequential(node, *, bounded=False):
    if isinstance(node, list):
        for each in node:
            yield from sequential(each, bounded=bounded)
    elif isinstance(node, dict):
        kind, bounded = node.get("Node Type", ""), bounded or node.get("Node Type") == "Limit"
        if kind == "Seq Scan" and node["Relation Name"] in GROW:
            yield node["Relation Name"]
        if is_walk(node, kind) and not bounded:
            yield node["Index Name"]
        for each in node.values():
            yield from sequential(each, bounded=bounded)


def is_walk(node, kind):
    """Along a whole index."""
    indexed = kind in ("Index Scan", "Index Only Scan") and node["Relation Name"] in GROW
    return indexed and "Index Cond" not in node and node["Index Name"] not in OF_FEW
