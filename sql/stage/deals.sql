-- stage_deals: one row per deal line read, with its opportunity's account and creation.
-- A term is known where both of its days can be read and are in order; a deal without one is earned when it closes.
-- A deal of an opportunity that is out of scope is so too. One without kind has its opportunity's, unless it gives money back.
-- In: source_deals, opportunities (canonical), later_opportunities, $as_of.
WITH typed AS (
    SELECT
        deal_id, opportunity_id, amount, currency, reverses_deal_id, recorded_at, source_row,
        instant_end(closed_at) AS closed, minor_units(amount) AS minor, coalesce(deal_kind(kind), lower(kind)) AS kind_name,
        starts_at, ends_at, first_day(starts_at) AS first_day, last_day(ends_at) AS last_day
    FROM source_deals
)
SELECT
    instant_end(d.recorded_at) AS recorded_at, d.deal_id, d.opportunity_id, o.account_id, o.created_at AS opportunity_created_at, d.closed AS closed_at,
    d.minor AS amount, d.currency, coalesce(d.kind_name, CASE WHEN d.minor >= 0 THEN o.kind END) AS kind, d.reverses_deal_id, is_rounded(d.amount) AS is_rounded,
    d.kind_name IS NULL AND o.kind IS NOT NULL AND d.minor >= 0 AS is_kind_of_type,
    CASE WHEN d.first_day <= d.last_day THEN d.first_day END AS starts_on,
    CASE WHEN d.first_day <= d.last_day THEN d.last_day END AS ends_on,
    (d.starts_at IS NOT NULL OR d.ends_at IS NOT NULL) AND coalesce(d.first_day > d.last_day, true) AS has_unreadable_term,
    d.source_row,
    coalesce(instant_end(d.recorded_at) <= $as_of AND d.closed <= $as_of, true)
        AND (o.opportunity_id IS NOT NULL OR l.opportunity_id IS NULL) AS in_scope,
    CASE
        WHEN d.deal_id IS NULL THEN 'missing_key'
        WHEN d.closed IS NULL THEN 'bad_timestamp'
        WHEN d.recorded_at IS NOT NULL AND instant_end(d.recorded_at) IS NULL THEN 'bad_timestamp'
        WHEN d.amount IS NULL THEN 'missing_amount'
        WHEN d.minor IS NULL THEN 'bad_amount'
        WHEN d.kind_name IS NOT NULL AND d.kind_name NOT IN ('new', 'expansion', 'renewal', 'credit') THEN 'unknown_kind'
        WHEN o.opportunity_id IS NULL AND l.opportunity_id IS NULL THEN 'orphan_opportunity'
    END AS reason
FROM typed d
LEFT JOIN opportunities o ON d.opportunity_id = o.opportunity_id
LEFT JOIN later_opportunities l ON d.opportunity_id = l.opportunity_id
