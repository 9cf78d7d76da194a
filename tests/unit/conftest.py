"""Hypothesis tries the same examples on every run: a red test is red for everyone.
`--hypothesis-profile=thorough` tries ten times as many, `few` a fifth."""

from hypothesis import settings

for name, examples in {"unit": 50, "few": 10, "thorough": 500}.items():
    settings.register_profile(name, derandomize=True, deadline=None, max_examples=examples)
settings.load_profile("unit")
