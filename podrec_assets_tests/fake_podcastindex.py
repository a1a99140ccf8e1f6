"""A PodcastIndex on the loopback address: its answers are the examples of the API's own
description, its guard is the API's.
"""

import hashlib
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from podrec_assets_tests.loopback import Answer, reply

KEY, SECRET = "UXKCGDSYGUUEVQJSYDZH", "yzJe2eE7XV-3eY576dyRZ6wXyAbndh6LUrCZ8KN|"
WINDOW_S = 180
"""How far the date of a request may lie from the server's clock."""


class FakePodcastIndex:
    """Answers to put into a `loopback.serving`, and what was asked.

    Attributes:
        asked: (time, path, parameters) of each request that was let in.
        busy: answers to give before anything else, in order.
        change: what to do to an example before it is sent.
    """

    def __init__(self, description: Path, clock: Callable[[], float]) -> None:
        self.description = json.loads(description.read_text())
        self.clock = clock
        self.asked: list[tuple[float, str, dict[str, str]]] = []
        self.busy: list[Answer] = []
        self.change: Callable[[dict], Any] = lambda example: example

    def answers(self) -> dict[str, Answer]:
        """By path under /api/1.0."""
        return {f"/api/1.0{path}": self._answer for path in self.description["paths"]}

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        path = parts.path.removeprefix("/api/1.0")
        if why := self._refusal(handler):
            return reply(json.dumps(why).encode(), 401)(handler)
        self.asked.append((self.clock(), path, dict(parse_qsl(parts.query))))
        if self.busy:
            return self.busy.pop(0)(handler)
        schema = self._at(self.description["paths"][path]["get"]["responses"]["200"])["content"][
            "application/json"
        ]["schema"]
        return reply(
            json.dumps(self.change(self.example(schema))).encode(), Content_Type="application/json"
        )(handler)

    def _refusal(self, handler: BaseHTTPRequestHandler) -> str | None:
        headers = handler.headers
        date = headers["X-Auth-Date"] or ""
        if not headers["User-Agent"] or headers["X-Auth-Key"] != KEY:
            return "User-Agent or X-Auth-Key header value either not set or blank."
        if not date.isdecimal() or abs(int(date) - self.clock()) > WINDOW_S:
            return "X-Auth-Date header value is not within the window."
        expected = hashlib.sha1(f"{KEY}{SECRET}{date}".encode()).hexdigest()
        return (
            None if headers["Authorization"] == expected else "Authorization header value is wrong."
        )

    def example(self, schema: Any) -> Any:
        """The example value of a schema, its parts' examples put together."""
        schema = self._at(schema)
        if "example" in schema:
            return schema["example"]
        if "properties" in schema:
            return {name: self.example(part) for name, part in schema["properties"].items()}
        if schema.get("type") == "array":
            return [self.example(schema["items"])]
        merged: dict = {}
        for part in schema.get("allOf") or schema.get("oneOf") or schema.get("anyOf") or ():
            merged |= self.example(part) if isinstance(self.example(part), dict) else {}
        return merged

    def _at(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            found = self.description
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/")]
            node = found
        return node
