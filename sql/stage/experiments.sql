-- stage_experiments: one row per experiment row read, over the inclusive days first_day..last_day.
-- In: source_experiments, $as_of. `lift` and its standard error are in conversions, or in the currency's major unit where
-- `measure` is money. An experiment that was not over by $as_of has not measured anything yet.
WITH typed AS (
    SELECT
        campaign_id, channel, recorded_at, source_row,
        first_day(start_date) AS first_day, last_day(end_date) AS last_day,
        TRY_CAST(lift AS DOUBLE) AS lift, TRY_CAST(standard_error AS DOUBLE) AS standard_error,
        coalesce(lower(measure), 'conversions') AS measure
    FROM source_experiments
)
SELECT
    campaign_id, channel, first_day, last_day, lift, standard_error, measure, source_row,
    coalesce(greatest(instant_end(recorded_at), instant_end(last_day)) <= $as_of, true) AS in_scope,
    CASE
        WHEN campaign_id IS NULL AND channel IS NULL THEN 'missing_campaign'
        WHEN first_day IS NULL OR instant_end(last_day) IS NULL THEN 'bad_date'
        WHEN last_day < first_day THEN 'reversed_dates'
        WHEN recorded_at IS NOT NULL AND instant_end(recorded_at) IS NULL THEN 'bad_timestamp'
        WHEN lift IS NULL OR isnan(lift) OR abs(lift) > 1e15 THEN 'bad_number'
        WHEN standard_error IS NULL OR isnan(standard_error) OR standard_error <= 0 OR standard_error > 1e15 THEN 'bad_number'
        WHEN measure NOT IN ('conversions', 'money') THEN 'unknown_measure'
    END AS reason
FROM typed
