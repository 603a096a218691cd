//! Dates, amounts and flags as people write them become what the engine reads.

use super::*;

/// Dates, amounts and flags as spreadsheets of several countries write them become what the engine reads.
#[test]
fn dates_amounts_and_flags_of_other_shapes_are_turned() {
    let opportunities = "Opp ID;Account ID;Created;Close Date;Is Won;Value\nO1;A1;2024/02/01;31.3.24;Ja;1.234,50 €\nO2;A1;2024/02/02;1.4.2024;Nein;7,00 €\n";
    let (folder, printed) = said_of("opps.csv", opportunities);
    assert!(!printed.contains("\"Is Won\"") && !printed.contains("currency"), "{printed}");
    assert!(config_text(folder.path()).contains("currency = \"EUR\""), "{}", config_text(folder.path()));
    let manifest = run(&folder.path().join("closedloop.toml"));
    assert_eq!(manifest["booked"], 123_450);
    assert_eq!(manifest["as_of"], "2024-03-31");
    assert_eq!(manifest["tables"]["opportunities"]["used"]["rows"], 2);
    let (_folder, printed) = said_of("opps.csv", &opportunities.replace(" €", "").replace("1.234,50", "$1,234.50"));
    assert!(printed.contains("amounts bear a dollar sign; US dollars are assumed"), "{printed}");
    let (folder, printed) = said_of("opps.csv", &opportunities.replace("7,00 €", "7,00 £"));
    assert!(printed.contains("amounts are written in EUR, GBP"), "{printed}");
    // Until somebody has converted the others, no sum holds both.
    let assert = closedloop().arg("run").arg(folder.path().join("closedloop.toml")).assert().code(2);
    let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(said.contains("tables.opportunities.sql: \"7,00 £\" is not in EUR"), "{said}");
    let (_folder, printed) = said_of("opps.csv", &opportunities.replace(" €", " kr"));
    assert!(printed.contains("amounts bear kr, which may be several currencies'"), "{printed}");
    let (_folder, printed) = said_of("opps.csv", &opportunities.replace("Ja", "gewonnen").replace("Nein", "verloren"));
    assert!(
        printed.contains("\"Is Won\" does not hold true or false that can be read, as in \"gewonnen\""),
        "{printed}"
    );
}

/// What happened last stands for what nobody recorded, and for itself.
#[test]
fn a_close_may_stand_for_the_creation_too() {
    let opportunities = "opportunity_id,account_id,closed_at,stage,amount\nO1,A1,2024-03-01,Closed Won,5\n";
    let (folder, _) = said_of("opportunities.csv", opportunities);
    assert!(config_text(folder.path()).contains("created_at = \"closed_at\""), "{}", config_text(folder.path()));
    assert_eq!(run(&folder.path().join("closedloop.toml"))["booked"], 500);
}

/// Negative amounts in parentheses or with a minus behind, and currencies named beside amounts, as accounts have them.
#[test]
fn amounts_of_accounts_are_turned() {
    let row = |id: &str, amount: &str| format!("{id},A1,2024-02-01,2024-03-01,Closed Won,\"{amount}\"\n");
    let rows: String = [("O1", "CHF 1,234.50"), ("O2", "(CHF 34.50)"), ("O3", "CHF 100-")]
        .map(|(id, amount)| row(id, amount))
        .concat();
    let (folder, printed) = said_of("opps.csv", &format!("{OPPORTUNITIES}{rows}"));
    assert!(!printed.contains("\"Value\"") && !printed.contains("currency"), "{printed}");
    let config = config_text(folder.path());
    assert!(config.contains("read_amount(\"Value\", '.')") && config.contains("currency = \"CHF\""), "{config}");
    assert_eq!(run(&folder.path().join("closedloop.toml"))["booked"], 110_000);
}

/// A mistake in the arguments of a reading function is refused: otherwise every row would be set aside for it.
#[test]
fn reading_functions_name_their_mistaken_argument() {
    let (folder, _) = said_of("opps.csv", &format!("{OPPORTUNITIES}O1,A1,3/1/24,3/31/24,Closed Won,\"1,234.50\"\n"));
    let config = config_text(folder.path());
    for (right, wrong) in [("'%m/%d/%y'", "'MM/DD/YY'"), ("\"Value\", '.'", "\"Value\", 'comma'")] {
        assert!(config.contains(right), "{config}");
        write(folder.path(), "closedloop.toml", &config.replace(right, wrong));
        let assert = closedloop().arg("run").arg(folder.path().join("closedloop.toml")).assert().code(2);
        let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        let named = wrong.rsplit(' ').next().unwrap();
        assert!(said.contains(named) && said.contains("opportunities"), "{said}");
    }
}

/// Of touches on one day, and of deals that close on a day with touches, the times of day say which came first.
#[test]
fn times_of_day_of_other_shapes_are_kept() {
    let row = "O1,A1,\"Mar 1, 2024\",31-MAR-24,Closed Won,5\n";
    let (folder, _) = said_of("opps.csv", &format!("{OPPORTUNITIES}{row}"));
    let touches = "touch_id,touched_at,account_id,channel\na,3/5/24 9:05 PM,A1,email\nb,3/5/24 10:15 AM,A1,webinar\n\
                   c,03/31/2024,A1,event\n";
    write(folder.path(), "touches.csv", touches);
    fs::remove_file(folder.path().join("closedloop.toml")).unwrap();
    let printed = init(folder.path());
    assert!(!printed.contains("touched_at") && !printed.contains("Created"), "{printed}");
    assert_eq!(run(&folder.path().join("closedloop.toml"))["tables"]["touchpoints"]["used"]["rows"], 3);
    let credits = crate::support::read_mart(&folder.path().join("out"), "touch_credits");
    assert_eq!(crate::support::texts(&credits, "touch_id").into_iter().flatten().collect::<Vec<_>>(), ["b", "a", "c"]);
}
