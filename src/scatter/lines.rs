//! Lines: what a touch is credited to, a campaign with its channel or a channel alone, as small codes.
//!
//! A campaign of the campaigns table gives its channel to its touches. A campaign that the table does not have, and a
//! touch without campaign, keep the touch's own channel; a touch of such a campaign that names none has that of the
//! campaign's spend. Codes of the table's campaigns follow their order; other lines get the next code when they are met, so
//! they are compared by name, never by code.

use super::keys::{KeyIndex, NO_NUMBER};
use crate::engine::EngineError;
use crate::engine::columns::{column, text_column};
use crate::engine::contract::UNKNOWN_CHANNEL;
use crate::engine::dense::narrow;
use crate::engine::ids::IdColumn;
use arrow::array::RecordBatch;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A campaign with its channel, or a channel alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The campaign's identifier; `None` for touches without campaign.
    pub campaign: Option<String>,
    /// The channel.
    pub channel: String,
}

/// Hands out the codes while touches are read.
#[derive(Debug)]
pub struct LineCodes {
    campaigns: KeyIndex,
    known: Vec<Line>,
    spent: Spent,
    met: Mutex<HashMap<Line, u32>>,
}

impl LineCodes {
    /// Codes for the rows of the canonical campaigns table; `spent` has other campaigns with the channels that their spend
    /// names.
    ///
    /// # Errors
    /// Campaign identifiers that are neither integers nor text.
    pub fn new<'a>(
        campaigns: &RecordBatch,
        spent: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, EngineError> {
        let ids = column(campaigns, "campaign_id")?;
        let known = lines_of(campaigns)?;
        let mut channels = Spent::new();
        for (campaign, channel) in spent {
            channels.entry(campaign.to_owned()).or_default().insert(channel.to_owned());
        }
        let index = KeyIndex::build(ids, (0..campaigns.num_rows()).zip(0..))?;
        Ok(Self { campaigns: index, known, spent: channels, met: Mutex::new(HashMap::new()) })
    }

    /// A reader of one stream of touches.
    pub fn reader(&self) -> LineReader<'_> {
        LineReader { codes: self, of_channel: HashMap::new() }
    }

    #[cold]
    fn meet(&self, campaign: Option<String>, channel: &str) -> u32 {
        let line = Line { campaign, channel: channel.to_owned() };
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let next = narrow(self.known.len() + met.len());
        *met.entry(line).or_insert(next)
    }

    /// All lines, once every touch has been read.
    pub fn finish(self) -> Lines {
        let known = self.known.len();
        let mut met: Vec<(Line, u32)> =
            self.met.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect();
        met.sort_by_key(|(_, code)| *code);
        let mut lines = self.known;
        lines.extend(met.into_iter().map(|(line, _)| line));
        Lines::new(lines, known, self.spent)
    }
}

/// Campaign → the channels that its spend names.
type Spent = HashMap<String, BTreeSet<String>>;

fn first_spent<'a>(spent: &'a Spent, campaign: &str) -> Option<&'a str> {
    spent.get(campaign)?.first().map(String::as_str)
}

/// Campaigns with their channels, row by row.
fn lines_of(campaigns: &RecordBatch) -> Result<Vec<Line>, EngineError> {
    let ids = IdColumn::try_new(column(campaigns, "campaign_id")?)?;
    let channels = text_column(campaigns, "channel")?;
    let line = |row| Line { campaign: ids.text(row), channel: channels.value(row).to_owned() };
    Ok((0..campaigns.num_rows()).map(line).collect())
}

/// Finds the codes of one stream of touches; remembers channels so that touches without campaign stay cheap.
#[derive(Debug)]
pub struct LineReader<'a> {
    codes: &'a LineCodes,
    of_channel: HashMap<String, u32>,
}

impl LineReader<'_> {
    /// The codes of the touches in these rows of a batch; the channel of one is asked for where no known campaign gives it.
    pub fn read<'b>(
        &mut self,
        campaigns: &IdColumn<'_>,
        channel: impl Fn(usize) -> Option<&'b str>,
        rows: impl Iterator<Item = usize> + Clone,
        codes: &mut Vec<u32>,
    ) {
        self.codes.campaigns.probe_some(campaigns, rows.clone(), codes);
        for (row, code) in rows.zip(codes).filter(|(_, code)| **code == NO_NUMBER) {
            *code = self.beyond_table(campaigns.text(row), channel(row));
        }
    }

    /// The code of a touch without a campaign of the table.
    fn beyond_table(&mut self, campaign: Option<String>, channel: Option<&str>) -> u32 {
        if let Some(campaign) = campaign {
            let of_spend = || first_spent(&self.codes.spent, &campaign);
            let channel = channel.or_else(of_spend).unwrap_or(UNKNOWN_CHANNEL);
            return self.codes.meet(Some(campaign), channel);
        }
        let channel = channel.unwrap_or(UNKNOWN_CHANNEL);
        match self.of_channel.get(channel) {
            Some(&code) => code,
            None => {
                let code = self.codes.meet(None, channel);
                self.of_channel.insert(channel.to_owned(), code);
                code
            }
        }
    }
}

/// Every line of the run by its code.
#[derive(Debug)]
pub struct Lines {
    lines: Vec<Line>,
    known: usize,
    /// The codes of the campaigns of the table, once one is asked for by name.
    known_by_name: OnceLock<HashMap<String, u32>>,
    spent: Spent,
    channels: Vec<String>,
    channel_of_line: Vec<u32>,
}

impl Lines {
    fn new(lines: Vec<Line>, known: usize, spent: Spent) -> Self {
        let names: BTreeSet<&String> = lines.iter().map(|line| &line.channel).collect();
        let channels: Vec<String> = names.into_iter().cloned().collect();
        let channel_of_line =
            lines.iter().map(|line| narrow(channels.partition_point(|name| *name < line.channel))).collect();
        Self { lines, known, known_by_name: OnceLock::new(), spent, channels, channel_of_line }
    }

    /// The line of a code.
    pub fn line(&self, code: u32) -> &Line {
        &self.lines[code as usize]
    }

    /// The dense channel code of a line's code.
    #[inline]
    pub fn channel(&self, code: u32) -> u32 {
        self.channel_of_line[code as usize]
    }

    /// The names of the channels by dense channel code, sorted.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// How many lines there are.
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// The channel of a touch with this campaign that names this channel, if any.
    pub fn channel_of_touch<'a>(&'a self, campaign: Option<&str>, own: Option<&'a str>) -> &'a str {
        let known = campaign.and_then(|campaign| self.known_line(campaign)).map(|line| line.channel.as_str());
        let of_spend = || first_spent(&self.spent, campaign?);
        known.or(own).or_else(of_spend).unwrap_or(UNKNOWN_CHANNEL)
    }

    fn known_line(&self, campaign: &str) -> Option<&Line> {
        let by_name = self.known_by_name.get_or_init(|| {
            let known = (0..).zip(&self.lines[..self.known]);
            known.filter_map(|(code, line)| Some((line.campaign.clone()?, code))).collect()
        });
        by_name.get(campaign).map(|&code| self.line(code))
    }

    /// Campaigns that the campaigns table does not have, with the channel of spend that names none, sorted: the first that
    /// these lines of theirs name, else the first that other spend names.
    pub fn channels_of_spend(&self, lines: impl Iterator<Item = u32>) -> BTreeMap<&str, &str> {
        let mut first: BTreeMap<&str, &str> = BTreeMap::new();
        let beyond = lines.filter(|&code| code as usize >= self.known).map(|code| self.line(code));
        for line in beyond.filter(|line| line.channel != UNKNOWN_CHANNEL) {
            let Some(campaign) = &line.campaign else { continue };
            let channel = first.entry(campaign).or_insert(&line.channel);
            *channel = (*channel).min(&line.channel);
        }
        for campaign in self.spent.keys() {
            if let Some(channel) = first_spent(&self.spent, campaign) {
                first.entry(campaign).or_insert(channel);
            }
        }
        first
    }

    /// The channels of a campaign: the one that the campaigns table says, or those of its touches.
    pub fn channels_of<'a>(&'a self, campaign: &'a str) -> impl Iterator<Item = &'a str> {
        let of_campaign = move |line: &&Line| line.campaign.as_deref() == Some(campaign);
        self.lines.iter().filter(of_campaign).map(|line| line.channel.as_str())
    }

    /// Campaigns that the campaigns table does not have, and for which touches and spend name several channels, sorted.
    pub fn split_campaigns(&self) -> Vec<&str> {
        let mut channels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let touched = self.lines[self.known..].iter().filter_map(|line| Some((line.campaign.as_ref()?, &line.channel)));
        let spent = self.spent.iter().flat_map(|(campaign, of)| of.iter().map(move |channel| (campaign, channel)));
        for (campaign, channel) in touched.chain(spent) {
            channels.entry(campaign).or_default().insert(channel);
        }
        channels.into_iter().filter(|(_, channels)| channels.len() > 1).map(|(campaign, _)| campaign).collect()
    }

    /// Campaigns that touches name and the campaigns table does not have, sorted, once each.
    pub fn unknown_campaigns(&self) -> BTreeSet<&str> {
        self.lines[self.known..].iter().filter_map(|line| line.campaign.as_deref()).collect()
    }
}
