"""A token with Python's standard library alone: python3 examples/token.py [account]

NATS is a line protocol. This speaks it over plain TCP; for TLS wrap the socket after INFO.
"""

import json
import os
import socket
import sys
from urllib.parse import quote, unquote, urlsplit


def bus_url():
    if "TOKENBUS_NATS_URL" in os.environ:
        return os.environ["TOKENBUS_NATS_URL"]
    with open(os.environ.get("TOKENBUS_DATA_DIR", ".tokenbus") + "/dev.json") as file:
        return json.load(file)["nats"]


def get_token(account, want=None):
    url = urlsplit(bus_url())
    user, password = unquote(url.username or ""), unquote(url.password or "")
    subject = "token.get." + quote(account, safe="_@+=:,;()!~-").replace(".", "%2E")
    inbox = f"_INBOX_{user}.{os.urandom(8).hex()}" if user else f"_INBOX.{os.urandom(8).hex()}"
    options = {"user": user, "pass": password, "verbose": False, "headers": True, "no_responders": True}
    payload = json.dumps(want or {}).encode()
    with socket.create_connection((url.hostname, url.port or 4222), timeout=6) as bus, bus.makefile("rb") as lines:
        lines.readline()  # INFO
        head = f"CONNECT {json.dumps(options)}\r\nSUB {inbox} 1\r\nPUB {subject} {inbox} {len(payload)}\r\n"
        bus.sendall(head.encode() + payload + b"\r\n")
        while line := lines.readline():
            verb, *words = line.decode().split()
            if verb == "PING":
                bus.sendall(b"PONG\r\n")
            elif verb == "-ERR":
                raise RuntimeError(" ".join(words))
            elif verb in ("MSG", "HMSG"):  # a failure has headers, and a body that says why
                message = lines.read(int(words[-1]))
                body = message[int(words[-2]) :] if verb == "HMSG" else message
                return json.loads(body or b'{"error": "unreachable", "message": "no tokenbus listens"}')
    raise RuntimeError("the connection ended")


if __name__ == "__main__":
    answer = get_token(sys.argv[1] if len(sys.argv) > 1 else "demo")
    if "error" in answer:
        sys.exit(f"{answer['error']}: {answer['message']}")
    print(answer["accessToken"])
