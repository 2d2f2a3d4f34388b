"""A film in each format there is: made of chunks, the same each time, and what another reader takes it for."""

import hashlib

import av
import pytest

from modal_functions.media.chunks import plan
from modal_functions.media.errors import MediaError
from modal_functions.media.sound import plan_sound
from modal_functions.media.spec import FORMATS, Clip, Film, Output
from modal_functions.media.timeline import lay_out
from modal_functions.media.verbs import perform
from tests.modal_functions.media.reels import shoot


@pytest.fixture(scope="module")
def reel(tmp_path_factory):
    return shoot(tmp_path_factory.mktemp("reel") / "one.mp4", sound="aac").path


def film_of(reel, output):
    sha256 = hashlib.sha256(reel.read_bytes()).hexdigest()
    clips = [Clip(source="s", sha256=sha256, in_us=start, out_us=start + 1_300_000) for start in (100_000, 2_000_000)]
    return lay_out(Film(output=output, clips=tuple(clips)))


def made(reel, output, folder):
    folder.mkdir()
    at, ours, timeline = {"folder": str(folder)}, output.as_wire(), film_of(reel, output)

    def asked(verb, **more):
        return perform({"do": verb, **at, "output": ours, **more}, lambda said: None)

    chunks, pieces = plan(timeline, output), [piece.as_wire() for piece in plan_sound(timeline)]
    rendered = asked("render", chunks=[chunk.as_wire() for chunk in chunks], path=str(reel))["chunks"]
    for piece in pieces:
        asked("sound", piece=piece, path=str(reel))
    track, film = folder / f"sound.{output.container}", folder / f"film.{output.container}"
    asked("soundtrack", pieces=pieces, to=str(track), container=output.container)
    asked("join", parts=rendered, sound=str(track), to=str(film))
    asked("verify", path=str(film), frames=timeline.frames)
    return film


@pytest.mark.parametrize(("container", "video", "audio"), FORMATS)
def test_a_film_of_each_format_is_whole_and_the_same_each_time(container, video, audio, reel, tmp_path):
    output = Output(width=160, height=90, fps=(30000, 1001), quality="draft", video=video, audio=audio,
                    container=container)  # fmt: skip
    film = made(reel, output, tmp_path / "one")
    with av.open(str(film)) as read:
        picture, sound = read.streams.video[0], read.streams.audio[0]
        assert picture.codec_context.codec.canonical_name == video
        assert sound.codec_context.codec.canonical_name == {"pcm": "pcm_s16le"}.get(audio, audio)
        times = [float(frame.time) for frame in read.decode(picture)]
    assert len(times) == film_of(reel, output).frames == 78
    assert times == pytest.approx([number * 1001 / 30000 for number in range(78)], abs=0.001)
    assert made(reel, output, tmp_path / "two").read_bytes() == film.read_bytes()
    with pytest.raises(MediaError, match="number of frames is 78, not 79"):
        perform({"do": "verify", "path": str(film), "output": output.as_wire(), "frames": 79}, lambda said: None)
