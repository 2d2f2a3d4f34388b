"""The tables of the parts about news and about reports that come by the thousand."""

from typing import Any

from tests.bench.figures import DATABASES, table

BY = {"post": "the signed POST", "file": "its file, which the driver reads"}
WAYS = {"poll": "a page that polls every 2 s", "sse": "server-sent events", "websocket": "a websocket"}


def news(kept: dict[str, Any]) -> str:
    fresh = [
        [
            f"{DATABASES[each['database']]}: {BY[each['by']]}",
            WAYS[each["way"]],
            *(_said(each[name]) for name in ("p50", "p99", "count")),
        ]
        for each in kept["fresh"]
    ]
    streams = [
        [
            DATABASES[each["database"]],
            f"{each['streams']['median']:,.0f}",
            f"{each['jobs']['median']:,.0f}",
            _said(each["rate"]),
            _said(each["p50"]),
            _said(each["p99"]),
            _said(each["cores"], 2),
            _said(each["store"], 2),
            _said(each["kib"], 1),
            _said(each["kib_after"], 1),
        ]
        for each in kept["streams"]
    ]
    first = table(["from", "to", "p50 ms", "p99 ms", "reports had"], fresh)
    head = ["database", "streams", "jobs", "reports/s", "p50 ms", "p99 ms", "push, cores", "store, cores"]
    second = table([*head, "KiB a stream", "after it"], streams)
    return (
        f"### From the moment work says it to the moment it is had, {kept['watched']} jobs\n\n{first}\n\n"
        f"### Streams of one push process\n\n{second}\n\n{_circumstances(kept)}"
    )


def ingest(kept: dict[str, Any]) -> str:
    head = ["database", "by", "said/s", "sent/s", "answered ms, p50", "p99", "in the row ms, p50", "p99"]
    rows = [
        [
            DATABASES[each["database"]],
            BY[each["by"]],
            _said(each["said"]),
            _said(each["sent"]) if each["by"] == "post" else "–",
            *(_said(each[name]) if each["by"] == "post" else "–" for name in ("answered_p50", "answered_p99")),
            *(_said(each[name]) for name in ("p50", "p99")),
            _said(each["cores"], 2),
            _said(each["store"], 2),
        ]
        for each in kept["ingest"]
    ]
    return (
        f"### {kept['jobs']:,} running exports, each of which says something every second, for {kept['length']} s\n\n"
        f"{table([*head, 'site, cores', 'store, cores'], rows)}\n\n"
        "Afterwards every row was looked at: each job stood where its last report said, and every stage behind it had "
        f"its last count.\n\n{_circumstances(kept)}"
    )


def _circumstances(kept: dict[str, Any]) -> str:
    load, described = kept["load_average"], kept["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in described["packages"].items())
    return (
        f"Medians of {kept['rounds']} rounds of {kept['seconds']} s (lowest–highest), {kept['when'][:10]}: "
        f"{described['cores']} cores of {described['cpu']}, {described['python']}, {versions}. "
        f"Load average {load['start'][0]} at the start and {load['end'][0]} at the end, on {described['cores']} cores."
    )


def _said(figure: dict[str, float], digits: int = 0) -> str:
    middle, low, high = (f"{figure[name]:,.{digits}f}" for name in ("median", "low", "high"))
    return middle if low == high else f"{middle} ({low}–{high})"
