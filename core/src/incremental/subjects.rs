//! Who is observed: accounts with their spans, conversions, covariates and touches, column by column.

use super::IncrementalError;
use super::sample::Sampling;

/// The channel code of a sales touch: a control, whatever channel it came by.
pub const SALES: u32 = u32::MAX;

/// One account as it was observed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Subject<'a> {
    /// A stable hash of the account's id.
    pub key: u64,
    /// When the account came into sight, microseconds.
    pub from: i64,
    /// When it went out of sight: the as-of date, or its close if it was lost for good.
    pub until: i64,
    /// When it converted, ascending, within the span; once per opportunity.
    pub conversions: &'a [i64],
    /// One small code per covariate (segment, size, …), in one order for all subjects.
    pub covariates: &'a [u32],
    /// When its touches happened, ascending; those before the span count as carry-over, those after it do not.
    pub touched_at: &'a [i64],
    /// Their dense channel codes, or [`SALES`].
    pub channels: &'a [u32],
}

/// All subjects. Twelve bytes a touch.
#[derive(Debug, Clone, Default)]
pub struct Subjects {
    covariate_count: usize,
    sampling: Option<Sampling>,
    keys: Vec<u64>,
    spans: Vec<(i64, i64)>,
    covariates: Vec<u32>,
    conversions: Vec<i64>,
    conversion_ends: Vec<usize>,
    touched_at: Vec<i64>,
    channels: Vec<u32>,
    touch_ends: Vec<usize>,
}

impl Subjects {
    /// Nobody yet; every subject will have `covariate_count` covariates.
    pub fn new(covariate_count: usize) -> Self {
        Self { covariate_count, ..Self::default() }
    }

    /// Nobody yet; of many accounts only those are to come that the sampling [`wants`](Self::wants).
    pub fn sampled(covariate_count: usize, sampling: Sampling) -> Self {
        Self { covariate_count, sampling: Some(sampling), ..Self::default() }
    }

    /// Whether an account is to be added.
    pub fn wants(&self, key: u64, is_converted: bool) -> bool {
        self.sampling.is_none_or(|sampling| sampling.weight(key, is_converted).is_some())
    }

    /// How many accounts of its kind the account stands for, among those added.
    ///
    /// # Panics
    /// Past the last subject.
    pub fn weight(&self, position: usize) -> f64 {
        let subject = self.get(position);
        let drawn = self.sampling.and_then(|sampling| sampling.weight(subject.key, !subject.conversions.is_empty()));
        drawn.unwrap_or(1.0)
    }

    /// How those added were drawn; `None` where everybody is here.
    pub(super) fn sampling(&self) -> Option<Sampling> {
        self.sampling
    }

    /// Adds an account.
    ///
    /// # Errors
    /// Dates out of order, or columns of different lengths.
    pub fn push(&mut self, subject: Subject<'_>) -> Result<(), IncrementalError> {
        let Subject { key, from, until, conversions, covariates, touched_at, channels } = subject;
        let wrong = |what| Err(IncrementalError::Subject { key, what });
        if from > until {
            return wrong("a span that ends before it begins");
        }
        if !conversions.is_sorted() || !touched_at.is_sorted() {
            return wrong("conversions or touches out of order");
        }
        if conversions.first().is_some_and(|&at| at < from) || conversions.last().is_some_and(|&at| at > until) {
            return wrong("a conversion outside its span");
        }
        if touched_at.len() != channels.len() || covariates.len() != self.covariate_count {
            return wrong("columns of different lengths");
        }
        self.keys.push(key);
        self.spans.push((from, until));
        self.covariates.extend_from_slice(covariates);
        self.conversions.extend_from_slice(conversions);
        self.conversion_ends.push(self.conversions.len());
        self.touched_at.extend_from_slice(touched_at);
        self.channels.extend_from_slice(channels);
        self.touch_ends.push(self.touched_at.len());
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many conversions there are.
    pub fn conversion_count(&self) -> usize {
        self.conversions.len()
    }

    /// The subject at `position`, below [`len`](Self::len).
    pub fn get(&self, position: usize) -> Subject<'_> {
        let range = |ends: &[usize]| (if position == 0 { 0 } else { ends[position - 1] })..ends[position];
        let touches = range(&self.touch_ends);
        let width = self.covariate_count;
        Subject {
            key: self.keys[position],
            from: self.spans[position].0,
            until: self.spans[position].1,
            conversions: &self.conversions[range(&self.conversion_ends)],
            covariates: &self.covariates[position * width..(position + 1) * width],
            touched_at: &self.touched_at[touches.clone()],
            channels: &self.channels[touches],
        }
    }
}

impl<'a> Subject<'a> {
    /// Each conversion with the touches since the previous one, sales touches included.
    pub fn journeys(self) -> impl Iterator<Item = (i64, &'a [i64], &'a [u32])> {
        let mut start = 0;
        self.conversions.iter().map(move |&converted_at| {
            let end = self.touched_at.partition_point(|&at| at <= converted_at);
            let touches = start.min(end)..end;
            start = end;
            (converted_at, &self.touched_at[touches.clone()], &self.channels[touches])
        })
    }
}
