//! Olist's real sellers: what they sold is their transactions, and the historic value per origin is a plain query's.

use crate::support::{closedloop, money, outside_data, project, python, read_mart, texts};
use std::collections::BTreeMap;
use std::process::Command;

/// Every order item of a won seller, by the limit of its shipping.
const TRANSACTIONS: &str = r#"
[tables.transactions]
path = "${CLOSEDLOOP_REAL_DATA}/olist/olist_order_items_dataset.parquet"
with = { closed_deals = "${CLOSEDLOOP_REAL_DATA}/olist/olist_closed_deals_dataset.csv" }
sql = """
SELECT mql_id AS account_id, shipping_limit_date AS transacted_at, CAST(price AS DECIMAL(12, 2)) AS amount
FROM raw JOIN closed_deals USING (seller_id)
"""
"#;

/// Origin and centavos, one a line.
const QUERY: &str = r#"
import duckdb, sys
items, deals, leads = sys.argv[1:]
for origin, centavos in duckdb.sql(f"""
    SELECT coalesce(origin, 'none'), CAST(100 * sum(CAST(price AS DECIMAL(12, 2))) AS BIGINT)
    FROM '{items}' JOIN '{deals}' USING (seller_id) JOIN '{leads}' USING (mql_id)
    GROUP BY 1 ORDER BY 1
""").fetchall():
    print(f"{origin}\t{centavos}")
"#;

#[test]
fn historic_value_per_origin_is_that_of_a_plain_query() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "sellers") else { return };
    let Some(python) = python("sellers") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let (out, config) = (scratch.path().join("out"), scratch.path().join("closedloop.toml"));
    let settings = std::fs::read_to_string(project("fixtures/configs/olist.toml")).unwrap();
    // The origin is the segment.
    let settings = settings.replace("lead_type AS segment", "origin AS segment");
    std::fs::write(&config, settings + TRANSACTIONS).unwrap();
    closedloop().args(["run", "--quiet"]).arg(&config).env("CLOSEDLOOP_OUT", &out).assert().success();

    let files = ["order_items_dataset.parquet", "closed_deals_dataset.csv", "marketing_qualified_leads_dataset.csv"];
    let files = files.map(|file| data.join(format!("olist/olist_{file}")));
    let queried = Command::new(python).args(["-c", QUERY]).args(files).output().unwrap();
    assert!(queried.status.success(), "{}", String::from_utf8_lossy(&queried.stderr));
    let expected: BTreeMap<String, i128> = (String::from_utf8(queried.stdout).unwrap().lines())
        .map(|line| line.split_once('\t').unwrap())
        .map(|(origin, centavos)| (origin.to_owned(), centavos.parse().unwrap()))
        .collect();

    let customers = read_mart(&out, "customer_clv");
    let mut got: BTreeMap<String, i128> = BTreeMap::new();
    for (origin, margin) in texts(&customers, "segment").into_iter().zip(money(&customers, "margin")) {
        *got.entry(origin.unwrap()).or_default() += margin;
    }
    assert!(expected.len() >= 10, "{expected:?}");
    assert_eq!(got, expected);

    // A lead has one touch, of its origin's channel; one was won before it, and goes to no touch.
    let lines = read_mart(&out, "campaign_clv");
    let mut channels: BTreeMap<String, i128> = BTreeMap::new();
    let (models, margins) = (texts(&lines, "model"), money(&lines, "margin"));
    for (row, channel) in texts(&lines, "channel").into_iter().enumerate() {
        if models[row].as_deref() == Some("linear") {
            *channels.entry(channel.unwrap_or_else(|| "no touch".to_owned())).or_default() += margins[row];
        }
    }
    let without_touch = channels.remove("no touch").unwrap_or_default();
    assert_eq!(channels.values().sum::<i128>() + without_touch, expected.values().sum::<i128>());
    let differing = expected.iter().filter(|(origin, sum)| {
        let channel = if *origin == "none" { "unknown" } else { origin };
        let merged =
            if channel == "unknown" { expected.get("unknown").copied().unwrap_or(0) + expected["none"] } else { **sum };
        channels.get(channel).copied().unwrap_or(0) != merged
    });
    assert!(differing.count() <= 1, "{channels:?} beside {expected:?}, {without_touch} without touch");
}
