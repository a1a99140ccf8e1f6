"""Sends a text by e-mail. Only this module imports smtplib."""

import smtplib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

from podrec_assets.errors import RetryableError

TIMEOUT_S = 15


@dataclass(frozen=True)
class MailServer:
    """An SMTP server.

    Attributes:
        address: host:port.
        security: starttls, tls from the first byte, or none (for a relay on this machine).
        user: user name; "" for no login.
        password: password of the user.
    """

    address: str
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = ""

    def send(self, sender: str, recipients: Iterable[str], subject: str, text: str) -> None:
        """Sends a mail. Raises RetryableError if the server did not accept it."""
        message = EmailMessage()
        message["From"], message["To"] = sender, ", ".join(recipients)
        message["Subject"] = " ".join(subject.split())
        message.set_content(text)
        host, _, port = self.address.rpartition(":")
        try:
            if self.security == "tls":
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    host, int(port), timeout=TIMEOUT_S, context=ssl.create_default_context()
                )
            else:
                server = smtplib.SMTP(host, int(port), timeout=TIMEOUT_S)
            with server:
                if self.security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as err:
            raise RetryableError(
                f"The mail server {self.address} did not accept an alert: {type(err).__name__}."
            ) from err
