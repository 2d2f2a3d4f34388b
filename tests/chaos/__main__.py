"""Breaks an installation of its own at random moments, leaves it alone, and looks whether a promise was broken.

    python -m tests.chaos                            a short run on SQLite, then on Postgres
    python -m tests.chaos --rounds 2000 --seed 7     more of it, the same choices again
    python -m tests.chaos --only postgres            one of the two databases

Exits with 1 and one line for each violation; the folder of a run that failed is kept and named.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("sqlite", "postgres")


def main(arguments: list[str]) -> int:
    asked = parse(arguments)
    if asked.only:
        return on_one(asked)
    with_seed = [*arguments, "--seed", str(asked.seed)]
    codes = [
        subprocess.call([sys.executable, "-m", "tests.chaos", *with_seed, "--only", name], cwd=ROOT) for name in NAMES
    ]
    return max(codes)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Kills everything, then audits.")
    parser.add_argument("--rounds", type=int, default=60, help="how often something is broken (60)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("--minutes", type=float, default=600, help="break no more after so long")
    parser.add_argument("--pause", type=float, default=0.4, help="seconds between two rounds, on average")
    parser.add_argument("--silence", type=float, default=30, help="given to serve; more on a very busy machine (30)")
    return parser.parse_args(arguments)


def on_one(asked: argparse.Namespace) -> int:
    """The settings are read from the environment when Django is set up, so that comes first."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that what was started is ended
    folder = Path(tempfile.mkdtemp(prefix=f"longhaul-chaos-{asked.only}-"))
    from tests.chaos.databases import database_in
    from tests.chaos.installation import environment_of

    print(f"chaos on {asked.only}: seed {asked.seed}, {asked.rounds} rounds, in {folder}", flush=True)
    with database_in(asked.only, folder) as database:
        ours = environment_of(folder, database.url)
        for name in [name for name in os.environ if name.startswith("LONGHAUL_")] + ["SECRET_KEY", "DATABASE_URL"]:
            os.environ.pop(name, None)
        os.environ.update(ours | {"DJANGO_SETTINGS_MODULE": "exports_site.settings"})
        del os.environ["TMPDIR"]  # by it all is known that is ended with the run; what we begin ourselves is not

        import django

        django.setup()
        from tests.chaos.run import Run

        violations = Run.of(asked, folder, ours, database).to_the_end()
    for violation in violations:
        print(f"VIOLATION {violation}")
    if violations:
        print(f"{len(violations)} violations; seed {asked.seed}; everything is kept in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    print(f"no violation; seed {asked.seed}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
