-- coverage: what of booked revenue each model attributes, over the chosen quarters.
-- In: reconciliation (mart), $quarter (null means all).
SELECT model, sum(booked) AS booked, sum(attributed) AS attributed
FROM reconciliation
WHERE coalesce(fiscal_quarter = $quarter, true)
GROUP BY model
ORDER BY model
