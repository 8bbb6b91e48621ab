"""What the documents name is there: tests in the table of coverage, pictures, and pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST = 60_000
"""bytes of a picture"""
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_TEST = re.compile(r"`((?:unit|spec|fuzz|golden|web|architecture)/[\w/*.]+)`")
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)#]+)\)")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_every_test_that_coverage_names_is_there() -> None:
    named = set(_TEST.findall((ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")))
    assert len(named) > 80
    assert sorted(one for one in named if not list((ROOT / "tests").glob(one))) == []


def _places(page: Path, which: re.Pattern[str]) -> list[Path]:
    found = which.findall(page.read_text(encoding="utf-8"))
    return [(page.parent / one).resolve() for one in found if "://" not in one and not one.startswith("mailto:")]


@pytest.mark.parametrize("page", PAGES, ids=[str(one.relative_to(ROOT)) for one in PAGES])
def test_what_a_page_leads_to_is_there(page: Path) -> None:
    assert [one.name for one in _places(page, _LINK) if not one.exists()] == []


def test_pictures_are_there_are_small_and_each_is_shown() -> None:
    shown = {one for page in PAGES for one in _places(page, _PICTURE)}
    assert len(shown) >= 5
    assert sorted(one.name for one in shown if not one.is_file()) == []
    assert sorted(one.name for one in shown if one.stat().st_size > MOST) == []
    kept = set((ROOT / "docs").rglob("*.png")) | set((ROOT / "docs").rglob("*.webp"))
    assert sorted(one.name for one in kept - shown) == [], "a picture that no page shows"
