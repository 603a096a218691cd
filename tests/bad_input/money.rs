//! Money that is unusual: zero, negative, foreign, too large; and spend and touches of campaigns that nobody knows.

use super::World;
use crate::support::{read_mart, texts};

#[test]
fn a_deal_of_zero_books_zero() {
    let outcome = World::new().replace("deals", "500.00", "0").accepted();
    assert_eq!(outcome.rows("deals"), [2, 2, 0, 0]);
    assert_eq!(outcome.booked(), 100_000);
    assert_eq!(outcome.credits()["t3"], "0.00");
    assert_eq!(outcome.column("journeys", "deal_id", "linear_residual")["D2"], "-");
}

#[test]
fn negative_money_without_a_kind_is_a_credit() {
    // 100.00 given back on D1, whose two touches have half of it each.
    let outcome = World::new().rows("deals", "D3,O1,2026-03-10,-100.00,\n").accepted();
    assert_eq!(outcome.column("journeys", "deal_id", "kind")["D3"], "credit");
    assert_eq!(outcome.booked(), 140_000);
    let rows = read_mart(&outcome.out, "touch_credits");
    let of_credit = texts(&rows, "deal_id").into_iter().zip(texts(&rows, "linear_amount"));
    let of_credit: Vec<_> = of_credit.filter(|(deal, _)| deal.as_deref() == Some("D3")).collect();
    assert_eq!(of_credit, [(Some("D3".into()), Some("-50.00".into())), (Some("D3".into()), Some("-50.00".into()))]);
}

#[test]
fn negative_money_called_new_keeps_kind_and_sign() {
    let outcome = World::new().replace("deals", "500.00,new", "-500.00,new").accepted();
    assert_eq!(outcome.column("journeys", "deal_id", "kind")["D2"], "new");
    assert_eq!(outcome.credits()["t3"], "-500.00");
    assert_eq!(outcome.booked(), 50_000);
    assert_eq!(outcome.amounts("deals"), [50_000, 50_000, 0, 0]);
}

#[test]
fn negative_spend_is_an_ad_credit() {
    let outcome = World::new().rows("spend", "C2,2026-01-03,-20.00\n").accepted();
    assert_eq!(outcome.amounts("spend"), [13_000, 13_000, 0, 0]);
    assert_eq!(outcome.column("campaign_spend", "campaign_id", "spend")["C2"], "30.00");
}

#[test]
fn a_second_currency_is_refused() {
    let deals =
        "deal_id,opportunity_id,closed_at,amount,currency\nD1,O1,2026-03-01,1.00,USD\nD2,O2,2026-03-05,5.00,EUR\n";
    assert_eq!(
        World::new().file("deals.csv", deals).refused(),
        "table deals holds amounts in EUR beside USD; run one currency at a time, or convert them in [tables.deals] sql"
    );
    let transactions = "account_id,transacted_at,amount,currency\nA1,2026-01-01,1.00,USD\nA1,2026-01-01,1.00,EUR\n";
    assert_eq!(
        World::new().file("t.csv", transactions).source("transactions", "path = \"t.csv\"").refused(),
        "table transactions holds amounts in EUR beside USD; run one currency at a time, or convert them in [tables.transactions] sql"
    );
    let spend = "campaign_id,date,amount,currency\nC1,2026-01-01,1.00,EUR\n";
    assert_eq!(
        World::new().file("spend.csv", spend).refused(),
        "table spend holds amounts in EUR beside USD; run one currency at a time, or convert them in [tables.spend] sql"
    );
}

/// Whether touches or spend say which channel a campaign is of that no table has: it earns and costs on one line.
#[test]
fn spend_and_touches_of_a_campaign_stand_on_one_line() {
    let [no_channel, with_channel] = ["", "paid_search"].map(|channel| {
        format!(
            "touch_id,touched_at,account_id,campaign_id,channel\n\
             t1,2026-01-05T10:00:00Z,A1,C1,{channel}\nt3,2026-02-01T10:00:00Z,A2,C1,{channel}\n"
        )
    });
    let spend = |channel: &str| format!("campaign_id,date,amount,channel\nC1,2026-01-01,100.00,{channel}\n");
    let others = "campaign_id,name,channel\nC2,Webinar,webinar\n";
    for (touches, spend) in
        [(&with_channel, spend("")), (&no_channel, spend("paid_search")), (&with_channel, spend("paid_search"))]
    {
        let world = || World::new().file("touchpoints.csv", touches).file("spend.csv", &spend);
        for outcome in [world().without("campaigns").accepted(), world().file("campaigns.csv", others).accepted()] {
            let rows = read_mart(&outcome.out, "campaign_roi");
            assert_eq!(rows.num_rows(), 2, "one line by either basis: {rows:?}");
            // 1,500.00 for 100.00.
            assert_eq!(outcome.column("campaign_roi", "campaign_id", "roi")["C1"], "14.0");
            assert_eq!(outcome.column("campaign_roi", "campaign_id", "channel")["C1"], "paid_search");
            assert_eq!(outcome.column("channel_roi", "channel", "roi")["paid_search"], "14.0");
        }
    }
    let world = || World::new().without("campaigns").file("touchpoints.csv", &with_channel);
    let remark = "campaigns whose touches and spend name several channels: 1 (C1); give them a row in campaigns with one channel";
    for spend in [spend("Paid Search"), spend("tv") + "C1,2026-01-01,100.00,radio\n"] {
        let outcome = world().file("spend.csv", spend).accepted();
        assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
    }
    // Spend that names no channel goes with spend of the campaign that does; a touch in no deal's window says nothing.
    let touches = with_channel.replace(",C1,", ",C2,") + "t9,2026-03-20T10:00:00Z,A1,C1,tv\n";
    let spent = spend("radio") + "C1,2026-01-01,60.00,\n";
    for models in ["[\"linear\"]", "[\"linear\", \"markov\"]"] {
        let world = World::new().without("campaigns").file("touchpoints.csv", &touches).file("spend.csv", &spent);
        let outcome = world.settings(&format!("[models]\nrun = {models}\ndefault = \"linear\"")).accepted();
        assert_eq!(outcome.column("channel_roi", "channel", "spend")["radio"], "160.00", "{models}");
    }
}

/// Rows that take no part stop no run for their currency; nor is their money counted among other money.
#[test]
fn money_of_another_currency_is_in_no_sum() {
    let deals = "deal_id,opportunity_id,closed_at,amount,currency\n\
                 D1,O1,2026-03-01,1.00,USD\nD2,O9,2026-03-05,5.00,EUR\nD3,O8,2026-03-05,7.00,\n";
    let outcome = World::new().file("deals.csv", deals).accepted();
    assert_eq!(outcome.rows("deals"), [3, 1, 0, 2]);
    assert_eq!(outcome.amounts("deals"), [800, 100, 0, 700]);
    let set_aside = outcome.column("set_aside", "key", "amount");
    assert_eq!((set_aside["D2"].as_str(), set_aside["D3"].as_str()), ("-", "7.00"));
    let later = deals.replace("O9,2026-03-05", "O2,2029-03-05").replace("O8,", "O1,");
    let outcome = World::new().file("deals.csv", &later).settings("[calendar]\nas_of = \"2026-06-30\"").accepted();
    assert_eq!(outcome.rows("deals"), [3, 2, 1, 0]);
    assert_eq!(outcome.amounts("deals"), [800, 800, 0, 0]);
}

/// 100.00 − 250.00 were spent on C1, which earned: to that there is no return.
#[test]
fn there_is_no_return_on_negative_spend() {
    let outcome = World::new().rows("spend", "C1,2026-01-03,-250.00\n").accepted();
    let rows = read_mart(&outcome.out, "campaign_roi");
    let columns = ["campaign_id", "basis", "fiscal_quarter", "spend", "roi", "roas", "cost_per_new_customer"];
    let columns = columns.map(|column| texts(&rows, column));
    let of_c1 = (0..rows.num_rows()).filter(|&row| columns[0][row].as_deref() == Some("C1"));
    let negative: Vec<usize> = of_c1.filter(|&row| columns[3][row].as_deref() == Some("-150.00")).collect();
    assert!(!negative.is_empty());
    for row in negative {
        assert_eq!([4, 5, 6].map(|column: usize| columns[column][row].clone()), [None, None, None]);
    }
}

#[test]
fn one_currency_is_enough_even_if_it_is_another_and_in_small_letters() {
    let deals = "deal_id,opportunity_id,closed_at,amount,currency\nD1,O1,2026-03-01,1.00,eur\nD2,O2,2026-03-05,5.00,\n";
    let outcome = World::new().file("deals.csv", deals).settings("[finance]\ncurrency = \"EUR\"").accepted();
    assert_eq!(outcome.booked(), 600);
}

#[test]
fn a_blank_is_no_currency_whatever_the_format() {
    let of_deal = |currency: &str| {
        let deals = format!(
            r#"{{"deal_id":"D1","opportunity_id":"O1","closed_at":"2026-03-01","amount":1.0,"currency":"{currency}"}}"#
        );
        World::new().file("deals.ndjson", deals).source("deals", "path = \"deals.ndjson\"")
    };
    for currency in ["", "  ", "usd "] {
        assert_eq!(of_deal(currency).accepted().booked(), 100, "{currency:?}");
    }
    assert_eq!(
        of_deal(" EUR ").refused(),
        "table deals holds amounts in EUR beside USD; run one currency at a time, or convert them in [tables.deals] sql"
    );
}

/// 18 digits.
const LARGEST: &str = "9999999999999999.99";

fn too_large(table: &str) -> String {
    format!(
        "table {table}: its amounts together exceed the 18 digits that the marts can hold; check for amounts in the wrong unit"
    )
}

#[test]
fn sums_of_more_than_18_digits_are_refused() {
    let world = World::new().replace("deals", "1000.00", LARGEST).replace("deals", "500.00", "0.01");
    assert_eq!(world.refused(), too_large("deals"));
    assert_eq!(World::new().replace("spend", "100.00", LARGEST).refused(), too_large("spend"));
    // They are even where signs would cancel, and among rows that are set aside.
    let world = World::new().replace("deals", "1000.00", LARGEST).replace("deals", "500.00", "-1");
    assert_eq!(world.refused(), too_large("deals"));
    let orphans = format!("D8,O9,2026-03-01,{LARGEST},new\nD9,O9,2026-03-01,{LARGEST},new\n");
    assert_eq!(World::new().rows("deals", &orphans).refused(), too_large("deals"));
}

#[test]
fn exactly_18_digits_fit() {
    let outcome = World::new().replace("deals", "1000.00", LARGEST).replace("deals", "500.00", "0").accepted();
    assert_eq!(outcome.booked(), 999_999_999_999_999_999);
    // Half a cent each; of the two touches the earlier has the odd one.
    assert_eq!(outcome.credits()["t1"], "5000000000000000.00");
    assert_eq!(outcome.credits()["t2"], "4999999999999999.99");
}

#[test]
fn an_amount_of_more_than_18_digits_is_no_amount() {
    let outcome = World::new().replace("deals", "500.00", "10000000000000000.00").accepted();
    assert_eq!(outcome.set_aside(), ["deals bad_amount D2 - deals.csv:3"]);
}

#[test]
fn an_unknown_campaign_is_used_under_its_id() {
    let outcome = World::new().rows("touchpoints", "t4,2026-02-02,A2,,C9,podcast,true\n").accepted();
    assert_eq!(outcome.rows("touchpoints"), [4, 4, 0, 0]);
    assert_eq!(outcome.column("dim_campaign", "campaign_id", "is_known")["C9"], "false");
    assert_eq!(outcome.column("dim_campaign", "campaign_id", "is_known")["C1"], "true");
    assert_eq!(outcome.column("campaign_roi", "campaign_id", "channel")["C9"], "podcast");
    assert_eq!(outcome.column("campaign_roi", "campaign_id", "amount")["C9"], "250.00");
    assert!(outcome.remarks().iter().any(|remark| remark.contains("C9")), "{:?}", outcome.remarks());
}

#[test]
fn spend_of_an_unknown_campaign_is_used_under_its_id() {
    let outcome = World::new().rows("spend", "C8,2026-01-03,5.00\n").accepted();
    assert_eq!(outcome.amounts("spend"), [15_500, 15_500, 0, 0]);
    assert_eq!(outcome.column("dim_campaign", "campaign_id", "is_known")["C8"], "false");
    assert_eq!(outcome.column("campaign_roi", "campaign_id", "spend")["C8"], "5.00");
    assert_eq!(outcome.column("campaign_roi", "campaign_id", "channel")["C8"], "unknown");
}

#[test]
fn a_touch_without_campaign_and_channel_belongs_to_the_channel_unknown() {
    let outcome = World::new().rows("touchpoints", "t4,2026-02-02,A2,,,,true\n").accepted();
    assert_eq!(outcome.column("campaign_roi", "line", "channel")["no_campaign"], "unknown");
    assert_eq!(outcome.column("campaign_roi", "line", "amount")["no_campaign"], "250.00");
    assert!(outcome.column("dim_channel", "channel", "channel").contains_key("unknown"));
}
