"""A web server on loopback that nobody has any business with: whoever asks it for anything has been heard."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Canary:
    """`url` leads to it; `heard` is what it was asked for."""

    def __init__(self):
        self.heard = heard = []

        class Hearing(BaseHTTPRequestHandler):
            def do_GET(self):
                heard.append(self.path)
                self.send_error(404)

            do_HEAD = do_POST = do_OPTIONS = do_GET  # noqa: N815 - as the server calls them

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Hearing)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
