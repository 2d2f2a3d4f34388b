"""TikTok and Instagram as their documents tell of them, on loopback: they take bytes, process and post, or refuse.

What a video is posted as depends on its bytes alone, so that whatever a test does to the work, the post is the same."""

import base64
import hashlib
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

TOKEN, EXPIRED = "act.good", "act.expired"
OPTIONS = ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class Platforms(ThreadingHTTPServer):
    """`upset`: what is answered in place of the next answers to a path that begins so. `drop`: paths whose next
    answers are lost, after they took effect; `garble`: of which nothing arrives but that it went well."""

    daemon_threads = True

    def __init__(self, *, seconds=0.0):
        super().__init__(("127.0.0.1", 0), Talk)
        self.seconds = seconds  # that processing takes
        self.lock = threading.RLock()
        self.asked, self.upset, self.drop, self.garble = [], {}, {}, {}
        self.uploads, self.containers = {}, {}
        self.tiktok, self.instagram = [], []  # what was posted, as the public sees it
        self.number, self.heard = 0, lambda: None
        self.killed = None  # (the how-manieth question, whether it takes effect first, what kills who asked)
        self.quota, self.fail_reason, self.container_status = (2, 50), "", ""
        self.ended_addresses, self.codes = set(), {}
        self.accounts = {"178": "olga.films"}  # on Instagram, that the token reaches
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def handle_error(self, request, client_address):
        """Who asked was killed; that is no news here."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def addresses(self):
        return {"tiktok": self.url, "instagram": f"{self.url}/v24.0", "instagram_uploads": f"{self.url}/ig-api-upload"}

    def next_id(self, kind):
        self.number += 1
        return f"{kind}{self.number}"

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join()

    def times(self, path):
        return sum(1 for method, asked, _ in self.asked if path in f"{method} {asked}")


class Talk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer("GET")

    def do_POST(self):
        self._answer("POST")

    def do_PUT(self):
        self._answer("PUT")

    def _answer(self, method):
        here, place = self.server, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with here.lock:
            here.asked.append((method, place.path, dict(self.headers)))
            number, kill = len(here.asked), here.killed
            here.heard()
            if kill and kill[:2] == (number, False):
                return kill[2]()
            upset = next((each for path, each in here.upset.items() if place.path.startswith(path) and each), None)
            status, told, *more = upset.pop(0) if upset else self._told(method, place, body)
            if kill and kill[:2] == (number, True):
                return kill[2]()
            lost = next((path for path, count in here.drop.items() if place.path.startswith(path) and count), None)
            if lost:
                here.drop[lost] -= 1
                self.close_connection = True
                return None
            if here.garble.get(place.path):
                here.garble[place.path] -= 1
                told = "went well"
        return self._send(status, told, more[0] if more else {})

    def _send(self, status, told, headers):
        body = json.dumps(told).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _told(self, method, place, body):
        path = place.path
        if path == "/dialog/oauth":
            return self._allowed({name: values[0] for name, values in parse_qs(place.query).items()})
        if path.startswith("/v2/oauth") or path == "/v24.0/oauth/access_token":
            return self._token(parse_qs(body.decode()))
        if path.startswith("/v2/"):
            return self._tiktok(path, body)
        if path.startswith("/upload/"):
            return self._upload(path.rpartition("/")[2], body)
        if path.startswith("/ig-api-upload/"):
            return self._rupload(path.rpartition("/")[2], body)
        return self._graph(
            method, path.removeprefix("/v24.0/"), {k: v[0] for k, v in parse_qs(place.query).items()}, body
        )

    def _bearer(self):
        return self.headers.get("Authorization", "").partition(" ")[2]

    # OAuth

    def _allowed(self, asked):
        """Who is asked says yes at once."""
        code = self.server.next_id("code")
        self.server.codes[code] = base64.urlsafe_b64decode(asked["code_challenge"] + "==")
        return 302, {}, {"Location": f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"}

    def _token(self, given):
        given = {name: values[0] for name, values in given.items()}
        if given.get("grant_type") == "refresh_token":
            granted = given["refresh_token"] == "rft.good"
        elif given.get("grant_type") == "fb_exchange_token":
            return 200, {"access_token": TOKEN, "expires_in": 5184000}
        else:
            verifier = given.get("code_verifier", "")
            granted = self.server.codes.get(given.get("code")) == hashlib.sha256(verifier.encode()).digest()
        if not granted:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": TOKEN, "expires_in": 86400, "refresh_token": "rft.good", "open_id": "o1"}

    # TikTok

    def _tiktok(self, path, body):
        if self._bearer() != TOKEN:
            return self._no(401, "access_token_invalid")
        asked = json.loads(body or b"{}")
        if path == "/v2/post/publish/creator_info/query/":
            return self._ok(creator_username="olga", creator_nickname="Olga", privacy_level_options=OPTIONS,
                            max_video_post_duration_sec=600)  # fmt: skip
        if path == "/v2/post/publish/video/init/":
            return self._init(asked)
        if path == "/v2/post/publish/status/fetch/":
            return self._fetch(asked["publish_id"])
        return self._no(404, "unknown")

    def _init(self, asked):
        source, post = asked["source_info"], asked["post_info"]
        size, chunk, total = (source[name] for name in ("video_size", "chunk_size", "total_chunk_count"))
        right = source["source"] == "FILE_UPLOAD" and total == max(1, size // chunk) and chunk <= 64_000_000
        if not right or (total > 1 and chunk < 5_000_000) or (total == 1 and chunk != size):
            return self._no(400, "invalid_params")
        if post["privacy_level"] not in OPTIONS:
            return self._no(403, "privacy_level_option_mismatch")
        key = self.server.next_id("v_pub_file~")
        self.server.uploads[key] = {"size": size, "body": b"", "post": post, "at": None}
        return self._ok(publish_id=key, upload_url=f"{self.server.url}/upload/{key}")

    def _upload(self, key, body):
        upload = self.server.uploads.get(key)
        found = RANGE.fullmatch(self.headers.get("Content-Range", ""))
        if upload is None or key in self.server.ended_addresses:
            return 403, {}
        first, last, size = map(int, found.groups())
        if self.headers["Authorization"]:
            return 400, {"said": "the token is none of this address's business"}
        if first != len(upload["body"]) or last - first + 1 != len(body) or size != upload["size"]:
            return 416, {}
        upload["body"] += body
        if len(upload["body"]) < size:
            return 206, {}
        upload["at"] = time.monotonic()
        return 201, {}

    def _fetch(self, key):
        upload, here = self.server.uploads[key], self.server
        state = {"status": "PROCESSING_UPLOAD", "uploaded_bytes": len(upload["body"])}
        if upload["at"] is None or time.monotonic() - upload["at"] < here.seconds:
            return self._ok(**state)
        if here.fail_reason:
            return self._ok(status="FAILED", fail_reason=here.fail_reason)
        number = int(hashlib.sha256(upload["body"]).hexdigest()[:12], 16)
        if key not in [each["key"] for each in here.tiktok]:
            here.tiktok.append({"key": key, "id": number, **upload["post"]})
        return self._ok(status="PUBLISH_COMPLETE", publicaly_available_post_id=[number], uploaded_bytes=upload["size"])

    def _ok(self, **told):
        return 200, {"data": told, "error": {"code": "ok", "message": "", "log_id": "1"}}

    def _no(self, status, code):
        return status, {"data": {}, "error": {"code": code, "message": "", "log_id": "1"}}

    # Instagram

    def _rupload(self, key, body):
        container = self.server.containers[key]
        if self.headers["Authorization"] != f"OAuth {TOKEN}":
            return 401, {"error": {"code": 190}}
        if self.headers["offset"] != "0" or int(self.headers["file_size"]) != len(body):
            return 400, {"debug_info": {"retriable": False, "type": "OffsetInvalidError"}}
        container["body"], container["at"] = body, time.monotonic()
        return 200, {"success": True, "message": "Upload successful."}

    def _graph(self, method, path, query, body):
        here = self.server
        if self._bearer() != TOKEN:
            return 400, {"error": {"code": 190, "type": "OAuthException", "message": "expired"}}
        asked = json.loads(body or b"{}")
        match method, path.split("/"):
            case "GET", ["me", "accounts"]:
                accounts = [{"id": key, "username": name} for key, name in here.accounts.items()]
                pages = [{"id": f"p{each['id']}", "instagram_business_account": each} for each in accounts]
                return 200, {"data": [*pages, {"id": "2"}]}
            case "GET", [_, "content_publishing_limit"]:
                return 200, {"data": [{"quota_usage": here.quota[0], "config": {"quota_total": here.quota[1]}}]}
            case "POST", [_, "media"]:
                key = here.next_id("c")
                here.containers[key] = {"caption": asked["caption"], "body": b"", "at": None, "posted": ""}
                return 200, {"id": key, "uri": f"{here.url}/ig-api-upload/{key}"}
            case "POST", [_, "media_publish"]:
                return self._publish(asked["creation_id"])
            case "GET", [_, "media"]:
                return 200, {"data": [{**each, "timestamp": "2999-01-01T00:00:00+0000"} for each in here.instagram]}
            case "GET", [key] if key in here.containers:
                return 200, {"id": key, "status_code": self._state(here.containers[key]), "status": "2207026"}
            case "GET", [key]:
                return 200, {"id": key, "permalink": f"https://www.instagram.com/reel/{key}/"}
        return 404, {"error": {"code": 100}}

    def _state(self, container):
        if container["posted"]:
            return "PUBLISHED"
        if self.server.container_status and container["at"] is not None:
            return self.server.container_status
        if container["at"] is None or time.monotonic() - container["at"] < self.server.seconds:
            return "IN_PROGRESS"
        return "FINISHED"

    def _publish(self, key):
        container, here = self.server.containers[key], self.server
        if self._state(container) not in ("FINISHED", "PUBLISHED"):
            return 400, {"error": {"code": 9007, "error_subcode": 2207027}}
        media = hashlib.sha256(container["body"]).hexdigest()[:12]
        container["posted"] = media
        here.instagram.append({"id": media, "caption": container["caption"]})
        return 200, {"id": media}

    def log_message(self, *_):
        pass
