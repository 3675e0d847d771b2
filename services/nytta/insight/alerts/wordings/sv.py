"""Texts in Swedish."""

from nytta.insight.alerts.wordings.wording import Advice, KindText, Wording

_PEERS = (
    "?Liknande enheter ligger på {peer} % (de flesta mellan {peer_low} och {peer_high} %).",
    "?Liknande enheter ligger på {peer_alone} %.",
)
_LOSS = "?Om det håller i sig missas cirka {loss} av nyttan ”{benefit}” till {loss_due}."
_CHANCE = "Semester, behörighetsproblem och driftstopp är uteslutna."

SV = Wording(
    language="sv",
    kinds={
        "level": KindText(
            "{unit}: {system} används mindre än väntat sedan {since}",
            (
                "{finding}",
                *_PEERS,
                "?Så stor skillnad uppstår av en slump hos färre än {chance} av 100 enheter och år.",
                "Semester och behörighetsproblem är borträknade.",
                _LOSS,
            ),
            "Nivån låg tydligt under liknande enheter i minst tre av fyra veckor.",
            _CHANCE,
            (
                Advice("Boka ett utbildningspass för enheten", "manager", "untrained"),
                Advice("Stäng pappersvägen där den digitala fungerar", "manager", "paper"),
                Advice(
                    "Ta upp på nästa arbetsplatsträff vad som hindrar; samtalsguiden hjälper",
                    "manager",
                ),
            ),
        ),
        "relapse": KindText(
            "{unit}: {system} används mindre än väntat sedan {since}",
            (
                "{finding}",
                "?Tidigare låg enheten på {before} %.",
                *_PEERS,
                "?Så stor nedgång uppstår av en slump hos färre än {chance} av 100 enheter och år.",
                "Semester och behörighetsproblem är borträknade.",
                _LOSS,
            ),
            "Enheten har fallit mot sin egen tidigare nivå och mot liknande enheter flera veckor i rad.",
            _CHANCE,
            (
                Advice(
                    "Ta upp på nästa arbetsplatsträff vad som har ändrats; samtalsguiden hjälper",
                    "manager",
                ),
                Advice("Be en superanvändare vara med en dag", "manager"),
            ),
        ),
        "behind_plan": KindText(
            "{unit}: {system} når troligen inte målet till {due}",
            (
                "{finding}",
                "Målet är {target} % till {due}.",
                "?Prognosen är {forecast} % (80 % intervall {forecast_low}–{forecast_high}).",
                "Status: avviker från plan. Semester och behörighetsproblem är borträknade.",
                _LOSS,
            ),
            "Sannolikheten att nå målet i tid är under 20 procent med nuvarande takt.",
            _CHANCE,
            (
                Advice("Gå igenom planen med programledaren", "manager"),
                Advice("Boka ett utbildningspass för enheten", "manager", "untrained"),
            ),
        ),
        "ready_not_used": KindText(
            "{unit}: {system} är redo men används inte",
            (
                "?Ungefär {ready} % i enheten har utbildning och behörighet till {system}.",
                "{finding}",
                *_PEERS,
                "Tekniken är på plats men arbetssättet har inte ändrats; semester är borträknad.",
                _LOSS,
            ),
            "Utbildning och behörighet är klara, men användningen ligger tydligt under det avsedda.",
            _CHANCE,
            (
                Advice(
                    "Bestäm med arbetsgruppen vilka ärenden som ska gå den nya vägen, och från när",
                    "benefit_owner",
                ),
                Advice("Stäng pappersvägen där den digitala fungerar", "benefit_owner", "paper"),
            ),
        ),
        "not_moved": KindText(
            "{unit}: {system} är i drift men enheten har inte flyttat",
            (
                "Ungefär {x} % av de planerade arbetsplatserna är i bruk på {system} vecka {last}.",
                "?Planen är {target} % till {due}.",
                "?Den tidigare plattformen hålls kvar av {legacy}.",
                "Leveransen är mätt på arbetsplatser, inte på personer.",
                _LOSS,
            ),
            "Plattformen är i drift, men färre än 60 procent av de planerade arbetsplatserna är aktiverade.",
            "Arbetsplatser som ännu inte skulle vara levererade är inte medräknade.",
            (
                Advice(
                    "Bestäm med IT-driften när det gamla programmet stängs eller flyttas", "manager"
                ),
                Advice("Boka flyttdagar för enheten", "manager"),
            ),
        ),
        "abandonment": KindText(
            "{unit}: många supportärenden och minskande användning av {system}",
            (
                "{finding}",
                "Enheten har ungefär {tickets} supportärenden per 100 anställda.",
                "?Liknande enheter har {tickets_peer}.",
                "Många ärenden samtidigt som användningen minskar tyder på att {system} håller på att överges.",
                "Semester och driftstopp är borträknade.",
            ),
            "Supportärendena är klart fler än i liknande enheter samtidigt som användningen minskar.",
            _CHANCE,
            (
                Advice(
                    "Ta upp på nästa arbetsplatsträff vad som hindrar; samtalsguiden hjälper",
                    "manager",
                ),
                Advice("Gå igenom de vanligaste ärendena med IT-driften", "manager"),
            ),
        ),
        "training_need": KindText(
            "{unit}: många supportärenden om {system}, fler behöver utbildning",
            (
                "{finding}",
                "Enheten har ungefär {tickets} supportärenden per 100 anställda.",
                "?Liknande enheter har {tickets_peer}.",
                "Många ärenden samtidigt som användningen ökar tyder på att fler behöver utbildning.",
                "Semester och driftstopp är borträknade.",
            ),
            "Supportärendena är klart fler än i liknande enheter samtidigt som användningen ökar.",
            _CHANCE,
            (
                Advice("Boka ett utbildningspass för enheten", "manager"),
                Advice("Be en superanvändare vara med en dag", "manager"),
            ),
        ),
        "benefit_off_course": KindText(
            "{course_benefit}: nyttan avviker från plan",
            (
                "{course_benefit}: prognos {course} % av målet vid {course_due} "
                "(80 % intervall {course_low}–{course_high}).",
                "Status: avviker från plan.",
                "Störst bidrag till gapet: användning {course_use} %, effekt per ärende {course_effect} %.",
                "?Om det håller i sig missas cirka {loss} till {loss_due}.",
            ),
            "Prognosen når inte målet i tid med mer än 80 procents sannolikhet.",
            "Säsong är borträknad: samma veckor jämförs.",
            (
                Advice("Gå igenom användningen med nyttoägaren", "programme_lead"),
                Advice("Pröva om målet eller tidpunkten behöver ett beslut", "programme_lead"),
            ),
        ),
        "decision_stuck": KindText(
            "Beslutet ”{decision}” har stannat hos {level}",
            (
                "Beslutet ”{decision}” är bekräftat av {acknowledged} av {units} enheter, {weeks_old} veckor gammalt, "
                "och har stannat hos {level}.",
                "Beslut är officiella handlingar; inga personer är räknade.",
            ),
            "Beslutet är äldre än fyra veckor och alla berörda enheter har inte bekräftat det.",
            "Enheter med överenskommet undantag är inte medräknade.",
            (
                Advice("Ta upp beslutet på nivåns nästa ledningsmöte", "programme_lead"),
                Advice("Klargör vad som ska vara gjort och när", "programme_lead"),
            ),
        ),
        "not_anchored": KindText(
            "{unit}: införandet för personal har börjat före chefernas förankring",
            (
                "Införandet för personal började {since}, men förankringen bland chefer är {x} %.",
                "Målet är {target} % innan nästa steg.",
                "Larmet upphör när målet är nått.",
            ),
            "Ett steg ska börja först när det föregående har nått sitt mål.",
            "Steg som är planerade men inte påbörjade är inte medräknade.",
            (
                Advice("Håll chefernas steg innan fler personalpass hålls", "programme_lead"),
                Advice("Flytta de personalpass som kan vänta", "programme_lead"),
            ),
        ),
        "outage": KindText(
            "{system}: driftstopp påverkar mätningen sedan {since}",
            (
                "Användningen av {system} föll i många enheter samtidigt under {weeks}.",
                "?Ungefär {scope} % av enheterna är berörda.",
                "Enheterna får inget larm om detta.",
            ),
            "Ett driftstopp förklarar fallet bättre än något i enheterna.",
            "Semester är borträknad.",
            (Advice("Bekräfta driftstoppet och när det upphörde", "operations"),),
        ),
        "stale_source": KindText(
            "{system}: data saknas eller är ofullständiga sedan {since}",
            (
                "Det som kommer från {system} avviker från det vanliga för samma veckodag.",
                "?Källa: {source}.",
                "Inget bedöms och inget larm går till enheterna förrän data är hela igen.",
            ),
            "Mängden ligger utanför 0,5–2 gånger medianen av åtta likadana veckodagar.",
            "Helgdagar är borträknade.",
            (Advice("Kontrollera överföringen och läs in det som saknas", "operations"),),
        ),
        "access": KindText(
            "{system}: behörighet saknas sedan {since}",
            (
                "Många som ska använda {system} saknar behörighet.",
                "?Ungefär {scope} % av enheterna är berörda.",
                "Enheterna bedöms inte förrän behörigheterna finns.",
            ),
            "Fler än var femte saknar behörighet eller licens.",
            "Personer som inte ska ha behörighet är inte medräknade.",
            (Advice("Lägg upp de behörigheter som saknas", "operations"),),
        ),
        "common_cause": KindText(
            "{system}: många enheter faller samtidigt sedan {since}",
            (
                "Användningen av {system} föll i många enheter samtidigt under {weeks}.",
                "?Ungefär {scope} % av enheterna är berörda.",
                "Orsaken ligger då sällan i enheterna; de får inget larm om detta.",
            ),
            "Medelvärdet för alla enheter föll mer än det brukar röra sig.",
            "Semester är borträknad.",
            (Advice("Kontrollera källa, inloggning och driftstörningar", "operations"),),
        ),
        "reorganisation": KindText(
            "{unit}: omorganisation, jämförelser börjar om {since}",
            (
                "Enheter har slagits ihop, delats eller bytt namn; tidigare nivåer gäller inte längre.",
                "Inget larm går till de berörda enheterna förrän fyra veckor har mätts.",
            ),
            "Antalet berörda personer ändrades så mycket att det inte längre är samma enhet.",
            "Vanlig personalomsättning räknas inte hit.",
            (Advice("Kontrollera att registret visar den nya organisationen", "programme_lead"),),
        ),
        "many_behind_plan": KindText(
            "{system}: många enheter når troligen inte målet",
            (
                "Många enheter ligger samtidigt under planen för {system}.",
                "?Ungefär {scope} % av enheterna är berörda.",
                "Då är det oftare planen eller införandet än enheterna som behöver ändras.",
            ),
            "Fler än var tredje enhet fick samma vecka en prognos under målet.",
            "Källor och behörigheter är kontrollerade.",
            (Advice("Pröva planens mål och datum mot hur införandet går", "programme_lead"),),
        ),
    },
    findings={
        "intended-use": "Ungefär {x} % av de ärenden som borde handläggas digitalt gjordes så under {weeks}.",
        "digital-intake": "Ungefär {x} % av ärendena kom in digitalt under {weeks}.",
        "weekly-breadth": "Ungefär {x} % av dem som var på plats använde {system} under {weeks}.",
        "enrolment": "Ungefär {x} % av de planerade arbetsplatserna är anslutna till {system} vecka {last}.",
        "": "{indicator}: ungefär {x} % under {weeks}.",
        "hidden": "{system} användes mindre än väntat {weeks}; siffran visas inte, till skydd för enskilda.",
    },
    roles={
        "manager": "enhetens chef",
        "benefit_owner": "nyttoägaren",
        "programme_lead": "programledaren",
        "operations": "IT-driften",
        "representatives": "personalens företrädare",
    },
    labels={
        "unit": "Enhet",
        "system": "System",
        "indicator": "Indikator",
        "value": "Utfall",
        "comparison": "Jämförelse",
        "since": "Sedan",
        "why": "Varför vi tror det",
        "ruled_out": "Vad det inte är",
        "cost": "Outnyttjad potential",
        "actions": "Förslag",
        "buttons": "Svar",
        "sees": "Vem mer ser detta",
        "links": "Diagram och tabell",
        "about_unit": "Om meddelandet",
    },
    absent={
        "value": "Larmet gäller ingen siffra.",
        "comparison": "Inget att jämföra med.",
        "cost": "Har inte räknats fram.",
        "links": "Diagram och tabell finns på enhetens sida.",
    },
    buttons={
        "acknowledge": "Jag tar det",
        "plan": "Planera åtgärd",
        "snooze": "Vänta till …",
        "not_right": "Stämmer inte",
    },
    lines={
        "new": "{subject}.",
        "reminder": "Påminnelse: {subject}. Inget svar på två veckor.",
        "escalation": "Inget svar på fyra veckor: {subject}.",
        "review": "Att följa upp: {subject}.",
        "recovery": "{unit}: {system} är tillbaka på väntad nivå.",
        "reached": "{unit}: {system} har nått väntad nivå.",
        "ended": "Följs inte längre som larm: {subject}.",
        "over": "Gäller inte längre: {subject}.",
    },
    months=(
        "januari",
        "februari",
        "mars",
        "april",
        "maj",
        "juni",
        "juli",
        "augusti",
        "september",
        "oktober",
        "november",
        "december",
    ),
    day="{day} {month} {year}",
    thousands="\u00a0",
    suggested="Förslag:",
    about_unit="Detta gäller enheten, inte enskilda personer.",
    seen_by="Du och {role} ser detta.",
    loss="{hours} timmar",
    loss_money="{hours} timmar ({money})",
    value="cirka {x} % (mellan {low} och {high} %), underlag {n}",
    value_alone="{x} %, underlag {n}",
    comparison={
        "peers": "liknande enheter {peer} %",
        "band": "liknande enheter {peer} % (de flesta {peer_low}–{peer_high} %)",
        "before": "enheten tidigare {before} %",
        "target": "mål {target} % till {due}",
        "units": "{acknowledged} av {units} enheter",
        "tickets": "supportärenden per 100 anställda {tickets}",
        "tickets_peer": "liknande enheter {tickets_peer}",
        "course": "prognos {course} % av målet vid {course_due}",
    },
    indicator="{indicator}: {definition} (definition {version})",
    week="vecka {week}",
    weeks="vecka {first}–{last}",
    week_of_year="vecka {week} {year}",
    going_live="driftstarten i {month} {year}",
    cost="{hours} timmar detta kvartal av nyttan ”{benefit}”; ansvarig: {owner}",
    cost_money="{hours} timmar ({money}) detta kvartal av nyttan ”{benefit}”; ansvarig: {owner}",
    cost_until="{loss} av nyttan ”{benefit}” till {loss_due}; ansvarig: {owner}",
    follow_up="Nytta: att följa upp vecka {week}",
    further="Mer som rör dig",
    matter="Gäller",
    heading="Underlag",
)
