"""Tickets out of another hotline's table: a row is taken as a whole or refused with a reason."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tickets.fields import CHOICES, fields_given
from tickets.matters import MatterScheme
from tickets.model import CallerKind, ServiceClass, Source, State, Urgency
from tickets.numbers import SHANGHAI, provisional_number
from tickets.opening import TicketDraft
from tickets.refused import MoveRefused

HOTLINE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", re.ASCII)
TELEPHONE = re.compile(r"\+?[0-9]{3,20}", re.ASCII)
BETWEEN = re.compile(r"[\s()（）-]+")
TIMES = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M",
    "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M", "%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日",
)  # fmt: skip
# Our name of a column -> what other hotlines call it.
COLUMNS: dict[str, tuple[str, ...]] = {
    "foreign_number": ("工单编号", "工单号", "编号", "受理编号"),
    "opened_at": ("受理时间", "来电时间", "登记时间", "创建时间"),
    "caller": ("联系电话", "来电号码", "电话", "手机号"),
    "caller_name": ("诉求人", "诉求人姓名", "姓名", "来电人"),
    "caller_sex": ("性别",),
    "caller_age_band": ("年龄段",),
    "title": ("标题", "诉求标题", "工单标题"),
    "request": ("诉求内容", "内容", "反映内容", "事项内容"),
    "service_class": ("诉求类型", "类型", "工单类型"),
    "matter": ("事项", "事项分类", "问题分类"),
    "urgency": ("紧急程度",),
    "place": ("地址", "诉求地点", "事发地点"),
    "area": ("区域", "所属区域", "街道乡镇"),
}
NEEDED = ("foreign_number", "opened_at", "request")
WORDS: dict[str, dict[str, str]] = {
    "caller_sex": {"女": "female", "男": "male"},
    "urgency": {"一般": "normal", "普通": "normal", "紧急": "urgent", "特急": "emergency"},
    "service_class": {
        "投诉": "complaint", "举报": "complaint", "建议": "complaint", "意见": "complaint",
        "求助": "hardship", "咨询": "information", "市场服务": "market",
    },
}  # fmt: skip


class TableRefused(ValueError):
    """The table as a whole cannot be read: its columns are not known."""


class RowRefused(ValueError):
    """One row is not taken; `column` as the table calls it."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Columns:
    """at: our name -> place in the row. heads: our name -> the table's own. unknown: left out."""

    at: Mapping[str, int]
    heads: Mapping[str, str]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a row may name. areas: name or code -> code."""

    matters: MatterScheme
    areas: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ImportedTicket:
    foreign_number: str
    draft: TicketDraft
    given: Mapping[str, Any]


def columns_of(header: Sequence[str]) -> Columns:
    """Raises TableRefused: a needed column is missing, or one is there twice."""
    names = {alias: name for name, aliases in COLUMNS.items() for alias in (name, *aliases)}
    at: dict[str, int] = {}
    for place, head in enumerate(header):
        name = names.get(head.strip())
        if name in at:
            raise TableRefused(f"columns {header[at[name]]} and {head} are both {name}: leave one")
        if name:
            at[name] = place
    missing = [f"{name} ({', '.join(COLUMNS[name])})" for name in NEEDED if name not in at]
    if missing:
        raise TableRefused(f"no column {'; '.join(missing)}: name it so in the first row")
    unknown = tuple(head for head in header if head.strip() and head.strip() not in names)
    return Columns(at, {name: header[place].strip() for name, place in at.items()}, unknown)


def imported_ticket(
    cells: Sequence[str], columns: Columns, hotline: str, catalogue: Catalogue, now: datetime
) -> ImportedTicket:
    """Raises RowRefused: with the first column that cannot stand."""
    row = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.at.items()}
    try:
        return _ticket(row, hotline, catalogue, now)
    except RowRefused as refused:
        head = columns.heads.get(refused.column, refused.column)
        raise RowRefused(head, refused.reason) from None


def _ticket(
    row: Mapping[str, str], hotline: str, catalogue: Catalogue, now: datetime
) -> ImportedTicket:
    for name in NEEDED:
        if not row[name]:
            raise RowRefused(name, "is empty")
    foreign = row["foreign_number"]
    if len(foreign) > 100 or not foreign.isprintable():
        raise RowRefused("foreign_number", "is longer than 100 characters, or holds no plain text")
    service_class = _choice(row, "service_class", frozenset(ServiceClass))
    given = _given(row, catalogue)
    caller = _caller(row.get("caller", ""))
    given["caller_kind"] = (CallerKind.PERSON if caller else CallerKind.WITHHELD).value
    matter = catalogue.matters.find(given["matter"]) if given.get("matter") else None
    draft = TicketDraft(
        provisional_number=provisional_number(f"{hotline}:{foreign}"),
        call_id=None,
        source=Source.IMPORT,
        service_class=ServiceClass(
            service_class or (matter and matter.service_class) or ServiceClass.UNCLASSIFIED
        ),
        caller=caller,
        state=State.NEW,
        opened_at=_opened_at(row["opened_at"], now),
        release_ms=None,
    )
    return ImportedTicket(foreign, draft, given)


def _given(row: Mapping[str, str], catalogue: Catalogue) -> dict[str, Any]:
    given: dict[str, Any] = {
        "urgency": _choice(row, "urgency", frozenset(Urgency)) or Urgency.NORMAL.value,
        "caller_sex": _choice(row, "caller_sex", CHOICES["caller_sex"]),
        "caller_age_band": _choice(row, "caller_age_band", CHOICES["caller_age_band"]),
    }
    if text := row.get("matter"):
        matter = catalogue.matters.find(text)
        if matter is None:
            raise RowRefused("matter", f"{text} is no matter of {catalogue.matters.version}")
        given |= {"matter": matter.code, "matter_version": catalogue.matters.version}
    if text := row.get("area"):
        if text not in catalogue.areas:
            raise RowRefused("area", f"{text} is no area of this city")
        given["area"] = catalogue.areas[text]
    for name in ("caller_name", "title", "request", "place"):
        given[name] = row.get(name) or None
        try:
            fields_given("edit", {name: given[name]})
        except MoveRefused as refused:
            raise RowRefused(name, str(refused)) from None
    return {name: value for name, value in given.items() if value is not None}


def _choice(row: Mapping[str, str], name: str, allowed: Collection[str]) -> str | None:
    text = row.get(name, "")
    value = WORDS.get(name, {}).get(text, text)
    if value and value not in allowed:
        words = [*sorted(str(each) for each in allowed), *WORDS.get(name, {})]
        raise RowRefused(name, f"{text} is none of {', '.join(words)}")
    return value or None


def _caller(text: str) -> str | None:
    number = BETWEEN.sub("", text)
    if number and not TELEPHONE.fullmatch(number):
        raise RowRefused("caller", f"{text[:40]} is no telephone number")
    return number or None


def _opened_at(text: str, now: datetime) -> datetime:
    """Of Asia/Shanghai, unless it says its zone."""
    at = _read_time(text)
    if at is None:
        raise RowRefused("opened_at", f"{text[:40]} is no time: write it like 2026-11-23 09:05")
    if at > now:
        raise RowRefused("opened_at", f"{text} has not come yet")
    if at.year < 2000:
        raise RowRefused("opened_at", f"{text} is too long ago")
    return at


def _read_time(text: str) -> datetime | None:
    for form in TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=SHANGHAI)
        except ValueError:
            continue
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)
