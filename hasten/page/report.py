"""The view Report: how long access outlived the decision to take it, to print and as CSV."""

from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from hasten.api.app import context_of
from hasten.api.problems import ApiError
from hasten.operate.report import Report, report
from hasten.operate.report_file import EXPLAINED, SUMMARY_HEAD, as_csv, summary_cells
from hasten.page.rendering import page
from hasten.page.spreadsheet import csv_answer
from hasten.page.targets import chosen_target
from hasten.page.visitor import Visitor

DEFAULT_DAYS = 30
MAX_DAYS = 100
MAX_LISTED = 500
FIRST_YEAR, LAST_YEAR = 1970, 9998
"""Years of the days that the page takes: Hasten's history begins later, and a day may be added."""


async def report_page(request: Request, visitor: Visitor) -> Response:
    """Reads the history of the period only if a period is asked for."""
    first, last = _period(request)
    found = await _report(request, first, last) if request.query_params.get("from") else None
    return page(
        request,
        "report.html",
        visitor,
        first=first,
        last=last,
        target=request.query_params.get("target", ""),
        targets=sorted(context_of(request).targets),
        found=found,
        head=SUMMARY_HEAD,
        rows=[summary_cells(one) for one in found.summaries] if found else [],
        explained=EXPLAINED,
        most=MAX_LISTED,
        query=request.url.query,
    )


async def report_csv(request: Request, _visitor: Visitor) -> Response:
    first, last = _period(request)
    found = await _report(request, first, last)
    return csv_answer(f"time-to-revoke-{first}-{last}.csv", as_csv(found))


async def _report(request: Request, first: date, last: date) -> Report:
    context, name = context_of(request), request.query_params.get("target", "")
    names = [chosen_target(request, name).name] if name else [*context.targets]
    until = min(_midnight(last + timedelta(days=1)), context.now())
    return await report(context, targets=names, since=_midnight(first), until=until)


def _period(request: Request) -> tuple[date, date]:
    """Returns the first and the last day. Raises ApiError 400."""
    query, today = request.query_params, context_of(request).now().date()
    last = _day(query.get("to", ""), "to") or today
    first = _day(query.get("from", ""), "from") or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last or first > today:
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            "the fields `from` and `to` name no past period",
            "let the first day be before the last one, and not in the future",
        )
    if (last - first).days >= MAX_DAYS:
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            f"the period is longer than {MAX_DAYS} days",
            "make it shorter, or run python -m hasten report, which has no limit",
        )
    return first, last


def _day(given: str, name: str) -> date | None:
    if not given:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = date.min
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            f"the field `{name}` is no day from {FIRST_YEAR} to {LAST_YEAR}",
            "write it like 2026-11-30",
        )
    return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
