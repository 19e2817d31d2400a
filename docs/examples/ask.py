#!/usr/bin/env python3
"""Asks Codex something through a gateway and prints its answer. Standard library only.

    CODEX_GATEWAY_URL=http://127.0.0.1:1317 CODEX_GATEWAY_TOKEN=… python3 ask.py "What does this project do?"

Each request has an Idempotency-Key: when the connection breaks it is sent again, and nothing is done twice.
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
TRIES = 5


def post(path: str, body: dict) -> dict:
    """Sends a request until it is answered, and gives its reply."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    if TOKEN:
        headers["Authorization"] = f"Bearer {TOKEN}"
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers)
    for attempt in range(1, TRIES + 1):
        try:
            with urllib.request.urlopen(request) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if error.code not in (429, 503) or attempt == TRIES:
                sys.exit(f"{error.code} {problem['code']}: {problem['error']}")
            time.sleep(int(error.headers.get("Retry-After", attempt)))
        except (OSError, ValueError) as error:
            if attempt == TRIES:
                sys.exit(f"{URL} does not answer: {error}")
            time.sleep(attempt)
    raise AssertionError("unreachable")


def main() -> None:
    prompt = " ".join(sys.argv[1:]) or "Reply with exactly the single word ready"
    session = post("/api/sessions", {"approvals": "decline"})["sessionId"]
    reply = post(f"/api/sessions/{session}/turn", {"prompt": prompt, "wait": True})
    turn = reply["turn"]
    if turn["status"] != "completed":
        sys.exit(f"the turn is {turn['status']}: {turn['error']}")
    print(reply["text"])


if __name__ == "__main__":
    main()
