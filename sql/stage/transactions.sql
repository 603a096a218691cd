-- stage_transactions: one row per transaction read. Without amounts ($has_amount is false) every one counts 0.
-- In: source_transactions, $as_of, $has_amount.
WITH typed AS (
    SELECT
        account_id, amount, currency, recorded_at, source_row,
        instant_end(transacted_at) AS at, minor_units(amount) AS minor
    FROM source_transactions
)
SELECT
    account_id, at AS transacted_at, coalesce(minor, 0) AS amount, currency, is_rounded(amount) AS is_rounded, source_row,
    coalesce(instant_end(recorded_at) <= $as_of AND at <= $as_of, true) AS in_scope,
    CASE
        WHEN account_id IS NULL THEN 'missing_key'
        WHEN at IS NULL THEN 'bad_timestamp'
        WHEN recorded_at IS NOT NULL AND instant_end(recorded_at) IS NULL THEN 'bad_timestamp'
        WHEN $has_amount AND amount IS NULL THEN 'missing_amount'
        WHEN amount IS NOT NULL AND minor IS NULL THEN 'bad_amount'
    END AS reason
FROM typed
