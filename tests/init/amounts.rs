//! Which column is the amount, in which currency and unit, and what would count twice.

use super::systems::beside;
use super::*;

const WON: &str = "O1,A1,2024-02-01,2024-03-01,Closed Won";

/// One won opportunity with these further columns.
fn won(headers: &str, cells: &str) -> (TempDir, String) {
    said_of("opps.csv", &format!("Opp ID,Account ID,Created,Close Date,Stage,{headers}\n{WON},{cells}\n"))
}

#[test]
fn an_amount_is_found_with_its_currency_behind() {
    for header in ["Amount (EUR)", "Amount EUR", "amount_eur", "Amount in EUR"] {
        let (folder, printed) = won(header, "120000");
        assert!(!printed.contains("currency"), "{printed}");
        let manifest = run(&folder.path().join("closedloop.toml"));
        assert_eq!((&manifest["booked"], &manifest["currency"]), (&12_000_000.into(), &"EUR".into()), "{header}");
    }
    let (_folder, printed) = won("Amount ($)", "120000");
    assert!(printed.contains("\"Amount ($)\" bears a dollar sign; US dollars are assumed"), "{printed}");
}

#[test]
fn opportunities_without_an_amount_are_asked_about() {
    let (folder, printed) = won("Booked total,Owner", "5,Eva");
    let said =
        "opps.csv has no column for amount, without which nothing is booked; map \"Booked total\" if it is the amount";
    assert!(printed.contains(said), "{printed}");
    // Deals say what is booked.
    write(folder.path(), "deals.csv", "deal_id,opportunity_id,closed_at,amount\nD1,O1,2024-03-01,7\n");
    let printed = again(folder.path());
    assert!(!printed.contains("no column for amount"), "{printed}");
    assert_eq!(run(&folder.path().join("closedloop.toml"))["booked"], 700);
}

#[test]
fn an_amount_with_a_remark_is_another_amount() {
    let (folder, printed) = won("Amount (weighted),Close Value", "60000,120000");
    assert_eq!(run(&folder.path().join("closedloop.toml"))["booked"], 12_000_000, "{printed}");
    let (_folder, printed) = won("Amount (weighted),Notes", "60000,none");
    assert!(
        printed.contains("has no column for amount") && printed.contains("map \"Amount (weighted)\" if it is"),
        "{printed}"
    );
}

#[test]
fn of_several_amounts_the_others_are_named() {
    // One that is called amount is meant, and one with the same values is no other.
    for (columns, amounts) in [("Amount,ARR", "110000,120000"), ("ACV,ARR", "110000,110000")] {
        let (_folder, printed) = won(columns, amounts);
        assert!(!printed.contains("is taken for the amount"), "{printed}");
    }
    let (_folder, printed) = won("ARR,ACV,TCV,Close Value Date", "120000,110000,360000,2024-01-01");
    let said = "\"ACV\" of opps.csv is taken for the amount; put \"ARR\" or \"TCV\" here if that is what counts";
    assert!(printed.contains(said), "{printed}");
}

#[test]
fn headers_that_say_thousands_are_asked_about() {
    let (_folder, printed) = won("Amount ($000)", "120");
    assert!(
        printed.contains("\"Amount ($000)\" of opps.csv may be in thousands; if so, select TRY_CAST(\"Amount ($000)\" AS DOUBLE) * 1000 AS amount by sql"),
        "{printed}"
    );
}

#[test]
fn currencies_of_other_tables_are_asked_about() {
    let said = |name: &str, text: &str| init(beside(name, text).path());
    let printed = said("spend.csv", "date,channel,Cost (EUR)\n2026-01-01,webinar,5\n");
    let only = "nothing says in which currency opportunities are; EUR is assumed, as";
    assert!(printed.contains(&format!("{only} \"Cost (EUR)\" of spend.csv says")), "{printed}");
    let printed = said("spend.csv", "date,channel,cost\n2026-01-01,webinar,€5\n");
    assert!(printed.contains(&format!("{only} amounts of spend.csv bear it")), "{printed}");
    let printed = said("campaigns.csv", "campaign id,name,channel,budget\nC1,News,email,£5\n");
    assert!(printed.contains("GBP is assumed, as amounts of campaigns.csv bear it"), "{printed}");
    let printed = said("transactions.csv", "customer id,date,amount,currency\nA1,2026-01-01,5,gbp\n");
    assert!(printed.contains("GBP is assumed, as rows of transactions.csv say"), "{printed}");
}

#[test]
fn currencies_that_contradict_each_other_are_asked_about() {
    let (folder, _) = won("Amount,Currency", "5,USD");
    let said_with = |spend: &str| {
        write(folder.path(), "spend.csv", spend);
        again(folder.path())
    };
    let printed = said_with("date,channel,Cost (EUR)\n2024-01-01,email,5\n");
    let said = "\"Cost (EUR)\" of spend.csv is in EUR; a run takes one currency, here USD: convert the others";
    assert!(printed.contains(said), "{printed}");
    let printed = said_with("date,channel,cost\n2024-01-01,email,€5\n");
    assert!(printed.contains("amounts of spend.csv are in EUR; a run takes one currency, here USD"), "{printed}");
    assert!(!said_with("date,channel,Cost ($)\n2024-01-01,email,$5\n").contains("currency"));
}

#[test]
fn totals_among_the_rows_are_asked_about() {
    let opportunities = format!("{OPPORTUNITIES}{WON},5\nTotal,Total,2024-02-01,2024-03-01,Closed Won,5\n");
    let (folder, printed) = said_of("opps.csv", &opportunities);
    let said =
        "1 of all 2 rows of opps.csv sums up others, as \"Total\" in \"Opp ID\", which would count twice; delete it";
    assert!(printed.contains(said), "{printed}");
    let spend = "Date,Channel,Cost\n2024-01-01,email,5\n2024-01-31,Subtotal,5\n2024-01-31,Grand total,5\n";
    write(folder.path(), "spend.csv", spend);
    let printed = again(folder.path());
    let said = "2 of all 3 rows of spend.csv sum up others, as \"Subtotal\" in \"Channel\"";
    assert!(printed.contains(said), "{printed}");
}

#[test]
fn an_odd_amount_is_set_aside_and_the_others_are_read() {
    let row = |id: &str, amount: &str| format!("{id},A1,2024-02-01,2024-03-01,Closed Won,\"{amount}\"\n");
    let rows = [row("O1", "$1,000.00"), row("O2", "$2,000.00"), row("O3", "$ -")].concat();
    let (folder, printed) = said_of("opps.csv", &format!("{OPPORTUNITIES}{rows}"));
    let said = "1 of 3 values of \"Value\" do not read as the others do, as \"$ -\"; their rows are set aside";
    assert!(printed.contains(said), "{printed}");
    let manifest = run(&folder.path().join("closedloop.toml"));
    assert_eq!(manifest["booked"], 300_000);
    assert_eq!(manifest["tables"]["opportunities"]["set_aside"]["rows"], 1);
}

#[test]
fn commas_before_three_digits_are_asked_about_where_semicolons_part_cells() {
    let row =
        |separator: char, amount: &str| format!("{OPPORTUNITIES}{WON},{amount}\n").replace(',', &separator.to_string());
    let (_folder, printed) = said_of("opps.csv", &row(';', "€1_500").replace('_', ","));
    assert!(printed.contains("the commas in \"Value\" may be decimal marks, as in \"€1,500\""), "{printed}");
    let (_folder, printed) = said_of("opps.csv", &row(',', "\"€1_500\"").replace('_', ","));
    assert!(!printed.contains("the commas"), "{printed}");
}
