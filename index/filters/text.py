"""Filters as text: ``year >= 2020 and tags in ('a', 'b') and not title ^= 'Draft'``.

filter     = both ("or" both)*
both       = one ("and" one)*
one        = "not" one | "(" filter ")" | "exists" "(" field ")" | near | field test
near       = "near" "(" latitude "," longitude "," number ["km" | "m"] ")"
test       = ("=" | "!=" | "<" | "<=" | ">" | ">=" | "^=") value
| ["not"] "in" "(" value ("," value)* ")" | "exists"
field      = key ("." key)*              a key of letters, digits, _ and -, or "in quotes"
value      = number | 'text' | "text" | true | false | null
"""

from __future__ import annotations

import re
from typing import NamedTuple

from anysense.embed.errors import FilterError
from anysense.index.filters.nodes import (
    MAX_DEPTH,
    All,
    AnyOf,
    Exists,
    Field,
    Near,
    Node,
    Not,
    Value,
    make_compare,
    make_field,
    make_near,
)

__all__ = ["parse_text"]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
      | (?P<word>[^\W\d][\w-]*)
      | (?P<sign><=|>=|!=|<>|==|\^=|[=<>()\[\],.])
    )""",
    re.VERBOSE | re.DOTALL,
)
_SPELLING = {"==": "=", "<>": "!="}
_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "^=")
_RESERVED = ("and", "or", "not", "in", "exists", "true", "false", "null")
_CONSTANTS: dict[str, Value] = {"true": True, "false": False, "null": None}


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse_text(text: str) -> Node:
    """Read a filter.

    Raises:
        FilterError: what is wrong with it, and where.
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._next = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._any()
        if self._peek().kind != "end":
            raise self._error("expected and, or, or the end")
        return node

    def _split(self) -> list[_Token]:
        tokens, at, end = [], 0, len(self._text.rstrip())
        while at < end:
            match = _TOKEN.match(self._text, at)
            if match is None:
                at += len(self._text[at:]) - len(self._text[at:].lstrip())
                raise FilterError(self._message(at, f"cannot read {self._text[at : at + 20]!r}"))
            kind = str(match.lastgroup)
            word = match[kind]
            tokens.append(_Token(kind, _SPELLING.get(word, word), match.start(kind)))
            at = match.end()
        return [*tokens, _Token("end", "", len(self._text))]

    def _any(self) -> Node:
        nodes = [self._all()]
        while self._take_word("or"):
            nodes.append(self._all())
        return nodes[0] if len(nodes) == 1 else AnyOf(tuple(nodes))

    def _all(self) -> Node:
        nodes = [self._one()]
        while self._take_word("and"):
            nodes.append(self._one())
        return nodes[0] if len(nodes) == 1 else All(tuple(nodes))

    def _one(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FilterError(f"A filter has at most {MAX_DEPTH} parentheses inside each other.")
        node: Node
        if self._take_word("not"):
            node = Not(self._one())
        elif self._take("("):
            node = self._any()
            self._expect(")")
        elif self._is_word("exists") and self._tokens[self._next + 1].text == "(":
            self._next += 2
            node = Exists(self._field())
            self._expect(")")
        elif self._is_word("near") and self._tokens[self._next + 1].text == "(":
            self._next += 2
            node = self._near()
        else:
            node = self._test(self._field())
        self._depth -= 1
        return node

    def _near(self) -> Near:
        """A place and a distance, after ``near(``."""
        latitude = self._value()
        self._expect(",")
        longitude = self._value()
        self._expect(",")
        distance = self._value()
        if self._take_word("m") and isinstance(distance, int | float):
            distance = distance / 1000
        else:
            self._take_word("km")
        self._expect(")")
        return make_near(latitude, longitude, distance)

    def _test(self, field: Field) -> Node:
        if self._take_word("exists"):
            return Exists(field)
        negated = self._take_word("not")
        if self._take_word("in"):
            node = make_compare(field, "in", self._values())
            return Not(node) if negated else node
        operator = self._peek().text
        if negated or operator not in _OPERATORS:
            raise self._error(f"expected in, exists or one of {' '.join(_OPERATORS)}")
        self._next += 1
        value = self._value()
        if operator == "!=":
            return Not(make_compare(field, "=", [value]))
        return make_compare(field, operator, [value])

    def _field(self) -> Field:
        keys = [self._key()]
        while self._take("."):
            keys.append(self._key())
        return make_field(keys)

    def _key(self) -> str:
        token = self._peek()
        if token.kind == "text" and token.text.startswith('"'):
            self._next += 1
            return _unquote(token.text)
        if token.kind != "word" or token.text.lower() in _RESERVED:
            raise self._error("expected the name of a field")
        self._next += 1
        return token.text

    def _values(self) -> list[Value]:
        closing = ")" if self._peek().text == "(" else "]"
        if not (self._take("(") or self._take("[")):
            raise self._error("expected a list such as ('a', 'b')")
        values = []
        while not self._take(closing):
            values.append(self._value())
            if not self._take(","):
                self._expect(closing)
                break
        return values

    def _value(self) -> Value:
        token = self._peek()
        self._next += 1
        if token.kind == "text":
            return _unquote(token.text)
        if token.kind == "number":
            whole = re.fullmatch(r"[+-]?\d{1,30}", token.text)
            return int(token.text) if whole else float(token.text)
        if token.kind == "word" and token.text.lower() in _CONSTANTS:
            return _CONSTANTS[token.text.lower()]
        self._next -= 1
        raise self._error("expected a number, a text in quotes, true, false or null")

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _is_word(self, word: str) -> bool:
        token = self._peek()
        return token.kind == "word" and token.text.lower() == word

    def _take_word(self, word: str) -> bool:
        is_next = self._is_word(word)
        self._next += is_next
        return is_next

    def _take(self, sign: str) -> bool:
        token = self._peek()
        is_next = token.kind == "sign" and token.text == sign
        self._next += is_next
        return is_next

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._error(f"expected {sign!r}")

    def _error(self, problem: str) -> FilterError:
        token = self._peek()
        finding = f"found {token.text!r}" if token.kind != "end" else "it ends"
        return FilterError(self._message(token.at, f"{problem}, but {finding}"))

    def _message(self, at: int, problem: str) -> str:
        excerpt = self._text if len(self._text) <= 200 else self._text[:200] + "..."
        return (
            f"The filter {excerpt!r} cannot be read at character {at + 1}: {problem}. "
            "A filter is like: year >= 2020 and tags in ('a', 'b')."
        )


def _unquote(token: str) -> str:
    """The text between quotes; a quote inside is doubled, or stands after a backslash."""
    quote = token[0]
    inside = re.compile(rf"\\(.)|{quote}({quote})", re.DOTALL)
    return inside.sub(lambda match: match[1] or match[2], token[1:-1])
