"""A worker without a store, which joins its group and stores nothing: `python -m tests.broker.joining PORT`."""

from __future__ import annotations

import sys
from typing import Any

from nytta.broker.cluster import Cluster
from nytta.cli.stopping import Ending
from nytta.keys import Keys
from nytta.processors.member import run
from nytta.processors.parts import Parts
from nytta.processors.worker import build
from nytta.settings import Settings

if __name__ == "__main__":
    nothing: Any = None
    parts = Parts(
        Cluster.of(Settings()), nothing, Keys("k1", bytes(32)), nothing, nothing, lambda: None, nothing, patience=0
    )
    run(build(parts, port=int(sys.argv[1]), compute_every=3600, publish_every=3600), Ending().ask)
