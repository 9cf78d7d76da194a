"""The least an app can be."""

import azure.functions as func

app = func.FunctionApp()


@app.route(auth_level=func.AuthLevel.ANONYMOUS)
def ping(req: func.HttpRequest) -> str:
    return f"pong {req.method}"
