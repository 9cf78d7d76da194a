"""Turns onboarding events into intents."""
