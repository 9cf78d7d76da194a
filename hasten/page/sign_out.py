"""Signs a person out of the pages. The answer is a page with a link to Entra's own sign-out: the
policy of the pages lets no form lead to another host, not even by a redirect."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hasten.api.app import UI
from hasten.api.door import door_of
from hasten.page.rendering import page
from hasten.page.visitor import Visitor


async def sign_out(request: Request, _: Visitor) -> Response:
    door = door_of(request)
    metadata = await door.tokens.keys.metadata()
    query = urlencode({"post_logout_redirect_uri": f"{door.origin}{UI}/"})
    answer = page(request, "signed_out.html", None, entra=f"{metadata.sign_out}?{query}")
    door.sessions.remove(answer)
    return answer
