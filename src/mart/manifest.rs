//! The manifest: what a run read, how it was configured, what it wrote and how long it took.

use super::error::MartError;
use super::writer::WrittenMart;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// The manifest's file name.
pub const MANIFEST: &str = "manifest.json";

/// The program that writes manifests.
pub const GENERATOR: &str = "closedloop";

/// The whole manifest.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`GENERATOR`].
    pub generator: String,
    /// Version of the program.
    pub version: String,
    /// Version of the marts' shape.
    pub schema_version: u32,
    /// Nothing recorded later was used.
    pub as_of: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Digits of the currency's minor unit.
    pub minor_digits: u8,
    /// The model that others are compared with.
    pub default_model: String,
    /// The roi at which a campaign is worth funding.
    pub hurdle: f64,
    /// How intervals were computed: off, fast or bootstrap=N.
    pub intervals: String,
    /// BLAKE3 of the configuration file.
    pub config_hash: String,
    /// The models that ran.
    pub models: Vec<ManifestModel>,
    /// Files read.
    pub inputs: Vec<InputFile>,
    /// Rows and money read, used, out of scope and set aside, per table.
    pub tables: BTreeMap<String, TableCounts>,
    /// Remarks on the run that a reader of its numbers should know.
    pub remarks: Vec<String>,
    /// Touches that count as one with an earlier touch of the same person; among those out of scope.
    pub collapsed: u64,
    /// Booked money in minor units.
    pub booked: i64,
    /// Marts written.
    pub marts: Vec<WrittenMart>,
    /// Seconds per stage; the only part that differs between equal runs.
    pub timings: BTreeMap<String, f64>,
}

/// One model.
#[derive(Debug, Serialize, Deserialize)]
pub struct ManifestModel {
    /// Its id.
    pub id: String,
    /// BLAKE3 of its normalised spec.
    pub spec_hash: String,
}

/// One input file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// The table.
    pub table: String,
    /// The file's name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// BLAKE3 of its bytes.
    pub blake3: String,
}

/// What became of a table's rows; money in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCounts {
    /// Rows read.
    pub read: Count,
    /// Rows that took part.
    pub used: Count,
    /// Rows that are right but do not matter to this run.
    pub out_of_scope: Count,
    /// Rows rejected with a reason.
    pub set_aside: Count,
    /// Used amounts that had more digits than the currency's minor unit and were rounded.
    pub rounded_amounts: u64,
}

/// Rows and the money on them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Number of rows.
    pub rows: u64,
    /// Minor units.
    pub amount: i64,
}

impl Manifest {
    /// Writes the manifest into a folder and syncs it.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), MartError> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| MartError::Shape { mart: MANIFEST.to_owned(), message: error.to_string() })?;
        let mut file = File::create(&path).map_err(MartError::write(&path))?;
        file.write_all(&text).and_then(|()| file.write_all(b"\n")).map_err(MartError::write(&path))?;
        file.sync_all().map_err(MartError::write(&path))
    }

    /// Reads the manifest of an output folder.
    ///
    /// # Errors
    /// A folder without manifest, or one written by a version with other marts.
    pub fn read(folder: &Path) -> Result<Self, MartError> {
        let unreadable = |message: String| MartError::Unreadable { path: folder.to_owned(), message };
        let text = std::fs::read_to_string(folder.join(MANIFEST))
            .map_err(|_| unreadable("holds no manifest.json; give the output folder of a run".to_owned()))?;
        let version: SchemaVersion = serde_json::from_str(&text)
            .map_err(|_| unreadable("manifest.json is not a closedloop manifest; run again".to_owned()))?;
        if version.schema_version != super::catalogue::SCHEMA_VERSION {
            let (found, known) = (version.schema_version, super::catalogue::SCHEMA_VERSION);
            return Err(unreadable(format!(
                "its marts have schema version {found}, this program reads version {known}; run again with this program"
            )));
        }
        serde_json::from_str(&text)
            .map_err(|error| unreadable(format!("manifest.json is damaged ({error}); run again")))
    }
}

#[derive(Deserialize)]
struct SchemaVersion {
    schema_version: u32,
}

/// Whether a manifest was written by this program, of whatever version.
pub(super) fn is_ours(path: &Path) -> bool {
    #[derive(Deserialize)]
    struct Generator {
        generator: String,
    }
    let text = std::fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str::<Generator>(&text).is_ok_and(|manifest| manifest.generator == GENERATOR)
}
