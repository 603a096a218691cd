-- stage_spend: one row per spend row read, over the inclusive days first_day..last_day.
-- In: source_spend, $as_of. What lies after $as_of is cut off where quarters are cut (mart/spend_by_quarter.sql).
WITH typed AS (
    SELECT
        campaign_id, channel, end_date, amount, currency, recorded_at, source_row,
        coalesce(local_date(start_date), local_date(date)) AS first_day,
        coalesce(local_date(end_date), local_date(start_date), local_date(date)) AS last_day,
        minor_units(amount) AS minor
    FROM source_spend
)
SELECT
    campaign_id, channel, first_day, last_day, minor AS amount, currency, is_rounded(amount) AS is_rounded, source_row,
    coalesce(coalesce(instant_end(recorded_at), instant_start(first_day)) <= $as_of, true) AS in_scope,
    CASE
        WHEN campaign_id IS NULL AND channel IS NULL THEN 'missing_campaign'
        WHEN first_day IS NULL OR (end_date IS NOT NULL AND local_date(end_date) IS NULL) THEN 'bad_date'
        WHEN last_day < first_day THEN 'reversed_dates'
        WHEN recorded_at IS NOT NULL AND instant_end(recorded_at) IS NULL THEN 'bad_timestamp'
        WHEN amount IS NULL THEN 'missing_amount'
        WHEN minor IS NULL THEN 'bad_amount'
    END AS reason
FROM typed
