"""A worker or an alerter for which it is always the same moment: what is due then depends on no day of a test.

python -m tests.ingest.stream.dated 2026-11-16T07:40+01:00 worker 8651
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime

from nytta.ingest.stream import faust_app
from nytta.service import distributed
from nytta.service.settings import Settings
from nytta.service.stopping import Ending
from nytta.service.streams import alerter, worker


def main() -> None:
    """Run until it is stopped."""
    moment, what, port = sys.argv[1:]
    at, settings = datetime.fromisoformat(moment), Settings()
    sys.argv[1:] = []
    if what == "worker":
        with distributed.working(settings) as parts:
            faust_app.run(
                worker.build(replace(parts, clock=lambda: at), port=int(port), publish_every=1.0), Ending().ask
            )
    with distributed.alerting(settings) as telling:
        faust_app.run(
            alerter.build(replace(telling, clock=lambda: at), port=int(port), evaluate_every=2.0), Ending().ask
        )


if __name__ == "__main__":
    main()
