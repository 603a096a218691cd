//! Exports as systems write them: snapshots of one record, dates beside dates, names for identifiers, folders of folders.

use super::{World, closedloop, unbroken};

/// By hand: O1 was 1000.00 and is 700.00 since May, O3 was open and is won since 20 March, the campaign C2 is of tv since April.
#[test]
fn of_snapshots_the_one_recorded_last_counts() {
    let opportunities = [
        "O1,A1,2026-02-01,Closed Won,true,2026-03-01,1000,2026-03-20\n",
        "O1,A1,2026-02-01,Closed Won,true,2026-03-01,700,2026-05-15\n",
        "O3,A2,2026-02-10,Negotiation,false,2026-06-30,5000,2026-03-01\n",
        "O3,A2,2026-02-10,Closed Won,true,2026-03-20,5000,2026-03-20\n",
    ];
    let campaigns = ["C1,paid_search,\n", "C2,webinar,2026-01-01\n", "C2,tv,2026-04-10\n", "C2,radio,\n"];
    let [forward, backward] = [false, true].map(|backward| {
        let of = |rows: &[&str]| -> String {
            let mut rows = rows.to_vec();
            if backward {
                rows.reverse();
            }
            rows.concat()
        };
        let head = "opportunity_id,account_id,created_at,stage,is_won,closed_at,amount,recorded_at\n";
        World::new()
            .without("deals")
            .file("opportunities.csv", format!("{head}{}", of(&opportunities)))
            .file("campaigns.csv", format!("campaign_id,channel,recorded_at\n{}", of(&campaigns)))
    });
    for world in [forward, backward] {
        for (as_of, booked, channel) in
            [("2026-06-30", 570_000, "tv"), ("2026-04-30", 600_000, "tv"), ("2026-03-31", 600_000, "webinar")]
        {
            let outcome = world.accepted_with(&["--as-of", as_of]);
            assert_eq!(outcome.booked(), booked, "{as_of}");
            assert_eq!(outcome.column("dim_campaign", "campaign_id", "channel")["C2"], channel, "{as_of}");
        }
    }
}

/// An export by day names the flight of the campaign beside the day; a row without a day is spread over its days.
#[test]
fn spend_of_a_date_is_of_that_date_whatever_other_dates_it_has() {
    let spend = "campaign_id,date,start_date,end_date,amount\n\
                 C1,2026-01-15,2025-01-01,2027-12-31,100\nC1,2026-04-15,soon,,20\nC2,,2026-03-31,2026-04-01,50\nC2,2026-03-31,,2026-04-01,10\n";
    let outcome = World::new().file("spend.csv", spend).accepted();
    assert_eq!(outcome.set_aside(), Vec::<String>::new());
    let spent = |campaign: &str| {
        let rows = super::read_mart(&outcome.out, "campaign_spend");
        let [campaigns, quarters, amounts] =
            ["campaign_id", "fiscal_quarter", "spend"].map(|column| super::texts(&rows, column));
        let of_row = |row: usize| format!("{} {}", quarters[row].clone().unwrap(), amounts[row].clone().unwrap());
        let rows = (0..rows.num_rows()).filter(|&row| campaigns[row].as_deref() == Some(campaign));
        rows.map(of_row).collect::<Vec<_>>()
    };
    assert_eq!(spent("C1"), ["FY26Q1 100.00", "FY26Q2 20.00"]);
    assert_eq!(spent("C2"), ["FY26Q1 30.00", "FY26Q2 30.00"]);
}

/// Spend may be planned to its end, which moves the as-of date.
#[test]
fn spend_that_ends_long_after_all_else_is_told() {
    let spend = |end: &str| format!("campaign_id,start_date,end_date,amount\nC1,2026-01-01,{end},100.00\n");
    let remark = "spend ends on 2027-12-31, long after anything else happened, and so is as of then: set calendar.as_of where \
                  that is planned";
    let remarks = |end: &str, settings: &str| {
        let outcome = World::new().file("spend.csv", spend(end)).settings(settings).accepted();
        outcome.remarks().contains(&remark)
    };
    assert!(remarks("2027-12-31", ""));
    assert!(!remarks("2026-05-31", "") && !remarks("2027-12-31", "[calendar]\nas_of = \"2027-12-31\""));
}

#[test]
fn touches_of_which_none_can_be_used_are_refused() {
    let world = World::new();
    world.accepted();
    let touches = "touch_id,touched_at,account_id\nt1,1/5/26,A1\nt2,1/6/26,A1\n";
    let expected = "table touchpoints (touchpoints.csv): none of its 2 rows can be used, the first for bad_timestamp at \
                    touchpoints.csv line 2; read_time in a table's sql reads dates such as 3/31/24";
    assert_eq!(world.file("touchpoints.csv", touches).refused(), expected);
}

/// 2026-04-01 01:30 in UTC is the last evening of March in New York, however SQL makes an instant of it.
#[test]
fn an_instant_that_sql_makes_is_that_instant() {
    let deals = "deal_id,opportunity_id,at,epoch,amount,kind\n\
                 D1,O1,2026-03-31T21:30:00-04:00,1775007000,1000.00,new\nD2,O2,2026-03-31T21:30:00-04:00,1775007000,500.00,new\n";
    let numbers = ["to_timestamp", "to_timestamp_seconds", "from_unixtime"]
        .map(|function| format!("{function}(CAST(epoch AS BIGINT))"));
    for instant in ["at", "CAST(at AS TIMESTAMPTZ)", "to_timestamp(at)", "to_timestamp_millis(CAST(at AS TIMESTAMPTZ))"]
        .map(str::to_owned)
        .into_iter()
        .chain(numbers)
    {
        let sql = format!("sql = \"SELECT *, {instant} AS closed_at FROM raw\"");
        let outcome = World::new()
            .file("deals.csv", deals)
            .source("deals", &format!("path = \"deals.csv\"\n{sql}"))
            .settings("[calendar]\ntime_zone = \"America/New_York\"")
            .accepted();
        assert_eq!(outcome.column("journeys", "deal_id", "close_quarter")["D1"], "FY26Q1", "{instant}");
    }
}

#[test]
fn campaigns_called_by_name_and_channels_in_other_capitals_are_told() {
    let world = World::new()
        .rows("spend", "Webinar,2026-01-03,70.00\n")
        .rows("touchpoints", "t4,2026-02-02T00:00:00Z,A2,,,Paid_Search,true\n");
    let outcome = world.accepted();
    let by_name = "touches or spend call campaigns by their names, so that they are others than those of the campaigns table: \
                   1 (Webinar); join campaigns by name in the table's sql";
    let by_capitals = "channels that differ in capitals only are told apart: 2 (Paid_Search, paid_search); write them alike, for \
                       instance in sql";
    for remark in [by_name, by_capitals] {
        assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
    }
    let sound = unbroken().remarks();
    assert!(!sound.iter().any(|remark| remark.contains("by their names") || remark.contains("capitals")), "{sound:?}");
    // What is called so is explained, and the campaign that bears the name is named.
    let arguments =
        ["explain", world.path("closedloop.toml").to_str().unwrap(), "--campaign", "Webinar"].map(str::to_owned);
    let explained = closedloop().args(arguments).assert().success();
    let text = String::from_utf8(explained.get_output().stdout.clone()).unwrap();
    assert!(text.contains("campaign Webinar") && text.contains("the name of campaign C2"), "{text}");
}

#[test]
fn a_folder_of_folders_is_named_by_a_pattern() {
    let world = World::new();
    std::fs::create_dir_all(world.path("touches/dt=2026-01-05")).unwrap();
    let text = std::fs::read(world.path("touchpoints.csv")).unwrap();
    std::fs::write(world.path("touches/dt=2026-01-05/part.csv"), text).unwrap();
    let world = world.source("touchpoints", "path = \"touches\"");
    let refused = world.refused();
    assert!(refused.ends_with("its folders have some: name them, as in \"touches/**/*.csv\""), "{refused}");
    assert_eq!(world.source("touchpoints", "path = \"touches/**/*.csv\"").accepted().credits(), unbroken().credits());
}

/// C1 returns 1000.00 for 400.00: with a margin of 0.3 that is a loss, and no reason to fund it, unless somebody says so. With a
/// margin of 0.625 it pays for 625.00 and no cent more.
#[test]
fn what_loses_money_is_not_funded() {
    let decision = |settings: &str, spent: &str| {
        let spend = format!("campaign_id,date,amount\nC1,2026-01-01,{spent}\n");
        let world = World::new().file("spend.csv", spend).settings(settings);
        let rows = super::read_mart(&world.accepted().out, "model_comparison");
        let [campaigns, bases, decisions] =
            ["campaign_id", "basis", "decision"].map(|column| super::texts(&rows, column));
        let is_own =
            |&row: &usize| campaigns[row].as_deref() == Some("C1") && bases[row].as_deref() == Some("touch_date");
        let own: Vec<_> = (0..rows.num_rows()).filter(is_own).filter_map(|row| decisions[row].clone()).collect();
        own
    };
    assert_eq!(decision("[finance]", "400.00"), ["fund"]);
    assert_eq!(decision("[finance]\nmargin = 0.3", "400.00"), ["cut"]);
    assert_eq!(decision("[finance]\nmargin = 0.3\nhurdle = 0.5", "400.00"), ["fund"]);
    assert_eq!(decision("[finance]\nmargin = 0.625", "625.00"), ["fund"]);
    assert_eq!(decision("[finance]\nmargin = 0.625", "625.01"), ["cut"]);
}

/// Deals may call their kinds as opportunities call their types.
#[test]
fn kinds_are_what_people_call_them() {
    let world =
        World::new().replace("deals", "1000.00,new", "1000.00,new_business").replace("deals", ",new\n", ",Upsell\n");
    let kinds = world.accepted().column("journeys", "deal_id", "kind");
    assert_eq!((kinds["D1"].as_str(), kinds["D2"].as_str()), ("new", "expansion"));
}

/// A column on which files do not agree is not said to be missing.
#[test]
fn files_that_disagree_are_named_where_sql_asks_for_the_column() {
    let world = World::new()
        .file(
            "d/a.ndjson",
            "{\"deal_id\":\"D1\",\"opportunity_id\":\"O1\",\"closed_at\":\"2026-03-01\",\"amount\":1000}\n",
        )
        .file(
            "d/b.ndjson",
            "{\"deal_id\":\"D2\",\"opportunity_id\":\"O2\",\"closed_at\":\"2026-03-05\",\"amount\":{\"value\":500}}\n",
        )
        .source("deals", "path = \"d\"\nsql = \"SELECT deal_id, opportunity_id, closed_at, amount FROM raw\"");
    let refused = world.refused();
    assert!(refused.contains("column \"amount\" holds single values in"), "{refused}");
}
