"""Tags of every template: words, numbers as people write them, the tokens of a form."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.middleware.csrf import get_token
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString

from drgpay_web import clock
from drgpay_web.ui.words import field_word, words
from drgpay_web.ui.words import w as word

register = template.Library()


@register.simple_tag(takes_context=True)
def w(context: dict[str, Any], key: str, **values: object) -> str:
    """``{% w "room.key" name=value %}``: the text in the reader's language."""
    return word(key, context.get("lang", "zh"), **values)


@register.simple_tag(takes_context=True)
def field(context: dict[str, Any], code: str) -> str:
    """``{% field code %}``: a coded value of the field in words."""
    return field_word(str(code), context.get("lang", "zh"))


@register.simple_tag(takes_context=True)
def title_of(context: dict[str, Any], thing: Any) -> str:
    """``{% title_of column %}``: the name of anything with ``zh`` and ``en``."""
    return str(getattr(thing, context.get("lang", "zh")))


@register.simple_tag(takes_context=True)
def form_tokens(context: dict[str, Any]) -> SafeString:
    """What every form carries: the browser's token and the identity for which the form was drawn."""
    actor = context.get("actor")
    membership = actor.membership.pk if actor and actor.membership else ""
    return format_html(
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<input type="hidden" name="membership" value="{}">',
        get_token(context["request"]),
        membership,
    )


@register.filter
def day(value: date | datetime | None) -> str:
    """``2024-04-08``; empty for none."""
    if isinstance(value, datetime):
        value = value.astimezone(clock.SHANGHAI).date()
    return "" if value is None else value.isoformat()


@register.filter
def moment(value: datetime | None) -> str:
    """``2024-04-08 09:30``, in Shanghai; empty for none."""
    return "" if value is None else value.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M")


@register.filter
def size(value: int) -> str:
    """The size of a file, in units that read alike in both languages: ``22 B``, ``1.2 MB``."""
    return re.sub("bytes?$", "B", filesizeformat(value))


@register.simple_tag(takes_context=True)
def has_word(context: dict[str, Any], key: str) -> bool:
    """Whether there is a text of this key."""
    return key in words()


@register.simple_tag(takes_context=True)
def w_key(context: dict[str, Any], start: str, end: object) -> str:
    """``{% w_key "ui.group_" group %}``: the text of a key made of two parts."""
    return word(f"{start}{end}", context.get("lang", "zh"))


@register.simple_tag(takes_context=True)
def how(context: dict[str, Any], of: Any) -> SafeString:
    """``{% how "pools" %}``: a link to how the figures of these names (by commas, or heads of a table) are computed;
    nothing where there are none."""
    names = of if isinstance(of, str) else ",".join(head.column.name for head in of or () if head.number)
    if not names:
        return SafeString("")
    address = f"/how?{urlencode({'of': names})}"
    return format_html('<a class="how" href="{}">{}</a>', address, word("ui.how", context.get("lang", "zh")))


@register.simple_tag(takes_context=True)
def w_role(context: dict[str, Any], role: object) -> str:
    """The name of a role."""
    return word(f"people.role_{role}", context.get("lang", "zh"))
