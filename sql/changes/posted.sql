-- posted: deal × line × what it has of the deal in either run; a touch is a row, and so is what is left to a residual.
-- In: before.credited, after.credited (touch_credits under the model), before.deals, after.deals (journeys under it).
SELECT deal_id, close_quarter AS fiscal_quarter, campaign_id, channel, NULL AS residual, amount AS before, 0 AS after
FROM before.credited
UNION ALL
SELECT deal_id, close_quarter, campaign_id, channel, NULL, 0, amount
FROM after.credited
UNION ALL
SELECT deal_id, close_quarter, NULL, NULL, residual, left, 0
FROM before.deals
WHERE residual IS NOT NULL
UNION ALL
SELECT deal_id, close_quarter, NULL, NULL, residual, 0, left
FROM after.deals
WHERE residual IS NOT NULL
