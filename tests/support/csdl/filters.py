"""Reads a $filter and compares its properties and literals with a type."""

import re
from collections.abc import Iterator

from tests.support.csdl.model import Schema, TypeRef
from tests.support.csdl.values import PRIMITIVES

_TOKEN = re.compile(
    r"\s*(?P<token>'(?:[^']|'')*'|[(),]|[^\s(),']+)",
)
COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
TEXT_FUNCTIONS = frozenset({"startswith", "endswith", "contains"})


class FilterError(Exception):
    """The expression is not one of OData, or not one that this reads."""


def wrong_filter(schema: Schema, expression: str, type_name: str) -> Iterator[str]:
    try:
        reader = _Reader(schema, expression, type_name)
        reader.either()
        reader.end()
    except FilterError as error:
        yield f"$filter: {error}"


class _Reader:
    def __init__(self, schema: Schema, expression: str, type_name: str) -> None:
        self._schema = schema
        self._type = type_name
        self._tokens = _tokens(expression)

    def either(self) -> None:
        """Terms with `and` and `or` between them."""
        self._term()
        while self._next_is("and", "or"):
            self._take()
            self._term()

    def end(self) -> None:
        if self._tokens:
            raise FilterError(f"'{self._tokens[0]}' is one too many")

    def _term(self) -> None:
        token = self._take()
        if token == "not":
            self._term()
        elif token == "(":
            self.either()
            self._expect(")")
        elif token in TEXT_FUNCTIONS:
            self._expect("(")
            found = self._property(self._take())
            self._expect(",")
            self._literal(self._take(), found)
            self._expect(")")
        else:
            self._comparison(self._property(token))

    def _comparison(self, found: TypeRef) -> None:
        word = self._take()
        if word == "in":
            self._expect("(")
            self._literal(self._take(), found)
            while self._next_is(","):
                self._take()
                self._literal(self._take(), found)
            self._expect(")")
        elif word in COMPARISONS:
            self._literal(self._take(), found)
        else:
            raise FilterError(f"'{word}' is no comparison")

    def _property(self, path: str) -> TypeRef:
        return property_at(self._schema, self._type, path)

    def _literal(self, token: str, wanted: TypeRef) -> None:
        if token == "null":
            return
        if wanted.is_collection or wanted.name in self._schema.structures:
            raise FilterError(f"{token} is compared with {wanted}")
        if wanted.name in self._schema.enumerations:
            fits = token.strip("'") in self._schema.enumerations[wanted.name].members
        elif wanted.name == "Edm.String":
            fits = token.startswith("'")
        else:
            fits = PRIMITIVES[wanted.name](_bare(token))
        if not fits:
            raise FilterError(f"{token} is no {wanted}")

    def _next_is(self, *words: str) -> bool:
        return bool(self._tokens) and self._tokens[0] in words

    def _expect(self, word: str) -> None:
        found = self._take()
        if found != word:
            raise FilterError(f"'{found}' stands where '{word}' must")

    def _take(self) -> str:
        if not self._tokens:
            raise FilterError("it ends too early")
        return self._tokens.pop(0)


def property_at(schema: Schema, type_name: str, path: str) -> TypeRef:
    """The type of `name` or `name/name`. Raises FilterError."""
    wanted = TypeRef(type_name)
    for name in path.split("/"):
        known = wanted.name in schema.structures and not wanted.is_collection
        found = schema.property(wanted.name, name) if known else None
        if found is None:
            raise FilterError(f"{wanted} has no property '{name}'")
        wanted = found.type
    return wanted


def _tokens(expression: str) -> list[str]:
    tokens, at = list[str](), 0
    while expression[at:].strip():
        match = _TOKEN.match(expression, at)
        if match is None:
            raise FilterError(f"unreadable from {expression[at:]!r}")
        tokens.append(match["token"])
        at = match.end()
    return tokens


def _bare(token: str) -> object:
    """As JSON would have it."""
    if token in {"true", "false"}:
        return token == "true"
    return int(token) if re.fullmatch(r"-?\d+", token) else token
