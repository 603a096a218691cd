//! Exports of Salesforce and HubSpot, and the demo company without its configuration.

use super::*;

/// Whole and cents of an amount with at most two decimals.
fn cents(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap()
}

/// The sum of `Amount` over the rows of a Salesforce export that are won.
fn won_cents(opportunities: &Path) -> i128 {
    let mut reader = csv::Reader::from_path(opportunities).unwrap();
    let headers = reader.headers().unwrap().clone();
    let position = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (won, amount) = (position("IsWon"), position("Amount"));
    reader.records().map(Result::unwrap).filter(|row| &row[won] == "1").map(|row| cents(&row[amount])).sum()
}

#[test]
fn a_true_salesforce_export_runs_without_an_edit() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "a_true_salesforce_export_runs_without_an_edit") else {
        return;
    };
    let folder = copy_of(&data.join("salesforce_export"), &[]);
    let config = folder.path().join("closedloop.toml");
    let printed = init(folder.path());

    let manifest = run(&config);
    // Rows as the data's description gives them; contacts are 102 contacts and 60 leads.
    for (table, rows) in [("touchpoints", 68), ("campaigns", 8), ("opportunities", 50), ("contacts", 162)] {
        assert_eq!(read_rows(&manifest, table), rows, "{table}");
    }
    assert_eq!(i128::from(manifest["booked"].as_i64().unwrap()), won_cents(&folder.path().join("Opportunity.csv")));

    // The export was made right after an import: members carry that day, and nobody has responded.
    let taken = "touched_at on 2024-01-23, as an import leaves it; \"Added_Date__c\" is taken instead, with dates from";
    for doubt in [taken, "none of the 68 touches looked at is a response, so all count"] {
        assert!(printed.contains(doubt), "{doubt}: {printed}");
    }
    let expected = attributable_cents(folder.path());
    assert!(expected > 0, "the export has touches before wins");
    assert_eq!(attributed(&config), expected);

    // The marked line, edited as its mark says.
    let edited = config_text(folder.path()).replace("eligible = \"", "eligible = \"responded IS NOT FALSE AND ");
    write(folder.path(), "closedloop.toml", &edited);
    run(&config);
    assert_eq!(attributed(&config), 0);
}

/// Rows of a CSV file, by header.
fn csv_rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// Cents of the won opportunities of a Salesforce export that a member of their account's people touched in time, as
/// the rules say: from a year before the opportunity's creation, for an account's later wins from the latest win before
/// that creation, to the end of the closing day. All days are compared as text, which their form allows.
fn attributable_cents(folder: &Path) -> i128 {
    let mut account_of: BTreeMap<String, String> = BTreeMap::new();
    for (file, account) in [("Contact.csv", "AccountId"), ("Lead.csv", "ConvertedAccountId")] {
        account_of
            .extend(csv_rows(&folder.join(file)).into_iter().map(|row| (row["Id"].clone(), row[account].clone())));
    }
    let touches: Vec<(String, String)> = csv_rows(&folder.join("CampaignMember.csv"))
        .into_iter()
        .filter_map(|row| Some((account_of.get(&row["LeadOrContactId"])?.clone(), row["Added_Date__c"].clone())))
        .collect();
    let mut wins = csv_rows(&folder.join("Opportunity.csv"));
    wins.retain(|row| row["IsWon"] == "1");
    let place = |row: &BTreeMap<String, String>| (row["CloseDate"].clone(), row["Id"].clone());
    let is_attributable = |win: &&BTreeMap<String, String>| {
        let others = wins.iter().filter(|other| other["AccountId"] == win["AccountId"] && other["Id"] != win["Id"]);
        let is_first = others.clone().all(|other| place(other) > place(win));
        // Every opportunity was created by the import, in the afternoon of 22 January 2024.
        assert!(win["CreatedDate"].starts_with("2024-01-22T16:"));
        let restart = others.map(|other| other["CloseDate"].clone()).filter(|day| day.as_str() < "2024-01-22").max();
        let after = restart.filter(|_| !is_first).unwrap_or_default().max("2023-01-22".to_owned());
        let in_time = |day: &String| *day > after && *day <= win["CloseDate"];
        touches.iter().any(|(account, day)| *account == win["AccountId"] && in_time(day))
    };
    wins.iter().filter(is_attributable).map(|win| cents(&win["Amount"])).sum()
}

#[test]
fn the_offered_sales_tasks_run_too() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "the_offered_sales_tasks_run_too") else { return };
    let folder = copy_of(&data.join("salesforce_export"), &[]);
    init(folder.path());
    let text = config_text(folder.path());
    let offer: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# ")).collect();
    let start = offer.iter().position(|line| *line == "UNION ALL").unwrap();
    let offer = offer[start..start + 3].join("\n");
    let (before, after) = text.split_once("[tables.touchpoints]\n").unwrap();
    let after = after.replacen("sql = \"\"\"", "with = { task = \"Task.csv\" }\nsql = \"\"\"", 1);
    let after = after.replacen("'true'\n\"\"\"", &format!("'true'\n{offer}\n\"\"\""), 1);
    write(folder.path(), "closedloop.toml", &format!("{before}[tables.touchpoints]\n{after}"));
    let manifest = run(&folder.path().join("closedloop.toml"));
    // 68 members and 75 tasks, all of which have a contact.
    assert_eq!(read_rows(&manifest, "touchpoints"), 68 + 75);
}

#[test]
fn the_demo_without_its_configuration_books_the_same() {
    let demo = project("fixtures/demo");
    let folder = copy_of(&demo, &["closedloop.toml"]);
    let printed = init(folder.path());
    assert!(printed.contains("true_effects.csv     also looks like campaigns"), "{printed}");
    let manifest = run(&folder.path().join("closedloop.toml"));

    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    closedloop().arg("run").arg(demo.join("closedloop.toml")).arg("--out").arg(&out).arg("--quiet").assert().success();
    let expected: Value = serde_json::from_str(&fs::read_to_string(out.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["booked"], expected["booked"]);
    assert_eq!(manifest["tables"], expected["tables"]);

    // Nothing but the fiscal year is left to a person: every table and column has its own name already.
    let undecided: Vec<&str> = printed.lines().filter(|line| line.starts_with("  line ")).collect();
    assert_eq!(undecided.len(), 1, "{printed}");
    assert!(undecided[0].contains("fiscal year"));
}

/// Three companies; two deals won at 12,000 and 800.50, one lost, one open.
pub fn hubspot(folder: &Path) {
    write(
        folder,
        "hubspot-crm-exports-all-companies-2026-03-01.csv",
        "Record ID,Company name,Company owner,Create Date,Industry,Country/Region,Number of Employees\n\
         9001,Acme GmbH,Eva Lang,2025-01-10 09:00,MACHINERY,Germany,250\n\
         9002,Blue Ltd,Sam Poe,2025-02-11 10:30,SOFTWARE,United Kingdom,40\n\
         9003,Corto SA,Sam Poe,2025-03-12 11:45,RETAIL,France,1200\n",
    );
    write(
        folder,
        "hubspot-crm-exports-all-contacts-2026-03-01.csv",
        "Record ID,First Name,Last Name,Email,Contact owner,Lifecycle Stage,Create Date,Associated Company IDs,Original Source,Time First Seen,First Conversion Date,First Conversion,Recent Conversion Date,Recent Conversion,First Touch Converting Campaign,Last Touch Converting Campaign\n\
         501,Ann,Ode,ann@acme.test,Eva Lang,Customer,2025-05-02 08:00,9001;9003,Organic Search,2025-05-01 07:30,2025-05-02 08:00,Contact us,2025-06-20 12:00,Webinar,,Spring webinar\n\
         502,Bo,Ray,bo@blue.test,Sam Poe,Customer,2025-07-03 14:15,9002,Paid Search,2025-07-03 14:00,2025-07-03 14:15,Demo,2025-07-03 14:15,Demo,Search ads,Search ads\n\
         503,Cy,Sol,cy@nowhere.test,Sam Poe,Lead,2025-08-04 16:00,,Offline Sources,,,,,,,\n",
    );
    write(
        folder,
        "hubspot-crm-exports-all-deals-2026-03-01.csv",
        "Record ID,Deal Name,Deal Stage,Close Date,Pipeline,Amount,Deal owner,Create Date,Deal Type,Currency,Associated Company IDs\n\
         70001,Acme line 1,Closed won,2025-09-30 17:00,Sales Pipeline,12000,Eva Lang,2025-07-01 09:00,New Business,EUR,9001\n\
         70002,Blue seats,Closed won,2025-10-15 12:00,Sales Pipeline,800.50,Sam Poe,2025-08-01 09:00,New Business,EUR,9002;9001\n\
         70003,Corto pilot,Closed lost,2025-11-01 12:00,Sales Pipeline,5000,Sam Poe,2025-08-15 09:00,New Business,EUR,9003\n\
         70004,Acme line 2,Appointment scheduled,,Sales Pipeline,7000,Eva Lang,2025-12-01 09:00,Existing Business,EUR,9001\n",
    );
    write(
        folder,
        "campaigns.csv",
        "Campaign name,Campaign owner,Campaign status,Start date,End date,Budget,Spend,Influenced contacts\n\
         Spring webinar,Eva Lang,Completed,2025-06-01,2025-06-30,2000,1500,40\n\
         Search ads,Sam Poe,In progress,2025-01-01,2025-12-31,9000,7300,310\n",
    );
    write(folder, "emails.csv", "Email name,Sent,Delivered,Open rate,Click rate\nJune news,900,880,31.2,4.0\n");
}

#[test]
fn a_hubspot_export_runs_without_an_edit() {
    let folder = tempfile::tempdir().unwrap();
    hubspot(folder.path());
    let printed = init(folder.path());
    for line in
        ["HubSpot companies", "HubSpot contacts", "HubSpot deals", "HubSpot campaigns", "HubSpot marketing emails: "]
    {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    let config = folder.path().join("closedloop.toml");
    let manifest = run(&config);
    assert_eq!(manifest["booked"], 1_200_000 + 80_050);
    assert_eq!(manifest["currency"], "EUR");
    for (table, rows) in [("accounts", 3), ("contacts", 3), ("opportunities", 4), ("campaigns", 2), ("spend", 2)] {
        assert_eq!(read_rows(&manifest, table), rows, "{table}");
        assert_eq!(manifest["tables"][table]["set_aside"]["rows"], 0, "{table}");
    }
    assert_eq!(manifest["tables"]["spend"]["used"]["amount"], 150_000 + 730_000);
    // Ann: first seen, first form, webinar. Bo: first seen and one form, which is both first and latest.
    assert_eq!(read_rows(&manifest, "touchpoints"), 5);
    assert_eq!(attributed(&config), 1_200_000 + 80_050, "both won deals had touches in their windows");
    assert!(config_text(folder.path()).contains("won = [\"Closed won\"]"));
    for doubt in [
        "a contact's first visit, first and latest form stand for them",
        "1 of all 3 rows name several companies; the first is taken",
        "1 of all 4 rows name several companies; the first is taken",
        "campaigns.csv has no column for channel; 'campaign' stands for it",
    ] {
        assert!(printed.contains(doubt), "{doubt}: {printed}");
    }
}

/// A small Salesforce export as a spreadsheet in the United States writes it, with these flags.
fn salesforce(folder: &Path, won: &str, lost: &str) {
    write(
        folder,
        "Opportunity.csv",
        &format!(
            "Id,AccountId,Name,StageName,Amount,CloseDate,CreatedDate,IsWon,IsClosed,IsDeleted,Type,ForecastCategory\n\
             006000000000001AAA,001000000000001AAA,Acme,Closed Won,\"$10,000.00\",3/31/2025,2/20/2025 10:00,{won},{won},{lost},New Business,Closed\n\
             006000000000002AAA,001000000000002AAA,Beta,Closed Won,\"$5,000.00\",4/30/2025,2/20/2025 10:00,,,{lost},New Business,Closed\n\
             006000000000003AAA,001000000000002AAA,Gone,Closed Won,$777.00,4/30/2025,2/20/2025 10:00,{won},{won},{won},New Business,Closed\n\
             006000000000004AAA,001000000000002AAA,Lost,Closed Lost,$50.00,4/30/2025,2/20/2025 10:00,{lost},{won},{lost},New Business,Closed\n"
        ),
    );
    write(
        folder,
        "Campaign.csv",
        "Id,Name,Type,StartDate,EndDate,BudgetedCost,ActualCost,CreatedDate\n\
         701000000000001AAA,Webinar,Webinar,1/1/2025,1/31/2025,1000,\"$900.00\",1/1/2025 9:00\n\
         701000000000002AAA,Ads,Paid Search,,,1000,\"$1,800.00\",1/13/2025 9:00\n",
    );
    write(
        folder,
        "CampaignMember.csv",
        &format!(
            "Id,CampaignId,ContactId,LeadId,Status,HasResponded,FirstRespondedDate,CreatedDate\n\
             00v000000000001AAA,701000000000001AAA,003000000000001AAA,,Attended,{won},1/13/2025,1/12/2025 9:00\n\
             00v000000000002AAA,701000000000002AAA,003000000000002AAA,,Attended,{won},,1/15/2025 9:00\n\
             00v000000000003AAA,701000000000001AAA,003000000000002AAA,,Sent,{lost},,1/16/2025 9:00\n"
        ),
    );
    write(
        folder,
        "Contact.csv",
        "Id,AccountId,LastName,Email,CreatedDate\n\
         003000000000001AAA,001000000000001AAA,A,a@x.test,12/1/2024 0:00\n\
         003000000000002AAA,001000000000002AAA,B,b@x.test,12/1/2024 0:00\n",
    );
}

/// Whatever words the flags are in, Acme and Beta are won, the latter by its stage, and what is deleted is not; dates are read
/// also where the first given of several counts.
#[test]
fn flags_and_dates_of_a_spreadsheet_are_read() {
    for (won, lost) in [("1", "0"), ("Yes", "No"), ("1.0", "0.0"), ("WAHR", "FALSCH"), ("true ", "false")] {
        let folder = tempfile::tempdir().unwrap();
        salesforce(folder.path(), won, lost);
        init(folder.path());
        let config = folder.path().join("closedloop.toml");
        let manifest = run(&config);
        assert_eq!(manifest["booked"], 1_500_000, "{won}");
        for (table, used) in [("opportunities", 3), ("touchpoints", 2), ("spend", 2), ("campaigns", 2)] {
            assert_eq!(manifest["tables"][table]["used"]["rows"], used, "{won}: {table}");
            assert_eq!(manifest["tables"][table]["set_aside"]["rows"], 0, "{won}: {table}");
        }
        assert_eq!(manifest["tables"]["spend"]["used"]["amount"], 270_000);
        // Each has one touch that responded within the year before.
        assert_eq!(attributed(&config), 1_500_000, "{won}");
    }
}

/// As text, 11/20/2024 comes before 9/05/2024.
#[test]
fn the_latest_form_of_a_contact_is_a_touch_however_dates_are_written() {
    let folder = tempfile::tempdir().unwrap();
    hubspot(folder.path());
    let contacts = folder.path().join("hubspot-crm-exports-all-contacts-2026-03-01.csv");
    let mut text = fs::read_to_string(&contacts).unwrap();
    for (iso, american) in [
        ("2025-05-02 08:00,9001", "05/02/2025 08:00,9001"),
        ("2025-05-01 07:30,2025-05-02 08:00", "05/01/2025 07:30,9/02/2024 08:00"),
        ("2025-06-20 12:00", "11/20/2024 12:00"),
        ("2025-07-03 14:15,9002", "07/03/2025 14:15,9002"),
        (
            "2025-07-03 14:00,2025-07-03 14:15,Demo,2025-07-03 14:15",
            "07/03/2025 14:00,7/03/2025 14:15,Demo,7/03/2025 14:15",
        ),
        ("2025-08-04 16:00", "08/04/2025 16:00"),
    ] {
        assert!(text.contains(iso), "{iso}");
        text = text.replace(iso, american);
    }
    fs::write(&contacts, text).unwrap();
    init(folder.path());
    // Ann: first seen, first form, webinar. Bo: first seen and one form.
    assert_eq!(read_rows(&run(&folder.path().join("closedloop.toml")), "touchpoints"), 5);
}

/// Exports of opportunities and touches, two wins of 100.00 each, beside which another system's file lies.
pub fn beside(name: &str, text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let opportunities =
        "O1,A1,2026-02-01,2026-03-01,Closed Won,100.00\nO2,A2,2026-02-10,2026-03-05,Closed Won,100.00\n";
    write(folder.path(), "opportunities.csv", &format!("{OPPORTUNITIES}{opportunities}"));
    let touches = "t1,2026-01-05,A1,C1,paid_search\nt2,2026-02-01,A2,C2,webinar\n";
    write(folder.path(), "touches.csv", &format!("touch_id,touched_at,account_id,campaign_id,channel\n{touches}"));
    write(folder.path(), name, text);
    folder
}

/// Customers that paid are no list of all accounts: the win of another is not lost.
#[test]
fn payments_of_stripe_are_transactions_and_no_accounts() {
    let text = "id,Created (UTC),Amount,Currency,Customer ID,Status\nch_1,2026-01-01 10:00,100.00,usd,A1,Paid\n";
    let folder = beside("payments.csv", text);
    init(folder.path());
    let manifest = run(&folder.path().join("closedloop.toml"));
    assert_eq!(manifest["booked"], 20_000);
    assert_eq!(read_rows(&manifest, "transactions"), 1);
    assert!(manifest["tables"]["accounts"].is_null());
}

#[test]
fn one_column_of_customers_is_no_table_of_accounts() {
    let folder = beside("surveys.csv", "Customer ID,Answer,Score\nA1,good,9\n");
    let printed = init(folder.path());
    assert!(printed.contains("surveys.csv"), "{printed}");
    assert_eq!(run(&folder.path().join("closedloop.toml"))["booked"], 20_000);
}

#[test]
fn reports_of_advertising_are_spend() {
    for (name, text) in [
        (
            "Campaign report.csv",
            "Day,Campaign,Campaign ID,Currency code,Impr.,Clicks,CTR,Avg. CPC,Cost\n\
             2026-01-01,Search,C1,USD,\"1,000\",10,1.00%,10.00,100.00\n\
             2026-01-02,Webinar,C2,USD,\"1,000\",10,1.00%,5.00,\"1,050.00\"\n",
        ),
        (
            "linkedin_spend.csv",
            "Start Date (in UTC),Campaign ID,Clicks,Total Spent\n2026-01-01,C1,10,100.00\n2026-01-02,C2,10,1050.00\n",
        ),
        (
            "meta ads spend.csv",
            "Campaign ID,Reporting starts,Reporting ends,Amount spent (USD)\n\
             C1,2026-01-01,2026-01-31,100.00\nC2,2026-01-01,2026-01-31,1050.00\n",
        ),
    ] {
        let folder = beside(name, text);
        init(folder.path());
        let manifest = run(&folder.path().join("closedloop.toml"));
        assert_eq!(manifest["tables"]["spend"]["used"]["amount"], 115_000, "{name}");
    }
}
