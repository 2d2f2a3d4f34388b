"""faster-whisper itself, with a tiny model made here: words with times, each told, and a sentence where it fails."""

import pytest

from modal_functions.media import speech
from modal_functions.media.errors import MediaError
from modal_functions.recognisers import missing, recogniser
from tests.modal_functions.kinds.conftest import plain
from tests.modal_functions.media import whispers
from tests.modal_functions.media.voices import SOON, talk

pytest.importorskip("faster_whisper", reason="faster-whisper is not installed: pip install '.[whisper]'")
# What its libraries warn of is not ours to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(whispers.model_in(tmp_path_factory.mktemp("model") / "tiny"))


def test_what_is_said_becomes_words_within_the_piece_in_their_order_and_each_is_told(model, tmp_path):
    path = plain(tmp_path / "talk.mp4", seconds=9, size=(32, 32), rate=5, samples=talk(9, [(2, SOON), (5, SOON)]))
    piece, heard = speech.Piece(key="k", source="s", begin=1000, end=8000), []
    words = speech.hear(path, piece, model, heard.append)
    assert words
    assert {word.text for word in words} <= set(whispers.WORDS)
    assert all(1000 <= word.begin < word.end <= 8000 for word in words)
    assert [word.begin for word in words] == sorted(word.begin for word in words)
    assert len(heard) == len(words)
    assert speech.hear(path, piece, model) == words, "heard again, it is the same"


def test_where_nobody_speaks_there_is_none(model):
    assert list(speech.by_whisper(talk(3, []), model)) == []


def test_the_model_is_complete_and_named(model):
    assert (missing(model), recogniser(model)) == ("", "faster-whisper tiny")


def test_a_model_that_is_none_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"no model")
    with pytest.raises(MediaError, match="cannot be loaded"):
        list(speech.by_whisper(talk(1, []), str(tmp_path)))
