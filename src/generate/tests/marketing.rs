//! Campaigns, touches, spend, the truth, and the mess.

use std::collections::{HashMap, HashSet};

use super::reading::{Row, Touch, cents, share, world};

#[test]
fn touches_are_many_and_many_are_never_answered() {
    let world = world();
    let per_account = world.touches.len() / world.accounts.len();
    println!("touches per account: {per_account}");
    assert!((15..40).contains(&per_account));
    let sent = world.touches.iter().filter(|touch| touch.touch_type == "sent").count();
    assert!((0.2..0.3).contains(&share("emails sent and never opened", sent, world.touches.len())));
    let (mut campaignless, mut channelless, mut by_contact) = (0, 0, 0);
    for touch in &world.touches {
        assert!(touch.campaign.is_some() || touch.channel.is_some());
        campaignless += usize::from(touch.campaign.is_none());
        channelless += usize::from(touch.channel.is_none());
        by_contact += usize::from(touch.contact.is_some());
    }
    let all = world.touches.len();
    assert!(share("touches without a campaign", campaignless, all) > 0.1);
    assert!(share("touches without a channel", channelless, all) > 0.25);
    assert!(share("touches of a known contact", by_contact, all) > 0.4);
}

#[test]
fn participants_of_events_are_uploaded_together_and_late() {
    let world = world();
    let events: HashSet<_> =
        world.campaigns.iter().filter(|row| row["channel"] == "event").map(|row| row["campaign_id"].as_str()).collect();
    let mut bursts: HashMap<&str, Vec<&Touch>> = HashMap::new();
    for touch in &world.touches {
        if let Some(campaign) = touch.campaign.as_deref().filter(|campaign| events.contains(campaign)) {
            bursts.entry(campaign).or_default().push(touch);
        }
    }
    assert!(bursts.len() >= 6);
    for burst in bursts.values() {
        println!("event burst: {} touches at {}", burst.len(), burst[0].at);
        assert!(burst.len() > 50);
        assert!(burst.iter().all(|touch| touch.at == burst[0].at && touch.recorded.is_some_and(|day| day > touch.at)));
        assert_eq!(burst[0].at.as_second() % 86_400, 0);
    }
}

#[test]
fn spend_is_daily_monthly_or_by_range_and_some_has_no_touches() {
    let world = world();
    let touched: HashSet<_> = world.touches.iter().filter_map(|touch| touch.campaign.as_deref()).collect();
    let count = |test: &dyn Fn(&Row) -> bool| world.spend.iter().filter(|row| test(row)).count();
    let all = world.spend.len();
    let untouched = count(&|row| !row["campaign_id"].is_empty() && !touched.contains(row["campaign_id"].as_str()));
    assert!(share("spend rows of campaigns without touches", untouched, all) > 0.0);
    assert!(share("spend rows of a channel only", count(&|row| row["campaign_id"].is_empty()), all) > 0.005);
    assert!(share("spend rows over a range of days", count(&|row| row["date"].is_empty()), all) > 0.003);
    let credits = share("spend rows that are credits", count(&|row| row["amount"].starts_with('-')), all);
    assert!((0.0..0.005).contains(&credits) && credits > 0.0);
    assert!(world.spend.iter().all(|row| row["campaign_id"].is_empty() != row["channel"].is_empty()));

    let spend: i64 = world.spend.iter().filter_map(|row| cents(&row["amount"])).sum();
    let revenue = world.deals.iter().filter(|row| row["kind"] == "new" || row["kind"] == "expansion");
    let revenue: i64 = revenue.filter_map(|row| cents(&row["amount"])).sum();
    let roas = share("blended return on ad spend", revenue.try_into().unwrap(), spend.try_into().unwrap());
    assert!((2.0..8.0).contains(&roas));
}

#[test]
fn campaigns_cause_what_their_effects_say() {
    let world = world();
    let number = |row: &Row, column: &str| row[column].parse::<f64>().unwrap();
    let (mut caused, mut amount) = (0.0, 0.0);
    for row in &world.true_effects {
        let deals = number(row, "incremental_deals");
        if number(row, "true_effect") == 0.0 {
            assert_eq!(deals, 0.0, "{row:?}");
        } else {
            // Without a campaign some accounts would have come later, and now and then the better for it.
            assert!(deals >= -0.1, "{row:?}");
        }
        caused += deals;
        amount += number(row, "incremental_amount");
    }
    assert_eq!(world.true_effects.len(), world.campaigns.len());
    let useless = world.true_effects.iter().filter(|row| number(row, "true_effect") == 0.0);
    assert!(useless.filter(|row| number(row, "touches") > 1000.0).count() >= 4, "busy campaigns without effect");
    let wins = world.opportunities.iter().filter(|row| row["is_won"] == "true" && row["type"] != "renewal").count();
    #[expect(clippy::cast_precision_loss, reason = "hundreds of wins")]
    let share = caused / wins as f64;
    println!("{caused:.1} of {wins} wins ({share:.3}) caused by campaigns, worth {amount:.0}");
    assert!((0.1..0.6).contains(&share));
}

#[test]
fn some_data_are_bad_but_few() {
    let world = world();
    let ids = |rows: &'static [Row], column: &str| -> HashSet<&'static str> {
        rows.iter().map(|row| row[column].as_str()).collect()
    };
    let accounts = ids(&world.accounts, "account_id");
    let opportunities = ids(&world.opportunities, "opportunity_id");
    let campaigns = ids(&world.campaigns, "campaign_id");
    let few = |name: &str, part: usize, whole: usize| {
        let share = share(name, part, whole);
        assert!(share > 0.0 && share <= 0.005, "{name}");
    };

    let mut seen: HashMap<(&str, &Option<String>), &Touch> = HashMap::new();
    let (mut same, mut conflicting) = (0, 0);
    for touch in &world.touches {
        if let Some(first) = seen.insert((&touch.id, &touch.account), touch) {
            if first == touch { same += 1 } else { conflicting += 1 }
        }
    }
    let unknown = |touch: &&Touch| touch.campaign.as_deref().is_some_and(|id| !campaigns.contains(id));
    let touches = world.touches.len();
    few("touches recorded twice", same, touches);
    few("touches that contradict each other", conflicting, touches);
    few("touches of unknown campaigns", world.touches.iter().filter(unknown).count(), touches);

    let count = |rows: &[Row], test: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| test(row)).count();
    let orphan = |row: &Row| !row["account_id"].is_empty() && !accounts.contains(row["account_id"].as_str());
    let contacts = &world.contacts;
    few("contacts of unknown accounts", count(contacts, &orphan), contacts.len());
    few("leads of no account", count(contacts, &|row| row["account_id"].is_empty()), contacts.len());
    few("opportunities of unknown accounts", count(&world.opportunities, &orphan), opportunities.len());
    let undated = count(&world.opportunities, &|row| row["created_at"] == "2025-02-31");
    few("opportunities without a real date", undated, opportunities.len());
    let lost = count(&world.deals, &|row| !opportunities.contains(row["opportunity_id"].as_str()));
    few("deals of unknown opportunities", lost, world.deals.len());
    few("deals without amount", count(&world.deals, &|row| row["amount"] == "n/a"), world.deals.len());
    few("spend rows without amount", count(&world.spend, &|row| row["amount"] == "n/a"), world.spend.len());
}
