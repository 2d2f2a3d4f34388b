"""Videos from addresses: what may be reached, judged at each connection, and what is bounded. No network is needed."""

import json
import select
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from modal_functions.media import child, fetching
from modal_functions.media.errors import MediaError
from tests.modal_functions.kinds.conftest import plain

REFUSED = "private network"
# Each of them is this machine, or what stands around it.
HOSTILE = (
    *("127.0.0.1", "127.8.9.1", "0.0.0.0", "localhost", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1"),
    *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
)
# Numbers that nobody answers at: they must not even be tried.
AROUND = (
    *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.8", "224.0.0.1"),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fc00::1]", "[fe80::1]", "[::127.0.0.1]", "[ff02::1]", "[2001::1]"),
    *("239.1.2.3", "240.0.0.1", "255.255.255.255", "198.18.0.1", "0.0.0.0", "[::]", "[fec0::1]", "[64:ff9b:1::1]"),
)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return plain(tmp_path_factory.mktemp("site") / "talk.mp4", seconds=2, size=(64, 36), rate=10)


@pytest.fixture(scope="module")
def site(film):
    """A web server on loopback, with one film and addresses that lead elsewhere."""

    class Site(SimpleHTTPRequestHandler):
        asked = []

        def do_GET(self):
            self.asked.append(self.path)
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/to/"))
                self.end_headers()
            else:
                super().do_GET()

        def do_HEAD(self):
            self.do_GET()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=str(film.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.asked = Site.asked
    yield server
    server.shutdown()
    server.server_close()


def fetch(address, folder, *, private=False, most=10_000_000, seconds=3600, hear=None, patience=60):
    asked = {"do": "clip_it.fetch", "address": address, "folder": str(folder), "private": private}
    return child.run({**asked, "bytes": most, "seconds": seconds, "patience": patience}, hear)


def refusal(*args, **more):
    with pytest.raises(MediaError) as refused:
        fetch(*args, **more)
    return refused.value


def test_a_film_at_an_address_is_fetched_whole_and_its_bytes_are_told(site, film, tmp_path):
    heard = []
    found = fetch(f"http://127.0.0.1:{site.server_port}/talk.mp4", tmp_path, private=True, hear=heard.append)
    path = tmp_path / "fetched.mp4"
    assert (found["path"], path.read_bytes()) == (str(path), film.read_bytes())
    assert found["title"] == "talk"
    assert heard[-1] == {"done": film.stat().st_size, "total": film.stat().st_size}


def test_this_machine_is_not_asked_and_nothing_is_left(site, tmp_path):
    before = len(site.asked)
    error = refusal(f"http://2130706433:{site.server_port}/talk.mp4", tmp_path)
    assert (error.code, REFUSED in error.sentence) == ("unsupported", True), error.sentence
    assert len(site.asked) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address",
    [
        *("", "talk", "//example.com", "file:///etc/passwd", "ftp://example.com/a", "javascript:1", "ytsearch:cats"),
        *("http://", "http:///a", "http://a:99999/", "http://[::1", "http://a/ b", "http://a/\r\nHost: b"),
        *("http://user@example.com/", "http://user:word@example.com/", "http://exämple.com/", "http://a/" + "x" * 2000),
    ],
)
def test_what_is_no_plain_address_is_refused_before_anything_is_asked(address):
    with pytest.raises(MediaError) as refused:
        fetching.check_address(address)
    assert refused.value.sentence.startswith("Expected")


HELD = """
import ipaddress, json, socket, sys
sys.path.insert(0, sys.argv[1])
from modal_functions.addresses import is_of_the_world
from modal_functions.media import fetching
only = ipaddress.ip_address(sys.argv[2]) if sys.argv[2] else None
kept = fetching.hold(lambda address: address == only if only else is_of_the_world(address))
said = {}
for place in json.loads(sys.argv[3]):
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    spoken = socket.socket(family, socket.SOCK_STREAM)
    spoken.settimeout(2)
    try:
        spoken.connect(tuple(place))
        said[place[0]] = "reached"
    except fetching.Held:
        said[place[0]] = "held"
    except OSError as error:
        said[place[0]] = type(error).__name__
MORE
print(json.dumps({"said": said, "kept": kept}))
"""


def held(places, only="", more=""):
    code = HELD.replace("MORE", more)
    command = [sys.executable, "-c", code, str(child.ROOT), only, json.dumps(places)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_around_is_connected_to_by_number_and_no_name_is_looked_up_again():
    places = [[host.strip("[]"), 9] for host in (*AROUND, "127.0.0.1", "[::1]", "[::ffff:10.0.0.1]")]
    answer = held([*places, ["localhost", 9]])
    assert set(answer["said"].values()) == {"held"}
    assert len(answer["kept"]) == len(places) + 1


def test_this_machine_is_held_however_it_is_written(site):
    hosts = [host.strip("[]") for host in HOSTILE]
    more = f"""
for host in {hosts!r}:
    try:
        socket.create_connection((host, {site.server_port}), timeout=2)
        said[host] = "reached"
    except fetching.Held:
        said[host] = "held"
"""
    assert held([], more=more)["said"] == dict.fromkeys(hosts, "held")


def test_a_socket_of_this_machine_and_other_programs_are_held_too(tmp_path):
    more = f"""
for name, act in {{
    "unix": lambda: socket.socket(socket.AF_UNIX).connect({str(tmp_path / "s")!r}),
    "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
    "program": lambda: __import__("subprocess").run(["true"]),
    "shell": lambda: __import__("os").system("true"),
    "fork": lambda: __import__("os").fork(),
}}.items():
    try:
        act()
        said[name] = "done"
    except fetching.Held:
        said[name] = "held"
try:
    import curl_cffi
    said["curl"] = "done"
except ImportError:
    said["curl"] = "held"
"""
    assert set(held([], more=more)["said"].values()) == {"held"}


REDIRECTED = """
from yt_dlp import YoutubeDL
from yt_dlp.utils import DownloadError
try:
    asked = fetching._asked(__import__("pathlib").Path(sys.argv[4]), BOUNDS, lambda told: None)
    YoutubeDL(asked).extract_info(ADDRESS, download=True)
    said["page"] = "fetched"
except DownloadError as error:
    said["page"] = str(fetching._refusal(str(error), kept))
"""


def redirected(folder, address):
    """In a process that may reach 127.0.0.2 alone, where a server stands that leads on to another."""
    more = REDIRECTED.replace("BOUNDS", "fetching.Bounds(bytes=10**7, seconds=60, patience=60)")
    more = more.replace("ADDRESS", repr(address)).replace("sys.argv[4]", repr(str(folder)))
    return held([], only="127.0.0.2", more=more)


@pytest.fixture
def leading(site):
    """A server at 127.0.0.2 that leads to the other."""

    class Leading(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{site.server_port}/talk.mp4")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - as the server calls it

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.2", 0), Leading)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_redirect_leads_nowhere_that_the_address_itself_could_not(site, leading, tmp_path):
    before = len(site.asked)
    answer = redirected(tmp_path, f"http://127.0.0.2:{leading.server_port}/talk")
    assert REFUSED in answer["said"]["page"]
    assert any("127.0.0.1" in each for each in answer["kept"])
    assert len(site.asked) == before


CHANGES_ITS_MIND = """
questions = []
def changing(host, port, *rest, **more):
    questions.append(host)
    place = "127.0.0.2" if len(questions) == 1 else "127.0.0.1"
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))]
socket.getaddrinfo = changing
"""


def test_a_name_that_changes_its_mind_gains_nothing(site, leading):
    """Looked at is where each connection goes, not what the name has said before."""
    ports = (leading.server_port, site.server_port)
    more = f"""{CHANGES_ITS_MIND}
for number, port in enumerate({ports!r}):
    try:
        socket.create_connection(("rebinding.example", port), timeout=2)
        said[number] = "reached"
    except fetching.Held:
        said[number] = "held"
"""
    assert held([], only="127.0.0.2", more=more)["said"] == {"0": "reached", "1": "held"}


def test_what_is_larger_than_it_may_be_is_not_taken_whole(site, film, tmp_path):
    error = refusal(f"http://127.0.0.1:{site.server_port}/talk.mp4", tmp_path, private=True, most=1000)
    assert (error.code, "larger than" in error.sentence) == ("too_long", True)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= film.stat().st_size


def test_a_body_that_drips_is_given_up_and_nobody_is_left_waiting(tmp_path):
    """Each drop comes in time; all of them together do not."""
    told = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=[server, told], daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/talk.mp4"
        error = refusal(address, tmp_path, private=True, patience=0.3)
    assert (error.code, "longer than it may" in error.sentence) == ("too_long", True)
    assert told


def drip(server, told):
    with suppress(OSError):
        while True:
            spoken, _ = server.accept()
            told.append(spoken.recv(4096))
            head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 9000000\r\n\r\n"
            spoken.sendall(head)
            with suppress(OSError):
                while not spoken.send(bytes(1024)) or not select.select([spoken], [], [], 0.05)[0]:
                    pass
            spoken.close()


def test_an_address_without_a_video_says_so(site, tmp_path):
    error = refusal(f"http://127.0.0.1:{site.server_port}/nothing", tmp_path, private=True)
    assert error.code in ("result_invalid", "unsupported")
    assert "video" in error.sentence


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"is_live": True}, "a live stream"),
        ({"duration": 3601}, "longer than it may be: 60 minutes"),
        ({"filesize": 1001}, "larger than"),
        ({"filesize_approx": 1001}, "larger than"),
        ({"duration": 3600, "filesize": 1000}, ""),
    ],
)
def test_what_is_too_much_is_refused_before_it_is_fetched(tmp_path, told, said):
    from yt_dlp.utils import DownloadCancelled

    bounds = fetching.Bounds(bytes=1000, seconds=3600, patience=60)
    fits = fetching._asked(tmp_path, bounds, print)["match_filter"]
    if not said:
        assert fits(told, incomplete=False) is None
        return
    with pytest.raises(DownloadCancelled, match=said):
        fits(told, incomplete=True)
