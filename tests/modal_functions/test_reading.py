"""Answers over connections that are kept: used again, asked anew where they were closed, none where it is no HTTP."""

import socket
import threading

import pytest

from modal_functions.reading import Reading

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
LAST = WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
IN_PIECES = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<Cod\r\n3\r\ne/>\r\n0\r\n\r\n"


class Place:
    """Says what it was given, one answer after the other; after each None it closes the connection without a word."""

    def __init__(self, answers):
        self.answers, self.connections, self.asked = list(answers), 0, []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while self.answers:
            with self._listening.accept()[0] as there:
                self.connections += 1
                while self.answers and (request := there.recv(65536)):
                    self.asked.append(request.split(b"\r\n")[0])
                    answer = self.answers.pop(0)
                    if answer is None:
                        break
                    there.sendall(answer)

    def close(self):
        self._thread.join(10)
        self._listening.close()


@pytest.fixture
def place():
    made = []

    def make(*answers):
        made.append(Place(answers))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_connection_is_used_again_and_the_whole_address_is_asked_for(place):
    there = place(WHOLE, IN_PIECES, WHOLE)
    reading = Reading(there.address)
    said = [reading.get(f"{there.address}/films/{name}?X-Amz-Signature=1") for name in "abc"]
    assert said == [(200, b"hi"), (404, b"<Code/>"), (200, b"hi")]
    assert there.connections == 1
    assert there.asked[1] == b"GET /films/b?X-Amz-Signature=1 HTTP/1.1"


def test_one_that_was_closed_meanwhile_is_made_again(place):
    there = place(WHOLE, None, WHOLE)
    reading = Reading(there.address)
    assert [reading.get(f"{there.address}/a") for _ in range(2)] == [(200, b"hi")] * 2
    assert there.connections == 2


def test_the_last_answer_of_one_is_not_waited_for_again(place):
    there = place(LAST, WHOLE)
    reading = Reading(there.address)
    assert [reading.get(f"{there.address}/a") for _ in range(2)] == [(200, b"hi")] * 2
    assert there.connections == 2


@pytest.mark.parametrize(
    "answer", [None, b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"]
)
def test_what_is_no_whole_answer_is_none(place, answer):
    there = place(answer)
    assert Reading(there.address).get(f"{there.address}/a") is None
