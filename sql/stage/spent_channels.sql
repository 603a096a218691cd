-- spent_channels: campaign that the campaigns table does not have × channel that its spend names.
-- In: spend, campaigns (canonical).
SELECT DISTINCT s.campaign_id, s.channel
FROM spend s LEFT ANTI JOIN campaigns c ON s.campaign_id = c.campaign_id
WHERE s.campaign_id IS NOT NULL AND s.channel IS NOT NULL
