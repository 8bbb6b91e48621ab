"""Failures that a page answers with a status and a sentence; rooms make their own of it."""

from __future__ import annotations


class PageError(Exception):
    """Answered with ``status`` and ``said``; nothing of what was asked has happened."""

    status = 400

    def said(self, lang: str) -> str:
        """What is the matter and what to do, in the reader's language; empty: the words of the status."""
        return ""


class Unfit(PageError):
    """Asked for rightly, but it cannot be done as things are: 422, with the sentence of ``key``."""

    status = 422

    def __init__(self, key: str, **values: object) -> None:
        self.key, self.values = key, values
        super().__init__(key)

    def said(self, lang: str) -> str:
        from drgpay_web.ui.words import w

        return w(self.key, lang, **self.values)
