"""The FastAPI application: routes, authentication, and errors as one sentence with a status."""

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
from podrec_assets.api.limits import Limits, refusal
from podrec_assets.errors import PodrecError, RetryableError, UnknownIdError
from podrec_assets.listening.event_message import Refusal
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas.messages import MAX_ID_LENGTH, id_problem
from podrec_assets.serving import feedback, reader
from podrec_assets.serving.access import LOOPBACK, TooManyGuessesError, admits, brake
from podrec_assets.serving.health import problems
from podrec_assets.serving.token_buckets import TokenBuckets

MAX_ITEMS = 100
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": documents.Refused, "description": "The bearer token is missing or wrong."},
    422: {"model": documents.Refused, "description": "An id, a number or an event is invalid."},
    429: {
        "model": documents.Refused,
        "description": "Too many requests; Retry-After says when to try again.",
    },
    503: {
        "model": documents.Refused,
        "description": "MongoDB or Kafka is unreachable, or nothing is published yet.",
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
Count = Annotated[int, Query(ge=1, le=MAX_ITEMS, description="Number of episodes.")]


def build_app(connections: Connections) -> FastAPI:
    """Returns the application, with the token and limits of the settings."""
    settings = connections.settings
    token = settings.api_token.get_secret_value()
    guards = [Depends(_bearer(token))] if token else []
    app = FastAPI(
        title="podrec",
        version="1",
        description="Serves podcast recommendations with their reasons; accepts listening events.",
    )
    app.state.connections = connections
    _add_routes(app, guards)
    app.exception_handler(PodrecError)(_failed)
    app.exception_handler(Refusal)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(StarletteHTTPException)(_http)
    if not token:
        # DNS rebinding: a foreign page whose host name resolves to this machine must not read data.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK[:2], "[::1]"])
    buckets = TokenBuckets(settings.api_requests_per_s, settings.api_burst)
    app.add_middleware(Limits, buckets=buckets, max_bytes=settings.api_max_bytes)
    return app


def _add_routes(app: FastAPI, guards: list) -> None:
    known = REFUSALS | UNKNOWN
    app.get("/recommendations/{user_id:path}", responses=REFUSALS, dependencies=guards)(
        recommendations
    )
    app.get("/similar/{episode_id:path}", responses=known, dependencies=guards)(similar)
    app.post(
        "/events",
        status_code=202,
        responses=REFUSALS | TOO_LARGE,
        dependencies=guards,
        openapi_extra=documents.EVENTS_BODY,
    )(events)
    app.get("/health", responses={503: {"model": documents.Health}})(health)


def connections_of(request: Request) -> Connections:
    """Returns the connections of the application."""
    return request.app.state.connections


Connected = Annotated[Connections, Depends(connections_of)]


def recommendations(
    user_id: Id, connections: Connected, k: Count = 10
) -> documents.Recommendations:
    """Returns a listener's published list with reasons, or the newcomers' list."""
    _check_id("user_id", user_id)
    return documents.Recommendations(**reader.recommendations(connections, user_id, k))


def similar(episode_id: Id, connections: Connected, k: Count = 10) -> documents.Similar:
    """Returns the published neighbours of an episode, each with the two most similar passages."""
    _check_id("episode_id", episode_id)
    return documents.Similar(**reader.neighbours(connections, episode_id, k))


async def events(request: Request, connections: Connected) -> documents.Accepted:
    """Accepts one event or an array, all or none; 202 means that Kafka has stored them.

    An `event_id` counts once, so a request without an answer can safely be sent again.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        # This also stops foreign pages: browsers send a preflight request before this type.
        raise HTTPException(415, "Send application/json.")
    count = await run_in_threadpool(feedback.take_events, connections, await request.body())
    return documents.Accepted(accepted=count, topic=connections.settings.events_topic)


def health(connections: Connected, response: Response) -> documents.Health:
    """Reports whether MongoDB, Kafka and the publication are healthy, else 503. Needs no token."""
    parts = {
        name: documents.Part(ok=problem is None, detail=problem or "ok")
        for name, problem in problems(connections).items()
    }
    is_healthy = all(part.ok for part in parts.values())
    response.status_code = 200 if is_healthy else 503
    return documents.Health(status="ok" if is_healthy else "down", parts=parts)


def _bearer(token: str) -> Callable:
    scheme = HTTPBearer(auto_error=False, description="The value of PODREC_API_TOKEN.")

    guesses = brake()

    async def check(
        request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(scheme)]
    ) -> None:
        client = request.client.host if request.client else ""
        if given is None or not admits(_as_sent(given.credentials), token, client, guesses):
            raise HTTPException(
                401, "Send the bearer token of this server.", {"WWW-Authenticate": "Bearer"}
            )

    return check


def _as_sent(header: str) -> str:
    """Headers are read as Latin-1; a token is UTF-8, as in the environment."""
    return header.encode("latin-1").decode("utf-8", "surrogateescape")


def _check_id(name: str, value: str) -> None:
    """Applies the rules for ids in events to ids in paths."""
    if problem := id_problem(value):
        raise HTTPException(422, f"{name} {problem}.")


async def _failed(_: Request, err: Exception) -> JSONResponse:
    if isinstance(err, UnknownIdError):
        return refusal(404, str(err))
    if isinstance(err, TooManyGuessesError):
        return refusal(429, str(err), {"Retry-After": str(err.wait_s)})
    if isinstance(err, RetryableError | reader.NotPublishedError):
        return refusal(503, str(err), {"Retry-After": "5"})
    return refusal(500, str(err))


async def _refused(_: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, Refusal)
    return refusal(422, f"{err.reason}: {err.detail}")


async def _invalid(_: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, RequestValidationError)
    first = err.errors()[0]
    return refusal(422, f"{first['loc'][-1]} is invalid: {first['msg']}.")


async def _http(_: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, StarletteHTTPException)
    return refusal(err.status_code, str(err.detail), dict(err.headers or {}))
