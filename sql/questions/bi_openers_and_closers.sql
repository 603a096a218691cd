-- Question: which campaigns open doors, and which close deals?
-- Asked by: BI, for the campaign-role dashboard.
-- Marts: touch_credits, dim_campaign.
-- Counts deals, so a campaign that opened and closed the same deal counts in both columns.
SELECT
    t.campaign_id,
    c.name,
    sum(CASE WHEN t.is_first THEN 1 ELSE 0 END) AS opened,
    sum(CASE WHEN t.is_lead_creation THEN 1 ELSE 0 END) AS created_lead,
    sum(CASE WHEN t.is_opportunity_creation THEN 1 ELSE 0 END) AS created_opportunity,
    sum(CASE WHEN t.is_closing THEN 1 ELSE 0 END) AS closed
FROM touch_credits t
LEFT JOIN dim_campaign c ON c.campaign_id = t.campaign_id
WHERE t.kind <> 'credit' AND t.campaign_id IS NOT NULL
GROUP BY t.campaign_id, c.name
ORDER BY opened DESC, closed DESC, t.campaign_id
