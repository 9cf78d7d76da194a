"""Hypothesis tries the same examples on every run: a red test is red for everyone.
`--hypothesis-profile=few` tries a tenth of them."""

from hypothesis import settings

settings.register_profile("unit", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("few", derandomize=True, deadline=None, max_examples=10)
settings.load_profile("unit")
