//! Kinds of bookings.

use serde::{Deserialize, Serialize};

/// What kind of booking a deal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DealKind {
    /// The account's first business.
    New,
    /// More business.
    Expansion,
    /// The same business again.
    Renewal,
    /// Money given back.
    Credit,
}

impl DealKind {
    /// Every kind, in the order of their codes.
    pub const ALL: [DealKind; 4] = [DealKind::New, DealKind::Expansion, DealKind::Renewal, DealKind::Credit];

    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            DealKind::New => "new",
            DealKind::Expansion => "expansion",
            DealKind::Renewal => "renewal",
            DealKind::Credit => "credit",
        }
    }
}
