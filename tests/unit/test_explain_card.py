"""The explanation of a stay on the screen, as JSON and as a card: words, bytes, escapes, no network."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from drgpay import Grouper
from drgpay.cli import app
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import parameter_words
from drgpay.report import write_stay_card
from drgpay.runs import card_of_stay, explain_stay, first_stay, tell_stay
from drgpay.scheme.rules import parse
from drgpay.steps.grouping import BY_THE_RECORD, Story
from drgpay.steps.grouping.wording import rule
from support.command import CliRunner

STAY = {"dx": ["I10.x00x002", "E11.900", "J96.000"], "proc": ["88.5500"], "sex": "male", "age": 60, "los": 7}
ATOMS = re.compile(r"\b(pdx|adx|odx|pproc|oproc|proc\d?|pop|no_mcc|mcc_or_cc)\b|age_?\w*[<>=]")


@pytest.fixture(scope="module")
def story() -> Story:
    return Grouper().tell(STAY)


def drgpay(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


class Seen(HTMLParser):
    """Tags opened and closed, addresses, and the text that is shown in one language."""

    def __init__(self, hidden: str) -> None:
        super().__init__()
        self.hidden, self.open, self.hides = hidden, list[str](), 0
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href", "action")]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
            if self.hides or dict(attrs).get("class") == self.hidden:
                self.hides += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.hides -= self.hides > 0

    def handle_data(self, data: str) -> None:
        if not self.hides and not {"style", "script", "title"} & set(self.open):
            self.text += data


def seen(page: str, lang: str) -> Seen:
    parser = Seen("en" if lang == "zh" else "zh")
    parser.feed(page)
    assert parser.open == []
    return parser


def test_the_card_is_one_file_with_the_same_bytes(story: Story, tmp_path: Path) -> None:
    write_stay_card(story, tmp_path / "a.html")
    write_stay_card(Grouper().tell(STAY), tmp_path / "b.html")
    page = (tmp_path / "a.html").read_bytes()
    assert page == (tmp_path / "b.html").read_bytes()
    assert len(page) < 60_000
    text = page.decode()
    assert seen(text, "zh").addresses == []
    assert not re.search(r"https?:|url\(|@import", text)
    assert "default-src 'none'" in text
    assert "size: A4" in text


def test_both_languages_are_in_the_card(story: Story, tmp_path: Path) -> None:
    write_stay_card(story, tmp_path / "zh.html")
    write_stay_card(story, tmp_path / "en.html", "en")
    zh, en = ((tmp_path / f"{lang}.html").read_text(encoding="utf-8") for lang in ("zh", "en"))
    assert zh.replace('<html lang="zh">', '<html lang="en">') == en
    chinese, english = seen(zh, "zh").text, seen(en, "en").text
    assert BY_THE_RECORD.zh in chinese
    assert BY_THE_RECORD.en not in chinese
    assert BY_THE_RECORD.en in english
    assert "主要诊断在本大类诊断表" in chinese
    assert "the principal diagnosis is in the category's list of diagnoses" in english
    for text in (chinese, english):
        assert "FV21" in text
        assert "J96.000" in text
        assert not ATOMS.search(text)
    assert re.sub(r"[MC]+CC|DRG|MDC|ADRG|HIV|ECMO", "", chinese).count("holds") == 0


def test_what_a_stay_says_is_escaped(tmp_path: Path) -> None:
    evil = '<script>alert("x")</script>&'
    story = Grouper().tell({"dx": ["I10.x00x002", evil], "proc": [evil]})
    write_stay_card(story, tmp_path / "a.html", stay=evil)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count("<script>") == 1
    assert evil in seen(page, "zh").text
    assert "编码表中没有" in page


def test_another_language_is_refused(story: Story, tmp_path: Path) -> None:
    with pytest.raises(DrgpayError) as caught:
        write_stay_card(story, tmp_path / "a.html", "fr")
    assert caught.value.kind == Kind.USAGE
    assert not (tmp_path / "a.html").exists()


def test_the_three_layers_say_condition_fact_and_what_failed(story: Story) -> None:
    mdc, adrg, drg = story.layers
    assert [layer.code for layer in story.layers] == ["F", "FV2", "FV21"]
    assert mdc.checks[0].fact.zh == "I10.x00x002 高血压"
    assert "性别不是女" in " ".join(tried.why.zh for tried in mdc.tried)
    assert {"AA1", "FM3", "FR1"} <= {x.code for tried in adrg.tried for x in tried.those}
    assert (drg.rule.zh, drg.checks[0].fact.en) == ("有 MCC", "MCC, no CC")
    assert [(d.code, d.standing) for d in story.diagnoses] == [("E11.900", "not_listed"), ("J96.000", "mcc")]
    assert [(x.principal, x.drg) for x in story.alternatives] == [("E11.900", "KS11"), ("J96.000", "ER35")]


def test_an_excluded_complication_names_its_table() -> None:
    grouper = Grouper()
    rules = grouper.scheme
    code, table = min((code, table) for code, table in rules.mcc.items() if table)
    principal = min(c for c, t in rules.exclusion.items() if t == table and c != code)
    (other,) = grouper.tell({"dx": [principal, code]}).diagnoses
    assert (other.standing, other.table) == ("excluded", table)
    assert other.said.zh == f"被主要诊断排除，排除表 {table}"


@pytest.mark.parametrize(
    ("text", "place", "zh", "en"),
    [
        ("", "condition", "主要诊断在本大类诊断表", "the principal diagnosis is in the category's list of diagnoses"),
        ("true", "condition", "不设条件", "unconditional"),
        ("sites>=2", "condition", "诊断涉及的部位至少 2 个", "the diagnoses cover at least 2 body sites"),
        (
            "pop & !pproc",
            "rule",
            "主要手术属于手术，且主要手术不在本组手术操作表",
            "the principal procedure is an operation and the principal procedure is not in the group's list of "
            "procedures",
        ),
        (
            "(odx | proc1>=2) & !op",
            "rule",
            "（有其他诊断在本组其他诊断表，或至少 2 个不同的手术操作在本组手术操作表 1），且没有手术操作属于手术",
            "(some other diagnosis is in the group's list of other diagnoses or at least 2 different procedures are "
            "in the group's list of procedures 1) and no procedure is an operation",
        ),
        ("!(icu | bilateral)", "split", "不符合（有重症监护，或双侧）", "not (with intensive care or bilateral)"),
        (
            "age<17 & age_days>=29 & weight<=1500 & los>3",
            "split",
            "年龄小于 17 岁，且日龄不小于 29 天，且出生体重不大于 1500 克，且住院天数大于 3 天",
            "age in years under 17 and age in days at least 29 and birth weight at most 1500 g and days of stay "
            "over 3",
        ),
        ("!(sex==male)", "rule", "性别不是男", "sex is not male"),
        ("!(age==5)", "rule", "年龄不等于 5 岁", "age in years is not 5"),
        ("cc | none | no_mcc", "split", "有 CC 且没有 MCC，或没有 MCC 和 CC，或没有 MCC",
         "with CC and without MCC or without MCC and CC or without MCC"),
    ],
)  # fmt: skip
def test_rules_in_words(text: str, place: str, zh: str, en: str) -> None:
    part = {"condition": "mdc", "rule": "adrg", "split": "drg"}[place]
    assert rule(parse(text, place), part) == (zh, en)


def test_the_command_tells_prints_and_writes(tmp_path: Path) -> None:
    by_codes = ("explain", "--dx", "I10.x00x002|E11.900|J96.000", "--sex", "男", "--age", 60)
    told = drgpay(*by_codes)
    assert told.exit_code == 0, told.output
    assert "FV21" in told.output
    assert BY_THE_RECORD.zh in told.output
    assert "KS11" in told.output
    assert not ATOMS.search(told.output)
    assert BY_THE_RECORD.en in drgpay(*by_codes, "--lang", "en").output
    stay = tmp_path / "stay.json"
    stay.write_text(json.dumps({"dx": "I10.x00x002|E11.900|J96.000", "sex": 1, "age": 60}), encoding="utf-8")
    plain = json.loads(drgpay(*by_codes, "--json").stdout)
    assert plain == json.loads(drgpay("explain", stay, "--json").stdout)
    assert plain["drg"] == "FV21"
    assert plain["note"] == {"zh": BY_THE_RECORD.zh, "en": BY_THE_RECORD.en}
    assert drgpay("explain", stay, "--html", tmp_path / "card.html").exit_code == 0
    assert "FV21" in (tmp_path / "card.html").read_text(encoding="utf-8")


def test_the_command_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    broken = tmp_path / "stay.json"
    broken.write_text("[1]", encoding="utf-8")
    dx = ("--dx", "I10.x00x002")
    for words in ((), ("--sex", "male"), (tmp_path,), (broken, *dx), ("--stay", "x"), (tmp_path, *dx)):
        assert drgpay("explain", *words).exit_code == Kind.USAGE, words
    assert drgpay("explain", *dx, "--html", tmp_path / "a.pdf").exit_code == Kind.USAGE
    for words in ((broken,), (tmp_path / "none.json",), (*dx, "--sex", "x")):
        failure = drgpay("explain", *words).exception
        assert isinstance(failure, DrgpayError)
        assert failure.kind == Kind.DATA


def test_the_card_of_a_run_goes_on_to_points_and_payment(small_run: Path, tmp_path: Path) -> None:
    stay = first_stay(small_run)
    done = drgpay("explain", small_run, "--stay", stay, "--html", tmp_path / "a.html")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    chinese, english = seen(page, "zh").text, seen(page, "en").text
    sections, sources = explain_stay(small_run, stay)
    for section in sections[2:]:
        assert section.zh in chinese
        assert section.en in english
        assert all(line.value in english for line in section.lines)
    assert all(parameter_words(name)[0] in chinese for name in sources)
    assert all(parameter_words(name)[1] in english for name in sources)
    assert stay in chinese
    assert tell_stay(small_run, stay).drg in chinese
    assert card_of_stay(small_run, stay) == (sections, sources, tell_stay(small_run, stay))


def test_a_stay_is_the_same_by_index_as_looked_through(small_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet as pq

    from drgpay.runs.pages import index
    from drgpay.tables import CASE_POINTS, GROUPED, STAY_PAYMENTS

    ids = pq.read_table(small_run / "tables" / "case_points", columns=["stay_id"]).column("stay_id").to_pylist()
    tables, some = (GROUPED, CASE_POINTS, STAY_PAYMENTS), [*ids[::97], ids[-1], "nowhere"]
    plain = [index.rows_of_stay(small_run, table, stay) for table in tables for stay in some]
    monkeypatch.setattr(index, "SMALL", 0)
    assert [index.rows_of_stay(small_run, table, stay) for table in tables for stay in some] == plain
    assert [len(rows) for rows in plain] == ([1] * (len(some) - 1) + [0]) * len(tables)
    whole = pq.read_table(small_run / "tables" / "case_points").to_pylist()
    assert plain[len(some)] == [row for row in whole if row["stay_id"] == some[0]]
