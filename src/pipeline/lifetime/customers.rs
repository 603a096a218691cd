//! Who the customers are and what they booked: from the deals, credits netted out, or from a table of transactions.

use super::coding::code;
use super::given_back::{GivenBack, ReducedDeal, Step, settle};
use crate::config::Plan;
use crate::config::file::{SegmentBy, Table};
use crate::config::plan::Lifetime;
use crate::engine::columns::{column, text_column, texts, value_at};
use crate::engine::dense::narrow;
use crate::engine::ids::IdColumn;
use crate::engine::purchases::PurchaseRows;
use crate::engine::{EngineError, session};
use crate::pipeline::prepare::Prepared;
use crate::scatter::conversions::CreditDeal;
use crate::scatter::keys::KeyIndex;
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type};
use closedloop_core::ledger::portion;
use closedloop_core::lifetime::{LifetimeError, Term};
use std::collections::BTreeMap;

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
    /// Deals of accounts that gave something back, by code.
    reduced: Vec<(u32, ReducedDeal)>,
    /// The deals that stand, by code and in order of closing: their rows in the deals table.
    standing: Vec<(u32, u32)>,
    /// Margin, in millionths of revenue.
    margin_ppm: i64,
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
        for (code, deal) in &self.reduced {
            if let Some(left) = deal.standing(seen) {
                customer.push(*code);
                day.push(deal.day);
                margin.push(self.margin_of(left));
            }
        }
        PurchaseRows::new(&customer, &day, &margin)
    }

    /// The terms of deals that stand by the end of a day, by code, with the day they were booked.
    pub(super) fn terms(&self, seen: i32) -> Vec<(u32, i32, Term)> {
        let margin = |revenue| self.margin_of(revenue);
        let reduced = self.reduced.iter().filter_map(|(code, deal)| Some((*code, deal.day, deal.term(seen, margin)?)));
        let mut terms: Vec<(u32, i32, Term)> = self.terms.iter().copied().chain(reduced).collect();
        terms.sort_unstable();
        terms
    }

    fn empty(plan: &Plan, names: StringArray, segments: Vec<String>) -> Self {
        let (bookings, terms, reduced, standing) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let margin_ppm = plan.finance.margin_ppm;
        Self {
            names,
            segments,
            bookings,
            customer: vec![],
            day: vec![],
            margin: vec![],
            terms,
            reduced,
            standing,
            margin_ppm,
        }
    }

    /// The row of the deal that acquired a customer: the first that stands.
    pub(super) fn acquisition(&self, code: u32) -> Option<u32> {
        let from = self.standing.partition_point(|&(customer, _)| customer < code);
        self.standing.get(from).filter(|(customer, _)| *customer == code).map(|&(_, deal)| deal)
    }

    fn of_deals(plan: &Plan, prepared: &Prepared, accounts: &Accounts) -> Result<Self, EngineError> {
        let (deals, conversions) = (&prepared.deals, &prepared.conversions);
        let firsts: UInt32Array = (0..conversions.accounts())
            .map(|account| conversions.of_account(account).first().map(|conversion| conversion.deal))
            .collect();
        let account_ids = column(deals, "account_id")?;
        let names = texts(&take(account_ids, &firsts, None)?)?;
        let segments = accounts.segments(&conversions.by_account, conversions.accounts())?;
        let mut customers = Self::empty(plan, names, segments);
        let (starts, ends) = (dates(deals, "starts_on")?, dates(deals, "ends_on")?);
        let account_ids = IdColumn::try_new(account_ids)?;
        let mut unmatched: BTreeMap<u32, Vec<GivenBack>> = BTreeMap::new();
        for credit in &conversions.credits.unmatched {
            if let Some(code) = conversions.by_account.probe(&account_ids, credit.deal as usize) {
                unmatched.entry(code).or_default().push(given_back(plan, credit, None));
            }
        }
        for account in 0..conversions.accounts() {
            let code = narrow(account);
            let mut given_back_of_account = unmatched.remove(&code).unwrap_or_default();
            let of_account = conversions.of_account(account).iter();
            let deals = of_account.clone().map(|conversion| {
                let row = conversion.deal as usize;
                let term = value_at(&starts, row).zip(value_at(&ends, row));
                ReducedDeal::new(conversion.deal, day_of(plan, conversion.converted_at), conversion.amount, term)
            });
            for (position, conversion) in of_account.enumerate() {
                let credits = conversions.credits_of(conversion).iter();
                given_back_of_account.extend(credits.map(|credit| given_back(plan, credit, Some(position))));
            }
            customers.add_account(code, deals.collect(), given_back_of_account);
        }
        Ok(customers)
    }

    /// The deals of an account with what was given back.
    fn add_account(&mut self, code: u32, mut deals: Vec<ReducedDeal>, given_back: Vec<GivenBack>) {
        let gave_back = !given_back.is_empty();
        for (day, revenue) in settle(&mut deals, given_back) {
            let margin = self.margin_of(revenue);
            self.book(Booking { customer: code, day, revenue, margin, term: None });
        }
        for deal in deals {
            self.book_deal(code, &deal);
            if gave_back {
                self.reduced.push((code, deal));
                continue;
            }
            self.purchase(code, deal.day, deal.left());
            self.terms
                .extend(deal.term(i32::MAX, |revenue| self.margin_of(revenue)).map(|term| (code, deal.day, term)));
        }
    }

    /// What a deal earns: what is left of one with a term over that term, any other and what was given back of it when it was.
    fn book_deal(&mut self, code: u32, deal: &ReducedDeal) {
        if deal.standing(i32::MAX).is_some() {
            self.standing.push((code, deal.deal));
        }
        let (day, left, term) = (deal.day, deal.left(), deal.term);
        let booking = Booking { customer: code, day, revenue: left, margin: self.margin_of(left), term };
        if term.is_some() {
            return self.book(booking);
        }
        // The margin of each step is what it changes in the margin of the whole, so that nothing is left by rounding.
        let mut before = 0;
        for Step { day, revenue, left } in deal.steps() {
            let margin = self.margin_of(left) - self.margin_of(before);
            self.book(Booking { day, revenue, margin, ..booking });
            before = left;
        }
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
        let mut customers = Self::empty(plan, names, segments);
        let days: &Int32Array = column(&rows, "day")?.as_primitive::<Int32Type>();
        let amounts = column(&rows, "amount")?.as_primitive::<Int64Type>();
        for (row, &code) in coded.codes.iter().enumerate() {
            let (day, revenue) = (days.value(row), amounts.value(row));
            let margin = customers.margin_of(revenue);
            customers.book(Booking { customer: code, day, revenue, margin, term: None });
            customers.purchase(code, day, revenue);
        }
        // The deals still say which one brought the customer.
        let of_deals = Self::of_deals(plan, prepared, accounts)?;
        let known = IdColumn::try_new(ids)?;
        for (code, &row) in coded.rows.iter().enumerate() {
            let account = prepared.conversions.by_account.probe(&known, row as usize);
            let acquisition = account.and_then(|account| of_deals.acquisition(account));
            customers.standing.extend(acquisition.map(|deal| (narrow(code), deal)));
        }
        Ok(customers)
    }

    fn book(&mut self, booking: Booking) {
        self.bookings.push(booking);
    }

    fn purchase(&mut self, customer: u32, day: i32, revenue: i64) {
        self.customer.push(customer);
        self.day.push(day);
        self.margin.push(self.margin_of(revenue));
    }

    fn margin_of(&self, revenue: i64) -> i64 {
        portion(revenue, self.margin_ppm, MILLION)
    }
}

fn given_back(plan: &Plan, credit: &CreditDeal, of: Option<usize>) -> GivenBack {
    GivenBack { day: day_of(plan, credit.closed_at), amount: credit.amount, of }
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
