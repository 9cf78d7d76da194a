"""HTTP triggers that answer with what they were given."""

import asyncio
import json
import logging

import azure.functions as func

app = func.FunctionApp()
logger = logging.getLogger("app")


@app.route(route="echo/{kind}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def echo(req: func.HttpRequest) -> func.HttpResponse:
    given = {
        "method": req.method,
        "kind": req.route_params["kind"],
        "params": dict(req.params),
        "header": req.headers.get("X-Given"),
        "body": req.get_body().decode(),
    }
    return func.HttpResponse(
        json.dumps(given),
        status_code=418,
        headers={"X-Answered": "yes", "Set-Cookie": "a=1; Path=/"},
        mimetype="application/json",
    )


@app.route(route="locked")
async def locked(req: func.HttpRequest) -> str:
    return f"opened by {req.method}"


@app.route(route="fails", auth_level=func.AuthLevel.ANONYMOUS)
async def fails(req: func.HttpRequest) -> str:
    raise ValueError(f"cannot {req.method}")


@app.route(route="slow", auth_level=func.AuthLevel.ANONYMOUS)
async def slow(req: func.HttpRequest) -> str:
    logger.info("slow begins")
    await asyncio.sleep(float(req.params["seconds"]))
    return "done"


@app.route(route="tree/{*path}", auth_level=func.AuthLevel.ANONYMOUS)
async def tree(req: func.HttpRequest) -> str:
    return str(req.route_params.get("path", ""))
