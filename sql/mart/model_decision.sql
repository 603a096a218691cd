-- model_decision: campaign or channel × fiscal quarter (null: all quarters) × basis × model, with the verdict that the
-- interval of roi allows.
-- In: campaign_roi, channel_roi, interval_totals (over all quarters), $has_intervals, $hurdle, $unit (minor units of one major unit).
-- What gives nothing has no interval: under every draw it gives nothing.
WITH of_quarters AS (
    SELECT line AS level, campaign_id, channel, fiscal_quarter, basis, model, amount, spend, accounts,
           amount_se, amount_low, amount_high, roi_se, roi_low, roi_high
    FROM campaign_roi WHERE line = 'campaign'
    UNION ALL
    SELECT line, NULL, channel, fiscal_quarter, basis, model, amount, spend, accounts,
           amount_se, amount_low, amount_high, roi_se, roi_low, roi_high
    FROM channel_roi WHERE line = 'channel'
),
sums AS (
    SELECT level, campaign_id, channel, basis, model, sum(amount) AS amount, sum(spend) AS spend
    FROM of_quarters
    GROUP BY level, campaign_id, channel, basis, model
),
over_all AS (
    SELECT s.level, s.campaign_id, s.channel, CAST(NULL AS VARCHAR) AS fiscal_quarter, s.basis, s.model, s.amount, s.spend,
           i.accounts, i.amount_se / $unit AS amount_se, i.amount_low / $unit AS amount_low,
           i.amount_high / $unit AS amount_high,
           CASE WHEN s.spend > 0 THEN i.amount_se / s.spend END AS roi_se,
           CASE WHEN s.spend > 0 THEN i.amount_low / s.spend - 1 END AS roi_low,
           CASE WHEN s.spend > 0 THEN i.amount_high / s.spend - 1 END AS roi_high
    FROM sums s LEFT JOIN interval_totals i
        ON i.line = s.level AND i.channel = s.channel AND i.model = s.model AND i.basis = s.basis
        AND coalesce(i.campaign_id, '') = coalesce(s.campaign_id, '')
),
lines AS (SELECT * FROM of_quarters UNION ALL SELECT * FROM over_all)
SELECT
    level, campaign_id, channel, fiscal_quarter, basis, model, amount, amount_se, amount_low, amount_high, accounts, spend,
    CAST(amount - spend AS DOUBLE) / nullif(spend, 0) AS roi, roi_se, roi_low, roi_high,
    CASE
        WHEN spend <= 0 OR NOT $has_intervals THEN NULL
        WHEN coalesce(roi_low, CAST(amount - spend AS DOUBLE) / spend) >= $hurdle THEN 'fund'
        WHEN coalesce(roi_high, CAST(amount - spend AS DOUBLE) / spend) < $hurdle THEN 'cut'
        ELSE 'too_close'
    END AS verdict
FROM lines
ORDER BY level, basis, model, fiscal_quarter, campaign_id, channel
