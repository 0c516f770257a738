"""What the small archives of the tests share: a threaded server on this machine, files with byte ranges, faults, and a life of their own.

A server is a context manager; its port is chosen by the system. From a shell, `serve` prints its addresses as one line of JSON and stays
until it is told to end, its standard input closes, or its time is over.
"""

import argparse
import json
import os
import re
import select
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass
class Fault:
    """What goes wrong with the next `times` requests (None: all) whose address holds `path`, after the first `after` of them.

    `status` with `headers` and `body` replaces the answer; `cut_at` ends the connection before that byte of the file, `short_by` lets the
    file end so many bytes early and says so, `pause_s` waits before the answer.
    """

    path: str = ""
    times: int | None = 1
    after: int = 0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_at: int | None = None
    short_by: int = 0
    pause_s: float = 0.0


@dataclass(frozen=True)
class Seen:
    """A request that arrived; `sent` counts the bytes of the answer's body."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    status: int
    sent: int


@dataclass(frozen=True)
class Asked:
    """A request, taken apart; `body` is what came with it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """A status with either a short body or a file, of which the client may ask for a range."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None


def json_answer(content: Any, status: int = 200, kind: str = "application/json") -> Answer:
    """An answer of JSON."""
    return Answer(status, json.dumps(content).encode(), {"Content-Type": kind})


class LocalServer:
    """A server that asks `answer` for every request; subclasses say what they know."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.base = f"http://{self.host}"

    def __enter__(self) -> Any:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked: Asked) -> Answer:
        """What to answer."""
        raise NotImplementedError

    def about(self) -> dict[str, str]:
        """Addresses, for a client in another process."""
        return {"base": self.base}

    def paths(self, method: str = "") -> list[str]:
        """The paths that were asked for, by a method or by any."""
        with self._lock:
            return [seen.path for seen in self.seen if method in ("", seen.method)]

    @property
    def sent(self) -> int:
        """Bytes of all bodies."""
        with self._lock:
            return sum(seen.sent for seen in self.seen)

    def _take(self, address: str) -> Fault:
        with self._lock:
            for fault in self.faults:
                if fault.path not in address or fault.times == 0:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times = None if fault.times is None else fault.times - 1
                return fault
        return Fault()

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request and remember it."""
        parts = urlsplit(request.path)
        headers = {key.lower(): value for key, value in request.headers.items()}
        body = request.rfile.read(int(headers.get("content-length") or 0))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(request.command, unquote(parts.path), query, headers, body)
        fault = self._take(f"{request.path}")
        if fault.pause_s:
            self._closed.wait(fault.pause_s)
        answer = Answer(fault.status, fault.body, fault.headers) if fault.status else self.answer(asked)
        status, headers_sent, content, start = _prepared(asked, answer, fault)
        body_sent = b"" if asked.method == "HEAD" else content[: None if fault.cut_at is None else max(fault.cut_at - start, 0)]
        with self._lock:  # before it is sent: a client that has its answer finds its request in the list
            self.seen.append(Seen(asked.method, asked.path, parts.query, headers, status, len(body_sent)))
        with suppress(ConnectionError):
            request.send_response(status)
            for key, value in {"Content-Length": str(len(content)), **headers_sent}.items():
                request.send_header(key, value)
            request.end_headers()
            request.wfile.write(body_sent)
        request.close_connection |= asked.method != "HEAD" and len(body_sent) < len(content)


def _prepared(asked: Asked, answer: Answer, fault: Fault) -> tuple[int, dict[str, str], bytes, int]:
    """Status, headers, body, and the first byte of the body within its file."""
    status, headers, content, start = answer.status, dict(answer.headers), answer.body, 0
    if answer.file is not None:
        content = answer.file.read_bytes()
        content = content[: len(content) - fault.short_by]
        headers |= {"Accept-Ranges": "bytes", "ETag": f'"{len(content)}-{answer.file.stat().st_mtime_ns}"'}
        headers["Last-Modified"] = formatdate(answer.file.stat().st_mtime, usegmt=True)
        status, start, stop, extra = _range(asked.headers.get("range"), len(content))
        headers |= extra
        content = content[start:stop]
    return status, headers, content, start


def _range(header: str | None, size: int) -> tuple[int, int, int, dict[str, str]]:
    """Status, first byte, the one after the last, and the header that tells them."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if not found or not (found[1] or found[2]):
        return 200, 0, size, {}
    start = int(found[1]) if found[1] else max(size - int(found[2]), 0)
    stop = min(int(found[2]) + 1, size) if found[1] and found[2] else size
    if start >= stop:
        return 416, 0, 0, {"Content-Range": f"bytes */{size}"}
    return 206, start, stop, {"Content-Range": f"bytes {start}-{stop - 1}/{size}"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


def _handler(server: LocalServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            server.respond(self)

        do_HEAD = do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def serve(make: Callable[[argparse.Namespace], LocalServer], parser: argparse.ArgumentParser) -> int:
    """Run a server from the command line: its addresses on one line, then patience."""
    parser.add_argument("--seconds", type=float, default=3600, help="ends by itself after so long")
    given = parser.parse_args()
    piped = stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with make(given) as server:
        print(json.dumps(server.about()), flush=True)
        until = time.monotonic() + given.seconds
        while not ended.is_set() and time.monotonic() < until:
            ready, _, _ = select.select([sys.stdin] if piped else [], [], [], 0.2)
            if ready and not sys.stdin.buffer.read1(1024):
                break
    return 0
