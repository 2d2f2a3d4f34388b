"""One request, and what becomes of it: an answer, a refusal in the site's own words, or a site that stays away."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

TRIES = 6
LONGEST_WAIT = 60.0
AGAIN = (408, 429, 502, 503, 504)
NO_PROXY = "What this shell names as a proxy (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) cannot be used: {}"


class Refused(Exception):
    """The site has understood and said no; the sentence is its own."""

    def __init__(self, sentence: str, *, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Away(Exception):
    """The site could not be reached, however often it was tried, or it is none of ours that answers there."""


class Asking:
    """Asks again where nothing has answered, and tells so before it waits. A POST carries a key of its own, so that
    twice is once."""

    def __init__(
        self,
        site: str,
        token: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        on_wait: Callable[[str], None] = lambda sentence: None,
        **more: Any,
    ) -> None:
        self.sleep, self.on_wait = sleep, on_wait
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "longhaul-client"}
        timeout = httpx.Timeout(60.0, connect=10.0)
        try:
            self.http = httpx.Client(base_url=site.rstrip("/"), headers=headers, timeout=timeout, **more)
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            raise Away(NO_PROXY.format(error)) from error

    def json(self, verb: str, address: str, asked: Any = None, *, key: str = "", **params: Any) -> Any:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())} if verb == "POST" else {}
        answer = self.ask(verb, f"/api/v1{address}", json=asked, params=params or None, headers=headers)
        return self._read(answer) if answer.content else None

    def _read(self, answer: httpx.Response) -> Any:
        try:
            told = answer.json()
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise Away(f"What answers at {self.site} is no Longhaul. Is this the site's address?")
        return told

    def ask(self, verb: str, address: str, **asked: Any) -> httpx.Response:
        lost = False
        for tried in range(1, TRIES + 1):
            try:
                answer = self.http.request(verb, address, **asked)
            except httpx.TransportError as error:
                lost = True
                why, wait = f"{self.site} does not answer: {error or type(error).__name__}", None
                if tried == TRIES:
                    raise Away(why) from None
            else:
                if lost and verb == "DELETE" and answer.status_code == 404:
                    return answer  # it was done, and only the answer was lost
                if answer.status_code not in AGAIN or tried == TRIES:
                    return self._fine(answer)
                why, wait = _sentence(answer), said_wait(answer)
            self.wait(why, tried, wait)
        raise AssertionError("unreachable")

    def wait(self, why: str, tried: int, seconds: float | None = None) -> None:
        """Before it is tried again; without a time of its own each wait is twice the one before."""
        wait = pause(tried) if seconds is None else seconds
        most = wait + sum(pause(each) for each in range(tried + 1, TRIES))
        self.on_wait(f"{why.rstrip('.')}. Trying again in {wait:g} s, for {most:g} s at most.")
        self.sleep(wait)

    def _fine(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        if answer.has_redirect_location:  # a PUT or a POST would arrive there as something else
            goal = httpx.URL(self.site).join(answer.headers["Location"])
            raise Away(f"{self.site} sends on to {goal.scheme}://{goal.netloc.decode()}. If that is the site, name it.")
        raise Refused(_sentence(answer), status=answer.status_code)

    @property
    def site(self) -> str:
        return str(self.http.base_url).rstrip("/")

    def close(self) -> None:
        self.http.close()


def pause(tried: int) -> float:
    return float(min(LONGEST_WAIT, 0.5 * 2**tried))


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.request.url} answered {answer.status_code} {answer.reason_phrase}."


def said_wait(answer: httpx.Response) -> float | None:
    """As long as the site says, within reason."""
    said = answer.headers.get("Retry-After", "")
    return min(LONGEST_WAIT, float(said)) if said.isdigit() else None
