//! Output folders that a run must not touch, and those that it may replace.

use super::{World, snapshot, unbroken};
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
    let world = World::new().settings("[output]\npath = \".\"");
    assert!(world.refused_as_is(&["--overwrite"]).contains("output.path: . holds accounts.csv"));
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
