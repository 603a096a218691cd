-- model_comparison: campaign or channel × fiscal quarter × basis × model.
-- In: campaign_roi, channel_roi, $default_model, $hurdle.
WITH lines AS (
    SELECT 'campaign' AS level, campaign_id, channel, fiscal_quarter, basis, model, amount, spend, roi
    FROM campaign_roi WHERE line = 'campaign'
    UNION ALL
    SELECT 'channel', NULL, channel, fiscal_quarter, basis, model, amount, spend, roi
    FROM channel_roi WHERE line = 'channel'
),
compared AS (
    SELECT
        *,
        sum(CASE WHEN model = $default_model THEN amount ELSE 0 END) OVER of_line AS default_amount,
        min(roi) OVER of_line AS least_roi,
        max(roi) OVER of_line AS greatest_roi,
        rank() OVER (PARTITION BY level, fiscal_quarter, basis, model ORDER BY amount DESC) AS rank
    FROM lines
    WINDOW of_line AS (PARTITION BY level, campaign_id, channel, fiscal_quarter, basis)
)
SELECT
    level, campaign_id, channel, fiscal_quarter, basis, model, amount, amount - default_amount AS delta, spend, roi, rank,
    CASE
        WHEN spend <= 0 THEN NULL
        WHEN least_roi >= $hurdle THEN 'fund'
        WHEN greatest_roi < $hurdle THEN 'cut'
        ELSE 'depends'
    END AS decision
FROM compared
ORDER BY level, basis, model, fiscal_quarter, rank, campaign_id, channel
