//! Mistakes in the configuration and on the command line: refused with the key, the line where it is known, the remedy.

use super::World;

macro_rules! refused {
    ($($name:ident: $settings:expr => $expected:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!(World::new().settings($settings).refused(), $expected);
        })*
    };
}

refused! {
    an_unknown_key: "[journeys]\nlokback_days = 90"
        => "closedloop.toml line 2: unknown key or value \"lokback_days\"; did you mean \"lookback_days\"?";
    an_unknown_section: "[journey]\nlookback_days = 90"
        => "closedloop.toml line 1: unknown key or value \"journey\"; did you mean \"journeys\"?";
    an_unknown_table: "[tables.deel]\npath = \"deals.csv\""
        => "closedloop.toml line 1: unknown key or value \"deel\"; did you mean \"deals\"?";
    an_unknown_value: "[journeys]\nmapping = \"acount\""
        => "closedloop.toml line 2: unknown key or value \"acount\"; did you mean \"account\"?";
    a_value_far_from_any: "[journeys]\nlookback_from = \"birth\""
        => "closedloop.toml line 2: unknown key or value \"birth\"; known here: opportunity_created, conversion";
    text_for_a_number: "[journeys]\nlookback_days = \"ninety\""
        => "closedloop.toml line 2: invalid type: string \"ninety\", expected a number; correct `lookback_days = \"ninety\"`";
    a_month_far_from_any: "[calendar]\nfiscal_year_start = 300"
        => "closedloop.toml: calendar.fiscal_year_start: is 300, but must be a month from 1 to 12";
    a_key_given_twice: "[journeys]\nlookback_days = 90\nlookback_days = 91"
        => "closedloop.toml line 3: duplicate key; correct `lookback_days = 91`";
    a_stage_that_means_both: "[stages]\nwon = [\"Won\", \"Done\"]\nlost = [\"Lost\", \"done\"]"
        => "closedloop.toml: stages.won: \"Done\" is in stages.lost too; take it out of one";
    no_days_to_look_back: "[journeys]\nlookback_days = 0"
        => "closedloop.toml: journeys.lookback_days: is 0, but must be more than 0 and at most 36525 days";
    a_duration_that_is_none: "[journeys]\nanchor_tolerance = \"soon\""
        => "closedloop.toml: journeys.anchor_tolerance: \"soon\" is not a duration, as in \"1h\" or \"30 minutes\"";
    an_unknown_model: "[models]\nrun = [\"liner\"]"
        => "closedloop.toml: models.run: no model is called \"liner\"; did you mean \"linear\"?";
    a_model_far_from_any: "[models]\nrun = [\"zzz\"]"
        => "closedloop.toml: models.run: no model is called \"zzz\"; see `closedloop models`";
    no_model: "[models]\nrun = []"
        => "closedloop.toml: models.run: names no model; name at least one";
    a_default_that_does_not_run: "[models]\nrun = [\"linear\"]\ndefault = \"first_touch\""
        => "closedloop.toml: models.default: \"first_touch\" is not among models.run; add it there";
    an_as_of_date_that_is_none: "[calendar]\nas_of = \"soon\""
        => "closedloop.toml: calendar.as_of: \"soon\" is not a date before 9999-12-30, as in \"2026-06-30\"";
    an_as_of_date_without_quotes: "[calendar]\nas_of = 2026-06-30"
        => "closedloop.toml line 2: invalid type: map, expected a string; put the value of `as_of = 2026-06-30` in quotes";
    a_time_zone_that_is_none: "[calendar]\ntime_zone = \"Europe/Berln\""
        => "closedloop.toml: calendar.time_zone: \"Europe/Berln\" is not an IANA name, as in \"Europe/Berlin\"";
    a_month_that_is_none: "[calendar]\nfiscal_year_start = 13"
        => "closedloop.toml: calendar.fiscal_year_start: is 13, but must be a month from 1 to 12";
    a_currency_that_is_none: "[finance]\ncurrency = \"DOL\""
        => "closedloop.toml: finance.currency: \"DOL\" is not an ISO 4217 code, as in \"EUR\"";
    a_margin_above_one: "[finance]\nmargin = 78"
        => "closedloop.toml: finance.margin: is 78, but must be from 0.000001 to 1";
    a_hurdle_that_is_no_number: "[finance]\nhurdle = nan"
        => "closedloop.toml: finance.hurdle: must be a number, as in 0.5";
}

#[test]
fn a_date_on_the_command_line_that_is_none() {
    for text in ["yesterday", "2026-13-01", "06/30/2026"] {
        assert_eq!(
            World::new().refused_with(&["--as-of", text]),
            format!("closedloop.toml: --as-of: \"{text}\" is not a date before 9999-12-30, as in \"2026-06-30\"")
        );
    }
}

#[test]
fn a_mart_that_does_not_exist() {
    assert_eq!(
        World::new().refused_with(&["--marts", "journeys,campain_roi"]),
        "there is no mart \"campain_roi\"; did you mean \"campaign_roi\"?"
    );
}

#[test]
fn a_variable_that_is_not_set() {
    assert_eq!(
        World::new().source("deals", "path = \"${CLOSEDLOOP_NOT_SET}/deals.csv\"").refused(),
        "closedloop.toml: tables.deals.path: the environment variable CLOSEDLOOP_NOT_SET is not set; set it or write the path"
    );
}

#[test]
fn a_layout_that_is_none() {
    let with = |entry: &str| {
        format!(
            "path = \"deals.csv\"\nsql = \"SELECT * FROM raw\"\nwith = {{ more = {{ path = \"spend.csv\", {entry} }} }}"
        )
    };
    for (layout, because) in [
        (
            "path = \"deals.csv\"\nencoding = \"latin-one\"".to_owned(),
            "tables.deals.encoding: \"latin-one\" is no encoding of the web, as \"windows-1252\" is one",
        ),
        (
            "path = \"deals.csv\"\nformat = \"ndjson\"\ntitle_lines = 1".to_owned(),
            "tables.deals.title_lines: is about CSV, and the files are not; leave it out",
        ),
        (
            with("delimiter = \"é\""),
            "tables.deals.with.more.delimiter: must be one ASCII character, but no quote and no line break, as in \";\"",
        ),
        (
            with("format = \"ndjson\", footer_lines = 1"),
            "tables.deals.with.more.footer_lines: is about CSV, and the files are not; leave it out",
        ),
    ] {
        assert_eq!(World::new().source("deals", &layout).refused(), format!("closedloop.toml: {because}"));
    }
    let said = World::new().source("deals", &with("titles = 2")).refused();
    assert!(
        said.contains("must be a path, or a table of path, format, delimiter, encoding, title_lines and footer_lines"),
        "{said}"
    );
}

#[test]
fn a_delimiter_that_is_none() {
    for delimiter in ["é", "\\n", "\\\""] {
        assert_eq!(
            World::new().source("deals", &format!("path = \"deals.csv\"\ndelimiter = \"{delimiter}\"")).refused(),
            "closedloop.toml: tables.deals.delimiter: must be one ASCII character, but no quote and no line break, as in \";\""
        );
    }
}

#[test]
fn a_configuration_that_is_not_there() {
    let world = World::new();
    let config = world.path("nowhere.toml");
    let expected = format!(
        "error: cannot read {}: No such file or directory (os error 2); give the path of a closedloop.toml\n",
        config.display()
    );
    crate::support::closedloop().arg("run").arg(&config).assert().code(2).stdout("").stderr(expected);
}
