"""The FastAPI application: routes, who may ask, and each error as one sentence with the right
status.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from podrec_assets.api import documents
from podrec_assets.api.limits import Limits, TokenBuckets, refusal
from podrec_assets.errors import PodrecError, RetryableError, UnknownIdError
from podrec_assets.listening.event_message import MAX_ID_LENGTH, Refusal
from podrec_assets.pipelines.connections import Connections
from podrec_assets.serving import feedback, reader
from podrec_assets.serving import health as reach
from podrec_assets.serving.access import LOOPBACK, is_token

MOST_ITEMS = 100
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": documents.Refused, "description": "No bearer token, or another one."},
    422: {"model": documents.Refused, "description": "An id, a number or an event breaks a rule."},
    429: {
        "model": documents.Refused,
        "description": "Too many requests; Retry-After says when to ask again.",
    },
    503: {
        "model": documents.Refused,
        "description": "MongoDB or Kafka is away, or nothing is published yet.",
    },
}
UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"model": documents.Refused, "description": "There is no such episode."}
}
TOO_LARGE: dict[int | str, dict[str, Any]] = {
    413: {"model": documents.Refused, "description": "The body is too large."},
    415: {
        "model": documents.Refused,
        "description": "The body is not declared as application/json.",
    },
}
Id = Annotated[str, Path(min_length=1, max_length=MAX_ID_LENGTH)]
Count = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Number of episodes.")]


def build_app(connections: Connections) -> FastAPI:
    """The application of one process, with the token and limits of its settings."""
    settings = connections.settings
    token = settings.api_token.get_secret_value()
    guards = [Depends(_bearer(token))] if token else []
    app = FastAPI(
        title="podrec",
        version="1",
        description="Published podcast recommendations with their reasons, and listening events on their way in.",
    )
    app.state.connections = connections
    app.get("/recommendations/{user_id:path}", responses=REFUSALS, dependencies=guards)(
        recommendations
    )
    app.get("/similar/{episode_id:path}", responses=REFUSALS | UNKNOWN, dependencies=guards)(
        similar
    )
    posted = REFUSALS | TOO_LARGE
    app.post(
        "/events",
        status_code=202,
        responses=posted,
        dependencies=guards,
        openapi_extra=documents.EVENTS_BODY,
    )(events)
    app.get("/health", responses={503: {"model": documents.Health}})(health)
    app.exception_handler(PodrecError)(_failed)
    app.exception_handler(Refusal)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(StarletteHTTPException)(_http)
    if not token:
        # A page of another site that a browser resolves to this machine must not read what a
        # listener heard.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK[:2], "[::1]"])
    buckets = TokenBuckets(settings.api_requests_per_s, settings.api_burst)
    app.add_middleware(Limits, buckets=buckets, max_bytes=settings.api_max_bytes)
    return app


def connections_of(request: Request) -> Connections:
    return request.app.state.connections


Connected = Annotated[Connections, Depends(connections_of)]


def recommendations(
    user_id: Id, connections: Connected, k: Count = 10
) -> documents.Recommendations:
    """The published list of a listener, with a reason for each episode; an unknown listener gets
    the newcomers' list.
    """
    _check_id("user_id", user_id)
    return documents.Recommendations(**reader.recommendations(connections, user_id, k))


def similar(episode_id: Id, connections: Connected, k: Count = 10) -> documents.Similar:
    """The published neighbours of an episode, with the two passages that show why."""
    _check_id("episode_id", episode_id)
    return documents.Similar(**reader.neighbours(connections, episode_id, k))


async def events(request: Request, connections: Connected) -> documents.Accepted:
    """Take one event or an array of them, all or none, by the rules by which they land. 202 means
    that Kafka holds them.

    The same `event_id` counts once, so what was not answered can be sent again.
    """
    if (
        request.headers.get("content-type", "").partition(";")[0].strip().lower()
        != "application/json"
    ):
        # Also what keeps a page of another site from posting: a browser asks first before it sends
        # this type.
        raise HTTPException(415, "Send application/json.")
    count = await run_in_threadpool(feedback.take_events, connections, await request.body())
    return documents.Accepted(accepted=count, topic=connections.settings.events_topic)


def health(connections: Connected, response: Response) -> documents.Health:
    """Whether MongoDB and Kafka answer and lists are published; 503 when not. Needs no token."""
    found = {
        name: documents.Part(ok=why is None, detail=why or "ok")
        for name, why in reach.problems(connections).items()
    }
    is_well = all(part.ok for part in found.values())
    response.status_code = 200 if is_well else 503
    return documents.Health(status="ok" if is_well else "down", parts=found)


def _bearer(token: str) -> Callable:
    scheme = HTTPBearer(auto_error=False, description="The value of PODREC_API_TOKEN.")

    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(scheme)]) -> None:
        if given is None or not is_token(given.credentials, token):
            raise HTTPException(
                401, "Give the bearer token of this server.", {"WWW-Authenticate": "Bearer"}
            )

    return check


def _check_id(name: str, value: str) -> None:
    """The rule of ids in events holds for ids in addresses too."""
    if not value.strip() or len(value) > MAX_ID_LENGTH or not value.isprintable():
        raise HTTPException(
            422,
            f"{name} is empty, longer than {MAX_ID_LENGTH} characters or has control characters.",
        )


async def _failed(_: Request, err: Exception) -> JSONResponse:
    if isinstance(err, UnknownIdError):
        return refusal(404, str(err))
    if isinstance(err, RetryableError | reader.NotPublishedError):
        return refusal(503, str(err), {"Retry-After": "5"})
    return refusal(500, str(err))


async def _refused(_: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, Refusal)
    return refusal(422, f"{err.reason}: {err.detail}")


async def _invalid(_: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, RequestValidationError)
    first = err.errors()[0]
    return refusal(422, f"{first['loc'][-1]} cannot be used: {first['msg']}.")


async def _http(_: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, StarletteHTTPException)
    return refusal(err.status_code, str(err.detail), dict(err.headers or {}))
