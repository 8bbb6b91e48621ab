"""Accounts and events of the ledger in words (``data/ledger.yaml``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from drgpay.words import in_word, words

_JOIN = {"zh": "·", "en": ", "}


@cache
def _catalogue() -> dict[str, dict[str, list[str]]]:
    file = files("drgpay") / "data" / "ledger.yaml"
    found: dict[str, dict[str, list[str]]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def account_words(account: str, lang: str, names: Mapping[str, str]) -> str:
    """An account in words: insurance scheme, institution by name, kind. Parts it does not know stand as they are.

    ``names``: institutions by id.
    """
    scheme, _, rest = account.partition(":")
    known = _catalogue()["accounts"]
    said = [in_word(scheme, lang)] if scheme in words() else [scheme]
    if rest in known:
        return _JOIN[lang].join([*said, known[rest][lang == "en"]])
    said += [_part(part, lang, "accounts", names) for part in rest.split(":") if part]
    return _JOIN[lang].join(said)


def event_words(event: str, lang: str, names: Mapping[str, str]) -> str:
    """An event in words: what happened, then the part, mode, community or area it is about."""
    name, *rest = event.split(":")
    said = [_part(name, lang, "events", names), *(_part(part, lang, "events", names, mode=True) for part in rest)]
    return _JOIN[lang].join(said)


def _part(part: str, lang: str, kind: str, names: Mapping[str, str], *, mode: bool = False) -> str:
    if part in names:
        return names[part]
    if mode and part in words():
        return in_word(part, lang)
    pair = _catalogue()[kind].get(part)
    return in_word(part, lang) if pair is None else pair[lang == "en"]
