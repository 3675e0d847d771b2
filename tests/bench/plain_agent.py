"""What the ratio of `stream.py` is taken to: a Faust agent that takes events one by one, pydantic, a row per insert."""

from __future__ import annotations

import sys

import clickhouse_connect
import faust
from faust.types import StreamT

from nytta.ingest.events import EVENTS


def main() -> None:
    """Serve until stopped: broker, topic, host and port of the store, port of the pages."""
    broker, name, host, store_port, port = sys.argv[1:]
    client = clickhouse_connect.get_client(host=host, port=int(store_port))
    app = faust.App(
        f"plain-{name}",
        broker=f"kafka://{broker}",
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        web_port=int(port),
        web_host="127.0.0.1",
    )
    topic = app.topic(name, value_serializer="raw")

    @app.agent(topic)
    async def plain(stream: StreamT[bytes]) -> None:
        async for value in stream:
            model = EVENTS["nytta.platform.session.v1"].model_validate_json(value)
            client.insert("plain", [[model.id, model.source, model.time, model.data.unit]], column_names="*")

    faust.Worker(app, loglevel="WARN").execute_from_commandline()


if __name__ == "__main__":
    main()
