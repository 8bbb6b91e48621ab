"""What every page is made of: words, theme, components, the files packages bring, and the headers of safety."""

from __future__ import annotations

from drgpay_web.ui.errors import PageError, Unfit
from drgpay_web.ui.words import LANGUAGES, field_word, lang_of, w

__all__ = ["LANGUAGES", "PageError", "Unfit", "field_word", "lang_of", "w"]
