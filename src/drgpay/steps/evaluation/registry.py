"""The registry of indicators: what each is, from which sums, which way is better. ``data/indicators``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml

from drgpay.errors import DrgpayError, Kind
from drgpay.notation import Document, Place, Structure, as_list, as_mapping, as_text, read_number, read_yaml
from drgpay.scorecard import Known
from drgpay.sources import in_words
from drgpay.steps.evaluation.cases import LISTED
from drgpay.steps.evaluation.measures import MEASURES, is_measure
from drgpay.steps.evaluation.settings import Settings
from drgpay.tables import CASE_TYPES

_BETTER = ("higher", "lower", "neutral")
_UNITS = ("share", "number", "days", "yuan")
_DISTINCT = ("drg", "adrg", "mdc")
_FLAGS = ("growth", "interval", "by_institution")


@dataclass(frozen=True)
class Indicator:
    """One indicator. ``numerator``, ``denominator`` (empty: 1) and ``cases`` name sums of :mod:`measures`; with
    ``distinct`` it counts different codes; ``growth`` compares with last year; ``interval``: a share of cases."""

    id: str
    zh: str
    en: str
    numerator: str
    denominator: str
    cases: str
    distinct: str
    growth: bool
    interval: bool
    by_institution: bool
    better: str
    unit: str
    least: int
    clause: str
    exclusions: str

    @property
    def needs(self) -> tuple[str, ...]:
        """Sums it is made of; of a growth last year's too."""
        sums = tuple(name for name in (self.numerator, self.denominator) if name)
        return (*sums, *(f"{name}_before" for name in sums if self.growth), self.cases)

    @property
    def counts(self) -> bool:
        """A number of things, not a quotient: a benchmark is the mean of the institutions."""
        return bool(self.distinct) or not (self.denominator or self.growth)


@dataclass(frozen=True)
class Registry:
    """All indicators by id, in order, with their settings and version."""

    version: str
    settings: Settings
    indicators: Mapping[str, Indicator]

    def known(self) -> dict[str, Known]:
        """What a scorecard's checker must know of them."""
        return {i.id: Known(i.better, i.unit) for i in self.indicators.values()}  # type: ignore[arg-type]

    def indicator(self, name: str) -> Indicator:
        """An indicator by its id; USAGE when there is none."""
        if name not in self.indicators:
            raise DrgpayError(
                Kind.USAGE,
                zh="没有这个指标",
                en="no such indicator",
                value=name,
                fix_zh="见 drgpay evaluate indicators",
                fix_en="see drgpay evaluate indicators",
            )
        return self.indicators[name]


@cache
def registry(file: Path | None = None) -> Registry:
    """The shipped registry, or another of the same layout. Raises POLICY with the line of a mistake."""
    source = file or files("drgpay").joinpath("data", "indicators", "indicators.yaml")
    return registry_of(read_yaml(source.read_text(encoding="utf-8"), source.name))


def registry_of(document: Document) -> Registry:
    """The registry a YAML document writes down."""
    place = document.place
    root = as_mapping(document.root, place, required=("version", "settings", "indicators"))
    settings = _settings(root["settings"], place.at("settings"))
    found: dict[str, Indicator] = {}
    for i, entry in enumerate(as_list(root["indicators"], place.at("indicators"))):
        at = place.at("indicators").at(i)
        indicator = _indicator(entry, at, settings)
        if indicator.id in found:
            raise at.error("指标编号重复", "an indicator id given twice", value=indicator.id)
        found[indicator.id] = indicator
    return Registry(as_text(root["version"], place.at("version")), settings, found)


def _settings(value: Structure, place: Place) -> Settings:
    row = as_mapping(
        value,
        place,
        required=("interval_z", "least", "low_risk_scores", "high_risk_scores", "weight_light", "weight_heavy",
                  "readmit_exempt", "readmit_days", "complication_codes", "negative_list"),
    )  # fmt: skip
    at = place.at("negative_list")
    negative = as_mapping(row["negative_list"], at, required=LISTED)
    for name in LISTED:
        for violation in as_list(negative[name], at.at(name)):
            if violation not in CASE_TYPES:
                raise at.at(name).mistake(
                    "没有这种违规类型", "no such type of violation", value=violation, right_zh=" | ".join(CASE_TYPES)
                )

    def numbers(key: str) -> tuple[int, ...]:
        return tuple(read_number(n, "integer", place.at(key)) for n in as_list(row[key], place.at(key)))

    def texts(key: str) -> tuple[str, ...]:
        return tuple(as_text(t, place.at(key)) for t in as_list(row[key], place.at(key)))

    return Settings(
        z=read_number(row["interval_z"], "ratio", place.at("interval_z")),
        least=read_number(row["least"], "integer", place.at("least")),
        low_risk=frozenset(numbers("low_risk_scores")),
        high_risk=frozenset(numbers("high_risk_scores")),
        light=read_number(row["weight_light"], "ratio", place.at("weight_light")),
        heavy=read_number(row["weight_heavy"], "ratio", place.at("weight_heavy")),
        readmit_exempt=texts("readmit_exempt"),
        readmit_days=numbers("readmit_days"),
        complications=texts("complication_codes"),
        listed={
            name: tuple(as_text(v, at.at(name)) for v in as_list(negative[name], at.at(name))) for name in LISTED
        },
    )


def _indicator(entry: Structure, place: Place, settings: Settings) -> Indicator:
    row = as_mapping(
        entry,
        place,
        required=("id", "zh", "en", "better", "unit", "clause"),
        optional=("numerator", "denominator", "distinct", "cases", "least", "exclusions", *_FLAGS),
    )
    text = {key: as_text(value, place.at(key)) for key, value in row.items()}
    for key, allowed in (("better", _BETTER), ("unit", _UNITS), ("distinct", _DISTINCT)):
        if key in text and text[key] not in allowed:
            raise place.at(key).mistake("未知选项", "unknown choice", value=text[key], right_zh=" | ".join(allowed))
    for key in ("numerator", "denominator", "cases"):
        if key in text and not is_measure(text[key]):
            raise place.at(key).mistake(
                "没有这个汇总项", "no such sum", value=text[key], right_zh=" | ".join(MEASURES)
            )
    if ("distinct" in text) == ("numerator" in text):
        raise place.error("numerator 与 distinct 必须且只能写一个", "write either numerator or distinct")
    return Indicator(
        id=text["id"],
        zh=text["zh"],
        en=text["en"],
        numerator=text.get("numerator", ""),
        denominator=text.get("denominator", ""),
        cases=text.get("cases", "n"),
        distinct=text.get("distinct", ""),
        growth="growth" in text,
        interval="interval" in text,
        by_institution="by_institution" in text,
        better=text["better"],
        unit=text["unit"],
        least=read_number(text["least"], "integer", place.at("least")) if "least" in text else settings.least,
        clause=text["clause"],
        exclusions=text.get("exclusions", ""),
    )


@cache
def _measure_words() -> dict[str, list[str]]:
    file = files("drgpay").joinpath("data", "indicators", "measures.yaml")
    found: dict[str, list[str]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def formula_words(indicator: Indicator, lang: str) -> str:
    """What an indicator is made of, in words: its quotient, growth and exclusions."""
    english = lang == "en"

    def said(name: str) -> str:
        return _measure_words()[name][english] if name in _measure_words() else name

    parts = [said(name) for name in (indicator.distinct or indicator.numerator, indicator.denominator) if name]
    text = " ÷ ".join(parts)
    if indicator.growth:
        text += " (growth on last year)" if english else "（较上年增幅）"
    if indicator.exclusions:
        left_out = in_words(indicator.exclusions, lang)
        text += f", without {left_out}" if english else f"，不含{left_out}"
    return text
