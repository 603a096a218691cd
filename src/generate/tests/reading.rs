//! A generated world, read back.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::OnceLock;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use jiff::Timestamp;
use jiff::civil::Date;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A CSV row by column.
pub type Row = HashMap<String, String>;

/// A touchpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Touch {
    pub id: String,
    pub at: Timestamp,
    pub recorded: Option<Timestamp>,
    /// Its own account or its contact's.
    pub account: Option<String>,
    pub contact: Option<String>,
    pub campaign: Option<String>,
    pub channel: Option<String>,
    pub touch_type: String,
    pub source: String,
    pub responded: Option<bool>,
}

impl Touch {
    /// The default predicate of the engine.
    pub fn eligible(&self) -> bool {
        self.responded != Some(false) && self.source != "sales"
    }
}

/// All tables of a world.
#[derive(Debug)]
pub struct World {
    pub accounts: Vec<Row>,
    pub contacts: Vec<Row>,
    pub contact_roles: Vec<Row>,
    pub campaigns: Vec<Row>,
    pub opportunities: Vec<Row>,
    pub deals: Vec<Row>,
    pub spend: Vec<Row>,
    pub true_effects: Vec<Row>,
    pub touches: Vec<Touch>,
    /// Places of the touches of each account, in order of time.
    pub journeys: HashMap<String, Vec<usize>>,
}

/// The world all properties are measured in.
pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        super::write(11, 4000, folder.path()).unwrap();
        World::read(folder.path())
    })
}

impl World {
    fn read(folder: &Path) -> Self {
        let table = |name: &str| -> Vec<Row> {
            let mut reader = csv::Reader::from_path(folder.join(name)).unwrap();
            reader.deserialize().map(Result::unwrap).collect()
        };
        let contacts = table("contacts.csv");
        let employer: HashMap<&str, &str> =
            contacts.iter().map(|row| (row["contact_id"].as_str(), row["account_id"].as_str())).collect();
        let file = File::open(folder.join("touchpoints.parquet")).unwrap();
        let batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        let mut touches: Vec<Touch> = batches.flat_map(|batch| read_touches(&batch.unwrap())).collect();
        for touch in &mut touches {
            let known = touch.contact.as_deref().and_then(|contact| employer.get(contact)).map(|id| (*id).to_owned());
            touch.account = touch.account.take().or(known);
        }
        let mut journeys: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, touch) in touches.iter().enumerate() {
            journeys.entry(touch.account.clone().unwrap_or_default()).or_default().push(place);
        }
        Self {
            accounts: table("accounts.csv"),
            contact_roles: table("contact_roles.csv"),
            campaigns: table("campaigns.csv"),
            opportunities: table("opportunities.csv"),
            deals: table("deals.csv"),
            spend: table("spend.csv"),
            true_effects: table("true_effects.csv"),
            contacts,
            touches,
            journeys,
        }
    }

    /// Touches of `account` from a year before `created` to the end of day `until`.
    pub fn journey(&self, account: &str, created: Timestamp, until: Date) -> impl Iterator<Item = &Touch> {
        let places = self.journeys.get(account).map_or(&[][..], Vec::as_slice);
        let earliest = created - jiff::SignedDuration::from_hours(365 * 24);
        let touches = places.iter().map(|&place| &self.touches[place]);
        touches.filter(move |touch| touch.at >= earliest && day(touch.at) <= until)
    }

    /// Opportunities of one type, without the ones that are mess.
    pub fn opportunities(&self, kind: &str) -> impl Iterator<Item = &Row> {
        self.opportunities
            .iter()
            .filter(move |row| row["type"] == kind && !row["opportunity_id"].starts_with("O-STRAY"))
    }
}

fn read_touches(batch: &RecordBatch) -> Vec<Touch> {
    let column = |name| batch.column_by_name(name).unwrap();
    let text = |name, row| {
        let array = column(name).as_string::<i32>();
        array.is_valid(row).then(|| array.value(row).to_owned())
    };
    let moment = |name, row| {
        let array = column(name).as_primitive::<TimestampMicrosecondType>();
        array.is_valid(row).then(|| Timestamp::from_microsecond(array.value(row)).unwrap())
    };
    let responded = column("responded").as_boolean();
    (0..batch.num_rows())
        .map(|row| Touch {
            id: text("touch_id", row).unwrap(),
            at: moment("touched_at", row).unwrap(),
            recorded: moment("recorded_at", row),
            account: text("account_id", row),
            contact: text("contact_id", row),
            campaign: text("campaign_id", row),
            channel: text("channel", row),
            touch_type: text("touch_type", row).unwrap(),
            source: text("source", row).unwrap(),
            responded: responded.is_valid(row).then(|| responded.value(row)),
        })
        .collect()
}

/// The day of a moment, in UTC.
pub fn day(moment: Timestamp) -> Date {
    moment.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The date in a cell.
pub fn date(cell: &str) -> Date {
    cell.parse().unwrap()
}

/// The cents in a cell, if it holds an amount.
pub fn cents(cell: &str) -> Option<i64> {
    cell.replacen('.', "", 1).parse().ok()
}

/// The middle of `values`.
pub fn median(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    values[values.len() / 2]
}

/// `part` of `whole`, printed under `name`.
#[expect(clippy::cast_precision_loss, reason = "counts and cents of a small world")]
pub fn share(name: &str, part: usize, whole: usize) -> f64 {
    let share = part as f64 / whole as f64;
    println!("{name}: {part} of {whole} = {share:.4}");
    share
}
