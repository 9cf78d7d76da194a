"""Hypothesis tries the same examples on every run: a red test is red for everyone."""

from hypothesis import settings

settings.register_profile("unit", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("unit")
