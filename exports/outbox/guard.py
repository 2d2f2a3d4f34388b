"""Which addresses of the network a message may go to: the world's, and not what stands around this machine.

A name is resolved once, every address it has is looked at, and the connection goes to one of those and to no other: a
name that answers differently the second time gains nothing.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from modal_functions.addresses import is_of_the_world

LONGEST = 1000
PLAIN = re.compile(r"[!-~]+", re.ASCII)
HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+", re.ASCII)


class Forbidden(Exception):
    """The address is none that may be sent to, and why."""


class Unresolved(Exception):
    """The name has no address at this moment."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A URL taken apart and found to be one that could be sent to."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"


def target(url: str) -> Target:
    """Forbidden with a sentence where it is no plain address of http or https."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Forbidden(_("Expected an address such as https://example.com/hook.")) from None
    if parts.scheme not in ("http", "https") or not host or len(url) > LONGEST:
        raise Forbidden(
            _("Expected an address that begins with https:// or http://, such as https://example.com/hook.")
        )
    if parts.username is not None or parts.password is not None:
        raise Forbidden(_("Expected an address without a name and a password in it; the signature says who sends."))
    if not PLAIN.fullmatch(url.strip()) or not HOST.fullmatch(host) or port == 0:
        raise Forbidden(_("Expected an address of plain characters, such as https://example.com/hook."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port or (443 if parts.scheme == "https" else 80), path=path)


def resolved(host: str, port: int, *, private: bool) -> list[str]:
    """Its addresses, after all of them were looked at."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unresolved("Its name is not known at the moment.") from None
    addresses = list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))
    if not addresses:
        raise Unresolved("Its name is not known at the moment.")
    if not private and not all(is_of_the_world(ipaddress.ip_address(address)) for address in addresses):
        raise Forbidden(_("It leads into a private network, which this installation does not send to."))
    return addresses
