"""Tables that are kept: what is damaged on its disk is never taken for numbers."""

import numpy as np
import pytest

from modal_functions.media.errors import MediaError
from modal_functions.volume.kept import tables


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "piece.npz"
    np.savez_compressed(path, first=np.arange(500), last=np.ones(3))
    return path


def test_those_that_are_asked_for_are_read(kept):
    assert list(tables(kept, "first")["first"]) == list(range(500))


@pytest.mark.parametrize("how", [lambda body: b"", lambda body: body[: len(body) // 2], lambda body: b"\0" * len(body)])
def test_one_that_is_cut_off_or_empty_is_said_to_be_damaged(kept, how):
    kept.write_bytes(how(kept.read_bytes()))
    with pytest.raises(MediaError, match="is damaged"):
        tables(kept, "first", "last")


def test_one_in_which_any_byte_of_a_table_is_wrong_is_said_to_be_damaged(kept):
    body = kept.read_bytes()
    for at in range(60, body.index(b"PK", 4) - 1, 7):
        kept.write_bytes(body[:at] + bytes([body[at] ^ 0x55]) + body[at + 1 :])
        with pytest.raises(MediaError, match="is damaged"):
            tables(kept, "first", "last")
