-- dim_campaign: one row a campaign, those that only touches or spend name included.
-- In: campaigns (canonical), credit_totals, spend_by_quarter.
WITH known AS (SELECT *, CAST(campaign_id AS VARCHAR) AS id FROM campaigns),
named AS (
    SELECT DISTINCT campaign_id AS id FROM credit_totals WHERE campaign_id IS NOT NULL
    UNION
    SELECT DISTINCT campaign_id FROM spend_by_quarter WHERE campaign_id IS NOT NULL
)
SELECT id AS campaign_id, name, channel, subchannel, content, CAST(parent_campaign_id AS VARCHAR) AS parent_campaign_id,
       start_date, end_date, budget, true AS is_known
FROM known
UNION ALL
SELECT n.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false
FROM named n LEFT ANTI JOIN known k ON n.id = k.id
ORDER BY campaign_id
