"""Texts in English."""

from nytta.insight.alerts.wordings.wording import Advice, KindText, Wording

_PEERS = (
    "?Similar units are at {peer}% (most between {peer_low} and {peer_high}%).",
    "?Similar units are at {peer_alone}%.",
)
_LOSS = "?If it lasts, about {loss} of the benefit “{benefit}” will be missed by {loss_due}."
_CHANCE = "Holidays, access problems and outages are ruled out."

EN = Wording(
    language="en",
    kinds={
        "level": KindText(
            "{unit}: {system} is used less than expected since {since}",
            (
                "{finding}",
                *_PEERS,
                "?Chance gives such a gap in fewer than {chance} of 100 units a year.",
                "Holidays and access problems are excluded.",
                _LOSS,
            ),
            "The level was clearly below similar units in at least three of four weeks.",
            _CHANCE,
            (
                Advice("Book a training session for the unit", "manager", "untrained"),
                Advice("Close the paper route where the digital one works", "manager", "paper"),
                Advice(
                    "Ask at the next staff meeting what stands in the way; the talk guide helps",
                    "manager",
                ),
            ),
        ),
        "relapse": KindText(
            "{unit}: {system} is used less than expected since {since}",
            (
                "{finding}",
                "?Before, the unit was at {before}%.",
                *_PEERS,
                "?Chance gives such a fall in fewer than {chance} of 100 units a year.",
                "Holidays and access problems are excluded.",
                _LOSS,
            ),
            "The unit has fallen against its own earlier level and against similar units several weeks in a row.",
            _CHANCE,
            (
                Advice(
                    "Ask at the next staff meeting what has changed; the talk guide helps",
                    "manager",
                ),
                Advice("Ask a super-user to join for a day", "manager"),
            ),
        ),
        "behind_plan": KindText(
            "{unit}: {system} will probably not reach its target by {due}",
            (
                "{finding}",
                "The target is {target}% by {due}.",
                "?The forecast is {forecast}% (80% interval {forecast_low}–{forecast_high}).",
                "Status: off track. Holidays and access problems are excluded.",
                _LOSS,
            ),
            "At the present pace the chance of reaching the target in time is below 20 percent.",
            _CHANCE,
            (
                Advice("Go through the plan with the programme lead", "manager"),
                Advice("Book a training session for the unit", "manager", "untrained"),
            ),
        ),
        "ready_not_used": KindText(
            "{unit}: {system} is ready but not used",
            (
                "?About {ready}% of the unit are trained and have access to {system}.",
                "{finding}",
                *_PEERS,
                "The technology is in place but the way of working has not changed; holidays are excluded.",
                _LOSS,
            ),
            "Training and access are in place, but use is clearly below what was intended.",
            _CHANCE,
            (
                Advice(
                    "Agree with the team which cases go the digital way, and from when",
                    "benefit_owner",
                ),
                Advice(
                    "Close the paper route where the digital one works", "benefit_owner", "paper"
                ),
            ),
        ),
        "not_moved": KindText(
            "{unit}: {system} is live but the unit has not moved",
            (
                "About {x}% of the planned workplaces are in use on {system} in week {last}.",
                "?The plan is {target}% by {due}.",
                "?The earlier platform is kept alive by {legacy}.",
                "Delivery is measured in workplaces, not in people.",
                _LOSS,
            ),
            "The platform is live, but fewer than 60 percent of the planned workplaces are activated.",
            "Workplaces that are not due yet are not counted.",
            (
                Advice(
                    "Agree with IT operations when the old program is closed or moved", "manager"
                ),
                Advice("Book moving days for the unit", "manager"),
            ),
        ),
        "abandonment": KindText(
            "{unit}: many support tickets and falling use of {system}",
            (
                "{finding}",
                "The unit has about {tickets} support tickets per 100 employees.",
                "?Similar units have {tickets_peer}.",
                "Many tickets while use is falling suggest that {system} is being abandoned.",
                "Holidays and outages are excluded.",
            ),
            "Support tickets are clearly more than in similar units while use is falling.",
            _CHANCE,
            (
                Advice(
                    "Ask at the next staff meeting what stands in the way; the talk guide helps",
                    "manager",
                ),
                Advice("Go through the most frequent tickets with IT operations", "manager"),
            ),
        ),
        "training_need": KindText(
            "{unit}: many support tickets about {system}, more training is needed",
            (
                "{finding}",
                "The unit has about {tickets} support tickets per 100 employees.",
                "?Similar units have {tickets_peer}.",
                "Many tickets while use is rising suggest that more people need training.",
                "Holidays and outages are excluded.",
            ),
            "Support tickets are clearly more than in similar units while use is rising.",
            _CHANCE,
            (
                Advice("Book a training session for the unit", "manager"),
                Advice("Ask a super-user to join for a day", "manager"),
            ),
        ),
        "benefit_off_course": KindText(
            "{course_benefit}: the benefit is off track",
            (
                "{course_benefit}: forecast {course}% of the target at {course_due} "
                "(80% interval {course_low}–{course_high}).",
                "Status: Off track.",
                "Largest contributions to the gap: use {course_use}%, effect per case {course_effect}%.",
                "?If it lasts, about {loss} will be missed by {loss_due}.",
            ),
            "With a probability of over 80 percent the forecast does not reach the target in time.",
            "Season is excluded: the same weeks are compared.",
            (
                Advice("Go through use with the benefit owner", "programme_lead"),
                Advice("Consider whether target or date needs a decision", "programme_lead"),
            ),
        ),
        "decision_stuck": KindText(
            "The decision “{decision}” is stuck with {level}",
            (
                "The decision “{decision}” is acknowledged by {acknowledged} of {units} units, {weeks_old} weeks old, "
                "stuck with {level}.",
                "Decisions are official acts; no people are counted.",
            ),
            "The decision is older than four weeks and not all units concerned have acknowledged it.",
            "Units with an agreed deviation are not counted.",
            (
                Advice(
                    "Raise the decision at the next management meeting of that level",
                    "programme_lead",
                ),
                Advice("Make clear what is to be done, and when", "programme_lead"),
            ),
        ),
        "not_anchored": KindText(
            "{unit}: the staff rollout started before managers were anchored",
            (
                "The staff rollout started in {since}, but anchoring among managers is {x}%.",
                "The target is {target}% before the next step.",
                "The alert ends when the target is reached.",
            ),
            "A step is to start only when the one before has reached its target.",
            "Steps that are planned but not started are not counted.",
            (
                Advice("Hold the managers' step before further staff sessions", "programme_lead"),
                Advice("Move the staff sessions that can wait", "programme_lead"),
            ),
        ),
        "outage": KindText(
            "{system}: an outage affects the figures since {since}",
            (
                "Use of {system} fell in many units at once in {weeks}.",
                "?About {scope}% of the units are affected.",
                "The units get no alert about this.",
            ),
            "An outage explains the fall better than anything in the units.",
            "Holidays are excluded.",
            (Advice("Confirm the outage and when it ended", "operations"),),
        ),
        "stale_source": KindText(
            "{system}: data are missing or incomplete since {since}",
            (
                "What comes from {system} differs from the usual for the same weekday.",
                "?Source: {source}.",
                "Nothing is judged and no alert goes to the units until the data are whole again.",
            ),
            "The amount is outside 0.5–2 times the median of eight equal weekdays.",
            "Public holidays are excluded.",
            (Advice("Check the transfer and read in what is missing", "operations"),),
        ),
        "access": KindText(
            "{system}: access is missing since {since}",
            (
                "Many who are to use {system} have no access.",
                "?About {scope}% of the units are affected.",
                "The units are not judged until access is in place.",
            ),
            "More than one in five lack access or a licence.",
            "People who are not to have access are not counted.",
            (Advice("Create the access that is missing", "operations"),),
        ),
        "common_cause": KindText(
            "{system}: many units fall at once since {since}",
            (
                "Use of {system} fell in many units at once in {weeks}.",
                "?About {scope}% of the units are affected.",
                "The cause is then rarely in the units; they get no alert about this.",
            ),
            "The mean of all units fell more than it usually moves.",
            "Holidays are excluded.",
            (Advice("Check source, sign-in and disturbances in operation", "operations"),),
        ),
        "reorganisation": KindText(
            "{unit}: reorganisation, comparisons begin again in {since}",
            (
                "Units were merged, divided or renamed; earlier levels no longer hold.",
                "No alert goes to the units concerned until four weeks have been measured.",
            ),
            "The number of people concerned changed so much that it is no longer the same unit.",
            "Ordinary staff turnover does not count.",
            (Advice("Check that the registry shows the present organisation", "programme_lead"),),
        ),
        "many_behind_plan": KindText(
            "{system}: many units will probably not reach their target",
            (
                "Many units are below the plan for {system} at once.",
                "?About {scope}% of the units are affected.",
                "Then it is more often the plan or the rollout than the units that needs to change.",
            ),
            "More than one in three units got a forecast below target in the same week.",
            "Sources and access have been checked.",
            (
                Advice(
                    "Weigh the plan's targets and dates against how the rollout goes",
                    "programme_lead",
                ),
            ),
        ),
    },
    findings={
        "intended-use": "About {x}% of cases that should be handled digitally were, in {weeks}.",
        "digital-intake": "About {x}% of cases came in digitally in {weeks}.",
        "weekly-breadth": "About {x}% of those at work used {system} in {weeks}.",
        "enrolment": "About {x}% of the planned workplaces are connected to {system} in week {last}.",
        "": "{indicator}: about {x}% in {weeks}.",
        "hidden": "{system} was used less than expected in {weeks}; the figure is not shown, to protect persons.",
    },
    roles={
        "manager": "the unit's manager",
        "benefit_owner": "the benefit owner",
        "programme_lead": "the programme lead",
        "operations": "IT operations",
        "representatives": "the staff's representatives",
    },
    labels={
        "unit": "Unit",
        "system": "System",
        "indicator": "Indicator",
        "value": "Actual",
        "comparison": "Comparison",
        "since": "Since",
        "why": "Why we think so",
        "ruled_out": "What it is not",
        "cost": "Unrealised potential",
        "actions": "Suggested",
        "buttons": "Answers",
        "sees": "Who else sees this",
        "links": "Chart and table",
        "about_unit": "About this message",
    },
    absent={
        "value": "The alert is about no figure.",
        "comparison": "Nothing to compare with.",
        "cost": "Has not been worked out.",
        "links": "Chart and table are on the unit's page.",
    },
    buttons={
        "acknowledge": "I'll take it",
        "plan": "Plan action",
        "snooze": "Wait until …",
        "not_right": "Not right",
    },
    lines={
        "new": "{subject}.",
        "reminder": "Reminder: {subject}. No answer for two weeks.",
        "escalation": "No answer for four weeks: {subject}.",
        "review": "To follow up: {subject}.",
        "recovery": "{unit}: {system} is back at the expected level.",
        "reached": "{unit}: {system} has reached the expected level.",
        "ended": "No longer followed as an alert: {subject}.",
        "over": "No longer the case: {subject}.",
    },
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    day="{day} {month} {year}",
    thousands=",",
    suggested="Suggested:",
    about_unit="This is about the unit, not individuals.",
    seen_by="You and {role} see this.",
    loss="{hours} hours",
    loss_money="{hours} hours ({money})",
    value="about {x}% (between {low} and {high}%), based on {n}",
    value_alone="{x}%, based on {n}",
    comparison={
        "peers": "similar units {peer}%",
        "band": "similar units {peer}% (most {peer_low}–{peer_high}%)",
        "before": "the unit before {before}%",
        "target": "target {target}% by {due}",
        "units": "{acknowledged} of {units} units",
        "tickets": "support tickets per 100 employees {tickets}",
        "tickets_peer": "similar units {tickets_peer}",
        "course": "forecast {course}% of the target at {course_due}",
    },
    indicator="{indicator}: {definition} (definition {version})",
    week="week {week}",
    weeks="weeks {first}–{last}",
    week_of_year="week {week} {year}",
    going_live="go-live in {month} {year}",
    cost="{hours} hours this quarter of the benefit “{benefit}”; owner: {owner}",
    cost_money="{hours} hours ({money}) this quarter of the benefit “{benefit}”; owner: {owner}",
    cost_until="{loss} of the benefit “{benefit}” by {loss_due}; owner: {owner}",
    follow_up="Nytta: to follow up in week {week}",
    further="More that concerns you",
    matter="About",
    heading="Background",
)
