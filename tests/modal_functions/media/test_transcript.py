"""Words become lines, and lines the two files that players take, read back by a parser of somebody else's."""

from itertools import pairwise

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_functions.media.transcript import LONGEST_CUE, LONGEST_LINE, Cue, Word, cues, srt, vtt


def said(text, begin=0, each=300, pause=0):
    words = []
    for part in text.split():
        words.append(Word(text=part, begin=begin, end=begin + each))
        begin += each + pause
    return words


SPOKEN = st.lists(
    st.tuples(st.text("abcdefgh", min_size=1, max_size=12), st.integers(0, 3000), st.integers(50, 900)), max_size=60
)


def laid_out(parts):
    words, at = [], 0
    for text, gap, length in parts:
        words.append(Word(text=text, begin=at + gap, end=at + gap + length))
        at += gap + length
    return words


@given(SPOKEN)
def test_every_word_is_in_one_line_and_no_line_is_too_long_or_over_another(parts):
    words = laid_out(parts)
    lines = cues(words)
    assert " ".join(line.text for line in lines).split() == [word.text for word in words]
    assert all(len(line.text) <= LONGEST_LINE and line.end - line.begin <= LONGEST_CUE for line in lines)
    assert all(one.end <= other.begin for one, other in pairwise(lines))


@given(SPOKEN)
def test_both_files_read_back_as_what_was_written(parts):
    lines = cues(laid_out(parts))
    for written in (srt(lines), vtt(lines)):
        form = "vtt" if written.startswith("WEBVTT") else "srt"
        read = pysubs2.SSAFile.from_string(written, format_=form)
        assert [(each.start, each.end, each.plaintext) for each in read] == [(c.begin, c.end, c.text) for c in lines]


def test_a_line_ends_where_the_sentence_does_or_somebody_holds_their_breath():
    assert [line.text for line in cues(said("hello there. my name is olga"))] == ["hello there.", "my name is olga"]
    held = [*said("one two"), *said("three four", begin=1200)]
    assert [(line.text, line.begin, line.end) for line in cues(held)] == [
        ("one two", 0, 600), ("three four", 1200, 1800),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["a <b>bold</b> & other", "that --> this", "two\nlines", "&amp; stays"])
def test_what_is_said_is_never_taken_for_markup_or_a_time(text):
    line = Cue(text=text, begin=3_600_000, end=3_723_004)
    web = pysubs2.SSAFile.from_string(vtt([line]), format_="vtt")
    assert [(each.start, each.end) for each in web] == [(3_600_000, 3_723_004)]
    assert "<" not in vtt([line]).partition("\n\n")[2].split("\n")[1]
    assert len(pysubs2.SSAFile.from_string(srt([line]), format_="srt")) == 1
    assert "01:02:03,004" in srt([line])


def test_nothing_said_is_an_empty_file_of_its_kind():
    assert (cues([]), srt([]), vtt([])) == ([], "", "WEBVTT\n")
