//! What the books rest on: the ties to booked revenue, and the rows that were rejected.

use super::{Column, Definition, FISCAL_QUARTER, KIND, MODEL, fact, key, per_model, sum};
use crate::mart::catalogue::Additivity;
use crate::mart::catalogue::MartType::{Integer, Money, Text};

pub(super) const RECONCILIATION: Definition = Definition {
    name: "reconciliation",
    grain: "close quarter × kind × model",
    columns: &[&[
        FISCAL_QUARTER,
        KIND,
        MODEL,
        fact("deals", Integer, "Deals booked."),
        per_model("booked", Money, "Booked revenue."),
        per_model("attributed", Money, "Money attributed to touches."),
        per_model("no_touch", Money, "Left: no touch is in the window, and the account has none before it."),
        per_model("outside_lookback", Money, "Left: no touch is in the window, but the account has some before it."),
        per_model("suppressed", Money, "Left: touches in the window, none eligible."),
        per_model("missing_anchor", Money, "Left: the model credits an anchor that the journey does not have."),
        per_model("baseline", Money, "Left: expected without the recorded touches."),
        per_model("kind_not_attributed", Money, "Left: the kind is not attributed."),
        per_model("unmatched_credit", Money, "Left: a credit deal without its original."),
        per_model("difference", Money, "booked less all of these; always 0."),
    ]],
    per_model: &[],
};

pub(super) const BASIS_BRIDGE: Definition = Definition {
    name: "basis_bridge",
    grain: "close quarter × touch quarter × model",
    columns: &[&[
        key("close_quarter", "Fiscal quarter in which the deals closed."),
        key("touch_quarter", "Fiscal quarter of the touches; null for residuals, which stay at close."),
        MODEL,
        per_model(
            "amount",
            Money,
            "Money; over touch quarters it sums to what closed, over close quarters to what touches earned.",
        ),
    ]],
    per_model: &[],
};

pub(super) const INPUT_RECONCILIATION: Definition = Definition {
    name: "input_reconciliation",
    grain: "input table",
    columns: &[&[
        key("table_name", "Input table."),
        fact("rows_read", Integer, "Rows that its files have: those used, out of scope and set aside."),
        fact("rows_used", Integer, "Rows that the run is about."),
        fact(
            "rows_out_of_scope",
            Integer,
            "Rows that are sound and beside the point: later than the as-of date, or touches that no deal's window holds or that can earn no credit.",
        ),
        fact("rows_set_aside", Integer, "Rows that were rejected; set_aside has each with its reason."),
        fact(
            "amount_read",
            Money,
            "Money of the rows read, as far as it can be read and is in the currency of the run; null in this and the next three for tables without money.",
        ),
        fact(
            "amount_used",
            Money,
            "Money of the rows used; of deals it is what reconciliation calls booked. Without a table of deals the row of opportunities has the wins.",
        ),
        fact(
            "amount_out_of_scope",
            Money,
            "Money of the rows out of scope, and the part of spend that lies after the as-of date.",
        ),
        fact("amount_set_aside", Money, "Money of the rows set aside."),
    ]],
    per_model: &[],
};

pub(super) const SET_ASIDE: Definition = Definition {
    name: "set_aside",
    grain: "rejected row",
    columns: &[&[
        key("table_name", "Input table."),
        key("reason", "Why the row was set aside."),
        key("key", "The row's key, where it has one."),
        sum("amount", Money, "Its amount, where it has a readable one in the currency of the run."),
        key("file", "File it stands in (CSV)."),
        fact("line", Integer, "Line it starts on, from 1 (CSV)."),
        Column { name: "row", kind: Text, additivity: Additivity::Never, description: "The row as read, as JSON." },
    ]],
    per_model: &[],
};
