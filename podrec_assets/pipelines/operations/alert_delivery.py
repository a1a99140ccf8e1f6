"""Where alerts go: always to a log under the home, and to a webhook and e-mail where the settings
name them.
"""

import json
from datetime import datetime

from podrec_assets.errors import RetryableError
from podrec_assets.settings import Settings
from podrec_assets.stores.mail import MailServer
from podrec_assets.stores.webhook import post_json

LOG = "alerts.jsonl"


def deliver(settings: Settings, alerts: list[dict], now: datetime) -> tuple[int, list[str]]:
    """Sends alerts by every way that is set up; one message each, whatever their number.

    Args:
        settings: of this deployment.
        alerts: key, kind and text of each.
        now: for the log.

    Returns:
        How many of the webhook and e-mail took them, and what went wrong, a line for each that did
        not.
    """
    subject = f"podrec: {len(alerts)} alert{'s' * (len(alerts) > 1)}, {alerts[0]['text']}"
    text = "\n".join(f"- [{a['kind']}] {a['text']}" for a in alerts)
    took, problems = 0, list[str]()
    for way in (_webhook, _mail):
        try:
            took += way(settings, subject, text, alerts)
        except RetryableError as err:
            problems.append(str(err))
    _log(settings, alerts, problems, now)
    return took, problems


def _webhook(settings: Settings, subject: str, text: str, alerts: list[dict]) -> bool:
    """Whether this way is set up, and so took them."""
    url = settings.alert_webhook.get_secret_value()
    if url:
        post_json(url, {"text": f"{subject}\n{text}", "alerts": alerts})
    return bool(url)


def _mail(settings: Settings, subject: str, text: str, alerts: list[dict]) -> bool:
    """Whether this way is set up, and so took them."""
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
