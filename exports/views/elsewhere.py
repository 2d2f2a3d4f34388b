"""To where an object can be read without this server: an address that is good for a while, for whoever has it."""

from django.http import HttpResponseRedirect


def redirect_to(link: str, *, kept_for: int = 0) -> HttpResponseRedirect:
    """The address is a key. No page that is opened from it is told of it, and nobody but this browser keeps it."""
    answer = HttpResponseRedirect(link)
    answer["Referrer-Policy"] = "no-referrer"
    answer["Cache-Control"] = f"private, max-age={kept_for}" if kept_for else "no-store"
    return answer
