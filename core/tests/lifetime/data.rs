//! Reads the CDNOW files, which are not part of the project.

use std::path::PathBuf;

use closedloop_core::lifetime::{Rows, Summaries};

/// The text of a CDNOW file, or `None`, with a note, where the data are absent.
pub fn cdnow(file: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("CLOSEDLOOP_REAL_DATA") else {
        eprintln!("skipped: CLOSEDLOOP_REAL_DATA is not set, so {file} is not at hand");
        return None;
    };
    let path = PathBuf::from(folder).join("cdnow").join(file);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The columns of a CSV file without quotes, by name.
pub struct Table {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
}

impl Table {
    pub fn read(file: &str) -> Option<Self> {
        let text = cdnow(file)?;
        let mut lines = text.lines();
        let names = lines.next().unwrap().split(',').map(|name| name.trim().to_owned()).collect();
        let rows = lines
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.split(',').map(|cell| cell.trim().parse().unwrap()).collect())
            .collect();
        Some(Self { names, rows })
    }

    pub fn column(&self, name: &str) -> Vec<f64> {
        let at = self.names.iter().position(|other| other == name).unwrap_or_else(|| panic!("no column {name}"));
        self.rows.iter().map(|row| row[at]).collect()
    }

    pub fn counts(&self, name: &str) -> Vec<u32> {
        self.column(name).into_iter().map(whole).collect()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts in the files")]
pub fn whole(value: f64) -> u32 {
    assert!(value >= 0.0 && value.fract() == 0.0);
    value as u32
}

/// The published summary of the sample: 2,357 customers, in weeks.
pub fn sample() -> Option<Summaries> {
    let table = Table::read("cdnow_customers_summary_with_transactions.csv")?;
    let (t_x, t, value) = (table.column("t_x"), table.column("T"), table.column("zbar"));
    Some(Summaries::new(table.counts("x"), t_x, t, value).unwrap())
}

/// The donors of Fader, Hardie & Shang (2010).
pub fn donations() -> Option<Rows> {
    let table = Table::read("donations.csv")?;
    let weights = table.counts("weights");
    let each = |column: &[f64]| -> Vec<f64> {
        column.iter().zip(&weights).flat_map(|(&value, &donors)| (0..donors).map(move |_| value)).collect()
    };
    let [x, t_x, t] = ["frequency", "recency", "periods"].map(|name| each(&table.column(name)));
    let spend = vec![0.0; x.len()];
    Some(Summaries::new(x.into_iter().map(whole).collect(), t_x, t, spend).unwrap().rows())
}
