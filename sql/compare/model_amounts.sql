-- model_amounts: campaign or channel × model over the chosen quarters, what `compare` shows.
-- In: model_comparison (mart), $basis, $quarter (null means all).
SELECT
    level, coalesce(campaign_id, channel) AS id, channel, model,
    sum(amount) AS amount, sum(spend) AS spend, bool_or(can_credit) AS can_credit
FROM model_comparison
WHERE basis = $basis AND coalesce(fiscal_quarter = $quarter, true)
GROUP BY level, coalesce(campaign_id, channel), channel, model
ORDER BY level, id, model
