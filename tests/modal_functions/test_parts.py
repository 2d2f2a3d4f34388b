"""Parts that are kept: one that is damaged is not met at each try."""

from types import SimpleNamespace

import pytest

from modal_functions.batches import Batch
from modal_functions.media.errors import MediaError
from modal_functions.parts import Parts
from modal_functions.store import Forbidden
from modal_functions.stores import opened

KEY = "projects/p/chunks/ab/abc.json"


@pytest.fixture
def parts(store, tmp_path):
    context = SimpleNamespace(store=store, folder=tmp_path, spec={"chunks": "projects/p/chunks"})
    return Parts(context=context, sources={}, called=str)


@pytest.mark.parametrize("body", [b"", b'{"words": [', b"[]", b"\xff"])
def test_one_that_says_nothing_is_thrown_away_and_made_anew_by_whoever_tries_again(parts, store, body):
    store.put(KEY, body)
    with pytest.raises(MediaError, match="damaged") as refused:
        parts.told("abc.json")
    assert refused.value.code == "result_invalid", "which is tried again"
    assert parts.there(["abc.json"]) == set()


def test_where_nothing_may_be_deleted_it_is_told_all_the_same_and_fetched_anew(parts, store, tmp_path):
    class Kept(type(store)):
        def in_place(self, key):
            return None

        def delete(self, key):
            raise Forbidden("the bucket answers 403 AccessDenied to DeleteObject")

    parts.context.store = Kept(store.root)
    store.put(KEY, b'{"words": []}')
    (tmp_path / "abc.json").write_bytes(b"damaged on its way")
    with pytest.raises(MediaError, match="damaged"):
        parts.told("abc.json")
    assert parts.told("abc.json") == {"words": []}


def test_one_that_is_damaged_in_the_bucket_is_made_anew_also_by_who_may_not_delete(parts, bucket):
    store = parts.context.store = opened(bucket.described())
    whole = {"Bucket": bucket.name, "Key": f"longhaul/{KEY}"}
    store.put(KEY, b'{"words": []}')
    kept = store.s3.client.head_object(**whole)["Metadata"]
    store.s3.client.put_object(**whole, Body=b'{"words": 00}', Metadata=kept)
    bucket.fault("DELETE", "chunks", status=403, code="AccessDenied", times=99)
    with pytest.raises(MediaError, match="damaged") as refused:
        parts.at_hand("abc.json")
    assert refused.value.code == "result_invalid"
    assert parts.there(["abc.json"]) == set()
    batch = Batch(source={}, request={}, parts=("abc.json",), kept="projects/p/chunks")
    assert batch.missing(store) == batch
    store.put(KEY, b'{"words": [1]}')
    assert parts.told("abc.json") == {"words": [1]}
