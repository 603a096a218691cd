//! Output folders that a run must not touch, and those that it may replace.

use super::{World, snapshot, unbroken};
use crate::support::closedloop;
use std::fs;

#[test]
fn a_foreign_folder_is_left_alone() {
    let world = World::new().file("out/thesis.txt", "ten years of work");
    assert_eq!(
        world.refused_as_is(&[]),
        "out is not an earlier run's output; choose another --out, or replace it with --overwrite"
    );
}

#[test]
fn a_folder_with_somebody_elses_manifest_is_foreign() {
    let world = World::new().file("out/manifest.json", "{\"generator\": \"webpack\"}");
    assert_eq!(
        world.refused_as_is(&[]),
        "out is not an earlier run's output; choose another --out, or replace it with --overwrite"
    );
}

#[test]
fn a_foreign_folder_is_replaced_when_asked_for() {
    let outcome = World::new().file("out/thesis.txt", "").accepted_with(&["--overwrite"]);
    assert_eq!(outcome.marts(), unbroken().marts());
}

#[test]
fn an_empty_folder_and_an_earlier_output_are_replaced() {
    let world = World::new();
    fs::create_dir(world.path("out")).unwrap();
    world.accepted();
    let world = world.replace("deals", "500.00", "600.00");
    assert_eq!(world.accepted().booked(), 160_000);
}

#[test]
fn a_refused_run_leaves_the_earlier_output_as_it_is() {
    let world = World::new();
    world.accepted();
    let before = snapshot(&world.path("out"));
    let world = world.rows("deals", "D3\n");
    assert!(world.refused_as_is(&[]).contains("deals.csv line 4"));
    assert!(snapshot(&world.path("out")) == before);
}

#[test]
fn a_file_is_no_folder() {
    for arguments in [&[][..], &["--overwrite"]] {
        let world = World::new().file("out", "a file");
        assert_eq!(world.refused_as_is(arguments), "out is a file, not a folder; choose another --out");
    }
}

/// As root, a run into `/dev/null` once took its place.
#[cfg(unix)]
#[test]
fn nor_is_what_programs_talk_through() {
    let (world, elsewhere) = (World::new(), tempfile::tempdir().unwrap());
    let out = elsewhere.path().join("socket");
    let _socket = std::os::unix::net::UnixListener::bind(&out).unwrap();
    let sentence = world.refused_as_is(&["--out", out.to_str().unwrap(), "--overwrite"]);
    assert_eq!(sentence, format!("{} is a file, not a folder; choose another --out", out.display()));
    assert!(out.exists() && !out.is_dir());
}

#[test]
fn a_folder_cannot_be_made_in_a_file() {
    let world = World::new().file("full", "a file");
    let out = world.path("full/marts/out");
    let sentence = world.refused_as_is(&["--out", out.to_str().unwrap()]);
    assert_eq!(sentence, "full is a file, not a folder; choose another --out");
}

#[test]
fn a_folder_that_holds_the_inputs_is_never_replaced() {
    let world = World::new();
    let out = world.folder.path().to_str().unwrap().to_owned();
    for arguments in [&["--out", &out][..], &["--out", &out, "--overwrite"]] {
        let sentence = world.refused_as_is(arguments);
        assert_eq!(
            sentence,
            format!("closedloop.toml: --out: {out} holds accounts.csv, which the run reads; choose another folder")
        );
    }
    // A file that only a SELECT joins is read as well.
    let world = World::new();
    world.accepted();
    let with = "path = \"spend.csv\"\nwith = { map = \"out/map.csv\" }\nsql = \"SELECT raw.* FROM raw JOIN map USING (campaign_id)\"";
    let world = world.file("out/map.csv", "campaign_id\nC1\n").source("spend", with);
    assert!(world.refused_as_is(&[]).contains("out holds out/map.csv, which the run reads"));
    let world = World::new().settings("[output]\npath = \".\"");
    assert!(world.refused_as_is(&["--overwrite"]).contains("output.path: . holds accounts.csv"));
}

/// A name that looks like a pattern is written, replaced and read like any other.
#[test]
fn brackets_in_the_name_of_a_folder_are_no_pattern() {
    let world = World::new();
    let out = world.path("out [1]*");
    for _ in 0..2 {
        world.command(&["--out", out.to_str().unwrap()]).assert().success();
    }
    let asked = closedloop().arg("query").arg(&out).args(["SELECT max(amount) AS most FROM campaign_roi"]).assert();
    let told = String::from_utf8(asked.success().get_output().stdout.clone()).unwrap();
    assert!(told.contains("1000.00"), "{told}");
}

#[test]
#[cfg(unix)]
fn a_folder_without_rights_is_not_written_to() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let locked = world.path("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::create_dir(locked.join("probe")).is_ok() {
        eprintln!("SKIPPED a_folder_without_rights_is_not_written_to: this user may write anywhere");
        return;
    }
    let out = locked.join("out");
    assert_eq!(
        world.refused_as_is(&["--out", out.to_str().unwrap()]),
        "cannot write locked: Permission denied (os error 13); check that the folder exists and its rights and space"
    );
}

#[test]
#[cfg(unix)]
fn marts_come_where_a_link_leads() {
    use std::os::unix::fs::symlink;
    let world = World::new();
    fs::create_dir(world.path("real")).unwrap();
    symlink(world.path("real"), world.path("link")).unwrap();
    for link in ["link", "link/"] {
        world.command(&["--out", &format!("{}/{link}", world.folder.path().display())]).assert().success();
    }
    assert!(world.path("link").is_symlink() && world.path("real/manifest.json").is_file());
    symlink(world.path("nowhere"), world.path("lost")).unwrap();
    let mut command = world.command(&["--out", world.path("lost").to_str().unwrap()]);
    let assert = command.assert().code(2);
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(stderr.contains("lost is a link to a folder that is not there; create that folder"), "{stderr}");
}

/// A crash between the two steps of an exchange, where the system has no single one.
#[test]
fn an_exchange_broken_off_loses_no_marts() {
    let world = World::new();
    world.accepted();
    let before = snapshot(&world.path("out"));
    fs::rename(world.path("out"), world.path(".out.replaced")).unwrap();
    let broken = world.replace("deals", "D1,O1", "D1");
    broken.command(&["--out", broken.path("out").to_str().unwrap()]).assert().code(2);
    assert!(snapshot(&broken.path("out")) == before && !broken.path(".out.replaced").exists());
}
