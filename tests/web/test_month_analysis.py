"""The analysis of a month: its figures are the run's, every institution gets its own, it leads to meetings and talks,
and only those take it away who may."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from io import BytesIO
from typing import Any

import pytest

from support.office_people import actor, browser
from support.office_settled import Settled
from support.taken import content

DAY = date(2024, 4, 8)


class Place:
    """The people of an office in which a month is published."""

    def __init__(self, settled: Settled) -> None:
        from drgpay_web.people import Unit

        self.result, self.area = settled.month, settled.month.area
        self.top = Unit.objects.get(kind="area", area=self.area)
        self.houses = [Unit.objects.get(code=code, kind="institution") for code in (settled.a, settled.b)]
        self.b1, self.b2, self.b3 = (actor(role, self.top) for role in ("B1", "B2", "B3"))
        self.h1 = [actor("H1", house) for house in self.houses]

    def move(self, who: Any, case: Any, name: str, **values: Any) -> Any:
        from drgpay_web import flow

        return flow.do_now(who, case, name, **values)


@pytest.fixture
def desk(settled: Settled, monkeypatch: pytest.MonkeyPatch) -> Place:
    from drgpay_web import clock

    monkeypatch.setattr(clock, "today", lambda: DAY)
    return Place(settled)


def made(desk: Any, period: str = "2024-02") -> Any:
    """The analysis of a month, made by its job."""
    from drgpay_web.rhythm import actions

    return worked(actions.analyse(desk.b1, period=period))


def worked(case: Any) -> Any:
    """Its job is done."""
    from drgpay_web import jobs

    case.refresh_from_db()
    jobs.do_here(jobs.Job.objects.get(pk=case.data["job"]))
    case.refresh_from_db()
    return case


def fetched(who: Any, address: str, **form: str) -> bytes:
    """What somebody takes."""
    return content(browser(who), address, **form)


def shown(who: Any, case: Any) -> str:
    """What somebody reads of an analysis."""
    page = browser(who).get(f"/analyses/{case.pk}").content.decode()
    return page[page.index('<dl class="facts">') :]


def cells(file: bytes) -> list[Any]:
    from openpyxl import load_workbook

    return [cell.value for sheet in load_workbook(BytesIO(file)) for row in sheet.iter_rows() for cell in row]


def texts_in(file: bytes, start: str) -> str:
    """All that an Office file says, part by part."""
    with zipfile.ZipFile(BytesIO(file)) as packed:
        return "".join(packed.read(name).decode() for name in packed.namelist()
                       if name.startswith(start) and name.endswith(".xml"))  # fmt: skip


def test_the_analysis_of_a_month_in_every_format(desk: Place) -> None:
    from drgpay import runs
    from drgpay.units import show_fen
    from drgpay_web import store

    case, result = made(desk), desk.result
    assert case.state == "made"
    page = browser(desk.b1).get(f"/analyses/{case.pk}").content.decode()
    book = cells(fetched(desk.b1, f"/analyses/{case.pk}/take", form="xlsx"))
    word = texts_in(fetched(desk.b1, f"/analyses/{case.pk}/take", form="docx"), "word/")
    slides_file = fetched(desk.b1, f"/analyses/{case.pk}/take", form="pptx")
    slides = texts_in(slides_file, "ppt/slides/")
    assert fetched(desk.b1, f"/analyses/{case.pk}/take", form="pdf")[:4] == b"%PDF"
    for title in ("本月基金与点值", "主要指标", "各机构排名", "高倍率、低倍率和费用异常病例"):
        assert all(title in said for said in (page, word, slides)), title
        assert title in book
    with zipfile.ZipFile(BytesIO(slides_file)) as packed:
        charts = [name for name in packed.namelist() if name.startswith("ppt/charts/chart")]
    assert len(charts) == 3, "the course of the point value, due by month, the largest institutions"
    view = runs.View("pools", scope=runs.Scope.everything())
    for row in runs.browse(store.folder(result), view).rows:
        if row["month"] == 2 and row["distributable"]:
            shown = show_fen(row["distributable"])
            assert all(shown in said for said in (page, word, slides))
            assert any(isinstance(c, int | float) and round(c * 100) == row["distributable"] for c in book)
    name = runs.names_of_run(store.folder(result))[desk.houses[0].code]
    for said in (result.title("zh"), result.digest[:16], name):
        assert said in page
        assert said in book
        assert said in word
    assert not [c for c in book if isinstance(c, str) and ("total_cost" in c or "_share" in c)]
    english = fetched(desk.b1, f"/analyses/{case.pk}/take", form="docx", lang="en")
    assert "Key figures" in texts_in(english, "word/")


def test_making_it_leaves_the_sums_that_boards_show_as_they_were(desk: Place) -> None:
    from drgpay import runs
    from drgpay_web import store
    from drgpay_web.rhythm import analysis

    def order() -> list[str]:
        found = runs.summarise([store.folder(desk.result)], by=(analysis.HOUSE,), measures=("due", "actual"),
                               scope=runs.Scope.everything())  # fmt: skip
        return [row[analysis.HOUSE] for row in found.rows]

    before = order()
    analysis.area_paper(desk.result, "zh")
    assert order() == before == sorted(before)


def test_every_institution_reads_its_own_and_the_bureau_sees_who_has(desk: Place) -> None:
    from drgpay_web import flow

    case = made(desk)
    own, other = desk.houses[0], desk.houses[1]
    hospital = browser(desk.h1[0])
    assert hospital.get(f"/analyses/{case.pk}").status_code == 404, "it was not sent"
    with pytest.raises(flow.Guarded):
        desk.move(actor("B2", desk.top, desk.b1.person.username), case, "send")
    case = desk.move(desk.b2, case, "send")
    assert "2024-02 月度运行分析已发送" in hospital.get("/notices").content.decode()
    page = hospital.get(f"/analyses/{case.pk}").content.decode()
    assert own.name in page
    assert other.name not in page
    assert other.code not in page
    assert "各机构排名" not in page
    assert hospital.get(f"/analyses/{case.pk}?unit={other.code}").status_code == 404
    for form in ("xlsx", "docx", "pptx"):
        with zipfile.ZipFile(BytesIO(fetched(desk.h1[0], f"/analyses/{case.pk}/take", form=form))) as packed:
            said = "".join(packed.read(name).decode(errors="ignore") for name in packed.namelist())
        assert other.name not in said
        assert other.code not in said
    assert browser(actor("H5", own)).get(f"/analyses/{case.pk}").status_code == 403
    receipts = browser(desk.b2).get(f"/cases/{case.pk}").content.decode()
    assert "2 家机构中 1 家已读" in receipts
    assert desk.h1[0].person.name in receipts


def test_few_peers_are_not_shown(desk: Place) -> None:
    """Two institutions: what the other one has could be worked out."""
    from drgpay_web.rhythm import analysis

    paper = analysis.house_paper(desk.result, desk.houses[0], "zh")
    for block in paper.blocks:
        if block.title == "与同级机构比较":
            assert all(line.values[2] is None and line.values[3] is None for line in block.rows)


def test_an_analysis_leads_to_its_meeting_and_to_talks(desk: Place) -> None:
    from drgpay_web import flow
    from drgpay_web.rhythm import analysis_moves

    case = desk.move(desk.b2, made(desk), "send")
    desk.move(desk.b1, case, "meet", day=date(2024, 4, 12), place="三楼", agenda="运行情况")
    (meeting,) = analysis_moves.meetings_of(case, "analysis")
    assert meeting.data["houses"] == sorted(house.code for house in desk.houses)
    with pytest.raises(flow.Guarded):
        desk.move(desk.b1, case, "meet", day=date(2024, 4, 12))
    wanted = analysis_moves.proposed(case)
    assert wanted, "the rule proposes somebody here"
    desk.move(desk.b1, case, "talk", day=date(2024, 6, 12))
    (talk,) = analysis_moves.meetings_of(case, "mid_year")
    assert talk.data["houses"] == sorted(wanted)
    page = browser(desk.b1).get("/rhythm?year=2024").content.decode()
    assert "月度运行分析 2024-02" in page


def test_a_later_version_leaves_what_was_sent_until_it_is_sent_itself(desk: Place) -> None:
    from drgpay_web.rhythm import analysis_moves

    case = desk.move(desk.b2, made(desk), "send")
    first = shown(desk.h1[0], case)
    case = desk.move(desk.b1, case, "again", why="数据更新")
    assert shown(desk.h1[0], case) == first
    case = worked(case)
    assert (case.state, case.data["version"], case.data["sent"]) == ("made", 2, 1)
    paper = analysis_moves.kept_paper(case, 2, case.unit, "zh")
    assert desk.result.title("zh") in dict(paper.facts).values()
    place = analysis_moves.place_of(case, case.data["job"]) / f"{case.unit_id}.zh.json"
    said = json.loads(place.read_text())
    place.write_text(json.dumps(said | {"title": "别的"}, ensure_ascii=False))
    assert browser(desk.b1).get(f"/analyses/{case.pk}").status_code == 422, "a file that was changed is not shown"
