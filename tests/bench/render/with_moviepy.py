"""The film as MoviePy 2 makes it: python -m tests.bench.render.with_moviepy PLAN, with the plan as JSON."""

import json
import sys

from moviepy import VideoFileClip, concatenate_videoclips


def main(asked: str) -> None:
    plan = json.loads(asked)
    size = (plan["width"], plan["height"])
    opened = [VideoFileClip(path, target_resolution=size, audio_fps=48_000) for path, _, _ in plan["cuts"]]
    trims = [begin_end for _, *begin_end in plan["cuts"]]
    film = concatenate_videoclips([clip.subclipped(*trim) for clip, trim in zip(opened, trims, strict=True)])
    film.write_videofile(
        plan["to"],
        fps=plan["rate"],
        codec="libx264",
        preset=plan["preset"],
        audio_codec="aac",
        audio_fps=48_000,
        audio_bitrate="192k",
        temp_audiofile_path=plan["folder"],
        ffmpeg_params=["-crf", str(plan["crf"]), "-movflags", "+faststart"],
        logger=None,
    )
    for clip in (film, *opened):
        clip.close()


if __name__ == "__main__":
    main(sys.argv[1])
