//! `closedloop explain`: why money went where it went.

mod lifetime;

use super::money::money;
use super::plan_args::PlanArgs;
use super::progress::Bar;
use super::table::{BOLD, cell, fitted, header, plain, print_fitted, right, sentence, terminal_width};
use crate::config::{Overrides, Plan};
use crate::pipeline::explain::{DealExplanation, ELIGIBLE, Question, ResidualExplanation, TouchExplanation, explain};
use crate::pipeline::explain_campaign::{CampaignExplanation, CampaignQuestion, explain_campaign};
use crate::pipeline::lifetime::explain::{LifetimeExplanation, explain_lifetime};
use crate::pipeline::{RunError, unchanged};
use clap::{Args, ValueEnum};
use comfy_table::Table;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  closedloop explain closedloop.toml --deal D-000123-1
  closedloop explain closedloop.toml --campaign C-0042 --quarter FY26Q3")]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    subject: Subject,
    /// With --campaign: only deals closed in this fiscal quarter
    #[arg(long, value_name = "QUARTER", requires = "campaign", conflicts_with_all = ["deal", "account"])]
    quarter: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Subject {
    /// A deal: its account's touches, which of them count and why, and every model's credit
    #[arg(long, value_name = "DEAL")]
    deal: Option<String>,
    /// Every deal of an account, and how its lifetime value arises
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// A campaign, by identifier or name: the deals and touches behind its number under the default model
    #[arg(long, value_name = "CAMPAIGN")]
    campaign: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs; money in minor units, see minor_digits
    Json,
}

impl ExplainArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let (plan, threads) = (self.plan.plan(Overrides::default())?, self.plan.threads());
        match (&self.subject.deal, &self.subject.account) {
            (Some(deal), _) => {
                let question = Question::Deal(deal.clone());
                let deals = Bar::during(false, |bar| unchanged(&plan, || explain(&plan, &question, threads, bar)))?;
                self.print(&deals, |out, deals| deals.iter().try_for_each(|deal| print_deal(out, &plan, deal)))
            }
            (None, Some(account)) => {
                let answer =
                    Bar::during(false, |bar| unchanged(&plan, || AccountAnswer::of(&plan, account, threads, bar)))?;
                self.print(&answer, |out, answer| answer.print(out, &plan))
            }
            (None, None) => {
                let campaign = self.subject.campaign.clone().unwrap_or_default();
                let question = CampaignQuestion { campaign, quarter: self.quarter.clone() };
                let campaign =
                    Bar::during(false, |bar| unchanged(&plan, || explain_campaign(&plan, &question, threads, bar)))?;
                self.print(&campaign, |out, campaign| print_campaign(out, &plan, campaign))
            }
        }
    }

    fn print<T: serde::Serialize>(
        &self,
        answer: &T,
        as_text: impl FnOnce(&mut dyn Write, &T) -> std::io::Result<()>,
    ) -> anyhow::Result<ExitCode> {
        let mut out = anstream::stdout();
        match self.format {
            Format::Text => as_text(&mut out, answer)?,
            Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(answer)?)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Everything about one account.
#[derive(serde::Serialize)]
struct AccountAnswer {
    deals: Vec<DealExplanation>,
    lifetime: Option<LifetimeExplanation>,
}

impl AccountAnswer {
    fn of(plan: &Plan, account: &str, threads: usize, bar: &Bar) -> Result<Self, RunError> {
        let deals = explain(plan, &Question::Account(account.to_owned()), threads, bar);
        let lifetime = explain_lifetime(plan, account, threads, bar)?;
        let deals = match deals {
            // Transactions may name customers without a deal.
            Err(RunError::Unknown { .. } | RunError::WithoutDeal { .. }) if lifetime.is_some() => Vec::new(),
            deals => deals?,
        };
        Ok(Self { deals, lifetime })
    }

    fn print(&self, out: &mut dyn Write, plan: &Plan) -> std::io::Result<()> {
        self.deals.iter().try_for_each(|deal| print_deal(out, plan, deal))?;
        self.lifetime.iter().try_for_each(|lifetime| lifetime::print_lifetime(out, plan, lifetime))
    }
}

fn print_deal(out: &mut dyn Write, plan: &Plan, deal: &DealExplanation) -> std::io::Result<()> {
    let digits = plan.finance.minor_digits;
    let amount = money(deal.amount.into(), digits);
    let (id, kind, currency, quarter) = (&deal.deal_id, &deal.kind, &plan.finance.currency, &deal.close_quarter);
    writeln!(out, "{BOLD}deal {id}{BOLD:#}: {kind}, {amount} {currency}, {quarter}")?;
    let zone = plan.calendar.zone_name();
    writeln!(out, "account {}, opportunity {}; times in {zone}", deal.account_id, deal.opportunity_id)?;
    for (name, at) in [
        ("window opens", &deal.window_start),
        ("lead created", &deal.lead_created_at),
        ("opportunity created", &deal.opportunity_created_at),
        ("window closes", &deal.window_end),
    ] {
        writeln!(out, "{name:<20}{}", at.as_deref().map_or_else(|| "unknown".to_owned(), |at| local(plan, at)))?;
    }
    if !deal.touches.is_empty() {
        print_touches(out, plan, deal)?;
    }
    if deal.touches.iter().any(|touch| !touch.credit.is_empty()) {
        writeln!(out)?;
        print_fitted(out, &credit_table(plan, deal), &[])?;
        writeln!(out)
    } else {
        print_uncredited(out, plan, deal)
    }
}

/// An instant to the minute, in the configured zone.
fn local(plan: &Plan, instant: &str) -> String {
    plan.calendar.local_minute(instant).unwrap_or_else(|| instant.to_owned())
}

/// Columns of the touches that may break at words: campaign and status.
const BREAKING: [usize; 2] = [3, 6];

/// The account's whole touch history, with the campaigns' names; on a narrow terminal they stand beneath it.
fn print_touches(out: &mut dyn Write, plan: &Plan, deal: &DealExplanation) -> std::io::Result<()> {
    let named = touch_table(plan, deal, TouchExplanation::campaign);
    writeln!(out)?;
    if terminal_width().is_none_or(|width| fitted(named.clone(), &BREAKING, width).is_some()) {
        return print_fitted(out, &named, &BREAKING);
    }
    print_fitted(out, &touch_table(plan, deal, |touch| touch.campaign_id.as_deref().unwrap_or_default()), &BREAKING)?;
    let names =
        deal.touches.iter().filter_map(|touch| Some((touch.campaign_id.as_ref()?, touch.campaign_name.as_ref()?)));
    for (id, name) in names.collect::<BTreeMap<_, _>>() {
        writeln!(out, "{}", sentence(&format!("campaign {id}: {name}"), 2))?;
    }
    Ok(())
}

fn touch_table<'a>(
    plan: &Plan,
    deal: &'a DealExplanation,
    campaign: impl Fn(&'a TouchExplanation) -> &'a str,
) -> Table {
    let mut table = plain();
    let names = ["#", "touched at", "touch", "campaign", "channel", "age d", "status"];
    table.set_header(header(names, |column| [0, 5].contains(&column)));
    for touch in &deal.touches {
        let status = match (touch.status, touch.anchors.is_empty()) {
            (ELIGIBLE, false) => touch.anchors.join(", ").replace('_', " "),
            (status, _) => status.to_owned(),
        };
        table.add_row([
            right(touch.position.map(|position| position.to_string()).unwrap_or_default()),
            cell(local(plan, &touch.touched_at)),
            cell(&touch.touch_id),
            cell(campaign(touch)),
            cell(&touch.channel),
            right(format!("{:.1}", touch.age_days)),
            cell(status),
        ]);
    }
    table
}

/// Models down, eligible touches across: shares and money that add up to the booked amount.
fn credit_table(plan: &Plan, deal: &DealExplanation) -> Table {
    let digits = plan.finance.minor_digits;
    let credited: Vec<_> = deal.touches.iter().filter(|touch| !touch.credit.is_empty()).collect();
    let mut table = plain();
    table.set_header(header(["model", "#", "touch", "share", "money"], |column| [1, 3, 4].contains(&column)));
    for model in &deal.models {
        let mut name = model.as_str();
        for touch in credited.iter().filter(|touch| touch.credit[model].share > 0.0) {
            let credit = touch.credit[model];
            table.add_row([
                cell(name),
                right(touch.position.unwrap_or_default().to_string()),
                cell(&touch.touch_id),
                right(format!("{:.4}", credit.share)),
                right(money(credit.amount.into(), digits)),
            ]);
            name = "";
        }
        let attributed: i64 = credited.iter().map(|touch| touch.credit[model].amount).sum();
        let left = deal.residuals.get(model);
        if let Some(left) = left {
            let cells = [cell(name), cell(""), cell(left.residual), cell("")];
            table.add_row(cells.into_iter().chain([right(money(left.amount.into(), digits))]));
        }
        let total = attributed + left.map_or(0, |left| left.amount);
        let cells = [cell(""), cell(""), cell("= booked"), cell("")];
        table.add_row(cells.into_iter().chain([right(money(total.into(), digits))]));
    }
    table
}

/// Where the money of a deal goes that no touch earned.
fn print_uncredited(out: &mut dyn Write, plan: &Plan, deal: &DealExplanation) -> std::io::Result<()> {
    let digits = plan.finance.minor_digits;
    writeln!(out)?;
    let mut buckets: Vec<&ResidualExplanation> = deal.residuals.values().collect();
    buckets.dedup();
    match buckets.as_slice() {
        [all] if deal.residuals.len() == deal.models.len() => {
            writeln!(out, "under every model: {} to the residual {}", money(all.amount.into(), digits), all.residual)?;
        }
        _ => {
            for (model, left) in &deal.residuals {
                writeln!(out, "{model}: {} to the residual {}", money(left.amount.into(), digits), left.residual)?;
            }
        }
    }
    writeln!(out)
}

fn print_campaign(out: &mut dyn Write, plan: &Plan, campaign: &CampaignExplanation) -> std::io::Result<()> {
    let digits = plan.finance.minor_digits;
    let quarter = campaign.quarter.as_deref().unwrap_or("all quarters");
    let (id, model) = (&campaign.campaign_id, &campaign.model);
    let amount = money(campaign.amount.into(), digits);
    let name = campaign.campaign_name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    writeln!(out, "{BOLD}campaign {id}{name}{BOLD:#}")?;
    writeln!(out, "{quarter}, under {model}: {amount} {}", plan.finance.currency)?;
    if !campaign.namesakes.is_empty() {
        writeln!(out, "this identifier is also the name of campaign {}", campaign.namesakes.join(", "))?;
    }
    if campaign.touches.is_empty() {
        return writeln!(out, "no deal gives it credit");
    }
    let mut table = plain();
    let names = ["deal", "account", "kind", "closed", "touch", "touched on", "share", "money"];
    table.set_header(header(names, |column| column >= 6));
    for touch in &campaign.touches {
        table.add_row([
            cell(&touch.deal_id),
            cell(&touch.account_id),
            cell(touch.kind),
            cell(&touch.close_quarter),
            cell(&touch.touch_id),
            cell(local(plan, &touch.touched_at).split(' ').next().unwrap_or_default()),
            right(format!("{:.4}", touch.share)),
            right(money(touch.amount.into(), digits)),
        ]);
    }
    writeln!(out)?;
    print_fitted(out, &table, &[])
}
