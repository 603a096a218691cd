-- stage_spend: one row per spend row read, over the inclusive days first_day..last_day.
-- In: source_spend, $as_of and $as_of_day, its day. What lies after it is out of scope (`amount_beyond`), and is cut off where
-- quarters are cut (spent_by_quarter.sql). Where a row has a `date`, other dates, as the campaign's flight, say nothing of it;
-- an end without a start ends what begins on that date.
WITH typed AS (
    SELECT
        campaign_id, channel, amount, currency, recorded_at, source_row,
        CASE WHEN date IS NULL THEN first_day(start_date) ELSE first_day(date) END AS first_day,
        CASE WHEN date IS NULL OR (start_date IS NULL AND end_date IS NOT NULL) THEN last_day(end_date) ELSE last_day(date) END AS last_day,
        minor_units(amount) AS minor
    FROM source_spend
)
SELECT
    campaign_id, channel, first_day, last_day, minor AS amount, currency, is_rounded(amount) AS is_rounded, source_row,
    CASE WHEN last_day > $as_of_day THEN
        minor - portion(minor, CAST($as_of_day AS INT) - CAST(first_day AS INT) + 1, CAST(last_day AS INT) - CAST(first_day AS INT) + 1)
    END AS amount_beyond,
    coalesce(instant_end(recorded_at) <= $as_of AND instant_start(first_day) <= $as_of, true) AS in_scope,
    CASE
        WHEN campaign_id IS NULL AND channel IS NULL THEN 'missing_campaign'
        WHEN first_day IS NULL OR instant_end(last_day) IS NULL THEN 'bad_date'
        WHEN last_day < first_day THEN 'reversed_dates'
        WHEN recorded_at IS NOT NULL AND instant_end(recorded_at) IS NULL THEN 'bad_timestamp'
        WHEN amount IS NULL THEN 'missing_amount'
        WHEN minor IS NULL THEN 'bad_amount'
    END AS reason
FROM typed
