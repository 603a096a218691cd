-- Question: how much of the booked revenue can be traced to touches, and how far do the models disagree about it?
-- Asked by: leadership, to know what the rest of the report rests on.
-- Marts: reconciliation, dim_model.
-- Shares of all booked revenue, renewals included.
WITH quarters AS (
    SELECT r.fiscal_quarter, m.is_default, r.model, sum(r.booked) AS booked, sum(r.attributed) AS attributed
    FROM reconciliation r
    JOIN dim_model m ON m.model = r.model
    GROUP BY r.fiscal_quarter, m.is_default, r.model
)
SELECT
    fiscal_quarter,
    max(booked) AS booked,
    min(attributed) AS least_attributed,
    sum(CASE WHEN is_default THEN attributed ELSE 0 END) AS attributed,
    max(attributed) AS most_attributed,
    CAST(sum(CASE WHEN is_default THEN attributed ELSE 0 END) AS DOUBLE) / nullif(CAST(max(booked) AS DOUBLE), 0) AS coverage
FROM quarters
GROUP BY fiscal_quarter
ORDER BY fiscal_quarter
