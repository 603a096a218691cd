//! How the files of a mart are stored: encoding, compression and bounds of every column, and what the file says of itself.

use super::catalogue::{Mart, MartColumn, MartType, SCHEMA_VERSION};
use super::error::MartError;
use closedloop_core::model::ShareVariety;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, ParquetMetaDataReader};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde::Serialize;
use std::fs::File;
use std::path::Path;

/// Under this key a file says of which mart it is.
const DESCRIPTION: &str = "closedloop";

/// Whether a file is one of a mart.
pub(super) fn is_of_ours(file: &Path) -> bool {
    let footer = File::open(file).map(|file| ParquetMetaDataReader::new().parse_and_finish(&file));
    let Ok(Ok(footer)) = footer else { return false };
    footer.file_metadata().key_value_metadata().is_some_and(|said| said.iter().any(|said| said.key == DESCRIPTION))
}

/// Compression and the file-level description of the mart.
pub(super) fn properties(mart: &Mart) -> Result<WriterProperties, MartError> {
    #[derive(Serialize)]
    struct Description<'a> {
        schema_version: u32,
        #[serde(flatten)]
        mart: &'a Mart,
    }
    let description = serde_json::to_string(&Description { schema_version: SCHEMA_VERSION, mart })
        .map_err(|error| MartError::Shape { mart: mart.name.to_owned(), message: error.to_string() })?;
    let mut properties = WriterProperties::builder();
    for column in &mart.columns {
        let path = ColumnPath::from(column.name.as_str());
        properties = match habit(mart, column) {
            Habit::Repeats => properties,
            Habit::HardlyRepeats => properties.set_column_dictionary_enabled(path.clone(), false),
            Habit::Varies => properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
                .set_column_compression(path.clone(), Compression::UNCOMPRESSED),
            Habit::Incompressible => properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_compression(path.clone(), Compression::UNCOMPRESSED),
        };
        properties = properties.set_column_statistics_enabled(path, bounds(mart, column));
    }
    Ok(properties
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("closedloop ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new(DESCRIPTION.to_owned(), description)]))
        .build())
}

/// Of which rows the bounds are kept. Rows of deals stand in order of account, so that in any other column the bounds of
/// some thousand rows are those of all, and only work; so are bounds of every page where values hardly repeat.
fn bounds(mart: &Mart, column: &MartColumn) -> EnabledStatistics {
    match habit(mart, column) {
        _ if is_of_deals(mart) && column.name == "account_id" => EnabledStatistics::Page,
        _ if is_of_deals(mart) => EnabledStatistics::None,
        Habit::Repeats => EnabledStatistics::Page,
        Habit::HardlyRepeats | Habit::Varies | Habit::Incompressible => EnabledStatistics::Chunk,
    }
}

fn is_of_deals(mart: &Mart) -> bool {
    ["touch_credits", "journeys"].contains(&mart.name)
}

/// How the values of a column follow each other.
enum Habit {
    /// Few values, which a dictionary makes small.
    Repeats,
    /// Nearly all are different, or runs of one value, which compression finds sooner than a dictionary.
    HardlyRepeats,
    /// Whole numbers that mostly differ: as differences of as few bits as they need, which nothing compresses further.
    Varies,
    /// Fractions that all differ: compression would save a fifth of them at best, and cost more than all else.
    Incompressible,
}

fn habit(mart: &Mart, column: &MartColumn) -> Habit {
    match column.kind {
        MartType::Instant => Habit::Varies,
        MartType::Double if is_of_deals(mart) && column.variety == ShareVariety::OfTouches => Habit::Incompressible,
        MartType::Double => Habit::HardlyRepeats,
        MartType::Money if is_of_deals(mart) && column.variety == ShareVariety::Few => Habit::HardlyRepeats,
        MartType::Money => Habit::Varies,
        _ if is_of_deals(mart) && IDENTIFIERS.contains(&column.name.as_str()) => Habit::HardlyRepeats,
        _ => Habit::Repeats,
    }
}

/// Those of an account's deals stand together, and those of a deal's touches.
const IDENTIFIERS: [&str; 4] = ["account_id", "deal_id", "opportunity_id", "touch_id"];
