//! Rows that cannot be used: set aside with reason, file and line, or out of scope; the others are used as ever.

use super::{COMPANY, World, unbroken};

macro_rules! set_aside {
    ($($name:ident: $world:expr => $expected:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!($world.accepted().set_aside(), $expected);
        })*
    };
}

// A wrong type. Where it takes a deal's opportunity away, the deal goes with it.
set_aside! {
    an_amount_that_is_no_number: World::new().replace("deals", "500.00", "n/a")
        => ["deals bad_amount D2 - deals.csv:3"];
    an_amount_with_thousands_separators: World::new().replace("deals", "500.00", "\"1,500.00\"")
        => ["deals bad_amount D2 - deals.csv:3"];
    an_amount_that_is_missing: World::new().replace("deals", "500.00", "")
        => ["deals missing_amount D2 - deals.csv:3"];
    a_deal_closed_soon: World::new().replace("deals", "D2,O2,2026-03-05", "D2,O2,soon")
        => ["deals bad_timestamp D2 500.00 deals.csv:3"];
    a_touch_on_a_day_that_is_none: World::new().rows("touchpoints", "t4,2026-02-30,A2,,C1,,true\n")
        => ["touchpoints bad_timestamp t4 - touchpoints.csv:5"];
    a_flag_that_says_maybe: World::new().rows("touchpoints", "t4,2026-02-02,A2,,C1,,maybe\n")
        => ["touchpoints bad_flag t4 - touchpoints.csv:5"];
    an_opportunity_that_is_maybe_won: World::new().replace("opportunities", "true,2026-03-05", "maybe,2026-03-05")
        => ["deals orphan_opportunity D2 500.00 deals.csv:3", "opportunities bad_flag O2 - opportunities.csv:3"];
    spend_on_no_date: World::new().rows("spend", "C1,soon,70.00\n")
        => ["spend bad_date - 70.00 spend.csv:4"];
    spend_for_nobody: World::new().rows("spend", ",2026-01-03,70.00\n")
        => ["spend missing_campaign - 70.00 spend.csv:4"];
    spend_that_ends_before_it_starts:
        World::new().file("spend.csv", "campaign_id,start_date,end_date,amount\nC1,2026-01-10,2026-01-01,70\n")
        => ["spend reversed_dates - 70.00 spend.csv:2"];
    spend_that_starts_soon: World::new()
        .file("spend.csv", "campaign_id,date,start_date,end_date,amount\nC1,,soon,2026-01-02,70\nC1,,2026-01-01,,7\n")
        => ["spend bad_date - 7.00 spend.csv:3", "spend bad_date - 70.00 spend.csv:2"];
    a_campaign_that_starts_soon:
        World::new().file("campaigns.csv", "campaign_id,channel,start_date\nC1,paid_search,\nC2,webinar,\nC3,tv,soon\n")
        => ["campaigns bad_date C3 - campaigns.csv:4"];
    a_kind_that_nobody_knows: World::new().replace("deals", "500.00,new", "500.00,gift")
        => ["deals unknown_kind D2 500.00 deals.csv:3"];
    a_row_without_its_key: World::new().rows("deals", ",O2,2026-03-05,7.00,new\n")
        => ["deals missing_key - 7.00 deals.csv:4"];
    a_touch_of_nobody: World::new().rows("touchpoints", "t4,2026-02-02,,,C1,,true\n")
        => ["touchpoints missing_account t4 - touchpoints.csv:5"];
}

/// Used rows that wait on disk stay there while rejected ones are looked for among the rows with their keys, which are as many.
#[test]
fn used_rows_wait_on_disk_while_rejected_ones_are_looked_for() {
    let name = "n".repeat(1_000);
    let accounts =
        |recorded_at: &str| -> String { (3..36_003).map(|n| format!("A{n},{name},{recorded_at}\n")).collect() };
    let accounts = format!("account_id,name,recorded_at\nA1,Acme,\nA2,Bolt,\n{}{}", accounts(""), accounts("soon"));
    let flags = ["--memory-limit", "1GB", "--marts", "set_aside,reconciliation"];
    let outcome = World::new().file("accounts.csv", accounts).accepted_with(&flags);
    assert_eq!(outcome.rows("accounts"), [72_002, 36_002, 0, 36_000]);
    assert_eq!((outcome.rows("opportunities"), outcome.booked()), ([2, 2, 0, 0], 150_000));
}

// Orphans.
set_aside! {
    a_deal_without_its_opportunity: World::new().rows("deals", "D3,O9,2026-03-05,700.00,new\n")
        => ["deals orphan_opportunity D3 700.00 deals.csv:4"];
    a_contact_of_an_unknown_account: World::new().rows("contacts", "P9,A9,2026-01-01\n")
        => ["contacts orphan_account P9 - contacts.csv:3"];
    an_opportunity_of_an_unknown_account: World::new().rows("opportunities", "O9,A9,2026-02-01,Open,false,\n")
        => ["opportunities orphan_account O9 - opportunities.csv:4"];
    a_role_of_an_unknown_contact:
        World::new().file("roles.csv", "opportunity_id,contact_id\nO1,P1\nO1,P9\n").source("contact_roles", "path = \"roles.csv\"")
        => ["contact_roles orphan_contact - - roles.csv:3"];
}

// Where a row stands.
set_aside! {
    lines_count_the_breaks_within_quotes: World::new().file(
        "deals.csv",
        "deal_id,opportunity_id,closed_at,amount,kind,note\n\
         D1,O1,2026-03-01,1000.00,new,\"one\ntwo\nthree\"\n\
         D2,O2,2026-03-05,n/a,new,\"one\ntwo\"\n\
         D3,O2,2026-03-05,n/a,new,one\n",
    ) => ["deals bad_amount D2 - deals.csv:5", "deals bad_amount D3 - deals.csv:7"];
    lines_count_breaks_of_windows: World::new().file(
        "deals.csv",
        "deal_id,opportunity_id,closed_at,amount,kind,note\r\n\
         D1,O1,2026-03-01,1000.00,new,\"one\r\ntwo\"\r\n\
         D2,O2,2026-03-05,n/a,new,\"one\r\ntwo\"\r\n\
         D3,O2,2026-03-05,n/a,new,one",
    ) => ["deals bad_amount D2 - deals.csv:4", "deals bad_amount D3 - deals.csv:6"];
    lines_count_mixed_breaks_and_blank_lines: World::new().file(
        "deals.csv",
        "deal_id,opportunity_id,closed_at,amount,kind\r\n\
         D1,O1,2026-03-01,1000.00,new\n\r\n\n\
         D2,O2,2026-03-05,n/a,new\r\n",
    ) => ["deals bad_amount D2 - deals.csv:5"];
    of_several_files_the_right_one: World::new()
        .file("t/a.csv", "touch_id,touched_at,account_id\nt1,2026-01-05,A1\n")
        .file("t/b.csv", "touch_id,touched_at,account_id\nt2,2026-01-05,A1\nt3,soon,A2\n")
        .source("touchpoints", "path = \"t/*.csv\"")
        => ["touchpoints bad_timestamp t3 - b.csv:3"];
    rows_of_a_mapped_header: World::new()
        .file("deals.csv", "Id,opportunity_id,closed_at,Betrag\nD1,O1,2026-03-01,1000.00\nD2,O2,2026-03-05,viel\n")
        .source("deals", "path = \"deals.csv\"\ncolumns = { deal_id = \"Id\", amount = \"Betrag\" }")
        => ["deals bad_amount D2 - deals.csv:3"];
}

#[test]
fn the_rest_of_a_table_is_used_when_a_row_is_not() {
    let outcome = World::new().replace("deals", "D2,O2,2026-03-05", "D2,O2,soon").accepted();
    assert_eq!(outcome.rows("deals"), [2, 1, 0, 1]);
    assert_eq!(outcome.amounts("deals"), [150_000, 100_000, 0, 50_000]);
    assert_eq!(outcome.booked(), 100_000);
    assert_eq!(outcome.column("set_aside", "key", "row")["D2"], row(["500.00", "soon", "D2", "new", "O2"]));
}

/// A deals row as `set_aside` keeps it.
fn row([amount, closed_at, deal_id, kind, opportunity_id]: [&str; 5]) -> String {
    format!(
        r#"{{"amount":"{amount}","closed_at":"{closed_at}","deal_id":"{deal_id}","kind":"{kind}","opportunity_id":"{opportunity_id}"}}"#
    )
}

#[test]
fn of_identical_rows_one_is_kept() {
    let outcome = World::new().rows("deals", "D2,O2,2026-03-05,500.00,new\n").accepted();
    assert_eq!(outcome.set_aside(), ["deals duplicate_key D2 500.00 deals.csv:4"]);
    assert_eq!(outcome.amounts("deals"), [200_000, 150_000, 0, 50_000]);
}

#[test]
fn of_conflicting_rows_the_greatest_is_kept_whichever_comes_first() {
    let less_first = World::new().rows("deals", "D2,O2,2026-03-05,700.00,new\n").accepted();
    let less_last = World::new().replace("deals", "500.00", "700.00").rows("deals", "D2,O2,2026-03-05,500.00,new\n");
    let less_last = less_last.accepted();
    assert_eq!(less_first.set_aside(), ["deals duplicate_key D2 500.00 deals.csv:3"]);
    assert_eq!(less_last.set_aside(), ["deals duplicate_key D2 500.00 deals.csv:4"]);
    for outcome in [less_first, less_last] {
        assert_eq!(outcome.amounts("deals"), [220_000, 170_000, 0, 50_000]);
        assert_eq!(outcome.credits()["t3"], "700.00");
    }
}

#[test]
fn a_repeated_touch_counts_once_whichever_comes_first() {
    let outcome = World::new().rows("touchpoints", "t2,2026-01-20T10:00:00Z,A1,,C2,,true\n").accepted();
    assert_eq!(outcome.set_aside(), ["touchpoints duplicate_key t2 - touchpoints.csv:5"]);
    assert_eq!(outcome.rows("touchpoints"), [4, 3, 0, 1]);
    assert_eq!(outcome.credits()["t2"], "500.00");

    // The later touch is the greater row: touched_at follows touch_id in column order.
    let later = "t2,2026-01-25T10:00:00Z,A1,,C1,,true\n";
    let earlier = "t2,2026-01-20T10:00:00Z,A1,,C2,,true\n";
    for world in [
        World::new().rows("touchpoints", later),
        World::new().replace("touchpoints", earlier, later).rows("touchpoints", earlier),
    ] {
        let outcome = world.accepted();
        assert_eq!(outcome.rows("touchpoints"), [4, 3, 0, 1]);
        assert_eq!(outcome.column("touch_credits", "touch_id", "campaign_id")["t2"], "C1");
    }
}

#[test]
fn a_repeated_touch_is_set_aside_with_the_line_it_stands_on() {
    let outcome = World::new().rows("touchpoints", "t2,2026-01-25T10:00:00Z,A1,,C1,,true\n").accepted();
    assert_eq!(outcome.set_aside(), ["touchpoints duplicate_key t2 - touchpoints.csv:3"]);
}

#[test]
fn a_touch_of_an_unknown_contact_or_account_is_out_of_scope() {
    let strangers = "t4,2026-02-01,,P9,C1,,true\nt5,2026-02-01,A9,,C1,,true\n";
    let outcome = World::new().rows("touchpoints", strangers).accepted();
    assert_eq!(outcome.rows("touchpoints"), [5, 3, 2, 0]);
    assert_eq!(outcome.marts(), unbroken().marts());
}

#[test]
fn touches_after_the_close_change_nothing() {
    let outcome =
        World::new().rows("touchpoints", "t4,2026-03-02T00:00:00Z,A1,,C1,,true\nt5,2027-01-01,A2,,C2,,true\n");
    let outcome = outcome.accepted();
    assert_eq!(outcome.rows("touchpoints"), [5, 3, 2, 0]);
    assert_eq!(outcome.marts(), unbroken().marts());
}

#[test]
fn deals_without_touches_are_left_to_no_touch() {
    let outcome = World::new().replace("touchpoints", "t3,2026-02-01T10:00:00Z,A2,,C1,,true\n", "").accepted();
    assert_eq!(outcome.column("journeys", "deal_id", "linear_residual")["D2"], "no_touch");
    assert_eq!(outcome.column("journeys", "deal_id", "linear_residual_amount")["D2"], "500.00");
    assert_eq!(outcome.column("reconciliation", "model", "no_touch")["linear"], "500.00");
    assert_eq!(outcome.booked(), 150_000);
}

#[test]
fn a_local_time_that_the_clocks_skip_is_no_time() {
    let touches = "t4,2026-03-08 02:30:00,A1,,C1,,true\nt5,2026-03-08 03:30:00,A1,,C1,,true\n";
    let outcome = World::new().rows("touchpoints", touches).settings("[calendar]\ntime_zone = \"America/New_York\"");
    let outcome = outcome.accepted();
    assert_eq!(outcome.set_aside(), ["touchpoints bad_timestamp t4 - touchpoints.csv:5"]);
}

#[test]
fn a_won_opportunity_needs_no_closing_of_its_own_where_deals_are_given() {
    let outcome = World::new().replace("opportunities", "true,2026-03-05", "true,").accepted();
    assert_eq!(outcome.set_aside(), Vec::<String>::new());
    assert_eq!(outcome.booked(), 150_000);
}

#[test]
fn a_quote_that_is_never_closed_swallows_no_rows() {
    let world = World::new().replace("deals", "D1,O1,2026-03-01,1000.00,new", "D1,O1,2026-03-01,1000.00,\"new");
    assert!(world.refused().contains("deals.csv line 2"));
}

/// A column that says less than what `[stages]` knows hides no win.
#[test]
fn a_stage_says_what_is_won_where_no_flag_does() {
    let head = "opportunity_id,account_id,created_at,stage,";
    let capitals = format!("{head}closed_at,amount\nO1,A1,2026-02-01,closed WON,2026-03-01,1000\n");
    assert_eq!(World::new().without("deals").file("opportunities.csv", capitals).accepted().booked(), 100_000);
    let flags = [("is_closed", "true", "true"), ("is_won,is_closed", ",true", "false,true"), ("is_won", "", "")];
    for (columns, of_won, of_lost) in flags {
        let text = format!(
            "{head}{columns},closed_at,amount\nO1,A1,2026-02-01,Closed Won,{of_won},2026-03-01,1000\n\
             O2,A2,2026-02-10,Closed Lost,{of_lost},2026-03-05,500\n"
        );
        let outcome = World::new().without("deals").file("opportunities.csv", text).accepted();
        assert_eq!(outcome.booked(), 100_000, "{columns}");
    }
}

/// Blanks around texts are none of them, whatever the format and whether SQL comes between.
#[test]
fn texts_are_trimmed_before_sql_sees_them() {
    let touches = COMPANY[3].1.replace("A1,P1", " A1 ,P1").replace(",C2,", ",C2 ,").replace("A2,,C1", "A2,, C1");
    for sql in ["", "sql = \"SELECT * FROM raw WHERE touch_id LIKE 't%'\""] {
        let world = World::new().file("touchpoints.csv", &touches);
        let outcome = world.source("touchpoints", &format!("path = \"touchpoints.csv\"\n{sql}")).accepted();
        assert_eq!(outcome.rows("touchpoints"), [3, 3, 0, 0], "{sql}");
        assert_eq!(outcome.credits(), unbroken().credits(), "{sql}");
    }
    let lines = touches.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        format!("{{\"touch_id\":\"{}\",\"touched_at\":\"{}\",\"account_id\":\"{}\",\"campaign_id\":\"{}\",\"first\":\" \"}}\n", cells[0], cells[1], cells[2], cells[4])
    });
    let text: String = lines.collect();
    for sql in
        ["", "sql = \"SELECT touch_id, touched_at, coalesce(first, account_id) AS account_id, campaign_id FROM raw\""]
    {
        let world = World::new().file("t.ndjson", &text).source("touchpoints", &format!("path = \"t.ndjson\"\n{sql}"));
        assert_eq!(world.accepted().credits(), unbroken().credits(), "{sql}");
    }
}

#[test]
fn texts_of_own_columns_are_trimmed_before_conditions_see_them() {
    let touches = "touch_id,touched_at,account_id,campaign_id,medium\n\
                   t1,2026-01-05T10:00:00Z,A1,C1, paid \nt2,2026-01-20T10:00:00Z,A1,C2,free\n";
    let world = World::new().file("touchpoints.csv", touches).settings("[journeys]\neligible = \"medium = 'paid'\"");
    assert_eq!(world.accepted().credits().keys().collect::<Vec<_>>(), ["t1"]);
}

#[test]
fn the_type_of_an_opportunity_is_the_kind_of_its_deals() {
    let text = "opportunity_id,account_id,created_at,stage,type,closed_at,amount\n\
                O1,A1,2026-02-01,Closed Won,New Business,2026-03-01,1000\n\
                O2,A2,2026-02-10,Closed Won,Renewal,2026-03-05,500\n\
                O3,A2,2026-03-10,Closed Won,Existing Business,2026-04-05,200\n\
                O4,A2,2026-03-10,Closed Won,Renewal,2026-04-06,-70\n";
    let kinds =
        |kinds: &[(&str, &str)]| kinds.iter().map(|(deal, kind)| ((*deal).to_owned(), (*kind).to_owned())).collect();
    let world = World::new().without("deals").file("opportunities.csv", text);
    let outcome = world.accepted();
    let expected = kinds(&[("O1", "new"), ("O2", "renewal"), ("O3", "expansion"), ("O4", "credit")]);
    assert_eq!(outcome.column("journeys", "deal_id", "kind"), expected);
    let remark = "2 deals are of the kind that the type of the opportunity says";
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
    // Deals of their own have a kind of their own, or their opportunity's; what gives money back without a kind is a credit.
    let deals = "deal_id,opportunity_id,closed_at,amount,kind\n\
                 D1,O1,2026-03-01,9,expansion\nD2,O2,2026-03-05,5,\nD3,O3,2026-04-05,5,new\nD4,O1,2026-06-01,-9,\n";
    let outcome = world.file("deals.csv", deals).source("deals", "path = \"deals.csv\"").accepted();
    let expected = kinds(&[("D1", "expansion"), ("D2", "renewal"), ("D3", "new"), ("D4", "credit")]);
    assert_eq!(outcome.column("journeys", "deal_id", "kind"), expected);
    let remark = "1 deal is of the kind that the type of the opportunity says";
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
}

/// The type of a repeated touch decides, in whatever order its rows come, since the names of all else are alike.
#[test]
fn of_repeated_touches_that_differ_in_type_the_greatest_is_kept() {
    let head = "touch_id,touched_at,account_id,contact_id,campaign_id,touch_type,responded\nt0,2026-01-02,A1,P1,C1,web_visit,true\n";
    let rows = ["t1,2026-01-05,A1,P1,C1,ad_click,true\n", "t1,2026-01-05,A1,P1,C1,web_visit,true\n"];
    for [first, second] in [[rows[0], rows[1]], [rows[1], rows[0]]] {
        let world = World::new()
            .file("touchpoints.csv", [head, first, second].concat())
            .settings("[journeys.collapse]\ngap = \"1 minute\"\noffline_types = [\"web_visit\"]");
        let outcome = world.accepted();
        // The visit is kept, and is one with that of three days before.
        assert_eq!(outcome.credits(), [("t0".to_owned(), "1000.00".to_owned())].into());
        assert_eq!(outcome.rows("touchpoints"), [3, 1, 1, 1]);
    }
}

/// The column of the channel is named as another of the contract's, by which its touch would earn nothing.
#[test]
fn a_column_that_is_mapped_is_not_another_too() {
    let world = World::new()
        .replace("touchpoints", "campaign_id,channel,", "campaign_id,Source,")
        .rows("touchpoints", "t4,2026-02-02,A2,,,podcast,true\n")
        .source("touchpoints", "path = \"touchpoints.csv\"\ncolumns = { channel = \"Source\" }");
    assert_eq!(world.accepted().column("campaign_roi", "line", "channel")["no_campaign"], "podcast");
    assert_eq!(world.accepted().credits()["t4"], "250.00");
    // One that bears the very name is itself, whatever else is mapped.
    let touches = "touch_id,touched_at,account_id,Source,source\nt1,2026-01-05,A1,podcast,partner\nt2,2026-01-06,A1,podcast,sales\n";
    let credits = world.file("touchpoints.csv", touches).accepted().credits();
    assert_eq!(credits.iter().collect::<Vec<_>>(), [(&"t1".to_owned(), &"1000.00".to_owned())]);
}

/// Of the rows of one identifier the one is named that its account has twice, and none that was set aside or is later anyway.
#[test]
fn the_row_of_a_repeated_touch_is_the_accounts_own() {
    let rows = "t1,2026-01-05T10:00:00Z,A2,,C1,,true\nt1,2026-01-05T10:00:00Z,A1,P1,C1,,true\n";
    let outcome = World::new().rows("touchpoints", rows).accepted();
    assert_eq!(outcome.rows("touchpoints"), [5, 4, 0, 1]);
    assert_eq!(outcome.set_aside(), ["touchpoints duplicate_key t1 - touchpoints.csv:6"]);
    let settings = "[journeys]\neligible = \"true\"";
    let rows = "t1,2026-01-05T10:00:00Z,A1,P1,C1,,perhaps\nt1,2026-01-05T10:00:00Z,A1,P1,C1,,true\n";
    let outcome = World::new().settings(settings).rows("touchpoints", rows).accepted();
    let expected = ["touchpoints bad_flag t1 - touchpoints.csv:5", "touchpoints duplicate_key t1 - touchpoints.csv:6"];
    assert_eq!(outcome.set_aside(), expected);
}

/// Rows that differ in what a journey knows of a touch are not mistaken for each other: what is set aside is not what is used.
/// By the order of columns the one of radio is kept, though it is the lesser as a row of the file.
#[test]
fn the_row_of_a_repeated_touch_is_not_that_which_is_used() {
    let rows = ["t4,2026-01-21T10:00:00Z,A1,P9,,podcast,true\n", "t4,2026-01-21T10:00:00Z,A1,P8,,radio,true\n"];
    for (order, line) in [([rows[0], rows[1]], 5), ([rows[1], rows[0]], 6)] {
        let outcome = World::new().rows("touchpoints", &order.concat()).accepted();
        assert_eq!(outcome.set_aside(), [format!("touchpoints duplicate_key t4 - touchpoints.csv:{line}")]);
        assert_eq!(outcome.column("touch_credits", "touch_id", "channel")["t4"], "radio");
    }
}

/// Touches are marked as of sales for a model that is then left out, since two accounts teach it nothing.
#[test]
fn a_repeated_touch_of_sales_is_found_where_the_model_that_asks_for_sales_is_left_out() {
    let touches = "touch_id,touched_at,account_id,campaign_id,source\n\
                   t1,2026-01-05,A1,C1,marketing\nt2,2026-01-06,A1,C1,sales\nt2,2026-01-06,A1,C1,sales\n";
    let world = World::new().settings("[models]\nrun = [\"linear\", \"incremental\"]");
    let outcome = world.file("touchpoints.csv", touches).accepted();
    assert!(
        outcome.remarks().iter().any(|remark| remark.contains("\"incremental\" is left out")),
        "{:?}",
        outcome.remarks()
    );
    assert_eq!(outcome.set_aside(), ["touchpoints duplicate_key t2 - touchpoints.csv:4"]);
}

/// A currency that only a late row names is that of the run, whatever the batch that it comes in.
#[test]
fn a_currency_that_a_late_row_names_changes_nothing() {
    let rows: String = (0..70_000).map(|n| format!("A1,2026-01-{:02},1.00,\n", n % 28 + 1)).collect();
    let text = format!("account_id,transacted_at,amount,currency\n{rows}A2,2026-02-01,5.00,USD\n");
    let world = World::new().file("transactions.csv", text).source("transactions", "path = \"transactions.csv\"");
    assert_eq!(world.accepted().amounts("transactions"), [7_000_500, 7_000_500, 0, 0]);
}

/// A date that means "for ever" says nothing about which quarter money belongs to.
#[test]
fn spend_without_end_is_set_aside() {
    let spend =
        "campaign_id,start_date,end_date,amount\nC1,2026-01-01,9999-12-31,100.00\nC2,2026-01-02,2026-01-02,50.00\n";
    let outcome = World::new().file("spend.csv", spend).accepted();
    assert_eq!(outcome.set_aside(), ["spend bad_date - 100.00 spend.csv:2"]);
}

/// Both deals closed before their windows open: only what was touched before they closed was before their windows, whatever
/// else the account booked.
#[test]
fn what_follows_a_deal_is_not_before_its_window() {
    let opportunities = "O1,A1,2026-11-01,Closed Won,true,2026-04-01\nO2,A2,2026-11-01,Closed Won,true,2026-04-01\n";
    let header = "opportunity_id,account_id,created_at,stage,is_won,closed_at\n";
    let touches = "touch_id,touched_at,account_id,campaign_id\nt1,2026-10-01,A1,C1\nt2,2026-03-01,A2,C1\n";
    let deals = "deal_id,opportunity_id,closed_at,amount,kind\nD1,O1,2026-04-01,10,new\nD2,O2,2026-04-01,20,new\n";
    let of = |(opportunity, deal): (&str, &str)| {
        let outcome = World::new()
            .settings("[journeys]\nlookback_days = 7")
            .file("touchpoints.csv", touches)
            .file("opportunities.csv", format!("{header}{opportunities}{opportunity}"))
            .file("deals.csv", format!("{deals}{deal}"))
            .accepted();
        let residuals = outcome.column("journeys", "deal_id", "residual");
        ["D1", "D2"].map(|deal| residuals[deal].clone())
    };
    let other = ("O3,A1,2026-01-02,Closed Won,true,2026-04-03\n", "D3,O3,2026-04-03,40,renewal\n");
    assert_eq!([of(("", "")), of(other)], [["no_touch", "outside_lookback"]; 2]);
}
