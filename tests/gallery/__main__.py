"""Lays every scene out in a database of its own, and takes its picture: light and dark, on three widths."""

import argparse
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread

import django

ROOT = Path(__file__).parent.parent.parent
WIDTHS = (360, 768, 1280)
SCHEMES = ("light", "dark")
FORCED = "forced"  # the system's own few colours, as Windows' contrast themes have them


def main() -> int:
    options = _options()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Debian's Chromium is not installed; `apt install chromium` brings it", file=sys.stderr)
        return 2
    django.setup()
    logging.getLogger().setLevel(logging.WARNING)
    from django.core.management import call_command

    from tests.gallery import camera, scenes, stage

    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as folder, camera.opened(chromium, options.text) as shots:
        taken = 0
        for scene in scenes.scenes(stage.Stage(stage.stills(Path(folder)))):
            if options.only and options.only not in scene.name:
                continue
            for scheme in options.scheme:
                for width in options.width:
                    shots.take(scene, scheme, width, options.out / f"{scene.name}.{scheme}.{width}.png")
                    taken += 1
    print(f"{taken} pictures in {options.out}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.gallery", description=__doc__)
    parser.add_argument("--only", default="", help="only scenes whose name has this in it")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "gallery")
    parser.add_argument("--width", type=int, action="append", help="in pixels; more than once for several")
    parser.add_argument("--scheme", choices=[*SCHEMES, FORCED], action="append")
    parser.add_argument("--text", type=int, default=100, help="how large a reader wants letters, in percent")
    options = parser.parse_args()
    options.width, options.scheme = options.width or list(WIDTHS), options.scheme or list(SCHEMES)
    return options


if __name__ == "__main__":
    sys.exit(main())
