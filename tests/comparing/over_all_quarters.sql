-- The money of model_decision over all quarters by summing the ROI marts; its ratio is that of whole cents.
WITH lines AS (
    SELECT line AS level, campaign_id, channel, basis, model, amount, spend FROM campaign_roi WHERE line = 'campaign'
    UNION ALL
    SELECT line, NULL, channel, basis, model, amount, spend FROM channel_roi WHERE line = 'channel'
),
sums AS (
    SELECT level, campaign_id, channel, basis, model, sum(amount) AS amount, sum(spend) AS spend
    FROM lines
    GROUP BY level, campaign_id, channel, basis, model
)
SELECT
    *, CAST(CAST((amount - spend) * 100 AS BIGINT) AS DOUBLE) / nullif(CAST(CAST(spend * 100 AS BIGINT) AS DOUBLE), 0) AS roi
FROM sums
