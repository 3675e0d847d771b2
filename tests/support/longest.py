"""The test files that take longest, the longest first: workers begin with them, and none is left alone at the end."""

BROKER = (
    "tests/deploy/test_gameday.py",
    "tests/service/streams/test_distributed.py",
    "tests/faults/test_faults.py",
    "tests/service/streams/test_alerter.py",
    "tests/service/streams/test_puller.py",
    "tests/ingest/stream/test_broker.py",
    "tests/storage/test_private_files.py",
    "tests/deploy/test_console.py",
    "tests/deploy/test_image.py",
)
"""Files that take the broker of the run, one after the other: one worker has all of them, and starts it once."""

LONGEST = (
    "tests/surfaces/grafana/test_boards.py",
    "tests/ingest/test_real_logs.py",
    "tests/ingest/http/test_service.py",
    "tests/service/test_rotation.py",
    "tests/service/test_keeping.py",
    "tests/insight/alerts/evaluation/test_commands.py",
    "tests/service/test_installation.py",
    "tests/surfaces/console/test_browser.py",
    "tests/indicators/store/test_dying_rounds.py",
    "tests/indicators/store/test_exactness.py",
    "tests/deploy/test_watched.py",
    "tests/surfaces/console/test_keycloak.py",
    "tests/test_upgrade.py",
    "tests/indicators/store/test_keys.py",
    "tests/cli/test_commands.py",
    "tests/cli/test_privacy_commands.py",
    "tests/service/test_stopping.py",
    "tests/ingest/pull/test_killed_pulls.py",
    "tests/ingest/http/test_readme.py",
    "tests/attack/test_rows.py",
    "tests/ingest/http/test_openapi.py",
)
