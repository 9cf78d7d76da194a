"""Lists the routes of the pages, relative to /api/ui."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from hasten.api.caller import Role
from hasten.page.ahead import cancel
from hasten.page.assets import asset
from hasten.page.changes import changes_csv, changes_page, changes_part
from hasten.page.entrance import enter
from hasten.page.held import held_decide, held_page, held_part, held_review
from hasten.page.now import now_page, now_part, start_now, stop_now
from hasten.page.person import names_part, person_page, person_part, search, search_page
from hasten.page.provision import provision
from hasten.page.report import report_csv, report_page
from hasten.page.sign_out import sign_out
from hasten.page.speed import speed_page
from hasten.page.view import View, endpoint
from hasten.page.visitor import Admit

READS: Sequence[tuple[str, View]] = (
    ("/", now_page),
    ("/now", now_part),
    ("/person", search_page),
    ("/person/{user}", person_page),
    ("/person/{user}/now", person_part),
    ("/names", names_part),
    ("/held", held_page),
    ("/held/now", held_part),
    ("/changes", changes_page),
    ("/changes/now", changes_part),
    ("/changes.csv", changes_csv),
    ("/speed", speed_page),
    ("/report", report_page),
    ("/report.csv", report_csv),
)
READER_FORMS: Sequence[tuple[str, View]] = (("/person", search), ("/signout", sign_out))
"""Forms that change nothing in Hasten."""

WRITES: Sequence[tuple[str, View]] = (
    ("/held/review", held_review),
    ("/held/decide", held_decide),
    ("/stop", stop_now),
    ("/start", start_now),
    ("/cancel", cancel),
    ("/provision", provision),
)


def routes(admit: Admit = enter) -> Sequence[BaseRoute]:
    def route(path: str, view: View, role: Role, method: str) -> Route:
        return Route(path, endpoint(view, role, admit), methods=[method])

    return [
        Route("/assets/{name}", asset),
        *(route(path, view, Role.READ, "GET") for path, view in READS),
        *(route(path, view, Role.READ, "POST") for path, view in READER_FORMS),
        *(route(path, view, Role.OPERATE, "POST") for path, view in WRITES),
    ]
