-- spent_strangers: campaign that the campaigns table does not have, and what was spent on it.
-- In: spend, campaigns (canonical).
SELECT s.campaign_id AS id, sum(s.amount) AS amount
FROM spend s LEFT ANTI JOIN campaigns c ON s.campaign_id = c.campaign_id
WHERE s.campaign_id IS NOT NULL
GROUP BY s.campaign_id
