-- ledger_lines: every line of money, spend included, under every model and both bases; what the ROI marts roll up.
-- In: credit_totals, residual_totals, spend_by_quarter, dim_model.
WITH bases AS (SELECT 'close_date' AS basis UNION ALL SELECT 'touch_date' AS basis)
SELECT
    b.basis, CASE WHEN c.campaign_id IS NULL THEN 'no_campaign' ELSE 'campaign' END AS line, c.campaign_id, c.channel,
    CAST(NULL AS VARCHAR) AS residual,
    CASE WHEN b.basis = 'close_date' THEN c.close_quarter ELSE c.touch_quarter END AS quarter,
    c.model, c.kind, c.amount, c.share, c.deals, c.touches, CAST(0 AS BIGINT) AS spend
FROM credit_totals c CROSS JOIN bases b
UNION ALL
SELECT
    b.basis, 'residual', NULL, NULL, r.residual, r.close_quarter, r.model, r.kind, r.amount, r.share, r.deals, 0, 0
FROM residual_totals r CROSS JOIN bases b
UNION ALL
SELECT
    b.basis, CASE WHEN s.campaign_id IS NULL THEN 'no_campaign' ELSE 'campaign' END, s.campaign_id, s.channel, NULL,
    s.quarter, m.model, NULL, 0, 0, 0, 0, s.spend
FROM spend_by_quarter s CROSS JOIN dim_model m CROSS JOIN bases b
