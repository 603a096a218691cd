//! The ids of the tables: an account's number leads every id that belongs to it.

/// The id of account number `account`.
pub fn account(account: usize) -> String {
    format!("A-{:06}", account + 1)
}

/// The id of a person of an account.
pub fn contact(account: usize, person: usize) -> String {
    format!("P-{:06}-{:02}", account + 1, person + 1)
}

/// The id of an opportunity of an account.
pub fn opportunity(account: usize, opportunity: usize) -> String {
    format!("O-{:06}-{}", account + 1, opportunity + 1)
}

/// The id of a booking line of an account.
pub fn deal(account: usize, line: usize) -> String {
    format!("D-{:06}-{}", account + 1, line + 1)
}

/// The id of a touchpoint of an account.
pub fn touch(account: usize, touch: usize) -> String {
    format!("T-{:06}-{:03}", account + 1, touch + 1)
}
