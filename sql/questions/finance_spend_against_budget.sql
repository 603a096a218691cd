-- Question: which campaigns have spent more than was planned?
-- Asked by: marketing finance, for accruals and next quarter's plan.
-- Marts: dim_campaign, campaign_spend.
-- Spend counts to the as-of date. Campaigns without a budget are left out.
WITH spent AS (SELECT campaign_id, sum(spend) AS spend FROM campaign_spend GROUP BY campaign_id)
SELECT
    c.campaign_id,
    c.name,
    c.budget,
    coalesce(s.spend, 0) AS spend,
    coalesce(s.spend, 0) - c.budget AS over_budget,
    CAST(coalesce(s.spend, 0) AS DOUBLE) / nullif(CAST(c.budget AS DOUBLE), 0) AS spent_share
FROM dim_campaign c
LEFT JOIN spent s ON s.campaign_id = c.campaign_id
WHERE c.budget IS NOT NULL
ORDER BY over_budget DESC, c.campaign_id
