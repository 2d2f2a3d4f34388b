"""What may be typed behind an option: each wrong value is named with what was expected, before anything is begun."""

import re
import shlex
from argparse import ArgumentTypeError
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from exports.names import Unreadable, readable

NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
MOST = 1_000_000_000
A_YEAR = 365 * 24 * 60 * 60


def whole(least: int, most: int) -> Callable[[str], int]:
    def parsed(text: str) -> int:
        number = int(text) if NUMBER.fullmatch(text) and "." not in text else None
        if number is None or not least <= number <= most:
            raise ArgumentTypeError(f"expected a whole number from {least:,} to {most:,}, got {text[:40]!r}")
        return number

    return parsed


count = whole(1, MOST)
days = whole(1, 36_500)
port = whole(1, 65_535)


def seconds(least: float, most: float = A_YEAR) -> Callable[[str], float]:
    def parsed(text: str) -> float:
        number = float(text) if NUMBER.fullmatch(text) else None
        if number is None or not least <= number <= most:
            expected = f"expected seconds, from {least:g} to {most:,.0f}, such as {max(least, 30):g}"
            raise ArgumentTypeError(f"{expected}; got {text[:40]!r}")
        return number

    return parsed


def mail_address(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        said = f"expected a mail address, such as olga@example.com; got {text[:80]!r}"
        raise ArgumentTypeError(said) from None
    return text


def command(text: str) -> list[str]:
    """As a shell would read it."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        words, why = [], f" ({error})"
    else:
        why = ""
    if not words:
        raise ArgumentTypeError(f"expected a command{why}, such as 'systemctl restart longhaul'; got {text[:80]!r}")
    return words


def title(text: str) -> str:
    if len(text) > 200:
        raise ArgumentTypeError(f"expected at most 200 characters, got {len(text)}")
    try:
        return readable(text)
    except Unreadable as why:
        raise ArgumentTypeError(str(why)) from None
