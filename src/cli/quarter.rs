//! Fiscal quarters as people ask for them.

use arrow::array::StringArray;

/// Refuses a quarter that marts do not have, of those `known`, which are in order.
pub(super) fn check_known(quarter: &str, known: &StringArray) -> anyhow::Result<()> {
    let known: Vec<&str> = known.iter().flatten().collect();
    if known.contains(&quarter) {
        return Ok(());
    }
    // Every quarter is near another; meant is one that is written otherwise.
    let letters = |name: &str| name.replace(|c: char| !c.is_alphanumeric(), "").to_uppercase();
    let remedy = match (known.iter().find(|name| **name == letters(quarter)), &known[..]) {
        (Some(name), _) => format!("did you mean \"{name}\"?"),
        (None, [first, .., last]) => format!("the marts hold {first} to {last}"),
        (None, _) => format!("the marts hold {}", known.join(", ")),
    };
    anyhow::bail!("there is no quarter \"{quarter}\"; {remedy}")
}
