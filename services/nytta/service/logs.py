"""Logs of a service: one JSON object per line on standard error."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, and the place of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The line. Of an exception its type and stack are kept, not its message, which may repeat data."""
        log_line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        error_class, _, trace = record.exc_info or (None, None, None)
        if error_class and trace:
            frames = []
            while trace:
                frames.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
                trace = trace.tb_next
            # the innermost ones: what lies above them is the same for every request
            log_line |= {"error": error_class.__name__, "stack": " ".join(frames[-6:])}
        return json.dumps(log_line, ensure_ascii=False)


def log_lines() -> None:
    """Write logs from warnings on, and our own from information on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("nytta").setLevel(logging.INFO)
