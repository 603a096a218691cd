//! What the simulated world must look like, read back from its files as an outsider would.
//!
//! Numbers are those of one seed; tolerances leave room for the world to be tuned, not for it to change its nature.
//! `cargo test generate -- --nocapture` prints what was measured.

mod commerce;
mod marketing;
mod reading;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::staging::Staging;
use super::{GenerateError, Options, Summary, generate};

/// Writes a world to `out`.
fn write(seed: u64, accounts: u32, out: &Path) -> Result<Summary, GenerateError> {
    generate(&Options { seed, accounts, out: out.to_owned(), progress: &|_| {} })
}

/// All files of a world, by name.
fn files(seed: u64, accounts: u32) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    write(seed, accounts, folder.path()).unwrap();
    let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let world = files(3, 60);
    assert_eq!(world.len(), 10);
    assert!(world == files(3, 60), "two runs differ");
    let other = files(4, 60);
    for (name, bytes) in &world {
        assert_eq!(*bytes == other[name], name == "closedloop.toml", "{name}");
    }
}

#[test]
fn a_larger_world_begins_with_the_smaller_one() {
    let (small, large) = (files(3, 50), files(3, 100));
    for name in ["accounts.csv", "contacts.csv", "contact_roles.csv", "opportunities.csv", "deals.csv"] {
        assert!(large[name].starts_with(&small[name]), "{name}");
    }
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("precious.txt"), "mine").unwrap();
    let error = write(1, 5, folder.path()).unwrap_err();
    assert!(matches!(error, GenerateError::NotEmpty { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(matches!(write(1, 0, folder.path()), Err(GenerateError::NoAccounts)));
}

/// Two at a time once published each other's halves.
#[test]
fn a_folder_that_another_writes_to_is_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = Staging::open(folder.path()).unwrap();
    fs::write(first.folder().join("accounts.csv"), "half").unwrap();
    assert!(matches!(write(1, 5, folder.path()), Err(GenerateError::Busy { .. })));
    assert!(first.folder().join("accounts.csv").exists());
    drop(first);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    write(1, 5, folder.path()).unwrap();
}

#[test]
fn the_demo_is_small_and_has_enough_deals() {
    let folder = tempfile::tempdir().unwrap();
    write(1, 1500, folder.path()).unwrap();
    let entries = fs::read_dir(folder.path()).unwrap();
    let bytes: u64 = entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    let opportunities = fs::read_to_string(folder.path().join("opportunities.csv")).unwrap();
    let won = opportunities.matches("Closed Won").count();
    println!("1500 accounts: {bytes} bytes, {won} won opportunities");
    assert!(bytes < 4_500_000);
    assert!(won >= 300);
}
