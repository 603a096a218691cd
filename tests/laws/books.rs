//! What the credit stage makes of a world, by name, so that two runs can be compared.

use super::world::{Id, World};
use closedloop::config::file::DealKind;
use closedloop::engine::memory::Budget;
use closedloop::pipeline::credit::Crediting;
use closedloop::pipeline::totals::{Earned, LeftOver, LineCounts};
use closedloop::scatter::conversions::Conversions;
use closedloop::scatter::lines::{Line, LineCodes};
use closedloop::scatter::partition::{Scatter, TouchCounts};
use closedloop_core::journey::Anchor;
use closedloop_core::ledger::{Bucket, WHOLE};
use rayon::ThreadPool;
use std::ops::Range;

/// Where money was earned, by name: quarter of close, quarter of touch, line, kind.
pub(super) type EarnedAt = (i32, i32, Line, DealKind);
/// Where money was left, by name: quarter of close, kind, model, bucket.
pub(super) type LeftAt = (i32, DealKind, usize, Bucket);

/// The outcome of a run, every part sorted by its key.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Books {
    pub(super) credits: Vec<Credit>,
    pub(super) journeys: Vec<Journey>,
    pub(super) earned: Vec<(EarnedAt, LineCounts, Vec<Earned>)>,
    pub(super) left: Vec<(LeftAt, LeftOver)>,
    pub(super) booked: Vec<(i32, DealKind, LeftOver)>,
    pub(super) used: u64,
    /// Identifiers of the touches dropped as repeats, sorted.
    pub(super) repeated: Vec<String>,
    pub(super) counts: TouchCounts,
}

/// One row of `touch_credits`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Credit {
    pub(super) deal: Id,
    pub(super) position: i32,
    pub(super) kind: DealKind,
    pub(super) touch: String,
    pub(super) at: i64,
    pub(super) line: Line,
    pub(super) close_quarter: i32,
    pub(super) touch_quarter: i32,
    pub(super) anchors: [bool; 4],
    /// Share and money under each model.
    pub(super) models: Vec<(u64, i64)>,
}

/// One row of `journeys`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Journey {
    pub(super) deal: Id,
    pub(super) kind: DealKind,
    pub(super) amount: i64,
    pub(super) closed_at: i64,
    pub(super) close_quarter: i32,
    pub(super) touches: u64,
    pub(super) span: Option<(i64, i64)>,
    pub(super) anchors: [Option<usize>; 4],
    pub(super) whole: Option<Bucket>,
    /// Bucket and money left by each model.
    pub(super) left: Vec<(Option<Bucket>, i64)>,
}

/// How the touches reach the scatter: each piece of rows, in this order, by which reader.
pub(super) type Pieces = Vec<(usize, Range<usize>)>;

/// Runs a world, its touches in one piece.
pub(super) fn keep(world: &World) -> Books {
    keep_in_pieces(world, &vec![(0, 0..world.touches.len())])
}

/// Runs a world, its touches in pieces.
pub(super) fn keep_in_pieces(world: &World, pieces: &Pieces) -> Books {
    thread_local! {
        /// Test threads are pools of one, so that no case waits for another thread.
        static POOL: ThreadPool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().unwrap();
    }
    POOL.with(|pool| pool.install(|| keep_on_this_pool(world, pieces)))
}

/// Runs a world on the current rayon pool.
pub(super) fn keep_on_this_pool(world: &World, pieces: &Pieces) -> Books {
    keep_within(world, pieces, &Budget::unlimited())
}

/// Runs a world with so little memory that every piece of rows is spilled to a folder.
pub(super) fn keep_spilled(world: &World, pieces: &Pieces) -> Books {
    let folder = tempfile::tempdir().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut books = pool.install(|| keep_within(world, pieces, &Budget::of_bytes(1, folder.path())));
    let expected = books.counts.scattered > 0;
    assert_eq!(books.counts.spilled > 0, expected, "touches are spilled");
    books.counts.spilled = 0;
    books
}

fn keep_within(world: &World, pieces: &Pieces, budget: &Budget) -> Books {
    let (plan, deals) = (world.plan(), world.deal_rows());
    let conversions = Conversions::build(plan, &deals, &world.contact_rows(), &world.role_rows(), None).unwrap();
    let campaigns = world.campaign_rows();
    let codes = LineCodes::new(&campaigns, std::iter::empty()).unwrap();
    let touches = world.touch_rows();
    let scatter = Scatter::new(&conversions, &codes, budget);
    let readers = pieces.iter().map(|(reader, _)| reader + 1).max().unwrap_or_default();
    let parts = (0..readers).map(|number| {
        let mut reader = scatter.reader(number);
        for (_, rows) in pieces.iter().filter(|(reader, _)| *reader == number) {
            reader.read(&touches.slice(rows.start, rows.len())).unwrap();
        }
        reader.finish()
    });
    let parts = parts.collect::<Result<_, _>>().unwrap();
    let scattered = scatter.finish(parts, world.ids_are_text);
    let lines = codes.finish();

    let quarter = |position| conversions.quarters.number(position);
    let crediting = Crediting::of_rules(plan, &deals, &conversions, &scattered, &lines).unwrap();
    let mut partitions = Vec::new();
    let deal = |row: u32| world.deals[row as usize].id;
    let credited = crediting.run(Ok, |some| {
        partitions.extend(some);
        Ok(())
    });
    let mut totals = credited.unwrap().totals;
    let unmatched = crediting.unmatched(&mut totals);

    let mut books = Books { counts: scattered.counts, ..Books::default() };
    for partition in &partitions {
        let rows = &partition.credits;
        books.credits.extend((0..rows.len()).map(|row| {
            Credit {
                deal: deal(rows.deals[row]),
                position: rows.positions[row],
                kind: rows.kinds[row],
                touch: partition.ids.text(rows.touch_ids[row]),
                at: rows.touched_at[row],
                line: lines.line(rows.lines[row]).clone(),
                close_quarter: quarter(rows.close_quarters[row]),
                touch_quarter: quarter(rows.touch_quarters[row]),
                anchors: rows.anchors[row],
                models: rows
                    .shares
                    .iter()
                    .zip(&rows.amounts)
                    .map(|(shares, amounts)| (units(shares[row]), amounts[row]))
                    .collect(),
            }
        }));
        books.used += partition.used;
        books.repeated.extend(partition.repeated.iter().map(|touch| touch.id.clone()));
    }
    for journeys in partitions.iter().map(|partition| &partition.journeys).chain([&unmatched]) {
        books.journeys.extend(journeys.rows.iter().enumerate().map(|(position, row)| Journey {
            deal: deal(row.deal),
            kind: row.kind,
            amount: row.amount,
            closed_at: row.closed_at,
            close_quarter: quarter(row.close_quarter),
            touches: row.touches,
            span: row.first_touched_at.zip(row.last_touched_at),
            anchors: Anchor::ALL.map(|anchor| row.anchors.position(anchor)),
            whole: journeys.whole[position],
            left: journeys.left.iter().map(|left| left[position]).collect(),
        }));
    }
    books.credits.sort_by_key(|credit| (credit.deal, credit.position));
    books.journeys.sort_by_key(|journey| journey.deal);
    books.repeated.sort();
    for (key, counts, earned) in totals.rows() {
        let line = lines.line(key.line).clone();
        assert_eq!(lines.channels()[lines.channel(key.line) as usize], line.channel, "the code of a line's channel");
        let at = (quarter(key.close_quarter), quarter(key.touch_quarter), line, key.kind);
        books.earned.push((at, counts, earned.collect()));
    }
    books.earned.sort_by(|a, b| a.0.cmp(&b.0));
    let left = totals.residuals();
    books.left = left.map(|(k, left)| ((quarter(k.close_quarter), k.kind, k.model, k.bucket), left)).collect();
    let booked = totals.booked();
    books.booked = booked.map(|(position, kind, left)| (quarter(position), kind, left)).collect();
    books
}

/// A share as the whole number of units of 2⁻⁴⁸ that it must be.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is at most 2⁴⁸ units")]
fn units(share: f64) -> u64 {
    let units = share * WHOLE as f64;
    assert_eq!(units.fract(), 0.0, "{share} is no multiple of a unit");
    units as u64
}

impl Books {
    /// The rows of a deal, in order of position.
    pub(super) fn credits_of(&self, deal: Id) -> &[Credit] {
        let start = self.credits.partition_point(|credit| credit.deal < deal);
        let end = self.credits.partition_point(|credit| credit.deal <= deal);
        &self.credits[start..end]
    }
}
