//! Who the customers are and what they booked: from the deals, credits netted out, or from a table of transactions.

use super::coding::code;
use crate::config::Plan;
use crate::config::file::{SegmentBy, Table};
use crate::config::plan::Lifetime;
use crate::engine::columns::{column, text_column, texts};
use crate::engine::dense::narrow;
use crate::engine::ids::IdColumn;
use crate::engine::purchases::PurchaseRows;
use crate::engine::{EngineError, session};
use crate::pipeline::prepare::Prepared;
use crate::scatter::conversions::Conversion;
use crate::scatter::keys::KeyIndex;
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type};
use closedloop_core::ledger::portion;
use closedloop_core::lifetime::{LifetimeError, Term};

/// Margin is told in millionths of revenue.
const MILLION: i64 = 1_000_000;

/// Money of a customer, earned on a day or evenly over a term.
#[derive(Debug, Clone, Copy)]
pub(super) struct Booking {
    pub(super) customer: u32,
    /// The day it was booked.
    pub(super) day: i32,
    /// Minor units.
    pub(super) revenue: i64,
    pub(super) margin: i64,
    /// Whether the customer bought something that stands: neither a credit nor a deal taken back in full.
    pub(super) is_purchase: bool,
    /// First and last day of the term.
    pub(super) term: Option<(i32, i32)>,
}

impl Booking {
    /// The margin earned by the end of a day.
    pub(super) fn earned(&self, through: i32) -> i64 {
        match self.term {
            None if self.day <= through => self.margin,
            None => 0,
            Some((first, last)) => {
                let days = |from: i32, to: i32| i64::from(to) - i64::from(from) + 1;
                portion(self.margin, days(first, through), days(first, last))
            }
        }
    }
}

/// A deal of which something was given back, so that what it is depends on the day it is looked at.
#[derive(Debug)]
struct ReducedDeal {
    customer: u32,
    day: i32,
    term: Option<(i32, i32)>,
    /// The day, what is left of the revenue and of the margin from then on: the deal, then its credits.
    steps: Vec<(i32, i64, i64)>,
}

impl ReducedDeal {
    /// The margin that is left by the end of a day, where there is something left or something owed.
    fn margin(&self, seen: i32) -> Option<i64> {
        self.left(seen).filter(|&(left, _)| left != 0 || self.is_of_nothing()).map(|(_, margin)| margin)
    }

    /// Its term by the end of a day, if it stands.
    fn term(&self, seen: i32) -> Option<(u32, i32, Term)> {
        let (first, last) = self.term?;
        let (left, amount) = self.left(seen)?;
        stands(left, self.is_of_nothing()).then_some((self.customer, self.day, Term { first, last, amount }))
    }

    fn left(&self, seen: i32) -> Option<(i64, i64)> {
        let known = self.steps.iter().take_while(|(day, ..)| *day <= seen).last();
        known.map(|&(_, revenue, margin)| (revenue, margin))
    }

    fn is_of_nothing(&self) -> bool {
        self.steps.first().is_some_and(|&(_, revenue, _)| revenue == 0)
    }
}

/// Whether a deal with so much left is a purchase: one taken back in full did not happen, one of nothing did.
fn stands(left: i64, is_of_nothing: bool) -> bool {
    left > 0 || (left == 0 && is_of_nothing)
}

/// Everybody who booked anything, by code; codes are in the order of the identifiers.
#[derive(Debug)]
pub(super) struct Customers {
    /// Identifiers as text, by code.
    pub(super) names: StringArray,
    /// The segment, by code.
    pub(super) segments: Vec<String>,
    /// Bookings by customer, day and amount.
    pub(super) bookings: Vec<Booking>,
    /// What the purchase models see, column by column: purchases that nothing was given back of, and refunds without a purchase.
    customer: Vec<u32>,
    day: Vec<i32>,
    margin: Vec<i64>,
    /// Terms of those of these that have one, by code, with the day they were booked.
    terms: Vec<(u32, i32, Term)>,
    /// Deals of which something was given back.
    reduced: Vec<ReducedDeal>,
    /// The deals that no credit of their own takes back, by code and day: their rows in the deals table.
    standing: Vec<(u32, i32, u32)>,
}

impl Customers {
    /// Reads them from what the run has loaded.
    ///
    /// # Errors
    /// Tables of other columns than the stage files give them.
    pub(super) async fn read(plan: &Plan, rules: &Lifetime, prepared: &Prepared) -> Result<Self, EngineError> {
        let accounts = accounts(prepared, rules.segment_by).await?;
        let mut customers = if plan.source(Table::Transactions).is_some() {
            Self::of_transactions(plan, prepared, &accounts).await?
        } else {
            Self::of_deals(plan, prepared, &accounts)?
        };
        customers
            .bookings
            .sort_unstable_by_key(|booking| (booking.customer, booking.day, booking.revenue, booking.term));
        Ok(customers)
    }

    /// The purchases as the models take them, with what was given back by the end of a day.
    ///
    /// # Errors
    /// Money beyond 64 bits.
    pub(super) fn purchases(&self, seen: i32) -> Result<PurchaseRows, LifetimeError> {
        let (mut customer, mut day, mut margin) = (self.customer.clone(), self.day.clone(), self.margin.clone());
        for deal in &self.reduced {
            if let Some(left) = deal.margin(seen) {
                customer.push(deal.customer);
                day.push(deal.day);
                margin.push(left);
            }
        }
        PurchaseRows::new(&customer, &day, &margin)
    }

    /// The terms of deals that stand by the end of a day, by code, with the day they were booked.
    pub(super) fn terms(&self, seen: i32) -> Vec<(u32, i32, Term)> {
        let reduced = self.reduced.iter().filter_map(|deal| deal.term(seen));
        let mut terms: Vec<(u32, i32, Term)> = self.terms.iter().copied().chain(reduced).collect();
        terms.sort_unstable();
        terms
    }

    fn empty(names: StringArray, segments: Vec<String>) -> Self {
        let (bookings, terms, reduced, standing) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { names, segments, bookings, customer: vec![], day: vec![], margin: vec![], terms, reduced, standing }
    }

    /// The row of the deal that acquired a customer on a day: the first that stands. A credit without its original may have
    /// taken back earlier ones.
    pub(super) fn acquisition(&self, code: u32, acquired_on: i32) -> Option<u32> {
        let from = self.standing.partition_point(|&(customer, ..)| customer < code);
        let of_customer = self.standing[from..].iter().take_while(|(customer, ..)| *customer == code);
        of_customer.filter(|(_, day, _)| *day >= acquired_on).map(|&(.., deal)| deal).next()
    }

    fn of_deals(plan: &Plan, prepared: &Prepared, accounts: &Accounts) -> Result<Self, EngineError> {
        let (deals, conversions) = (&prepared.deals, &prepared.conversions);
        let firsts: UInt32Array = (0..conversions.accounts())
            .map(|account| conversions.of_account(account).first().map(|conversion| conversion.deal))
            .collect();
        let account_ids = column(deals, "account_id")?;
        let names = texts(&take(account_ids, &firsts, None)?)?;
        let segments = accounts.segments(&conversions.by_account, conversions.accounts())?;
        let mut customers = Self::empty(names, segments);
        let (starts, ends) = (dates(deals, "starts_on")?, dates(deals, "ends_on")?);
        for account in 0..conversions.accounts() {
            let code = narrow(account);
            for conversion in conversions.of_account(account) {
                let row = conversion.deal as usize;
                let term = (starts.is_valid(row) && ends.is_valid(row)).then(|| (starts.value(row), ends.value(row)));
                let credits = conversions.credits_of(conversion);
                let credits = credits.iter().map(|credit| (day_of(plan, credit.closed_at), credit.amount));
                customers.add_deal(plan, code, conversion, term, credits.collect());
            }
        }
        let account_ids = IdColumn::try_new(account_ids)?;
        for credit in &conversions.credits.unmatched {
            if let Some(code) = conversions.by_account.probe(&account_ids, credit.deal as usize) {
                let day = day_of(plan, credit.closed_at);
                let margin = margin(plan, credit.amount);
                customers.book(Booking {
                    customer: code,
                    day,
                    revenue: credit.amount,
                    margin,
                    is_purchase: false,
                    term: None,
                });
                if credit.amount != 0 {
                    customers.purchase(plan, code, day, credit.amount);
                }
            }
        }
        Ok(customers)
    }

    /// A deal with its credits: what is left of it is one purchase; taken back in full it did not happen.
    fn add_deal(
        &mut self,
        plan: &Plan,
        code: u32,
        conversion: &Conversion,
        term: Option<(i32, i32)>,
        credits: Vec<(i32, i64)>,
    ) {
        let day = day_of(plan, conversion.converted_at);
        let left = conversion.amount + credits.iter().map(|(_, amount)| amount).sum::<i64>();
        let stands = stands(left, conversion.amount == 0);
        let booking =
            Booking { customer: code, day, revenue: left, margin: margin(plan, left), is_purchase: stands, term };
        match term {
            Some(_) => self.book(booking),
            None => {
                // The margin of each piece is what it changes in the margin of the whole, so that nothing is left by rounding.
                let (mut is_purchase, mut balance) = (stands, 0);
                for (day, revenue) in std::iter::once((day, conversion.amount)).chain(credits.iter().copied()) {
                    let margin = margin(plan, balance + revenue) - margin(plan, balance);
                    self.book(Booking { day, revenue, margin, is_purchase, ..booking });
                    (balance, is_purchase) = (balance + revenue, false);
                }
            }
        }
        if stands {
            self.standing.push((code, day, conversion.deal));
        }
        if credits.is_empty() {
            self.purchase(plan, code, day, left);
            let term = term.filter(|_| stands);
            self.terms.extend(term.map(|(first, last)| (code, day, Term { first, last, amount: margin(plan, left) })));
            return;
        }
        let mut balance = 0;
        let step = |(day, revenue)| {
            balance += revenue;
            (day, balance, margin(plan, balance))
        };
        let steps = std::iter::once((day, conversion.amount)).chain(credits).map(step).collect();
        self.reduced.push(ReducedDeal { customer: code, day, term, steps });
    }

    async fn of_transactions(plan: &Plan, prepared: &Prepared, accounts: &Accounts) -> Result<Self, EngineError> {
        let sql = include_str!("../../../sql/lifetime/transactions.sql");
        let rows = session::collect(session::read_only(&prepared.ctx, sql).await?).await?;
        let ids = column(&rows, "account_id")?;
        let coded = code(ids)?;
        let firsts: UInt32Array = coded.rows.iter().map(|&row| Some(row)).collect();
        let names = texts(&take(ids, &firsts, None)?)?;
        let by_id = KeyIndex::build(ids, coded.rows.iter().map(|&row| row as usize).zip(0..))?;
        let segments = accounts.segments(&by_id, names.len())?;
        let mut customers = Self::empty(names, segments);
        let days: &Int32Array = column(&rows, "day")?.as_primitive::<Int32Type>();
        let amounts = column(&rows, "amount")?.as_primitive::<Int64Type>();
        for (row, &code) in coded.codes.iter().enumerate() {
            let (day, revenue) = (days.value(row), amounts.value(row));
            let margin = margin(plan, revenue);
            customers.book(Booking { customer: code, day, revenue, margin, is_purchase: revenue >= 0, term: None });
            customers.purchase(plan, code, day, revenue);
        }
        // The deals still say which one brought the customer.
        let of_deals = Self::of_deals(plan, prepared, accounts)?;
        let known = IdColumn::try_new(ids)?;
        for (code, &row) in coded.rows.iter().enumerate() {
            let account = prepared.conversions.by_account.probe(&known, row as usize);
            if let Some(deal) = account.and_then(|account| of_deals.acquisition(account, i32::MIN)) {
                // Whatever the days of the transactions.
                customers.standing.push((narrow(code), i32::MAX, deal));
            }
        }
        Ok(customers)
    }

    fn book(&mut self, booking: Booking) {
        self.bookings.push(booking);
    }

    fn purchase(&mut self, plan: &Plan, customer: u32, day: i32, revenue: i64) {
        self.customer.push(customer);
        self.day.push(day);
        self.margin.push(margin(plan, revenue));
    }
}

fn margin(plan: &Plan, revenue: i64) -> i64 {
    portion(revenue, plan.finance.margin_ppm, MILLION)
}

/// The local day of an instant, since 1970-01-01.
pub(super) fn day_of(plan: &Plan, instant: i64) -> i32 {
    plan.calendar.day_of(instant).unwrap_or_default()
}

/// The accounts table, as far as segments go.
struct Accounts {
    ids: ArrayRef,
    segments: StringArray,
    /// The segment of customers of whom none is known.
    otherwise: &'static str,
}

impl Accounts {
    /// The segment of every customer in `index`.
    fn segments(&self, index: &KeyIndex, customers: usize) -> Result<Vec<String>, EngineError> {
        let mut segments = vec![self.otherwise.to_owned(); customers];
        let ids = IdColumn::try_new(&self.ids)?;
        for row in (0..self.segments.len()).filter(|&row| self.segments.is_valid(row)) {
            if let Some(customer) = index.probe(&ids, row) {
                self.segments.value(row).clone_into(&mut segments[customer as usize]);
            }
        }
        Ok(segments)
    }
}

async fn accounts(prepared: &Prepared, by: SegmentBy) -> Result<Accounts, EngineError> {
    let table = session::collect(prepared.ctx.table("accounts").await?).await?;
    let ids = ArrayRef::clone(column(&table, "account_id")?);
    let name = match by {
        SegmentBy::Segment => "segment",
        SegmentBy::Industry => "industry",
        SegmentBy::Region => "region",
        SegmentBy::Tier => "tier",
        SegmentBy::None => {
            let segments = StringArray::new_null(table.num_rows());
            return Ok(Accounts { ids, segments, otherwise: "all" });
        }
    };
    Ok(Accounts { ids, segments: text_column(&table, name)?, otherwise: "none" })
}

fn dates(rows: &RecordBatch, name: &str) -> Result<Date32Array, EngineError> {
    Ok(cast(column(rows, name)?, &DataType::Date32)?.as_primitive::<Date32Type>().clone())
}
