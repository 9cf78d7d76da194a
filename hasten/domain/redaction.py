"""Takes personal data out of what Graph and apps write in free text, and bounds its length."""

import re

LONGEST = 800
"""Characters kept of an answer: enough for the codes, far below the size of a ledger row."""

ADDRESS = re.compile(r"[^\s\"'\\<>:,;]+@[^\s\"'\\<>:,;]+")
QUOTED = re.compile(r"'[^']*'")
NAMED = re.compile(
    r'(\\*"(?:reportableIdentifier|displayName|mailNickname|givenName|surname|userName|'
    r'oldValue|newValue|mail|externalId)\\*"\s*:\s*)\\*"(?:[^"\\]|\\+[^"\\])*\\*"',
    re.IGNORECASE,
)


def redacted(text: str | bytes) -> str:
    """`text` without addresses, quoted names and the values of naming attributes."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    plain = NAMED.sub(r"\1…", plain[: LONGEST * 20])
    plain = QUOTED.sub("'…'", ADDRESS.sub("…", plain))
    return plain if len(plain) <= LONGEST else plain[:LONGEST] + "…"
