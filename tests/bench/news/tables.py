"""The tables of the parts about news and about reports that come by the thousand."""

from typing import Any

from tests.bench import machine
from tests.bench.figures import DATABASES, said, table

BY = {"post": "the signed POST", "file": "its file, which the driver reads"}
WAYS = {"poll": "a page that polls every 2 s", "sse": "server-sent events", "websocket": "a websocket"}


def news(kept: dict[str, Any]) -> str:
    fresh = [
        [
            f"{DATABASES[each['database']]}: {BY[each['by']]}",
            WAYS[each["way"]],
            *(said(each[name]) for name in ("p50", "p99", "count")),
        ]
        for each in kept["fresh"]
    ]
    streams = [
        [
            DATABASES[each["database"]],
            f"{each['streams']['median']:,.0f}",
            f"{each['jobs']['median']:,.0f}",
            said(each["rate"]),
            said(each["p50"]),
            said(each["p99"]),
            said(each["cores"], 2),
            said(each["store"], 2),
            said(each["kib"], 1),
            said(each["kib_after"], 1),
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
            said(each["said"]),
            said(each["sent"]) if each["by"] == "post" else "–",
            *(said(each[name]) if each["by"] == "post" else "–" for name in ("answered_p50", "answered_p99")),
            *(said(each[name]) for name in ("p50", "p99")),
            said(each["cores"], 2),
            said(each["store"], 2),
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
    return (
        f"Medians of {kept['rounds']} rounds of {kept['seconds']} s (lowest–highest), {kept['when'][:10]}: "
        f"{machine.footing(kept)}"
    )
