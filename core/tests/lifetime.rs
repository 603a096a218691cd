//! Customer lifetime value against published fits, another program's predictions, laws and simulated customers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

#[path = "lifetime/cdnow.rs"]
mod cdnow;
#[path = "lifetime/coverage.rs"]
mod coverage;
#[path = "lifetime/data.rs"]
mod data;
#[path = "lifetime/given.rs"]
mod given;
#[path = "lifetime/laws.rs"]
mod laws;
#[path = "lifetime/renewals.rs"]
mod renewals;
#[path = "lifetime/simulated.rs"]
mod simulated;
#[path = "lifetime/valuation.rs"]
mod valuation;
#[path = "lifetime/values.rs"]
mod values;
