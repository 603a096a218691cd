-- model_comparison by windows over the ROI marts of the demo company, whose hurdle is 0.5 and default w_shaped; each of its
-- models attributes something.
WITH lines AS (
    SELECT line AS level, campaign_id, channel, fiscal_quarter, basis, model, amount, spend, roi
    FROM campaign_roi WHERE line = 'campaign'
    UNION ALL
    SELECT line, NULL, channel, fiscal_quarter, basis, model, amount, spend, roi
    FROM channel_roi WHERE line = 'channel'
),
compared AS (
    SELECT
        *,
        sum(CASE WHEN model = 'w_shaped' THEN amount ELSE 0 END) OVER of_line AS default_amount,
        min(roi) OVER of_line AS least_roi,
        max(roi) OVER of_line AS greatest_roi,
        rank() OVER (PARTITION BY level, fiscal_quarter, basis, model ORDER BY amount DESC) AS rank
    FROM lines
    WINDOW of_line AS (PARTITION BY level, campaign_id, channel, fiscal_quarter, basis)
)
SELECT
    level, campaign_id, channel, fiscal_quarter, basis, model, amount, amount - default_amount AS delta, spend, roi,
    CAST(rank AS BIGINT) AS rank, true AS can_credit,
    CASE
        WHEN spend <= 0 THEN NULL
        WHEN least_roi >= 0.5 THEN 'fund'
        WHEN greatest_roi < 0.5 THEN 'cut'
        ELSE 'depends'
    END AS decision
FROM compared
