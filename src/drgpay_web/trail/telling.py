"""Events as sentences."""

from __future__ import annotations

from drgpay_web.people import Act, acts, role_words
from drgpay_web.people.matrix import Role
from drgpay_web.trail.models import Event
from drgpay_web.ui import w
from drgpay_web.ui.words import words


def sentence(event: Event, lang: str) -> str:
    """``张三(经办)接收清单:case:12,已完成`` – who, as what, did what to what, and how it ended."""
    who = event.person if event.person != "-" else w("trail.nobody", lang)
    role = f"{w('trail.as', lang, role=role_words(Role(event.role), lang))}" if event.role else ""
    return w(
        "trail.sentence",
        lang,
        who=who,
        role=role,
        act=act_words(event.act, lang),
        subject=event.subject,
        outcome=w(f"trail.{event.outcome}", lang),
    )


def act_words(act: str, lang: str) -> str:
    """An act in words: of the matrix, or ``trail.act_<act>`` for what has no line there (sign-in …)."""
    if act in list(Act):
        return acts()[Act(act)].word(lang)
    key = f"trail.act_{act.replace('.', '_')}"
    return w(key, lang) if key in words() else act
