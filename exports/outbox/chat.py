"""By text message and chat, through apprise, which speaks with more than a hundred services.

It says what became of a message by a yes or a no. Why not, it says in its log alone: that is read here, in the thread
that sends, and goes nowhere else, since it may name addresses and secrets.
"""

import logging
import re
import threading
from functools import cache
from typing import Any

from django.conf import settings

from exports.outbox.answers import Answer, refused, sent, unknown
from exports.outbox.parcel import Parcel

logger = logging.getLogger("exports")

# These have one address each, of their own, wherever a person's URL says that the message is for.
SPOKEN = {
    "discord": "Discord",
    "gchat": "Google Chat",
    "ntfy": "ntfy.sh",
    "ntfys": "ntfy.sh",
    "pbul": "Pushbullet",
    "pover": "Pushover",
    "slack": "Slack",
    "tgram": "Telegram",
    "wxteams": "Webex",
}
# These go to a host that the URL names, so they are for installations that trust everybody who may sign up.
ANYWHERE = frozenset(
    {
        *("json", "jsons", "gotify", "gotifys", "matrix", "matrixs", "mmost", "mmosts", "nctalk", "nctalks"),
        *("rocket", "rockets", "signal", "signals", "workflows", "apprise", "apprises"),
    }
)
FORM = re.compile(r"([a-z]{2,12})://[A-Za-z0-9._~%:@/+#-]{3,800}", re.ASCII)
STATUS = re.compile(r"\berror[ =:]+([1-5][0-9]{2})\b", re.IGNORECASE)
NOT_BEGUN = re.compile(r"NewConnectionError|NameResolutionError|ConnectTimeout|SSLError|Connection refused")
TEMPORARY = frozenset({408, 425, 429})


class Unspeakable(Exception):
    """The URL is none that may be used, and why."""


def configured_sms() -> bool:
    return bool(settings.NOTIFY_URL)


def checked(url: str) -> str:
    """The URL of a person's own chat in its one form, or Unspeakable."""
    url = url.strip()
    form = FORM.fullmatch(url)
    known = ", ".join(sorted(f"{scheme}://…" for scheme in SPOKEN))
    if form is None:
        raise Unspeakable(f"Expected one of {known}, as the service's page of apprise says, and no “?” in it.")
    scheme = form[1]
    if scheme not in SPOKEN and not (settings.PRIVATE_TARGETS and scheme in ANYWHERE):
        raise Unspeakable(f"{scheme}:// is not spoken here; expected one of {known}.")
    if _speaker(url) is None or (scheme in ("ntfy", "ntfys") and not settings.PRIVATE_TARGETS and not _is_topic(url)):
        raise Unspeakable(f"Something is missing in what follows {scheme}://, or it is not as the service gives it.")
    return url


def send(parcel: Parcel) -> Answer:
    """A text message goes through the installation's own gateway, a chat message to where its URL says."""
    sms = parcel.channel == "sms"
    speaker = _speaker(settings.NOTIFY_URL.replace("{to}", parcel.address.lstrip("+")) if sms else parcel.address)
    if speaker is None:
        return refused("Its address is not understood.")
    letter = parcel.letter
    with _listening() as said:
        try:
            taken = (
                speaker.notify(body=parcel.short) if sms else speaker.notify(body=parcel.short, title=letter.subject)
            )
        except Exception:  # noqa: BLE001 - whatever a service's own code raises says nothing about what arrived
            return unknown("It failed in the middle; it may have arrived.")
    return sent("Taken by the service.") if taken else _judged(said.heard)


def gateway_is_understood(url: str) -> bool:
    return "{to}" in url and _speaker(url.replace("{to}", "4915112345678")) is not None


def _is_topic(url: str) -> bool:
    """ntfy://topic goes to ntfy.sh, ntfy://host/topic to that host."""
    return re.fullmatch(r"ntfys?://[A-Za-z0-9_-]{1,64}/?", url) is not None


def _speaker(url: str) -> Any:
    import apprise  # noqa: PLC0415 - it takes half a second, and few processes need it

    try:
        return apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    except Exception as error:  # noqa: BLE001 - each service reads its URL in its own way, and its words may repeat it
        logger.error("apprise could not read a URL: %s", type(error).__name__)  # noqa: TRY400
        return None


@cache
def _asset() -> Any:
    import apprise  # noqa: PLC0415

    return apprise.AppriseAsset(app_id="Longhaul", http_redirects=False, async_mode=False)


def _judged(heard: list[str]) -> Answer:
    text = "\n".join(heard)
    found = STATUS.search(text)
    if found:
        status = int(found[1])
        if status in TEMPORARY or status >= 500:
            return refused(f"Not taken for now ({status}).", again=True)
        return refused(f"The service refused it ({status}).")
    if NOT_BEGUN.search(text):
        return refused("The service could not be reached.", again=True)
    return unknown("The service did not say that it took it; it may have arrived.")


class _Heard(logging.Handler):
    """What apprise says in the thread that listens."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []
        self.thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.heard.append(record.getMessage()[:2000])


class _listening:  # noqa: N801 - read as a verb
    def __enter__(self) -> _Heard:
        self.said = _Heard()
        logging.getLogger("apprise").addHandler(self.said)
        return self.said

    def __exit__(self, *raised: object) -> None:
        logging.getLogger("apprise").removeHandler(self.said)
