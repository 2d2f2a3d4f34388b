"""A bucket on loopback that holds the progress of any number of exports.

It knows no other object, checks no signature, and is as cheap as it can be, so that the cost told is the driver's.

    python -m tests.bench.drive.objects PORT            each says a little more every second
    python -m tests.bench.drive.objects PORT SECONDS    each answer takes so long, and nobody says anything new
"""

import asyncio
import re
import sys
import time

from tests.bench.drive.reports import report

KEY = re.compile(rb"GET /bench/attempts/([0-9a-f-]{36})/1/(?:progress\.json|hello\.1\.json)")
STARTED = time.time()
TAKES = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
ABSENT = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>"


def body_of(request: bytes) -> bytes | None:
    found = KEY.match(request)
    if found is None:
        return None
    export = found[1].decode()
    if b"hello" in found[0]:
        call = b"fc-" + found[1].replace(b"-", b"")
        return b'{"v":1,"call":"%s","run":1,"at":"2026-01-01T00:00:00+00:00","token":""}' % call
    return report(export, STARTED if TAKES else time.time())


def answer(request: bytes) -> bytes:
    body = body_of(request)
    status, said = (b"200 OK", body) if body is not None else (b"404 Not Found", ABSENT)
    head = b'HTTP/1.1 %s\r\nContent-Length: %d\r\nETag: "0"\r\n' % (status, len(said))
    return head + b"Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n\r\n" + said


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            request = await reader.readuntil(b"\r\n\r\n")
            if TAKES:
                await asyncio.sleep(TAKES)
            writer.write(answer(request))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve(port: int) -> None:
    server = await asyncio.start_server(talk, "127.0.0.1", port)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
