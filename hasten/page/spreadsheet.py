"""Answers with a table as CSV."""

from collections.abc import Iterable, Sequence

from starlette.responses import Response

from hasten.operate.tabular import csv_line
from hasten.page.rendering import PAGE_HEADERS


def as_csv(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    return csv_answer(name, map(csv_line, (columns, *rows)))


def csv_answer(name: str, lines: Iterable[str]) -> Response:
    headers = {**PAGE_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response("".join(lines), headers=headers, media_type="text/csv; charset=utf-8")
