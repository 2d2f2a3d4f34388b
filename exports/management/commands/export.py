"""An export from the shell, through the same engine: files in, a film out, a bar in between."""

import logging
import re
import shutil
import time
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from exports import driver, sources
from exports.kinds import Unplannable
from exports.kinds.footage import QUALITIES_OF_FILMS, RATES
from exports.kinds.multi_clip import SIZES
from exports.limits import named
from exports.management.outage import COULD_NOT_LOOK, LookingCommand
from exports.management.values import title
from exports.models import Clip, Export, Lease, Project, Source, User
from exports.tools import tools
from progress.models import Status
from progress.snapshot import Snapshot, snapshot

SHELL = "shell"
SECONDS = re.compile(r"\d{1,7}(\.\d{1,6})?", re.ASCII)


class Command(LookingCommand):
    help = "Makes one film from files: manage.py export a.mp4 b.mp4 --trim 2:8 --out film.mp4"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, help="the clips, in order")
        parser.add_argument("--out", type=Path, required=True, help="where the film goes")
        parser.add_argument(
            "--trim",
            action="append",
            default=[],
            metavar="IN:OUT",
            help="seconds of the first, second … file; an empty side means its start or end",
        )
        parser.add_argument("--size", choices=list(SIZES), default="1080p")
        parser.add_argument("--rate", choices=list(RATES), default="30")
        parser.add_argument("--quality", choices=list(QUALITIES_OF_FILMS), default="standard")
        parser.add_argument("--title", type=title, default="")

    def handle(self, *args: Any, **options: Any) -> None:
        files, out = options["files"], options["out"]
        logging.getLogger("progress").setLevel(logging.WARNING)  # the bar tells it better
        logging.getLogger("exports").setLevel(logging.WARNING)
        _check(files, options["trim"], out)
        project = Project.objects.create(owner=_shell_user(), name=options["title"] or named(out.stem))
        for position, path in enumerate(files):
            source = sources.take_in(project, path, tools())
            if source.state == Source.State.REFUSED:
                raise CommandError(f"{path}: {source.refusal}")
            start, end = _trim(options["trim"][position]) if position < len(options["trim"]) else (0, None)
            Clip.objects.create(project=project, source=source, position=position, in_us=start, out_us=end)
        chosen = {name: options[name] for name in ("size", "rate", "quality")}
        try:
            export = Export.request(project, kind="multi_clip", options=chosen, title=options["title"])
        except Unplannable as error:
            raise CommandError(str(error)) from None
        self._watch(export)
        self._hand_over(export, out)

    def _watch(self, export: Export) -> None:
        """Drives where nobody else does, and shows what the row says. Ctrl-C leaves it running."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[eta]}"),
        )
        with suppress(KeyboardInterrupt), Progress(*columns, console=Console(stderr=True)) as progress:
            line = progress.add_task("", total=10_000, eta="")
            while not self._show(progress, line, snapshot(_job(export))).settled:
                driver.pump(tools(), seconds=1.0)
                time.sleep(0.2 if Lease.objects.filter(name=driver.LEASE, token=None).exists() else 0.5)
            return
        raise CommandError(
            f"Left before its end; it goes on where the cluster runs: {export.pk}", returncode=COULD_NOT_LOOK
        )

    def _show(self, progress: Progress, line: TaskID, seen: Snapshot) -> Snapshot:
        progress.update(
            line,
            completed=seen.job.bp,
            description=seen.in_one_line.split(" · ")[0],
            eta="" if seen.settled else seen.eta,
        )
        return seen

    def _hand_over(self, export: Export, out: Path) -> None:
        export = Export.objects.select_related("job").get(pk=export.pk)
        if export.job.status != Status.COMPLETE:
            raise CommandError(snapshot(export.job).eta)
        temporary = out.with_name(f".{out.name}.part")
        tools().store.fetch(export.result_key, temporary)
        shutil.move(temporary, out)
        self.stdout.write(f"{out} ({export.result_bytes:,} bytes, sha256 {export.result_sha256})")


def _refused(said: str) -> CommandError:
    """What was asked for cannot be, and nothing was begun."""
    return CommandError(said, returncode=COULD_NOT_LOOK)


def _check(files: list[Path], trims: list[str], out: Path) -> None:
    for path in files:
        if not path.is_file():
            raise _refused(f"{path}: expected a file, and there is none.")
    if len(trims) > len(files):
        raise _refused(f"--trim: expected at most one a file, got {len(trims)} for {len(files)} files.")
    for trim in trims:
        _trim(trim)
    if out.is_dir():
        raise _refused(f"--out {out}: expected a file to write, such as film.mp4, and this is a folder.")
    if not out.parent.is_dir():
        raise _refused(f"--out {out}: expected a folder that is there, and {out.parent} is not.")


def _trim(text: str) -> tuple[int, int | None]:
    """IN:OUT in seconds, either side may be empty."""
    start, colon, end = text.partition(":")
    if not colon or not all(side == "" or SECONDS.fullmatch(side) for side in (start, end)):
        raise _refused(f"--trim {text[:40]}: expected IN:OUT in seconds, such as 2:8, 2.5: or :8.")
    span = round(float(start or 0) * 1_000_000), round(float(end) * 1_000_000) if end else None
    if span[1] is not None and span[0] >= span[1]:
        raise _refused(f"--trim {text}: expected the first number below the second.")
    return span


def _job(export: Export) -> Any:
    export.job.refresh_from_db()
    return export.job


def _shell_user() -> User:
    """Exports made from the shell belong to an account that nobody can sign in to."""
    user, made = User.objects.get_or_create(username=SHELL, defaults={"is_active": False})
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user
