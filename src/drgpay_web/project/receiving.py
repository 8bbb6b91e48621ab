"""What is sent is received as a whole before anybody works on it: who sends slowly keeps nobody else waiting."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
AT_WORK = 3
"""requests that a process works on at once; others that have been received wait"""
RECEIVED, OF_ONE = 16, 8
"""bodies that are received at once, and of one address: the next one is to come again, and pages go on"""
THREADS = RECEIVED + AT_WORK
"""of the server, so that slow bodies never hold all of them"""
IN_MEMORY = 1_000_000
PART = 65_536


class Receiving:
    """A WSGI application before another: takes the body in, on the office's disk where it is large, and answers 503
    where too many come at once. The other one is asked by few threads, since every thread that has worked on pages
    keeps a connection of the data base and memory of its own."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.work = ThreadPoolExecutor(AT_WORK, "work")
        self.lock = threading.Lock()
        self.coming: Counter[str] = Counter()
        """by address, how many bodies are being received"""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if 0 < length <= settings.LARGEST_REQUEST:  # more is refused unread
            with self._place(environ.get("REMOTE_ADDR", "")) as free:
                if not free:
                    start_response("503 Service Unavailable", [("Content-Length", "0"), ("Retry-After", "5")])
                    return []
                environ["wsgi.input"] = _received(environ["wsgi.input"], length)
        head, answer = self.work.submit(self._asked, environ).result()
        start_response(*head)
        return answer

    def _asked(self, environ: dict[str, Any]) -> tuple[tuple[Any, ...], Iterable[bytes]]:
        """What the application answers: status with headers, and body."""
        head: list[tuple[Any, ...]] = []

        def start_response(*said: Any) -> None:
            head.append(said)

        answer = self.application(environ, start_response)
        return head[-1], answer

    @contextmanager
    def _place(self, address: str) -> Iterator[bool]:
        """A place for a body, as long as it comes; whether there is one."""
        with self.lock:
            free = self.coming.total() < RECEIVED and self.coming[address] < OF_ONE
            self.coming[address] += free
        try:
            yield free
        finally:
            with self.lock:
                self.coming[address] -= free
                self.coming += Counter()  # whoever has none is forgotten


def _received(source: Any, length: int) -> IO[bytes]:
    """The body, from its first byte; less of it where the sender has gone."""
    place = settings.FILE_UPLOAD_TEMP_DIR
    body: IO[bytes] = SpooledTemporaryFile(IN_MEMORY, dir=str(place) if place.is_dir() else None)  # noqa: SIM115
    count = 0
    while count < length and (part := source.read(min(PART, length - count))):
        body.write(part)
        count += len(part)
    body.seek(0)
    return body
