"""How far an act reaches, in words."""

from __future__ import annotations

from drgpay_web.people import Act, Actor, Unit
from drgpay_web.ui import w


def reached(actor: Actor, act: Act, lang: str) -> str:
    """``本机构：某市一院``; empty where the actor may not."""
    root = actor.reach(act)
    if root is None:
        return ""
    if actor.assigned_only(act):
        return w("pages.reach_assigned", lang)
    if root.kind == Unit.AREA:
        return w("pages.reach_area", lang)
    return w("pages.reach", lang, kind=w(f"people.kind_{root.kind}", lang), name=root.name)
