//! The stage: marts are written beside the output folder, by name.

use super::catalogue::{self, Mart};
use super::disk::Disk;
use super::error::MartError;
use super::publication::Publication;
use super::writer::MartWriter;
use closedloop_core::model::ModelSpec;

/// Where the marts of a run are written.
pub struct MartStage<'a> {
    publication: &'a Publication,
    marts: Vec<Mart>,
    minor_digits: u8,
    disk: Disk,
}

impl<'a> MartStage<'a> {
    /// The stage of a publication, for the marts of these models, with money of so many minor digits.
    pub fn new(publication: &'a Publication, models: &[ModelSpec], minor_digits: u8) -> Self {
        Self { publication, marts: catalogue::marts(models), minor_digits, disk: Disk::default() }
    }

    /// The writer of a mart.
    ///
    /// # Errors
    /// A name that no mart has, or a folder that cannot be created.
    pub fn writer(&self, name: &'static str) -> Result<MartWriter<'_>, MartError> {
        let mart = self.marts.iter().find(|mart| mart.name == name);
        let absent = || MartError::Shape { mart: name.to_owned(), message: "is not in the catalogue".to_owned() };
        MartWriter::create(self.publication.stage(), mart.ok_or_else(absent)?, self.minor_digits, &self.disk)
    }

    /// Waits until all that was written is on the disk.
    ///
    /// # Errors
    /// A disk that did not take a file.
    pub fn finish(self) -> Result<(), MartError> {
        self.disk.finish()
    }
}
