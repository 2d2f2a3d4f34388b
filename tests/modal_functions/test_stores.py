"""A store is opened from its description; the keys in it are named nowhere else."""

import subprocess
import sys

import pytest

from modal_functions.bucket import BucketStore
from modal_functions.folder import FolderStore
from modal_functions.stores import opened

BUCKET = {"store": "bucket", "endpoint": "http://127.0.0.1:9", "region": "auto", "bucket": "films", "prefix": ""}


def test_each_description_opens_its_store(tmp_path):
    assert isinstance(opened({"store": "folder", "root": str(tmp_path)}), FolderStore)
    assert isinstance(opened({**BUCKET, "key": "k", "secret": "s", "session": "t"}), BucketStore)


@pytest.mark.parametrize("wire", [{}, {"store": "tape"}, {"store": "folder"}, {"root": "/x"}])
def test_anything_else_is_refused(wire):
    with pytest.raises(ValueError, match="store: expected a folder with its root or a bucket"):
        opened(wire)


def test_a_refusal_shows_no_key():
    with pytest.raises(ValueError, match="expected") as refused:
        opened({"store": "tape", "secret": "hunter2"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("description", ["folder", "bucket"])
def test_boto_is_imported_only_when_a_bucket_is_asked(description, tmp_path):
    wire = {"store": "folder", "root": str(tmp_path)}
    if description == "bucket":
        wire = {**BUCKET, "key": "k", "secret": "s"}
    code = f"from modal_functions.stores import opened; opened({wire!r}); import sys; print('boto3' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ended.stdout == "False\n"
