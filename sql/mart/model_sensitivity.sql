-- model_sensitivity: campaign or channel × fiscal quarter × model × lookback × half-life; basis close_date.
-- In: sensitivity_totals.
WITH sums AS (
    SELECT 'campaign' AS level, campaign_id, channel, quarter, model, lookback_days, half_life_days, is_configured,
           sum(amount) AS amount
    FROM sensitivity_totals WHERE campaign_id IS NOT NULL
    GROUP BY campaign_id, channel, quarter, model, lookback_days, half_life_days, is_configured
    UNION ALL
    SELECT 'channel', NULL, channel, quarter, model, lookback_days, half_life_days, is_configured, sum(amount)
    FROM sensitivity_totals
    GROUP BY channel, quarter, model, lookback_days, half_life_days, is_configured
)
SELECT
    level, campaign_id, channel, quarter_name(quarter) AS fiscal_quarter, model, lookback_days, half_life_days, is_configured,
    amount, amount - sum(CASE WHEN is_configured THEN amount ELSE 0 END) OVER of_line AS delta
FROM sums
WINDOW of_line AS (PARTITION BY level, campaign_id, channel, quarter, model)
ORDER BY level, quarter, model, lookback_days, half_life_days, campaign_id, channel
