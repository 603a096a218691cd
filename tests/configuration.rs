//! The page about the configuration: it names every key, every value and every reason that the code knows, and no other.

use crate::support::project;
use closedloop::config::file::Table;
use closedloop::config::{Overrides, Plan};
use closedloop::engine::contract;
use closedloop::engine::set_aside::REASONS;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const PAGE: &str = "docs/configuration.md";

/// The heading on the page of every struct that a configuration is read into.
const HEADINGS: [(&str, &str); 15] = [
    ("ConfigFile", "# Configuration"),
    ("SourceConfig", "## `[tables.<name>]`"),
    ("FilesConfig", "### `with`"),
    ("JourneyConfig", "## `[journeys]`"),
    ("CollapseConfig", "### `[journeys.collapse]`"),
    ("RestartConfig", "### `journeys.restart`"),
    ("StageConfig", "## `[stages]`"),
    ("ModelConfig", "## `[models]`"),
    ("SpecDraft", "### `[[models.custom]]`"),
    ("IncrementalSettings", "### `settings`"),
    ("FinanceConfig", "## `[finance]`"),
    ("CalendarConfig", "## `[calendar]`"),
    ("LifetimeConfig", "## `[lifetime]`"),
    ("OutputConfig", "## `[output]`"),
    ("CheckConfig", "## `[[checks]]`"),
];

/// The reasons stand under this one.
const REASONS_HEADING: &str = "## Why rows are set aside";

fn text(path: &str) -> String {
    std::fs::read_to_string(project(path)).unwrap()
}

/// The files that say what a configuration can hold.
fn sources() -> Vec<String> {
    let folder = std::fs::read_dir(project("src/config/file")).unwrap().map(|entry| entry.unwrap().path());
    let files = [
        "src/config/file.rs",
        "core/src/model/spec.rs",
        "core/src/model/spec/draft.rs",
        "core/src/incremental/settings.rs",
        "core/src/journey.rs",
        "core/src/lifetime/histories.rs",
    ];
    let files = files.map(project).into_iter().chain(folder);
    files.map(|file: PathBuf| std::fs::read_to_string(file).unwrap()).collect()
}

/// Every struct or enum of a source that is read from the configuration, with the lines between its braces.
fn read_types(source: &str) -> Vec<(String, Vec<&str>)> {
    let mut types: Vec<(String, Vec<&str>)> = Vec::new();
    let (mut is_read, mut is_within) = (false, false);
    for line in source.lines() {
        if line.starts_with("#[derive(") {
            is_read = line.contains("Deserialize");
        } else if let Some(name) = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum ")) {
            let name = name.trim_end_matches([' ', '{']).to_owned();
            is_within = is_read;
            if is_within {
                types.push((name, Vec::new()));
            }
        } else if line == "}" {
            (is_read, is_within) = (false, false);
        } else if is_within && let Some((_, lines)) = types.last_mut() {
            lines.push(line.trim());
        }
    }
    types
}

/// Heading → the first cells and the rows of the table's lines beneath it, up to the next heading.
fn rows_of(page: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut rows: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let (mut heading, mut is_code) = (String::new(), false);
    for line in page.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if line.starts_with('#') && !is_code {
            line.clone_into(&mut heading);
        } else if let Some((name, rest)) = line.strip_prefix("| `").and_then(|row| row.split_once("` | ")) {
            rows.entry(heading.clone()).or_default().push((name.to_owned(), rest.to_owned()));
        }
    }
    rows
}

fn names(rows: &[(String, String)]) -> Vec<&str> {
    // Functions of SQL stand under the tables' heading, too.
    rows.iter().map(|(name, _)| name.as_str()).filter(|name| !name.contains('(')).collect()
}

#[test]
fn the_page_has_every_key_and_no_other() {
    let rows = rows_of(&text(PAGE));
    let mut met = BTreeSet::new();
    for source in sources() {
        for (name, lines) in read_types(&source) {
            let fields: Vec<&str> = lines
                .iter()
                .filter_map(|line| line.strip_prefix("pub ")?.split_once(": ").map(|(field, _)| field))
                .collect();
            if fields.is_empty() {
                continue;
            }
            let heading = HEADINGS.iter().find(|(known, _)| *known == name);
            let (_, heading) = heading.unwrap_or_else(|| panic!("{name} has no heading in {PAGE}"));
            let documented = rows.get(*heading).unwrap_or_else(|| panic!("{PAGE} has no keys under {heading}"));
            assert_eq!(names(documented), fields, "{heading} of {PAGE}, against {name}");
            met.insert(name);
        }
    }
    assert_eq!(met.len(), HEADINGS.len(), "{met:?}");
}

/// `LeadCreation` as `lead_creation`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[test]
fn the_page_has_every_value() {
    let page = text(PAGE);
    let mut values = BTreeSet::new();
    for source in sources() {
        for (name, lines) in read_types(&source) {
            for variant in lines.iter().filter_map(|line| line.strip_suffix(',')) {
                if variant.starts_with(|first: char| first.is_ascii_uppercase())
                    && variant.chars().all(char::is_alphanumeric)
                {
                    let value = snake_case(variant);
                    let is_named = page.contains(&format!("`\"{value}\"`")) || page.contains(&format!("`{value}`"));
                    assert!(is_named, "{PAGE} does not name {value:?} of {name}");
                    values.insert(value);
                }
            }
        }
    }
    assert!(["contact_roles", "equal_distinct", "opportunity_creation"].iter().all(|value| values.contains(*value)));
}

#[test]
fn the_defaults_of_the_page_are_those_of_a_configuration_that_says_nothing() {
    let page = text(PAGE);
    let defaults = page.split("```toml\n").nth(1).and_then(|block| block.split("```").next()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    std::fs::write(scratch.path().join("rows.csv"), "").unwrap();
    let tables = "[tables.touchpoints]\npath = \"rows.csv\"\n[tables.opportunities]\npath = \"rows.csv\"\n";
    let plan = |name: &str, rest: &str| {
        let config = scratch.path().join(name);
        std::fs::write(&config, format!("{tables}{rest}")).unwrap();
        let plan = Plan::load(&config, Overrides::default()).unwrap();
        format!("{:#?}", Plan { config: PathBuf::new(), config_hash: String::new(), ..plan })
    };
    let bare = plan("bare.toml", "");
    assert_eq!(plan("full.toml", defaults), bare);
    let rows = rows_of(&page);
    let mut heading = String::new();
    for line in defaults.lines() {
        if line.starts_with('[') {
            heading = format!("## `{line}`");
        } else if let Some((key, value)) = line.split_once(" = ") {
            let is_told =
                rows[&heading].iter().any(|(name, rest)| name == key && rest.starts_with(&format!("`{value}`")));
            assert!(is_told, "the default of {key} under {heading} of {PAGE} is not {value}");
        }
    }
    // The test can fail.
    assert_ne!(plan("other.toml", &defaults.replace("unit = \"month\"", "unit = \"week\"")), bare);
}

/// Reason → the tables whose stage gives it: what stands after THEN in the last CASE before `AS reason`.
fn reasons_given() -> BTreeMap<String, BTreeSet<String>> {
    let mut reasons: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |reason: &str, table: &str| {
        reasons.entry(reason.to_owned()).or_default().insert(table.to_owned());
    };
    for entry in std::fs::read_dir(project("sql/stage")).unwrap() {
        let path = entry.unwrap().path();
        let sql = std::fs::read_to_string(&path).unwrap();
        let Some((before, _)) = sql.split_once("AS reason") else { continue };
        let (_, case) = before.rsplit_once("CASE").unwrap();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        // opportunities_of_accounts is about opportunities.
        let table = stem.split_once("_of_").map_or(stem, |(table, _)| table);
        for rest in case.split("THEN '").skip(1) {
            add(rest.split('\'').next().unwrap(), table);
        }
    }
    for table in Table::ALL.into_iter().filter(|table| contract::key(*table).is_some()) {
        add("duplicate_key", table.name());
    }
    reasons
}

#[test]
fn the_page_has_every_reason_with_its_tables_and_no_other() {
    let rows = rows_of(&text(PAGE));
    let documented: BTreeMap<String, BTreeSet<String>> = rows[REASONS_HEADING]
        .iter()
        .map(|(reason, rest)| {
            let tables = rest.split(" | ").next().unwrap();
            (reason.clone(), tables.split(", ").map(str::to_owned).collect())
        })
        .collect();
    assert_eq!(documented, reasons_given());
    let known: BTreeSet<String> = REASONS.iter().map(|reason| (*reason).to_owned()).collect();
    assert_eq!(documented.into_keys().collect::<BTreeSet<_>>(), known);
}
