-- Question: which campaigns were worth their money whichever model one believes, which were not under any, and which depend?
-- Asked by: leadership, when budget moves between campaigns.
-- Marts: model_comparison, dim_campaign.
-- All quarters together, since what is spent in one is earned in later ones. Worth its money is what returned at least its spend;
-- campaigns of the last months may yet return more. model_decision judges by the hurdle of the run, with intervals.
-- Models that cannot credit a campaign are not asked, and campaigns that none can are left out.
WITH whole AS (
    SELECT campaign_id, model, sum(spend) AS spend, sum(amount) AS revenue
    FROM model_comparison
    WHERE level = 'campaign' AND basis = 'close_date' AND can_credit
    GROUP BY campaign_id, model
),
campaigns AS (
    SELECT campaign_id, max(spend) AS spend, min(revenue) AS least_revenue, max(revenue) AS most_revenue
    FROM whole
    GROUP BY campaign_id
)
SELECT
    CASE WHEN c.least_revenue >= c.spend THEN 'fund' WHEN c.most_revenue < c.spend THEN 'cut' ELSE 'depends' END AS decision,
    c.campaign_id,
    d.name,
    c.spend,
    c.least_revenue,
    c.most_revenue,
    CAST(c.least_revenue - c.spend AS DOUBLE) / CAST(c.spend AS DOUBLE) AS least_roi,
    CAST(c.most_revenue - c.spend AS DOUBLE) / CAST(c.spend AS DOUBLE) AS greatest_roi
FROM campaigns c
LEFT JOIN dim_campaign d ON d.campaign_id = c.campaign_id
WHERE c.spend > 0
ORDER BY decision DESC, c.spend DESC, c.campaign_id
