-- campaign_roi: line × fiscal quarter × model × basis. Over all lines, amount sums to booked revenue.
-- In: campaign_lines (roi of campaigns).
SELECT * EXCLUDE (quarter, default_amount, least_amount, greatest_amount, rank, can_credit)
FROM campaign_lines
WHERE quarter IS NOT NULL
ORDER BY basis, model, quarter, line, campaign_id, channel, residual
