"""The webhook alone. Flex Consumption runs the functions with HTTP triggers in instances of their
own."""

import azure.functions as func

from handlers import graph_notifications

app = func.FunctionApp()
app.register_functions(graph_notifications.blueprint)
