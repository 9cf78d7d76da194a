"""Emulates the Azure Functions host: it loads function_app.py unchanged and runs its triggers."""
