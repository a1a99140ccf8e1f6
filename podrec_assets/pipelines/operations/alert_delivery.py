"""Delivery of alerts: always to a log under the home, to a webhook and by e-mail if configured."""

import json
from datetime import datetime
from functools import partial

from podrec_assets.errors import RetryableError
from podrec_assets.settings import Settings
from podrec_assets.stores.mail import MailServer
from podrec_assets.stores.webhook import post_json

LOG = "alerts.jsonl"


def deliver(settings: Settings, alerts: list[dict], now: datetime) -> tuple[int, list[str]]:
    """Sends all alerts in one message through each configured channel.

    Args:
        settings: addresses and accounts.
        alerts: {key, kind, text} of each alert.
        now: time for the log.

    Returns:
        The number of channels that delivered, and one line for each that failed.
    """
    subject = f"podrec: {len(alerts)} alert{'s' * (len(alerts) > 1)}, {alerts[0]['text']}"
    text = "\n".join(f"- [{a['kind']}] {a['text']}" for a in alerts)
    delivered_count, problems = 0, list[str]()
    for send in (partial(_webhook, settings, alerts), partial(_mail, settings)):
        try:
            delivered_count += send(subject, text)
        except RetryableError as err:
            problems.append(str(err))
    _log(settings, alerts, problems, now)
    return delivered_count, problems


def _webhook(settings: Settings, alerts: list[dict], subject: str, text: str) -> bool:
    """Sends the alerts if this channel is configured; returns whether it is."""
    url = settings.alert_webhook.get_secret_value()
    if url:
        post_json(url, {"text": f"{subject}\n{text}", "alerts": alerts})
    return bool(url)


def _mail(settings: Settings, subject: str, text: str) -> bool:
    """Sends the alerts if this channel is configured; returns whether it is."""
    recipients = [r.strip() for r in settings.alert_email_to.split(",") if r.strip()]
    if not (recipients and settings.alert_smtp):
        return False
    password = settings.alert_smtp_password.get_secret_value()
    server = MailServer(
        settings.alert_smtp, settings.alert_smtp_security, settings.alert_smtp_user, password
    )
    server.send(settings.alert_email_from, recipients, subject[:150], text)
    return True


def _log(settings: Settings, alerts: list[dict], problems: list[str], now: datetime) -> None:
    folder = settings.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOG).open("a") as log:
        for alert in alerts:
            log.write(
                json.dumps(
                    {"at": now.isoformat(), **alert, "not_sent": problems}, ensure_ascii=False
                )
                + "\n"
            )
