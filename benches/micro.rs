//! What the way from touch rows to ordered touches costs: the probe, the scatter, and the grouping of a partition.
//!
//! `cargo bench --bench micro`; a filter after `--` chooses, as in `-- probe`. Items are touches. One account in three of
//! those that touches name has a deal, as in generated data; models and money are in `core/benches/models.rs`.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use arrow::array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::datatypes::DataType;
use closedloop::config::{Overrides, Plan};
use closedloop::engine::ids::IdColumn;
use closedloop::engine::memory::Budget;
use closedloop::scatter::conversions::Conversions;
use closedloop::scatter::group::{Beyond, Grouping};
use closedloop::scatter::keys::KeyIndex;
use closedloop::scatter::lines::LineCodes;
use closedloop::scatter::partition::Scatter;
use closedloop::scatter::reader::TOUCH_COLUMNS;
use closedloop_core::journey::DAY_MICROS;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::sync::Arc;

fn main() {
    divan::main();
}

const TOUCHES: usize = 1 << 18;
const BATCH: usize = 8_192;
/// Accounts that touches name for each that has a deal.
const NAMED_PER_KNOWN: u64 = 3;
const CAMPAIGNS: i64 = 500;
/// Deals close here, microseconds.
const CLOSE: i64 = 1_700_000_000_000_000;

/// What account identifiers look like.
#[derive(Debug, Clone, Copy)]
enum Ids {
    /// Integers close together.
    Dense,
    /// Integers from anywhere.
    Sparse,
    /// Text of 18 characters.
    Text,
}

const ALL_IDS: [Ids; 3] = [Ids::Dense, Ids::Sparse, Ids::Text];

impl Ids {
    /// The identifiers of accounts, given by number.
    fn column(self, accounts: impl Iterator<Item = u64>) -> ArrayRef {
        // An odd factor sends different numbers to different ones all over 64 bits.
        let scattered = |account: u64| account.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        match self {
            Self::Dense => Arc::new(accounts.map(|account| Some(account.cast_signed())).collect::<Int64Array>()),
            Self::Sparse => {
                Arc::new(accounts.map(|account| Some(scattered(account).cast_signed())).collect::<Int64Array>())
            }
            Self::Text => Arc::new(
                accounts.map(|account| Some(format!("ac{:016x}", scattered(account)))).collect::<StringViewArray>(),
            ),
        }
    }
}

/// Accounts of touches in random order, one in three of them known.
fn named_accounts(rng: &mut ChaCha8Rng, known: u64) -> Vec<u64> {
    (0..TOUCHES).map(|_| rng.random_range(0..known * NAMED_PER_KNOWN)).collect()
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// Batches of identifiers against the index of all accounts with deals.
#[divan::bench(args = ALL_IDS, consts = [30_000, 1_000_000])]
fn probe<const KNOWN: u64>(bencher: Bencher<'_, '_>, ids: Ids) {
    let known = ids.column((0..KNOWN).map(|account| account * NAMED_PER_KNOWN));
    let index = KeyIndex::build(&known, (0..known.len()).zip(0..)).unwrap();
    let asked = named_accounts(&mut rng(), KNOWN);
    let asked: Vec<ArrayRef> = asked.chunks(BATCH).map(|batch| ids.column(batch.iter().copied())).collect();
    let asked: Vec<IdColumn<'_>> = asked.iter().map(|batch| IdColumn::try_new(batch).unwrap()).collect();
    let mut numbers = Vec::new();
    bencher.counter(ItemsCount::new(TOUCHES)).bench_local(|| {
        for batch in &asked {
            index.probe_all(batch, &mut numbers);
            black_box(&numbers);
        }
    });
}

fn batch<const N: usize>(columns: [(&str, ArrayRef); N]) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

fn instants(at: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(at.map(Some).collect::<TimestampMicrosecondArray>())
}

fn ints(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<Int64Array>())
}

fn always(rows: usize) -> ArrayRef {
    Arc::new(BooleanArray::from(vec![true; rows]))
}

/// One deal for each known account.
fn conversions(ids: Ids, known: u64) -> Conversions {
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo/closedloop.toml");
    let plan = Plan::load(&plan, Overrides::default()).unwrap();
    let deals = 0..known.cast_signed();
    let rows = deals.clone().count();
    let none = |kind: DataType| new_null_array(&kind, rows);
    let deals = batch([
        ("deal_id", ints(deals.clone())),
        ("opportunity_id", ints(deals.clone())),
        ("account_id", ids.column((0..known).map(|account| account * NAMED_PER_KNOWN))),
        ("opportunity_created_at", instants(deals.clone().map(|_| CLOSE - 30 * DAY_MICROS))),
        ("closed_at", instants(deals.clone().map(|_| CLOSE))),
        ("amount", ints(deals.map(|_| 100_000))),
        ("kind", none(DataType::Utf8)),
        ("reverses_deal_id", none(DataType::Int64)),
    ]);
    let no_ids = || ints(std::iter::empty());
    let contacts = batch([
        ("contact_id", no_ids()),
        ("account_id", ids.column(std::iter::empty())),
        ("created_at", instants(std::iter::empty())),
    ]);
    let roles = batch([("opportunity_id", no_ids()), ("contact_id", no_ids()), ("is_primary", always(0))]);
    Conversions::build(&plan, &deals, &contacts, &roles, None).unwrap()
}

fn line_codes() -> LineCodes {
    let channels = (0..CAMPAIGNS).map(|campaign| Some(format!("channel {}", campaign % 12)));
    let channels: ArrayRef = Arc::new(channels.collect::<StringArray>());
    let campaigns = batch([("campaign_id", ints(0..CAMPAIGNS)), ("channel", channels)]);
    LineCodes::new(&campaigns, std::iter::empty()).unwrap()
}

/// Touches of these accounts, up to 500 days before the close, so that some lie outside the window.
fn touch_batches(rng: &mut ChaCha8Rng, ids: Ids, accounts: &[u64]) -> Vec<RecordBatch> {
    let touch_batch = |(number, accounts): (usize, &[u64])| {
        let rows = accounts.len();
        let first = i64::try_from(number * BATCH).unwrap();
        let columns: [ArrayRef; TOUCH_COLUMNS.len()] = [
            ints((first..).take(rows)),
            ids.column(accounts.iter().copied()),
            instants(accounts.iter().map(|_| CLOSE - rng.random_range(0..500 * DAY_MICROS))),
            ints(accounts.iter().map(|_| rng.random_range(0..CAMPAIGNS))),
            new_null_array(&DataType::Utf8View, rows),
            always(rows),
            always(rows),
            always(rows),
        ];
        let mut columns = columns.into_iter();
        batch(TOUCH_COLUMNS.map(|name| (name, columns.next().unwrap())))
    };
    accounts.chunks(BATCH).enumerate().map(touch_batch).collect()
}

/// Batches of touches to the buffers of their partitions, probe included.
#[divan::bench(args = ALL_IDS, consts = [30_000, 1_000_000])]
fn scatter<const KNOWN: u64>(bencher: Bencher<'_, '_>, ids: Ids) {
    let (conversions, codes, budget) = (conversions(ids, KNOWN), line_codes(), Budget::unlimited());
    let mut rng = rng();
    let accounts = named_accounts(&mut rng, KNOWN);
    let batches = touch_batches(&mut rng, ids, &accounts);
    let scatter = Scatter::new(&conversions, &codes, &budget);
    bencher.counter(ItemsCount::new(TOUCHES)).bench_local(|| {
        let mut reader = scatter.reader(0);
        for batch in &batches {
            reader.read(batch).unwrap();
        }
        reader.finish().unwrap()
    });
}

/// Every partition sorted by account and each account's touches ordered, by the touches per account.
#[divan::bench(args = [5, 50, 500, TOUCHES])]
fn group(bencher: Bencher<'_, '_>, per_account: usize) {
    let known = (TOUCHES / per_account) as u64;
    let (conversions, codes, budget) = (conversions(Ids::Dense, known), line_codes(), Budget::unlimited());
    let mut rng = rng();
    let accounts: Vec<u64> = (0..TOUCHES).map(|_| rng.random_range(0..known) * NAMED_PER_KNOWN).collect();
    let batches = touch_batches(&mut rng, Ids::Dense, &accounts);
    let scatter = Scatter::new(&conversions, &codes, &budget);
    let mut reader = scatter.reader(0);
    for batch in &batches {
        reader.read(batch).unwrap();
    }
    let part = reader.finish().unwrap();
    let scattered = scatter.finish(vec![part], false);
    let lines = codes.finish();
    let grouping = Grouping::new(&conversions, &lines, &scattered.types);
    bencher.counter(ItemsCount::new(scattered.counts.scattered)).bench_local(|| {
        for partition in 0..scattered.partitions() {
            let pieces = scattered.pieces(partition).unwrap();
            let (ids, accounts) = (scattered.ids(&pieces), scattered.accounts(partition));
            black_box(grouping.group(&pieces, ids, accounts, Beyond::Dropped));
        }
    });
}
