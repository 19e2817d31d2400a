#!/usr/bin/env python3
"""Asks Codex something through a gateway and prints its answer. Standard library only.

    CODEX_GATEWAY_URL=http://127.0.0.1:1317 CODEX_GATEWAY_TOKEN=… python3 ask.py "What does this project do?"

Each request has an Idempotency-Key: when the connection breaks, a proxy gives up, or the gateway is restarted, it is sent again,
and nothing is done twice.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("CODEX_GATEWAY_URL", "http://127.0.0.1:1317")
TOKEN = os.environ.get("CODEX_GATEWAY_TOKEN")
# How long to try while nothing answers, in seconds.
PATIENCE = 60
# What a gateway that is busy or stopping answers, and a proxy that waits in vain.
TRY_AGAIN = (429, 502, 503, 504)


def post(path: str, body: dict) -> dict:
    """Sends a request until it is answered, and gives its reply."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    if TOKEN:
        headers["Authorization"] = f"Bearer {TOKEN}"
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers)
    silent_since = None
    while True:
        asked = time.monotonic()
        try:
            with urllib.request.urlopen(request) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            if error.code not in TRY_AGAIN:
                sys.exit(f"{error.code}: {reason(error)}")
            pause, problem = int(error.headers.get("Retry-After", 1)), f"{error.code}: {reason(error)}"
        except (OSError, ValueError) as error:
            pause, problem = 1, str(error)
        # A reply that was waited for long does not count as silence.
        now = time.monotonic()
        if silent_since is None or now - asked > PATIENCE:
            silent_since = now
        if now - silent_since > PATIENCE:
            sys.exit(f"{URL} does not answer: {problem}")
        time.sleep(pause)


def reason(error: urllib.error.HTTPError) -> str:
    """What a refusal says; a proxy's is no JSON."""
    try:
        problem = json.load(error)
        return f"{problem['code']}: {problem['error']}"
    except (ValueError, KeyError, TypeError):
        return str(error.reason)


def main() -> None:
    prompt = " ".join(sys.argv[1:]) or "Reply with exactly the single word ready"
    session = post("/api/sessions", {"approvals": "decline"})["sessionId"]
    reply = post(f"/api/sessions/{session}/turn", {"prompt": prompt, "wait": True})
    turn = reply["turn"]
    if turn is None:
        sys.exit("the message waits in the queue")
    if turn["status"] != "completed":
        sys.exit(f"the turn is {turn['status']}: {turn['error']}")
    print(reply["text"])


if __name__ == "__main__":
    main()
