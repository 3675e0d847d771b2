"""Texts in Norwegian (bokmål)."""

from nytta.insight.alerts.wordings.wording import Advice, KindText, Wording

_PEERS = (
    "?Lignende enheter ligger på {peer} % (de fleste mellom {peer_low} og {peer_high} %).",
    "?Lignende enheter ligger på {peer_alone} %.",
)
_LOSS = "?Fortsetter det, går om lag {loss} av gevinsten «{benefit}» tapt innen {loss_due}."
_CHANCE = "Ferie, tilgangsproblemer og driftsstans er utelukket."

NB = Wording(
    language="nb",
    kinds={
        "level": KindText(
            "{unit}: {system} brukes mindre enn ventet siden {since}",
            (
                "{finding}",
                *_PEERS,
                "?Så stor forskjell oppstår tilfeldig hos færre enn {chance} av 100 enheter i året.",
                "Ferie og tilgangsproblemer er trukket fra.",
                _LOSS,
            ),
            "Nivået lå tydelig under lignende enheter i minst tre av fire uker.",
            _CHANCE,
            (
                Advice("Sett opp et kurs for enheten", "manager", "untrained"),
                Advice("Steng papirveien der den digitale virker", "manager", "paper"),
                Advice(
                    "Ta opp på neste personalmøte hva som er til hinder; samtaleguiden hjelper",
                    "manager",
                ),
            ),
        ),
        "relapse": KindText(
            "{unit}: {system} brukes mindre enn ventet siden {since}",
            (
                "{finding}",
                "?Tidligere lå enheten på {before} %.",
                *_PEERS,
                "?Så stor nedgang oppstår tilfeldig hos færre enn {chance} av 100 enheter i året.",
                "Ferie og tilgangsproblemer er trukket fra.",
                _LOSS,
            ),
            "Enheten har falt mot sitt eget tidligere nivå og mot lignende enheter flere uker på rad.",
            _CHANCE,
            (
                Advice(
                    "Ta opp på neste personalmøte hva som har endret seg; samtaleguiden hjelper",
                    "manager",
                ),
                Advice("Be en superbruker være med en dag", "manager"),
            ),
        ),
        "behind_plan": KindText(
            "{unit}: {system} når trolig ikke målet innen {due}",
            (
                "{finding}",
                "Målet er {target} % innen {due}.",
                "?Prognosen er {forecast} % (80 % intervall {forecast_low}–{forecast_high}).",
                "Status: avviker fra plan. Ferie og tilgangsproblemer er trukket fra.",
                _LOSS,
            ),
            "Sannsynligheten for å nå målet i tide er under 20 prosent med dagens takt.",
            _CHANCE,
            (
                Advice("Gå gjennom planen med programlederen", "manager"),
                Advice("Sett opp et kurs for enheten", "manager", "untrained"),
            ),
        ),
        "ready_not_used": KindText(
            "{unit}: {system} er klart, men brukes ikke",
            (
                "?Omtrent {ready} % i enheten har opplæring og tilgang til {system}.",
                "{finding}",
                *_PEERS,
                "Teknikken er på plass, men arbeidsmåten er ikke endret; ferie er trukket fra.",
                _LOSS,
            ),
            "Opplæring og tilganger er klare, men bruken ligger tydelig under det tilsiktede.",
            _CHANCE,
            (
                Advice(
                    "Avtal med arbeidsgruppen hvilke saker som skal gå den digitale veien, og fra når",
                    "benefit_owner",
                ),
                Advice("Steng papirveien der den digitale virker", "benefit_owner", "paper"),
            ),
        ),
        "not_moved": KindText(
            "{unit}: {system} er i drift, men enheten har ikke flyttet",
            (
                "Omtrent {x} % av de planlagte arbeidsplassene er i bruk på {system} i uke {last}.",
                "?Planen er {target} % innen {due}.",
                "?Den tidligere plattformen holdes i live av {legacy}.",
                "Leveransen er målt på arbeidsplasser, ikke på personer.",
                _LOSS,
            ),
            "Plattformen er i drift, men under 60 prosent av de planlagte arbeidsplassene er aktivert.",
            "Arbeidsplasser som ennå ikke skulle vært levert, er ikke regnet med.",
            (
                Advice(
                    "Avtal med IT-driften når det gamle programmet stenges eller flyttes", "manager"
                ),
                Advice("Sett opp flyttedager for enheten", "manager"),
            ),
        ),
        "abandonment": KindText(
            "{unit}: mange supporthenvendelser og synkende bruk av {system}",
            (
                "{finding}",
                "Enheten har omtrent {tickets} supporthenvendelser per 100 ansatte.",
                "?Lignende enheter har {tickets_peer}.",
                "Mange saker samtidig med synkende bruk tyder på at {system} er i ferd med å bli forlatt.",
                "Ferie og driftsstans er trukket fra.",
            ),
            "Supporthenvendelsene er klart flere enn i lignende enheter samtidig som bruken synker.",
            _CHANCE,
            (
                Advice(
                    "Ta opp på neste personalmøte hva som er til hinder; samtaleguiden hjelper",
                    "manager",
                ),
                Advice("Gå gjennom de vanligste sakene med IT-driften", "manager"),
            ),
        ),
        "training_need": KindText(
            "{unit}: mange supporthenvendelser om {system}, flere trenger opplæring",
            (
                "{finding}",
                "Enheten har omtrent {tickets} supporthenvendelser per 100 ansatte.",
                "?Lignende enheter har {tickets_peer}.",
                "Mange saker samtidig med økende bruk tyder på at flere trenger opplæring.",
                "Ferie og driftsstans er trukket fra.",
            ),
            "Supporthenvendelsene er klart flere enn i lignende enheter samtidig som bruken øker.",
            _CHANCE,
            (
                Advice("Sett opp et kurs for enheten", "manager"),
                Advice("Be en superbruker være med en dag", "manager"),
            ),
        ),
        "benefit_off_course": KindText(
            "{course_benefit}: gevinsten avviker fra plan",
            (
                "{course_benefit}: prognose {course} % av målet {course_due} "
                "(80 % intervall {course_low}–{course_high}).",
                "Status: avviker fra plan.",
                "Størst bidrag til gapet: bruk {course_use} %, effekt per sak {course_effect} %.",
                "?Fortsetter det, går om lag {loss} tapt innen {loss_due}.",
            ),
            "Prognosen når ikke målet i tide med mer enn 80 prosents sannsynlighet.",
            "Sesong er trukket fra: de samme ukene sammenlignes.",
            (
                Advice("Gå gjennom bruken med gevinsteieren", "programme_lead"),
                Advice("Vurder om målet eller tidspunktet trenger en beslutning", "programme_lead"),
            ),
        ),
        "decision_stuck": KindText(
            "Beslutningen «{decision}» har stoppet hos {level}",
            (
                "Beslutningen «{decision}» er bekreftet av {acknowledged} av {units} enheter, {weeks_old} uker gammel, "
                "og har stoppet hos {level}.",
                "Beslutninger er offisielle handlinger; ingen personer er talt.",
            ),
            "Beslutningen er eldre enn fire uker, og ikke alle berørte enheter har bekreftet den.",
            "Enheter med avtalt unntak er ikke regnet med.",
            (
                Advice("Ta opp beslutningen på nivåets neste ledermøte", "programme_lead"),
                Advice("Avklar hva som skal være gjort, og når", "programme_lead"),
            ),
        ),
        "not_anchored": KindText(
            "{unit}: innføringen for ansatte har begynt før ledernes forankring",
            (
                "Innføringen for ansatte begynte i {since}, men forankringen blant ledere er {x} %.",
                "Målet er {target} % før neste steg.",
                "Varselet opphører når målet er nådd.",
            ),
            "Et steg skal først begynne når det forrige har nådd sitt mål.",
            "Steg som er planlagt, men ikke begynt, er ikke regnet med.",
            (
                Advice(
                    "Gjennomfør ledernes steg før flere kurs for ansatte holdes", "programme_lead"
                ),
                Advice("Flytt de kursene som kan vente", "programme_lead"),
            ),
        ),
        "outage": KindText(
            "{system}: driftsstans påvirker målingen siden {since}",
            (
                "Bruken av {system} falt i mange enheter samtidig i {weeks}.",
                "?Omtrent {scope} % av enhetene er berørt.",
                "Enhetene får ikke varsel om dette.",
            ),
            "En driftsstans forklarer fallet bedre enn noe i enhetene.",
            "Ferie er trukket fra.",
            (Advice("Bekreft driftsstansen og når den tok slutt", "operations"),),
        ),
        "stale_source": KindText(
            "{system}: data mangler eller er ufullstendige siden {since}",
            (
                "Det som kommer fra {system}, avviker fra det vanlige for samme ukedag.",
                "?Kilde: {source}.",
                "Ingenting vurderes og ingen varsler sendes til enhetene før dataene er hele igjen.",
            ),
            "Mengden ligger utenfor 0,5–2 ganger medianen av åtte like ukedager.",
            "Helligdager er trukket fra.",
            (Advice("Kontroller overføringen og les inn det som mangler", "operations"),),
        ),
        "access": KindText(
            "{system}: tilgang mangler siden {since}",
            (
                "Mange som skal bruke {system}, mangler tilgang.",
                "?Omtrent {scope} % av enhetene er berørt.",
                "Enhetene vurderes ikke før tilgangene er på plass.",
            ),
            "Flere enn hver femte mangler tilgang eller lisens.",
            "Personer som ikke skal ha tilgang, er ikke regnet med.",
            (Advice("Opprett tilgangene som mangler", "operations"),),
        ),
        "common_cause": KindText(
            "{system}: mange enheter faller samtidig siden {since}",
            (
                "Bruken av {system} falt i mange enheter samtidig i {weeks}.",
                "?Omtrent {scope} % av enhetene er berørt.",
                "Årsaken ligger da sjelden i enhetene; de får ikke varsel om dette.",
            ),
            "Gjennomsnittet for alle enheter falt mer enn det pleier å svinge.",
            "Ferie er trukket fra.",
            (Advice("Kontroller kilde, innlogging og driftsforstyrrelser", "operations"),),
        ),
        "reorganisation": KindText(
            "{unit}: omorganisering, sammenligninger begynner på nytt i {since}",
            (
                "Enheter er slått sammen, delt eller har byttet navn; tidligere nivåer gjelder ikke lenger.",
                "Ingen varsler sendes til de berørte enhetene før fire uker er målt.",
            ),
            "Antallet berørte personer endret seg så mye at det ikke lenger er samme enhet.",
            "Vanlig utskifting av ansatte regnes ikke med.",
            (
                Advice(
                    "Kontroller at registeret viser den nåværende organisasjonen", "programme_lead"
                ),
            ),
        ),
        "many_behind_plan": KindText(
            "{system}: mange enheter når trolig ikke målet",
            (
                "Mange enheter ligger samtidig under planen for {system}.",
                "?Omtrent {scope} % av enhetene er berørt.",
                "Da er det oftere planen eller innføringen enn enhetene som må endres.",
            ),
            "Flere enn hver tredje enhet fikk samme uke en prognose under målet.",
            "Kilder og tilganger er kontrollert.",
            (Advice("Vurder planens mål og datoer mot hvordan innføringen går", "programme_lead"),),
        ),
    },
    findings={
        "intended-use": "Omtrent {x} % av sakene som skulle vært behandlet digitalt, ble det i {weeks}.",
        "digital-intake": "Omtrent {x} % av sakene kom inn digitalt i {weeks}.",
        "weekly-breadth": "Omtrent {x} % av dem som var på jobb, brukte {system} i {weeks}.",
        "enrolment": "Omtrent {x} % av de planlagte arbeidsplassene er koblet til {system} i uke {last}.",
        "": "{indicator}: omtrent {x} % i {weeks}.",
        "hidden": "{system} ble brukt mindre enn ventet i {weeks}; tallet vises ikke, av hensyn til personvernet.",
    },
    roles={
        "manager": "enhetens leder",
        "benefit_owner": "gevinsteieren",
        "programme_lead": "programlederen",
        "operations": "IT-driften",
        "representatives": "de tillitsvalgte",
    },
    labels={
        "unit": "Enhet",
        "system": "System",
        "indicator": "Indikator",
        "value": "Resultat",
        "comparison": "Sammenligning",
        "since": "Siden",
        "why": "Hvorfor vi tror det",
        "ruled_out": "Hva det ikke er",
        "cost": "Uforløst potensial",
        "actions": "Forslag",
        "buttons": "Svar",
        "sees": "Hvem andre ser dette",
        "links": "Diagram og tabell",
        "about_unit": "Om meldingen",
    },
    absent={
        "value": "Varselet gjelder ikke et tall.",
        "comparison": "Ingenting å sammenligne med.",
        "cost": "Er ikke regnet ut.",
        "links": "Diagram og tabell finnes på enhetens side.",
    },
    buttons={
        "acknowledge": "Jeg tar det",
        "plan": "Planlegg tiltak",
        "snooze": "Vent til …",
        "not_right": "Stemmer ikke",
    },
    lines={
        "new": "{subject}.",
        "reminder": "Påminnelse: {subject}. Ikke noe svar på to uker.",
        "escalation": "Ikke noe svar på fire uker: {subject}.",
        "review": "Til oppfølging: {subject}.",
        "recovery": "{unit}: {system} er tilbake på ventet nivå.",
        "reached": "{unit}: {system} har nådd ventet nivå.",
        "ended": "Følges ikke lenger som varsel: {subject}.",
        "over": "Gjelder ikke lenger: {subject}.",
    },
    months=(
        "januar",
        "februar",
        "mars",
        "april",
        "mai",
        "juni",
        "juli",
        "august",
        "september",
        "oktober",
        "november",
        "desember",
    ),
    day="{day}. {month} {year}",
    thousands="\u00a0",
    suggested="Forslag:",
    about_unit="Dette gjelder enheten, ikke enkeltpersoner.",
    seen_by="Du og {role} ser dette.",
    loss="{hours} timer",
    loss_money="{hours} timer ({money})",
    value="cirka {x} % (mellom {low} og {high} %), grunnlag {n}",
    value_alone="{x} %, grunnlag {n}",
    comparison={
        "peers": "lignende enheter {peer} %",
        "band": "lignende enheter {peer} % (de fleste {peer_low}–{peer_high} %)",
        "before": "enheten tidligere {before} %",
        "target": "mål {target} % innen {due}",
        "units": "{acknowledged} av {units} enheter",
        "tickets": "supporthenvendelser per 100 ansatte {tickets}",
        "tickets_peer": "lignende enheter {tickets_peer}",
        "course": "prognose {course} % av målet {course_due}",
    },
    indicator="{indicator}: {definition} (definisjon {version})",
    week="uke {week}",
    weeks="uke {first}–{last}",
    week_of_year="uke {week} {year}",
    going_live="driftsstarten i {month} {year}",
    cost="{hours} timer dette kvartalet av gevinsten «{benefit}»; ansvarlig: {owner}",
    cost_money="{hours} timer ({money}) dette kvartalet av gevinsten «{benefit}»; ansvarlig: {owner}",
    cost_until="{loss} av gevinsten «{benefit}» innen {loss_due}; ansvarlig: {owner}",
    follow_up="Nytta: til oppfølging i uke {week}",
    further="Mer som angår deg",
    matter="Gjelder",
    heading="Grunnlag",
)
