"""The registry's three files, written from the facts of a simulated place."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import yaml

from nytta.demo.place import (
    Benefit,
    Cost,
    Decision,
    Milestone,
    Organisation,
    Person,
    Place,
    Plan,
    Unit,
)
from nytta.demo.weeks import Span, easter_monday
from nytta.registry.declarations import schemas
from nytta.registry.retention import Rule


def registry_files(place: Place, span: Span) -> dict[str, str]:
    """The texts of organisation.yaml, systems.yaml and programme.yaml, by file name.

    Every purpose that an indicator may name is approved: an invented organisation has done its homework.
    """
    return {
        "organisation.yaml": _text(_organisation(place, span, _purposes())),
        "systems.yaml": _text(_systems(place)),
        "programme.yaml": _text(_programme(place)),
    }


class _Dumper(yaml.SafeDumper):
    """Writes equal parts out instead of pointing at them, so that a person can read and change each place."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(data: dict[str, Any]) -> str:
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return (
        "# Invented organisations: no name in this file is that of a real body or person.\n" + text
    )


def _contact(person: Person) -> dict[str, str]:
    return {"name": person.name, "email": person.email, "language": person.language}


def _function(home: Organisation, box: str, name: str) -> dict[str, str]:
    return {"name": name, "email": f"{box}@{home.id}.example", "language": home.language}


def _purposes() -> list[str]:
    return sorted(yaml.safe_load((schemas() / "purposes.yaml").read_bytes()))


def _organisation(place: Place, span: Span, purposes: list[str]) -> dict[str, Any]:
    homes = place.organisations
    return {
        "organisations": [_home(home, span) for home in homes],
        "units": [_unit(unit, home) for home in homes for unit in home.units[1:]],
        "reporting_groups": [
            {
                "id": group.id,
                "name": group.name,
                "units": list(group.units),
                "manager": _contact(group.manager),
            }
            for home in homes
            for group in home.groups
        ],
        "approvals": [_approval(purpose, home, span) for home in homes for purpose in purposes],
        "disposals": [
            {"rule": rule.value, "decision": f"påhittat gallringsbeslut {rule.value}"}
            for rule in Rule
        ],
    }


def _home(home: Organisation, span: Span) -> dict[str, Any]:
    root = home.units[0]
    return {
        "id": home.id,
        "name": home.name,
        "timezone": home.timezone,
        "country": home.country,
        "key": f"{home.id}-1",
        "type": root.type,
        "language": home.language,
        "currency": home.currency,
        "manager": _contact(root.manager),
        "programme_lead": _contact(home.lead),
        "operations": _contact(home.operations),
        "employee_representatives": [_function(home, "facket", "Facklig representant")],
        "data_protection": [_function(home, "dso", "Dataskyddsombud")],
        "administrators": [_function(home, "admin", "Systemförvaltning")],
        "calendar": {"school_breaks": _breaks(home, span)},
    }


def _unit(unit: Unit, home: Organisation) -> dict[str, Any]:
    unit_entry = {
        "id": unit.id,
        "name": unit.name,
        "parent": unit.parent,
        "type": unit.type,
        "manager": _contact(unit.manager),
    }
    # units without staff of their own are compared with nobody
    return unit_entry | ({"peer_group": f"{home.id}-enheter"} if unit.staff else {})


def _approval(purpose: str, home: Organisation, span: Span) -> dict[str, Any]:
    return {
        "purpose": purpose,
        "organisation": home.id,
        "legal_basis": "uppgift av allmänt intresse, påhittat beslut",
        "dpia": f"dpia-{home.id}-1",
        "consulted_on": str(span.start - timedelta(days=60)),
    }


def _breaks(home: Organisation, span: Span) -> list[dict[str, str]]:
    """Winter and autumn break, and the week after Easter in Sweden, the week before in Norway."""
    years = range(span.start.year, span.monday(span.count).year + 1)
    break_entries = []
    for year in years:
        easter = easter_monday(year)
        if home.country == "SE":
            breaks = [
                ("sportlov", date.fromisocalendar(year, 9, 1)),
                ("påsklov", easter),
                ("höstlov", date.fromisocalendar(year, 44, 1)),
            ]
        else:
            breaks = [
                ("vinterferie", date.fromisocalendar(year, 8, 1)),
                ("påskeferie", easter - timedelta(days=7)),
                ("høstferie", date.fromisocalendar(year, 40, 1)),
            ]
        for name, first_day in breaks:
            last_day = first_day + timedelta(days=4)
            break_entries.append({"name": name, "first": str(first_day), "last": str(last_day)})
    return break_entries


def _systems(place: Place) -> dict[str, Any]:
    systems = []
    for system in place.systems:
        system_entry: dict[str, Any] = {"id": system.id, "name": system.name}
        system_entry["go_lives"] = [
            {"unit": unit, "date": str(day)} for unit, day in system.live.items()
        ]
        if system.route:
            system_entry["digital_route"] = list(system.route)
        types = []
        for case_type in system.case_types:
            minutes: dict[str, Any] = {
                "before": case_type.minutes_before,
                "after": case_type.minutes_after,
            }
            if system.minutes_by and system.minutes_on:
                minutes |= {
                    "confirmed_by": system.minutes_by,
                    "confirmed_on": str(system.minutes_on),
                }
            types.append({"id": case_type.id, "name": case_type.name, "minutes": minutes})
        if types:
            system_entry["case_types"] = types
        systems.append(system_entry)
    return {"systems": systems}


def _programme(place: Place) -> dict[str, Any]:
    managers = {unit.id: unit.manager for home in place.organisations for unit in home.units}
    entries_by_name = {
        "milestones": [_milestone(milestone) for milestone in place.milestones],
        "plans": [_plan(plan) for plan in place.plans],
        "benefits": [_benefit(benefit, managers[benefit.unit]) for benefit in place.benefits],
        "decisions": [_decision(decision) for decision in place.decisions],
        "costs": [_cost(cost) for cost in place.costs],
    }
    return {name: entries for name, entries in entries_by_name.items() if entries}


def _milestone(milestone: Milestone) -> dict[str, Any]:
    milestone_entry = {
        "id": milestone.id,
        "what": milestone.what,
        "date": str(milestone.day),
        "name": milestone.name,
        "system": milestone.system,
        "unit": milestone.unit,
    }
    return milestone_entry | ({"tier": milestone.tier} if milestone.tier else {})


def _plan(plan: Plan) -> dict[str, Any]:
    plan_entry: dict[str, Any] = {"unit": plan.unit, "system": plan.system}
    if plan.targets:
        plan_entry |= {"indicator": plan.indicator, "start": str(plan.start)}
        plan_entry["targets"] = [
            {"date": str(day), "value": value / 1000} for day, value in plan.targets
        ]
    if plan.workplaces is not None:
        plan_entry["workplaces"] = plan.workplaces
    return plan_entry


def _benefit(benefit: Benefit, owner: Person) -> dict[str, Any]:
    benefit_entry: dict[str, Any] = {
        "id": benefit.id,
        "name": benefit.name,
        "unit": benefit.unit,
        "kind": benefit.kind,
        "unit_of_measure": benefit.measure,
        "owner": _contact(owner),
        "baseline": benefit.baseline,
        "baseline_from": str(benefit.baseline_from),
        "baseline_to": str(benefit.baseline_to),
        "target": benefit.target,
        "start": str(benefit.start),
        "due": str(benefit.due),
        "method": benefit.method,
        "system": benefit.system,
        "role": "handläggare",
        "hourly_cost": {"amount": 450, "source": "påhittad schablon"},
    }
    if benefit.case_type:
        benefit_entry["case_type"] = benefit.case_type
    if benefit.indicator:
        benefit_entry["adoption"] = {
            "indicator": benefit.indicator,
            "baseline": benefit.baseline_share / 1000,
            "target": benefit.target_share / 1000,
        }
    return benefit_entry


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.id,
        "name": decision.name,
        "decided": str(decision.day),
        "level": str(decision.level),
        "due": str(decision.due),
        "units": list(decision.units),
        "system": decision.system,
    }


def _cost(cost: Cost) -> dict[str, Any]:
    cost_entry = {
        "name": cost.name,
        "unit": cost.unit,
        "system": cost.system,
        "valid_from": str(cost.start),
        "valid_to": str(cost.end),
        "amount": cost.amount,
    }
    return cost_entry | ({"kind": cost.kind} if cost.kind else {})
