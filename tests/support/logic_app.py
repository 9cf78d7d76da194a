"""Runs a workflow definition of Azure Logic Apps, as far as Hasten's uses the language: the actions
Compose and Http, one after the other, and a few functions in expressions.

Documented (Azure Logic Apps, "Workflow Definition Language" and its functions): what each function
returns, and that a text which begins with `@` is one expression. Unconfirmed: how Azure runs it;
nothing here was compared with the service.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SIGN_INS = frozenset({"ManagedServiceIdentity", "ActiveDirectoryOAuth"})
TOKEN = re.compile(r"'(?:[^']|'')*'|\?\[|[A-Za-z_]\w*|[\[\](),]")


@dataclass(frozen=True)
class Sent:
    """A request that the workflow makes."""

    method: str
    uri: str
    headers: Mapping[str, str]
    audience: str
    """Of the token with which it signs in."""

    body: Any


@dataclass
class LogicApp:
    definition: Mapping[str, Any]
    parameters: Mapping[str, str]
    body: Any = None
    outputs: dict[str, Any] = field(default_factory=dict)

    def run(self, body: Any) -> list[Sent]:
        """Returns the requests that the workflow makes when its trigger gets the body."""
        self.body, self.outputs, sent = body, {}, []
        done: set[str] = set()
        waiting = dict(self.definition["actions"])
        while waiting:
            name = next(n for n, action in waiting.items() if set(action["runAfter"]) <= done)
            action = waiting.pop(name)
            done.add(name)
            inputs = self._evaluated(action["inputs"])
            if action["type"] == "Compose":
                self.outputs[name] = inputs
            else:
                assert action["type"] == "Http"
                assert inputs["authentication"]["type"] in SIGN_INS
                audience = inputs["authentication"]["audience"]
                headers = inputs["headers"]
                sent.append(
                    Sent(inputs["method"], inputs["uri"], headers, audience, inputs["body"])
                )
        return sent

    def _evaluated(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._evaluated(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._evaluated(inner) for inner in value]
        if isinstance(value, str) and value.startswith("@"):
            tokens = iter(TOKEN.findall(value[1:]))
            return self._expression(next(tokens), _Peekable(tokens))
        return value

    def _expression(self, token: str, rest: "_Peekable") -> Any:
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        assert rest.take() == "(", token
        arguments = []
        while rest.peek() != ")":
            arguments.append(self._expression(rest.take(), rest))
            if rest.peek() == ",":
                rest.take()
        rest.take()
        value = self._functions[token](*arguments)
        while rest.peek() == "?[":
            rest.take()
            key = self._expression(rest.take(), rest)
            assert rest.take() == "]"
            value = None if value is None else value.get(key)
        return value

    @property
    def _functions(self) -> Mapping[str, Callable[..., Any]]:
        return {
            "concat": lambda *texts: "".join("" if text is None else str(text) for text in texts),
            "empty": lambda value: not value,
            "if": lambda condition, then, otherwise: then if condition else otherwise,
            "outputs": self.outputs.__getitem__,
            "parameters": self.parameters.__getitem__,
            "setProperty": lambda value, key, new: {**value, key: new},
            "triggerBody": lambda: self.body,
        }


class _Peekable:
    def __init__(self, tokens: Iterator[str]) -> None:
        self._tokens = [*tokens]

    def peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def take(self) -> str:
        return self._tokens.pop(0)
