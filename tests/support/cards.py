"""Small scorecards as text, and a random subject's values."""

from __future__ import annotations

from drgpay.notation import read_yaml
from drgpay.scorecard import Card, Known, card_of, check

KNOWN = {
    "cmi": Known("higher", "number"),
    "cost_index": Known("lower", "number"),
    "readmit_15": Known("lower", "share"),
    "violations": Known("lower", "number"),
}

CARD = """
card: small
title: {zh: 小评分表, en: small card}
version: "1"
source: local
types: [surgical, medical]
full: 100
ceiling: 105
missing: leave_out
grades:
  - {grade: excellent, from: 90}
  - {grade: good, from: 80}
  - {grade: pass, from: 60}
  - {grade: fail}
quota: {excellent: {surgical: 50%, medical: 40%}}
tie_break: [{by: violations, better: lower}, {by: cmi, better: higher}]
dimensions:
  - id: care
    zh: 诊疗
    en: care
    full: 60
    items:
      - {id: cmi, zh: CMI, en: CMI, indicator: cmi, full: {surgical: 40, medical: 20}, source: s, rank: {}}
      - id: readmit
        zh: 再入院
        en: readmission
        indicator: readmit_15
        full: {surgical: 20, medical: 40}
        source: s
        bands:
          - {upto: 2%, mark: 100%}
          - {above: 2%, upto: 5%, mark: 50%}
          - {above: 5%, mark: 0}
  - id: cost
    zh: 费用
    en: cost
    full: 40
    items:
      - {id: index, zh: 费用指数, en: cost index, indicator: cost_index, full: 30, source: s, cap: 20,
         linear: {target: 0.9, floor: 1.2}}
      - {id: expert, zh: 专家, en: expert, full: 10, source: s, given: {}, missing: zero}
      - {id: more, zh: 加分, en: bonus, cap: 5, source: s, bonus: {points: 1, per: 1, count: whole}}
      - {id: caught, zh: 负面清单, en: negative list, cap: 10, source: s, penalty: {points: 2, per: 1},
         indicator: violations}
      - {id: stop, zh: 一票否决, en: veto, source: s, veto: {above: 3, grade: pass}, indicator: violations}
"""


def small_card(text: str = CARD) -> Card:
    """The card of ``text``, checked."""
    return check(card_of(read_yaml(text, "small.yaml")), KNOWN)
