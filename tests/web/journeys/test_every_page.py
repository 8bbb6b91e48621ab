"""Every page that a role is led to: it opens, in both languages, is fit for a screen reader, and nothing leaves."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from support.browsing import Person

DEPTH = 2
MOST = 60
"""pages of one role"""


ROLES = ("b1", "b2", "b3", "b4", "b6", "h1a", "h3a", "h4a", "h5a", "h6b", "s1", "s2", "s3")


@pytest.mark.parametrize("username", ROLES)
def test_every_page_a_role_is_led_to(person: Callable[[], Person], username: str) -> None:
    one = person().try_as(username)
    seen: set[str] = set()
    bad = []
    level = ["/"]
    for _ in range(DEPTH):
        following: list[str] = []
        for path in level:
            kind = re.sub(r"\d+", "0", path.split("?")[0])
            if kind in seen or len(seen) > MOST:
                continue
            seen.add(kind)
            status = one.go(path)
            if status != 200:
                bad.append((path, status))
            following += _links(one)
        level = following
    assert bad == []
    assert len(seen) > 3


def _links(one: Person) -> list[str]:
    """Where the page leads: not to files and not out."""
    found = one.page.eval_on_selector_all(
        "a[href]:not([download])", "all => all.map(a => a.getAttribute('href')).filter(h => h.startsWith('/'))"
    )
    return [path for path in found if not re.search(r"excel|pdf|/form|\.csv|\.xlsx", path)]
