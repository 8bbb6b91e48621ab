"""Texts of papers that a bureau can change: heading, opening, closing and who signs, in versions; a paper keeps those
that held when it was made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from drgpay.report.papers import Paper, Signature
from drgpay_web import flow
from drgpay_web.papers.models import PaperText
from drgpay_web.people import Unit
from drgpay_web.ui import LANGUAGES, Unfit, w

PARTS = ("title", "opening", "closing", "signature")
COMMON = ("title", "issuer", "unit", "period", "number", "day")
"""marks that every paper fills"""
_MARK = re.compile(r"\{([^{}]*)\}")
_BAR = "｜"
Texts = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Kind:
    """A kind of paper: ``<machine>.<paper>``, or one that belongs to no case. ``house``: an institution's own."""

    name: str
    house: bool
    places: Mapping[str, tuple[str, str]]

    @property
    def marks(self) -> tuple[str, ...]:
        """Every mark its texts may hold."""
        return (*COMMON, *self.places)

    def words(self, lang: str) -> str:
        """What the paper is called."""
        machine, _, paper = self.name.partition(".")
        rules = next((one for one in flow.machines() if one.name == machine), None)
        if rules and paper in {one.name for one in rules.papers}:
            return f"{w(rules.words, lang)} · {w(f'{rules.words}.paper.{paper}', lang)}"
        return w(f"papers.kind_{machine}_{paper}", lang)

    def mark_words(self, mark: str, lang: str) -> str:
        """What a mark stands for."""
        if mark in self.places:
            return self.places[mark][lang == "en"]
        return w(f"papers.place_{mark}", lang)


@cache
def _file() -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load((files(__package__) / "texts.yaml").read_text(encoding="utf-8"))
    return said


def kinds() -> dict[str, Kind]:
    """Every kind of paper by its name: of all machines, and those of the file."""
    of_cases = [f"{machine.name}.{paper.name}" for machine in flow.machines() for paper in machine.papers]
    names = dict.fromkeys([*of_cases, *(name for name in _file() if name != "common")])
    found = {}
    for name in names:
        said = _file().get(name, {})
        places = {mark: (zh, en) for mark, (zh, en) in said.get("places", {}).items()}
        found[name] = Kind(name, bool(said.get("house")), places)
    return found


def defaults(kind: str) -> Texts:
    """What the project says, by language and part."""
    common, own = _file()["common"], _file().get(kind, {})
    return {
        lang: {part: own.get(lang, {}).get(part) or common[lang].get(part, "") for part in PARTS}
        for lang in LANGUAGES
    }


def standing(unit: Unit, kind: str, at: datetime) -> tuple[Texts, PaperText | None]:
    """The texts of a kind that held at a moment, and the version they come from; None: the project's own."""
    row = PaperText.objects.filter(unit=unit, kind=kind, at__lte=at).order_by("-number").first()
    return (row.values if row else defaults(kind)), row


def owner(kind: Kind, unit: Unit) -> Unit:
    """Whose texts they are: the institution's own, else the area's."""
    house = unit.of_kind(Unit.INSTITUTION)
    return house if kind.house and house else unit.line()[0]


def dressed(paper: Paper, kind: str, unit: Unit, at: datetime, values: Mapping[str, str]) -> Paper:
    """The paper with the texts that held at a moment; ``values``: of the kind's own marks, and the case's number."""
    its = kinds()[kind]
    said, _ = standing(owner(its, unit), kind, at)
    return filled(paper, said[paper.lang], {"unit": unit.name, "day": at.date().isoformat(), **values})


def filled(paper: Paper, texts: Mapping[str, str], values: Mapping[str, str]) -> Paper:
    """The paper with these texts."""
    known = {"title": paper.title, "issuer": paper.issuer, "period": paper.period, "number": "", **values}

    def fill(text: str) -> str:
        return _MARK.sub(lambda found: known.get(found[1], ""), text)

    def paragraphs(part: str) -> tuple[str, ...]:
        return tuple(line for line in fill(texts[part]).splitlines() if line.strip())

    signed = tuple(Signature(parts[0], tuple(parts[1:])) for line in paragraphs("signature")
                   for parts in [[one.strip() for one in line.split(_BAR)]])  # fmt: skip
    return replace(
        paper, title=fill(texts["title"]) or paper.title, opening=paragraphs("opening"),
        closing=paragraphs("closing"), signatures=signed or paper.signatures,
    )  # fmt: skip


def check(kind: Kind, values: Texts) -> None:
    """Every mark is known and closed, and there is a heading. Raises Unfit."""
    for said in values.values():
        if not said["title"].strip():
            raise Unfit("papers.no_title")
        for text in said.values():
            marks = _MARK.findall(text)
            unknown = [mark for mark in marks if mark not in kind.marks]
            known = _listed(kind.marks)
            if unknown:
                raise Unfit("papers.unknown_place", mark=f"{{{unknown[0]}}}", known=known)
            if re.search(r"[{}]", _MARK.sub("", text)):
                raise Unfit("papers.open_brace", known=known)


def _listed(marks: Iterable[str]) -> str:
    return " ".join(f"{{{mark}}}" for mark in marks)


def differs(before: Texts, after: Texts) -> list[str]:
    """The parts that differ, as ``zh.title``."""
    return [f"{lang}.{part}" for lang in LANGUAGES for part in PARTS if before[lang][part] != after[lang][part]]
