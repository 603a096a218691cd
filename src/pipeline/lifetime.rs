//! Customer lifetime value: from transactions to fits, predictions and the marts about them.
//!
//! ```text
//! a file ──of_file──► histories ─┐
//!                                ├─core──► fits, predictions ──► predictions (Parquet)
//! deals ──history──► customers ──┘              └──► value of every customer ──► customer_clv, clv_*
//!                                                          └──credit stage──► campaign_clv
//! ```

mod coding;
pub mod of_file;
