"""Payloads of real systems, as their documentation shows them, read without preparation."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from nytta.ingest.events import decode
from nytta.ingest.events.pseudonyms import Pseudonymiser
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.read import read
from tests.rows import NOW

HEAD = "id: m\norganisation: {id: o}\ntimezone: Europe/Stockholm\nunit: {constant: u}\nsystem: {constant: s}\n"
PERSON = "events: [{type: platform.session, actor: %s, time: %s}]\n"
DETAIL = PERSON % ('"User Principal Name"', '"Last Activity Date"')
SEEN = PERSON % ('"User Principal Name"', '{coalesce: ["Last Activity Date", "Report Refresh Date"]}')
ACTIVE = PERSON % ('"User Principal Name"', '"Teams Last Activity Date"')
ACTIVATED = PERSON % ('"User Principal Name"', '"Last Activated Date"')
OWNER = PERSON % ('"Owner Principal Name"', '"Report Refresh Date"')
CALL = PERSON % ("userPrincipalName", "startDateTime")
SAMPLES: dict[str, tuple[str, dict[str, int]]] = {
    "m365/onedrive_activityuserdetail": (DETAIL, {"platform.session": 1}),
    "m365/onedrive_usageaccountdetail": (OWNER, {"platform.session": 1}),
    "m365/outlook_mailactivityuserdetail": (DETAIL, {"platform.session": 1}),
    "m365/outlook_mailappusageuserdetail": (DETAIL, {"platform.session": 1}),
    "m365/outlook_mailboxusagedetail": (DETAIL, {"platform.session": 1}),
    "m365/spo_activityuserdetail": (DETAIL, {"platform.session": 1}),
    "m365/spo_siteusagedetail": (OWNER, {"platform.session": 1}),
    "m365/teams_deviceusageuserdetail": (SEEN, {"platform.session": 1}),
    "m365/teams_useractivityuserdetail": (DETAIL, {"platform.session": 1}),
    "m365/tenant_activeuserdetail": (ACTIVE, {"platform.session": 1}),
    "m365/tenant_office365activationsuserdetail": (ACTIVATED, {"platform.session": 1}),
    "m365/teams_pstncalls.json": ("format: json\n" + CALL, {"platform.session": 1}),
    "m365/teams_directroutingcalls.json": ("format: json\n" + CALL, {"platform.session": 1}),
    "m365graph/getM365AppUserDetail_sample_shortened.json": (
        "format: json\nrecords: value\neach: details\n" + PERSON % ("../userPrincipalName", "../lastActivityDate"),
        {"platform.session": 1},
    ),
    "m365graph/intune_managedDevices_shortened.json": (
        "format: json\nrecords: value\nclient: id\nactor: userId\n"
        "events: [{type: platform.enrolled, time: enrolledDateTime}, "
        "{also: seen, type: platform.heartbeat, time: lastSyncDateTime}]\n",
        {"platform.enrolled": 1, "platform.heartbeat": 1},
    ),
    "servicenow/table_api_incident.json": (
        "format: json\nrecords: result\nsource: sn\nidentity: sys_id\nrevision: sys_updated_on\nticket: number\n"
        "events: [{type: ticket.opened, time: opened_at, channel: contact_type}, "
        "{also: resolved, type: ticket.resolved, time: resolved_at}]\n",
        {"ticket.opened": 1},
    ),
    "topdesk/incident_without_optional_fields.json": (
        "format: object\nticket: number\nevents: [{type: ticket.opened, time: {coalesce: [callDate, creationDate]}, "
        "category: category/name}]\n",
        {"ticket.opened": 1},
    ),
    "zammad/webhook_default_payload_reduced.json": (
        "format: object\nsource: zammad\nidentity: ticket/id\nrevision: ticket/updated_at\nticket: ticket/id\n"
        "events: [{type: ticket.opened, time: ticket/created_at, channel: {field: ticket/create_article_type, "
        "values: {phone: phone}}}]\n",
        {"ticket.opened": 1},
    ),
    "sundsvall/eventlog_getEvents_response.json": (
        "format: json\nrecords: content\nentries: {path: metadata, key: key, value: value}\n"
        "case: historyReference\nactor: metadata/ExecutedBy\n"
        "events: [{type: {field: type, values: {CREATE: case.opened}, otherwise: case.step}, time: created, "
        "activity: type}]\n",
        {"case.opened": 1, "case.step": 4},
    ),
    "sundsvall/eventlog_getAllEvents_response.json": (
        "format: json\nrecords: content\nentries: {path: metadata, key: key, value: value}\n"
        "case: historyReference\nactor: metadata/ExecutedBy\n"
        "events: [{type: {field: type, values: {CREATE: case.opened}, otherwise: case.step}, time: created, "
        "activity: type}]\n",
        {},
    ),
    "sundsvall/eventlog_createEvent_request.json": (
        "format: object\nentries: {path: metadata, key: key, value: value}\n"
        "events: [{type: platform.session, actor: metadata/userId, time: expires}]\n",
        {},
    ),
    "sundsvall/supportmanagement_events_response.json": (
        "format: json\nrecords: content\nentries: {path: metadata, key: key, value: value}\n"
        "case: historyReference\nactor: metadata/ExecutedBy\n"
        "events: [{type: case.step, time: created, activity: message}]\n",
        {},
    ),
    "sundsvall/supportmanagement_errands_page.json": (
        "format: json\nrecords: content\nentries: {path: externalTags, key: key, value: value}\n"
        "source: sm\nidentity: id\nrevision: version\nticket: id\n"
        "events: [{type: ticket.opened, time: created, category: classification/category, "
        "channel: {field: channel, values: {ESERVICE: web}, otherwise: internal}}]\n",
        {},
    ),
    "sundsvall/casedata_errand.json": (
        "format: object\ncase: errandNumber\nevents: [{type: case.opened, time: created}, "
        "{also: state, type: case.step, time: status/created, activity: status/statusType}]\n",
        {"case.opened": 1, "case.step": 1},
    ),
    "sundsvall/casedata_errand_history.json": (
        "format: json\ncase: {join: [globalId/entity, globalId/cdoId]}\nactor: commitMetadata/author\n"
        "events: [{type: case.step, time: commitMetadata/commitDateInstant, activity: changeType}]\n",
        {},
    ),
    "openeplatform/getinstances_family.xml": (
        "format: xml\nrecords: FlowInstance\ndates: {order: epoch-ms}\ncase: flowInstanceID\n"
        "events: [{type: case.opened, time: firstSubmittedInMilliseconds, channel: {constant: web}}, "
        "{also: state, type: case.step, time: lastStatusChangeInMilliseconds, activity: stepID}]\n",
        {},
    ),
    "openeplatform/getinstance_case.xml": (
        "format: xml\ncase: Header/FlowInstanceID\n"
        "events: [{type: case.opened, time: Header/FirstSubmitted, channel: {constant: web}}]\n",
        {"case.opened": 1},
    ),
    "openeplatform/getstatus.xml": (
        "format: xml\ncase: statusID\n"
        "events: [{type: case.step, time: {constant: 2026-01-01}, activity: contentType}]\n",
        {"case.step": 1},
    ),
    "openeplatform/getflows_first5.json": (
        "format: json\nrecords: Flows\ncase: ID\n"
        "events: [{type: case.step, time: {constant: 2026-01-01}, activity: Category}]\n",
        {"case.step": 5},
    ),
    "fiks/arkivmelding_ny_inngaaende.xml": (
        "format: xml\ncase: meldingId\nevents: [{type: case.opened, time: tidspunkt}]\n",
        {"case.opened": 1},
    ),
    "fiks/svar_paa_ny_inngaaende.xml": (
        "format: xml\nrecords: registreringKvittering\ncase: systemID\n"
        "events: [{type: case.opened, time: journaldato}]\n",
        {"case.opened": 1},
    ),
    "fiks/saksfaser_hent_resultat.json": (
        "format: object\neach: faser/milepeler\ncase: {join: [../../saksnummer/saksaar, "
        "../../saksnummer/sakssekvensnummer]}\nevents: [{type: case.step, also: done, time: utfoert, "
        "activity: beskrivelse}]\n",
        {},
    ),
    "zeebe/camunda7_history_activity_instance.json": (
        "format: json\ncase: processInstanceId\nactor: assignee\n"
        "events: [{type: case.step, time: {coalesce: [endTime, startTime]}, activity: activityName}]\n",
        {"case.step": 1},
    ),
    "zeebe/process_instance_record_8.3.4.json": (
        "format: object\ndates: {order: epoch-ms}\ncase: value/processInstanceKey\n"
        "events: [{type: case.step, time: timestamp, activity: intent}]\n",
        {"case.step": 1},
    ),
    "osquery/results.ndjson": (
        "format: lines\ndates: {order: epoch-s}\nclient: {field: hostname, missing: unknown}\n"
        "events: [{type: platform.heartbeat, time: unixTime}]\n",
        {"platform.heartbeat": 4},
    ),
    "osquery/fleet_activity_ran_script.json": (
        "format: object\nevents: [{type: platform.session, actor: actor_email, time: created_at}]\n",
        {"platform.session": 1},
    ),
    "osquery/fleet_vulnerability_webhook.json": (
        "format: object\nrecords: vulnerability\neach: hosts_affected\nclient: id\n"
        "events: [{type: platform.heartbeat, also: seen, time: seen_at}]\n",
        {},
    ),
    "matomo/live_getLastVisitsDetails_fields.json": (
        "format: object\nrecords: visit\neach: actionDetails\n"
        "events: [{type: platform.session, also: page, actor: ../fingerprint, time: ../serverTime}]\n",
        {},
    ),
}


NO_PAYLOADS = {
    "m365": r"(counts?|pages|storage|settings-get)\.(csv|json)$",
    "m365graph": r"(csv_headers|intune_detectedApps)\.json$",
    "fiks": r"-api-v2\.json$",
    "sundsvall": r"(\.yaml|createEvent_mapping\.json|messaging_statistics_.*\.json)$",
    "zammad": r"signature_vectors\.json$",
}
"""By folder, the files of which no row tells of an act: counts of whole tenants and senders, and descriptions."""


def test_every_payload_is_tried(shared_data: Path) -> None:
    folder = shared_data / "samples"
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    left = [name for name in names if name not in SAMPLES and name.rpartition(".")[0] not in SAMPLES]
    for name in left:
        place = name.partition("/")[0]
        assert place in NO_PAYLOADS, name
        assert re.search(NO_PAYLOADS[place], name), name


@pytest.mark.parametrize("name", SAMPLES)
def test_a_payload_reads_as_it_is(name: str, shared_data: Path) -> None:
    text, expected = SAMPLES[name]
    forms = [""] if name.rpartition(".")[2] in ("json", "xml", "ndjson") else [".json", ".csv"]
    for form in forms:
        kind = {".json": "format: json\n", ".csv": "format: table\ntable: {surplus: last}\n", "": ""}[form]
        mapping = parse(HEAD + kind + text, "sample.yaml")
        path = shared_data / "samples" / f"{name}{form}"
        if form and not path.exists():  # this report has one form only
            continue
        (chunk,) = read(path, mapping, conceal=lambda key: f"k1:{key.encode().hex():0>32}"[:35])
        assert chunk.rejects == ()
        assert chunk.rows >= 1
        made = decode(chunk.ndjson, received_at=NOW, pseudonymise=Pseudonymiser("k1", bytes(16)))
        assert [reject.detail for reject in made.rejects if "after" not in reject.detail] == []
        if expected:
            assert dict(Counter(made.table["type"].to_pylist())) == expected
