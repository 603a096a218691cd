//! Which family of models fits a segment: decided by what its customers have, with the reason.

/// A family of lifetime models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Leaving is seen at renewals: shifted-beta-geometric.
    Contractual,
    /// Leaving is not seen: purchase models with Gamma-Gamma.
    NonContractual,
    /// Nothing to predict from: historic value only.
    Historic,
}

impl Family {
    /// The id used in tables.
    pub fn id(self) -> &'static str {
        match self {
            Self::Contractual => "contractual",
            Self::NonContractual => "non_contractual",
            Self::Historic => "historic",
        }
    }
}

/// What the customers of a segment have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SegmentFacts {
    /// All customers.
    pub customers: u64,
    /// Customers with a deal that has a term at whose end it is renewed or not.
    pub with_terms: u64,
    /// Customers that have bought again.
    pub repeaters: u64,
}

impl SegmentFacts {
    /// The family of a segment that may have too few customers or repeats to be fitted alone: what its customers would be
    /// if there were many of them.
    pub fn family_if_many(self) -> Family {
        if self.most_have_terms() { Family::Contractual } else { Family::NonContractual }
    }

    fn most_have_terms(self) -> bool {
        self.with_terms > self.customers / 2
    }
}

/// The family for a segment, and why, in one sentence. Renewal terms decide when most customers have them; then repeats.
pub fn choose_family(facts: SegmentFacts) -> (Family, &'static str) {
    if facts.customers == 0 {
        (Family::Historic, "the segment has no customers")
    } else if facts.customers == 1 {
        (Family::Historic, "the segment has one customer, who cannot show how customers differ")
    } else if facts.most_have_terms() {
        (Family::Contractual, "most customers have deals with a term, so that non-renewal is seen")
    } else if facts.repeaters > 0 {
        (Family::NonContractual, "customers buy again without a term, so that leaving is not seen")
    } else {
        (Family::Historic, "no customer has a term or has bought again")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_come_before_repeats_and_repeats_before_history() {
        let choose =
            |customers, with_terms, repeaters| choose_family(SegmentFacts { customers, with_terms, repeaters }).0;
        assert_eq!(choose(10, 6, 10), Family::Contractual);
        assert_eq!(choose(10, 5, 1), Family::NonContractual);
        assert_eq!(choose(10, 5, 0), Family::Historic);
        assert_eq!(choose(1, 1, 1), Family::Historic);
        assert_eq!(choose(0, 0, 0), Family::Historic);
    }
}
