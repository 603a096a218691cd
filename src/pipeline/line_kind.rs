//! What a line of the ROI marts is of, under the name that the marts give it.

/// Kinds of lines, in the order of their names, which the marts are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// A campaign.
    Campaign,
    /// A channel.
    Channel,
    /// What a channel has beside its campaigns.
    NoCampaign,
    /// What no touch earned.
    Residual,
}

impl LineKind {
    /// Its name in the marts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Channel => "channel",
            Self::NoCampaign => "no_campaign",
            Self::Residual => "residual",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LineKind::{Campaign, Channel, NoCampaign, Residual};

    #[test]
    fn kinds_stand_in_the_order_of_their_names() {
        assert!([Campaign, Channel, NoCampaign, Residual].is_sorted_by(|a, b| a < b && a.name() < b.name()));
    }
}
