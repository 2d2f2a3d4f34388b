"""Django's deploy checks, on the settings as a complete production installation would have them.

python -m tests.deploy_check    what `make check` runs; the exit code is that of manage.py check
"""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
OURS = ("LONGHAUL_", "DATABASE_URL", "SECRET_KEY", "DJANGO_", "PYTHONWARNINGS")


def production(home: Path) -> dict[str, str]:
    """All that a production installation has to say; nothing here is connected to."""
    return {
        "LONGHAUL_URL": "https://longhaul.example",
        "LONGHAUL_HOME": str(home),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "LONGHAUL_MAIL_URL": "smtps://mail.example",
        "DATABASE_URL": f"postgresql://longhaul:{secrets.token_urlsafe(20)}@database.example/longhaul",
    }


def manage(environ: Mapping[str, str], *command: str) -> "subprocess.CompletedProcess[str]":
    """manage.py in an environment of its own, without what is set around us."""
    around = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**around, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="longhaul-check-") as home:
        ended = manage(production(Path(home)), "check", "--deploy", "--fail-level", "WARNING")
    sys.stdout.write(ended.stdout)
    sys.stderr.write(ended.stderr)
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
