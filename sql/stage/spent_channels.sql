-- spent_channels: campaign that the campaigns table does not have, and the channel that its spend names, the first of several.
-- In: spend, campaigns (canonical).
SELECT s.campaign_id, min(s.channel) AS channel
FROM spend s LEFT ANTI JOIN campaigns c ON s.campaign_id = c.campaign_id
WHERE s.campaign_id IS NOT NULL AND s.channel IS NOT NULL
GROUP BY s.campaign_id
