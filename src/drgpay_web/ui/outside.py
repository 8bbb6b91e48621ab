"""A message to another machine: sent where it was said to go, and nowhere else."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

SECONDS = 10
MOST_TRIES, MOST_AT_ONCE = 6, 100
"""how often a message is tried, and how many go in one job"""


def pause(tries: int) -> timedelta:
    """How long after so many tries the next one is due: longer each time."""
    return timedelta(minutes=4**tries // 4)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def post(url: str, body: bytes, headers: Mapping[str, str], open_: Callable[..., Any] | None = None) -> int:
    """Post to an address; the answer's status, 0 where there was none."""
    asked = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
    opening = open_ or urllib.request.build_opener(_Stay).open
    try:
        with opening(asked, timeout=SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return int(error.code)
    except (OSError, ValueError):
        return 0
