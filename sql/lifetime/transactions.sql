-- What customers bought and gave back, by local day.
-- In: transactions (canonical).
SELECT account_id, CAST(local_date(transacted_at) AS INT) AS day, amount
FROM transactions
