"""What people read names documents and words, never a page of a specification or an internal id."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from drgpay.policy import dictionary, parameter_words, practices, read_practice
from drgpay.policy.practice import practice_text
from drgpay.sources import cited, documents, in_words, known
from drgpay.steps.evaluation import registry
from drgpay.steps.oversight import catalogue
from drgpay.steps.performance import plan_dictionary
from drgpay.words import value_words, words

ROOT = Path(__file__).parents[2]
DATA = ROOT / "src" / "drgpay" / "data"
OURS = re.compile(r"seed 0|design/|local default|parameter ids", re.IGNORECASE)
CJK = re.compile(r"[\u3400-\u9fff]")


def test_no_data_and_no_guide_names_our_papers() -> None:
    files = [*DATA.rglob("*.yaml")] + [p for p in (ROOT / "docs").glob("*.md") if p.name != "coverage.md"]
    files += [ROOT / "GLOSSARY.md", ROOT / "README.md", ROOT / "README.zh-CN.md"]
    assert len(files) > 20
    found = [f"{p.name}: {line}" for p in files for line in p.read_text("utf-8").splitlines() if OURS.search(line)]
    assert found == []


def test_documents_are_named_in_both_languages_with_title_issuer_and_day() -> None:
    for name, document in documents().items():
        assert CJK.search(document.zh), name
        assert not CJK.search(document.en), name
    for name in ("shanwei-2024", "zhejiang-2021", "beijing-2021", "hospital-drg", "hangzhou-2019"):
        document = documents()[name]
        assert all((document.title_zh, document.title_en, document.by_zh, document.by_en, document.date)), name


def test_every_shipped_source_and_clause_is_known_and_bilingual() -> None:
    for name in practices():
        for notice in read_practice(*practice_text(name), dictionary()).notices:
            assert known(notice.document), (name, notice.document)
            for entry in notice.values:
                source = entry.source
                assert known(source.source), (name, entry.parameter.name, source.source)
                assert not source.clause or known(source.clause), (name, entry.parameter.name, source.clause)
                assert not CJK.search(cited(source.source, source.clause, "en"))
    assert all(known(i.clause) for i in registry().indicators.values())
    assert all(known(v.clause) for v in catalogue.TYPES.values())


def test_a_source_is_said_by_title_and_clause_and_own_text_stays() -> None:
    assert (
        in_words("shanwei-2024 §4; local", "zh") == "《汕尾市着力“四个完善”持续深化DRG医保支付方式改革》§4；本地约定"
    )
    assert (
        in_words("shanwei-2024 §4; local", "en")
        == "Shanwei, four improvements of DRG payment (2024) §4; local convention"
    )
    assert in_words("市医保局2024年第3号 / Notice 3 of 2024", "en") == "Notice 3 of 2024"
    assert in_words("市医保局2024年第3号", "en") == "市医保局2024年第3号"
    assert cited("local", "例数大于5 / n > 5", "zh") == "本地约定：例数大于5"


def test_every_choice_and_key_of_the_dictionaries_has_words() -> None:
    for known_words in (dictionary(), plan_dictionary()):
        for name, parameter in known_words.items():
            keys = parameter.keys if parameter.keys != "any" else ()
            for code in (*parameter.choices, *keys, *parameter.fields):
                assert not re.match("[a-z]", code) or code in words(), (name, code)
            zh, en = parameter_words(name, known_words)
            assert CJK.search(zh), name
            assert not CJK.search(en), name


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("none", "未设定", "not set"),
        ("{tertiary: 1.2, secondary: 1}", "三级 1.2, 二级 1", "tertiary 1.2, secondary 1"),
        ("median", "中位数", "median"),
        (
            "[{below: 0.8, value: 50%}, {value: 70%}]",
            "低于 0.8, 取值 50%; 取值 70%",
            "below 0.8, value 50%; value 70%",
        ),
    ],
)
def test_values_are_said_in_words(text: str, zh: str, en: str) -> None:
    assert (value_words(text, "zh"), value_words(text, "en")) == (zh, en)


def test_words_have_both_languages() -> None:
    raw = yaml.safe_load((DATA / "words.yaml").read_text("utf-8"))
    assert all(isinstance(code, str) for code in raw)
    for code, (zh, en) in words().items():
        assert CJK.search(zh), code
        assert not CJK.search(en), code
