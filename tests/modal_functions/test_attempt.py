"""What starts an attempt, wherever it runs: an order that is plain, and an answer that is too."""

import json
from pathlib import Path

import pytest

from modal_functions import kinds
from modal_functions.attempt import attempt
from modal_functions.wire import VERSION, AttemptKeys, Order

KEYS = AttemptKeys(export="e", number=1)


@pytest.fixture
def go(store, tmp_path):
    def started(**more):
        order = Order(keys=KEYS, kind="multi_clip", token="t", store={"store": "folder", "root": str(store.root)})
        outcome = attempt(order.as_wire() | more, call="c", folder=tmp_path / "work")
        assert not (tmp_path / "work").exists()
        return outcome

    return started


def test_an_attempt_without_a_spec_ends_with_an_outcome(go, store):
    outcome = go()
    assert (outcome["ending"], outcome["code"]) == ("error", "unsupported")
    assert json.loads(store.get(KEYS.outcome)) == outcome


def test_an_order_for_a_kind_that_is_not_here_says_which_are(go):
    outcome = go(kind="never_made")
    known = ", ".join(path.stem for path in sorted(Path(kinds.__file__).parent.glob("[a-z]*.py")))
    assert "multi_clip" in known
    assert outcome["sentence"] == f"This machine cannot do 'never_made'; it knows {known}."


def test_an_order_of_another_version_is_refused_in_words_that_its_sender_understands(go, store):
    outcome = go(v=VERSION + 1)
    assert (outcome["v"], outcome["ending"], outcome["code"]) == (VERSION + 1, "error", "version")
    assert "modal deploy -m modal_functions.app" in outcome["sentence"]
    assert json.loads(store.get(KEYS.outcome)) == outcome
    assert store.get(KEYS.hello(1)) is None


@pytest.mark.parametrize("more", [{"store": {}}, {"store": {"store": "moon"}}, {"number": "x"}, {"v": None}])
def test_an_order_that_cannot_be_read_ends_without_raising(go, more):
    assert go(**more)["ending"] == "unknown"


def test_a_store_that_cannot_be_read_ends_without_raising(go, store):
    (store.root / KEYS.spec).mkdir(parents=True)
    assert go()["ending"] == "unknown"


def test_the_key_to_the_store_is_in_no_log(store):
    order = Order(keys=KEYS, kind="multi_clip", token="t", store={"store": "bucket", "secret": "hush"})
    assert "hush" not in repr(order)
