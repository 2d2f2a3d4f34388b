import pytest

from modal_functions.store import FolderStore


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store")
