"""Failures that a page answers with a status and a sentence; rooms make their own of it."""

from __future__ import annotations


class PageError(Exception):
    """Answered with ``status`` and ``said``; nothing of what was asked has happened."""

    status = 400

    def said(self, lang: str) -> str:
        """What is the matter and what to do, in the reader's language; empty: the words of the status."""
        return ""
