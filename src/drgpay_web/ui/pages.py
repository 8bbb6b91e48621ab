"""Long lists by page, 50 rows each."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

ROWS = 50


def page_of(request: HttpRequest, rows: Any) -> Page[Any]:
    """The page that the address asks for with ``page``; the nearest where there is no such page."""
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))
