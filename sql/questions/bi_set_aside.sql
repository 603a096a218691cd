-- Question: which rows of the exports could not be used, and why?
-- Asked by: BI, before trusting a refresh.
-- Marts: set_aside.
-- The rows themselves, with file and line, are in the mart.
SELECT table_name, reason, count(*) AS rejected, coalesce(sum(amount), 0) AS amount
FROM set_aside
GROUP BY table_name, reason
ORDER BY rejected DESC, table_name, reason
