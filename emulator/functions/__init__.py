"""A local Azure Functions host: loads function_app.py as it is and runs its triggers."""
