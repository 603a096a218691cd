//! SQL of the configuration: it may only read its own table, and its mistakes are said without the engine's jargon.

use super::{World, unbroken};

fn deals_by(sql: &str) -> World {
    World::new().source("deals", &format!("path = \"deals.csv\"\nsql = \"{sql}\""))
}

fn eligible(predicate: &str) -> World {
    World::new().settings(&format!("[journeys]\neligible = \"{predicate}\""))
}

macro_rules! refused {
    ($($name:ident: $world:expr => $expected:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!($world.refused(), $expected);
        })*
    };
}

refused! {
    sql_beside_columns: World::new()
        .source("deals", "path = \"deals.csv\"\nsql = \"SELECT * FROM raw\"\ncolumns = { amount = \"amount\" }")
        => "closedloop.toml: tables.deals.sql: is given beside columns; keep one of them";
    sql_of_a_column_that_is_not_there: deals_by("SELECT deel_id FROM raw")
        => "tables.deals.sql: there is no column \"deel_id\" (the nearest is \"deal_id\"); correct the SQL in the configuration";
    sql_of_a_table_that_is_not_there: deals_by("SELECT * FROM accounts")
        => "tables.deals.sql: table 'accounts' not found; correct the SQL in the configuration";
    sql_of_a_file: deals_by("SELECT * FROM '/etc/passwd'")
        => "tables.deals.sql: table '/etc/passwd' not found; correct the SQL in the configuration";
    sql_that_is_none: deals_by("SELEC * FROM raw")
        => "tables.deals.sql: Expected: an SQL statement, found: SELEC at Line: 1, Column: 1; correct the SQL in the configuration";
    sql_that_fails_on_a_row: deals_by("SELECT * EXCLUDE (amount), CAST(kind AS INT) AS amount FROM raw")
        => "tables.deals.sql: Cannot cast string 'new' to value of Int32 type; correct the SQL in the configuration";
    sql_without_a_needed_column: deals_by("SELECT deal_id, opportunity_id, closed_at, amount AS ammount FROM raw")
        => "table deals (deals.csv): column \"amount\" is missing, the nearest is \"ammount\"; select \"ammount\" AS amount in tables.deals.sql";
    sql_that_gives_other_rows_in_every_run: deals_by("SELECT * EXCLUDE (amount), random() AS amount FROM raw")
        => "tables.deals.sql: is random or asks for the time, but the same inputs must give the same marts; correct the SQL in the configuration";
    sql_that_asks_for_the_time: deals_by("SELECT * EXCLUDE (closed_at), CAST(now() AS VARCHAR) AS closed_at FROM raw")
        => "tables.deals.sql: is random or asks for the time, but the same inputs must give the same marts; correct the SQL in the configuration";
    a_predicate_of_today: eligible("touched_at < current_date")
        => "journeys.eligible: is random or asks for the time, but the same inputs must give the same marts; correct the SQL in the configuration";
    a_predicate_that_is_random: eligible("random() > 0.5")
        => "journeys.eligible: is random or asks for the time, but the same inputs must give the same marts; correct the SQL in the configuration";
    a_predicate_with_a_pattern_that_is_none: eligible("regexp_like(channel, '(')")
        => "journeys.eligible: unclosed group; correct the SQL in the configuration";
    a_predicate_on_a_column_that_is_not_there: eligible("campain_id = 'C1'")
        => "journeys.eligible: there is no column \"campain_id\" (the nearest is \"campaign_id\"); correct the SQL in the configuration";
    a_predicate_that_is_none: eligible("campaign_id = ")
        => "journeys.eligible: Expected: an expression, found: EOF; correct the SQL in the configuration";
    a_predicate_that_is_no_condition: eligible("touch_id")
        => "journeys.eligible: Cannot cast value 't1' to value of Boolean type; correct the SQL in the configuration";
    a_predicate_that_fails_on_a_row: eligible("1 / (length(touch_id) - 2) > 0")
        => "journeys.eligible: division by zero; correct the SQL in the configuration";
    sql_of_touches_that_fails_on_a_row: World::new().source(
        "touchpoints",
        "path = \"touchpoints.csv\"\nsql = \"SELECT * EXCLUDE (touched_at), CAST(touch_id AS DATE) AS touched_at FROM raw\"",
    )
        => "tables.touchpoints.sql: Cannot cast string 't1' to value of Date32 type; correct the SQL in the configuration";
    a_predicate_over_many_rows: eligible("max(touch_id) = touch_id")
        => "journeys.eligible: must be a condition on one touch; correct the SQL in the configuration";
}

#[test]
fn sql_that_does_more_than_read_is_refused() {
    for sql in [
        "CREATE TABLE x AS SELECT * FROM raw",
        "DROP TABLE raw",
        "INSERT INTO raw VALUES ('D9', 'O1', '2026-03-01', '1', 'new')",
        "DELETE FROM raw",
        "COPY raw TO 'stolen.csv'",
        "SET datafusion.execution.batch_size = 1",
        "EXPLAIN SELECT * FROM raw",
        "SELECT * FROM raw; SELECT * FROM raw",
        "",
    ] {
        let expected = "tables.deals.sql: must be one SELECT over raw; correct the SQL in the configuration";
        assert_eq!(deals_by(sql).refused(), expected, "{sql}");
    }
}

#[test]
fn sql_that_only_reads_is_as_good_as_the_file() {
    assert!(deals_by("SELECT * FROM raw").accepted().marts() == unbroken().marts());
}
