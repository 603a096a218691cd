//! Times as machines write them, and the order of days and months.

use super::*;

/// What `init` says of a file of touches, and those that earn credit with their times, which no time zone shifts, for an opportunity created on 10 January 2024.
fn credited(touches: &str, name: &str) -> (String, Vec<String>) {
    let (folder, _) = said_of("opps.csv", &format!("{OPPORTUNITIES}O1,A1,2024-01-10,2024-03-15,Closed Won,5\n"));
    fs::remove_file(folder.path().join("touches.csv")).unwrap();
    write(folder.path(), name, touches);
    let printed = again(folder.path());
    let elsewhere = config_text(folder.path()).replace("time_zone = \"UTC\"", "time_zone = \"Asia/Tokyo\"");
    write(folder.path(), "closedloop.toml", &elsewhere);
    run(&folder.path().join("closedloop.toml"));
    let sql = "SELECT touch_id, touched_at FROM touch_credits ORDER BY position";
    let query = closedloop().arg("query").arg(folder.path().join("out")).arg(sql).assert().success();
    let found = String::from_utf8(query.get_output().stdout.clone()).unwrap();
    let rows = found.lines().filter(|line| line.contains("202"));
    (printed, rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect())
}

/// By hand: 1702634400 is 15 December 2023, 10:00 UTC; 1704880800 is 10 January 2024, 10:00; 1735725600 is of 2025.
#[test]
fn counts_since_1970_and_times_of_utc_are_turned() {
    let expected =
        |fraction: &str| [format!("b 2023-12-15T10:00:00{fraction}Z"), format!("a 2024-01-10T10:00:00{fraction}Z")];
    for (digits, fraction) in [("", ""), ("123", ".123"), ("123456", ".123456")] {
        let rows = ["a,1704880800", "b,1702634400", "late,1735725600"].map(|row| format!("{row}{digits},A1,email\n"));
        let touches = format!("touch_id,touched_at,account_id,channel\n{}", rows.concat());
        let (printed, found) = credited(&touches, "touches.csv");
        assert!(!printed.contains("touched_at"), "{printed}");
        assert_eq!(found, expected(fraction));
    }
    let row = |id: &str, at: u64| {
        format!("{{\"touch_id\":\"{id}\",\"touched_at\":{at},\"account_id\":\"A1\",\"channel\":\"email\"}}\n")
    };
    let rows = [row("a", 1_704_880_800_123), row("b", 1_702_634_400_123), row("late", 1_735_725_600_123)];
    assert_eq!(credited(&rows.concat(), "touches.ndjson").1, expected(".123"));
    let rows =
        ["a,2024-01-10", "b,2023-12-15", "late,2025-01-01"].map(|row| format!("{row} 10:00:00.123456 UTC,A1,email\n"));
    let touches = format!("touch_id,touched_at,account_id,channel\n{}", rows.concat());
    assert_eq!(credited(&touches, "touches.csv").1, expected(".123456"));
}

#[test]
fn months_in_six_digits_are_spend_of_months() {
    let (folder, _) = said_of("opps.csv", &format!("{OPPORTUNITIES}O1,A1,2024-01-10,2024-03-15,Closed Won,5\n"));
    write(folder.path(), "spend.csv", "month,channel,cost\n202312,email,10\n202401,email,20\n");
    let printed = again(folder.path());
    assert!(!printed.contains("\"month\""), "{printed}");
    assert_eq!(run(&folder.path().join("closedloop.toml"))["tables"]["spend"]["used"]["amount"], 3_000);
}

/// The closing dates can only be days first.
#[test]
fn the_order_of_another_column_counts() {
    let rows = |close: &str| format!("{OPPORTUNITIES}O1,A1,1/2/2024,{close},Closed Won,5\n");
    let (folder, printed) = said_of("opps.csv", &rows("15/3/2024"));
    assert!(!printed.contains("day/month"), "{printed}");
    let config = config_text(folder.path());
    assert!(config.contains("read_time(\"Created\", '%d/%m/%Y')"), "{config}");
    let (_folder, printed) = said_of("opps.csv", &rows("2/3/2024"));
    assert!(printed.contains("\"Created\" may be month/day or day/month"), "{printed}");
}
