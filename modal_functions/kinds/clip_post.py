"""clip_post: one finished clip, posted to the platforms that the person has chosen, by their own token.

Each step that a platform cannot be asked about twice is kept before the next is taken."""

import json
from collections.abc import Mapping
from typing import Any

from modal_functions.needs import HOUR, Limits, Needs
from modal_functions.publishing.clock import Pace
from modal_functions.publishing.going import Clip, Going, Heard, Posted, Wanted
from modal_functions.publishing.instagram import Instagram
from modal_functions.publishing.kept import Kept
from modal_functions.publishing.tiktok import TikTok
from modal_functions.runtime import Context, Failed
from modal_functions.store import Missing

NEEDS = Needs(conducting=Limits(cpu=(0.25, 1.0), memory=1024, timeout=3 * HOUR))
PLATFORMS: Mapping[str, type[Going]] = {"tiktok": TikTok, "instagram": Instagram}  # in the order of the stages
STEPS = {"tiktok": 3, "instagram": 4}  # that are kept of a post that went well


def work(context: Context) -> dict[str, Any]:
    going = _going(context, _clip(context))
    _wait(context, going)
    results = []
    for place, (key, each) in enumerate(going.items(), 1):
        context.report.stage(f"posting_{key}", total=1, unit="posts", note=f"{each.label} is posting it")
        results.append(_receipt(context, place, each, each.put_out()))
        context.report.units(1)
    made = sum(len(each.kept.made) for each in going.values())
    return context.several(results, rendered=made, chunks=sum(STEPS[key] for key in going))


def _wait(context: Context, going: Mapping[str, Going]) -> None:
    """What can be refused is, for all of them, before the first is sent anything. Last goes the one whose last byte
    posts it: by then the others have the clip and take it."""
    last_first = list(going.values())[::-1]
    size = last_first[0].clip.bytes
    context.report.stage("waiting", total=size * _shares(going), unit="bytes", note="Asking the platforms")
    for each in last_first:
        each.begin()
    done = 0
    for each in last_first:
        _note(context, f"Uploading to {each.label}")
        each.send(_counting(context, done))
        done += size
        if each.processes:
            _note(context, f"{each.label} is processing it")
            each.process(_counting(context, done))
            done += size


def _counting(context: Context, before: int) -> Heard:
    return lambda count: context.report.units(before + count)


def _shares(going: Mapping[str, Going]) -> int:
    """The clip is counted once for each platform, and once more where it is processed before it is posted."""
    return sum(1 + each.processes for each in going.values())


def _note(context: Context, said: str) -> None:
    context.report.units(context.report.picture.done or 0, note=said)


def _going(context: Context, clip: Clip) -> dict[str, Going]:
    spec = context.spec
    try:
        wanted = Wanted(
            caption=str(spec["caption"]),
            privacy=str(spec["privacy"]),
            allow=tuple(map(str, spec["allow"])),
            promotes=str(spec["promotes"]),
        )
        chosen = [key for key in PLATFORMS if key in spec["platforms"]]
        if not chosen:
            raise ValueError("no platform")  # noqa: TRY301 - said as everything else that is wrong with it
        return {
            key: PLATFORMS[key](
                clip=clip,
                wanted=wanted,
                account=context.carried.get(key) or {},
                addresses=dict(spec["addresses"]),
                kept=Kept(store=context.store, place=spec["chunks"], export=context.keys.export, platform=key),
                pace=Pace.from_wire(spec["pace"]),
                border=context.border,
                note=lambda said: _note(context, said),
                given=key in spec.get("given", ()),
            )
            for key in chosen
        }
    except (KeyError, TypeError, ValueError) as error:
        raise Failed("unsupported", f"This post cannot be made as it was asked for: {error}.") from error


def _clip(context: Context) -> Clip:
    told = context.spec["clip"]
    path = context.store.in_place(told["key"])
    try:
        if path is None:
            path = context.folder / "clip.mp4"
            context.store.fetch(told["key"], path)
        size = path.stat().st_size
    except (Missing, FileNotFoundError):
        size = -1
    if path is None or size != told["bytes"]:
        raise Failed("input_missing", f"{told['name']} is no longer kept. Make its clips anew, then post it.")
    return Clip(path=path, bytes=size, sha256=str(told["sha256"]), seconds=told.get("seconds"))


def _receipt(context: Context, place: int, going: Going, posted: Posted) -> dict[str, Any]:
    told = {
        "platform": going.key,
        "account": str(going.account.get("name") or ""),
        "id": posted.id,
        "link": posted.link,
        "caption": going.wanted.caption,
        "clip_sha256": going.clip.sha256,
    }
    path = context.folder / f"{going.key}.json"
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return context.ready(path, place=place, name=path.name, label=f"Posted to {going.label}", link=posted.link)
