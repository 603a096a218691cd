-- model_decision: campaign or channel × fiscal quarter (null: all quarters) × basis × model, with the verdict that the
-- interval of roi allows.
-- In: level_lines (roi of campaigns, then of channels), $has_intervals, $hurdle.
-- What gives nothing has no interval: under every draw it gives nothing.
SELECT
    line AS level, campaign_id, channel, fiscal_quarter, basis, model, amount, amount_se, amount_low, amount_high, accounts,
    spend, roi, roi_se, roi_low, roi_high, can_credit,
    CASE
        WHEN spend <= 0 OR NOT can_credit OR NOT $has_intervals THEN NULL
        WHEN coalesce(roi_low, roi) >= $hurdle THEN 'fund'
        WHEN coalesce(roi_high, roi) < $hurdle THEN 'cut'
        ELSE 'too_close'
    END AS verdict
FROM level_lines
WHERE line IN ('campaign', 'channel')
ORDER BY basis, model, quarter, line, campaign_id, channel
