"""Texts of papers: changed in versions with a reason, marks checked, old papers keep theirs; and which file a serial
names."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from support.office_people import actor, browser, units
from support.office_settled import Settled
from support.taken import content, taken

KIND = "announcement.announcement"


@pytest.fixture
def place(office: Any) -> dict[str, Any]:
    found = units()
    return found | {role.lower(): actor(role, found["area"]) for role in ("B1", "B2", "B6", "S3")}


def texts_with(**parts: str) -> Any:
    from drgpay_web.papers import texts

    values = texts.defaults(KIND)
    return values | {"zh": values["zh"] | parts}


def paper(title: str = "公告一") -> Any:
    from drgpay.report.papers import Paper, Text

    return Paper("zh", "某市医保局", title, "2024-03", (), (Text("", ("正文",)),), (), "t")


def test_a_change_is_a_version_and_earlier_papers_keep_their_texts(place: Any) -> None:
    from drgpay_web import clock, trail
    from drgpay_web.papers import actions, texts

    before = clock.now() - timedelta(seconds=1)
    changed = texts_with(title="{unit}：{title}", opening="编号{number}。\n\n{unit}注意。",
                         signature="局｜签发：｜日期：")  # fmt: skip
    row = actions.change_texts(place["b2"], kind=KIND, values=changed, reason="统一格式")
    assert (row.number, row.reason) == (1, "统一格式")
    after = clock.now() + timedelta(seconds=1)
    new = texts.dressed(paper(), KIND, place["H1"], after, {"number": "GG-1"})
    assert new.title == f"{place['H1'].name}：公告一"
    assert new.opening == ("编号GG-1。", f"{place['H1'].name}注意。")
    assert (new.signatures[0].party, new.signatures[0].lines) == ("局", ("签发：", "日期："))
    old = texts.dressed(paper(), KIND, place["H1"], before, {"number": "GG-1"})
    assert (old.title, old.opening) == ("公告一", ())
    assert trail.Event.objects.filter(act="text.change", reason="统一格式").exists()


@pytest.mark.parametrize(
    ("parts", "key"),
    [({"opening": "{nobody}"}, "papers.unknown_place"), ({"closing": "开头 { 没有关"}, "papers.open_brace"),
     ({"title": " "}, "papers.no_title"), ({}, "papers.text_same")],
)  # fmt: skip
def test_what_does_not_fit_is_refused(place: Any, parts: dict[str, str], key: str) -> None:
    from drgpay_web.papers import actions
    from drgpay_web.papers.models import PaperText
    from drgpay_web.ui import Unfit

    with pytest.raises(Unfit) as found:
        actions.change_texts(place["b2"], kind=KIND, values=texts_with(**parts), reason="试")
    assert found.value.key == key
    with pytest.raises(Unfit, match="text_reason"):
        actions.change_texts(place["b2"], kind=KIND, values=texts_with(opening="好"), reason=" ")
    assert not PaperText.objects.exists()


def test_a_mark_reaches_no_attribute_of_anything() -> None:
    from drgpay_web.papers import texts

    said = {"title": "{title.__class__}", "opening": "{0}", "closing": "", "signature": ""}
    made = texts.filled(paper(), said, {})
    assert (made.title, made.opening) == ("公告一", ())


def test_the_page_previews_and_saves(place: Any) -> None:
    from drgpay_web.papers.models import PaperText

    page, address = browser(place["b2"]), f"/paper-texts/{KIND}"
    assert "公告" in page.get("/paper-texts").content.decode()
    form = {"zh.title": "{title}", "zh.opening": "各单位：{period}", "en.title": "{title}"}
    shown = page.post(address, form | {"preview": "1"}).content.decode()
    assert "各单位：2024-03" in shown
    assert not PaperText.objects.exists()
    wrong = page.post(address, form | {"zh.opening": "{谁}", "reason": "试"})
    assert wrong.status_code == 422
    assert "{谁}" in wrong.content.decode()
    assert page.post(address, form | {"reason": "开头称呼"}).status_code == 302
    assert "开头称呼" in page.get(address).content.decode()
    assert browser(place["b6"]).get(address).status_code == 200
    assert browser(place["b6"]).post(address, form | {"reason": "改"}).status_code == 403
    assert browser(place["b2"]).get("/paper-texts/slip.person").status_code == 404, "a hospital's own"


def test_a_hospital_changes_the_texts_of_its_own_papers_only(place: Any) -> None:
    from drgpay_web.papers import texts
    from drgpay_web.papers.models import PaperText

    h5 = actor("H5", place["H1"])
    page = browser(h5)
    assert page.get(f"/paper-texts/{KIND}").status_code == 404
    form = {"zh.title": "{title}", "zh.closing": "请核对。", "en.title": "{title}", "reason": "提示"}
    assert page.post("/paper-texts/slip.person", form).status_code == 302
    at = PaperText.objects.get().at
    kind = "slip.person"
    assert texts.dressed(paper(), kind, place["H1"], at, {}).closing == ("请核对。",)
    assert texts.dressed(paper(), kind, place["H2"], at, {}).closing == ()


def test_every_kind_has_words_and_its_default_texts_hold(office: Any) -> None:
    from drgpay_web.papers import texts

    for kind in texts.kinds().values():
        texts.check(kind, texts.defaults(kind.name))
        for lang in ("zh", "en"):
            assert kind.words(lang)
            assert all(kind.mark_words(mark, lang) for mark in kind.marks)
    unknown = {name for name in texts._file() if name != "common"} - set(texts.kinds())
    assert not unknown


def test_a_serial_leads_to_who_took_the_file(settled: Settled) -> None:
    from drgpay_web.trail.models import Event

    client = settled.office.client("h1a")
    address = f"/take/{settled.month.pk}/statement/{settled.a}"
    answer, row = taken(client, address, kind="month", form="docx", lang="en")
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    finder = settled.office.client("b2")
    page = finder.get(f"/which-file?asked={row.serial}").content.decode()
    for said in (row.name, "名h1a", "月度例会", row.sha256):
        assert said in page
    assert row.name in finder.get(f"/which-file?asked={row.sha256[:16]}").content.decode()
    assert "没有这个编号" in finder.get("/which-file?asked=20240101-00000000").content.decode()
    assert settled.office.client("b1").get(f"/which-file?asked={row.serial}").status_code == 403
    assert Event.objects.filter(act="export.find", outcome="done").count() == 3
    assert Event.objects.get(act="paper.take").reason == "月度例会"


@pytest.mark.parametrize("form", ["pdf", "docx", "xlsx"])
def test_a_paper_carries_the_takers_name_and_serial(settled: Settled, form: str, tmp_path: Any) -> None:
    import shutil
    import subprocess
    import zipfile
    from io import BytesIO

    client = settled.office.client("h1a")
    address = f"/take/{settled.month.pk}/statement/{settled.a}"
    answer, row = taken(client, address, kind="month", form=form)
    file = b"".join(answer.streaming_content)
    assert file == b"".join(client.get(f"/downloads/{row.pk}").streaming_content)
    if form == "pdf":
        if not shutil.which("pdftotext"):
            pytest.skip("no pdftotext")
        (tmp_path / "a.pdf").write_bytes(file)
        done = subprocess.run(["pdftotext", "-raw", tmp_path / "a.pdf", "-"], capture_output=True, check=True)
        said = "".join(done.stdout.decode().split())
    else:
        with zipfile.ZipFile(BytesIO(file)) as packed:
            said = "".join(packed.read(name).decode(errors="ignore") for name in packed.namelist())
    for word in (row.serial, "名h1a", settled.month.digest[:16]):
        assert word in said
    assert content(client, address, kind="month", form=form) != file, "another copy, another serial"
