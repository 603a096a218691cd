//! What was spent, cut at the ends of quarters and at the as-of date.

use super::place_sums::PlaceSums;
use super::spread::{Level, Period};
use crate::engine::EngineError;
use crate::engine::columns::{column, text_column};
use crate::engine::contract::UNKNOWN_CHANNEL;
use crate::scatter::lines::Lines;
use arrow::array::{AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use std::collections::BTreeMap;

/// Spend by campaign or channel and fiscal quarter, as `sql/stage/spent_by_quarter.sql` sums it.
pub(super) struct Spent {
    campaigns: StringArray,
    channels: StringArray,
    quarters: Int32Array,
    amounts: Int64Array,
    known: BooleanArray,
}

/// Minor units by campaign, if any, channel and number of the fiscal quarter.
pub(super) type SpendByLine<'a> = BTreeMap<(Option<&'a str>, &'a str, i32), i64>;

/// What was spent on a campaign, or on a channel alone, in a quarter.
#[derive(Debug, Clone, Copy)]
pub(super) struct QuarterSpend<'a> {
    pub(super) campaign: Option<&'a str>,
    /// The channel, where the campaigns table or the spend says it.
    pub(super) channel: Option<&'a str>,
    /// The number of the fiscal quarter.
    pub(super) quarter: i32,
    /// Minor units.
    pub(super) amount: i64,
    /// Whether the campaigns table has the campaign.
    pub(super) is_known: bool,
}

impl Spent {
    /// The rows of the SQL file.
    ///
    /// # Errors
    /// Rows of other columns.
    pub(super) fn of(rows: &RecordBatch) -> Result<Self, EngineError> {
        Ok(Self {
            campaigns: text_column(rows, "campaign_id")?,
            channels: text_column(rows, "channel")?,
            quarters: column(rows, "quarter")?.as_primitive().clone(),
            amounts: column(rows, "spend")?.as_primitive().clone(),
            known: column(rows, "is_known")?.as_boolean().clone(),
        })
    }

    /// The spend, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = QuarterSpend<'_>> {
        let names = self.campaigns.iter().zip(&self.channels);
        let sums = self.quarters.values().iter().zip(self.amounts.values()).zip(self.known.values());
        names.zip(sums).map(|((campaign, channel), ((&quarter, &amount), is_known))| QuarterSpend {
            campaign,
            channel,
            quarter,
            amount,
            is_known,
        })
    }

    /// Campaigns that the campaigns table does not have, with the channels that their spend names.
    pub(super) fn channels_of_strangers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(|spent| !spent.is_known).filter_map(|spent| spent.campaign.zip(spent.channel))
    }

    /// The spend under the names of its lines. Spend without a channel has that of its campaign's touches in journeys, or of the
    /// campaign's other spend.
    pub(super) fn by_line<'a>(&'a self, lines: &'a Lines, places: &PlaceSums) -> SpendByLine<'a> {
        // Which other touches were looked at depends on the models.
        let in_journeys = places.iter().filter_map(|(place, _)| match place {
            (Level::Campaign(line), Period::All) => Some(line),
            _ => None,
        });
        let channels_of = lines.channels_of_spend(in_journeys);
        let mut sums = SpendByLine::new();
        for QuarterSpend { campaign, channel, quarter, amount, .. } in self.iter() {
            let told = || channels_of.get(campaign?).copied();
            *sums.entry((campaign, channel.or_else(told).unwrap_or(UNKNOWN_CHANNEL), quarter)).or_default() += amount;
        }
        sums
    }
}
