-- stage_opportunities: one row per opportunity row read.
-- In: source_opportunities, $deals_given, $as_of. Where `is_won` says nothing, the stage does.
-- A win or loss after $as_of has not happened yet; a loss without a date has not either. Where no
-- deals are given, a won opportunity needs a close and an amount. A `type` that means a kind of deal gives its deals their kind.
-- `unsaid_…` is what stages and types do not say; `amount_beyond` is the money of wins that have not happened yet.
WITH typed AS (
    SELECT
        opportunity_id, account_id, stage, is_won, closed_at, amount, currency, recorded_at, source_row,
        instant_end(created_at) AS created, instant_end(closed_at) AS closed, minor_units(amount) AS minor,
        coalesce(TRY_CAST(is_won AS BOOLEAN), is_won_stage(stage), false) AS won,
        coalesce(TRY_CAST(is_closed AS BOOLEAN), is_lost_stage(stage), false) AS ended,
        deal_kind(type) AS kind, type,
        NOT $deals_given AND TRY_CAST(is_won AS BOOLEAN) IS NULL AND coalesce(TRY_CAST(is_closed AS BOOLEAN), true)
            AND NOT coalesce(is_won_stage(stage) OR is_lost_stage(stage), false) AS is_end_unsaid
    FROM source_opportunities
),
told AS (SELECT *, won AND coalesce(closed <= $as_of, true) AS is_booked FROM typed)
SELECT
    instant_end(recorded_at) AS recorded_at, opportunity_id, account_id, created AS created_at, closed AS closed_at,
    CASE WHEN won THEN minor END AS amount, currency,
    is_booked AS is_won,
    NOT won AND ended AND closed IS NOT NULL AND coalesce(closed <= $as_of, true) AS is_lost,
    kind, NOT $deals_given AND is_booked AND kind IS NOT NULL AND minor >= 0 AS is_kind_of_type,
    CASE WHEN is_end_unsaid THEN coalesce(stage, '') END AS unsaid_stage,
    CASE WHEN is_end_unsaid THEN local_date(closed_at) END AS unsaid_close,
    CASE WHEN is_end_unsaid THEN minor END AS unsaid_amount,
    CASE WHEN NOT $deals_given AND is_booked AND kind IS NULL AND minor >= 0 THEN type END AS unsaid_type,
    CASE WHEN won AND closed > $as_of THEN minor END AS amount_beyond,
    is_rounded(amount) AS is_rounded, source_row,
    coalesce(instant_end(recorded_at) <= $as_of AND created <= $as_of, true) AS in_scope,
    CASE
        WHEN opportunity_id IS NULL THEN 'missing_key'
        WHEN account_id IS NULL THEN 'missing_account'
        WHEN created IS NULL THEN 'bad_timestamp'
        WHEN closed IS NULL AND (won AND NOT $deals_given OR closed_at IS NOT NULL) THEN 'bad_timestamp'
        WHEN recorded_at IS NOT NULL AND instant_end(recorded_at) IS NULL THEN 'bad_timestamp'
        WHEN is_won IS NOT NULL AND TRY_CAST(is_won AS BOOLEAN) IS NULL THEN 'bad_flag'
        WHEN amount IS NOT NULL AND minor IS NULL THEN 'bad_amount'
        WHEN amount IS NULL AND won AND NOT $deals_given THEN 'missing_amount'
    END AS reason
FROM told
