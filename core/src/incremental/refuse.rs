//! What no honest number follows from: too little to learn from, or nothing to compare with.

use super::design::Design;
use super::error::IncrementalError;
use super::subjects::Subjects;

/// Fewest conversions, in all and per credited channel (ten events per variable: Peduzzi et al. 1996).
const MIN_CONVERSIONS: usize = 30;
const MIN_CONVERSIONS_PER_CHANNEL: usize = 10;
/// Unexposed conversions expected of a channel without effect from which their absence means separation:
/// by chance it would happen once in twenty times.
const EXPECTED_UNEXPOSED: f64 = 3.0;
/// Refuses too few conversions, channels, or accounts without a conversion.
pub(super) fn refuse_counts(subjects: &Subjects, channels: usize) -> Result<(), IncrementalError> {
    let found = subjects.conversion_count();
    if channels < 2 {
        return Err(IncrementalError::OneChannel(channels));
    }
    let needed = MIN_CONVERSIONS.max(MIN_CONVERSIONS_PER_CHANNEL * channels);
    if found < needed {
        return Err(IncrementalError::TooFewConversions { found, needed, channels });
    }
    if (0..subjects.len()).all(|position| !subjects.get(position).conversions.is_empty()) {
        return Err(IncrementalError::NoNonConverters(subjects.len()));
    }
    Ok(())
}

/// Refuses a channel that nobody was without, or without which nobody converted.
pub(super) fn refuse_presence(design: &Design, column: usize, name: &str) -> Result<(), IncrementalError> {
    let (mut unexposed, mut days) = ((0.0, 0.0), 0.0);
    let mut conversions = 0.0;
    for row in &design.idle {
        unexposed = (unexposed.0 + row.days, unexposed.1 + row.conversions);
        days += row.days;
        conversions += row.conversions;
    }
    for row in 0..design.rows() {
        days += design.days[row];
        conversions += design.conversions[row];
        if design.row(row)[column] == 0.0 {
            unexposed = (unexposed.0 + design.days[row], unexposed.1 + design.conversions[row]);
        }
    }
    if unexposed.0 == 0.0 {
        return Err(IncrementalError::AlwaysPresent(name.to_owned()));
    }
    if unexposed.1 == 0.0 && conversions * unexposed.0 / days >= EXPECTED_UNEXPOSED {
        return Err(IncrementalError::Separation(name.to_owned()));
    }
    Ok(())
}
