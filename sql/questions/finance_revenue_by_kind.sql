-- Question: how much of each channel's revenue this fiscal year is new business, how much expansion, and what was given back?
-- Asked by: marketing finance, for the revenue bridge.
-- Marts: channel_roi, dim_fiscal_quarter, dim_model, reconciliation.
-- By close date, under the default model, in the fiscal year of the latest booking. What went to no touch is in
-- reconciliation, not here.
SELECT
    r.channel,
    sum(r.new_amount) AS new_business,
    sum(r.expansion_amount) AS expansion,
    sum(r.renewal_amount) AS renewal,
    sum(r.credit_amount) AS given_back,
    sum(r.amount) AS revenue
FROM channel_roi r
JOIN dim_model m ON m.model = r.model
JOIN dim_fiscal_quarter q ON q.fiscal_quarter = r.fiscal_quarter
WHERE m.is_default AND r.basis = 'close_date' AND r.line = 'channel'
    AND q.fiscal_year = (
        SELECT max(y.fiscal_year) FROM reconciliation b JOIN dim_fiscal_quarter y ON y.fiscal_quarter = b.fiscal_quarter
    )
GROUP BY r.channel
ORDER BY revenue DESC, r.channel
