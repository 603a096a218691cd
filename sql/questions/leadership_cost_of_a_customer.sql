-- Question: what does a new customer cost, by channel and fiscal year?
-- Asked by: leadership, for the board.
-- Marts: channel_roi, dim_fiscal_quarter, dim_model.
-- By close date under the default model. New deals are fractional booking lines, so that a customer who bought in two lines at
-- once counts twice. A channel that won none has no cost per customer, nor has one without spend on record: it was hardly free.
SELECT
    q.fiscal_year,
    r.channel,
    sum(r.spend) AS spend,
    sum(r.new_deals) AS new_deals,
    CAST(nullif(sum(r.spend), 0) AS DOUBLE) / nullif(sum(r.new_deals), 0) AS cost_per_new_customer
FROM channel_roi r
JOIN dim_model m ON m.model = r.model
JOIN dim_fiscal_quarter q ON q.fiscal_quarter = r.fiscal_quarter
WHERE m.is_default AND r.basis = 'close_date' AND r.line = 'channel'
GROUP BY q.fiscal_year, r.channel
ORDER BY q.fiscal_year, r.channel
