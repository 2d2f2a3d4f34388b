"""Files of weights: which is on this machine, by its checksum, and what it takes to read one. Nothing is downloaded."""

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modal_functions.enlarging.networks import Network, Unknown, network_of
from modal_functions.media.errors import MediaError

MODULES = ("torch", "numpy")
INSIDE = ("params_ema", "params")  # under which the published files have them; the first is the better one
END = ".pth"


def missing(path: str, *, here: bool) -> str:
    """What enlarging with them lacks, as in “needs …”; nothing where it can be done. What runs elsewhere has its
    libraries there."""
    if not path:
        return (
            "LONGHAUL_UPSCALE_WEIGHTS, the path of a file such as RealESRGAN_x4plus.pth; none is shipped, for its size"
        )
    if not Path(path).is_file():
        return f"the file {Path(path).name}, which LONGHAUL_UPSCALE_WEIGHTS names and which is not there"
    absent = [name for name in MODULES if find_spec(name) is None] if here else []
    many = "s" * (len(absent) > 1)
    return f"the Python package{many} {' and '.join(absent)} (pip install '.[upscale]')" if absent else ""


def checksum(path: str) -> str:
    told = Path(path).stat()
    return _checksum(path, told.st_size, told.st_mtime_ns)


@lru_cache(maxsize=4)
def _checksum(path: str, _size: int, _changed: int) -> str:
    """A page asks for it each time it is shown; the file changes once a year."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load(path: Path, sha256: str) -> Network:
    """In a child process. Only numbers are read of the file, never code; other bytes than those that were planned
    with are refused, for they would make another picture."""
    import torch  # noqa: PLC0415 - only who enlarges

    if checksum(str(path)) != sha256:
        raise MediaError("unsupported", "The weights for enlarging are not those that this export was planned with.")
    try:
        weights = _floats(torch.load(path, map_location="cpu", weights_only=True))
        network = network_of(weights)
        with torch.inference_mode():  # layers that do not fit each other are found now, and not in the first picture
            network(torch.zeros(1, 3, 8, 8))
    except (Unknown, KeyError, IndexError) as error:
        raise MediaError("unsupported", f"The weights are of no network that is known here: {error}.") from error
    except MemoryError:
        raise
    except Exception as error:  # torch raises whatever its parts do
        raise MediaError("unsupported", f"The file of weights cannot be read: {str(error)[:200]}") from error
    return network


def _floats(found: Any) -> dict[str, Any]:
    inside = next((found[name] for name in INSIDE if isinstance(found, dict) and name in found), found)
    if not isinstance(inside, dict) or not all(hasattr(each, "shape") for each in inside.values()):
        raise Unknown("it holds no list of layers")
    return {str(name): each.float() for name, each in inside.items()}
