"""Machines that take what the office sends: a mail server and a web server of this process, on this machine."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class Sink:
    """What was taken; ``port``: where it listens; ``answer``: the status a web server gives, or a mail server's
    refusal when it is not 250."""

    port: int = 0
    taken: list[Any] = field(default_factory=list)
    answer: int = 250


@contextlib.contextmanager
def mail_sink() -> Iterator[Sink]:
    """A mail server that takes every message."""
    sink = Sink()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 sink")
            while line := self.rfile.readline():
                word = line.split(maxsplit=1)[0].upper() if line.strip() else b""
                if word == b"QUIT":
                    self._say("221 bye")
                    return
                if word == b"DATA":
                    self._say("354 go on")
                    sink.taken.append(self._data())
                    self._say("250 taken")
                elif word == b"MAIL":
                    self._say(f"{sink.answer} so")
                else:
                    self._say("250 so")

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def _data(self) -> Message:
            lines = []
            while (line := self.rfile.readline()) and line.rstrip() != b".":
                lines.append(line)
            return message_from_bytes(b"".join(lines))

    with _listening(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk), sink):
        yield sink


@contextlib.contextmanager
def web_sink() -> Iterator[Sink]:
    """A web server that keeps what is posted to it: path and body."""
    sink = Sink(answer=200)

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sink.taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(sink.answer)
            if sink.answer == 302:
                self.send_header("Location", f"http://127.0.0.1:{sink.port}/elsewhere")
            self.end_headers()

        def log_message(self, *args: Any) -> None: ...

    with _listening(HTTPServer(("127.0.0.1", 0), Page), sink):
        yield sink


@contextlib.contextmanager
def _listening(server: socketserver.TCPServer, sink: Sink) -> Iterator[None]:
    sink.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
