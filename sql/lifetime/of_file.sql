-- The transactions of one file by local day, those that cannot be read with their reason.
-- In: stage_transactions (a view of stage/transactions.sql).
SELECT account_id, CAST(local_date(transacted_at) AS INT) AS day, amount, coalesce(is_rounded, false) AS is_rounded, reason
FROM stage_transactions
