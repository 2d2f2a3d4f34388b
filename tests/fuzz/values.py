"""What nobody should send: odd texts and numbers, and JSON that was changed at random. By number, always the same."""

import json
import math
import string

ODD_TEXTS = (
    *("", " ", "0", "-1", "1e309", "NaN", "Infinity", "-0", "00", "0x10", "1_000", "١٢٣", "½", "null", "None", "true"),
    *("../../etc/passwd", "/etc/passwd", "..\\..\\x", "a\x00b", "\x00", "\r\nSet-Cookie: a=b", "\ufeff", "\u202eabc"),
    *("<script>alert(1)</script>", "{{7*7}}", "{% debug %}", "${7*7}", "%s%s%n", "'; DROP TABLE x; --", "' OR '1'='1"),
    *(
        "=1+1",
        "@SUM(A1)",
        "+cmd|' /C calc'!A0",
        "\u2028",
        "e\u0301" * 50,
        "👩‍👧" * 20,
        "ﷺ" * 30,
        "\uffff",
        "İ",
        "ß" * 99,
    ),
    *("file:///etc/passwd", "http://127.0.0.1/", "javascript:alert(1)", "//evil.example", "\\\\evil\\share", "data:,x"),
    *("99999999999999999999999999", "-99999999999999999999", "9" * 5000, "x" * 300, "x" * 70_000, "2026-02-30"),
    *("9999-12-31T23:59:59Z", "0000-00-00", "24:61:61", "00:00:99:99", "01:00", "-1:-1", "1:2:3:4:5", "a,b;c\td"),
    *("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "[]", "{}", "[" * 500, "1,5"),
)
ODD = (
    *(None, True, False, 0, -1, 1, 0.5, 2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**40, 1e308, -1e308, math.nan),
    *(math.inf, -math.inf, [], {}, [[]], [None], {"": ""}, {"a": {"b": []}}, [0] * 200),
)


def odd(rng):
    """Anything that JSON could hold."""
    pick = rng.random()
    if pick < 0.4:
        return rng.choice(ODD_TEXTS)
    if pick < 0.8:
        return rng.choice(ODD)
    return text(rng)


def text(rng):
    pick = rng.random()
    if pick < 0.6:
        return rng.choice(ODD_TEXTS)
    if pick < 0.8:
        return "".join(rng.choices(string.printable, k=rng.choice((1, 5, 40, 400))))
    points = (rng.choice((rng.randrange(32, 0xD800), rng.randrange(0xE000, 0x11000))) for _ in range(rng.randrange(40)))
    return "".join(map(chr, points))


def changed(rng, value):
    """The same with one to three of its places changed, left out, or said twice."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        value = _one_changed(rng, value)
    return value


def _one_changed(rng, value):
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        pick, rest = rng.random(), {name: each for name, each in value.items() if name != key}
        if pick < 0.15:
            return rest
        if pick < 0.25:
            return {**rest, text(rng)[:200]: value[key]}
        return {**value, key: _one_changed(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.7:
        at = rng.randrange(len(value))
        return [*value[:at], _one_changed(rng, value[at]), *value[at + rng.choice((0, 1)) :]]
    return odd(rng)


def as_bytes(rng, value):
    """As JSON, as Python writes it too, and now and then damaged on its way."""
    body = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode(errors="surrogatepass")
    pick = rng.random()
    if pick < 0.7:
        return body
    if pick < 0.8:
        return body[: rng.randrange(len(body) + 1)]
    if pick < 0.9:
        at = rng.randrange(len(body) + 1)
        return body[:at] + rng.randbytes(rng.choice((1, 4, 30))) + body[at:]
    return rng.choice(
        (b"", b"[" * 100_000, b"\xff\xfe", b'{"a":' * 5000, rng.randbytes(50), b"null", b"1", b'"a"', b"NaN")
    )
