"""What Azure Functions loads: registers the blueprints, nothing else. No setting is read here, so
that a wrong one hides no function (handlers/opening.py)."""

import azure.functions as func

from handlers import (
    api,
    graph_lifecycle,
    graph_notifications,
    page,
    queues,
    schedules,
)

app = func.FunctionApp()
app.register_functions(graph_notifications.blueprint)
app.register_functions(graph_lifecycle.blueprint)
app.register_functions(queues.blueprint)
app.register_functions(schedules.blueprint)
app.register_functions(api.blueprint)
app.register_functions(page.blueprint)
