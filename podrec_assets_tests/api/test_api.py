"""The REST API on a real socket, with a real MongoDB-wire server and Kafka."""

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from podrec_assets.pipelines.connections import Connections
from podrec_assets.recommend.ranking.arms.registry import ARMS
from podrec_assets_tests.api.conftest import DAY

pytestmark = pytest.mark.services


def event(number: int = 0, **changes: object) -> dict:
    now = datetime.now(UTC).isoformat()
    fields = {
        "event_id": f"id-{number}",
        "user_id": "ann/2",
        "episode_id": "e1",
        "kind": "like",
        "occurred_at": now,
    }
    return {k: v for k, v in (fields | changes).items() if v is not None}


def on_topic(served: Connections) -> list[dict]:
    topic = served.settings.events_topic
    ends = {p: (0, end) for p, end in served.kafka.end_offsets(topic).items()}
    return [json.loads(r.value or b"") for batch in served.kafka.read(topic, ends) for r in batch]


def test_a_listener_gets_the_published_list(client: httpx.Client) -> None:
    found = client.get("/recommendations/ann%2F2", params={"k": 1}).json()
    assert (found["user_id"], found["known"], found["day"]) == ("ann/2", True, str(DAY))
    assert [(i["rank"], i["episode_id"], i["show"], i["reason"]) for i in found["items"]] == [
        (1, "e1", "Show", "Because.")
    ]
    assert len(client.get("/recommendations/ann/2").json()["items"]) == 2


@pytest.mark.parametrize(
    "name", ["nobody", '{"$ne": null}', "$where", "../../etc/passwd", "' OR 1=1 --", "名前"]
)
def test_an_unknown_listener_gets_the_newcomers_list_whatever_the_name(
    client: httpx.Client, name: str
) -> None:
    found = client.get(f"/recommendations/{name.replace('/', '%2F')}").json()
    assert (found["user_id"], found["known"]) == (name, False)
    assert [i["episode_id"] for i in found["items"]] == ["e9"]


def test_similar_episodes_have_their_passages(client: httpx.Client) -> None:
    (found,) = client.get("/similar/e1").json()["items"]
    assert (found["episode_id"], found["here_text"], found["there_s"]) == ("e2", "here", None)


def test_an_unknown_episode_gives_404_and_names_known_ones(client: httpx.Client) -> None:
    answer = client.get("/similar/e404")
    assert answer.status_code == 404
    assert answer.json() == {"error": "episode 'e404' is unknown; known: e1, ..."}


def test_accepted_events_are_on_the_topic(client: httpx.Client, served: Connections) -> None:
    before = len(on_topic(served))
    one, several = event(1, kind="play", completed_share=0.5, device="car"), [event(2), event(3)]
    assert client.post("/events", json=one).json() == {"accepted": 1, "topic": "api-events"}
    answer = client.post("/events", json=several)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    assert on_topic(served)[before:] == [one, *several]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"this is no JSON", "not_json: "),
        (b"[]", "bad_count: 0 events"),
        (b'"text"', "not_an_object: "),
        (json.dumps(event(kind="listen")).encode(), "unknown_kind: kind 'listen' is none of play"),
        (json.dumps(event(user_id={"$ne": None})).encode(), "bad_type: user_id is a dict"),
        (json.dumps(event(kind="play", completed_share=float("nan"))).encode(), "not_json: NaN"),
        (json.dumps(event(occurred_at="2999-01-01T00:00:00Z")).encode(), "from_the_future: "),
        (
            json.dumps([event(1), event(2, episode_id=None)]).encode(),
            "missing_field: event 1: episode_id is missing",
        ),
        (b"[" * 100_000, "not_json: "),
        (json.dumps(event(note="bread \ud83d")).encode(), "bad_text: 'note' contains half a"),
        (json.dumps(event(list_version=["\ud83d"])).encode(), "bad_text: 'list_version' "),
        (json.dumps(event(**{"\udc00": 1})).encode(), r"bad_text: '\udc00' contains half a"),
        (
            json.dumps([event(1), event(2, user_id="\ud83d")]).encode(),
            "bad_text: event 1: 'user_id' contains half a",
        ),
        (json.dumps(event(note="?")).replace('"?"', "[1e999]").encode(), "bad_number: 'note' "),
        (json.dumps(event(duration_s="?")).replace('"?"', "1e999").encode(), "bad_number: 'durat"),
        (json.dumps(event(note="?")).replace('"?"', "9" * 5000).encode(), "not_json: a number has"),
        (b'{"a":' * 950 + b"1" + b"}" * 950, "too_deep: 950 arrays and objects"),
        (json.dumps(event(episode_id="a\u202eb")).encode(), "bad_id: episode_id contains U+202E"),
    ],
)
def test_an_invalid_document_is_refused_with_its_reason_and_nothing_is_produced(
    client: httpx.Client, served: Connections, body: bytes, why: str
) -> None:
    before = len(on_topic(served))
    answer = client.post("/events", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(why), answer.json()
    assert len(on_topic(served)) == before


def test_a_form_on_another_site_cannot_post_events(client: httpx.Client) -> None:
    answer = client.post(
        "/events", content=json.dumps(event()).encode(), headers={"Content-Type": "text/plain"}
    )
    assert (answer.status_code, answer.json()) == (415, {"error": "Send application/json."})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/recommendations/" + "x" * 257, 422),
        ("/recommendations/a%00b", 422),
        ("/recommendations/%20", 422),
        ("/recommendations/ann?k=0", 422),
        ("/recommendations/ann?k=many", 422),
        ("/similar/a%07b", 422),
        ("/no-such-thing", 404),
    ],
)
def test_an_invalid_path_gives_one_sentence(client: httpx.Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]


def test_a_large_body_is_refused_with_or_without_a_content_length(
    client_of: Callable[..., httpx.Client],
) -> None:
    client = client_of(api_max_bytes=1000)
    declared = client.post(
        "/events", content=b"x" * 1001, headers={"Content-Type": "application/json"}
    )
    streamed = client.post(
        "/events", content=iter([b"x" * 600] * 2), headers={"Content-Type": "application/json"}
    )
    assert [declared.status_code, streamed.status_code] == [413, 413]
    assert (
        declared.json()["error"]
        == "The body has more than 1000 bytes; send fewer events at a time."
    )
    assert client.post("/events", json=event(7)).status_code == 202


def test_too_many_requests_give_429_with_the_time_to_wait(
    client_of: Callable[..., httpx.Client],
) -> None:
    client = client_of(api_requests_per_s=0.1, api_burst=3)
    answers = [client.get("/recommendations/ann") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert 9 <= int(answers[3].headers["Retry-After"]) <= 10
    assert "try again in" in answers[3].json()["error"]


def test_with_a_token_only_requests_with_it_are_served(
    client_of: Callable[..., httpx.Client],
) -> None:
    client = client_of(api_token=SecretStr("s3cret"))
    paths = ("/recommendations/ann", "/similar/e1")
    for given in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic s3cret"},
        {"Authorization": "s3cret"},
    ):
        answers = [client.get(p, headers=given) for p in paths] + [
            client.post("/events", json=event(), headers=given)
        ]
        assert {a.status_code for a in answers} == {401}
        assert answers[0].headers["WWW-Authenticate"] == "Bearer"
        assert answers[0].json() == {"error": "Send the bearer token of this server."}
    right = {"Authorization": "Bearer s3cret"}
    assert [client.get(p, headers=right).status_code for p in paths] == [200, 200]
    assert client.get("/health").status_code == 200


def test_without_a_token_other_host_names_are_refused(client: httpx.Client) -> None:
    assert (
        client.get("/recommendations/ann", headers={"Host": "rebound.example"}).status_code == 400
    )


def test_without_mongo_or_kafka_the_other_still_works_and_health_names_it(
    client_of: Callable[..., httpx.Client],
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{closed.getsockname()[1]}"
    without_mongo = client_of(mongo_uri=SecretStr(f"mongodb://{nowhere}"))
    answer = without_mongo.get("/recommendations/ann")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "MongoDB server does not answer" in answer.json()["error"]
    parts = without_mongo.get("/health").json()["parts"]
    assert {name: part["ok"] for name, part in parts.items()} == {
        "mongo": False,
        "kafka": True,
        "publication": False,
    }
    without_kafka = client_of(kafka_bootstrap=nowhere)
    answer = without_kafka.post("/events", json=event())
    assert (answer.status_code, list(answer.json())) == (503, ["error"])
    assert without_kafka.get("/recommendations/ann").status_code == 200
    health = without_kafka.get("/health")
    assert (health.status_code, health.json()["status"], health.json()["parts"]["kafka"]["ok"]) == (
        503,
        "down",
        False,
    )


def test_before_the_first_publication_the_error_says_what_to_do(
    client_of: Callable[..., httpx.Client],
) -> None:
    answer = client_of(mongo_database="empty").get("/recommendations/ann")
    assert answer.status_code == 503
    assert "Nothing is published yet" in answer.json()["error"]


def test_openapi_describes_the_score_of_every_arm(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["components"]["schemas"]["Item"]
    assert list(described["properties"]) == [
        "rank", "episode_id", "show", "title", "score", *(arm.score_field for arm in ARMS),
        "sources", "reason",
    ]  # fmt: skip
    assert set(described["required"]) == set(described["properties"])
    for arm in ARMS:
        assert described["properties"][arm.score_field]["description"] == arm.score_description


def test_the_examples_in_openapi_are_accepted(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    body = described["paths"]["/events"]["post"]["requestBody"]["content"]["application/json"]
    assert [
        client.post("/events", json=e["value"]).status_code for e in body["examples"].values()
    ] == [202, 202, 202]
    assert set(described["paths"]) == {
        "/recommendations/{user_id}",
        "/similar/{episode_id}",
        "/events",
        "/health",
    }
    assert client.get("/health").json() == {
        "status": "ok",
        "parts": {name: {"ok": True, "detail": "ok"} for name in ("mongo", "kafka", "publication")},
    }
