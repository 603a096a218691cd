-- Question: which campaigns were worth their money whichever model one believes, which were not under any, and which depend?
-- Asked by: leadership, when budget moves between campaigns.
-- Marts: model_comparison, dim_campaign, reconciliation.
-- The latest quarter by close date, campaigns with spend, at the hurdle of the run.
SELECT
    c.decision,
    c.campaign_id,
    d.name,
    max(c.spend) AS spend,
    min(c.amount) AS least_revenue,
    max(c.amount) AS most_revenue,
    min(c.roi) AS least_roi,
    max(c.roi) AS greatest_roi
FROM model_comparison c
LEFT JOIN dim_campaign d ON d.campaign_id = c.campaign_id
WHERE c.level = 'campaign' AND c.basis = 'close_date' AND c.decision IS NOT NULL
    AND c.fiscal_quarter = (SELECT max(fiscal_quarter) FROM reconciliation)
GROUP BY c.decision, c.campaign_id, d.name
ORDER BY c.decision DESC, spend DESC, c.campaign_id
