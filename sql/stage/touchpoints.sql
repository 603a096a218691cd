-- touchpoints: one row per touch row read, typed; the source's own columns stay for the `eligible` predicate.
-- In: source_touchpoints, $as_of.
WITH typed AS (
    SELECT
        * EXCLUDE (touched_at, responded, recorded_at),
        instant_start(touched_at) AS touched_at,
        TRY_CAST(responded AS BOOLEAN) AS responded,
        instant_end(recorded_at) AS recorded_at,
        responded IS NOT NULL AND TRY_CAST(responded AS BOOLEAN) IS NULL AS bad_flag,
        recorded_at IS NOT NULL AND instant_end(recorded_at) IS NULL AS bad_recording
    FROM source_touchpoints
)
SELECT
    *,
    coalesce(recorded_at <= $as_of AND touched_at <= $as_of, true) AS in_scope,
    CASE
        WHEN touch_id IS NULL THEN 'missing_key'
        WHEN touched_at IS NULL OR bad_recording THEN 'bad_timestamp'
        WHEN bad_flag THEN 'bad_flag'
        WHEN account_id IS NULL AND contact_id IS NULL THEN 'missing_account'
    END AS reason
FROM typed
