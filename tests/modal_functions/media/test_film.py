"""Ten clips of ten sorts become one film: exact to the frame and to the sample."""

import hashlib
from dataclasses import replace
from fractions import Fraction

import av
import pytest

from modal_functions.media.chunks import plan
from modal_functions.media.errors import MediaError
from modal_functions.media.join import Part, join
from modal_functions.media.render import render
from modal_functions.media.seal import LENGTH, is_sealed
from modal_functions.media.sound import plan_sound, take
from modal_functions.media.sparing import Known
from modal_functions.media.spec import Film
from modal_functions.media.timeline import lay_out, nearest
from modal_functions.media.verify import prove, verify

from .conftest import clip
from .reels import lag_of, number_on, samples_of, tune

BOXES = {"square.mp4": (70, 0, 180, 180)}


def test_every_frame_of_the_film_shows_the_picture_of_its_moment(made, reels):
    with av.open(str(made.path)) as film:
        frames = list(film.decode(video=0))
    wanted, shown = [], []
    for span in made.timeline.spans:
        begin = Fraction(span.clip.in_us, 1_000_000)
        for i in range(span.frames):
            wanted.append((span.clip.source, reels[span.clip.source].number_at(begin + i / made.timeline.rate)))
            shown.append((span.clip.source, number_on(frames[span.first + i], BOXES.get(span.clip.source))))
    assert shown == wanted
    assert len(frames) == made.timeline.frames


def test_every_frame_begins_exactly_on_the_clock_of_the_output(made):
    with av.open(str(made.path)) as film:
        times = [frame.pts * frame.time_base for frame in film.decode(video=0)]
    assert times == [number / made.timeline.rate for number in range(made.timeline.frames)]


def test_the_sound_lags_by_no_sample_at_the_beginning_and_end_of_every_clip(made):
    heard, first = samples_of(made.path)
    assert first == 0
    lags = {}
    for span in made.timeline.spans:
        if span.clip.source == "mute.mov" or span.samples < 3000:
            continue
        begin, end = span.first_sample, span.first_sample + span.samples

        def expected(position, span=span):
            return tune(position - span.first_sample + nearest(Fraction(span.clip.in_us * 48, 1000)))

        lags[span.index] = (
            lag_of(heard, expected, range(begin + 300, begin + 1500)),
            lag_of(heard, expected, range(end - 1500, end - 300)),
        )
    assert lags == dict.fromkeys(lags, (0, 0))
    assert len(lags) == 8


def test_nothing_sounds_where_a_clip_is_mute(made):
    heard, _ = samples_of(made.path)
    [span] = [span for span in made.timeline.spans if span.clip.source == "mute.mov"]
    middle = heard[2 * (span.first_sample + 2048) : 2 * (span.first_sample + span.samples - 2048)]
    assert max(map(abs, middle)) < 1e-3


def test_the_sound_is_as_long_as_the_picture_to_the_sample(made):
    with av.open(str(made.path)) as film:
        assert film.streams.audio[0].duration == made.timeline.samples
        assert film.streams.audio[0].time_base == Fraction(1, 48000)
        assert film.streams.audio[0].start_time == film.streams.video[0].start_time == 0


def test_progress_counts_packets_that_were_written_and_bytes_that_were_joined(made):
    wanted = [count for span in made.timeline.spans for count in range(1, span.frames + 1)]
    assert made.frames_heard == wanted
    inputs = [made.folder / f"{chunk.key}.mp4" for chunk in made.chunks] + [made.folder / "sound.m4a"]
    assert made.bytes_heard == sorted(made.bytes_heard)
    assert made.bytes_heard[-1] == sum(path.stat().st_size for path in inputs)


def test_a_chunk_rendered_alone_is_byte_for_byte_the_one_rendered_in_passing(made, reels, tmp_path):
    for chunk in made.chunks:
        [again] = render(reels[chunk.source].path, [chunk], made.film.output, tmp_path)
        assert digest(again.path) == digest(made.folder / again.path.name), chunk.source


def test_sound_that_is_taken_again_is_the_same(made, reels, tmp_path):
    for piece in made.pieces:
        again = take(reels[piece.source].path, piece, tmp_path)
        assert digest(again) == digest(made.folder / again.name)


def test_a_changed_clip_changes_its_own_chunks_only(made):
    clips = list(made.film.clips)
    clips[5] = clip("phone.mp4", 0.111, 2.7)
    timeline = lay_out(Film(output=made.film.output, clips=tuple(clips)))
    before, after = plan(made.timeline, made.film.output), plan(timeline, made.film.output)
    changed = {chunk.clip for chunk in after if chunk.key not in {each.key for each in before}}
    assert changed == {5}
    pieces = {piece.key for piece in made.pieces}
    assert [index for index, piece in enumerate(plan_sound(timeline)) if piece.key not in pieces] == [5]


def test_the_finished_film_is_described(made):
    heard = []
    found = verify(made.path, made.film.output, made.timeline.frames, heard.append)
    assert (found.frames, found.samples) == (made.timeline.frames, made.timeline.samples)
    assert found.bytes == made.path.stat().st_size
    assert found.streams == ("h264", "aac")
    assert heard == list(range(1, made.timeline.frames + 1))


def test_a_film_of_another_length_is_refused(made):
    with pytest.raises(MediaError, match=r"number of frames is \d+, not 7") as refused:
        verify(made.path, made.film.output, 7)
    assert refused.value.code == "result_invalid"


def test_a_film_that_breaks_off_is_refused(made, tmp_path):
    broken = tmp_path / "film.mp4"
    broken.write_bytes(made.path.read_bytes()[: made.path.stat().st_size * 2 // 3])
    with pytest.raises(MediaError) as refused:
        verify(broken, made.film.output, made.timeline.frames)
    assert refused.value.code == "result_invalid"


def test_a_chunk_with_a_frame_too_few_is_not_joined(made, tmp_path):
    parts = [Part(path=made.folder / f"{chunk.key}.mp4", frames=chunk.frames + 1) for chunk in made.chunks]
    with pytest.raises(MediaError, match=r"has \d+ frames instead of"):
        join(parts, made.folder / "sound.m4a", made.film.output, tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


def test_chunks_of_two_encoders_are_not_joined(made, reels, tmp_path):
    [other] = render(
        reels["held.mov"].path, made.chunks[:1], type(made.film.output)(width=160, height=90, fps=(25, 1)), tmp_path
    )
    parts = [
        Part(path=made.folder / f"{made.chunks[1].key}.mp4", frames=made.chunks[1].frames),
        Part(path=other.path, frames=other.frames),
    ]
    with pytest.raises(MediaError, match="in different ways"):
        join(parts, made.folder / "sound.m4a", made.film.output, tmp_path / "film.mp4")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def known(made):
    return [
        Known(path=made.folder / f"{chunk.key}.mp4", first=chunk.first, frames=chunk.frames) for chunk in made.chunks
    ]


def with_a_wrong_byte(path, to, place):
    """In the middle of a picture, as a disk might do it: most decoders hide that."""
    body = bytearray(path.read_bytes())
    body[place] ^= 0x55
    to.write_bytes(body)
    return to


def test_a_film_of_chunks_that_were_decoded_is_compared_with_them(made, known):
    heard = []
    found = verify(made.path, made.film.output, made.timeline.frames, heard.append, known)
    assert found == verify(made.path, made.film.output, made.timeline.frames)
    assert heard == list(range(1, made.timeline.frames + 1))


def test_a_film_that_differs_from_its_chunks_by_one_byte_is_refused(made, known, tmp_path):
    with av.open(str(made.path)) as film:
        packet = [packet for packet in film.demux(video=0) if packet.size][100]
    broken = with_a_wrong_byte(made.path, tmp_path / "film.mp4", packet.pos + packet.size // 2)
    with pytest.raises(MediaError, match="packet 100 is another"):
        verify(broken, made.film.output, made.timeline.frames, None, known)


def test_a_film_with_two_chunks_in_each_other_s_place_is_refused(made, known):
    turned = [replace(known[0], path=known[1].path), *known[1:]]
    with pytest.raises(MediaError, match="packet 0 is another"):
        verify(made.path, made.film.output, made.timeline.frames, None, turned)


def test_every_chunk_is_sealed_and_a_seal_breaks_with_any_byte(known, tmp_path):
    assert all(is_sealed(each.path) for each in known)
    for place in (0, known[0].path.stat().st_size // 2, known[0].path.stat().st_size - 1):
        assert not is_sealed(with_a_wrong_byte(known[0].path, tmp_path / "chunk.mp4", place))


@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_a_film_of_a_chunk_that_is_no_longer_as_it_was_sealed_is_refused(made, known, tmp_path, place):
    """Whatever a decoder would make of it."""
    chunk = known[5]
    damaged = with_a_wrong_byte(chunk.path, tmp_path / "chunk.mp4", int((chunk.path.stat().st_size - 1) * place))
    among = [*known[:5], replace(chunk, path=damaged), *known[6:]]
    with pytest.raises(MediaError, match="is damaged") as refused:
        verify(made.path, made.film.output, made.timeline.frames, None, among)
    assert refused.value.code == "result_invalid"


@pytest.mark.parametrize("how", ["a frame too few", "broken off", "nonsense"])
def test_a_chunk_that_is_not_as_planned_is_not_sealed(made, known, tmp_path, how):
    chunk, path = known[5], tmp_path / "chunk.mp4"
    body = bytearray(chunk.path.read_bytes()[:-LENGTH])
    if how == "nonsense":
        with av.open(str(chunk.path)) as whole:
            for packet in [packet for packet in whole.demux(video=0) if packet.size][:3]:
                body[packet.pos + 4 : packet.pos + packet.size] = b"\xff" * (packet.size - 4)
    path.write_bytes(body[: len(body) // 2] if how == "broken off" else body)
    with pytest.raises(MediaError) as refused:
        prove(path, made.film.output, chunk.frames + (how == "a frame too few"))
    assert refused.value.code == "result_invalid"
    assert not is_sealed(path)
