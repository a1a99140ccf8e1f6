"""A loopback PodcastIndex that answers with the examples of its OpenAPI description."""

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
"""Maximum difference between the date of a request and the server's clock."""


class FakePodcastIndex:
    """Answers for `loopback.serving`, and a record of the requests.

    Attributes:
        asked: (time, path, parameters) of each authorised request.
        busy: answers to send first, in order.
        change: modifies an example before it is sent.
    """

    def __init__(self, description: Path, clock: Callable[[], float]) -> None:
        self.description = json.loads(description.read_text())
        self.clock = clock
        self.asked: list[tuple[float, str, dict[str, str]]] = []
        self.busy: list[Answer] = []
        self.change: Callable[[dict], Any] = lambda example: example

    def answers(self) -> dict[str, Answer]:
        """Returns the answers by path."""
        return {f"/api/1.0{path}": self._answer for path in self.description["paths"]}

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        path = parts.path.removeprefix("/api/1.0")
        if why := self._refusal(handler):
            return reply(json.dumps(why).encode(), 401)(handler)
        self.asked.append((self.clock(), path, dict(parse_qsl(parts.query))))
        if self.busy:
            return self.busy.pop(0)(handler)
        response = self._at(self.description["paths"][path]["get"]["responses"]["200"])
        example = self.example(response["content"]["application/json"]["schema"])
        body = json.dumps(self.change(example)).encode()
        return reply(body, Content_Type="application/json")(handler)

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
        """Returns the example of a schema, assembled from the examples of its parts."""
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
            target = self.description
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/")]
            node = target
        return node
