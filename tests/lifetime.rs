//! Lifetime value: a small company whose every cent is worked out by hand, laws over the demo, bad input, real sellers, and
//! `closedloop clv`.

#[path = "lifetime/bad.rs"]
mod bad;
#[path = "lifetime/demo.rs"]
mod demo;
#[path = "lifetime/file.rs"]
mod file;
#[path = "lifetime/holdout.rs"]
mod holdout;
#[path = "lifetime/sellers.rs"]
mod sellers;
#[path = "lifetime/small.rs"]
mod small;

use crate::support::run;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use std::path::PathBuf;
use tempfile::TempDir;

/// The marts about lifetime value.
const MARTS: [&str; 5] = ["customer_clv", "clv_cohorts", "clv_fit", "clv_validation", "campaign_clv"];

/// A folder with tables and a configuration.
struct Company {
    folder: TempDir,
}

impl Company {
    /// `tables` are names and CSV text; `settings` is the rest of the configuration.
    fn new(tables: &[(&str, String)], settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = String::new();
        for (name, text) in tables {
            std::fs::write(folder.path().join(format!("{name}.csv")), text).unwrap();
            config += &format!("[tables.{name}]\npath = \"{name}.csv\"\n");
        }
        std::fs::write(folder.path().join("closedloop.toml"), config + settings).unwrap();
        Self { folder }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("closedloop.toml")
    }

    /// Runs it into the folder `name`.
    fn run(&self, name: &str, flags: &[&str]) -> PathBuf {
        let out = self.folder.path().join(name);
        run(&self.config(), &out, flags);
        out
    }
}

/// No NaN and no infinity in any column of numbers.
fn assert_finite(mart: &str, rows: &RecordBatch) {
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        if field.data_type() == &DataType::Float64 {
            let values = column.as_primitive::<Float64Type>();
            let bad = (0..values.len()).find(|&row| values.is_valid(row) && !values.value(row).is_finite());
            assert_eq!(bad, None, "{mart}.{}", field.name());
        }
    }
}
