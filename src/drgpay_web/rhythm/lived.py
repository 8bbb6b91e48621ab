"""What a demo's office has announced, analysed and met about."""

from __future__ import annotations

from datetime import date

from drgpay_web import clock, flow, jobs
from drgpay_web.people import Actor, Role, Unit, somebody
from drgpay_web.rhythm import actions
from drgpay_web.rhythm.analysis_reads import months_there

_TEXT = "一季度按病种付费运行平稳，请各机构核对本机构数据，如有意见于公示期内提出。"
_TABLE = "等级 | 病例数 | 次均费用（元）\n三级 | 4210 | 12680.35\n二级 | 2388 | 7021.60\n一级及以下 | 4 | 3810.00"


def live(area: str) -> None:
    """Announcements, analyses and meetings in every state; where there are some, nothing."""
    if flow.Case.objects.filter(machine="meeting", area=area).exists():
        return
    top = Unit.objects.get(area=area, kind=Unit.AREA)
    b1, b2 = (somebody(role, top) for role in (Role.B1, Role.B2))
    houses = list(Unit.objects.filter(area=area, kind=Unit.INSTITUTION).order_by("code")[:2])
    if b1 and b2 and houses:
        _announce(b1, b2, houses)
        _analyse(b1, b2, houses)
        _meet(b1, b2, houses)


def _announce(b1: Actor, b2: Actor, houses: list[Unit]) -> None:
    def draft(subject: str, kind: str = "notice", audience: str = "hospitals", table: str = "") -> flow.Case:
        return actions.draft(b1, kind=kind, subject=subject, audience=audience, text=_TEXT, table=table)

    with clock.moved_to(date(2024, 3, 25)):
        corrected = draft("2024年一季度运行情况通报", "result", "public", _TABLE)
        withdrawn = draft("清单报送时限调整")
        for one in (corrected, withdrawn):
            flow.do_now(b1, one, "check")
            flow.do_now(b2, one, "publish", until=date(2024, 4, 12))
        flow.do_now(b2, withdrawn, "withdraw", why="与上级通知不一致")
        said = {"subject": corrected.subject, "text": _TEXT, "table": _TABLE.replace("12680.35", "12650.35")}
        flow.do_now(b1, corrected, "correct", why="三级医院次均费用有误", **said)
        flow.do_now(b2, corrected, "publish_correction")
    with clock.moved_to(date(2024, 4, 3)):
        published = draft("2024年二季度费用审核重点", "guide")
        flow.do_now(b1, published, "check")
        flow.do_now(b2, published, "publish")
        for house in houses[:1]:
            reader = somebody(Role.H1, house)
            if reader:
                from drgpay_web.rhythm.announcement_reads import version_seen

                actions.read(reader, version_seen(reader, published.pk))
        flow.do_now(b1, draft("医疗机构考核结果公示", "publicity", "public"), "check")
        draft("按病种付费政策问答", "guide", "public")


def _analyse(b1: Actor, b2: Actor, houses: list[Unit]) -> None:
    """The analyses of the months that are settled: the latest waits to be sent, the others were."""
    months = [month for month in months_there(b1.area) if month.startswith("2024")]
    for number, month in enumerate(months):
        with clock.moved_to(date(2024, 4, 2)):
            case = actions.analyse(b1, period=month)
            jobs.do_here(jobs.Job.objects.get(pk=case.data["job"]))
            if number or len(months) == 1:
                flow.do_now(b2, case, "send")
                reader = somebody(Role.H1, houses[0])
                if reader:
                    case.refresh_from_db()
                    actions.read_analysis(reader, case, case.data["sent"])


def _meet(b1: Actor, b2: Actor, houses: list[Unit]) -> None:
    codes = [house.code for house in houses]

    def plan(kind: str, subject: str, period: str, day: date) -> flow.Case:
        return actions.plan_meeting(
            b1, kind=kind, subject=subject, period=period, day=day, place="医保局三楼会议室",
            agenda="运行情况、问题与整改", houses=codes,
        )  # fmt: skip

    def hold(case: flow.Case, day: date, number: str) -> None:
        flow.do_now(b1, case, "invite")
        flow.do_now(b1, case, "hold", held_on=day, present="医保经办、基金财务、各机构医保办")
        flow.do_now(
            b1, case, "minute", number=number, text="一、通报运行情况。\n二、逐院分析费用偏离。\n三、明确整改事项。"
        )

    with clock.moved_to(date(2024, 2, 27)):
        joint = plan("joint", "2024年度医保支付联席会议", "2024", date(2024, 2, 27))
        hold(joint, date(2024, 2, 27), "联席〔2024〕1号")
        flow.do_now(b2, joint, "approve")
    with clock.moved_to(date(2024, 3, 8)):
        february = plan("analysis", "2024年2月运行分析会", "2024-02", date(2024, 3, 8))
        hold(february, date(2024, 3, 8), "运行〔2024〕2号")
        flow.do_now(b2, february, "approve")
    with clock.moved_to(date(2024, 4, 8)):
        owner = somebody(Role.H1, houses[0])
        for task, person, day in (
            ("报送平均住院日分析", owner, date(2024, 4, 12)),
            ("核对预付拨款", b2, date(2024, 4, 19)),
        ):
            if person:
                flow.do_now(b1, february, "follow_up", task=task, owner=[person.person.pk], day=day)
        march = plan("analysis", "2024年3月运行分析会", "2024-03", date(2024, 4, 15))
        flow.do_now(b1, march, "invite")
        plan("mid_year", "2024年中协商会", "2024-06", date(2024, 6, 20))
