-- stage_accounts: one row per account row read.
-- In: source_accounts, $as_of. `reason` says why a row is set aside; `in_scope` is false when it was recorded later than $as_of.
SELECT
    account_id, name, industry, region, TRY_CAST(employees AS BIGINT) AS employees, segment, tier,
    TRY_CAST(is_target AS BOOLEAN) AS is_target, owner, source_row,
    coalesce(instant_end(recorded_at) <= $as_of, true) AS in_scope,
    CASE
        WHEN account_id IS NULL THEN 'missing_key'
        WHEN recorded_at IS NOT NULL AND instant_end(recorded_at) IS NULL THEN 'bad_timestamp'
        WHEN is_target IS NOT NULL AND TRY_CAST(is_target AS BOOLEAN) IS NULL THEN 'bad_flag'
        WHEN employees IS NOT NULL AND TRY_CAST(employees AS BIGINT) IS NULL THEN 'bad_number'
    END AS reason
FROM source_accounts
