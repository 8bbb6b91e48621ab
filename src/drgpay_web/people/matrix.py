"""Which role may do what: ``matrix.yaml``, printed in docs/office-matrix.md.

A role reaches as far as the matrix says: ``area``, ``institution``, ``department`` or ``doctor`` is the unit of that
kind that the person's own unit is in, with all below it; ``assigned`` is what was given to him by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

from drgpay_web.ui import w
from drgpay_web.ui.parts import parsed

_MATRIX = files("drgpay_web") / "people" / "matrix.yaml"
Reach = Literal["area", "institution", "department", "doctor", "assigned"]


class Role(StrEnum):
    """Roles: of the bureau, of a hospital, of the system (三员分立)."""

    B1 = "B1"
    B2 = "B2"
    B3 = "B3"
    B4 = "B4"
    B5 = "B5"
    B6 = "B6"
    H1 = "H1"
    H2 = "H2"
    H3 = "H3"
    H4 = "H4"
    H5 = "H5"
    H6 = "H6"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    SYSTEM = "SYS"
    """deadlines and jobs; no person has it"""

    @property
    def side(self) -> str:
        """``bureau``, ``hospital`` or ``system``."""
        return {"B": "bureau", "H": "hospital", "S": "system"}[self.value[0]]

    @property
    def unit_kind(self) -> str:
        """The kind of unit in which a person has this role."""
        if self.side != "hospital":
            return "area"
        return {"H3": "department", "H4": "doctor"}.get(self.value, "institution")

    @property
    def second_factor(self) -> bool:
        """Whether a password alone is not enough: for bureau and system roles."""
        return self.side != "hospital"


GIVEN = tuple(role for role in Role if role is not Role.SYSTEM)
"""The roles people can have."""


def role_words(role: Role, lang: str) -> str:
    """The role's name."""
    return w(f"people.role_{role}", lang)


class Act(StrEnum):
    """Everything somebody may or may not do: ``room.verb``. What each is and who may is in ``matrix.yaml``."""

    WORK_SEE = "work.see"
    NOTICE_SEE = "notice.see"
    NOTICE_SEND = "notice.send"
    SEARCH_USE = "search.use"
    GLOSSARY_SEE = "glossary.see"
    DOWNLOAD_SEE = "download.see"
    WHY_SEE = "why.see"
    CASE_SEE = "case.see"
    CASE_COMMENT = "case.comment"
    CASE_ATTACH = "case.attach"
    CASE_HAND_OVER = "case.hand_over"
    CASE_ASSIGN = "case.assign"
    DEPUTY_NAME = "deputy.name"
    JOB_SEE = "job.see"
    JOB_CANCEL = "job.cancel"
    CALENDAR_SEE = "calendar.see"
    CONTACT_SEE = "contact.see"
    CONTACT_EDIT = "contact.edit"
    CALENDAR_EDIT = "calendar.edit"
    SUBMISSION_SEE = "submission.see"
    SUBMISSION_UPLOAD = "submission.upload"
    SUBMISSION_HAND_IN = "submission.hand_in"
    SUBMISSION_ACCEPT = "submission.accept"
    SUBMISSION_RETURN = "submission.return"
    REGISTER_SEE = "register.see"
    REGISTER_WRITE = "register.write"
    RUN_SEE = "run.see"
    RUN_ORDER = "run.order"
    RUN_CANCEL = "run.cancel"
    PERIOD_SEE = "period.see"
    PERIOD_PUBLISH = "period.publish"
    PERIOD_APPROVE = "period.approve"
    PERIOD_POST = "period.post"
    PERIOD_SEAL = "period.seal"
    PERIOD_STORY = "period.story"
    REOPENING_SEE = "reopening.see"
    REOPENING_ASK = "reopening.ask"
    REOPENING_APPROVE = "reopening.approve"
    STATEMENT_SEE = "statement.see"
    STATEMENT_CONFIRM = "statement.confirm"
    STATEMENT_COSIGN = "statement.cosign"
    STATEMENT_DISPUTE = "statement.dispute"
    STATEMENT_ANSWER = "statement.answer"
    STATEMENT_APPROVE_ANSWER = "statement.approve_answer"
    SUSPICION_SEE = "suspicion.see"
    SUSPICION_LEADS = "suspicion.leads"
    SUSPICION_LOOK = "suspicion.look"
    SUSPICION_WORK = "suspicion.work"
    SUSPICION_REVIEW = "suspicion.review"
    SUSPICION_ANSWER = "suspicion.answer"
    SUSPICION_APPEAL = "suspicion.appeal"
    SUSPICION_DECIDE = "suspicion.decide"
    SUSPICION_APPROVE = "suspicion.approve"
    SUSPICION_PUBLISH = "suspicion.publish"
    ALERT_SEE = "alert.see"
    ALERT_ANSWER = "alert.answer"
    ALERT_VERIFY = "alert.verify"
    BUDGET_SEE = "budget.see"
    BUDGET_DRAFT = "budget.draft"
    BUDGET_PROPOSE = "budget.propose"
    BUDGET_SIGN = "budget.sign"
    BUDGET_ANSWER = "budget.answer"
    BUDGET_ADOPT = "budget.adopt"
    PREPAYMENT_APPROVE = "prepayment.approve"
    PREPAYMENT_POST = "prepayment.post"
    FUND_SEE = "fund.see"
    ANNOUNCEMENT_READ = "announcement.read"
    ANNOUNCEMENT_SEE = "announcement.see"
    ANNOUNCEMENT_DRAFT = "announcement.draft"
    ANNOUNCEMENT_PUBLISH = "announcement.publish"
    MEETING_SEE = "meeting.see"
    MEETING_READ = "meeting.read"
    MEETING_HOLD = "meeting.hold"
    MEETING_APPROVE = "meeting.approve"
    FOLLOW_UP_SEE = "follow_up.see"
    FOLLOW_UP_DO = "follow_up.do"
    ANALYSIS_SEE = "analysis.see"
    ANALYSIS_READ = "analysis.read"
    ANALYSIS_MAKE = "analysis.make"
    ANALYSIS_SEND = "analysis.send"
    BOARD_AREA = "board.area"
    BOARD_INSTITUTION = "board.institution"
    BOARD_DEPARTMENT = "board.department"
    BOARD_PEERS = "board.peers"
    BOARD_POOLS = "board.pools"
    STAY_SEE = "stay.see"
    STAY_PERSONS = "stay.persons"
    EXPORT_TABLE = "export.table"
    EXPORT_PERSONS = "export.persons"
    EXPORT_FIND = "export.find"
    TEXT_SEE = "text.see"
    TEXT_CHANGE = "text.change"
    REVIEW_SEE = "review.see"
    REVIEW_DRAFT = "review.draft"
    REVIEW_CHECK = "review.check"
    REVIEW_ASSIGN = "review.assign"
    REVIEW_OPINE = "review.opine"
    REVIEW_DECIDE = "review.decide"
    REVIEW_APPEAL = "review.appeal"
    REVIEW_RULE = "review.rule"
    RECONCILE_SEE = "reconcile.see"
    RECONCILE_UPLOAD = "reconcile.upload"
    RECONCILE_ASK = "reconcile.ask"
    RECONCILE_ANSWER = "reconcile.answer"
    EVALUATION_SEE = "evaluation.see"
    EVALUATION_OPEN = "evaluation.open"
    EVALUATION_CARD = "evaluation.card"
    EVALUATION_NAME = "evaluation.name"
    EVALUATION_REPORT = "evaluation.report"
    EVALUATION_CHECK = "evaluation.check"
    EVALUATION_OBJECT = "evaluation.object"
    EVALUATION_ANSWER = "evaluation.answer"
    EVALUATION_APPROVE = "evaluation.approve"
    WARD_SEE = "ward.see"
    DOCTOR_SEE = "doctor.see"
    IN_HOUSE_SEE = "in_house.see"
    IN_HOUSE_UPLOAD = "in_house.upload"
    CODING_SEARCH = "coding.search"
    CODING_SEE = "coding.see"
    CODING_SUGGEST = "coding.suggest"
    CODING_DECIDE = "coding.decide"
    PLAN_SEE = "plan.see"
    PLAN_DRAFT = "plan.draft"
    PLAN_ADOPT = "plan.adopt"
    QUARTER_SEE = "quarter.see"
    QUARTER_ORDER = "quarter.order"
    QUARTER_DEPARTMENT = "quarter.department"
    QUARTER_OBJECT = "quarter.object"
    SLIP_OWN = "slip.own"
    SLIP_SEE = "slip.see"
    SLIP_ALL = "slip.all"
    POLICY_SEE = "policy.see"
    POLICY_CASE = "policy.case"
    POLICY_DRAFT = "policy.draft"
    POLICY_ADOPT = "policy.adopt"
    POLICY_WHATIF = "policy.whatif"
    ACCOUNT_SEE = "account.see"
    ACCOUNT_CREATE = "account.create"
    ACCOUNT_ROLE = "account.role"
    ACCOUNT_RESET = "account.reset"
    ACCOUNT_LOCK = "account.lock"
    AUDIT_SEARCH = "audit.search"
    AUDIT_CHECK = "audit.check"
    SYSTEM_SEE = "system.see"
    TOKEN_SEE = "token.see"
    TOKEN_CREATE = "token.create"
    TOKEN_REVOKE = "token.revoke"


@dataclass(frozen=True)
class Permission:
    """A line of the matrix: its words, how far each role reaches, whether a reason is asked and a look recorded."""

    act: Act
    zh: str
    en: str
    roles: Mapping[Role, Reach]
    reason: bool
    look: bool

    def word(self, lang: str) -> str:
        return self.en if lang == "en" else self.zh


@cache
def acts() -> MappingProxyType[Act, Permission]:
    """The whole matrix, in the order of :class:`Act`. An act without a line, or a line without an act, raises."""
    raw: dict[str, dict[str, Any]] = parsed(_MATRIX.read_text("utf-8"))
    unknown = sorted(raw.keys() - set(Act))
    if unknown:
        raise KeyError(f"matrix.yaml: {unknown}")
    return MappingProxyType({act: _permission(act, raw[act]) for act in Act})


def _permission(act: Act, line: dict[str, Any]) -> Permission:
    said = line["roles"]
    roles: dict[Role, Reach] = (
        {role: _own(role) for role in GIVEN} if said == "everyone" else {Role(r): said[r] for r in said}
    )
    return Permission(act, line["zh"], line["en"], roles, line.get("reason", False), line.get("look", False))


def _own(role: Role) -> Reach:
    """The unit a role is held in."""
    kinds: dict[str, Reach] = {"H3": "department", "H4": "doctor"}
    return kinds.get(role.value, "institution" if role.side == "hospital" else "area")


def matrix_markdown() -> str:
    """docs/office-matrix.md: every act with the roles that may and how far."""
    lines = [
        "# 权限矩阵 · Who may do what",
        "",
        "由 `people/matrix.yaml` 生成。 Written from `people/matrix.yaml`.",
        "",
        "角色所及：统筹区、机构、科室、医生本人，或仅分派给本人的。理由：须填写；留痕：查看也记入审计。",
        "How far: the area, the institution, the department, the doctor, or what is assigned by name. "
        "Reason: one is asked; look: looks go to the audit.",
        "",
        "| 事项 act | " + " | ".join(role.value for role in GIVEN) + " | |",
        "| --- |" + " --- |" * (len(GIVEN) + 1),
    ]
    for permission in acts().values():
        marks = [_SHORT[permission.roles[role]] if role in permission.roles else "" for role in GIVEN]
        more = [word for word, said in (("理由 reason", permission.reason), ("留痕 look", permission.look)) if said]
        name = f"{permission.zh} {permission.en} `{permission.act}`"
        lines.append(f"| {name} | " + " | ".join(marks) + f" | {'；'.join(more)} |")
    lines += ["", "| 角色 role | | |", "| --- | --- | --- |"]
    for role in GIVEN:
        said = [f"{role_words(role, lang)}：{w(f'people.for_{role}', lang)}" for lang in ("zh", "en")]
        lines.append(f"| {role} | {said[0]} | {said[1].replace('：', ': ')} |")
    return "\n".join(lines) + "\n"


_SHORT: dict[Reach, str] = {
    "area": "区 area",
    "institution": "院 house",
    "department": "科 dept",
    "doctor": "本人 own",
    "assigned": "分派 given",
}
