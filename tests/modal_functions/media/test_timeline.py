from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from modal_functions.media.chunks import Chunk, chunk_frames, plan, split
from modal_functions.media.sound import plan_sound
from modal_functions.media.spec import Clip, Film, Output
from modal_functions.media.timeline import lay_out, samples_at

RATES = st.sampled_from([(25, 1), (30, 1), (24000, 1001), (30000, 1001), (60, 1), (1, 1), (120, 1), (2997, 100)])
CLIPS = st.builds(
    lambda number, begin, length: Clip(
        source=f"s{number}", sha256=f"{number:064x}", in_us=begin, out_us=begin + length
    ),
    st.integers(0, 3),
    st.integers(0, 10**10),
    st.integers(1, 60_000_000),
)
FILMS = st.builds(
    lambda fps, clips: Film(output=Output(width=320, height=180, fps=fps), clips=tuple(clips)),
    RATES,
    st.lists(CLIPS, min_size=1, max_size=12),
)


@given(FILMS)
def test_frames_and_samples_follow_each_other_without_gap_or_overlap(film):
    timeline = lay_out(film)
    for one, other in pairwise(timeline.spans):
        assert other.first == one.first + one.frames
        assert other.first_sample == one.first_sample + one.samples
    assert timeline.frames == sum(span.frames for span in timeline.spans)
    assert timeline.samples == sum(span.samples for span in timeline.spans)


@given(FILMS)
def test_no_clip_is_more_than_half_a_frame_off_and_none_is_empty(film):
    timeline = lay_out(film)
    for span in timeline.spans:
        assert span.frames >= 1
        assert abs(span.frames / timeline.rate - span.clip.seconds) <= max(
            Fraction(1, 2) / timeline.rate, 1 / timeline.rate - span.clip.seconds
        )


@given(FILMS)
def test_sound_never_drifts_from_the_picture_by_more_than_half_a_sample(film):
    timeline = lay_out(film)
    for span in timeline.spans:
        assert abs(span.first_sample - span.first * 48000 / timeline.rate) <= Fraction(1, 2)
    assert timeline.samples == samples_at(timeline.frames, timeline.rate)


@given(FILMS)
def test_chunks_cover_every_frame_once_and_never_cross_a_border(film):
    timeline = lay_out(film)
    chunks = plan(timeline, film.output)
    assert [chunk.first for chunk in chunks] == [
        sum(each.frames for each in chunks[:place]) for place in range(len(chunks))
    ]
    for span in timeline.spans:
        mine = [chunk for chunk in chunks if chunk.clip == span.index]
        assert sum(chunk.frames for chunk in mine) == span.frames
        assert mine[0].first == span.first
        for chunk in mine:
            offset = (chunk.first - span.first) / timeline.rate
            assert chunk.start == Fraction(span.clip.in_us, 1_000_000) + offset


@given(st.integers(1, 5000), st.integers(1, 240))
def test_no_chunk_is_longer_than_a_full_one_or_shorter_than_half_of_it(frames, size):
    parts = split(frames, size)
    assert sum(parts) == frames
    assert max(parts) <= size
    assert len(parts) == 1 or min(parts) >= size // 2


@given(FILMS, st.integers(0, 11), st.integers(1, 5_000_000))
def test_a_longer_clip_changes_no_chunk_of_another(film, place, longer):
    place %= len(film.clips)
    old = film.clips[place]
    changed = Clip(source=old.source, sha256=old.sha256, in_us=old.in_us, out_us=old.out_us + longer)
    other = Film(output=film.output, clips=(*film.clips[:place], changed, *film.clips[place + 1 :]))
    before, after = (plan(lay_out(each), film.output) for each in (film, other))
    for index in range(len(film.clips)):
        if index != place:
            assert [c.key for c in before if c.clip == index] == [c.key for c in after if c.clip == index]


@given(FILMS)
def test_the_key_of_a_chunk_is_made_by_what_is_on_it_and_how(film):
    chunks = plan(lay_out(film), film.output)
    assert len({(c.source, c.start, c.frames) for c in chunks}) == len({c.key for c in chunks})
    better = Output(width=320, height=180, fps=film.output.fps, quality="high")
    assert {c.key for c in chunks}.isdisjoint(c.key for c in plan(lay_out(film), better))


@given(FILMS)
def test_every_piece_of_sound_keeps_enough_and_at_most_one_sample_more(film):
    for piece in plan_sound(lay_out(film)):
        assert 0 <= piece.kept - piece.samples <= 1


def test_a_chunk_comes_back_from_the_wire_as_it_was():
    film = Film(
        output=Output(width=320, height=180, fps=(30000, 1001)),
        clips=(Clip(source="s", sha256="a" * 64, in_us=7, out_us=9_000_000),),
    )
    chunks = plan(lay_out(film), film.output)
    assert [Chunk.from_wire(chunk.as_wire()) for chunk in chunks] == chunks
    assert [chunk.frames for chunk in chunks] == [60, 60, 60, 45, 45]


def test_a_chunk_lasts_about_two_seconds_at_any_rate():
    assert [chunk_frames(Fraction(*fps)) for fps in ((24000, 1001), (25, 1), (60, 1), (1, 1))] == [48, 50, 120, 2]


def test_half_a_frame_goes_up_and_the_shortest_clip_has_one():
    clips = tuple(Clip(source="s", sha256="a" * 64, in_us=0, out_us=out) for out in (20_000, 60_000, 100_000, 1))
    film = Film(output=Output(width=320, height=180, fps=(25, 1)), clips=clips)
    assert [span.frames for span in lay_out(film).spans] == [1, 2, 3, 1]
