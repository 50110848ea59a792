# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail one HTML file; everything comes as JSON on standard input, so that no secret is on a command line."""

from __future__ import annotations

import json
import smtplib
import ssl
import sys
from email.message import EmailMessage
from pathlib import Path

TIMEOUT_S = 60


def message_of(wish: dict) -> EmailMessage:
    """The mail: the page as its body, and as a file for readers that show no HTML."""
    message = EmailMessage()
    message["From"], message["To"] = wish["sender"], ", ".join(wish["to"])
    message["Subject"] = " ".join("".join(sign if sign.isprintable() else " " for sign in wish["subject"]).split())
    page = Path(wish["file"]).read_text(encoding="utf-8")
    message.set_content("The report is attached as a page that opens offline.")
    message.add_alternative(page, subtype="html")
    message.add_attachment(page.encode(), maintype="text", subtype="html", filename=Path(wish["file"]).name)
    return message


def send(wish: dict) -> None:
    """Hand the mail to the server; encrypted and verified unless that is switched off."""
    with smtplib.SMTP(wish["host"], int(wish["port"]), timeout=TIMEOUT_S) as server:
        if wish["tls"]:
            server.starttls(context=ssl.create_default_context())
        if wish["user"]:
            server.login(wish["user"], wish["password"])
        server.send_message(message_of(wish))


if __name__ == "__main__":
    send(json.load(sys.stdin))
