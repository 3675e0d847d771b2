"""What is wrong with a benefit is listed by `nytta check`: which benefit, in which line, and what to change."""

from __future__ import annotations

from pathlib import Path

from tests.support.commands import nytta

ORGANISATION = """\
organisations: [{id: town, name: Town, timezone: Europe/Stockholm, country: SE}]
units:
  - {id: permits, name: Permits, parent: town}
"""
SYSTEMS = """\
systems:
  - {id: casework, name: Casework, case_types: [{id: permit, name: Permit}]}
"""
WHOLE = "unit: permits, kind: quality, unit_of_measure: visits, method: m, owner: {name: A, email: a@town.example}"
HOURS = WHOLE.replace("quality", "redistribution").replace("visits", "hours") + ", system: casework"
PROGRAMME = f"""\
benefits:
  - {{id: equal, {WHOLE}, due: 2026-12-01, baseline: 9, target: 9}}
  - {{id: backwards, {WHOLE}, baseline: 9, target: 5, start: 2026-09-01, due: 2026-03-01}}
  - {{id: ownerless, {WHOLE.rpartition(", owner")[0]}, due: 2026-12-01, baseline: 9, target: 5}}
  - {{id: first, {HOURS}, due: 2026-12-01, baseline: 0, target: 500}}
  - {{id: second, {HOURS}, due: 2026-12-01, baseline: 0, target: 90, case_type: permit}}
  - {{id: gone, {WHOLE}, due: 2026-12-01, baseline: 9, target: 5, measured_by: {{indicator: rework, version: 7}}}}
  - {{id: foreign, {WHOLE}, due: 2026-12-01, baseline: 9, target: 5, currency: EUR}}
"""
TOLD = {
    2: "'equal': `target` equals the baseline",
    3: "'backwards': `due` must be later than start (2026-09-01), not 2026-03-01",
    4: "warning: 'ownerless' lacks `owner`",
    6: "'second' counts the same hours as 'first' in line 5",
    7: "'gone': `measured_by`, `version` names version 7 of 'rework', which does not exist any more",
    8: "the amount of 'foreign' is in EUR, but 'town' counts in SEK",
}


def test_everything_that_is_wrong_with_benefits_is_listed_at_once(tmp_path: Path) -> None:
    for name, text in (("organisation", ORGANISATION), ("systems", SYSTEMS), ("programme", PROGRAMME)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    done = nytta("check", tmp_path, code=1)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "programme.yaml:" in line]
    told = {int(line.split(":")[1]): line for line in lines}
    assert len(lines) == len(told) == len(TOLD)
    for number, message in TOLD.items():
        assert message in told[number]
