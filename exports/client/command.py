"""longhaul: films from a shell, made on a site somewhere else."""

import argparse
import errno
import json
import os
import re
import signal
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from .asking import Away, Refused
from .site import Longhaul, Told
from .undoing import on_the_way, taken_back

FAILED, WRONG = 1, 2
HINT = "Name the site with --site or LH_SITE, and give the token in LH_TOKEN (your account's page there makes one)."
NOWHERE = "It is not said which site: name it with --site or in LH_SITE."
UNSAID = "LH_TOKEN is empty: put a token there, which your account's page on {site} makes."
NOT_KNOWN = "{site} does not know the token in LH_TOKEN. Your account's page there makes another."
FOLLOWED = "What was begun there goes on without you. To follow it: longhaul watch {}"
FETCHED = "The film is there. To fetch it: longhaul download {} --out {}"
ENDINGS = ("SIGTERM", "SIGHUP")  # of who ends it otherwise than by Ctrl-C


class Wrong(Exception):
    """It was asked wrongly, which is known before anybody is asked."""


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    site, token = (asked.site or os.environ.get("LH_SITE", "")).strip(), os.environ.get("LH_TOKEN", "").strip()
    if not site:
        return _said(NOWHERE, WRONG)
    if not _is_address(site):
        return _said(f"{site}: expected the site's address, such as https://exports.example.com.", WRONG)
    if not token:
        return _said(UNSAID.format(site=site), WRONG)
    if not (token.isascii() and token.isprintable()):  # no header can hold it, so no site has made it
        return _said(NOT_KNOWN.format(site=site), WRONG)
    try:
        with _ended_as_by_hand(), Longhaul(site, token=token, on_wait=_say) as longhaul:
            return int(asked.verb(longhaul, asked))
    except Refused as refusal:
        if refusal.status == 401:
            return _said(NOT_KNOWN.format(site=site), WRONG, *_notes(refusal))
        return _said(str(refusal), FAILED, *_notes(refusal))
    except (Away, Wrong) as error:
        return _said(str(error), WRONG, *_notes(error))
    except BrokenPipeError as error:  # whoever reads has read enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _said("", WRONG, *_notes(error)) if _notes(error) else WRONG
    except OSError as error:
        return _said(_of_disk(error), WRONG, *_notes(error))
    except KeyboardInterrupt as left:
        return _said("Left.", WRONG, *(_notes(left) or ["What was begun there goes on without you."]))


# What it can do


def export(longhaul: Longhaul, asked: argparse.Namespace) -> int:
    """Files in, a film out; in between a bar."""
    trims = [_trim(text) for text in asked.trim]
    _check(asked.files, trims, asked.out)
    options = {name: getattr(asked, name) for name in ("size", "rate", "quality")}
    longhaul.check(title=asked.title, **options)
    with _project(longhaul, asked) as project:
        send = longhaul.upload_what_lacks if asked.into else longhaul.upload
        with _bar(asked) as show:
            sources = [send(project, path, on_bytes=_telling(show, path.name)) for path in asked.files]
        film = longhaul.arrange(project, sources, trims)
        begun = longhaul.export_once(film, before=bool(asked.into), title=asked.title, **options)
    asked.id = begun["id"]
    with on_the_way(FOLLOWED.format(asked.id)):
        ended = watch(longhaul, asked)
    if ended or not asked.out:
        return ended or (0 if asked.json else _said(longhaul.site + begun["page"], 0, to=sys.stdout))
    with on_the_way(FETCHED.format(asked.id, asked.out)):
        return download(longhaul, asked)


def _project(longhaul: Longhaul, asked: argparse.Namespace) -> AbstractContextManager[Told]:
    """One that is there stays there, whatever becomes of this."""
    if asked.into:
        return nullcontext(longhaul.project(asked.into))
    return taken_back(longhaul, longhaul.begin_project(asked.project or asked.files[0].stem))


def watch(longhaul: Longhaul, asked: argparse.Namespace) -> int:
    seen: Told = {}
    with _bar(asked) as show:
        for seen in longhaul.watch(asked.id):
            job = seen["job"]
            stages = [stage["label"] for stage in job["stages"] if stage["state"] == "current"]
            show(stages[0] if stages else job["title"], job["percent"], 100, job["finish"]["words"])
    return 0 if _told(seen, asked)["job"]["status"] == "complete" else _said(seen["job"]["finish"]["words"], FAILED)


def download(longhaul: Longhaul, asked: argparse.Namespace) -> int:
    with _bar(asked) as show:
        path = longhaul.download(longhaul.look(asked.id), asked.out, on_bytes=_telling(show, asked.out.name))
    return 0 if asked.json else _said(str(path), 0, to=sys.stdout)


def listed(longhaul: Longhaul, asked: argparse.Namespace) -> int:
    for each in longhaul.exports(active=asked.active, most=asked.most):
        if not asked.json:
            job = each["job"]
            _say(f"{each['id']}  {job['status']:<10} {job['percent']:>3} %  {job['title']}", to=sys.stdout)
        _told(each, asked)
    return 0


def projects(longhaul: Longhaul, asked: argparse.Namespace) -> int:
    for each in longhaul.projects(most=asked.most):
        if not asked.json:
            _say(f"{each['id']}  {each['name']}", to=sys.stdout)
        _told(each, asked)
    return 0


def delete(longhaul: Longhaul, asked: argparse.Namespace) -> int:
    longhaul.delete_project(asked.id)
    return 0 if asked.json else _said("Deleted.", 0, to=sys.stdout)


def act(longhaul: Longhaul, asked: argparse.Namespace) -> int:
    seen = _told(getattr(longhaul, asked.act)(asked.id), asked)
    return 0 if asked.json else _said(seen["job"]["finish"]["words"] or seen["job"]["status"], 0, to=sys.stdout)


# How it is asked, and how it tells


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--site", default="", help="such as https://exports.example.com; else LH_SITE")
    shared.add_argument("--json", action="store_true", help="one JSON object a line instead of words and bars")
    parser = argparse.ArgumentParser(prog="longhaul", description=__doc__, epilog=HINT)
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, does: Callable[[Longhaul, argparse.Namespace], int], told: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=told, description=told, parents=[shared])
        added.set_defaults(verb=does)
        return added

    asked = verb("export", export, "upload files and make one film of them")
    asked.add_argument("files", nargs="+", type=Path, help="the clips, in order")
    asked.add_argument("--trim", action="append", default=[], metavar="IN:OUT", help="seconds of the next file")
    where = asked.add_mutually_exclusive_group()
    where.add_argument("--project", default="", help="its name (that of the first file)")
    said = "a project that is there: what it has of the files is not sent again, its film becomes this one, and an"
    said += " export of the same words within a day is followed instead of asked for again"
    where.add_argument("--into", type=_id, metavar="ID", help=said)
    asked.add_argument("--title", default="", help="of the film")
    asked.add_argument("--out", type=Path, help="where the film goes; without it, it stays there")
    for name, usual in (("size", "1080p"), ("rate", "30"), ("quality", "standard")):
        asked.add_argument(f"--{name}", default=usual)
    verb("watch", watch, "follow an export to its end").add_argument("id", type=_id)
    asked = verb("download", download, "fetch a finished film")
    asked.add_argument("id", type=_id)
    asked.add_argument("--out", type=Path, required=True)
    asked = verb("list", listed, "your exports, the newest first")
    asked.add_argument("--active", action="store_true", help="only those that have not ended")
    asked.add_argument("--most", type=_count, default=50)
    asked = verb("projects", projects, "your projects, the newest first")
    asked.add_argument("--most", type=_count, default=50)
    asked = verb("delete", delete, "delete a project, with its clips, its exports and what they made, for good")
    asked.add_argument("id", type=_id)
    for name in ("pause", "resume", "cancel", "retry"):
        asked = verb(name, act, f"{name} an export")
        asked.add_argument("id", type=_id)
        asked.set_defaults(act=name)
    return parser


def _trim(text: str) -> tuple[float, float | None]:
    start, colon, end = text.partition(":")
    if not colon or not all(side == "" or re.fullmatch(r"\d+(\.\d{1,6})?", side) for side in (start, end)):
        raise Wrong(f"--trim {text}: expected IN:OUT in seconds, such as 2:8, 2.5: or :8.")
    if end and float(end) <= float(start or 0):
        raise Wrong(f"--trim {text}: expected the first number below the second.")
    return float(start or 0), float(end) if end else None


def _is_address(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    return url.scheme in ("http", "https") and bool(url.host)


def _id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        said = f"expected an id, as `longhaul list` and `longhaul projects` tell them, got {text!r}"
        raise argparse.ArgumentTypeError(said) from None


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def _check(files: list[Path], trims: list[tuple[float, float | None]], out: Path | None) -> None:
    for path in files:
        if not path.is_file():
            raise Wrong(f"{path}: expected a file, and there is none.")
    if len(trims) > len(files):
        raise Wrong(f"--trim: expected at most one a file, got {len(trims)} for {len(files)}.")
    if out is not None and out.is_dir():
        raise Wrong(f"--out {out}: expected a file for the film, and this is a folder.")
    if out is not None and not out.parent.is_dir():
        raise Wrong(f"--out {out}: expected a folder that is there, and {out.parent} is not.")


@contextmanager
def _bar(asked: argparse.Namespace) -> Any:
    """A function that shows how far it is: (what, done, of how much, words)."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    words = TextColumn("{task.fields[words]}")
    with Progress(*columns, words, console=Console(stderr=True), disable=asked.json) as progress:
        line = progress.add_task("", total=1, words="")
        yield lambda what, done, total, said: progress.update(
            line, description=what, completed=done, total=total, words=said
        )


def _telling(show: Callable[..., None], name: str) -> Callable[[int, int], None]:
    return lambda done, total: show(name, done, total, "")


def _told(seen: Told, asked: argparse.Namespace) -> Mapping[str, Any]:
    if asked.json:
        _say(json.dumps(seen), to=sys.stdout)
    return seen


def _say(sentence: str, *, to: Any = None) -> None:
    """At once: whoever reads it waits for it."""
    print(sentence, file=to or sys.stderr, flush=True)


def _said(sentence: str, code: int, *more: str, to: Any = None) -> int:
    _say(" ".join(each for each in (sentence, *more) if each), to=to)
    return code


def _of_disk(error: OSError) -> str:
    """What has arrived of a film stays, so that no byte of it has to come twice."""
    said = ": ".join(str(each) for each in (error.filename, error.strerror or error) if each)
    return f"{said}. Make room, and do it again." if error.errno == errno.ENOSPC else f"{said}."


@contextmanager
def _ended_as_by_hand() -> Iterator[None]:
    """Whoever ends it with a signal, or closes its terminal, leaves as with Ctrl-C; not where that is ignored."""
    ends = [getattr(signal, name) for name in ENDINGS if hasattr(signal, name)]
    ends = [each for each in ends if signal.getsignal(each) == signal.SIG_DFL]
    for each in ends:
        signal.signal(each, signal.default_int_handler)
    try:
        yield
    finally:
        for each in ends:
            signal.signal(each, signal.SIG_DFL)


def _notes(error: BaseException) -> list[str]:
    """What else there is to know, such as what was taken back."""
    return getattr(error, "__notes__", [])


if __name__ == "__main__":
    sys.exit(main())
