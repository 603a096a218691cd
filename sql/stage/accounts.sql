-- stage_accounts: one row per account row read.
-- In: source_accounts, $as_of. `reason` says why a row is set aside; `in_scope` is false when it was recorded later than $as_of.
-- A headcount that is no whole number, as "51-200", counts as none: no deal shall hang on it.
WITH typed AS (
    SELECT
        account_id, name, industry, region, employees, segment, tier, is_target, owner, recorded_at, source_row,
        TRY_CAST(CAST(employees AS VARCHAR) AS DOUBLE) AS number
    FROM source_accounts
),
counted AS (
    SELECT
        * EXCLUDE (number),
        CASE WHEN number = round(number) AND abs(number) < 1e15 THEN TRY_CAST(number AS BIGINT) END AS headcount
    FROM typed
)
SELECT
    instant_end(recorded_at) AS recorded_at, account_id, name, industry, region, headcount AS employees, segment, tier,
    TRY_CAST(is_target AS BOOLEAN) AS is_target, owner, source_row,
    employees IS NOT NULL AND headcount IS NULL AS is_uncounted,
    coalesce(instant_end(recorded_at) <= $as_of, true) AS in_scope,
    CASE
        WHEN account_id IS NULL THEN 'missing_key'
        WHEN recorded_at IS NOT NULL AND instant_end(recorded_at) IS NULL THEN 'bad_timestamp'
        WHEN is_target IS NOT NULL AND TRY_CAST(is_target AS BOOLEAN) IS NULL THEN 'bad_flag'
    END AS reason
FROM counted
