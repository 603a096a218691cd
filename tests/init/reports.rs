//! Reports of Salesforce, and spend that several files tell.

use super::*;

fn write_opportunities(folder: &Path) {
    let rows = "O1,A1,2024-01-10,2024-03-15,Closed Won,100\n";
    write(folder, "opportunities.csv", &format!("{OPPORTUNITIES}{rows}"));
}

const CAMPAIGNS: &str = "Campaign ID,Campaign Name,Type,Start Date,End Date,Budgeted Cost,Actual Cost,Status\n\
    7015g00000CAM01,Webinar Nov,Webinar,11/1/2023,11/30/2023,\"5,000.00\",\"4,800.25\",Completed\n\
    7015g00000CAM02,Trade Show,Conference,1/10/2024,1/12/2024,\"20,000.00\",\"21,000.00\",Completed\n";

const MEMBERS: &str = "Campaign ID,Campaign Name,Campaign Type,Member Status,Responded,Member First Associated Date,\
    Member First Responded Date,Contact ID,Lead ID,Company / Account,Account ID\n\
    7015g00000CAM01,Webinar Nov,Webinar,Attended,1,11/15/2023,11/16/2023,0035g00000CON01,,Acme,A1\n\
    7015g00000CAM02,Trade Show,Conference,Attended,1,1/11/2024,,0035g00000CON01,,Acme,A1\n\
    7015g00000CAM01,Webinar Nov,Webinar,Sent,0,11/13/2023,,,00Q5g00000LEA01,Globex,A2\n";

#[test]
fn reports_of_campaigns_and_their_members_are_read() {
    let folder = tempfile::tempdir().unwrap();
    write_opportunities(folder.path());
    write(folder.path(), "Campaigns.csv", CAMPAIGNS);
    write(folder.path(), "Campaigns with Members.csv", MEMBERS);
    let printed = init(folder.path());
    assert!(printed.contains("Salesforce Campaigns with Members report"), "{printed}");
    assert!(!printed.contains("share") && !printed.contains("touched_at"), "{printed}");
    let manifest = run(&folder.path().join("closedloop.toml"));
    assert_eq!(read_rows(&manifest, "campaigns"), 2);
    assert_eq!(read_rows(&manifest, "touchpoints"), 3);
    assert_eq!(manifest["tables"]["touchpoints"]["set_aside"]["rows"], 0);
    assert_eq!(manifest["tables"]["spend"]["used"]["amount"], 480_025 + 2_100_000);
    // The response of November and, of January, the day on which the member came in.
    let credits = crate::support::read_mart(&folder.path().join("out"), "touch_credits");
    let days: Vec<String> = crate::support::texts(&credits, "touch_id").into_iter().flatten().collect();
    assert_eq!(days, ["7015g00000CAM01-0035g00000CON01", "7015g00000CAM02-0035g00000CON01"]);
}

#[test]
fn costs_of_campaigns_beside_a_file_of_spend_are_named() {
    let folder = tempfile::tempdir().unwrap();
    write_opportunities(folder.path());
    write(folder.path(), "Campaigns.csv", CAMPAIGNS);
    write(folder.path(), "Campaigns with Members.csv", MEMBERS);
    write(folder.path(), "spend.csv", "date,campaign_id,amount\n2023-12-15,7015g00000CAM01,1000\n");
    let printed = init(folder.path());
    assert!(printed.contains("\"Actual Cost\" of Campaigns.csv may be spend too"), "{printed}");
}

/// LinkedIn and Meta know campaigns by their names; a payment of Stripe is dated by its creation.
#[test]
fn labels_of_other_systems_are_columns() {
    let folder = systems::beside(
        "linkedin_ads.csv",
        "Start Date (in UTC),Account Name,Currency,Campaign Name,Total Spent\n1/22/2026,Acme,USD,C1,\"1,200.00\"\n",
    );
    let text = "id,Created date (UTC),Amount,Currency,Customer ID\nch_1,2026-01-01 10:00,100.00,usd,A1\n";
    write(folder.path(), "payments.csv", text);
    init(folder.path());
    let manifest = run(&folder.path().join("closedloop.toml"));
    assert_eq!(manifest["tables"]["spend"]["used"]["amount"], 120_000);
    assert_eq!(manifest["tables"]["transactions"]["used"]["rows"], 1);
    let config = config_text(folder.path());
    assert!(config.contains("\"Campaign Name\" AS campaign_id"), "{config}");
}
