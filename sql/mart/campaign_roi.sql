-- campaign_roi: line × fiscal quarter × model × basis. Over all lines, amount sums to booked revenue.
-- In: campaign_lines (roi of campaigns).
SELECT * EXCLUDE (quarter)
FROM campaign_lines
ORDER BY basis, model, quarter, line, campaign_id, channel, residual
