-- model_intervals: campaign or channel × model with the 95 % intervals over the chosen quarters.
-- In: model_decision (mart), $basis, $quarter (null means all).
SELECT
    level, coalesce(campaign_id, channel) AS id, channel, model, amount_low, amount_high, roi_low, roi_high, verdict
FROM model_decision
WHERE basis = $basis AND (fiscal_quarter = $quarter OR (fiscal_quarter IS NULL AND $quarter IS NULL))
ORDER BY level, id, model
