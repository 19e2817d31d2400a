"""The client that openapi-python-client generates."""

import io
import os
import sys

from codex_gateway_client import Client
from codex_gateway_client.api.files import upload_image
from codex_gateway_client.api.sessions import create_session, delete_session, get_session
from codex_gateway_client.api.turns import start_turn
from codex_gateway_client.models import CreateSession, ErrorBody, StartTurn
from codex_gateway_client.types import File

client = Client(base_url=os.environ["CODEX_GATEWAY_URL"], timeout=60)
created = create_session.sync(client=client, body=CreateSession())
turn = start_turn.sync(created.session_id, client=client, body=StartTurn(prompt=sys.argv[1], wait=True))
session = get_session.sync(created.session_id, client=client)
assert session.session.running is False, session
missing = get_session.sync("nothing", client=client)
assert isinstance(missing, ErrorBody) and missing.code == "not_found", missing
with open(sys.argv[2], "rb") as image:
    upload = upload_image.sync(client=client, body=File(payload=io.BytesIO(image.read())))
assert upload.width == 192, upload
delete_session.sync(created.session_id, client=client)
print(turn.text)
