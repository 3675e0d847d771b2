"""A worker without a store, which joins its group and stores nothing: `python -m tests.ingest.stream.joining PORT`."""

from __future__ import annotations

import sys
from typing import Any

from nytta.ingest.keys import Keys
from nytta.ingest.stream.faust_app import run
from nytta.ingest.stream.parts import Parts
from nytta.service.brokers import cluster_of
from nytta.service.settings import Settings
from nytta.service.stopping import Ending
from nytta.service.streams.worker import build

if __name__ == "__main__":
    nothing: Any = None
    parts = Parts(
        cluster_of(Settings()), nothing, Keys("k1", bytes(32)), nothing, nothing, lambda: None, nothing, patience=0
    )
    run(build(parts, port=int(sys.argv[1]), compute_every=3600, publish_every=3600), Ending().ask)
