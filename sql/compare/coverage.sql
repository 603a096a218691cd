-- coverage: what of booked revenue each model attributes, over the chosen quarters.
-- In: reconciliation (mart), $quarter (null means all).
SELECT model, CAST(sum(booked) AS DOUBLE) AS booked, CAST(sum(attributed) AS DOUBLE) AS attributed
FROM reconciliation
WHERE coalesce(fiscal_quarter = $quarter, true)
GROUP BY model
ORDER BY model
