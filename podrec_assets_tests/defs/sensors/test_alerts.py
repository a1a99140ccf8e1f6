"""Alerts to a real web server and mail server: sent once, once more when resolved, never lost."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr

from podrec_assets.definitions import build_defs
from podrec_assets.defs.sensors.alert_state import Alert, AlertState, after, decide
from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings
from podrec_assets_tests.defs.dagster_internals import FreshnessState, report_freshness
from podrec_assets_tests.mailbox import receiving

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 9, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Hook:
    """A web server that accepts posts while its `status` is 200."""

    def __init__(self) -> None:
        self.status = 200
        self.posts: list[tuple[str, dict[str, Any]]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = hook.status
                if status == 200:
                    hook.posts.append((self.path, json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def texts(self) -> list[str]:
        return [alert["text"] for _, body in self.posts for alert in body["alerts"]]


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as opened:
        yield opened


class Watch:
    """The alerts sensor of a deployment, ticked by hand."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        self.instance, self.settings, self.now = instance, settings, datetime.now(UTC)
        self.cursor: str | None = None
        self.defs = build_defs(settings)

    def tick(self) -> str:
        connections = Connections(self.settings, {}, lambda: self.now)
        repository = self.defs.get_repository_def()
        with dg.build_sensor_context(
            self.instance,
            self.cursor,
            repository_def=repository,
            resources={"connections": connections},
        ) as context:
            result = self.defs.resolve_sensor_def("alerts").evaluate_tick(context)
        self.cursor = result.cursor
        assert result.skip_message is not None
        return result.skip_message


@pytest.fixture
def watch(settings: Settings, instance: dg.DagsterInstance, hook: Hook) -> Watch:
    url = SecretStr(f"http://127.0.0.1:{hook.server.server_port}/T0/secret")
    return Watch(settings.model_copy(update={"alert_webhook": url}), instance)


def report_check(instance: dg.DagsterInstance, passed: bool) -> None:
    evaluation = dg.AssetCheckEvaluation(
        dg.AssetKey("episodes"),
        "keys_are_unique",
        passed,
        metadata={"repeated_key_count": 2},
        blocking=True,
    )
    instance.report_runless_asset_event(evaluation)


def test_a_failed_check_and_an_overdue_asset_are_sent_once_and_again_when_resolved(
    watch: Watch, instance: dg.DagsterInstance, hook: Hook
) -> None:
    assert watch.tick() == "nothing to send"
    report_check(instance, passed=False)
    report_freshness(instance, "als_top_n", FreshnessState.FAIL, NOW.timestamp())
    assert watch.tick().startswith("sent 2 alerts")
    assert watch.tick() == "nothing to send"
    assert hook.texts() == [
        "check keys_are_unique of episodes failed (error): repeated_key_count 2",
        "als_top_n has been overdue since 2026-11-09 08:00 UTC",
    ]
    assert hook.posts[0][0] == "/T0/secret"
    report_check(instance, passed=True)
    report_freshness(instance, "als_top_n", FreshnessState.PASS, NOW.timestamp())
    assert watch.tick().startswith(
        "sent 2 alerts: resolved: check keys_are_unique of episodes, open since "
    )


def test_a_run_that_fails_the_same_way_again_is_one_alert_a_day(
    watch: Watch, instance: dg.DagsterInstance, hook: Hook
) -> None:
    watch.tick()
    for day in (1, 1, 2):
        tags = {"dagster/partition": f"2026-11-0{day}"}
        instance.add_run(
            dg.DagsterRun("models_and_publication", tags=tags, status=dg.DagsterRunStatus.FAILURE)
        )
    watch.now += timedelta(seconds=5)
    watch.tick()
    assert [t.split(" failed: ")[1] for t in hook.texts()] == [
        "models_and_publication for 2026-11-01..2026-11-01",
        "models_and_publication for 2026-11-02..2026-11-02",
    ]


def test_an_alert_that_no_channel_took_is_sent_again_and_the_log_says_why(
    watch: Watch, instance: dg.DagsterInstance, hook: Hook
) -> None:
    hook.status = 503
    report_check(instance, passed=False)
    assert watch.tick() == "1 alerts are waiting: The webhook at 127.0.0.1 answered 503."
    hook.status = 200
    assert watch.tick().startswith("sent 1 alerts")
    assert len(hook.texts()) == 1
    lines = [
        json.loads(line)
        for line in (watch.settings.home / "logs" / "alerts.jsonl").read_text().splitlines()
    ]
    assert [line["not_sent"] for line in lines] == [["The webhook at 127.0.0.1 answered 503."], []]
    assert "secret" not in (watch.settings.home / "logs" / "alerts.jsonl").read_text()


def test_a_failing_mail_server_does_not_repeat_what_the_webhook_took(
    watch: Watch, instance: dg.DagsterInstance, hook: Hook
) -> None:
    mail = {
        "alert_smtp": "127.0.0.1:9",
        "alert_smtp_security": "none",
        "alert_email_to": "ops@example.org",
    }
    watch.settings = watch.settings.model_copy(update=mail)
    report_check(instance, passed=False)
    reason = watch.tick()
    assert reason.startswith("sent 1 alerts: check keys_are_unique of episodes failed")
    assert reason.endswith(
        "(a channel failed: The mail server 127.0.0.1:9 did not accept an alert: "
        "ConnectionRefusedError.)"
    )
    assert watch.tick() == "nothing to send"
    assert len(hook.posts) == 1


def test_alerts_arrive_by_mail(settings: Settings, instance: dg.DagsterInstance) -> None:
    with receiving() as (address, mails):
        mail = {
            "alert_smtp": address,
            "alert_smtp_security": "none",
            "alert_email_to": "ops@example.org, eve@example.org",
        }
        watch = Watch(settings.model_copy(update=mail), instance)
        report_check(instance, passed=False)
        watch.tick()
    (message,) = mails
    assert message["To"] == "ops@example.org, eve@example.org"
    assert message["Subject"].startswith("podrec: 1 alert, check keys_are_unique of episodes")
    assert "[check_failed] check keys_are_unique of episodes failed" in message.get_payload()


def test_alerts_are_sent_when_new_when_resolved_and_after_a_day_as_a_reminder() -> None:
    state = AlertState(NOW.isoformat())
    check, run = Alert("c", "check_failed", "c failed"), Alert("r", "run_failed", "r failed")
    assert decide(state, [check], [run, run], NOW) == [check, run]
    state = after(state, [check, run], NOW)
    assert decide(state, [check], [run], NOW + 23 * HOUR) == []
    assert decide(state, [check], [run], NOW + 25 * HOUR) == [run]
    (resolved,) = decide(state, [], [], NOW + HOUR)
    assert (resolved.key, resolved.kind) == ("c", "resolved")
    assert after(state, [resolved], NOW + HOUR).open == {}
