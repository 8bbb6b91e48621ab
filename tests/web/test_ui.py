"""What every page is made of: words in both languages, the packages' files, headers, and no computing."""

from __future__ import annotations

import ast
import base64
import hashlib
import re
import string
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory

import drgpay_web
from drgpay.errors import DrgpayError, Kind
from drgpay_web.ui import failures, finder, safety, w
from drgpay_web.ui.values import printed, typed
from drgpay_web.ui.words import words
from support.office import Office

OFFICE = Path(drgpay_web.__file__).parent
PYTHON = sorted(p for p in OFFICE.rglob("*.py") if "migrations" not in p.parts)
TEMPLATES = sorted(OFFICE.rglob("templates/**/*.html"))
HAN = re.compile("[\u3400-\u9fff]")


def marks(text: str) -> set[str]:
    """The names a text is filled with; ``table_zh`` is the same as ``table`` in Chinese."""
    return {name.removesuffix("_zh") for _, name, _, _ in string.Formatter().parse(text) if name}


class TestWords:
    def test_each_is_there_in_both_languages_with_the_same_marks(self) -> None:
        for key, texts in words().items():
            assert sorted(texts) == ["en", "zh"], key
            assert "True" not in key, key  # an unquoted yes is no text in YAML
            assert "False" not in key, key
            assert all(isinstance(text, str) and text for text in texts.values()), key
            assert marks(texts["zh"]) == marks(texts["en"]), key
            assert not HAN.search(texts["en"].replace("中文", "")), key

    def test_every_key_that_is_named_is_there(self) -> None:
        tags = re.compile(r"""{% w ["']([\w.]+)["']|["']([a-z_]+\.[\w.]+)["']\s*as key""")
        calls = re.compile(r"""\bw\(\s*"([\w.]+)",""")
        for path in [*TEMPLATES, *PYTHON]:
            for found in (tags if path.suffix == ".html" else calls).finditer(path.read_text(encoding="utf-8")):
                assert found[1] in words(), f"{path.name}: {found[1]}"

    def test_no_text_is_in_a_template(self) -> None:
        for path in TEMPLATES:
            text = re.sub(r"{%.*?%}|{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            assert not re.search("[\u3400-\u9fff]", text), path.name

    def test_an_unknown_key_is_a_defect(self) -> None:
        with pytest.raises(KeyError):
            w("ui.no_such_text", "zh")


class TestFiles:
    def test_only_known_files_of_packages_are_served_and_they_are_those_known(self) -> None:
        kept = (OFFICE / "ui" / "packaged.sha256").read_text(encoding="ascii").split("\n")
        known = {name: said for said, name in (line.split("  ") for line in kept if line)}
        assert {name: finder.digest(name) for name in finder.PACKAGED} == known

    def test_nothing_else_is_found(self) -> None:
        found = finder.PackagedFinder()
        assert found.find("packaged/htmx.min.js")
        for name in ("packaged/../__init__.py", "packaged/bootstrap.css", "htmx.min.js", "packaged/htmx-4.min.js"):
            assert found.find(name) is None
            assert found.find(name, find_all=True) == []

    def test_our_own_script_is_small_and_evaluates_nothing(self) -> None:
        text = (OFFICE / "ui" / "static" / "ui" / "office.js").read_text(encoding="utf-8")
        assert len(text.splitlines()) < 1000
        assert not re.search(r"\beval\(|new Function|innerHTML|document\.write", text)

    def test_no_page_has_a_handler_a_style_or_an_address_of_elsewhere(self) -> None:
        for path in TEMPLATES:
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"\son[a-z]+=|\sstyle=|<style|javascript:|https?://|hx-on|hx-vals=.js", text), (
                path.name
            )

    def test_every_file_that_a_page_names_is_there(self) -> None:
        from django.contrib.staticfiles import finders

        named = {
            name for path in TEMPLATES
            for name in re.findall(r"{% static '([^']+)' %}", path.read_text(encoding="utf-8"))
        }  # fmt: skip
        assert len(named) > 5
        assert [name for name in sorted(named) if not finders.find(name)] == []

    def test_a_page_that_other_systems_open_needs_no_new_browser(self) -> None:
        page = (OFFICE / "api" / "templates" / "api" / "stay_page.html").read_text(encoding="utf-8")
        assert re.findall(r"{% static '([^']+)' %}", page) == ["ui/plain.css"]
        assert not re.search(r"<(script|style|dialog|details|svg|template)\b", page)
        style = (OFFICE / "ui" / "static" / "ui" / "plain.css").read_text(encoding="utf-8").partition("*/")[2]
        assert not re.search(r"var\(|--|grid|flex|gap|calc\(|clamp\(|@(import|layer|container|supports)", style)

    def test_every_form_that_is_sent_has_its_tokens(self) -> None:
        for path in TEMPLATES:
            text = path.read_text(encoding="utf-8")
            for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", text, flags=re.DOTALL):
                assert "{% form_tokens %}" in form, path.name


class TestHeaders:
    def test_a_page_loads_only_from_here_and_is_kept_nowhere(self, office: Office) -> None:
        answer = Client().get("/sign-in")
        policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
        assert policy == safety.POLICY
        assert policy["default-src"] == "'none'"
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Frame-Options"] == "DENY"

    def test_a_page_of_charts_lets_plotlys_styles_in_and_no_others(self) -> None:
        from django.http import HttpResponse

        answer = safety.SafetyHeaders(lambda request: safety.charts(HttpResponse("x")))(
            RequestFactory().get("/boards")
        )
        assert "script-src 'self';" in answer["Content-Security-Policy"]
        assert all(one in answer["Content-Security-Policy"] for one in safety.PLOTLY_STYLES)

    def test_the_hashes_are_those_of_plotlys_style_elements(self) -> None:
        script = finder.place("packaged/plotly.min.js").read_text(encoding="utf-8")
        texts = ["", *(found[1] for found in re.finditer(r"\.textContent='(\.maplibregl(?:[^'\\]|\\.)*)'", script))]
        plain = [text.replace('\\"', '"').replace("\\'", "'").replace("\\\\", "\\") for text in texts]
        hashed = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in plain]
        assert tuple(f"'sha256-{one}'" for one in hashed) == safety.PLOTLY_STYLES

    def test_health_says_up_and_no_more(self, office: Office) -> None:
        answer = Client().get("/health")
        assert (answer.status_code, answer.content) == (200, b"up\n")


class TestFailures:
    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            (Kind.USAGE, 400),
            (Kind.DATA, 422),
            (Kind.POLICY, 422),
            (Kind.SCHEME, 422),
            (Kind.BROKEN, 500),
            (Kind.ENGINE, 503),
        ],
    )
    def test_a_failure_of_core_is_said_with_its_place_and_its_fix(self, kind: Kind, status: int) -> None:
        request: Any = RequestFactory().get("/x")
        request.user, request.lang = None, "zh"
        error = DrgpayError(
            kind, zh="金额不对", en="wrong sum", fix_zh="改正后再传", fix_en="mend it", file="a.csv", row=7
        )
        answer = failures.answer(request, error, "zh")
        assert answer is not None
        assert answer.status_code == status
        page = answer.content.decode()
        assert "金额不对" in page
        assert "a.csv" in page
        assert "改正后再传" in page
        assert "wrong sum" not in page

    def test_a_defect_shows_a_number_and_nothing_of_the_inside(self) -> None:
        request: Any = RequestFactory().get("/x")
        request.user, request.lang = None, "zh"
        assert failures.answer(request, ZeroDivisionError("secret"), "zh") is None
        answer = failures.broken(request)
        assert answer.status_code == 500
        assert re.search("编号 [0-9a-f]{8}", answer.content.decode())

    def test_what_is_nowhere_is_answered_in_our_words(self, office: Office) -> None:
        assert "不在您的管理范围内" in office.client("h1a").get("/nowhere").content.decode()


class TestValues:
    @pytest.mark.parametrize(
        ("value", "kind", "zh", "en"),
        [
            (123456, "fen", "1,234.56", "1,234.56"),
            (1000000, "points", "100.0000", "100.0000"),
            (None, "fen", "", ""),
            (True, "flag", "是", "yes"),
            ("employee", "text", "职工", "employee"),
        ],
    )
    def test_as_people_read_them(self, value: Any, kind: str, zh: str, en: str) -> None:
        assert printed(value, kind, "zh") == zh
        assert printed(value, kind, "en") == en

    def test_as_people_type_them(self) -> None:
        assert typed("1234.5", "fen") == 123450
        assert typed("12", "int32") == 12
        with pytest.raises(DrgpayError):
            typed("zwölf", "fen")
        with pytest.raises(DrgpayError):
            typed("zwölf", "int32")


MONEY = re.compile(
    r"(^|_)(fen|yuan|amounts?|costs?|points?|paid|due|balance|fund|price|weight|coefficient|rate|share|sums?|budget|"
    r"payment|deposit|advance|debt|cmi)(_|$)"
)


def computed(source: str) -> list[str]:
    """Arithmetic on what bears a name of money or points: operators, ``sum``, ``round``, ``float``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("round", "float"):
            found.append(f"line {node.lineno}: {node.func.id}")
        sides: list[ast.AST] = []
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.BitOr | ast.BitAnd):
            sides = [node.left, node.right]
        elif isinstance(node, ast.AugAssign) and not isinstance(node.op, ast.BitOr | ast.BitAnd):
            sides = [node.target, node.value]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sum":
            sides = list(node.args)
        names = {
            name
            for side in sides
            for part in ast.walk(side)
            for name in (getattr(part, "id", None), getattr(part, "attr", None), getattr(part, "value", None))
            if isinstance(name, str)
        }
        if any(MONEY.search(name) for name in names):
            found.append(f"line {getattr(node, 'lineno', 0)}: {ast.unparse(node)}")
    return found


class TestNothingIsComputedHere:
    @pytest.mark.parametrize("path", PYTHON, ids=lambda p: str(p.relative_to(OFFICE)))
    def test_no_arithmetic_on_money_or_points(self, path: Path) -> None:
        assert computed(path.read_text(encoding="utf-8")) == []

    @pytest.mark.parametrize(
        "code",
        ["x = row.due - row.paid", "total += cost", "sum(r['amount'] for r in rows)", "x = points / 2", "round(a)"],
    )
    def test_the_check_sees_it(self, code: str) -> None:
        assert computed(code)

    def test_the_check_lets_other_things_pass(self) -> None:
        assert computed("n = number - 1\nday = first + timedelta(days=1)\nsums = a | b") == []


def test_sizes_of_files_are_said_without_a_word_of_english() -> None:
    from drgpay_web.ui.templatetags.office import size

    said = [size(number).replace("\xa0", " ") for number in (1, 22, 1_300_000)]
    assert said == ["1 B", "22 B", "1.2 MB"]
