"""What the work of a kind stands on: libraries and limits. Modal's functions are made from it, and the site asks it
whether this machine could do the work too."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec

HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Image:
    """What is installed where the work runs. `libraries` are distributions of the lock, beside those that all work
    needs; `modules` are what they are imported as."""

    name: str
    libraries: tuple[str, ...] = ()
    modules: tuple[str, ...] = ("av",)


PROCESSOR = Image(name="processor")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of one function on Modal."""

    cpu: tuple[float, float]
    memory: int  # MB
    timeout: int  # seconds
    gpu: str = ""


def _nothing() -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Of a kind: `conducting` is one container an export, `batch` one of the many that it hands work out to. `probe`
    looks at what no import can tell, such as a file of weights; it says what is missing."""

    image: Image = PROCESSOR
    conducting: Limits = field(default_factory=lambda: Limits(cpu=(0.5, 4.0), memory=2048, timeout=12 * HOUR))
    batch: Limits = field(default_factory=lambda: Limits(cpu=(1.0, 2.0), memory=2048, timeout=2 * HOUR))
    probe: Callable[[], str] = _nothing

    def missing_here(self) -> str:
        """What this machine lacks for it, as in “needs …”; nothing where it can be done."""
        absent = [name for name in self.image.modules if find_spec(name) is None]
        return f"the Python package{'s' * (len(absent) > 1)} {', '.join(absent)}" if absent else self.probe()


def of(kind: str) -> Needs:
    needs: Needs = import_module(f"modal_functions.kinds.{kind}").NEEDS
    return needs
