"""What the engine refuses, always naming the value and what was expected."""


class Refused(ValueError):
    """A caller asked for something that can't be: a wrong type, a value out of range, an unknown name."""


class Unknown(Refused):
    """No job has that id, or none any more."""


class Contended(RuntimeError):
    """Too many writers changed the same row at once; asking again later is safe."""


def whole(name: str, value: object, low: int, high: int) -> int:
    """`value` as an int from low to high, or Refused. A bool is not a number, nor is a string of digits."""
    if type(value) is not int:
        raise Refused(f"{name}: expected a whole number from {low} to {high}, got {value!r}")
    if not low <= value <= high:
        raise Refused(f"{name}: expected a whole number from {low} to {high}, got {value}")
    return value
