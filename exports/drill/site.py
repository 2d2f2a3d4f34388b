"""The running site as one browser sees it, asked where it listens and under the name that it listens to."""

import http.client
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from django.conf import settings

PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class Page:
    status: int
    location: str = ""
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


NO_ANSWER = Page(status=0)


@dataclass(kw_only=True)
class Browser:
    """With cookies of its own; throwing it away closes it."""

    host: str
    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Page:
        return self._ask("GET", path)

    def post(self, path: str, form: dict[str, str]) -> Page:
        body = urlencode(form | {"csrfmiddlewaretoken": self.cookies.get(settings.CSRF_COOKIE_NAME, "")})
        return self._ask("POST", path, body)

    def sign_in(self, name: str, password: str) -> bool:
        self.get("/sign-in")
        return self.post("/sign-in", {"username": name, "password": password}).status == 302

    def _ask(self, method: str, path: str, body: str = "") -> Page:
        talk = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            talk.request(method, path, body.encode(), self._head(method))
            answer = talk.getresponse()
            self._keep(answer.msg.get_all("Set-Cookie") or ())
            return Page(status=answer.status, location=answer.getheader("Location", ""), body=answer.read())
        except (OSError, http.client.HTTPException):
            return NO_ANSWER
        finally:
            talk.close()

    def _head(self, method: str) -> dict[str, str]:
        name, scheme = settings.ALLOWED_HOSTS[0], "https" if settings.SECURE else "http"
        head = {"Host": name, "Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items())}
        if settings.SECURE:
            head["X-Forwarded-Proto"] = scheme
        if method == "POST":
            head |= {"Origin": f"{scheme}://{name}", "Content-Type": "application/x-www-form-urlencoded"}
        return head

    def _keep(self, set_cookies: "list[str] | tuple[()]") -> None:
        for each in set_cookies:
            for name, morsel in SimpleCookie(each).items():
                self.cookies[name] = morsel.value


@dataclass(frozen=True, kw_only=True)
class Site:
    host: str
    port: int

    @property
    def answers(self) -> bool:
        return self.browser().get("/healthz").status == 200

    def browser(self) -> Browser:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - where it listens
        return Browser(host=host, port=self.port)
