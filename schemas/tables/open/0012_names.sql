-- Names of systems and of their case types as the registry says them, for boards; what it does not name is said by its id.
CREATE TABLE IF NOT EXISTS {open}.systems
(
    system  LowCardinality(String),
    name_sv String,
    name_nb String,
    name_en String
)
ENGINE = MergeTree
ORDER BY system;

CREATE TABLE IF NOT EXISTS {open}.case_types
(
    system    LowCardinality(String),
    case_type LowCardinality(String),
    name_sv   String,
    name_nb   String,
    name_en   String
)
ENGINE = MergeTree
ORDER BY (system, case_type);

-- The registry is loaded anew, these names among it.
TRUNCATE TABLE {open}.registry_loads;
