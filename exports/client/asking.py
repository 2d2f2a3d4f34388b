"""One request, and what becomes of it: an answer, a refusal in the site's own words, or a site that stays away."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

TRIES = 6
LONGEST_WAIT = 60.0
AGAIN = (429, 502, 503, 504)


class Refused(Exception):
    """The site has understood and said no; the sentence is its own."""

    def __init__(self, sentence: str, *, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Away(Exception):
    """The site could not be reached, however often it was tried."""


class Asking:
    """Asks again where nothing has answered. A POST carries a key of its own, so that twice is once."""

    def __init__(self, site: str, token: str, *, sleep: Callable[[float], None] = time.sleep, **more: Any) -> None:
        self.sleep = sleep
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "longhaul-client"}
        timeout = httpx.Timeout(60.0, connect=10.0)
        self.http = httpx.Client(base_url=site.rstrip("/"), headers=headers, timeout=timeout, **more)

    def json(self, verb: str, address: str, asked: Any = None, **params: Any) -> Any:
        headers = {"Idempotency-Key": str(uuid.uuid4())} if verb == "POST" else {}
        answer = self.ask(verb, f"/api/v1{address}", json=asked, params=params or None, headers=headers)
        return answer.json() if answer.content else None

    def ask(self, verb: str, address: str, **asked: Any) -> httpx.Response:
        for tried in range(1, TRIES + 1):
            wait = min(LONGEST_WAIT, 0.5 * 2**tried)
            try:
                answer = self.http.request(verb, address, **asked)
            except httpx.TransportError as error:
                if tried == TRIES:
                    raise Away(f"{self.http.base_url} does not answer: {error or type(error).__name__}") from None
            else:
                if answer.status_code not in AGAIN or tried == TRIES:
                    return _fine(answer)
                wait = _said_wait(answer, wait)
            self.sleep(wait)
        raise AssertionError("unreachable")

    def close(self) -> None:
        self.http.close()


def _fine(answer: httpx.Response) -> httpx.Response:
    if answer.is_success or answer.is_redirect:
        return answer
    raise Refused(_sentence(answer), status=answer.status_code)


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.request.url} answered {answer.status_code} {answer.reason_phrase}."


def _said_wait(answer: httpx.Response, usual: float) -> float:
    """As long as the site says, within reason."""
    said = answer.headers.get("Retry-After", "")
    return min(LONGEST_WAIT, float(said)) if said.isdigit() else usual
