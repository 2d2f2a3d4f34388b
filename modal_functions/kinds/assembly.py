"""assembly: a story becomes an edit list and films in several formats, with thumbnails, checksums and what is known of
it. The twelve steps of a film assembly, each of them real work."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from modal_functions import stories
from modal_functions.assembling import Prints, prints_of
from modal_functions.filming import as_asked
from modal_functions.kinds.edl import INTERCHANGE
from modal_functions.media import child
from modal_functions.media.entry import Say
from modal_functions.media.preview import picture_at
from modal_functions.media.spec import Output
from modal_functions.needs import Needs
from modal_functions.runtime import Context
from modal_functions.stories import Story

NEEDS = Needs(image=INTERCHANGE)
FIRST_THUMBNAIL, MOST_THUMBNAILS = 200, 6
METADATA = 300  # the place of the metadata among the results


def work(context: Context) -> dict[str, Any]:
    outputs = as_asked(lambda: [Output.from_wire(wire) for wire in context.spec["outputs"]])
    story = stories.begin(context)
    prints = as_asked(lambda: prints_of(story, outputs))
    documents = stories.documents(story)
    prints.tell()
    prints.make("concatenate", [each for each in prints.all if each.output.video == "h264"])
    prints.make("encode", [each for each in prints.all if each.output.video != "h264"])
    prints.validate()
    prints.move()
    metadata = _metadata(story, prints)
    thumbnails = _thumbnails(story, prints)
    result = _result(story, prints, [*prints.results, *documents, *thumbnails, metadata])
    stories.tidied(context)
    context.report.stage("notify")
    return result


def _metadata(story: Story, prints: Prints) -> dict[str, Any]:
    """The stage `project`: what this film is made of and what came of it, in one file."""
    context, told = story.context, _known(story, prints)
    context.report.stage("project", total=len(told), unit="facts")
    to = context.folder / "project.json"
    to.write_text(json.dumps(told, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    ready = context.ready(to, place=METADATA, name=f"{story.told.file}.json", label="Project metadata")
    context.report.units(len(told))
    return ready


def _known(story: Story, prints: Prints) -> dict[str, Any]:
    cut, counting = story.cut, story.told.counting
    record, shots = counting.parse("01:00:00:00"), []
    for number, shot in enumerate(cut.shots, 1):
        times = {"in": counting.show(shot.first), "out": counting.show(shot.end), "at": counting.show(record)}
        shots.append({"number": number, "clip": shot.name, "frames": shot.frames, "note": shot.note, **times})
        record += shot.frames
    clips = {
        story.names[key]: {name: each[name] for name in ("bytes", "duration_us", "width", "height", "fps", "codec")}
        for key, each in story.found.items()
    }
    sums = {clip.source: clip.sha256 for clip in story.told.clips}
    formats = {each["name"]: {name: each[name] for name in ("label", "bytes", "sha256")} for each in prints.results}
    return {
        "title": cut.title,
        "project": story.told.project,
        "rate": [cut.rate.numerator, cut.rate.denominator],
        "drop_frame": counting.drop,
        "frames": cut.frames,
        "seconds": float(cut.frames / cut.rate),
        "shots": shots,
        "clips": clips,
        "checksums": {story.names[key]: sha256 for key, sha256 in sums.items()},
        "formats": formats,
    }


def _thumbnails(story: Story, prints: Prints) -> list[dict[str, Any]]:
    """The stage `thumbnails`: pictures of the finished film, of the middles of shots all over it."""
    context, film, moments = story.context, prints.all[0].path, _middles(story)
    context.report.stage("thumbnails", total=len(moments), unit="pictures")
    context.border()
    files = [context.folder / f"thumbnail-{number}.jpg" for number in range(1, len(moments) + 1)]
    pictures = [{"to": str(to), "at": str(moment)} for to, moment in zip(files, moments, strict=True)]
    request = {"do": "assembly.pictures", "path": str(film), "pictures": pictures}
    child.run(request, lambda said: context.report.units(said["done"]), start=context.start)
    return [
        context.ready(
            to,
            place=FIRST_THUMBNAIL + number,
            name=f"{story.told.file}-{number + 1}.jpg",
            label=f"Picture {number + 1}",
        )
        for number, to in enumerate(files)
    ]


def _middles(story: Story) -> list[Fraction]:
    cut, begin, found = story.cut, 0, []
    for shot in cut.shots:
        found.append((begin + shot.frames // 2) / cut.rate)
        begin += shot.frames
    step = -(-len(found) // MOST_THUMBNAILS)
    return found[step // 2 :: step]


def _result(story: Story, prints: Prints, results: list[dict[str, Any]]) -> dict[str, Any]:
    """With the checksums of all of them."""
    seconds = float(story.cut.frames / story.cut.rate)
    made = {"rendered": prints.rendered, "chunks": prints.chunks}
    return story.context.several(results, seconds=seconds, frames=story.cut.frames, shots=len(story.cut.shots), **made)


# In the child processes


def _pictures(request: dict[str, Any], say: Say) -> dict[str, Any]:
    for number, picture in enumerate(request["pictures"], 1):
        Path(picture["to"]).write_bytes(picture_at(Path(request["path"]), Fraction(picture["at"])))
        say({"done": number})
    return {}


VERBS = {"pictures": _pictures}
