-- Question: what did each channel return per fiscal year?
-- Asked by: leadership, for the annual plan.
-- Marts: channel_roi, dim_fiscal_quarter, dim_model.
-- By close date under the default model. A year's ratio comes from its sums: quarterly ratios are never averaged.
SELECT
    q.fiscal_year,
    r.channel,
    sum(r.spend) AS spend,
    sum(r.amount) AS revenue,
    CASE WHEN sum(r.spend) > 0 THEN CAST(sum(r.amount) - sum(r.spend) AS DOUBLE) / CAST(sum(r.spend) AS DOUBLE) END AS roi
FROM channel_roi r
JOIN dim_model m ON m.model = r.model
JOIN dim_fiscal_quarter q ON q.fiscal_quarter = r.fiscal_quarter
WHERE m.is_default AND r.basis = 'close_date' AND r.line = 'channel'
GROUP BY q.fiscal_year, r.channel
ORDER BY q.fiscal_year, revenue DESC, r.channel
